module

public import LeanBound.Numerics.Sum
public import LeanBound.Numerics.Tensor

/-! # Affine maps -/

@[expose] public section

namespace LeanBound

/-- Entry `j` of the row vector `x · W + b`, for `x` of length `n`. -/
noncomputable def affine {F : Type u} [ExpField F] (n : Nat) (x : Nat → F) (W b : Tensor) (j : Nat) : F :=
  sum n (fun c => x c * W.entry c j) + b.entry 0 j

end LeanBound
