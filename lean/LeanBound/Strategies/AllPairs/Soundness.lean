module

public import LeanBound.Models.PairMlpMargin
public import LeanBound.Strategies.AllPairs.RowsSound
public import LeanBound.Strategies.Tables.ShapesSound
public import LeanBound.Tasks.Composition
public import LeanBound.Tasks.ModularAddition

/-! # All pairs of tokens through an MLP: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

namespace PairMlp

/-! ## Checks of the tensors -/

theorem checkShape_sound {n m : Nat} {T : Tensor} (h : checkShape n m T = true) : Shaped (T.width * m) T.bound n m T := by
  simp only [checkShape, both_eq_true] at h
  have h1 : T.rows.length = n := Nat.eq_of_beq_eq_true h.1
  refine ⟨h1, fun i hi => ?_, Nat.le_refl _, Nat.le_refl _⟩
  have h2 : nth T.rows i ≤ 2 ^ (T.width * m) - 1 := allAtMost_sound h.2 _ (nth_mem (by omega))
  have := Nat.two_pow_pos (T.width * m)
  omega

variable {p : PairLanes} {M : PairMlp}

/-- What the checks of a model establish. -/
structure Checked (p : PairLanes) (M : PairMlp) : Prop where
  W_A : Shaped (M.W_A.width * M.d_hidden) M.W_A.bound M.d_vocab M.d_hidden M.W_A
  W_B : Shaped (M.W_B.width * M.d_hidden) M.W_B.bound M.d_vocab M.d_hidden M.W_B
  b_H : Shaped (M.b_H.width * M.d_hidden) M.b_H.bound 1 M.d_hidden M.b_H
  W_U : Shaped (M.W_U.width * M.d_vocab) M.W_U.bound M.d_hidden M.d_vocab M.W_U
  b_U : Shaped (M.b_U.width * M.d_vocab) M.b_U.bound 1 M.d_vocab M.b_U
  aligned : M.Aligned
  pre : M.preBound + 1 ≤ half p
  logits : logitBound p M + 1 ≤ 2 ^ (p.logits - 1)
  hidden_stride : p.hidden * M.d_hidden ≤ p.stride
  logits_stride : p.logits * M.d_vocab ≤ p.stride
  W_A_width : M.W_A.width ≤ p.hidden
  W_B_width : M.W_B.width ≤ p.hidden
  b_H_width : M.b_H.width ≤ p.hidden
  W_U_width : M.W_U.width ≤ p.logits
  b_U_width : M.b_U.width ≤ p.logits

theorem checked (h : checkPairMlp p M = true) : Checked p M := by
  simp only [checkPairMlp, checkShapes, checkScales, checkLanes, both_eq_true] at h
  obtain ⟨⟨hA, hB, hH, hU, hb⟩, ⟨s1, s2, s3⟩, l1, l2, l3, l4, l5, l6, l7, l8, l9⟩ := h
  exact ⟨checkShape_sound hA, checkShape_sound hB, checkShape_sound hH, checkShape_sound hU, checkShape_sound hb,
    ⟨Nat.eq_of_beq_eq_true s1, Nat.eq_of_beq_eq_true s2, Nat.eq_of_beq_eq_true s3⟩, Nat.le_of_ble_eq_true l1,
    Nat.le_of_ble_eq_true l2, Nat.le_of_ble_eq_true l3, Nat.le_of_ble_eq_true l4, Nat.le_of_ble_eq_true l5,
    Nat.le_of_ble_eq_true l6, Nat.le_of_ble_eq_true l7, Nat.le_of_ble_eq_true l8, Nat.le_of_ble_eq_true l9⟩

/-- A logit with the offsets. -/
def logitNat (M : PairMlp) (a i o : Nat) : Nat :=
  natSum M.d_hidden (fun j => (M.preInt a i j).toNat * (M.W_U.int j o + (M.W_U.bound : Int)).toNat) +
    (M.b_U.int 0 o + (M.b_U.bound : Int)).toNat

