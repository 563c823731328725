module

public import LeanBound.Models.FeedForward
public import LeanBound.Numerics.Sum

/-!
# What a network does on a box of inputs

The claim is that no input of a box has outputs in any of some polyhedra. That the output `y` is the largest is the claim with
one polyhedron `y_y - y_o ≤ 0` for each other `o`; that an output stays between two bounds, with one for each of them.
-/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Ring.intCast

/-- Input `i` lies between `lower[i] / 2 ^ frac` and `upper[i] / 2 ^ frac`. -/
structure Box where
  frac : Nat
  lower : List Int
  upper : List Int

/-- The outputs `y` with `Σ_o coefficients[o] * y_o ≤ bound / 2 ^ frac`. -/
structure Halfspace where
  coefficients : List Int
  bound : Int
  frac : Nat

noncomputable section

variable {F : Type u} [ExpField F]

/-- The box holds the input `x`. -/
def Box.Contains (B : Box) (x : Nat → F) : Prop :=
  ∀ i, i < B.lower.length →
    (B.lower.getD i 0 : F) / (2 : F) ^ B.frac ≤ x i ∧ x i ≤ (B.upper.getD i 0 : F) / (2 : F) ^ B.frac

/-- The halfspace holds the outputs `y`. -/
def Halfspace.Contains (H : Halfspace) (y : Nat → F) : Prop :=
  (sum H.coefficients.length fun o => (H.coefficients.getD o 0 : F) * y o) ≤ (H.bound : F) / (2 : F) ^ H.frac

/-- No input in the box has outputs in a polyhedron, an intersection of halfspaces, whatever the field. -/
def Avoids (layers : List Layer) (B : Box) (polyhedra : List (List Halfspace)) : Prop :=
  ∀ (F : Type) [ExpField F] (x : Nat → F), B.Contains x →
    ∀ P, P ∈ polyhedra → ¬ ∀ H, H ∈ P → H.Contains (feedForward layers x)

end

end LeanBound
