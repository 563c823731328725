module

public import LeanBound.Numerics.Sum
public import LeanBound.Properties.Classifier

/-! # Mean cross-entropy, without a logarithm -/

@[expose] public section

namespace LeanBound

noncomputable section

attribute [local instance] Lean.Grind.Semiring.natCast

namespace Classifier

variable (C : Classifier) (target : List Nat → Nat)

/-- The cross-entropy of the softmax on `x` is at most `l`, with `y` the right output: `log (Σ exp logits) - logit y ≤ l`. -/
def CrossEntropyAtMost (F : Type) [ExpField F] (x : List Nat) (y : Nat) (l : F) : Prop :=
  sum C.d_out (fun o => exp (C.logit F x o)) ≤ exp l * exp (C.logit F x y)

/-- The mean cross-entropy over all `d_vocab ^ n_ctx` inputs is at most `num / den`. -/
def LossAtMost (num den : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], ∃ l : List Nat → F,
    (∀ x ∈ sequences C.d_vocab C.n_ctx, C.CrossEntropyAtMost F x (target x) (l x)) ∧
      ((sequences C.d_vocab C.n_ctx).map l).foldr (· + ·) 0 ≤ (num : F) / (den : F) * ((C.d_vocab ^ C.n_ctx : Nat) : F)

end Classifier

end

end LeanBound
