module

public import LeanBound.Properties.Classifier

/-! # Failures, listed -/

@[expose] public section

namespace LeanBound

namespace Classifier

variable (C : Classifier) (target : List Nat → Nat)

/-- The model is right on every input that is not one of `exceptions`. -/
def RightExceptOn (exceptions : List (List Nat)) : Prop :=
  ∀ (F : Type) [ExpField F], ∀ x ∈ sequences C.d_vocab C.n_ctx, x ∉ exceptions → C.Correct F x (target x)

end Classifier

end LeanBound
