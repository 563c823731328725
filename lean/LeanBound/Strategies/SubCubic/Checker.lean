module

public import LeanBound.Properties.Gaps
public import LeanBound.Strategies.Cubic.Whole
public import LeanBound.Strategies.Tables.Scores

/-!
# Sub-cubic proof of max-of-K: checker

Consecutive queries are pooled. The certificate of a pool encloses the attention scores, and the direct path to the logits, of all
its queries at once: row `a` of the circuit, plus a shift of the query, lies between `scale a` times a row `low` and `scale a` times
a row `high`. A circuit near a matrix of rank one has such an envelope that is narrow, and what lies beside the first singular
vectors is not multiplied out for each query and maximum.

For a maximum `m` and a gap `j`, one comparison of all outputs shows that every input is right whose query is in the pool, whose
largest token is `m`, and whose other tokens are all at most `m - 1 - j`. Attention to such a token, relative to a copy of `m`, is
bounded by the envelope of the scores; what it can lose is bounded apart for the token `m - 1 - j` and for all that are smaller.
Losses carry the biases `2 ^ (r + 2)` for the direct path, `2 ^ r` for the position and `2 ^ r` for the token.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Certificates -/

/-- Bounds of the rows of a circuit, for all queries of a pool. -/
structure Envelope where
  /-- Bits of a lane of `low` and `high`. -/
  bits : Nat
  /-- By token. -/
  low : Nat
  /-- By token. -/
  high : Nat
  /-- At most the scale of any query. -/
  least : Nat
  /-- At least the scale of any query. -/
  most : Nat
  /-- By query of the pool: the scale, and the shift that is added to the row of the circuit. -/
  queries : List (Nat × Nat)

/-- The certificate of a pool. -/
structure Pool where
  /-- Of the scores, as far as they lie below an upper bound; `low` does not increase. -/
  attention : Envelope
  /-- At least the difference of the scores of two positions, for any query of the pool. -/
  spread : Nat
  /-- Of the direct path to the logits. -/
  direct : Envelope
  /-- By maximum, digits of four bits: one more than the gap; `0` where nothing is proved. -/
  gaps : Nat

/-! ## Envelopes -/

section Envelopes

variable (w V : Nat)

/-- No lane of `x` is above that of `y`, for entries below the guard bits. -/
def atMost (x y : Nat) : Bool := lanesLe (guardBits w V) x y

/-- `n` lanes of `b` bits, made `w` bits wide. -/
def widen (b x : Nat) : Nat := stretch b w (Nat.succ (Nat.log2 V)) x

/-- The row, plus the shift, lies between the scale times `low` and the scale times `high`. -/
def encloses (low high scale shift row : Nat) : Bool :=
  both (atMost w V (Nat.mul scale low) (Nat.add row (Nat.mul shift (ones w V))))
    (atMost w V (Nat.add row (Nat.mul shift (ones w V))) (Nat.mul scale high))

/-- Every row from that of query `a` on is enclosed. -/
def enclosesAll (low high least most : Nat) (row : Nat → Nat) (queries : List (Nat × Nat)) (a : Nat) : Bool :=
  List.rec (fun _ => true)
    (fun q _ ih a =>
      both (Nat.ble least q.1)
      (both (Nat.ble q.1 most)
      (both (Nat.ble q.2 (Nat.pow 2 (Nat.sub w 2)))
      (both (encloses w V low high q.1 q.2 (row a)) (ih (Nat.succ a)))))) queries a

/-- The envelope fits into lanes. -/
def Envelope.fits (E : Envelope) : Bool :=
  both (Nat.ble (Nat.succ E.low) (Nat.pow 2 (Nat.mul E.bits V)))
  (both (Nat.ble (Nat.succ E.high) (Nat.pow 2 (Nat.mul E.bits V)))
  (both (Nat.ble (Nat.add E.bits 2) w)
  (both (Nat.ble E.least E.most)
    (Nat.ble (Nat.mul E.most (Nat.pow 2 E.bits)) (Nat.pow 2 (Nat.sub w 2))))))

/-- The envelope holds for `n` rows from that of query `a` on. -/
def Envelope.check (E : Envelope) (row : Nat → Nat) (a n : Nat) : Bool :=
  both (Nat.beq E.queries.length n)
    (enclosesAll w V (widen w V E.bits E.low) (widen w V E.bits E.high) E.least E.most row E.queries a)

