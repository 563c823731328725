module

public import LeanBound.Numerics.ExpField

/-! # The rectifier -/

@[expose] public section

namespace LeanBound

/-- `z`, or `0` where `z` is negative. -/
noncomputable def relu {F : Type u} [ExpField F] (z : F) : F := @ite F (0 ≤ z) (Classical.propDecidable _) z 0

end LeanBound
