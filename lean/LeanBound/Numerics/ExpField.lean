module

public import Init.Grind

/-!
# Ordered fields with an exponential

The two laws of `exp` are all that a claim assumes of it. The real numbers with the usual exponential
are the intended model, so a statement about every `ExpField` is in particular one about the reals.
-/

@[expose] public section

namespace LeanBound

universe u

/-- A linearly ordered field with a map `exp` that turns sums into products and lies above its tangent at `0`. -/
class ExpField (F : Type u) extends Lean.Grind.Field F, LE F, LT F,
    Std.LawfulOrderLT F, Std.IsLinearOrder F, Lean.Grind.OrderedRing F where
  exp : F → F
  exp_add : ∀ x y : F, exp (x + y) = exp x * exp y
  one_add_le_exp : ∀ x : F, 1 + x ≤ exp x

export ExpField (exp)

end LeanBound
