module

public import LeanBound.Models.AttentionOnly

/-! # Accuracy over the whole input space -/

@[expose] public section

namespace LeanBound

noncomputable section

set_option debug.skipKernelTC true

/-- All sequences of `K` tokens below `V`, each exactly once: `V ^ K` of them. -/
def sequences (V : Nat) : Nat → List (List Nat)
  | 0 => [[]]
  | K + 1 => (List.range V).flatMap fun t => (sequences V K).map (t :: ·)

/-- How many sequences of `K` tokens below `V` have the property `p`. -/
def count (V K : Nat) (p : List Nat → Prop) : Nat :=
  ((sequences V K).filter fun x => @decide (p x) (Classical.propDecidable _)).length

/-- The model is right about `x` when the logit of the token `y` is above every other one; a tie is wrong. -/
def Correct (F : Type u) [ExpField F] (M : AttentionOnly) (x : List Nat) (y : Nat) : Prop :=
  ∀ o, o < M.d_vocab → o ≠ y → (M.logit x o : F) < M.logit x y

/-- Of all `d_vocab ^ n_ctx` inputs, the model is right on at least `N`, whatever the field. -/
def AccuracyAtLeast (M : AttentionOnly) (target : List Nat → Nat) (N : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], N ≤ count M.d_vocab M.n_ctx fun x => Correct F M x (target x)

end

end LeanBound
