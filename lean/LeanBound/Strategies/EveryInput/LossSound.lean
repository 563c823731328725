module

public import LeanBound.Models.AttentionOnlyMean
public import LeanBound.Strategies.EveryInput.Loss
public import LeanBound.Strategies.EveryInput.Soundness
public import LeanBound.Strategies.LossSound

/-! # The loss of an attention-only model on every input: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-! ## Blocks of lanes -/

/-- Blocks of lanes are lanes of one number; what is summed over the lanes is summed over the sequences. -/
theorem inputPack_lanes {L V : Nat} (n : Nat) {u : List Nat → Nat → Nat}
    (hu : ∀ x ∈ sequences V n, ∀ o, o < V → u x o < 2 ^ L) :
    ∃ g : Nat → Nat, inputPack (L * V) V n (fun x => pack L (u x) V) = pack L g (V ^ n * V) ∧
      (∀ j, j < V ^ n * V → g j < 2 ^ L) ∧
      ∀ φ : Nat → Nat, (natSum (V ^ n * V) fun j => φ (g j)) = listSum (sequences V n) fun x => natSum V fun o => φ (u x o) := by
  induction n generalizing u with
  | zero =>
    refine ⟨u [], ?_, fun j hj => ?_, fun φ => ?_⟩
    · rw [Nat.pow_zero, Nat.one_mul]; rfl
    · rw [Nat.pow_zero, Nat.one_mul] at hj
      exact hu [] (List.mem_singleton.2 rfl) j hj
    · rw [Nat.pow_zero, Nat.one_mul]; rfl
  | succ n ih =>
    have block : ∀ t, ∃ g : Nat → Nat, t < V →
        inputPack (L * V) V n (fun x => pack L (u (t :: x)) V) = pack L g (V ^ n * V) ∧
        (∀ j, j < V ^ n * V → g j < 2 ^ L) ∧
        ∀ φ : Nat → Nat, (natSum (V ^ n * V) fun j => φ (g j)) =
          listSum (sequences V n) fun x => natSum V fun o => φ (u (t :: x) o) := fun t => by
      by_cases ht : t < V
      · obtain ⟨g, hg⟩ := ih (u := fun x => u (t :: x)) fun x hx => hu (t :: x) (by
          rw [mem_sequences] at hx ⊢
          exact ⟨by rw [List.length_cons, hx.1], fun s hs => by
            rcases List.mem_cons.1 hs with rfl | hs
            · exact ht
            · exact hx.2 s hs⟩)
        exact ⟨g, fun _ => hg⟩
      · exact ⟨fun _ => 0, fun h => absurd h ht⟩
    obtain ⟨G, hG⟩ := Classical.skolem.1 block
    have hB : V ^ (n + 1) * V = V * (V ^ n * V) := by rw [Nat.pow_succ]; grind
    have hw : Nat.mul (L * V) (Nat.pow V n) = L * (V ^ n * V) := by
      show L * V * V ^ n = _
      grind
    rw [hB]
    refine ⟨fun j => G (j / (V ^ n * V)) (j % (V ^ n * V)), ?_, fun j hj => ?_, fun φ => ?_⟩
    · rw [← pack_pack]
      show pack (Nat.mul (L * V) (Nat.pow V n)) (fun t => inputPack (L * V) V n fun x => pack L (u (t :: x)) V) V = _
      rw [hw]
      exact pack_congr fun t ht => (hG t ht).1
    · have hpos : 0 < V ^ n * V := Nat.pos_of_ne_zero fun h => by rw [h, Nat.mul_zero] at hj; omega
      exact (hG _ ((Nat.div_lt_iff_lt_mul hpos).2 hj)).2.1 _ (Nat.mod_lt _ hpos)
    · rw [natSum_grid]
      simp only [sequences, listSum_flatMap, listSum_map, ← natSum_eq]
      refine natSum_congr fun t ht => ?_
      rw [← (hG t ht).2.2 φ]
      refine natSum_congr fun j hj => ?_
      rw [show t * (V ^ n * V) + j = j + V ^ n * V * t by rw [Nat.mul_comm, Nat.add_comm],
        Nat.add_mul_div_left _ _ (by omega), Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt hj, Nat.div_eq_of_lt hj, Nat.zero_add]

/-! ## One input -/