end Envelopes

variable (C : Tables) (X : Exponentials) (V K : Nat)

/-! ## Attention, of scores that are multiplied out -/

section Scores

variable (scores : Nat → Nat)

/-- The scores of tokens, of query `a`. -/
def tokenScores (a : Nat) : Nat := Nat.land (scores a) (Nat.sub (Nat.pow 2 (Nat.mul C.w V)) 1)

/-- The scores of positions, of query `a`. -/
def positionScores (a : Nat) : Nat := Nat.shiftRight (scores a) (Nat.mul C.w V)

/-- For `n` queries from `a` on, scores of positions lie below their upper bound by `spread` at most. -/
def checkSpread (spread a n : Nat) : Bool :=
  Nat.rec true
    (fun j ih => both (atMost C.w K (positionScores C V scores (Nat.add a j)) (Nat.mul spread (ones C.w K))) ih) n

/-- The bounds of the scores of `n` queries from `a` on hold. -/
def Pool.checkScores (p : Pool) (a n : Nat) : Bool :=
  both (Nat.ble (Nat.add X.bits 2) C.w)
  (both (checkSpread C V K scores p.spread a n)
    (p.attention.check C.w V (tokenScores C V scores) a n))

end Scores

/-! ## Attention -/

/-- The scores of tokens do not decrease along the lower bound: no lane is above the one before it. -/
def decreasing (low : Nat) : Bool := atMost C.w V (Nat.shiftRight low C.w) low

/-- By maximum `m`: how far the score of any token of `m - j` at most lies below that of `m`, for any two positions; `0` where
nothing is known. -/
def scoreGaps (E : Envelope) (spread j : Nat) : Nat :=
  monus C.w (guardBits C.w V)
    (Nat.mul E.least (monus C.w (guardBits C.w V)
      (Nat.land (Nat.shiftLeft (widen C.w V E.bits E.low) (Nat.mul C.w j)) (Nat.sub (Nat.pow 2 (Nat.mul C.w V)) 1))
      (widen C.w V E.bits E.high)))
    (Nat.mul spread (ones C.w V))

/-- More than any `j` that is asked for: a gap is at most 14. -/
def gapRows : Nat := 17

/-- By `j`, then by maximum: the exponential of minus the gap, over `2 ^ P`, rounded down. One row for all, which
takes the steps of one gap. -/
def ratios (E : Envelope) (spread : Nat) : Nat :=
  expRow C.w C.P (Nat.mul gapRows V) X.consts (pack (Nat.mul C.w V) (scoreGaps C V E spread) gapRows)

/-- Something is known about the gap, and its exponential can be computed. -/
def gapBounded (E : Envelope) (spread m j : Nat) : Bool :=
  both (Nat.ble 1 (lane C.w (scoreGaps C V E spread j) m))
    (Nat.ble (Nat.succ (lane C.w (scoreGaps C V E spread j) m)) (Nat.pow 2 X.bits))

/-- At least the attention to all positions but one with tokens of `m - j` at most, relative to that to a copy of `m`. -/
def relativeWeight (E : Envelope) (spread m j : Nat) : Nat :=
  Nat.mul (Nat.sub K 1) (Nat.add (lane C.w (ratios C X V E spread) (Nat.add (Nat.mul j V) m)) C.err)

/-! ## Losses -/

/-- What output `o` gains on output `m` in the direct path, at most; with the bias. -/
def directLoss (E : Envelope) (m : Nat) : Nat :=
  let high := widen C.w V E.bits E.high
  let own := Nat.mul (lane C.w (widen C.w V E.bits E.low) m) (ones C.w V)
  Nat.sub
    (Nat.add (Nat.mul (Nat.pow 2 (Nat.add C.r 2)) (ones C.w V)) (Nat.mul E.most (monus C.w (guardBits C.w V) high own)))
    (Nat.mul E.least (monus C.w (guardBits C.w V) own high))

/-- The same, with what any position gains. -/
def baseLoss (E : Envelope) (m : Nat) : Nat :=
  Nat.add (directLoss C V E m) (rowMax C V (fun i => lossOf C V (C.OP i) m) K)

