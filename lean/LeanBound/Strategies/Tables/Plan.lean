module

public import LeanBound.Models.AttentionOnly
public import LeanBound.Numerics.ExpRow
public import LeanBound.Numerics.Grid
public import LeanBound.Numerics.RowTable
public import LeanBound.Strategies.Tables.Rows

/-!
# Tables of a one-head model, computed from the weights

A plan says how wide lanes are and how exponentials are computed; the kernel computes everything else. Products of weight matrices
are grids (`Numerics/Grid`) of narrow lanes; the rows that strategies add up are stretched to wide ones. A bias of a product enters
as one more term of the product, with a column or a row of ones.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate of the tables. -/
structure Plan where
  /-- Bits of a lane of a matrix product. -/
  narrow : Nat
  /-- Bits from a row of a matrix to the next. -/
  stride : Nat
  /-- Added to every weight, to make it positive. -/
  bias : Nat
  /-- Bits of a lane of the rows that are added up. -/
  w : Nat
  /-- Bits of a lane of exponentials. -/
  e : Nat
  /-- Logit contributions are below `2 ^ r`, the offset included. -/
  r : Nat
  /-- Added to every logit contribution, to make it positive. -/
  offset : Nat
  /-- Attention weights are integers over `2 ^ P`. -/
  P : Nat
  /-- Squarings before the first constant. -/
  squarings : Nat
  /-- `consts[b]` is a lower bound of `2 ^ P * exp (-2 ^ b / 2 ^ σ)`, with scores over `2 ^ σ`. -/
  consts : List Nat
  /-- Bound of the error of a computed exponential. -/
  err : Nat
  /-- By query, in lanes of `narrow - 1` bits: at least its largest token score, plus `quarter`. -/
  maxE : Nat
  /-- By query, in lanes of `narrow - 1` bits: at least its largest position score, plus `quarter`. -/
  maxP : Nat

namespace Plan

variable (p : Plan) (M : AttentionOnly) (H : Head)

/-- The bias of matrix products: a quarter of what a narrow lane holds. -/
def quarter : Nat := Nat.pow 2 (Nat.sub p.narrow 2)

/-- Half of what a narrow lane holds. -/
def half : Nat := Nat.pow 2 (Nat.sub p.narrow 1)

/-- How many embeddings there are: of tokens, then of positions. -/
def rows : Nat := Nat.add M.d_vocab M.n_ctx

/-- Coordinate `c` of all embeddings, the tokens' below the positions'. -/
def embedding (c : Nat) : Nat :=
  above p.stride M.d_vocab (M.W_pos.column p.stride p.bias M.n_ctx c) (M.W_E.column p.stride p.bias M.d_vocab c)

/-- Coordinate `c` of the last position, with the bias. -/
def lastPosition (c : Nat) : Nat := M.W_pos.biased p.bias (Nat.sub M.n_ctx 1) c

/-- A product of two matrices, of `n` rows and `m` columns, both with inner dimension `d`. -/
def times (n m d a b : Nat) (col row : Nat → Nat) : Nat :=
  product p.stride p.narrow n m d a b p.quarter col row

/-- Row `c` of a grid. -/
def rowOf (x c : Nat) : Nat := lane p.stride x c

/-! ## Logits -/

/-- `W_O W_U`. -/
def woGrid : Nat :=
  p.times H.d_head M.d_vocab M.d_model p.bias p.bias (H.W_O.column p.stride p.bias H.d_head)
    (M.W_U.row p.narrow p.bias M.d_vocab)

/-- `W_V W_O W_U`, and `b_V W_O W_U` as the last row. -/
def vGrid : Nat :=
  p.times (Nat.succ M.d_model) M.d_vocab H.d_head p.bias p.quarter
    (fun j => above p.stride M.d_model (H.b_V.column p.stride p.bias 1 j) (H.W_V.column p.stride p.bias M.d_model j))
    (p.rowOf (p.woGrid M H))

/-- The OV circuit of all embeddings; the bias counts for positions. -/
def oGrid : Nat :=
  p.times (rows M) M.d_vocab (Nat.succ M.d_model) p.bias p.quarter
    (fun c => cond (Nat.beq c M.d_model)
      (above p.stride M.d_vocab (Nat.mul (Nat.succ p.bias) (ones p.stride M.n_ctx)) (Nat.mul p.bias (ones p.stride M.d_vocab)))
      (p.embedding M c))
    (p.rowOf (p.vGrid M H))

/-- One in the fixed point of `W_V W_O`. -/
def shift : Nat := Nat.pow 2 (Nat.add H.W_V.frac H.W_O.frac)

/-- The bias of the residual stream before attention, with `b_O`. -/
def directBias : Nat := Nat.add (Nat.mul (shift H) (Nat.add p.bias p.bias)) p.bias

/-- The direct path to the logits, of all queries. -/
def directGrid : Nat :=
  p.times M.d_vocab M.d_vocab (Nat.succ M.d_model) (p.directBias H) p.bias
    (fun c => cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (p.directBias H)) (ones p.stride M.d_vocab))
      (Nat.add (Nat.mul (shift H) (M.W_E.column p.stride p.bias M.d_vocab c))
        (Nat.mul (Nat.add (Nat.mul (shift H) (p.lastPosition M c)) (M.b_O.biased p.bias 0 c)) (ones p.stride M.d_vocab))))
    (fun c => cond (Nat.beq c M.d_model) (M.b_U.row p.narrow p.bias M.d_vocab 0) (M.W_U.row p.narrow p.bias M.d_vocab c))

