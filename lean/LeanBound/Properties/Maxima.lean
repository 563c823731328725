module

public import LeanBound.Properties.Boxes
public import LeanBound.Properties.Classes

/-! # Counting inputs of max-of-K by maximum -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem maxToken_append_le {y : List Nat} {a m : Nat} : maxToken (y ++ [a]) ≤ m ↔ a ≤ m ∧ ∀ t ∈ y, t ≤ m := by
  induction y with
  | nil => simp [maxToken]
  | cons t y ih =>
    rw [List.cons_append, maxToken_cons, Nat.max_le, ih]
    simp only [List.mem_cons, forall_eq_or_imp]
    exact and_left_comm

theorem boxSize_replicate (n : Nat) (S : List Nat) : boxSize (List.replicate n S) = S.length ^ n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [List.replicate_succ, boxSize, ih, Nat.pow_succ, Nat.mul_comm]

theorem inBox_replicate {n : Nat} {S y : List Nat} (hy : y.length = n) :
    InBox (List.replicate n S) y ↔ ∀ t ∈ y, t ∈ S := by
  subst hy
  induction y with
  | nil => simp [InBox]
  | cons t y ih => simp [InBox, ih, List.replicate_succ]

theorem count_below {V n b : Nat} (hb : b ≤ V) : count V n (fun y => ∀ t ∈ y, t < b) = b ^ n := by
  have hbox := count_inBox (V := V) (K := n) (A := List.replicate n (List.range b)) List.length_replicate
    (fun S hS => (List.mem_replicate.1 hS).2 ▸ List.nodup_range)
    fun S hS t ht => by
      rw [(List.mem_replicate.1 hS).2] at ht
      exact Nat.lt_of_lt_of_le (List.mem_range.1 ht) hb
  rw [boxSize_replicate, List.length_range] at hbox
  rw [← hbox]
  refine count_congr fun y hy => ?_
  rw [inBox_replicate (mem_sequences.1 hy).1]
  simp only [List.mem_range]

/-- The last token is `m`: all others are at most `m`. -/
theorem count_maximum_self {V n m : Nat} (hm : m < V) :
    count V n (fun y => maxToken (y ++ [m]) = m) = (m + 1) ^ n := by
  rw [← count_below (Nat.succ_le_of_lt hm)]
  refine count_congr fun y _ => ?_
  have hle := maxToken_append_le (y := y) (a := m) (m := m)
  have hlow : m ≤ maxToken (y ++ [m]) := (maxToken_append_le.1 (Nat.le_refl _)).1
  simp only [Nat.le_refl, true_and] at hle
  simp only [Nat.lt_succ_iff, ← hle]
  omega

/-- The last token is below `m`: all others are at most `m`, but not all below. -/
theorem count_maximum_lt {V n a m : Nat} (ha : a < m) (hm : m < V) :
    count V n (fun y => maxToken (y ++ [a]) = m) = (m + 1) ^ n - m ^ n := by
  obtain ⟨k, rfl⟩ : ∃ k, m = k + 1 := ⟨m - 1, by omega⟩
  rw [← count_below (V := V) (b := k + 1 + 1) (by omega), ← count_below (V := V) (b := k + 1) (by omega)]
  refine Nat.eq_sub_of_add_eq ?_
  rw [count_eq, count_eq, count_eq, ← listSum_add]
  refine listSum_congr fun y _ => ?_
  have hle := maxToken_append_le (y := y) (a := a) (m := k + 1)
  have hlt := maxToken_append_le (y := y) (a := a) (m := k)
  simp only [show a ≤ k + 1 by omega, show a ≤ k by omega, true_and] at hle hlt
  simp only [Nat.lt_succ_iff, ← hle, ← hlt]
  by_cases h : maxToken (y ++ [a]) ≤ k
  · rw [indicator_false (by omega), indicator_true h, indicator_true (by omega)]
  · by_cases h' : maxToken (y ++ [a]) = k + 1
    · rw [indicator_true h', indicator_false h, indicator_true (by omega)]
    · rw [indicator_false h', indicator_false h, indicator_false (by omega)]

/-- How many inputs with the last token `a` have the maximum `m`. -/
theorem count_maximum {V n a m : Nat} (ha : a ≤ m) (hm : m < V) :
    count V n (fun y => maxToken (y ++ [a]) = m) = if a = m then (m + 1) ^ n else (m + 1) ^ n - m ^ n := by
  by_cases h : a = m
  · subst h; rw [if_pos rfl, count_maximum_self hm]
  · rw [if_neg h, count_maximum_lt (by omega) hm]

end

end LeanBound
