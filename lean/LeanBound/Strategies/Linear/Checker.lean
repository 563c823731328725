module

public import LeanBound.Strategies.SubCubic.Factors
public import LeanBound.Strategies.Tables.Checker

/-!
# Proof of max-of-K linear in the vocabulary: checker

No circuit is multiplied out: neither the QK circuit, nor the direct path, nor the OV circuit but for the rows of the maxima that
the certificate names. Scores are bounded from queries and keys (`SubCubic/Factors`), and logits in the same way: residual streams
lie around a centre, coordinate by coordinate, and `W_U` and `W_V W_O W_U` lie in ranges. Only what the centre, a position and the
maximum itself add to the logits is computed, for all outputs at once.

For a maximum `m` and a gap `j`, every input is right whose query is in the pool, whose largest token is `m`, and whose other
tokens are all at most `m - 1 - j`: attention to them is so small that it does not matter what they are.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate of a pool, in lanes of `bits` bits, by coordinate of the residual stream. -/
structure LinearPool where
  attention : Envelope
  factors : Factors
  /-- By maximum, digits of four bits: one more than the gap; `0` where nothing is proved. -/
  gaps : Nat
  bits : Nat
  /-- Added to entries of `centre` and of the ranges, to make them positive. -/
  bias : Nat
  /-- Of the residual streams of the queries, before attention, with `b_O`. -/
  centre : Nat
  /-- How far they lie from it at most. -/
  radius : Nat
  /-- At most the entries of `W_U`. -/
  unembedLow : Nat
  /-- At least the entries of `W_U`. -/
  unembedHigh : Nat
  /-- At most the entries of `W_V W_O W_U`. -/
  valueLow : Nat
  /-- At least the entries of `W_V W_O W_U`. -/
  valueHigh : Nat
  /-- At least what centre and any position add to a logit more than to that of a maximum. -/
  loss : Nat

/-- Each lane of `x`, plus `k`, lies between `low` and `high`. -/
def within (w n x k low high : Nat) : Bool :=
  both (atMost w n (Nat.mul low (ones w n)) (Nat.add x (Nat.mul k (ones w n))))
    (atMost w n (Nat.add x (Nat.mul k (ones w n))) (Nat.mul high (ones w n)))

namespace LinearPool

variable (P : LinearPool) (p : Plan) (M : AttentionOnly) (H : Head)

/-! ## Rows of logits, in wide lanes -/

/-- What an embedding adds to all logits if it has all the attention; `x` are its coordinates and, last, a one for a position. -/
def ovRow (x : Nat → Nat) : Nat :=
  p.wide M.d_vocab (p.rowOf (p.times 1 M.d_vocab (Nat.succ M.d_model) p.bias p.quarter x (p.rowOf (p.vGrid M H))) 0)

/-- What token `t` adds. -/
def tokenRow (t : Nat) : Nat := ovRow p M H fun c => cond (Nat.beq c M.d_model) p.bias (M.W_E.biased p.bias t c)

/-- What position `i` adds. -/
def positionRow (i : Nat) : Nat :=
  ovRow p M H fun c => cond (Nat.beq c M.d_model) (Nat.succ p.bias) (M.W_pos.biased p.bias i c)

/-- What the centre adds in the direct path. -/
def centreRow : Nat :=
  p.wide M.d_vocab (p.rowOf (p.times 1 M.d_vocab (Nat.succ M.d_model) P.bias p.bias
    (fun c => cond (Nat.beq c M.d_model) (Nat.succ P.bias) (lane P.bits P.centre c))
    (fun c => cond (Nat.beq c M.d_model) (M.b_U.row p.narrow p.bias M.d_vocab 0) (M.W_U.row p.narrow p.bias M.d_vocab c))) 0)

/-- Coordinate `c` of the residual streams of `n` queries from `a` on. -/
def residualRow (a n c : Nat) : Nat :=
  p.wide n (slice p.narrow a n (squeeze p.stride p.narrow
    (Nat.add (Nat.mul (Plan.shift H) (M.W_E.column p.stride p.bias M.d_vocab c))
      (Nat.mul (Nat.add (Nat.mul (Plan.shift H) (p.lastPosition M c)) (M.b_O.biased p.bias 0 c)) (ones p.stride M.d_vocab)))))

/-! ## Ranges -/

/-- The residual streams lie around the centre. -/
def checkResidual (a n c : Nat) : Bool :=
  within p.w n (residualRow p M H a n c) (Nat.add P.bias (lane P.bits P.radius c))
    (Nat.add (lane P.bits P.centre c) (p.directBias H))
    (Nat.add (Nat.add (lane P.bits P.centre c) (p.directBias H)) (Nat.mul 2 (lane P.bits P.radius c)))

