module

public import LeanBound.Numerics.ExpField

/-! # Finite sums -/

@[expose] public section

namespace LeanBound

/-- `sum n f = f 0 + f 1 + … + f (n - 1)`. -/
def sum {R : Type u} [Lean.Grind.Ring R] (n : Nat) (f : Nat → R) : R :=
  match n with
  | 0 => 0
  | n + 1 => sum n f + f n

end LeanBound
