module

public import LeanBound.Strategies.Tables.Meaning
public import LeanBound.Numerics.SumLemmas

/-! # The tables of scores and logits are those of the model -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem both_eq_true {a b : Bool} : both a b = true ↔ a = true ∧ b = true := by cases a <;> simp [both]

theorem allBelow_eq_true {f : Nat → Bool} {n : Nat} : allBelow f n = true ↔ ∀ i, i < n → f i = true := by
  induction n with
  | zero => exact ⟨fun _ i hi => absurd hi (by omega), fun _ => rfl⟩
  | succ n ih =>
    show both (f n) (allBelow f n) = true ↔ _
    rw [both_eq_true, ih]
    constructor
    · intro ⟨h1, h2⟩ i hi
      rcases Nat.lt_or_ge i n with h | h
      · exact h2 i h
      · rwa [show i = n by omega]
    · exact fun h => ⟨h n (by omega), fun i hi => h i (by omega)⟩

theorem eq_of_eqInt {a b : Int} (h : eqInt a b = true) : a = b := by
  cases a <;> cases b <;> simp_all [eqInt]

theorem rowsAre_sound {rows : List Int} {f : Nat → Int} {n : Nat} (h : rowsAre rows f n = true) :
    rows.length = n ∧ ∀ i, i < n → rows.getD i 0 = f i := by
  simp only [rowsAre, both_eq_true, allBelow_eq_true, Nat.beq_eq] at h
  exact ⟨h.1, fun i hi => by rw [← nthInt_eq]; exact eq_of_eqInt (h.2 i hi)⟩

/-- A linear combination of packed rows is the packed row of the linear combinations. -/
theorem dot_packed {w n d : Nat} {rows : List Int} {g : Nat → Nat → Int} (hl : rows.length = d)
    (hr : ∀ c, c < d → rows.getD c 0 = packInt w (g c) n) (f : Nat → Int) :
    dot f rows 0 = packInt w (fun j => sum d fun c => f c * g c j) n := by
  rw [dot_eq, hl, packInt_sum]
  refine sum_congr fun c hc => ?_
  rw [hr c hc, ← packInt_mul, Nat.zero_add]

