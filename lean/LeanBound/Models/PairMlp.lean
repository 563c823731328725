module

public import LeanBound.Numerics.Affine
public import LeanBound.Numerics.Relu
public import LeanBound.Properties.Classifier

/-!
# The MLP on pairs of tokens

One hidden layer of ReLUs: `logits = relu (W_A[x] + W_B[y] + b_H) · W_U + b_U`, in exact arithmetic over an ordered field.
One embedding for both tokens, as under attention fixed to one half, is the case `W_A = W_B`.
-/

@[expose] public section

namespace LeanBound

/-- An MLP with one hidden layer on a pair of tokens. Biases are tensors of one row. -/
structure PairMlp where
  /-- Tokens are `0, …, d_vocab - 1`, in and out. -/
  d_vocab : Nat
  /-- How many hidden units there are. -/
  d_hidden : Nat
  /-- What the first token adds to the hidden units. -/
  W_A : Tensor
  /-- What the second token adds to the hidden units. -/
  W_B : Tensor
  b_H : Tensor
  W_U : Tensor
  b_U : Tensor

noncomputable section

variable {F : Type u} [ExpField F]

namespace PairMlp

variable (M : PairMlp)

/-- The pre-activation of hidden unit `j` on the pair `x`. -/
def pre (x : List Nat) (j : Nat) : F :=
  M.W_A.entry (x.getD 0 0) j + M.W_B.entry (x.getD 1 0) j + M.b_H.entry 0 j

/-- The logit of output token `o`. -/
def logit (x : List Nat) (o : Nat) : F := affine M.d_hidden (fun j => relu (M.pre x j)) M.W_U M.b_U o

/-- The model as a classifier of pairs. -/
def classifier : Classifier where
  d_vocab := M.d_vocab
  n_ctx := 2
  d_out := M.d_vocab
  logit _ _ := M.logit

end PairMlp

end

end LeanBound