/-- The range of row `c` of `W_U`. -/
def checkUnembed (c : Nat) : Bool :=
  within p.w M.d_vocab (M.W_U.row p.w p.bias M.d_vocab c) P.bias (Nat.add (lane P.bits P.unembedLow c) p.bias)
    (Nat.add (lane P.bits P.unembedHigh c) p.bias)

/-- The range of row `c` of `W_V W_O W_U`. -/
def checkValue (c : Nat) : Bool :=
  within p.w M.d_vocab (p.wide M.d_vocab (p.rowOf (p.vGrid M H) c)) P.bias (Nat.add (lane P.bits P.valueLow c) p.quarter)
    (Nat.add (lane P.bits P.valueHigh c) p.quarter)

/-- How far differences of logits of the direct path may lie from those of the centre. -/
def directReach : Nat :=
  natSum M.d_model fun c => Nat.mul (lane P.bits P.radius c)
    (Nat.sub (lane P.bits P.unembedHigh c) (lane P.bits P.unembedLow c))

/-- At least what any token adds to a logit more than to another. -/
def tokenReach : Nat :=
  natSum M.d_model fun c => Nat.mul p.bias (Nat.sub (lane P.bits P.valueHigh c) (lane P.bits P.valueLow c))

/-! ## Classes -/

variable (C : Tables) (X : Exponentials)

/-- What a copy of `m` has to gain on every other output: more than all other positions lose, and what the direct
path may hide. -/
def neededGain (m j : Nat) : Nat :=
  Nat.add (P.directReach M) (Nat.succ (Nat.shiftRight
    (Nat.mul (relativeWeight C X M.d_vocab M.n_ctx P.attention 0 m (Nat.succ j))
      (Nat.add (Nat.add (P.directReach M) (P.tokenReach p M)) P.loss)) C.P))

/-- At position `i`, outputs gain on output `m` by the loss at most, and a copy of `m` gains `g` on all others; `base` is what the
centre and the position add. -/
def gains (m g base token : Nat) : Bool :=
  both (atMost C.w M.d_vocab base (Nat.mul (Nat.add (lane C.w base m) P.loss) (ones C.w M.d_vocab)))
    (atMost C.w M.d_vocab
      (clear C M.d_vocab m (Nat.add (Nat.add base token) (Nat.mul g (ones C.w M.d_vocab))))
      (Nat.mul (lane C.w (Nat.add base token) m) (ones C.w M.d_vocab)))

/-- All inputs are right with a query of the pool, the largest token `m`, and others of `m - 1 - j` at most. -/
def classHolds (m j : Nat) : Bool :=
  both (gapBounded C X M.d_vocab P.attention 0 m (Nat.succ j))
  (both (Nat.ble (P.neededGain p M C X m j) (Nat.pow 2 (Nat.sub C.w 2)))
    (allBelow (fun i => P.gains M C m (P.neededGain p M C X m j) (Nat.add (P.centreRow p M) (positionRow p M H i))
      (tokenRow p M H m)) M.n_ctx))

/-- The certificate of `n` queries from `a` on holds. -/
def check (a n : Nat) : Bool :=
  both (Nat.ble (Nat.add a n) M.d_vocab)
  (both (Nat.ble (Nat.add (Nat.mul 2 p.P) 1) p.w)
  (both (Nat.ble (Nat.add p.narrow 4) p.w)
  (both (Nat.ble P.bits p.narrow)
  (both (Nat.ble P.bias (Nat.pow 2 P.bits))
  (both (Nat.ble P.loss (Nat.pow 2 p.narrow))
  (both (Nat.ble (Nat.mul (Nat.succ M.d_model) (Nat.mul (Nat.pow 2 P.bits) p.bias)) p.quarter)
  (both (P.attention.fits p.w M.d_vocab)
  (both (decreasing (p.tables M H) M.d_vocab (widen p.w M.d_vocab P.attention.bits P.attention.low))
  (both (P.factors.check p M H P.attention a n)
  (both (allBelow (P.checkResidual p M H a n) M.d_model)
  (both (allBelow (P.checkUnembed p M) M.d_model)
    (allBelow (P.checkValue p M H) M.d_model))))))))))))

/-- How many inputs are proved whose last token is one of `n` consecutive ones from `a` on. -/
def size (a n : Nat) : Nat :=
  cond (P.check p M H a n)
    (classSum M.d_vocab M.n_ctx (P.classHolds p M H (p.tables M H) p.exponentials) P.gaps a n) 0

end LinearPool

/-- The checks of a plan of which only weights, widths and constants are used. -/
def checkWeightPlan (p : Plan) (M : AttentionOnly) (H : Head) : Bool :=
  both (checkShapes p M H) (both (checkWidths p M H) (checkConsts p M H))

end

end LeanBound
