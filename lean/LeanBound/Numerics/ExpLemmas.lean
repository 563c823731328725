module

public import LeanBound.Numerics.ExpField

/-!
# Lemmas on ordered fields with an exponential

Casts of naturals and integers, division by a positive element, and the exponential. A file that writes
`((n : Nat) : F)` opens `Lean.Grind` and makes `Semiring.natCast` and `Ring.intCast` local instances, as here.
-/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

variable {F : Type u} [ExpField F]

/-! ## Order -/

theorem mul_le_mul_left {a b c : F} (h : a ≤ b) (hc : 0 ≤ c) : c * a ≤ c * b :=
  OrderedRing.mul_le_mul_of_nonneg_left h hc

theorem mul_le_mul_right {a b c : F} (h : a ≤ b) (hc : 0 ≤ c) : a * c ≤ b * c :=
  OrderedRing.mul_le_mul_of_nonneg_right h hc

theorem mul_lt_mul_left {a b c : F} (h : a < b) (hc : 0 < c) : c * a < c * b :=
  OrderedRing.mul_lt_mul_of_pos_left h hc

theorem mul_lt_mul_right {a b c : F} (h : a < b) (hc : 0 < c) : a * c < b * c :=
  OrderedRing.mul_lt_mul_of_pos_right h hc

