module

public import LeanBound.Properties.Classifier

/-! # Failures, listed or counted -/

@[expose] public section

namespace LeanBound

namespace Classifier

variable (C : Classifier) (target : List Nat → Nat)

/-- The model is right on every input that is not one of `exceptions`. -/
def RightExceptOn (exceptions : List (List Nat)) : Prop :=
  ∀ (F : Type) [ExpField F], ∀ x ∈ sequences C.d_vocab C.n_ctx, x ∉ exceptions → C.Correct F x (target x)

/-- Of all `d_vocab ^ n_ctx` inputs, the model is not right on at most `n`. -/
def FailuresAtMost (n : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], (count C.d_vocab C.n_ctx fun x => ¬ C.Correct F x (target x)) ≤ n

end Classifier

end LeanBound
