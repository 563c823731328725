module

/-! A stand-in for the specification: the same names and shapes, little behind them. -/

@[expose] public section

namespace LeanBound

structure Tensor where
  width : Nat
  frac : Nat
  rows : List Nat

structure Head where
  d_head : Nat
  W_Q : Tensor
  b_Q : Tensor
  W_K : Tensor
  b_K : Tensor
  W_V : Tensor
  b_V : Tensor
  W_O : Tensor

structure AttentionOnly where
  d_vocab : Nat
  n_ctx : Nat
  d_model : Nat
  W_E : Tensor
  W_pos : Tensor
  heads : List Head
  b_O : Tensor
  W_U : Tensor
  b_U : Tensor

noncomputable def maxToken (x : List Nat) : Nat := x.foldr max 0

structure Classifier where
  size : Nat

def AttentionOnly.classifier (M : AttentionOnly) : Classifier where
  size := M.d_vocab ^ M.n_ctx

def Classifier.AccuracyAtLeast (C : Classifier) (target : List Nat → Nat) (N : Nat) : Prop :=
  N ≤ C.size ∧ target [] = 0

end LeanBound
