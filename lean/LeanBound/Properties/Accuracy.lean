module

public import LeanBound.Properties.Classifier

/-! # Accuracy over the whole input space -/

@[expose] public section

namespace LeanBound

/-- Of all `d_vocab ^ n_ctx` inputs, the model is right on at least `N`, whatever the field. -/
def Classifier.AccuracyAtLeast (C : Classifier) (target : List Nat → Nat) (N : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], N ≤ count C.d_vocab C.n_ctx fun x => C.Correct F x (target x)

end LeanBound
