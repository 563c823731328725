module

public import LeanBound.Numerics.Sum

/-! # Algebra, casts and bounds of finite sums -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

universe u

section Ring

variable {R : Type u} [Ring R] {n m : Nat} {f g : Nat → R}

@[simp] theorem sum_zero_left (f : Nat → R) : sum 0 f = 0 := rfl

theorem sum_succ (n : Nat) (f : Nat → R) : sum (n + 1) f = sum n f + f n := rfl

theorem sum_congr (h : ∀ i, i < n → f i = g i) : sum n f = sum n g := by
  induction n with
  | zero => rfl
  | succ n ih => rw [sum_succ, sum_succ, ih fun i hi => h i (by omega), h n (by omega)]

theorem sum_zero (n : Nat) : sum n (fun _ => (0 : R)) = 0 := by
  induction n with
  | zero => rfl
  | succ n ih => rw [sum_succ, ih]; grind

theorem sum_const (n : Nat) (c : R) : sum n (fun _ => c) = (n : R) * c := by
  induction n with
  | zero => rw [sum_zero_left]; grind [Semiring.natCast_zero]
  | succ n ih => rw [sum_succ, ih, Semiring.natCast_succ]; grind

theorem sum_add (n : Nat) (f g : Nat → R) : sum n (fun i => f i + g i) = sum n f + sum n g := by
  induction n with
  | zero => simp only [sum_zero_left]; grind
  | succ n ih => simp only [sum_succ, ih]; grind

theorem sum_sub (n : Nat) (f g : Nat → R) : sum n (fun i => f i - g i) = sum n f - sum n g := by
  induction n with
  | zero => simp only [sum_zero_left]; grind
  | succ n ih => simp only [sum_succ, ih]; grind

theorem sum_neg (n : Nat) (f : Nat → R) : sum n (fun i => - f i) = - sum n f := by
  induction n with
  | zero => simp only [sum_zero_left]; grind
  | succ n ih => simp only [sum_succ, ih]; grind

/-- A factor on the left leaves the sum. -/
theorem sum_mul_left (n : Nat) (a : R) (f : Nat → R) : sum n (fun i => a * f i) = a * sum n f := by
  induction n with
  | zero => simp only [sum_zero_left]; grind
  | succ n ih => simp only [sum_succ, ih]; grind

/-- A factor on the right leaves the sum. -/
theorem sum_mul_right (n : Nat) (f : Nat → R) (a : R) : sum n (fun i => f i * a) = sum n f * a := by
  induction n with
  | zero => simp only [sum_zero_left]; grind
  | succ n ih => simp only [sum_succ, ih]; grind

theorem sum_swap (n m : Nat) (f : Nat → Nat → R) :
    sum n (fun i => sum m fun j => f i j) = sum m fun j => sum n fun i => f i j := by
  induction n with
  | zero => simp only [sum_zero_left, sum_zero]
  | succ n ih => simp only [sum_succ, ih, sum_add]

/-- The terms from `n` on, apart. -/
theorem sum_append (n m : Nat) (f : Nat → R) : sum (n + m) f = sum n f + sum m fun i => f (n + i) := by
  induction m with
  | zero => rw [sum_zero_left]; grind
  | succ m ih => rw [← Nat.add_assoc, sum_succ, ih, sum_succ]; grind

/-- The first term, apart. -/
theorem sum_succ_left (n : Nat) (f : Nat → R) : sum (n + 1) f = f 0 + sum n fun i => f (i + 1) := by
  induction n with
  | zero => simp only [sum_succ, sum_zero_left]; grind
  | succ n ih => rw [sum_succ, ih, sum_succ]; grind

theorem intCast_sum (n : Nat) (f : Nat → Int) : ((sum n f : Int) : R) = sum n fun i => (f i : R) := by
  induction n with
  | zero => simp only [sum_zero_left]; exact Ring.intCast_zero
  | succ n ih => simp only [sum_succ, ← ih]; exact Ring.intCast_add ..

end Ring

section Ordered

variable {R : Type u} [Ring R] [LE R] [LT R] [Std.LawfulOrderLT R] [Std.IsLinearOrder R] [OrderedRing R]
variable {n : Nat} {f g : Nat → R}

theorem sum_le_sum (h : ∀ i, i < n → f i ≤ g i) : sum n f ≤ sum n g := by
  induction n with
  | zero => exact Std.le_refl _
  | succ n ih =>
    have := ih fun i hi => h i (by omega)
    have := h n (by omega)
    rw [sum_succ, sum_succ]
    grind

theorem sum_nonneg (h : ∀ i, i < n → 0 ≤ f i) : 0 ≤ sum n f := by
  have := sum_le_sum h
  rwa [sum_zero] at this

theorem sum_pos (hn : 0 < n) (h : ∀ i, i < n → 0 < f i) : 0 < sum n f := by
  cases n with
  | zero => omega
  | succ n =>
    have := sum_nonneg (n := n) (f := f) fun i hi => Std.le_of_lt (h i (by omega))
    have := h n (by omega)
    rw [sum_succ]
    grind

end Ordered

section Bounds

variable {n A B : Nat} {f g : Nat → Int}

/-- Triangle inequality: `n` terms of size at most `A`. -/
theorem sum_bound (h : ∀ c, c < n → (f c).natAbs ≤ A) : (sum n f).natAbs ≤ n * A := by
  induction n with
  | zero => simp
  | succ n ih =>
    have h1 := ih fun i hi => h i (by omega)
    have h2 := h n (by omega)
    have h3 := Int.natAbs_add_le (sum n f) (f n)
    rw [sum_succ, Nat.succ_mul]
    exact Nat.le_trans h3 (Nat.add_le_add h1 h2)

/-- An inner product of `n` terms, from bounds of the two sides. -/
theorem sum_mul_bound (hf : ∀ c, c < n → (f c).natAbs ≤ A) (hg : ∀ c, c < n → (g c).natAbs ≤ B) :
    (sum n fun c => f c * g c).natAbs ≤ n * A * B := by
  rw [Nat.mul_assoc]
  refine sum_bound fun c hc => ?_
  rw [Int.natAbs_mul]
  exact Nat.mul_le_mul (hf c hc) (hg c hc)

end Bounds

end LeanBound
