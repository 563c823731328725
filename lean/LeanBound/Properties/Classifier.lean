module

public import LeanBound.Properties.Accuracy

/-!
# Classifiers of sequences, of any architecture

A model enters here as the logits that it gives, in exact arithmetic over any ordered field with an exponential.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- A model that gives every output a logit, on sequences of one length. -/
structure Classifier where
  /-- Input tokens are `0, …, d_vocab - 1`. -/
  d_vocab : Nat
  /-- Input sequences have exactly `n_ctx` tokens. -/
  n_ctx : Nat
  /-- Outputs are `0, …, d_out - 1`. -/
  d_out : Nat
  /-- The logit of an output on a sequence. -/
  logit : (F : Type) → [ExpField F] → List Nat → Nat → F

namespace Classifier

variable (C : Classifier)

/-- The model is right about `x` when the logit of the output `y` is above every other one; a tie is wrong. -/
def Correct (F : Type) [ExpField F] (x : List Nat) (y : Nat) : Prop :=
  ∀ o, o < C.d_out → o ≠ y → C.logit F x o < C.logit F x y

/-- Of all `d_vocab ^ n_ctx` inputs, the model is right on at least `N`, whatever the field. -/
def AccuracyAtLeast (target : List Nat → Nat) (N : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], N ≤ count C.d_vocab C.n_ctx fun x => C.Correct F x (target x)

end Classifier

end

end LeanBound
