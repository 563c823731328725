module

public import LeanBound.Strategies.SubCubic.Checker

/-!
# Bounds of scores from the factors of the QK circuit: checker

A score is an inner product of a query and a key. Queries and keys are computed, coordinate by coordinate, but not multiplied
with each other. The certificate gives keys a coordinate more, along a direction that it names, and takes that part off the
others; a query's coordinate along the direction is its inner product with it, and scores stay what they are. Then for each
coordinate it says that the queries of a pool lie around multiples of a centre, and in what range keys lie.

So a difference of scores is at least the scale of the query times the difference of two key scores, which are the inner products
of keys with the centre, less the sum over the coordinates of radius times range.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate, in lanes of `bits` bits. There is one coordinate more than the width of the head. -/
structure Factors where
  bits : Nat
  /-- Added to entries of `centre`, `direction`, and the ranges, to make them positive. -/
  bias : Nat
  /-- By query of the pool. -/
  scales : Nat
  /-- By coordinate: of queries, over their scale. -/
  centre : Nat
  /-- By coordinate: how far queries, over their scale, lie from the centre at most. -/
  radius : Nat
  /-- By coordinate but the last: of keys. -/
  direction : Nat
  /-- By token, then by position: the last coordinate of keys. -/
  along : Nat
  /-- By coordinate: at most that of any token's key. -/
  tokenLow : Nat
  /-- By coordinate: at least that of any token's key. -/
  tokenHigh : Nat
  /-- By coordinate: at most that of any position's key. -/
  positionLow : Nat
  /-- By coordinate: at least that of any position's key. -/
  positionHigh : Nat
  /-- At least the key score of any token, plus the bias of matrix products. -/
  top : Nat
  /-- At most the key score of any position, plus the bias of matrix products. -/
  least : Nat
  /-- At least the key score of any position, plus the bias of matrix products. -/
  most : Nat

/-- Queries, transposed. -/
def Plan.qGrid (p : Plan) (M : AttentionOnly) (H : Head) : Nat :=
  p.times H.d_head M.d_vocab (Nat.succ M.d_model) p.bias (Nat.add p.bias p.bias)
    (fun c => cond (Nat.beq c M.d_model) (H.b_Q.row p.stride p.bias H.d_head 0) (H.W_Q.row p.stride p.bias H.d_head c))
    (fun c => cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (Nat.add p.bias p.bias)) (ones p.narrow M.d_vocab))
      (squeeze p.stride p.narrow
        (Nat.add (M.W_E.column p.stride p.bias M.d_vocab c) (Nat.mul (p.lastPosition M c) (ones p.stride M.d_vocab)))))

/-- Lanes `a` to `a + n - 1`. -/
def slice (w a n x : Nat) : Nat := Nat.land (Nat.shiftRight x (Nat.mul w a)) (Nat.sub (Nat.pow 2 (Nat.mul w n)) 1)

/-- `f 0, …, f (n - 1)` are all true. -/
def allBelow (f : Nat → Bool) (n : Nat) : Bool := Nat.rec true (fun j ih => both (f j) ih) n

namespace Factors

variable (F : Factors) (p : Plan) (M : AttentionOnly) (H : Head)

/-! ## Coordinates -/

/-- The last coordinate of queries. -/
def queryAlong : Nat :=
  p.rowOf (p.times 1 M.d_vocab H.d_head F.bias p.quarter (lane F.bits F.direction) (p.rowOf (p.qGrid M H))) 0

/-- Coordinate `j` of all queries. -/
def queryRow (j : Nat) : Nat := cond (Nat.beq j H.d_head) (F.queryAlong p M H) (p.rowOf (p.qGrid M H) j)

/-- The last coordinate of the keys of all embeddings. -/
def keyAlong : Nat := widen p.narrow (Plan.rows M) F.bits F.along

/-- Coordinate `j` of the keys of all embeddings, but the last, before the part along the direction is taken off. -/
def keyRaised (j : Nat) : Nat := Nat.add (p.rowOf (p.kGrid M H) j) (Nat.mul F.bias (F.keyAlong p M))

/-- The part along the direction. -/
def keyPart (j : Nat) : Nat := Nat.mul (lane F.bits F.direction j) (F.keyAlong p M)

/-- Coordinate `j` of the keys of all embeddings. -/
def keyRow (j : Nat) : Nat :=
  cond (Nat.beq j H.d_head) (Nat.add (F.keyAlong p M) (Nat.mul p.quarter (ones p.narrow (Plan.rows M))))
    (Nat.sub (F.keyRaised p M H j) (F.keyPart p M j))

/-- One number for all tokens and one for all positions, both with the bias of matrix products. -/
def bounds (x y : Nat) : Nat :=
  above p.narrow M.d_vocab (Nat.mul (Nat.add y p.quarter) (ones p.narrow M.n_ctx))
    (Nat.mul (Nat.add x p.quarter) (ones p.narrow M.d_vocab))

/-! ## Checks -/

/-- Coordinate `j` of keys is in its ranges. -/
def checkKey (j : Nat) : Bool :=
  both (cond (Nat.beq j H.d_head) true (atMost p.narrow (Plan.rows M) (F.keyPart p M j) (F.keyRaised p M H j)))
  (both (atMost p.narrow (Plan.rows M) (bounds p M (lane F.bits F.tokenLow j) (lane F.bits F.positionLow j))
      (Nat.add (F.keyRow p M H j) (Nat.mul F.bias (ones p.narrow (Plan.rows M)))))
    (atMost p.narrow (Plan.rows M) (Nat.add (F.keyRow p M H j) (Nat.mul F.bias (ones p.narrow (Plan.rows M))))
      (bounds p M (lane F.bits F.tokenHigh j) (lane F.bits F.positionHigh j))))