/-- What `checkInputPlan` establishes. -/
structure InputPlanChecked (c : LossPlan) (V K L k : Nat) : Prop where
  exps : expCheck c.P k c.squarings c.consts.length c.consts c.err = true
  consts : ∀ x, x ∈ c.consts → x ≤ 2 ^ c.P
  width : 2 * c.P + 1 ≤ L
  bits : c.consts.length ≤ L
  room : V ^ (K - 1) * V * 2 ^ c.P + 2 ≤ 2 ^ L

theorem inputPlanChecked {c : LossPlan} {V K L k : Nat} (h : checkInputPlan V K c L k = true) :
    InputPlanChecked c V K L k := by
  simp only [checkInputPlan, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5⟩ := h
  exact ⟨h1, allAtMost_sound h2, Nat.le_of_ble_eq_true h3, Nat.le_of_ble_eq_true h4, Nat.le_of_ble_eq_true h5⟩

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C)

include hv

/-- A lane of the sum of the rows of an input. -/
theorem lane_inputRow {x : List Nat} (hx : x ∈ sequences M.d_vocab M.n_ctx) {o : Nat} (ho : o < M.d_vocab) :
    lane C.w (inputRow C M.n_ctx x) o = natSum M.n_ctx fun i => rowEntry C (x.getD (M.n_ctx - 1) 0) i (x.getD i 0) o := by
  have hn := hv.n_ctx_pos
  have ht : ∀ i, i < M.n_ctx → nth x i < M.d_vocab := fun i hi => by rw [nth_eq]; exact getD_lt hx hi
  have hrow : inputRow C M.n_ctx x = pack C.w (fun o => natSum M.n_ctx fun i =>
      rowEntry C (nth x (M.n_ctx - 1)) i (nth x i) o) M.d_vocab := by
    rw [pack_natSum]
    exact natSum_congr fun i hi => row_eq_pack hv (ht (M.n_ctx - 1) (by omega)) hi (ht i hi)
  have hroom := hv.room_le
  have hs := C.slack_pos M.n_ctx
  have hw := hv.two_pow_w
  rw [hrow, lane_pack (fun o ho => ?_) ho]
  · simp only [nth_eq]
  · have := natSum_le_mul (n := M.n_ctx) (c := C.top) (f := fun i => rowEntry C (nth x (M.n_ctx - 1)) i (nth x i) o) fun i hi =>
      Nat.le_of_lt (rowEntry_lt_top hv (ht _ (by omega)) hi (ht i hi) ho)
    omega

