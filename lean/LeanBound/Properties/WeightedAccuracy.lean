module

public import LeanBound.Properties.Classifier

/-! # Accuracy when inputs do not count alike -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The weight of a sequence: the product of the weights of its tokens, which have a list for each position. -/
def weightOf : List (List Nat) → List Nat → Nat
  | weights :: rest, t :: x => weights.getD t 0 * weightOf rest x
  | _, _ => 1

/-- The weights of the sequences of `K` tokens below `V` that have the property `p`, added up. -/
def weighted (V K : Nat) (weights : List (List Nat)) (p : List Nat → Prop) : Nat :=
  (((sequences V K).filter fun x => @decide (p x) (Classical.propDecidable _)).map (weightOf weights)).sum

/-- The inputs that the model is right on weigh at least `N`, of `total`, which all inputs weigh. -/
def Classifier.WeightedAccuracyAtLeast (C : Classifier) (target : List Nat → Nat) (weights : List (List Nat)) (N total : Nat) :
    Prop :=
  weighted C.d_vocab C.n_ctx weights (fun _ => True) = total ∧
    ∀ (F : Type) [ExpField F], N ≤ weighted C.d_vocab C.n_ctx weights fun x => C.Correct F x (target x)

end

end LeanBound