/-- Coordinate `j` of the queries in `q` lies around multiples of the centre; `A` are the scales. -/
def checkQuery (n A q j : Nat) : Bool :=
  both (atMost p.narrow n
      (Nat.add (Nat.mul (lane F.bits F.centre j) A) (Nat.mul p.quarter (ones p.narrow n)))
      (Nat.add q (Nat.mul (Nat.add F.bias (lane F.bits F.radius j)) A)))
    (atMost p.narrow n (Nat.add q (Nat.mul F.bias A))
      (Nat.add (Nat.mul (Nat.add (lane F.bits F.centre j) (lane F.bits F.radius j)) A)
        (Nat.mul p.quarter (ones p.narrow n))))

/-- Key scores of all embeddings: tokens, then positions. -/
def keyScores : Nat :=
  p.rowOf (p.times 1 (Plan.rows M) (Nat.succ H.d_head) F.bias p.quarter (lane F.bits F.centre) (F.keyRow p M H)) 0

/-- How far coordinate `j` of the keys of tokens and that of positions vary, together. -/
def range (j : Nat) : Nat :=
  Nat.add (Nat.sub (lane F.bits F.tokenHigh j) (lane F.bits F.tokenLow j))
    (Nat.sub (lane F.bits F.positionHigh j) (lane F.bits F.positionLow j))

/-- How far a difference of scores may lie from that of key scores, over the scale of the query. -/
def reach : Nat := natSum (Nat.succ H.d_head) fun j => Nat.mul (lane F.bits F.radius j) (F.range j)

/-- The envelope encloses key scores, with the reach and what positions add. -/
def checkKeyScores (E : Envelope) (scores : Nat) : Bool :=
  both (atMost p.narrow M.d_vocab
      (Nat.add (widen p.narrow M.d_vocab E.bits E.low) (slice p.narrow 0 M.d_vocab scores))
      (Nat.mul F.top (ones p.narrow M.d_vocab)))
  (both (atMost p.narrow M.d_vocab
      (Nat.mul (Nat.add F.top (Nat.add (F.reach H) (Nat.sub F.most F.least))) (ones p.narrow M.d_vocab))
      (Nat.add (widen p.narrow M.d_vocab E.bits E.high) (slice p.narrow 0 M.d_vocab scores)))
  (both (atMost p.narrow M.n_ctx (Nat.mul F.least (ones p.narrow M.n_ctx)) (slice p.narrow M.d_vocab M.n_ctx scores))
    (atMost p.narrow M.n_ctx (slice p.narrow M.d_vocab M.n_ctx scores) (Nat.mul F.most (ones p.narrow M.n_ctx)))))

/-- What bounds coordinates of queries before it is known that they lie around the centre. -/
def queryBound : Nat := Nat.mul (Nat.succ M.d_model) (Nat.mul p.bias (Nat.add p.bias p.bias))

/-- All numbers stay inside their lanes. -/
def checkRooms (E : Envelope) (n : Nat) : Bool :=
  both (Nat.ble (Nat.succ F.along) (Nat.pow 2 (Nat.mul F.bits (Plan.rows M))))
  (both (Nat.ble (Nat.succ F.scales) (Nat.pow 2 (Nat.mul F.bits n)))
  (both (Nat.ble F.bias (Nat.pow 2 F.bits))
  (both (Nat.ble (Nat.add (Nat.mul 2 F.bits) 2) p.narrow)
  (both (Nat.ble (Nat.succ E.least) p.half)
  (both (Nat.ble E.bits (Nat.mul 2 F.bits))
  (both (Nat.ble (Nat.succ (Nat.add F.top (Nat.add (F.reach H) (Nat.sub F.most F.least)))) p.half)
  (both (Nat.ble (Nat.succ F.least) p.half)
  (both (Nat.ble (Nat.succ F.most) p.half)
    (Nat.ble (Nat.add (Nat.mul (Nat.succ (Nat.mul H.d_head (Nat.pow 2 F.bits))) (queryBound p M))
      (Nat.mul (Nat.add H.d_head 8) (Nat.mul (Nat.pow 2 F.bits) (Nat.pow 2 F.bits)))) p.quarter)))))))))

/-- The bounds of the scores of `n` queries from `a` on hold, by `d` coordinates; `ranged` says whether the ranges of keys do, and
`scores` are key scores. -/
def checkAround (E : Envelope) (a n d : Nat) (ranged : Bool) (scores : Nat) : Bool :=
  both (F.checkRooms p M H E n)
  (both (atMost p.narrow n (Nat.mul E.least (ones p.narrow n)) (widen p.narrow n F.bits F.scales))
  (both ranged
  (both (allBelow (fun j => F.checkQuery p n (widen p.narrow n F.bits F.scales) (slice p.narrow a n (F.queryRow p M H j)) j) d)
    (F.checkKeyScores p M H E scores))))

/-- The bounds of the scores of `n` queries from `a` on hold. -/
def check (E : Envelope) (a n : Nat) : Bool :=
  F.checkAround p M H E a n (Nat.succ H.d_head) (allBelow (F.checkKey p M H) (Nat.succ H.d_head)) (F.keyScores p M H)

end Factors

/-- The bounds of the scores of `n` queries from `a` on hold. -/
def Pool.checkFactors (P : Pool) (F : Factors) (p : Plan) (M : AttentionOnly) (H : Head) (a n : Nat) : Bool :=
  F.check p M H P.attention a n

end

end LeanBound
