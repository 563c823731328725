module

public import LeanBound.Properties.Classifier

/-! # Agreement of two models, such as an original and its quantisation -/

@[expose] public section

namespace LeanBound

namespace Classifier

variable (C D : Classifier)

/-- One output has the largest logit of both models; a tie in one of them is no agreement. -/
def Agree (F : Type) [ExpField F] (x : List Nat) : Prop :=
  ∃ y, y < C.d_out ∧ C.Correct F x y ∧ D.Correct F x y

/-- Two models of the same inputs and outputs agree on at least `N` of all `d_vocab ^ n_ctx` inputs. -/
def AgreementAtLeast (N : Nat) : Prop :=
  (C.d_vocab = D.d_vocab ∧ C.n_ctx = D.n_ctx ∧ C.d_out = D.d_out) ∧
    ∀ (F : Type) [ExpField F], N ≤ count C.d_vocab C.n_ctx fun x => C.Agree D F x

end Classifier

end LeanBound
