module

public import LeanBound.Numerics.Monus
public import LeanBound.Numerics.RunningMax
public import LeanBound.Numerics.NatSum
public import LeanBound.Strategies.Tables.Rows

/-!
# Cubic proof of max-of-K: whole classes

The class of query `a` and maximum `m` holds all inputs with last token `a` and largest token `m`. Write `loss i t o` for what
output `o` gains on output `m` at position `i` with token `t`, before attention weighs it. It is bounded over all positions and
over three groups of tokens: `m` itself, its predecessor, and all that are smaller. The class holds if `m` loses nothing at its
own token, and what it gains at the copy with the smallest weight, and at the last position, exceeds by the slack what all other
positions could lose. One comparison for every output at once; its cost does not depend on `K`. Losses carry the bias `2 ^ r` for
each of `D`, `OP` and `OE`.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K : Nat)

/-- The guard bits of a row. -/
def Tables.guard : Nat := guardBits C.w V

/-- Each lane of `x` less lane `m`, plus the bias `2 ^ r`. -/
def lossOf (x m : Nat) : Nat :=
  Nat.add x (Nat.mul (Nat.sub (Nat.pow 2 C.r) (lane C.w x m)) (ones C.w V))

/-- Lane-wise maximum of `f 0, …, f (n - 1)`. -/
def rowMax (f : Nat → Nat) (n : Nat) : Nat := Nat.rec 0 (fun i ih => laneMax C.w (C.guard V) (f i) ih) n

/-- The largest loss at a position but the last. -/
def positionLoss (m : Nat) : Nat := rowMax C V (fun i => lossOf C V (C.OP i) m) (Nat.sub K 1)

/-- The loss at token `t`, at any position but the last. -/
def tokenLoss (m t : Nat) : Nat := Nat.add (positionLoss C V K m) (lossOf C V (C.OE t) m)

/-- The largest loss at a token below `n`, at any position but the last. -/
def farLoss (m n : Nat) : Nat := Nat.add (positionLoss C V K m) (rowMax C V (fun t => lossOf C V (C.OE t) m) n)

/-- The bias of a loss in every lane. -/
def lossBias : Nat := Nat.mul (Nat.mul 3 (Nat.pow 2 C.r)) (ones C.w V)

/-- The part of a loss of `x` that is above zero, with query `a`. -/
def positive (a m x : Nat) : Nat := monus C.w (C.guard V) (Nat.add (lossOf C V (C.D a) m) x) (lossBias C V)

/-- The exponential of the token score of `t`. -/
def tokenExp (a t : Nat) : Nat := lane C.e (C.eE a) t

/-- The exponential of the position score of `i`. -/
def positionExp (a i : Nat) : Nat := lane C.e (C.eP a) i

/-- Lane `t` is the largest `tokenExp` of the tokens up to `t`, if lanes have a bit to spare. -/
def maxExps (a : Nat) : Nat :=
  runningMax C.e (guardBits C.e V) V (Nat.succ (Nat.log2 V)) (Nat.land (C.eE a) (Nat.sub (Nat.pow 2 (Nat.mul C.e V)) 1))

/-- At least every `tokenExp` below `n`. -/
def maxTokenExp (a n : Nat) : Nat :=
  Bool.rec (Bool.rec (Nat.pow 2 C.P) (lane C.e (maxExps C V a) (Nat.sub n 1)) (Nat.ble (Nat.add C.P 2) C.e)) 0 (Nat.beq n 0)

/-- The least `positionExp` below `n`, at most `2 ^ P`. -/
def minPositionExp (a n : Nat) : Nat :=
  Nat.rec (Nat.pow 2 C.P) (fun i ih => Bool.rec (positionExp C a i) ih (Nat.ble ih (positionExp C a i))) n

/-- At least the weight of all positions but the last, if each holds a token of exponential `e`. -/
def totalWeight (a e : Nat) : Nat :=
  Nat.shiftRight (Nat.add (Nat.mul e (natSum (Nat.sub K 1) (positionExp C a))) (Nat.sub (Nat.pow 2 C.P) 1)) C.P

/-- At most the weight of any position but the last that holds `m`. -/
def leastWeight (a m : Nat) : Nat :=
  Nat.shiftRight (Nat.mul (tokenExp C a m) (minPositionExp C a (Nat.sub K 1))) C.P

/-- At most the weight of the positions that must hold `m` before the last one: none if the last one does. -/
def copyWeight (a m : Nat) : Nat := Bool.rec (leastWeight C K a m) 0 (Nat.beq a m)

/-- The most that all positions but the last can lose together, with tokens below `m`. -/
def totalLoss (a m : Nat) : Nat :=
  laneMax C.w (C.guard V)
    (Nat.mul (totalWeight C K a (tokenExp C a (Nat.sub m 1))) (positive C V a m (tokenLoss C V K m (Nat.sub m 1))))
    (Nat.mul (totalWeight C K a (maxTokenExp C V a (Nat.sub m 1))) (positive C V a m (farLoss C V K m (Nat.sub m 1))))

/-- A position loses nothing if it holds `m`. -/
def losesNothing (a m : Nat) : Bool :=
  lanesLe (C.guard V) (Nat.add (lossOf C V (C.D a) m) (tokenLoss C V K m m)) (lossBias C V)

/-- What a position gains that holds `m`; it must lose nothing. -/
def ownGain (a m : Nat) : Nat :=
  Nat.sub (lossBias C V) (Nat.add (lossOf C V (C.D a) m) (tokenLoss C V K m m))

/-- The row of the last position. -/
def lastRow (a : Nat) : Nat := row C a (Nat.sub K 1) a

/-- All inputs with last token `a` and largest token `m` are right. With `a = m` no other position need hold `m`. -/
def whole (a m : Nat) : Bool :=
  both (losesNothing C V K a m)
    (lanesLe (C.guard V)
      (Nat.add (Nat.add (totalLoss C V K a m) (lastRow C K a))
        (Nat.mul (C.slack K) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m)))))
      (Nat.add (Nat.mul (copyWeight C K a m) (ownGain C V K a m))
        (Nat.mul (lane C.w (lastRow C K a) m) (ones C.w V))))

end

end LeanBound
