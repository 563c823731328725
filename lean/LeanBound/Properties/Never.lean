module

public import LeanBound.Properties.Classifier

/-! # Outputs that a model never gives -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- All sequences whose token at each position is one of the list for that position. -/
def sequencesOf : List (List Nat) → List (List Nat)
  | [] => [[]]
  | tokens :: rest => tokens.flatMap fun t => (sequencesOf rest).map (t :: ·)

namespace Classifier

variable (C : Classifier)

/-- Another logit is above that of `o`: the output is not `o`, whatever is done about ties. -/
def Excludes (F : Type) [ExpField F] (x : List Nat) (o : Nat) : Prop :=
  ∃ y, y < C.d_out ∧ C.logit F x o < C.logit F x y

/-- On no sequence that takes its tokens from these lists, one for each position, is one of `outputs` the output. -/
def Never (tokens : List (List Nat)) (outputs : List Nat) : Prop :=
  ∀ (F : Type) [ExpField F], ∀ x ∈ sequencesOf tokens, ∀ o ∈ outputs, C.Excludes F x o

end Classifier

end

end LeanBound