theorem mul_le_mul {a b c d : F} (h : a ≤ b) (h' : c ≤ d) (hc : 0 ≤ c) (hb : 0 ≤ b) : a * c ≤ b * d := by
  have := mul_le_mul_right h hc
  have := mul_le_mul_left h' hb
  grind

theorem mul_pos {a b : F} (ha : 0 < a) (hb : 0 < b) : 0 < a * b := OrderedRing.mul_pos ha hb

theorem mul_nonneg {a b : F} (ha : 0 ≤ a) (hb : 0 ≤ b) : 0 ≤ a * b := OrderedRing.mul_nonneg ha hb

theorem pos_of_mul_pos {a b : F} (h : 0 < a * b) (hb : 0 ≤ b) : 0 < a := by
  apply Classical.byContradiction
  intro ha
  have := mul_le_mul_right (a := a) (b := 0) (by grind) hb
  grind

theorem le_of_mul_le_mul_right {a b c : F} (h : a * c ≤ b * c) (hc : 0 < c) : a ≤ b := by
  apply Classical.byContradiction
  intro hn
  have := mul_lt_mul_right (a := b) (b := a) (by grind) hc
  grind

theorem lt_of_mul_lt_mul_right {a b c : F} (h : a * c < b * c) (hc : 0 ≤ c) : a < b := by
  apply Classical.byContradiction
  intro hn
  have := mul_le_mul_right (a := b) (b := a) (by grind) hc
  grind

theorem pow_pos {a : F} (h : 0 < a) (n : Nat) : 0 < a ^ n := by
  induction n with
  | zero => rw [Semiring.pow_zero]; grind
  | succ n ih => rw [Semiring.pow_succ]; exact mul_pos ih h

theorem two_pow_pos (n : Nat) : 0 < (2 : F) ^ n := pow_pos (by grind) n

/-! ## Casts -/

theorem natCast_zero : ((0 : Nat) : F) = 0 := Semiring.natCast_zero
theorem natCast_one : ((1 : Nat) : F) = 1 := Semiring.natCast_one
theorem natCast_add (a b : Nat) : ((a + b : Nat) : F) = a + b := Semiring.natCast_add a b
theorem natCast_mul (a b : Nat) : ((a * b : Nat) : F) = a * b := Semiring.natCast_mul a b
theorem natCast_pow (a n : Nat) : ((a ^ n : Nat) : F) = (a : F) ^ n := Semiring.natCast_pow a n
theorem natCast_ofNat (n : Nat) : ((OfNat.ofNat n : Nat) : F) = OfNat.ofNat n := (Semiring.ofNat_eq_natCast n).symm

theorem natCast_two_pow (n : Nat) : ((2 ^ n : Nat) : F) = 2 ^ n := by
  rw [natCast_pow, natCast_ofNat]

theorem natCast_sub {a b : Nat} (h : b ≤ a) : ((a - b : Nat) : F) = a - b := by
  have : ((a - b + b : Nat) : F) = a := by rw [Nat.sub_add_cancel h]
  rw [natCast_add] at this
  grind

theorem natCast_nonneg (n : Nat) : 0 ≤ (n : F) := by
  induction n with
  | zero => rw [natCast_zero]; grind
  | succ n ih => rw [natCast_add, natCast_one]; grind

theorem natCast_le {a b : Nat} (h : a ≤ b) : (a : F) ≤ b := by
  have := natCast_sub (F := F) h
  have := natCast_nonneg (F := F) (b - a)
  grind

theorem natCast_lt {a b : Nat} (h : a < b) : (a : F) < b := by
  have := natCast_le (F := F) (a := a + 1) h
  rw [natCast_add, natCast_one] at this
  grind

theorem natCast_pos {a : Nat} (h : 0 < a) : 0 < (a : F) := by
  have := natCast_lt (F := F) h
  rw [natCast_zero] at this
  exact this

theorem natCast_le_iff {a b : Nat} : (a : F) ≤ b ↔ a ≤ b := by
  refine ⟨fun h => ?_, natCast_le⟩
  apply Classical.byContradiction
  intro hn
  have := natCast_lt (F := F) (Nat.lt_of_not_le hn)
  grind

theorem natCast_lt_iff {a b : Nat} : (a : F) < b ↔ a < b := by
  refine ⟨fun h => ?_, natCast_lt⟩
  apply Classical.byContradiction
  intro hn
  have := natCast_le (F := F) (Nat.le_of_not_lt hn)
  grind

theorem intCast_natCast (n : Nat) : (((n : Nat) : Int) : F) = (n : F) := Ring.intCast_natCast n
theorem intCast_zero : ((0 : Int) : F) = 0 := Ring.intCast_zero
theorem intCast_one : ((1 : Int) : F) = 1 := Ring.intCast_one
theorem intCast_add (a b : Int) : ((a + b : Int) : F) = a + b := Ring.intCast_add a b
theorem intCast_sub (a b : Int) : ((a - b : Int) : F) = a - b := Ring.intCast_sub a b
theorem intCast_mul (a b : Int) : ((a * b : Int) : F) = a * b := Ring.intCast_mul a b
theorem intCast_neg (a : Int) : ((-a : Int) : F) = -a := Ring.intCast_neg a
theorem intCast_ofNat (n : Nat) : ((OfNat.ofNat n : Int) : F) = OfNat.ofNat n := Ring.intCast_ofNat n

theorem intCast_pow (a : Int) (n : Nat) : ((a ^ n : Int) : F) = (a : F) ^ n := by
  induction n with
  | zero => rw [Int.pow_zero, intCast_one, Semiring.pow_zero]
  | succ n ih => rw [Int.pow_succ, intCast_mul, ih, Semiring.pow_succ]

theorem intCast_two_pow (n : Nat) : ((2 ^ n : Int) : F) = 2 ^ n := by
  rw [intCast_pow, intCast_ofNat]

theorem intCast_nonneg {a : Int} (h : 0 ≤ a) : 0 ≤ (a : F) := by
  have := natCast_nonneg (F := F) a.toNat
  rwa [← intCast_natCast, Int.toNat_of_nonneg h] at this

theorem intCast_le {a b : Int} (h : a ≤ b) : (a : F) ≤ b := by
  have := intCast_nonneg (F := F) (a := b - a) (by omega)
  rw [intCast_sub] at this
  grind

theorem intCast_lt {a b : Int} (h : a < b) : (a : F) < b := by
  have := intCast_le (F := F) (a := a + 1) (b := b) (by omega)
  rw [intCast_add, intCast_one] at this
  grind

theorem intCast_pos {a : Int} (h : 0 < a) : 0 < (a : F) := by
  have := intCast_lt (F := F) h
  rwa [intCast_zero] at this

theorem intCast_le_iff {a b : Int} : (a : F) ≤ b ↔ a ≤ b := by
  refine ⟨fun h => ?_, intCast_le⟩
  apply Classical.byContradiction
  intro hn
  have := intCast_lt (F := F) (Int.lt_of_not_ge hn)
  grind

theorem intCast_lt_iff {a b : Int} : (a : F) < b ↔ a < b := by
  refine ⟨fun h => ?_, intCast_lt⟩
  apply Classical.byContradiction
  intro hn
  have := intCast_le (F := F) (Int.not_lt.mp hn)
  grind

/-! ## Division by something positive -/

theorem div_mul_cancel {a c : F} (hc : c ≠ 0) : a / c * c = a := by grind
theorem mul_div_cancel {a c : F} (hc : c ≠ 0) : a * c / c = a := by grind
theorem add_div (a b c : F) : (a + b) / c = a / c + b / c := by grind
theorem sub_div (a b c : F) : (a - b) / c = a / c - b / c := by grind
theorem neg_div (a c : F) : -a / c = -(a / c) := by grind
theorem mul_div_assoc (a b c : F) : a * b / c = a * (b / c) := by grind

theorem le_div_iff {a b c : F} (hc : 0 < c) : a ≤ b / c ↔ a * c ≤ b := by
  have h : b / c * c = b := div_mul_cancel (by grind)
  refine ⟨fun h' => ?_, fun h' => le_of_mul_le_mul_right ?_ hc⟩
  · have := mul_le_mul_right (c := c) h' (by grind)
    grind
  · grind

theorem div_le_iff {a b c : F} (hc : 0 < c) : a / c ≤ b ↔ a ≤ b * c := by
  have h : a / c * c = a := div_mul_cancel (by grind)
  refine ⟨fun h' => ?_, fun h' => le_of_mul_le_mul_right ?_ hc⟩
  · have := mul_le_mul_right (c := c) h' (by grind)
    grind
  · grind

theorem lt_div_iff {a b c : F} (hc : 0 < c) : a < b / c ↔ a * c < b := by
  have := div_le_iff (a := b) (b := a) hc
  grind

theorem div_lt_iff {a b c : F} (hc : 0 < c) : a / c < b ↔ a < b * c := by
  have := le_div_iff (a := b) (b := a) hc
  grind

theorem div_pos {a c : F} (ha : 0 < a) (hc : 0 < c) : 0 < a / c := by
  rw [lt_div_iff hc]; grind

theorem div_nonneg {a c : F} (ha : 0 ≤ a) (hc : 0 < c) : 0 ≤ a / c := by
  rw [le_div_iff hc]; grind

theorem div_le_div_right {a b c : F} (h : a ≤ b) (hc : 0 < c) : a / c ≤ b / c := by
  rw [le_div_iff hc, div_mul_cancel (by grind)]; exact h

theorem div_lt_div_right {a b c : F} (h : a < b) (hc : 0 < c) : a / c < b / c := by
  rw [lt_div_iff hc, div_mul_cancel (by grind)]; exact h

/-- Rounding a quotient of naturals down loses less than one. -/
theorem natCast_div_mul_le (a b : Nat) : ((a / b : Nat) : F) * b ≤ a := by
  rw [← natCast_mul]; exact natCast_le (Nat.div_mul_le_self a b)

theorem lt_natCast_div_add_one_mul (a : Nat) {b : Nat} (hb : 0 < b) : (a : F) < (((a / b : Nat) : F) + 1) * b := by
  have := natCast_lt (F := F) (Nat.lt_div_mul_add hb (a := a))
  rw [natCast_add, natCast_mul] at this
  grind

theorem natCast_div_le (a : Nat) {b : Nat} (hb : 0 < b) : ((a / b : Nat) : F) ≤ (a : F) / b :=
  (le_div_iff (natCast_pos hb)).mpr (natCast_div_mul_le a b)

theorem lt_natCast_div_add_one (a : Nat) {b : Nat} (hb : 0 < b) : (a : F) / b < ((a / b : Nat) : F) + 1 :=
  (div_lt_iff (natCast_pos hb)).mpr (lt_natCast_div_add_one_mul a hb)

/-! ## The exponential -/

theorem exp_add (x y : F) : exp (x + y) = exp x * exp y := ExpField.exp_add x y

theorem one_add_le_exp (x : F) : 1 + x ≤ exp x := ExpField.one_add_le_exp x

theorem exp_zero : exp (0 : F) = 1 := by
  have h := exp_add (0 : F) 0
  have h1 := one_add_le_exp (0 : F)
  rw [Semiring.add_zero] at h
  grind

/-- `exp (-x)` is the reciprocal of `exp x`. -/
theorem exp_neg (x : F) : exp (-x) * exp x = 1 := by
  have h : -x + x = 0 := by grind
  rw [← exp_add, h, exp_zero]

theorem exp_pos (x : F) : 0 < exp x := by
  have h := exp_neg x
  have h1 := one_add_le_exp x
  have h2 := one_add_le_exp (-x)
  by_cases hx : 0 ≤ x
  · grind
  · exact pos_of_mul_pos (b := exp (-x)) (by grind) (by grind)

theorem exp_nonneg (x : F) : 0 ≤ exp x := by
  have := exp_pos x
  grind

theorem exp_ne_zero (x : F) : exp x ≠ 0 := by
  have := exp_pos x
  grind

theorem exp_neg_eq_inv (x : F) : exp (-x) = (exp x)⁻¹ := by
  have := exp_neg x
  have := exp_ne_zero x
  grind

theorem exp_sub (x y : F) : exp (x - y) = exp x / exp y := by
  have h := exp_add (x - y) y
  have h1 := exp_ne_zero y
  have h2 : x - y + y = x := by grind
  rw [h2] at h
  grind

theorem exp_sub' (x y : F) : exp (x - y) = exp x * exp (-y) := by
  rw [← exp_add]; grind

theorem exp_le_exp {x y : F} (h : x ≤ y) : exp x ≤ exp y := by
  have h1 := exp_add x (y - x)
  have h2 : x + (y - x) = y := by grind
  have h3 := one_add_le_exp (y - x)
  have h4 := mul_le_mul_left (a := 1) (b := exp (y - x)) (by grind) (exp_nonneg x)
  rw [h2] at h1
  grind

theorem exp_lt_exp {x y : F} (h : x < y) : exp x < exp y := by
  have h1 := exp_add x (y - x)
  have h2 : x + (y - x) = y := by grind
  have h3 := one_add_le_exp (y - x)
  have h4 := mul_lt_mul_left (a := 1) (b := exp (y - x)) (by grind) (exp_pos x)
  rw [h2] at h1
  grind

theorem exp_le_one {x : F} (h : x ≤ 0) : exp x ≤ 1 := by
  have := exp_le_exp h
  rwa [exp_zero] at this

theorem one_le_exp {x : F} (h : 0 ≤ x) : 1 ≤ exp x := by
  have := exp_le_exp h
  rwa [exp_zero] at this

/-- `exp x ≤ 1 / (1 - x)` for `x < 1`, without the division. -/
theorem exp_mul_one_sub_le (x : F) : exp x * (1 - x) ≤ 1 := by
  have := mul_le_mul_left (one_add_le_exp (-x)) (exp_nonneg x)
  have := exp_neg x
  grind

theorem exp_le_one_div {x : F} (h : x < 1) : exp x ≤ 1 / (1 - x) :=
  (le_div_iff (by grind)).mpr (exp_mul_one_sub_le x)

theorem exp_natCast_mul (n : Nat) (x : F) : exp (n * x) = exp x ^ n := by
  induction n with
  | zero => rw [natCast_zero, Semiring.zero_mul, exp_zero, Semiring.pow_zero]
  | succ n ih =>
    rw [Semiring.pow_succ, ← ih, ← exp_add, natCast_add, natCast_one]
    grind

end LeanBound
