module

public import LeanBound.Strategies.Tables.LogitsSound

/-! # Bounds of scores and logits by the bit widths of the weights -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

/-- What `checkWidths` establishes. -/
structure Widths (M : AttentionOnly) (H : Head) (C : Tables) : Prop where
  w_pos : 0 < C.w
  sE : ∀ a t, (M.sE H a t).natAbs + 1 ≤ C.half
  sP : ∀ a i, (M.sP H a i).natAbs + 1 ≤ C.half
  oE : ∃ B, (∀ t o, (M.oE H t o).natAbs ≤ B) ∧ B + C.offset + 2 ^ C.r + 1 ≤ 2 ^ C.w
  oP : ∃ B, (∀ i o, (M.oP H i o).natAbs ≤ B) ∧ B + C.offset + 2 ^ C.r + 1 ≤ 2 ^ C.w
  dir : ∃ B, (∀ a o, (M.dir H a o).natAbs ≤ B) ∧ B + C.offset + 2 ^ C.r + 1 ≤ 2 ^ C.w

variable {M : AttentionOnly} {H : Head} {C : Tables}

theorem natAbs_add_le {a b : Int} {A B : Nat} (ha : a.natAbs ≤ A) (hb : b.natAbs ≤ B) : (a + b).natAbs ≤ A + B := by omega

