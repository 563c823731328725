module

public import LeanBound.Properties.Counting
public import LeanBound.Properties.WeightedAccuracy

/-! # Weights of inputs, added up token by token -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem weighted_eq (V K : Nat) (weights : List (List Nat)) (p : List Nat → Prop) :
    weighted V K weights p = listSum (sequences V K) fun x => weightOf weights x * indicator (p x) := by
  unfold weighted
  induction sequences V K with
  | nil => rfl
  | cons x xs ih =>
    by_cases h : p x
    · simp [listSum_cons, h, ih, indicator_true]
    · simp [listSum_cons, h, ih, indicator_false]

theorem weighted_zero (V : Nat) (weights : List (List Nat)) (p : List Nat → Prop) :
    weighted V 0 weights p = indicator (p []) := by
  rw [weighted_eq]
  show weightOf weights [] * indicator (p []) + 0 = _
  cases weights <;> simp [weightOf]

/-- By the first token. -/
theorem weighted_succ (V K : Nat) (w : List Nat) (weights : List (List Nat)) (p : List Nat → Prop) :
    weighted V (K + 1) (w :: weights) p = natSum V fun t => w.getD t 0 * weighted V K weights fun x => p (t :: x) := by
  simp only [weighted_eq, natSum_eq, sequences, listSum_flatMap, listSum_map, weightOf]
  refine listSum_congr fun t _ => ?_
  rw [Nat.mul_comm, ← listSum_mul]
  exact listSum_congr fun x _ => by rw [Nat.mul_comm, ← Nat.mul_assoc, Nat.mul_comm (indicator _)]; grind

end

end LeanBound
