module

public import LeanBound.Numerics.Lanes

/-!
# Generalised Pascal's triangles

`pascal q g f k` are the coefficients of `(q + g X) ^ k` times the polynomial with coefficients `f`: binomials for `q = g = 1` and
`f = 1, 0, 0, …`. The kernel computes a whole row as one power of a number, with the coefficients in lanes.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- One place up: `0, f 0, f 1, …`. -/
def shifted (f : Nat → Nat) (j : Nat) : Nat := Nat.rec 0 (fun j _ => f j) j

/-- Row `k` of the triangle. -/
def pascal (q g : Nat) (f : Nat → Nat) (k : Nat) : Nat → Nat :=
  Nat.rec f (fun _ p j => q * p j + g * shifted p j) k

/-- `1, …, 1, 0, 0, …` with `n` ones. -/
def step (n j : Nat) : Nat := if j < n then 1 else 0

/-- Entry `n` of row `k` over `step (n + 1)`, which is the sum of the first `n + 1` coefficients of `(q + g X) ^ k`. -/
def pascalSum (w q g k n : Nat) : Nat :=
  lane w (Nat.mul (ones w (Nat.succ n)) (Nat.pow (Nat.add q (Nat.mul g (Nat.pow 2 w))) k)) n

/-- The binomial coefficient. -/
def choose (w k j : Nat) : Nat := lane w (Nat.pow (Nat.add 1 (Nat.pow 2 w)) k) j

theorem pascal_zero (q g : Nat) (f : Nat → Nat) : pascal q g f 0 = f := rfl

theorem pascal_succ (q g : Nat) (f : Nat → Nat) (k j : Nat) :
    pascal q g f (k + 1) j = q * pascal q g f k j + g * shifted (pascal q g f k) j := rfl

theorem shifted_zero (f : Nat → Nat) : shifted f 0 = 0 := rfl

theorem shifted_succ (f : Nat → Nat) (j : Nat) : shifted f (j + 1) = f j := rfl

theorem pascal_beyond {q g n : Nat} {f : Nat → Nat} (hf : ∀ j, n ≤ j → f j = 0) (k : Nat) {j : Nat} (hj : n + k ≤ j) :
    pascal q g f k j = 0 := by
  induction k generalizing j with
  | zero => exact hf j hj
  | succ k ih =>
    obtain ⟨i, rfl⟩ : ∃ i, j = i + 1 := ⟨j - 1, by omega⟩
    rw [pascal_succ, shifted_succ, ih (by omega), ih (by omega), Nat.mul_zero, Nat.mul_zero]

theorem pascal_le {q g : Nat} {f : Nat → Nat} (hf : ∀ j, f j ≤ 1) (k j : Nat) : pascal q g f k j ≤ (q + g) ^ k := by
  induction k generalizing j with
  | zero => exact hf j
  | succ k ih =>
    have h : shifted (pascal q g f k) j ≤ (q + g) ^ k := by
      cases j with
      | zero => exact Nat.zero_le _
      | succ j => exact ih j
    rw [pascal_succ, Nat.pow_succ, Nat.mul_comm _ (q + g), Nat.add_mul]
    exact Nat.add_le_add (Nat.mul_le_mul_left q (ih j)) (Nat.mul_le_mul_left g h)

theorem pack_shifted (w n : Nat) (f : Nat → Nat) : pack w (shifted f) (n + 1) = 2 ^ w * pack w f n := by
  induction n with
  | zero => simp [pack_succ, pack_zero, shifted_zero]
  | succ n ih =>
    rw [pack_succ, ih, pack_succ, shifted_succ, Nat.mul_succ, Nat.pow_add, Nat.mul_add]
    congr 1
    rw [Nat.mul_comm (2 ^ (w * n)), Nat.mul_left_comm]

/-- Row `k` in lanes. -/
theorem pack_pascal {w q g n : Nat} {f : Nat → Nat} (hf : ∀ j, n ≤ j → f j = 0) (k : Nat) :
    pack w (pascal q g f k) (n + k) = pack w f n * (q + g * 2 ^ w) ^ k := by
  induction k with
  | zero => rw [Nat.pow_zero, Nat.mul_one]; rfl
  | succ k ih =>
    have h : pack w (pascal q g f (k + 1)) (n + (k + 1)) =
        q * pack w (pascal q g f k) (n + k + 1) + g * pack w (shifted (pascal q g f k)) (n + k + 1) := by
      rw [← pack_mul, ← pack_mul, ← pack_add]
      rfl
    rw [h, pack_shifted, pack_succ, pascal_beyond hf k (Nat.le_refl _), Nat.zero_mul, Nat.add_zero, ← Nat.mul_assoc,
      ← Nat.add_mul, ih, Nat.pow_succ, Nat.mul_left_comm, Nat.mul_comm (q + g * 2 ^ w)]

theorem lane_pascal {w q g n : Nat} {f : Nat → Nat} (hf : ∀ j, n ≤ j → f j = 0) (h1 : ∀ j, f j ≤ 1) {k j : Nat}
    (hw : (q + g) ^ k < 2 ^ w) (hj : j < n + k) : lane w (pack w f n * (q + g * 2 ^ w) ^ k) j = pascal q g f k j := by
  rw [← pack_pascal hf]
  exact lane_pack (fun i _ => Nat.lt_of_le_of_lt (pascal_le h1 k i) hw) hj

theorem step_le (n j : Nat) : step n j ≤ 1 := by
  unfold step
  split <;> omega

theorem step_beyond {n j : Nat} (h : n ≤ j) : step n j = 0 := if_neg (by omega)

theorem pack_step (w n : Nat) : pack w (step n) n = ones w n :=
  (pack_congr fun _ hj => if_pos hj).trans (ones_eq w n).symm

theorem pascalSum_eq {w q g k n : Nat} (hw : (q + g) ^ k < 2 ^ w) : pascalSum w q g k n = pascal q g (step (n + 1)) k n := by
  show lane w (ones w (n + 1) * (q + g * 2 ^ w) ^ k) n = _
  rw [← pack_step]
  exact lane_pascal (fun _ => step_beyond) (step_le _) hw (by omega)

theorem choose_eq {w k j : Nat} (hw : 2 ^ k < 2 ^ w) : choose w k j = pascal 1 1 (step 1) k j := by
  have h : pack w (step 1) 1 = 1 := by rw [pack_step, ones_succ]; simp [ones_zero]
  show lane w ((1 + 2 ^ w) ^ k) j = _
  by_cases hj : j < 1 + k
  · rw [← lane_pascal (w := w) (fun _ => step_beyond) (step_le 1) hw hj, h, Nat.one_mul, Nat.one_mul]
  · rw [pascal_beyond (fun _ => step_beyond) k (by omega), lane_eq, Nat.shiftRight_eq_div_pow]
    have hlt : (1 + 2 ^ w) ^ k < 2 ^ (w * (1 + k)) := by
      have := pack_lt (w := w) (n := 1 + k) (f := pascal 1 1 (step 1) k)
        fun i _ => Nat.lt_of_le_of_lt (pascal_le (step_le 1) k i) hw
      rwa [pack_pascal fun _ => step_beyond, h, Nat.one_mul, Nat.one_mul] at this
    rw [Nat.div_eq_of_lt (Nat.lt_of_lt_of_le hlt (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left w (by omega)))),
      Nat.zero_mod]

end

end LeanBound