theorem Tensor.natAbs_int_le (T : Tensor) (i j : Nat) : (T.int i j).natAbs ≤ T.bound := by
  show (T.int i j).natAbs ≤ 2 ^ (T.width - 1)
  have h := Nat.mod_lt ((T.rows.getD i 0) / 2 ^ (T.width * j)) (Nat.two_pow_pos T.width)
  have h2 : 2 ^ T.width ≤ 2 * 2 ^ (T.width - 1) := by
    rw [← Nat.pow_succ']; exact Nat.pow_le_pow_right (by omega) (by omega)
  have hp := Nat.two_pow_pos (T.width - 1)
  rw [Tensor.int]; omega

/-- `sum_mul_bound` with the factors in the checker's order. -/
theorem sum_mul_bound' {n A B : Nat} {f g : Nat → Int} (hf : ∀ c, c < n → (f c).natAbs ≤ A)
    (hg : ∀ c, c < n → (g c).natAbs ≤ B) : (sum n fun c => f c * g c).natAbs ≤ n * (A * B) := by
  rw [← Nat.mul_assoc]; exact sum_mul_bound hf hg

section

variable {M : AttentionOnly} {H : Head} {C : Tables}

open AttentionOnly

/-- What `checkProducts` establishes. -/
structure Products (M : AttentionOnly) (H : Head) (C : Tables) : Prop where
  u_len : C.uRows.length = M.d_model
  u : ∀ c, c < M.d_model → C.uRows.getD c 0 = packInt C.w (fun o => M.W_U.int c o) M.d_vocab
  wo_len : C.woRows.length = H.d_head
  wo : ∀ j, j < H.d_head → C.woRows.getD j 0 = packInt C.w (fun o => M.woU H j o) M.d_vocab
  v_len : C.vRows.length = M.d_model
  v : ∀ c, c < M.d_model → C.vRows.getD c 0 = packInt C.w (fun o => M.vU H c o) M.d_vocab
  g_len : C.gRows.length = M.d_model
  g : ∀ c, c < M.d_model → C.gRows.getD c 0 =
    packInt C.w (fun j => if M.d_vocab ≤ j then M.gP H (j - M.d_vocab) c else M.gE H j c) (M.d_vocab + M.n_ctx)
  b : C.bRow = packInt C.w (fun j => if M.d_vocab ≤ j then M.bP H (j - M.d_vocab) else M.bE H j) (M.d_vocab + M.n_ctx)

theorem products_sound (h : checkProducts M H C = true) : Products M H C := by
  simp only [checkProducts, both_eq_true] at h
  obtain ⟨hu, hwo, hv, hxt, hk, hg, hb⟩ := h
  obtain ⟨u_len, u⟩ := rowsAre_sound hu
  obtain ⟨wo_len, wo⟩ := rowsAre_sound hwo
  obtain ⟨v_len, v⟩ := rowsAre_sound hv
  obtain ⟨xt_len, xt⟩ := rowsAre_sound hxt
  obtain ⟨k_len, k⟩ := rowsAre_sound hk
  obtain ⟨g_len, g⟩ := rowsAre_sound hg
  have hb := eq_of_eqInt hb
  simp only [Tensor.get_eq] at u wo v xt k g hb
  have wo' : ∀ j, j < H.d_head → C.woRows.getD j 0 = packInt C.w (fun o => M.woU H j o) M.d_vocab := fun j hj => by
    rw [wo j hj, dot_packed u_len u]; rfl
  have v' : ∀ c, c < M.d_model → C.vRows.getD c 0 = packInt C.w (fun o => M.vU H c o) M.d_vocab := fun c hc => by
    rw [v c hc, dot_packed wo_len wo']; rfl
  have xt' : ∀ c, c < M.d_model → C.xtRows.getD c 0 =
      packInt C.w (fun j => if M.d_vocab ≤ j then M.W_pos.int (j - M.d_vocab) c else M.W_E.int j c)
        (M.d_vocab + M.n_ctx) := fun c hc => by
    rw [xt c hc]
    refine packInt_congr fun j _ => ?_
    by_cases hj : M.d_vocab ≤ j
    · simp [hj, Nat.ble_eq_true_of_le hj]
    · have : Nat.ble M.d_vocab j = false := by
        rw [Bool.eq_false_iff]; exact fun h => hj (Nat.le_of_ble_eq_true h)
      simp [hj, this]
  have k' : ∀ b, b < H.d_head → C.kRows.getD b 0 =
      packInt C.w (fun j => if M.d_vocab ≤ j then M.kP H (j - M.d_vocab) b else M.kE H j b)
        (M.d_vocab + M.n_ctx) := fun b hb => by
    rw [k b hb, dot_packed xt_len xt']
    show _ + H.b_K.int 0 b * packInt C.w _ (M.d_vocab + M.n_ctx) = _
    rw [← packInt_mul, ← packInt_add]
    refine packInt_congr fun j _ => ?_
    by_cases hj : M.d_vocab ≤ j
    · simp only [hj, if_true, Nat.ble_eq_true_of_le hj, cond_true, kP, Int.mul_one]
      congr 1
      exact sum_congr fun c _ => Int.mul_comm ..
    · have : Nat.ble M.d_vocab j = false := by
        rw [Bool.eq_false_iff]; exact fun h => hj (Nat.le_of_ble_eq_true h)
      simp only [hj, if_false, this, cond_false, kE, Int.mul_zero, Int.add_zero]
      exact sum_congr fun c _ => Int.mul_comm ..
  refine ⟨u_len, u, wo_len, wo', v_len, v', g_len, fun c hc => ?_, ?_⟩
  · rw [g c hc, dot_packed k_len k']
    refine packInt_congr fun j _ => ?_
    by_cases hj : M.d_vocab ≤ j <;> simp only [hj, if_true, if_false, gP, gE]
  · rw [hb, dot_packed k_len k']
    refine packInt_congr fun j _ => ?_
    by_cases hj : M.d_vocab ≤ j <;> simp only [hj, if_true, if_false, bP, bE]

/-- A row of logits that the checker has accepted: lanes are the entries plus the offset, and below `2 ^ r`. -/
theorem logitRowsAre_sound {V n : Nat} {rows : List Nat} {f : Nat → Int} {g : Nat → Nat → Int} {B : Nat}
    (h : logitRowsAre C V rows f n = true) (hf : ∀ i, i < n → f i = packInt C.w (g i) V)
    (hg : ∀ i o, i < n → o < V → (g i o).natAbs ≤ B) (hB : B + C.offset + 2 ^ C.r + 1 ≤ 2 ^ C.w) :
    ∀ i, i < n → (nth rows i < 2 ^ (C.w * V) ∧ ∀ o, o < V → lane C.w (nth rows i) o < 2 ^ C.r) ∧
      ∀ o, o < V → ((lane C.w (nth rows i) o : Nat) : Int) = g i o + (C.offset : Int) := by
  intro i hi
  have h := allBelow_eq_true.1 h i hi
  rw [both_eq_true, both_eq_true, allBelow_eq_true] at h
  obtain ⟨h1, h2, h3⟩ := h
  have h1 := eq_of_eqInt h1
  have h2 : nth rows i < 2 ^ (C.w * V) := Nat.le_of_ble_eq_true h2
  have h3 : ∀ o, o < V → lane C.w (nth rows i) o < 2 ^ C.r := fun o ho => Nat.le_of_ble_eq_true (h3 o ho)
  refine ⟨⟨h2, h3⟩, ?_⟩
  have h4 : packInt C.w (fun o => ((lane C.w (nth rows i) o : Nat) : Int)) V =
      packInt C.w (fun o => g i o + (C.offset : Int)) V := by
    rw [packInt_ofNat, pack_lane h2, packInt_add, packInt_const, ← hf i hi]
    exact h1.trans (by simp [Int.natCast_mul])
  refine packInt_inj h4 fun o ho => ?_
  have := h3 o ho
  have := hg i o hi ho
  omega

end

end

end LeanBound