/-- What output `o` gains on output `m` with any token below `n`, at most: the outputs are bounded apart. -/
def anyLoss (m n : Nat) : Nat :=
  Nat.add (rowMax C V C.OE n)
    (Nat.mul (lane C.w (rowMax C V (fun t => Nat.sub (Nat.mul (Nat.pow 2 C.r) (ones C.w V)) (C.OE t)) n) m) (ones C.w V))

/-- The bias of a loss in every lane. -/
def poolBias : Nat := Nat.mul (Nat.mul 6 (Nat.pow 2 C.r)) (ones C.w V)

/-- The part of a loss that is above zero. -/
def aboveBias (x : Nat) : Nat := monus C.w (guardBits C.w V) x (poolBias C V)

/-! ## Classes -/

/-- `x` without lane `m`. -/
def clear (m x : Nat) : Nat :=
  Nat.land x (Nat.mul (Nat.sub (Nat.pow 2 C.w) 1) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m))))

/-- In every lane but `m`, `lost` is below `2 ^ P` times what `m` gains; `own` is the loss at a copy of `m`. -/
def outweighs (m own lost : Nat) : Bool :=
  both (Nat.beq (aboveBias C V (clear C V m own)) 0)
    (atMost C.w V (Nat.add (clear C V m lost) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m))))
      (Nat.mul (Nat.pow 2 C.P) (Nat.sub (poolBias C V) (clear C V m own))))

/-- All inputs are right with a query of the pool, the largest token `m`, and others of `m - 1 - j` at most. -/
def classHolds (p : Pool) (m j : Nat) : Bool :=
  both (gapBounded C X V p.attention p.spread m (Nat.succ j))
  (both (gapBounded C X V p.attention p.spread m (Nat.succ (Nat.succ j)))
    (outweighs C V m (Nat.add (baseLoss C V K p.direct m) (lossOf C V (C.OE m) m))
      (laneMax C.w (guardBits C.w V)
        (Nat.mul (relativeWeight C X V K p.attention p.spread m (Nat.succ j))
          (aboveBias C V (Nat.add (baseLoss C V K p.direct m) (lossOf C V (C.OE (Nat.sub m (Nat.succ j))) m))))
        (Nat.mul (relativeWeight C X V K p.attention p.spread m (Nat.succ (Nat.succ j)))
          (aboveBias C V (Nat.add (baseLoss C V K p.direct m) (anyLoss C V m (Nat.sub m (Nat.succ j)))))))))

/-- The certificate of `n` queries from `a` on holds, but for its bounds of scores. -/
def Pool.check (p : Pool) (a n : Nat) : Bool :=
  both (Nat.ble (Nat.add a n) V)
  (both (Nat.ble (Nat.add (Nat.mul 2 C.P) 1) C.w)
  (both (Nat.ble C.err (Nat.pow 2 C.P))
  (both (Nat.ble (Nat.mul K (Nat.pow 2 (Nat.add C.P (Nat.add C.r 6)))) C.half)
  (both (Nat.ble p.spread (Nat.pow 2 (Nat.sub C.w 2)))
  (both (Nat.ble (Nat.mul p.direct.most (Nat.pow 2 p.direct.bits)) (Nat.pow 2 (Nat.add C.r 2)))
  (both (p.attention.fits C.w V)
  (both (decreasing C V (widen C.w V p.attention.bits p.attention.low))
  (both (p.direct.fits C.w V)
    (p.direct.check C.w V C.D a n)))))))))

/-- The digit of a maximum. -/
def gapDigit (gaps m : Nat) : Nat := Nat.land (Nat.shiftRight gaps (Nat.mul 4 m)) 15

/-- The inputs of all classes that hold. -/
def classSum (holds : Nat → Nat → Bool) (gaps a n : Nat) : Nat :=
  natSum V fun m => Nat.rec 0
    (fun j _ => cond (holds m j) (poolCount K a n m (Nat.sub m j)) 0) (gapDigit gaps m)

/-- How many inputs are proved whose last token is one of `n` consecutive ones from `a` on; `attends` says whether the bounds of
scores hold. -/
def poolSize (attends : Bool) (p : Pool) (a n : Nat) : Nat :=
  cond (both attends (p.check C V K a n)) (classSum V K (classHolds C X V K p) p.gaps a n) 0

end

end LeanBound