/-! ## Scores -/

/-- The keys of all embeddings, transposed; the bias counts for positions. -/
def kGrid : Nat :=
  p.times H.d_head (rows M) (Nat.succ M.d_model) p.bias p.bias
    (fun c => cond (Nat.beq c M.d_model) (H.b_K.row p.stride p.bias H.d_head 0) (H.W_K.row p.stride p.bias H.d_head c))
    (fun c => cond (Nat.beq c M.d_model)
      (above p.narrow M.d_vocab (Nat.mul (Nat.succ p.bias) (ones p.narrow M.n_ctx)) (Nat.mul p.bias (ones p.narrow M.d_vocab)))
      (squeeze p.stride p.narrow (p.embedding M c)))

/-- `W_Q` times keys, and `b_Q` times keys as the last row. -/
def gGrid : Nat :=
  p.times (Nat.succ M.d_model) (rows M) H.d_head p.bias p.quarter
    (fun j => above p.stride M.d_model (H.b_Q.column p.stride p.bias 1 j) (H.W_Q.column p.stride p.bias M.d_model j))
    (p.rowOf (p.kGrid M H))

/-- Scores of all embeddings, by query. -/
def sGrid : Nat :=
  p.times M.d_vocab (rows M) (Nat.succ M.d_model) (Nat.add p.bias p.bias) p.quarter
    (fun c => cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (Nat.add p.bias p.bias)) (ones p.stride M.d_vocab))
      (Nat.add (M.W_E.column p.stride p.bias M.d_vocab c) (Nat.mul (p.lastPosition M c) (ones p.stride M.d_vocab))))
    (p.rowOf (p.gGrid M H))

/-- One number for each of `n` queries, in lanes of a narrow one less a bit, moved to the rows of a grid. -/
def spaced (n x : Nat) : Nat := stretch (Nat.sub p.narrow 1) p.stride (Nat.succ (Nat.log2 n)) x

/-- The upper bounds of the scores of each query, in every lane. -/
def tops : Nat :=
  Nat.add (Nat.mul (p.spaced M.d_vocab p.maxE) (ones p.narrow M.d_vocab))
    (Nat.shiftLeft (Nat.mul (p.spaced M.d_vocab p.maxP) (ones p.narrow M.n_ctx)) (Nat.mul p.narrow M.d_vocab))

/-! ## What strategies use -/

/-- Logit contributions of tokens and positions with the offset, plus `half`. -/
def oRaised : Nat :=
  Nat.add (p.oGrid M H)
    (Nat.mul (Nat.add p.offset (Nat.sub p.half p.quarter)) (gridOnes p.stride p.narrow (rows M) M.d_vocab))

/-- Logit contributions of queries with the offset, plus `half`. -/
def directRaised : Nat :=
  Nat.add (p.directGrid M H)
    (Nat.mul (Nat.add p.offset (Nat.sub p.half p.quarter)) (gridOnes p.stride p.narrow M.d_vocab M.d_vocab))

/-- How far scores lie below their upper bounds, plus `half`. -/
def sRaised : Nat :=
  Nat.sub (Nat.add (p.tops M) (Nat.mul p.half (gridOnes p.stride p.narrow M.d_vocab (rows M)))) (p.sGrid M H)

/-- `half` taken off every lane. -/
def lowered (n m x : Nat) : Nat := Nat.sub x (Nat.mul p.half (gridOnes p.stride p.narrow n m))

/-- A row of `n` logit contributions, in wide lanes. -/
def wide (n x : Nat) : Nat := stretch p.narrow p.w (Nat.succ (Nat.log2 n)) x

/-- Tables of rows are computed in blocks of `2 ^ blockBits`. -/
def blockBits : Nat := 5

/-- `2 ^ rowBits n w` lanes of `w` bits have room for `n` lanes, and for a row of a grid. -/
def rowBits (n w : Nat) : Nat := Nat.succ (Nat.log2 (Nat.lor (Nat.sub n 1) (Nat.div p.stride w)))

/-- The rows of a grid of `n` logit contributions, in wide lanes. -/
def wideRows (n x : Nat) : Nat → Nat :=
  gridTable p.stride p.narrow p.w (p.rowBits n p.w) blockBits 0 n (fun x => x) x

/-- The exponentials of the `n` scores from `s` on of each row of a grid, from how far they lie below their upper bounds. -/
def expRows (s n x : Nat) : Nat → Nat :=
  gridTable p.stride p.narrow p.e (p.rowBits n p.e) blockBits s n
    (expRow p.e p.P (Nat.mul (Nat.pow 2 blockBits) (Nat.pow 2 (p.rowBits n p.e))) p.consts) x

/-- The tables of a model. -/
def tables : Tables where
  w := p.w
  r := p.r
  offset := p.offset
  P := p.P
  err := p.err
  e := p.e
  D := p.wideRows M.d_vocab (p.lowered M.d_vocab M.d_vocab (p.directRaised M H))
  OE := p.wideRows M.d_vocab (p.lowered (rows M) M.d_vocab (p.oRaised M H))
  OP := fun i => p.wideRows M.d_vocab (p.lowered (rows M) M.d_vocab (p.oRaised M H)) (Nat.add M.d_vocab i)
  eE := p.expRows 0 M.d_vocab (p.lowered M.d_vocab (rows M) (p.sRaised M H))
  eP := p.expRows M.d_vocab M.n_ctx (p.lowered M.d_vocab (rows M) (p.sRaised M H))

end Plan

end

end LeanBound
