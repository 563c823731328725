module

public import LeanBound.Strategies.SubCubic.Factors

/-!
# Bounds of scores from ranges of embeddings: checker

Keys are not computed either. The certificate says in what range each coordinate of the embeddings lies. A coordinate of a key is
a sum of those, times weights, so that it varies by no more than the sum of their ranges times the absolute values of the weights:
`max_diff_subproduct_recursive`. Key scores are inner products of embeddings with `W_K` times the centre.

Nothing is taken off keys: `direction` and `along` of the factors are not used, nor is the last coordinate.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Ranges of the coordinates of embeddings, in lanes of `bits` bits; entries have the bias of weights. -/
structure EmbeddingRanges where
  bits : Nat
  /-- By coordinate: at most that of any token. -/
  tokenLow : Nat
  /-- By coordinate: at least that of any token. -/
  tokenHigh : Nat
  /-- By coordinate: at most that of any position. -/
  positionLow : Nat
  /-- By coordinate: at least that of any position. -/
  positionHigh : Nat

/-- Coordinate `c` of all embeddings, and, last, a one for positions. -/
def Plan.embeddingRow (p : Plan) (M : AttentionOnly) (c : Nat) : Nat :=
  cond (Nat.beq c M.d_model)
    (above p.narrow M.d_vocab (Nat.mul (Nat.succ p.bias) (ones p.narrow M.n_ctx)) (Nat.mul p.bias (ones p.narrow M.d_vocab)))
    (squeeze p.stride p.narrow (p.embedding M c))

namespace EmbeddingRanges

variable (R : EmbeddingRanges) (p : Plan) (M : AttentionOnly) (H : Head)

/-- Coordinate `c` of embeddings is in its ranges. -/
def checkEmbedding (c : Nat) : Bool :=
  both (atMost p.narrow (Plan.rows M) (Factors.bounds p M (lane R.bits R.tokenLow c) (lane R.bits R.positionLow c))
      (Nat.add (p.embeddingRow M c) (Nat.mul p.quarter (ones p.narrow (Plan.rows M)))))
    (atMost p.narrow (Plan.rows M) (Nat.add (p.embeddingRow M c) (Nat.mul p.quarter (ones p.narrow (Plan.rows M))))
      (Factors.bounds p M (lane R.bits R.tokenHigh c) (lane R.bits R.positionHigh c)))

/-- How far coordinate `c` of tokens and that of positions vary, together. -/
def range (c : Nat) : Nat :=
  Nat.add (Nat.sub (lane R.bits R.tokenHigh c) (lane R.bits R.tokenLow c))
    (Nat.sub (lane R.bits R.positionHigh c) (lane R.bits R.positionLow c))

/-- Absolute values of row `c` of `W_K`. -/
def weights (c : Nat) : Nat :=
  Nat.add
    (monus p.narrow (guardBits p.narrow H.d_head) (H.W_K.row p.narrow p.bias H.d_head c)
      (Nat.mul p.bias (ones p.narrow H.d_head)))
    (monus p.narrow (guardBits p.narrow H.d_head) (Nat.mul p.bias (ones p.narrow H.d_head))
      (H.W_K.row p.narrow p.bias H.d_head c))

/-- By coordinate of the head: how far keys vary at most. -/
def keyRanges : Nat := natSum M.d_model fun c => Nat.mul (R.range c) (weights p H c)

/-- The ranges hold, and what is computed from them stays inside lanes. -/
def check : Bool :=
  both (Nat.ble (Nat.add R.bits 2) p.narrow)
  (both (Nat.ble (Nat.succ (Nat.mul M.d_model (Nat.mul (Nat.mul 2 (Nat.pow 2 R.bits)) p.bias))) p.quarter)
    (allBelow (R.checkEmbedding p M) M.d_model))

end EmbeddingRanges

namespace Factors

variable (F : Factors) (p : Plan) (M : AttentionOnly) (H : Head)

/-- `W_K` times the centre, and `b_K` times the centre as the last row. -/
def centreGrid : Nat :=
  p.times (Nat.succ M.d_model) 1 H.d_head p.bias F.bias
    (fun j => above p.stride M.d_model (H.b_K.column p.stride p.bias 1 j) (H.W_K.column p.stride p.bias M.d_model j))
    (lane F.bits F.centre)

/-- Key scores of all embeddings: tokens, then positions. -/
def recursiveScores : Nat :=
  p.rowOf (p.times 1 (Plan.rows M) (Nat.succ M.d_model) p.quarter p.bias (p.rowOf (F.centreGrid p M H)) (p.embeddingRow M)) 0

/-- The ranges of keys follow from those of embeddings. -/
def checkRecursiveRanges (R : EmbeddingRanges) : Bool :=
  both (R.check p M) (allBelow (fun j => Nat.ble (lane p.narrow (R.keyRanges p M H) j) (F.range j)) H.d_head)

/-- The bounds of the scores of `n` queries from `a` on hold, by ranges of embeddings. -/
def checkRecursive (R : EmbeddingRanges) (E : Envelope) (a n : Nat) : Bool :=
  F.checkAround p M H E a n H.d_head (F.checkRecursiveRanges p M H R) (F.recursiveScores p M H)

end Factors

/-- The bounds of the scores of `n` queries from `a` on hold, by ranges of embeddings. -/
def Pool.checkRecursive (P : Pool) (F : Factors) (R : EmbeddingRanges) (p : Plan) (M : AttentionOnly) (H : Head) (a n : Nat) :
    Bool :=
  F.checkRecursive p M H R P.attention a n

end

end LeanBound