namespace Checked

variable (h : Checked p M)

include h in
theorem hidden_pos : 1 < p.hidden := by
  have h1 := h.pre
  have h2 : 0 < M.W_B.bound := Nat.two_pow_pos _
  have h3 : M.preBound = M.W_B.bound + (M.W_A.bound + M.b_H.bound) := rfl
  have h4 : half p = 2 ^ (p.hidden - 1) := rfl
  have := (Nat.pow_lt_pow_iff_right (a := 2) (n := 0) (m := p.hidden - 1) (by omega)).1 (by rw [Nat.pow_zero]; omega)
  omega

include h in
theorem logits_pos : 0 < p.logits := by
  have h1 := h.logits
  have h2 : 0 < M.b_U.bound := Nat.two_pow_pos _
  have h3 : logitBound p M = M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound := rfl
  have := (Nat.pow_lt_pow_iff_right (a := 2) (n := 0) (m := p.logits - 1) (by omega)).1 (by rw [Nat.pow_zero]; omega)
  omega

theorem preInt_le (a i j : Nat) : (M.preInt a i j).natAbs ≤ M.preBound := by
  have h1 := M.W_A.natAbs_int_le a j
  have h2 := M.W_B.natAbs_int_le i j
  have h3 := M.b_H.natAbs_int_le 0 j
  show (M.W_A.int a j + M.W_B.int i j + M.b_H.int 0 j).natAbs ≤ M.W_B.bound + (M.W_A.bound + M.b_H.bound)
  omega

include h

/-! ## What the kernel computes -/

/-- The bias with the offsets. -/
theorem offset_row : Vec p.hidden M.d_hidden (M.b_H.bound + (half p - M.preBound)) (fun j => M.b_H.int 0 j) (offsetRow p M) :=
  ((h.b_H.row h.b_H_width Nat.zero_lt_one).add (Vec.const (c := 0) (by simp))).congr fun _ _ => by omega

theorem bound_eq : M.W_B.bound + (M.W_A.bound + (M.b_H.bound + (half p - M.preBound))) = 2 ^ (p.hidden - 1) := by
  have hpre : M.preBound = M.W_B.bound + (M.W_A.bound + M.b_H.bound) := rfl
  have := h.pre
  show _ = half p
  omega

theorem pre_grid {a : Nat} (ha : a < M.d_vocab) :
    Grid p.stride p.hidden M.d_vocab M.d_hidden (2 ^ (p.hidden - 1)) (M.preInt a) (preGrid p M a) := by
  have hB := Grid.of_rows (S := p.stride) fun i hi => h.W_B.row h.W_B_width hi
  have hA := (h.W_A.row h.W_A_width ha).add h.offset_row
  rw [← h.bound_eq]
  exact (hB.add (hA.repeated (n := M.d_vocab))).congr fun i j _ _ => by rw [preInt]; omega

/-- Hidden units of rows of pre-activations, as natural numbers. -/
theorem hidden_rows {n x : Nat} {T : Nat → Nat → Int}
    (hx : Grid p.stride p.hidden n M.d_hidden (2 ^ (p.hidden - 1)) T x) (hT : ∀ r j, T r j < (2 ^ (p.hidden - 1) : Nat)) :
    hiddenRows p M n x = packGrid p.stride p.hidden n M.d_hidden fun r j => (T r j).toNat := by
  have hw := two_pow_eq (Nat.lt_of_succ_lt h.hidden_pos)
  have e : hiddenRows p M n x = keepGuarded p.hidden (2 ^ (p.hidden - 1) * gridOnes p.stride p.hidden n M.d_hidden) x := by
    rw [hiddenRows, spread_eq]
    show keepGuarded _ (2 ^ (p.hidden - 1) * ones p.hidden M.d_hidden * ones p.stride n) x = _
    rw [Nat.mul_assoc, Nat.mul_comm (ones p.hidden M.d_hidden)]
    rfl
  rw [e]
  refine hx.relu (Nat.lt_of_succ_lt h.hidden_pos) h.hidden_stride fun r j _ _ => ?_
  have := hT r j
  omega