/-- Leads that fit are lower bounds of how far the logit of `y` leads, with the shift. -/
theorem leadAtLeast_le {x : List Nat} (hx : x ∈ sequences M.d_vocab M.n_ctx) {c : LossPlan} {m y o : Nat}
    (hy : y < M.d_vocab) (ho : o < M.d_vocab) (h : leadFits C M.n_ctx c x m y o = true) (F : Type) [ExpField F] :
    (leadAtLeast C M.n_ctx x m y o : F) / 2 ^ M.b_U.frac ≤
      (M.logit x y : F) + (m : F) / 2 ^ M.b_U.frac - M.logit x o := by
  have hn := hv.n_ctx_pos
  have hk := two_pow_pos (F := F) M.b_U.frac
  have hk' := two_pow_ne (F := F) M.b_U.frac
  by_cases hne : o = y
  · subst hne
    have e : leadAtLeast C M.n_ctx x m o o = m := by
      show cond (Nat.beq o o) m _ = m
      rw [Nat.beq_refl, cond_true]
    rw [e]
    grind
  have hb : Nat.beq o y = false := by rw [Bool.eq_false_iff]; exact fun e => hne (Nat.eq_of_beq_eq_true e)
  have hfit : behind C M.n_ctx x o ≤ ahead C M.n_ctx x m y := by
    have := (both_eq_true.1 h).1
    rw [hb, cond_false] at this
    exact Nat.le_of_ble_eq_true this
  have hu : leadAtLeast C M.n_ctx x m y o =
      (ahead C M.n_ctx x m y - behind C M.n_ctx x o) / (weightSum C M.n_ctx x + M.n_ctx * C.weightErr) := by
    show cond (Nat.beq o y) m _ = _
    rw [hb, cond_false]
    rfl
  have ha : x.getD (M.n_ctx - 1) 0 < M.d_vocab := getD_lt hx (by omega)
  obtain ⟨s, hs, hW⟩ := hv.weights F _ ha
  -- The weights of the model, times `s`, and their sum.
  let W (i : Nat) : F := s * exp ((M.sInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i : F) / 2 ^ AttentionOnly.sFrac M H)
  have hWi := fun i (hi : i < M.n_ctx) => hW i _ hi (getD_lt hx hi)
  have hsum1 : (weightSum C M.n_ctx x : F) ≤ sum M.n_ctx W := by
    have e : weightSum C M.n_ctx x =
        natSum M.n_ctx fun i => weight C (x.getD (M.n_ctx - 1) 0) i (x.getD i 0) := by
      show natSum M.n_ctx (fun i => weight C (nth x (M.n_ctx - 1)) i (nth x i)) = _
      simp only [nth_eq]
    rw [e, natCast_natSum]
    exact sum_le_sum fun i hi => (hWi i hi).1
  have hsum2 : sum M.n_ctx W ≤ ((weightSum C M.n_ctx x + M.n_ctx * C.weightErr : Nat) : F) := by
    have e : weightSum C M.n_ctx x =
        natSum M.n_ctx fun i => weight C (x.getD (M.n_ctx - 1) 0) i (x.getD i 0) := by
      show natSum M.n_ctx (fun i => weight C (nth x (M.n_ctx - 1)) i (nth x i)) = _
      simp only [nth_eq]
    have := sum_le_sum (R := F) (n := M.n_ctx) fun i hi => (hWi i hi).2
    rw [sum_add, sum_const] at this
    rw [natCast_add, natCast_mul, e, natCast_natSum]
    exact this
  have hS : 0 < sum M.n_ctx W := sum_pos hn fun i _ => mul_pos hs (exp_pos _)
  -- The lead, times the sum.
  have hlead : sum M.n_ctx W * (((M.logit x y : F) - M.logit x o) * 2 ^ M.b_U.frac) = sum M.n_ctx fun i => W i *
      ((M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i y - M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i o : Int) : F) := by
    have hZ := AttentionOnly.sum_exp_pos (F := F) (H := H) hn x
    have eW : sum M.n_ctx W = s * sum M.n_ctx fun i => (exp (AttentionOnly.score M H x i) : F) := by
      rw [← sum_mul_left]
      exact sum_congr fun i _ => by rw [AttentionOnly.score_eq hv.aligned]
    rw [eW, AttentionOnly.logit_sub hv.heads hv.aligned hn, ← sum_mul_left]
    refine sum_congr fun i _ => ?_
    simp only [W, AttentionOnly.pattern]
    rw [← AttentionOnly.score_eq hv.aligned]
    generalize (sum M.n_ctx fun i => (exp (AttentionOnly.score M H x i) : F)) = Z at *
    have : Z ≠ 0 := by grind
    grind
  have hterms := sum_le_sum (R := F) (n := M.n_ctx) fun i hi =>
    rowEntry_sub_le hv ha hi (getD_lt hx hi) ho hy (hWi i hi).1 (hWi i hi).2
  rw [sum_sub, sum_sub, sum_const, ← natCast_natSum, ← natCast_natSum] at hterms
  have hterms : _ ≤ sum M.n_ctx W * (((M.logit x y : F) - M.logit x o) * 2 ^ M.b_U.frac) := hlead ▸ hterms
  -- The rounded lead, times the sum.
  have hfloor := natCast_le (F := F) (Nat.div_mul_le_self (ahead C M.n_ctx x m y - behind C M.n_ctx x o)
    (weightSum C M.n_ctx x + M.n_ctx * C.weightErr))
  rw [← hu, natCast_mul, natCast_sub hfit] at hfloor
  have eA : ((ahead C M.n_ctx x m y : Nat) : F) =
      ((natSum M.n_ctx fun i => rowEntry C (x.getD (M.n_ctx - 1) 0) i (x.getD i 0) y : Nat) : F) +
        (m : F) * (weightSum C M.n_ctx x : F) := by
    rw [← lane_inputRow hv hx hy, ← natCast_mul, ← natCast_add]; rfl
  have eB : ((behind C M.n_ctx x o : Nat) : F) =
      ((natSum M.n_ctx fun i => rowEntry C (x.getD (M.n_ctx - 1) 0) i (x.getD i 0) o : Nat) : F) +
        ((M.n_ctx : F) * ((C.weightErr * 2 ^ (C.r + 2) : Nat) : F) + 1) := by
    rw [← lane_inputRow hv hx ho, ← natCast_mul, ← natCast_one, ← natCast_add, ← natCast_add]; rfl
  rw [eA, eB] at hfloor
  have m1 := mul_le_mul_left hsum1 (natCast_nonneg (F := F) m)
  have m2 := mul_le_mul_left hsum2 (natCast_nonneg (F := F) (leadAtLeast C M.n_ctx x m y o))
  have key : (leadAtLeast C M.n_ctx x m y o : F) ≤ ((M.logit x y : F) - M.logit x o) * 2 ^ M.b_U.frac + m := by
    refine le_of_mul_le_mul_right (c := sum M.n_ctx W) ?_ hS
    grind
  have e2 : (M.logit x y : F) + (m : F) / 2 ^ M.b_U.frac - M.logit x o =
      (((M.logit x y : F) - M.logit x o) * 2 ^ M.b_U.frac + m) / 2 ^ M.b_U.frac := by grind
  rw [e2]
  exact div_le_div_right key hk

