module

public import LeanBound.Numerics.ExpField

/-!
# Classifiers of sequences, of any architecture, and their inputs

A model enters a property as the logits that it gives, in exact arithmetic over any ordered field with an exponential.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- All sequences of `K` tokens below `V`, each exactly once: `V ^ K` of them. -/
def sequences (V : Nat) : Nat → List (List Nat)
  | 0 => [[]]
  | K + 1 => (List.range V).flatMap fun t => (sequences V K).map (t :: ·)

/-- How many sequences of `K` tokens below `V` have the property `p`. -/
def count (V K : Nat) (p : List Nat → Prop) : Nat :=
  ((sequences V K).filter fun x => @decide (p x) (Classical.propDecidable _)).length

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

/-- The model is right about `x` when the logit of the output `y` is above every other one; a tie is wrong. -/
def Classifier.Correct (C : Classifier) (F : Type) [ExpField F] (x : List Nat) (y : Nat) : Prop :=
  ∀ o, o < C.d_out → o ≠ y → C.logit F x o < C.logit F x y

end

end LeanBound