/-- Their product with a matrix. -/
theorem unit_sum {n x : Nat} {T : Nat → Nat → Int} {row : Nat → Nat} {u : Nat → Nat → Nat}
    (hx : Grid p.stride p.hidden n M.d_hidden (2 ^ (p.hidden - 1)) T x) (hT : ∀ r j, T r j < (2 ^ (p.hidden - 1) : Nat))
    (hrow : ∀ j, j < M.d_hidden → row j = pack p.logits (u j) M.d_vocab) :
    unitSum p M row n x =
      packGrid p.stride p.logits n M.d_vocab fun r o => natSum M.d_hidden fun j => (T r j).toNat * u j o := by
  have hw := two_pow_eq (Nat.lt_of_succ_lt h.hidden_pos)
  have hp := Nat.two_pow_pos (p.hidden - 1)
  rw [unitSum, packGrid_natSum]
  refine natSum_congr fun j hj => ?_
  rw [packGrid_outer, unit, spread_eq, h.hidden_rows hx hT]
  show Nat.mul _ (Nat.land _ (laneMask p.stride p.hidden n)) = _
  rw [packGrid_column h.hidden_stride (fun r j _ _ => by have := hT r j; omega) hj, hrow j hj]
  exact Nat.mul_comm ..

theorem preInt_lt (a i j : Nat) : M.preInt a i j < (2 ^ (p.hidden - 1) : Nat) := by
  have h1 := preInt_le (M := M) a i j
  have h2 : M.preBound + 1 ≤ 2 ^ (p.hidden - 1) := h.pre
  omega

/-- Logits of rows of pre-activations, of any pairs. -/
theorem logit_rows {n x : Nat} {R : Nat → Nat × Nat}
    (hx : Grid p.stride p.hidden n M.d_hidden (2 ^ (p.hidden - 1)) (fun r => M.preInt (R r).1 (R r).2) x) :
    logitRows p M n x = packGrid p.stride p.logits n M.d_vocab fun r => M.logitNat (R r).1 (R r).2 := by
  have hunits := h.unit_sum hx (fun r j => h.preInt_lt _ _ j) fun j hj => (h.W_U.row h.W_U_width hj).1
  have hbias := ((h.b_U.row h.b_U_width Nat.zero_lt_one).repeated (S := p.stride) (n := n)).1
  show Nat.add _ (spread _ _ _) = _
  rw [spread_eq, Nat.mul_comm (M.b_U.row ..), hunits, hbias]
  exact (packGrid_add ..).symm

theorem logit_grid {a : Nat} (ha : a < M.d_vocab) :
    logitGrid p M a = packGrid p.stride p.logits M.d_vocab M.d_vocab (M.logitNat a) :=
  h.logit_rows (R := fun i => (a, i)) (h.pre_grid ha)

omit h in
/-- Offsets add the same to all logits of a pair. -/
theorem logitNat_eq (a i o : Nat) : ((M.logitNat a i o : Nat) : Int) =
    M.logitInt a i o + ((natSum M.d_hidden (fun j => (M.preInt a i j).toNat) * M.W_U.bound + M.b_U.bound : Nat) : Int) := by
  have hsum : ∀ d, ((natSum d fun j => (M.preInt a i j).toNat * (M.W_U.int j o + (M.W_U.bound : Int)).toNat : Nat) : Int) =
      sum d (fun j => ((M.preInt a i j).toNat : Int) * M.W_U.int j o) +
        ((natSum d (fun j => (M.preInt a i j).toNat) * M.W_U.bound : Nat) : Int) := fun d => by
    induction d with
    | zero => simp [natSum_zero, sum_zero_left]
    | succ d ih =>
      have hU := M.W_U.natAbs_int_le d o
      have h0 : 0 ≤ M.W_U.int d o + (M.W_U.bound : Int) := by omega
      rw [natSum_succ, natSum_succ, sum_succ, Int.natCast_add, ih]
      simp only [Int.natCast_add, Int.natCast_mul, Int.toNat_of_nonneg h0, Int.mul_add, Int.add_mul]
      omega
  have hb := M.b_U.natAbs_int_le 0 o
  have h0 : 0 ≤ M.b_U.int 0 o + (M.b_U.bound : Int) := by omega
  rw [logitNat, Int.natCast_add, hsum, Int.toNat_of_nonneg h0, logitInt]
  omega

