module

public import LeanBound.Models.FeedForward
public import LeanBound.Numerics.ExpLemmas
public import LeanBound.Numerics.SumLemmas
public import LeanBound.Strategies.Relaxation.Checker
public import LeanBound.Strategies.Tables.RowsSound

/-! # Linear relaxation of ReLUs, one form at a time -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

variable {F : Type} [ExpField F]

theorem relu_of_nonneg {z : F} (h : 0 ≤ z) : relu z = z := if_pos h

theorem relu_of_neg {z : F} (h : z < 0) : relu z = 0 := if_neg (by grind)

theorem relu_nonneg (z : F) : 0 ≤ relu z := by
  rcases Std.le_total (a := 0) (b := z) with h | h
  · rw [relu_of_nonneg h]; exact h
  · by_cases h0 : 0 ≤ z
    · rw [relu_of_nonneg h0]; exact h0
    · rw [relu_of_neg (by grind)]; exact Std.le_refl _

/-- A line through zero of slope at most one is below a ReLU. -/
theorem line_le_relu {a b : Nat} (h : a ≤ b) (z : F) : (a : F) * z ≤ (b : F) * relu z := by
  have ha := natCast_nonneg (F := F) a
  have hab := natCast_le (F := F) h
  by_cases hz : 0 ≤ z
  · rw [relu_of_nonneg hz]
    exact mul_le_mul_right hab hz
  · rw [relu_of_neg (by grind)]
    have := mul_nonneg ha (show 0 ≤ -z by grind)
    grind

/-- What the numbers before a layer make of it, as integers over a power of two times their scale. -/
def Layer.scaled (L : Layer) (lift : Nat) (x : Nat → F) (o : Nat) : F :=
  sum L.d_in (fun i => x i * (L.W.int i o : F)) + ((2 ^ lift : Nat) : F) * (L.b.int 0 o : F)

/-- A form in the numbers after a layer, written in those before it. -/
theorem Layer.form_eq (L : Layer) (lift : Nat) {x y : Nat → F} (hy : ∀ o, o < L.d_out → y o = L.scaled lift x o) (μ : Nat → Int) :
    (sum L.d_out fun o => (μ o : F) * y o) =
      (sum L.d_in fun i => ((sum L.d_out fun o => L.W.int i o * μ o : Int) : F) * x i) +
        ((2 ^ lift : Nat) : F) * ((sum L.d_out fun o => L.b.int 0 o * μ o : Int) : F) := by
  have h1 : ∀ o, o < L.d_out → (μ o : F) * y o =
      (sum L.d_in fun i => ((L.W.int i o * μ o : Int) : F) * x i) +
        ((2 ^ lift : Nat) : F) * ((L.b.int 0 o * μ o : Int) : F) := fun o ho => by
    rw [hy o ho, scaled, intCast_mul, sum_congr fun i _ =>
      show ((L.W.int i o * μ o : Int) : F) * x i = (μ o : F) * (x i * (L.W.int i o : F)) by rw [intCast_mul]; grind, sum_mul_left]
    grind
  rw [sum_congr h1, sum_add, sum_swap, sum_mul_left, intCast_sum]
  congr 1
  exact sum_congr fun i _ => by rw [intCast_sum, sum_mul_right]

/-- The numbers are in the ranges. -/
def Ranges.Hold (R : Ranges) (n : Nat) (x : Nat → F) : Prop :=
  ∀ i, i < n → (R.lp i : F) - (R.ln i : F) ≤ x i ∧ x i ≤ (R.up i : F) - (R.un i : F) ∧
    R.lp i ≤ R.top ∧ R.ln i ≤ R.top ∧ R.up i ≤ R.top ∧ R.un i ≤ R.top

/-- The lines are lines around the ReLUs of the numbers. -/
def Lines.Hold (l : Lines) (n : Nat) (z : Nat → F) : Prop :=
  ∀ i, i < n → l.lower i ≤ 2 ^ l.bits ∧ l.upper i ≤ 2 ^ l.bits ∧ l.const i ≤ l.top ∧
    ((2 ^ l.bits : Nat) : F) * relu (z i) ≤ (l.upper i : F) * z i + (l.const i : F)

/-- The least value of a form, term by term. -/
theorem Ranges.Hold.least {R : Ranges} {n : Nat} {x : Nat → F} (h : R.Hold n x) (P N : Nat → Nat) :
    ((natSum n fun i => R.lp i * P i + R.un i * N i : Nat) : F) - ((natSum n fun i => R.ln i * P i + R.up i * N i : Nat) : F) ≤
      sum n fun i => (((P i : Int) - (N i : Int) : Int) : F) * x i := by
  rw [natCast_natSum, natCast_natSum, ← sum_sub]
  refine sum_le_sum fun i hi => ?_
  have h1 := mul_le_mul_right (h i hi).1 (natCast_nonneg (F := F) (P i))
  have h2 := mul_le_mul_right (h i hi).2.1 (natCast_nonneg (F := F) (N i))
  simp only [natCast_add, natCast_mul, intCast_sub, intCast_natCast]
  grind

/-- ReLUs replaced by lines. -/
theorem Lines.Hold.relaxed {l : Lines} {n : Nat} {z : Nat → F} (h : l.Hold n z) (P N : Nat → Nat) :
    (sum n fun i => (((l.lower i * P i : Nat) : Int) - ((l.upper i * N i : Nat) : Int) : Int) * z i) -
        ((natSum n fun i => l.const i * N i : Nat) : F) ≤
      ((2 ^ l.bits : Nat) : F) * sum n fun i => (((P i : Int) - (N i : Int) : Int) : F) * relu (z i) := by
  rw [natCast_natSum, ← sum_sub, ← sum_mul_left]
  refine sum_le_sum fun i hi => ?_
  obtain ⟨h1, _, _, h2⟩ := h i hi
  have h3 := mul_le_mul_right (line_le_relu h1 (z i)) (natCast_nonneg (F := F) (P i))
  have h4 := mul_le_mul_right h2 (natCast_nonneg (F := F) (N i))
  simp only [natCast_mul, intCast_sub, intCast_natCast]
  grind

end

end LeanBound
