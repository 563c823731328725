module

public import LeanBound.Numerics.Pascal
public import LeanBound.Properties.Counting

/-! # Counting sequences by how often they hold their maximum and the tokens next below it -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem natSum_split (n k : Nat) (f : Nat → Nat) : natSum (n + k) f = natSum n f + natSum k fun i => f (n + i) := by
  induction k with
  | zero => rfl
  | succ k ih => rw [← Nat.add_assoc, natSum_succ, natSum_succ, ih, Nat.add_assoc]

theorem natSum_const (n c : Nat) : natSum n (fun _ => c) = n * c := by
  induction n with
  | zero => rw [natSum_zero, Nat.zero_mul]
  | succ n ih => rw [natSum_succ, ih, Nat.succ_mul]

/-- The `g` tokens below `m`. -/
def isNear (m g t : Nat) : Bool := decide (m ≤ t + g ∧ t < m)

/-- No token of `y` is above `m`; it holds `m` exactly `c` times, and the `g` tokens below `m` at most `n` times together. -/
def Holds (m g c n : Nat) (y : List Nat) : Prop := (∀ t ∈ y, t ≤ m) ∧ y.count m = c ∧ y.countP (isNear m g) ≤ n

section Cons

variable {m g c n t : Nat} {y : List Nat}

theorem holds_cons_far (ht : t + g < m) : Holds m g c n (t :: y) ↔ Holds m g c n y := by
  have h : ¬ isNear m g t = true := by simp [isNear]; omega
  unfold Holds
  rw [List.forall_mem_cons, List.count_cons_of_ne (by omega), List.countP_cons_of_neg h]
  constructor
  · exact fun h => ⟨h.1.2, h.2⟩
  · exact fun h => ⟨⟨by omega, h.1⟩, h.2⟩