theorem widths_sound (h : checkWidths M H C = true) : Widths M H C := by
  simp only [checkWidths, both_eq_true] at h
  obtain ⟨hw, hs, ho, hd⟩ := h
  have hs := Nat.le_of_ble_eq_true hs
  have ho := Nat.le_of_ble_eq_true ho
  have hd := Nat.le_of_ble_eq_true hd
  simp only [Nat.add_eq, Nat.mul_eq, Nat.pow_eq] at hs ho hd
  have hE : ∀ t c, (M.W_E.int t c).natAbs ≤ M.W_E.bound + M.W_pos.bound := fun t c =>
    Nat.le_trans (M.W_E.natAbs_int_le t c) (Nat.le_add_right ..)
  have hP : ∀ t c, (M.W_pos.int t c).natAbs ≤ M.W_E.bound + M.W_pos.bound := fun t c =>
    Nat.le_trans (M.W_pos.natAbs_int_le t c) (Nat.le_add_left ..)
  have he : ∀ a i c, (M.eInt a i c).natAbs ≤ M.W_E.bound + M.W_pos.bound := fun a i c =>
    natAbs_add_le (M.W_E.natAbs_int_le a c) (M.W_pos.natAbs_int_le i c)
  have hkE : ∀ t j, (M.kE H t j).natAbs ≤ M.d_model * ((M.W_E.bound + M.W_pos.bound) * H.W_K.bound) + H.b_K.bound :=
    fun t j => Nat.le_trans (sum_mul_bound' (fun c _ => hE t c) (fun c _ => H.W_K.natAbs_int_le c j)) (Nat.le_add_right ..)
  have hkP : ∀ i j, (M.kP H i j).natAbs ≤ M.d_model * ((M.W_E.bound + M.W_pos.bound) * H.W_K.bound) + H.b_K.bound :=
    fun i j => natAbs_add_le (sum_mul_bound' (fun c _ => hP i c) (fun c _ => H.W_K.natAbs_int_le c j)) (H.b_K.natAbs_int_le 0 j)
  have hgE : ∀ t c, (M.gE H t c).natAbs ≤ _ := fun t c =>
    sum_mul_bound' (fun j _ => H.W_Q.natAbs_int_le c j) (fun j _ => hkE t j)
  have hgP : ∀ i c, (M.gP H i c).natAbs ≤ _ := fun i c =>
    sum_mul_bound' (fun j _ => H.W_Q.natAbs_int_le c j) (fun j _ => hkP i j)
  have hbE : ∀ t, (M.bE H t).natAbs ≤ _ := fun t =>
    sum_mul_bound' (fun j _ => H.b_Q.natAbs_int_le 0 j) (fun j _ => hkE t j)
  have hbP : ∀ i, (M.bP H i).natAbs ≤ _ := fun i =>
    sum_mul_bound' (fun j _ => H.b_Q.natAbs_int_le 0 j) (fun j _ => hkP i j)
  have hwo : ∀ j o, (M.woU H j o).natAbs ≤ _ := fun j o =>
    sum_mul_bound' (fun c _ => H.W_O.natAbs_int_le j c) (fun c _ => M.W_U.natAbs_int_le c o)
  have hv : ∀ c o, (M.vU H c o).natAbs ≤ _ := fun c o =>
    sum_mul_bound' (fun j _ => H.W_V.natAbs_int_le c j) (fun j _ => hwo j o)
  refine ⟨Nat.le_of_ble_eq_true hw, fun a t => ?_, fun a i => ?_, ⟨_, fun t o => ?_, ho⟩, ⟨_, fun i o => ?_, ho⟩,
    ⟨_, fun a o => ?_, hd⟩⟩
  · exact Nat.le_trans (Nat.add_le_add_right
      (natAbs_add_le (sum_mul_bound' (fun c _ => he a (M.n_ctx - 1) c) (fun c _ => hgE t c)) (hbE t)) 1) hs
  · exact Nat.le_trans (Nat.add_le_add_right
      (natAbs_add_le (sum_mul_bound' (fun c _ => he a (M.n_ctx - 1) c) (fun c _ => hgP i c)) (hbP i)) 1) hs
  · exact Nat.le_trans (sum_mul_bound' (fun c _ => hE t c) (fun c _ => hv c o)) (Nat.le_add_right ..)
  · exact natAbs_add_le (sum_mul_bound' (fun c _ => hP i c) (fun c _ => hv c o))
      (sum_mul_bound' (fun j _ => H.b_V.natAbs_int_le 0 j) (fun j _ => hwo j o))
  · rw [AttentionOnly.dir, Int.add_assoc]
    refine natAbs_add_le ?_ (natAbs_add_le
      (sum_mul_bound' (fun c _ => M.b_O.natAbs_int_le 0 c) (fun c _ => M.W_U.natAbs_int_le c o)) (M.b_U.natAbs_int_le 0 o))
    rw [Int.natAbs_mul, Int.natAbs_pow]
    exact Nat.mul_le_mul_left _ (sum_mul_bound' (fun c _ => he a (M.n_ctx - 1) c) (fun c _ => M.W_U.natAbs_int_le c o))

/-- What `checkRows` establishes of logits. -/
theorem logits_sound (hp : Products M H C) (hw : Widths M H C) (h : checkRows M H C = true) :
    (∀ a, a < M.d_vocab → nth C.D a < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (nth C.D a) o < 2 ^ C.r) ∧
    (∀ i, i < M.n_ctx → nth C.OP i < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (nth C.OP i) o < 2 ^ C.r) ∧
    (∀ t, t < M.d_vocab → nth C.OE t < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (nth C.OE t) o < 2 ^ C.r) ∧
    ∀ a i t o, a < M.d_vocab → i < M.n_ctx → t < M.d_vocab → o < M.d_vocab →
      ((lane C.w (nth C.D a) o + lane C.w (nth C.OP i) o + lane C.w (nth C.OE t) o : Nat) : Int) =
        M.cInt H a t i o + 3 * (C.offset : Int) := by
  simp only [checkRows, both_eq_true, Tensor.get_eq] at h
  obtain ⟨_, hOE, hOP, hD⟩ := h
  obtain ⟨BE, hBE, hBE'⟩ := hw.oE
  obtain ⟨BP, hBP, hBP'⟩ := hw.oP
  obtain ⟨BD, hBD, hBD'⟩ := hw.dir
  have rE := logitRowsAre_sound hOE (g := fun t o => M.oE H t o) (fun t _ => by rw [dot_packed hp.v_len hp.v]; rfl)
    (fun t o _ _ => hBE t o) hBE'
  have rP := logitRowsAre_sound hOP (g := fun i o => M.oP H i o) (fun i _ => by
    rw [dot_packed hp.v_len hp.v, dot_packed hp.wo_len hp.wo]
    exact (packInt_add ..).symm) (fun t o _ _ => hBP t o) hBP'
  have rD := logitRowsAre_sound hD (g := fun a o => M.dir H a o) (fun a _ => by
    rw [dot_packed hp.u_len hp.u, dot_packed hp.u_len hp.u]
    show ((2 ^ (H.W_V.frac + H.W_O.frac) : Nat) : Int) * _ + (_ + _) = _
    rw [← packInt_mul, ← packInt_add, ← packInt_add]
    refine packInt_congr fun o _ => ?_
    show _ = M.dir H a o
    rw [AttentionOnly.dir, Int.add_assoc, Int.natCast_pow]
    rfl) (fun t o _ _ => hBD t o) hBD'
  refine ⟨fun a ha => (rD a ha).1, fun i hi => (rP i hi).1, fun t ht => (rE t ht).1, fun a i t o ha hi ht ho => ?_⟩
  have h1 := (rD a ha).2 o ho
  have h2 := (rP i hi).2 o ho
  have h3 := (rE t ht).2 o ho
  rw [cInt_decomp]
  dsimp only at h1 h2 h3
  omega

/-- What `checkRows` establishes of scores: lanes hold the scores, with `half` added. -/
theorem scores_sound (hp : Products M H C) (hw : Widths M H C) (h : checkRows M H C = true) (a : Nat) (ha : a < M.d_vocab) :
    (∀ t, t < M.d_vocab →
      ((lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : Int) = M.sE H a t + (C.half : Int)) ∧
    ∀ i, i < M.n_ctx →
      ((lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : Int) = M.sP H a i + (C.half : Int) := by
  simp only [checkRows, both_eq_true, Tensor.get_eq] at h
  have hs := (rowsAre_sound h.1).2 a ha
  let f (j : Nat) : Int := if M.d_vocab ≤ j then M.sP H a (j - M.d_vocab) else M.sE H a j
  have hf : ∀ j, (f j).natAbs + 1 ≤ C.half := by
    intro j
    by_cases hj : M.d_vocab ≤ j
    · simp only [f, hj, if_true]; exact hw.sP a _
    · simp only [f, hj, if_false]; exact hw.sE a j
  have hrow : C.sRows.getD a 0 = packInt C.w f (M.d_vocab + M.n_ctx) := by
    rw [hs, hp.b, dot_packed hp.g_len hp.g]
    show packInt C.w _ (M.d_vocab + M.n_ctx) + packInt C.w _ (M.d_vocab + M.n_ctx) = _
    rw [← packInt_add]
    refine packInt_congr fun j _ => ?_
    by_cases hj : M.d_vocab ≤ j
    · simp only [f, hj, if_true]; rfl
    · simp only [f, hj, if_false]; rfl
  have hsc : C.scores (M.d_vocab + M.n_ctx) a = pack C.w (fun j => (f j + (C.half : Int)).toNat) (M.d_vocab + M.n_ctx) := by
    have : nthInt C.sRows a + ((C.half * ones C.w (M.d_vocab + M.n_ctx) : Nat) : Int) =
        ((pack C.w (fun j => (f j + (C.half : Int)).toNat) (M.d_vocab + M.n_ctx) : Nat) : Int) := by
      rw [nthInt_eq, hrow, Int.natCast_mul, ← packInt_const, ← packInt_add, ← packInt_ofNat]
      refine packInt_congr fun j _ => ?_
      have := hf j
      omega
    show (nthInt C.sRows a + ((C.half * ones C.w (M.d_vocab + M.n_ctx) : Nat) : Int)).toNat = _
    rw [this]; rfl
  have hlt : ∀ j, j < M.d_vocab + M.n_ctx → (f j + (C.half : Int)).toNat < 2 ^ C.w := by
    intro j _
    have h1 := hf j
    have h2 : 2 ^ C.w = C.half * 2 := by
      show _ = 2 ^ (C.w - 1) * 2
      rw [← Nat.pow_succ]; congr 1; have := hw.w_pos; omega
    omega
  refine ⟨fun t ht => ?_, fun i hi => ?_⟩
  · rw [hsc, lane_pack hlt (by omega)]
    have h1 := hf t
    have h2 : f t = M.sE H a t := if_neg (by omega)
    omega
  · rw [hsc, lane_pack hlt (by omega)]
    have h1 := hf (M.d_vocab + i)
    have h2 : f (M.d_vocab + i) = M.sP H a i := by
      simp [f]
    omega

end

end LeanBound