/-! ## The mean -/

omit hv in
/-- A sum that is zero has only zeros. -/
theorem eq_zero_of_listSum {l : List α} {f : α → Nat} (h : listSum l f = 0) : ∀ a ∈ l, f a = 0 := by
  induction l with
  | nil => exact fun a ha => absurd ha List.not_mem_nil
  | cons b l ih =>
    rw [listSum_cons] at h
    intro a ha
    rcases List.mem_cons.1 ha with rfl | ha
    · omega
    · exact ih (by omega) a ha

omit hv in
/-- What `inputsReach` says of an input. -/
theorem fits_of_inputsReach {K : Nat} {V : Nat} {ms : List (List Nat × Nat)} {c : LossPlan} {t : Nat}
    (h : inputsReach C V K ms c t = true) {x : List Nat} (hx : x ∈ sequences V (K - 1)) :
    largest (t :: x) < V ∧ ∀ o, o < V → leadFits C K c (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o = true := by
  have h := Nat.eq_of_beq_eq_true h
  rw [inputSum_eq] at h
  have hx : natSum V (fun o => cond (leadFits C K c (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o) 0 1) +
      cond (Nat.ble (Nat.succ (largest (t :: x))) V) 0 1 = 0 := eq_zero_of_listSum h x hx
  constructor
  · cases hb : Nat.ble (Nat.succ (largest (t :: x))) V with
    | true => exact Nat.le_of_ble_eq_true hb
    | false => rw [hb, cond_false] at hx; omega
  · intro o ho
    have := le_natSum (fun o => cond (leadFits C K c (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o) 0 1) ho
    cases hb : leadFits C K c (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o with
    | true => rfl
    | false => simp only [hb, cond_false] at this; omega

omit hv in
/-- What the kernel adds up. -/
theorem inputExps_eq {V K L k t : Nat} {ms : List (List Nat × Nat)} {c : LossPlan} (hc : InputPlanChecked c V K L k)
    (h : inputsReach C V K ms c t = true) : inputExps C V K ms c L t = listSum (sequences V (K - 1)) fun x => natSum V fun o =>
      expNeg c.P c.consts (leadAtLeast C K (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o) := by
  obtain ⟨g, hpack, hg, hsum⟩ := inputPack_lanes (L := L) (V := V) (K - 1)
    (u := fun x o => leadAtLeast C K (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o) fun x hx o ho => by
      have h1 : leadAtLeast C K (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o < 2 ^ c.consts.length :=
        Nat.le_of_ble_eq_true (both_eq_true.1 ((fits_of_inputsReach h hx).2 o ho)).2
      exact Nat.lt_of_lt_of_le h1 (Nat.pow_le_pow_right (by omega) hc.bits)
  have le : natSum (V ^ (K - 1) * V) (fun j => expNeg c.P c.consts (g j)) ≤ V ^ (K - 1) * V * 2 ^ c.P :=
    natSum_le_mul fun j _ => expNeg_le hc.consts _
  have mod := pack_mod_ones L 1 (V ^ (K - 1) * V) fun j => expNeg c.P c.consts (g j)
  have room := hc.room
  rw [Nat.mul_one, Nat.mod_eq_of_lt (a := natSum _ _) (by omega)] at mod
  show expRow L c.P (V ^ (K - 1) * V) c.consts (inputPack (L * V) V (K - 1) fun x => pack L
    (fun o => leadAtLeast C K (t :: x) (listed ms 0 (t :: x)) (largest (t :: x)) o) V) % (2 ^ L - 1) = _
  rw [hpack, expRow_pack hc.width hc.consts hg, mod, hsum]

/-- Chunks that cover all first tokens prove the mean loss. -/
theorem everyInput_loss {c : LossPlan} {L : Nat} (hc : checkInputPlan M.d_vocab M.n_ctx c L M.b_U.frac = true)
    {ms : List (List Nat × Nat)} {ns : List Nat}
    (hns : Covered (ProvedLoss (inputsReach C M.d_vocab M.n_ctx ms c) (inputLosses C M.d_vocab M.n_ctx ms c L M.b_U.frac)) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {num den : Nat}
    (hmean : checkMean c M.b_U.frac (Nat.pow M.d_vocab M.n_ctx) M.d_vocab num den (total ns) = true) :
    M.classifier.LossAtMost maxToken num den := by
  have hc := inputPlanChecked hc
  obtain ⟨good, hsum⟩ := losses_of_covered hns hlen
  obtain ⟨k, hk⟩ : ∃ k, M.n_ctx = k + 1 := ⟨M.n_ctx - 1, by have := hv.n_ctx_pos; omega⟩
  have hk1 : M.n_ctx - 1 = k := by omega
  let e x o := expNeg c.P c.consts (leadAtLeast C M.n_ctx x (listed ms 0 x) (largest x) o)
  let n x := natSum M.d_vocab fun o => e x o + c.err
  refine loss_of_sum (C := M.classifier) (m := listed ms 0) (n := n) (fun F _ x hx => ?_) rfl hmean ?_
  · have hx' : x ∈ sequences M.d_vocab M.n_ctx := hx
    obtain ⟨t, y, rfl⟩ : ∃ t y, x = t :: y := by
      have hlen := (mem_sequences.1 hx').1
      cases x with
      | nil => rw [List.length_nil] at hlen; omega
      | cons t y => exact ⟨t, y, rfl⟩
    have hmem := mem_sequences.1 hx'
    have ht : t < M.d_vocab := hmem.2 t List.mem_cons_self
    have hy : y ∈ sequences M.d_vocab (M.n_ctx - 1) :=
      mem_sequences.2 ⟨by have := hmem.1; rw [List.length_cons] at this; omega, fun s hs => hmem.2 s (List.mem_cons_of_mem _ hs)⟩
    obtain ⟨hlt, fits⟩ := fits_of_inputsReach (good t ht) hy
    rw [← largest_eq]
    exact crossEntropy_of_leads (C := M.classifier) hc.exps
      (fun o ho => Nat.le_of_ble_eq_true (both_eq_true.1 (fits o ho)).2)
      fun o ho => leadAtLeast_le hv hx' hlt ho (fits o ho) F
  · refine Nat.le_trans (Nat.le_of_eq ?_) (Nat.add_le_add_right hsum _)
    show listSum (sequences M.d_vocab M.n_ctx) (fun x => n x * 2 ^ M.b_U.frac + listed ms 0 x * 2 ^ c.P) = _
    have split : ∀ t, t < M.d_vocab → (listSum (sequences M.d_vocab k) fun x =>
        n (t :: x) * 2 ^ M.b_U.frac + listed ms 0 (t :: x) * 2 ^ c.P) =
        inputLosses C M.d_vocab M.n_ctx ms c L M.b_U.frac t +
          M.d_vocab ^ k * (M.d_vocab * c.err) * 2 ^ M.b_U.frac := fun t ht => by
      have hgood := good t ht
      show _ = inputExps C M.d_vocab M.n_ctx ms c L t * 2 ^ M.b_U.frac +
        inputSum M.d_vocab (M.n_ctx - 1) (fun x => listed ms 0 (t :: x)) * 2 ^ c.P + _
      rw [inputExps_eq hc hgood, inputSum_eq, hk1, listSum_add, listSum_mul, listSum_mul]
      have e1 : (listSum (sequences M.d_vocab k) fun x => n (t :: x)) =
          (listSum (sequences M.d_vocab k) fun x => natSum M.d_vocab fun o => e (t :: x) o) +
            M.d_vocab ^ k * (M.d_vocab * c.err) := by
        simp only [n, natSum_add, natSum_const, listSum_add]
        congr 1
        rw [← length_sequences, length_eq_listSum, ← listSum_mul]
        exact listSum_congr fun _ _ => (Nat.one_mul _).symm
      rw [e1]
      simp only [e]
      grind
    rw [hk, sequences, listSum_flatMap, ← natSum_eq]
    simp only [listSum_map]
    rw [← hk, natSum_congr split, natSum_add, natSum_const]
    show _ = natSum M.d_vocab (inputLosses C M.d_vocab M.n_ctx ms c L M.b_U.frac) +
      M.d_vocab ^ M.n_ctx * (M.d_vocab * c.err) * 2 ^ M.b_U.frac
    rw [hk, Nat.pow_succ]
    grind

end

end LeanBound