theorem holds_cons_near (ht : m ≤ t + g) (ht' : t < m) : Holds m g c n (t :: y) ↔ 0 < n ∧ Holds m g c (n - 1) y := by
  have h : isNear m g t = true := by simp [isNear]; omega
  unfold Holds
  rw [List.forall_mem_cons, List.count_cons_of_ne (by omega), List.countP_cons_of_pos h]
  constructor
  · exact fun h => ⟨by omega, h.1.2, h.2.1, by omega⟩
  · exact fun h => ⟨⟨by omega, h.2.1⟩, h.2.2.1, by omega⟩

theorem holds_cons_self : Holds m g c n (m :: y) ↔ 0 < c ∧ Holds m g (c - 1) n y := by
  have h : ¬ isNear m g m = true := by simp [isNear]
  unfold Holds
  rw [List.forall_mem_cons, List.count_cons_self, List.countP_cons_of_neg h]
  constructor
  · exact fun h => ⟨by omega, h.1.2, by omega, h.2.2⟩
  · exact fun h => ⟨⟨by omega, h.2.1⟩, by omega, h.2.2.2⟩

theorem not_holds_cons (ht : m < t) : ¬ Holds m g c n (t :: y) := fun h => by
  have := h.1 t (by simp)
  omega

end Cons

/-- By the first token. -/
theorem count_holds_succ {V k m g c n : Nat} (hg : g ≤ m) (hV : m < V) :
    count V (k + 1) (Holds m g c n) =
      (m - g) * count V k (Holds m g c n) + g * (if 0 < n then count V k (Holds m g c (n - 1)) else 0) +
        if 0 < c then count V k (Holds m g (c - 1) n) else 0 := by
  have never (p : List Nat → Prop) (h : ∀ y, ¬ p y) : count V k p = 0 := by
    rw [count_eq, listSum_congr fun y _ => indicator_false (h y), listSum_zero]
  rw [count_succ, show V = m - g + (g + (1 + (V - m - 1))) by omega, natSum_split, natSum_split, natSum_split,
    ← show V = m - g + (g + (1 + (V - m - 1))) by omega]
  have e1 : natSum (m - g) (fun t => count V k fun y => Holds m g c n (t :: y)) = (m - g) * count V k (Holds m g c n) := by
    rw [← natSum_const]
    exact natSum_congr fun t ht => count_congr fun y _ => holds_cons_far (by omega)
  have e2 : natSum g (fun i => count V k fun y => Holds m g c n ((m - g + i) :: y)) =
      g * if 0 < n then count V k (Holds m g c (n - 1)) else 0 := by
    rw [← natSum_const]
    refine natSum_congr fun i hi => ?_
    by_cases h : 0 < n
    · rw [if_pos h]
      exact count_congr fun y _ => (holds_cons_near (by omega) (by omega)).trans (and_iff_right h)
    · rw [if_neg h]
      exact never _ fun y hy => h ((holds_cons_near (by omega) (by omega)).1 hy).1
  have e3 : natSum 1 (fun i => count V k fun y => Holds m g c n ((m - g + (g + i)) :: y)) =
      if 0 < c then count V k (Holds m g (c - 1) n) else 0 := by
    rw [natSum_succ, natSum_zero, Nat.zero_add, show m - g + (g + 0) = m by omega]
    by_cases h : 0 < c
    · rw [if_pos h]
      exact count_congr fun y _ => holds_cons_self.trans (and_iff_right h)
    · rw [if_neg h]
      exact never _ fun y hy => h (holds_cons_self.1 hy).1
  have e4 : natSum (V - m - 1) (fun i => count V k fun y => Holds m g c n ((m - g + (g + (1 + i))) :: y)) = 0 := by
    rw [natSum_congr (g := fun _ => 0) fun i _ => never _ fun y hy => not_holds_cons (by omega) hy, natSum_const,
      Nat.mul_zero]
  rw [e1, e2, e3, e4]
  omega

/-- How many sequences of `k` tokens hold: a binomial for the places of `m`, and a sum of binomials for the others. -/
theorem count_holds {V m g N : Nat} (hg : g ≤ m) (hV : m < V) (k : Nat) {c n : Nat} (hn : n ≤ N) :
    count V k (Holds m g c n) = pascal 1 1 (step 1) k c * pascal (m - g) g (step (N + 1)) (k - c) n := by
  induction k generalizing c n with
  | zero =>
    rw [count_zero, Nat.zero_sub, pascal_zero, pascal_zero, show step (N + 1) n = 1 from if_pos (by omega), Nat.mul_one]
    by_cases h : c = 0
    · subst h
      exact indicator_true ⟨by simp, rfl, Nat.zero_le _⟩
    · rw [step_beyond (by omega)]
      exact indicator_false fun hy => h hy.2.1.symm
  | succ k ih =>
    rw [count_holds_succ hg hV, pascal_succ, Nat.one_mul, Nat.one_mul]
    have others : (m - g) * count V k (Holds m g c n) + g * (if 0 < n then count V k (Holds m g c (n - 1)) else 0) =
        pascal 1 1 (step 1) k c * pascal (m - g) g (step (N + 1)) (k + 1 - c) n := by
      by_cases hc : c ≤ k
      · rw [ih hn, show k + 1 - c = k - c + 1 by omega, pascal_succ, Nat.mul_add, Nat.mul_left_comm]
        congr 1
        cases n with
        | zero => rw [if_neg (by omega), shifted_zero, Nat.mul_zero, Nat.mul_zero]
        | succ n => rw [if_pos (by omega), Nat.add_sub_cancel, ih (by omega), shifted_succ, Nat.mul_left_comm]
      · have h0 : pascal 1 1 (step 1) k c = 0 := pascal_beyond (fun _ => step_beyond) k (by omega)
        rw [ih hn, h0, Nat.zero_mul, Nat.zero_mul, Nat.mul_zero, Nat.zero_add]
        split
        · rw [ih (by omega), h0, Nat.zero_mul, Nat.mul_zero]
        · rfl
    rw [others, Nat.add_mul]
    congr 1
    cases c with
    | zero => rw [if_neg (by omega), shifted_zero, Nat.zero_mul]
    | succ c => rw [if_pos (by omega), Nat.add_sub_cancel, ih hn, shifted_succ, show k + 1 - (c + 1) = k - c by omega]

end

end LeanBound