theorem logitNat_lt (a i o : Nat) : M.logitNat a i o < 2 ^ (p.logits - 1) := by
  have hpre : M.preBound + 1 ≤ half p := h.pre
  have hsum : natSum M.d_hidden (fun j => (M.preInt a i j).toNat * (M.W_U.int j o + (M.W_U.bound : Int)).toNat) ≤
      M.d_hidden * (half p * (2 * M.W_U.bound)) := natSum_le_mul fun j _ => by
    have h1 := preInt_le (M := M) a i j
    have h2 := M.W_U.natAbs_int_le j o
    exact Nat.mul_le_mul (by omega) (by omega)
  have hb := M.b_U.natAbs_int_le 0 o
  have hl : M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound + 1 ≤ 2 ^ (p.logits - 1) := h.logits
  rw [logitNat]
  omega

/-- The number of pairs that the kernel counts is a lower bound on those that the model is right about. -/
theorem rightPairs_le (t : Nat → Nat → Nat) (F : Type) [ExpField F] {a : Nat} (ha : a < M.d_vocab) :
    rightPairs p M t a ≤ natSum M.d_vocab fun i => indicator (M.classifier.Correct F [a, i] (t a i)) := by
  rw [rightPairs, h.logit_grid ha]
  refine Nat.le_trans (leadCount_le h.logits_pos h.logits_stride fun i o _ _ => h.logitNat_lt a i o)
    (natSum_le fun i _ => indicator_le fun hi => correct_of_logitInt h.aligned F fun o ho hne => ?_)
  have h1 := hi.2 o ho hne
  have h2 := logitNat_eq (M := M) a i o
  have h3 := logitNat_eq (M := M) a i (t a i)
  omega

end Checked

end PairMlp

/-! ## From first tokens to the accuracy -/

/-- Chunks that cover all first tokens prove the accuracy. -/
theorem allPairs_accuracy {p : PairLanes} {M : PairMlp} {target : List Nat → Nat} {t : Nat → Nat → Nat}
    (hM : M.checkPairMlp p = true) (ht : ∀ a b, target [a, b] = t a b) {ns : List Nat}
    (hc : Covered (fun a n => n ≤ rightPairs p M t a) 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : M.classifier.AccuracyAtLeast target N := by
  intro F _
  show N ≤ count M.d_vocab 2 _
  simp only [count_succ, count_zero, ht]
  exact total_le_of_covered (fun a ha => (PairMlp.checked hM).rightPairs_le t F ha) hc hlen hN

/-! ## Targets -/

theorem sumMod_eq (p a b : Nat) : sumMod p [a, b] = addMod p a b := rfl

theorem tableRow_eq (table : List (List Nat)) (a : Nat) : tableRow table a = table.getD a [] := by
  induction table generalizing a with
  | nil => simp [tableRow]
  | cons row table ih =>
    cases a with
    | zero => rfl
    | succ a => rw [List.getD_cons_succ, ← ih]; rfl

theorem composed_eq (table : List (List Nat)) (a b : Nat) : composed table [a, b] = tableEntry table a b := by
  rw [tableEntry, tableRow_eq, nth_eq]
  rfl

end

end LeanBound
