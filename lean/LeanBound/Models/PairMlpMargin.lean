module

public import LeanBound.Models.AttentionOnlyMargin
public import LeanBound.Models.PairMlp

/-!
# The MLP on pairs in integers

Pre-activations and logits are integers over powers of two, as long as the scales of the tensors fit (`Aligned`), and the model
is right where the integers are (`correct_of_logitInt`).
-/

@[expose] public section

namespace LeanBound

universe u

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

namespace PairMlp

variable (M : PairMlp)

/-- What is added up has one scale. -/
structure Aligned : Prop where
  W_B : M.W_B.frac = M.W_A.frac
  b_H : M.b_H.frac = M.W_A.frac
  b_U : M.b_U.frac = M.W_A.frac + M.W_U.frac

/-- The pre-activation of unit `j` on the pair `(a, i)`, over `2 ^ M.W_A.frac`. -/
def preInt (a i j : Nat) : Int := M.W_A.int a j + M.W_B.int i j + M.b_H.int 0 j

/-- The logit of `o` on the pair `(a, i)`, over `2 ^ M.b_U.frac`. -/
def logitInt (a i o : Nat) : Int :=
  sum M.d_hidden (fun j => ((M.preInt a i j).toNat : Int) * M.W_U.int j o) + M.b_U.int 0 o

variable {M} {F : Type u} [ExpField F]

theorem pre_eq (hA : M.Aligned) (a i j : Nat) : (M.pre [a, i] j : F) = (M.preInt a i j : F) / 2 ^ M.W_A.frac := by
  show M.W_A.entry a j + M.W_B.entry i j + M.b_H.entry 0 j = _
  rw [Tensor.entry, Tensor.entry, Tensor.entry, hA.W_B, hA.b_H, preInt, Ring.intCast_add, Ring.intCast_add]
  grind

theorem relu_scaled (z : Int) (k : Nat) : relu ((z : F) / 2 ^ k) = ((z.toNat : Int) : F) / 2 ^ k := by
  have hk := two_pow_pos (F := F) k
  rw [relu]
  by_cases h : 0 ≤ z
  · rw [if_pos (div_nonneg (intCast_nonneg h) hk), Int.toNat_of_nonneg h]
  · have h0 : (z : F) / 2 ^ k < 0 := by
      have := div_lt_div_right (intCast_lt (F := F) (show z < 0 by omega)) hk
      rw [intCast_zero] at this
      grind
    rw [if_neg (by grind), Int.toNat_of_nonpos (by omega), Int.ofNat_zero, intCast_zero]
    grind

theorem logit_eq (hA : M.Aligned) (a i o : Nat) :
    (M.logit [a, i] o : F) = (M.logitInt a i o : F) / 2 ^ (M.W_A.frac + M.W_U.frac) :=
  affine_scaled _ _ (fun j => ((M.preInt a i j).toNat : Int)) _ _ _ _
    (fun j _ => by rw [pre_eq hA, relu_scaled]) hA.b_U

/-- Where the integers of the right output lead, so does its logit. -/
theorem correct_of_logitInt (hA : M.Aligned) (F : Type) [ExpField F] {a i y : Nat}
    (h : ∀ o, o < M.d_vocab → o ≠ y → M.logitInt a i o < M.logitInt a i y) : M.classifier.Correct F [a, i] y := by
  intro o ho hne
  show (M.logit [a, i] o : F) < M.logit [a, i] y
  rw [logit_eq hA, logit_eq hA]
  exact div_lt_div_right (intCast_lt (h o ho hne)) (two_pow_pos _)

end PairMlp

end

end LeanBound
