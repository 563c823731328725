module

public import LeanBound.Numerics.Affine
public import LeanBound.Properties.Classifier

/-!
# The one-layer attention-only transformer

`Head` and `AttentionOnly` hold the weights; `logit` is the forward pass, in exact arithmetic over an
ordered field with an exponential. No layer norm, no MLP. The factor `1 / √d_head` is part of `W_Q` and `b_Q`.
-/

@[expose] public section

namespace LeanBound

/-- One attention head. Biases are tensors of one row. -/
structure Head where
  /-- The width of queries, keys and values. -/
  d_head : Nat
  W_Q : Tensor
  b_Q : Tensor
  W_K : Tensor
  b_K : Tensor
  W_V : Tensor
  b_V : Tensor
  W_O : Tensor

/-- A one-layer attention-only transformer with learned positions. Biases are tensors of one row. -/
structure AttentionOnly where
  /-- Tokens are `0, …, d_vocab - 1`, in and out. -/
  d_vocab : Nat
  /-- Input sequences have exactly `n_ctx` tokens. -/
  n_ctx : Nat
  d_model : Nat
  W_E : Tensor
  W_pos : Tensor
  heads : List Head
  b_O : Tensor
  W_U : Tensor
  b_U : Tensor

noncomputable section

variable {F : Type u} [ExpField F]

namespace AttentionOnly

variable (M : AttentionOnly) (H : Head) (x : List Nat)

/-- Coordinate `c` of the residual stream at position `i`: token embedding plus position embedding. -/
def resid_pre (i c : Nat) : F := M.W_E.entry (x.getD i 0) c + M.W_pos.entry i c

/-- The attention score of position `i`, seen from the last position. -/
def score (i : Nat) : F :=
  sum H.d_head fun a =>
    affine M.d_model (resid_pre M x (M.n_ctx - 1)) H.W_Q H.b_Q a * affine M.d_model (resid_pre M x i) H.W_K H.b_K a

/-- The softmax over all positions, seen from the last position. -/
def pattern (i : Nat) : F := exp (score M H x i) / sum M.n_ctx fun j => exp (score M H x j)

/-- Coordinate `c` of what the head adds to the residual stream of the last position. -/
def head_out (c : Nat) : F :=
  sum M.n_ctx fun i => pattern M H x i *
    sum H.d_head fun a => affine M.d_model (resid_pre M x i) H.W_V H.b_V a * H.W_O.entry a c

/-- Coordinate `c` of the residual stream of the last position after attention. -/
def resid_post (c : Nat) : F :=
  resid_pre M x (M.n_ctx - 1) c + (M.heads.foldr (fun H s => head_out M H x c + s) 0 + M.b_O.entry 0 c)

/-- The logit of output token `o` at the last position. -/
def logit (o : Nat) : F := affine M.d_model (resid_post M x) M.W_U M.b_U o

/-- The model as a classifier of sequences of `n_ctx` tokens. -/
def classifier : Classifier where
  d_vocab := M.d_vocab
  n_ctx := M.n_ctx
  d_out := M.d_vocab
  logit _ _ := M.logit

end AttentionOnly

end

end LeanBound
