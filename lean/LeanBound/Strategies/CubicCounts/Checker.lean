module

public import LeanBound.Numerics.Pascal
public import LeanBound.Strategies.Cubic.Checker

/-!
# Cubic proof of max-of-K by counts: checker

Inputs are taken by their last token `a` and their largest token `m`. Where `whole` holds, all inputs of `a` and `m` are right.
Elsewhere they are taken by the number `c` of copies of `m` and the number of copies of its predecessor, both before the last
position. The more copies of `m`, and the fewer of the predecessor, the larger the lead: for each `c` the certificate names the
largest number `n` of predecessors at which the inputs still hold, and one comparison of all outputs at once checks it. At most
`K` comparisons a class, and the inputs are counted by binomials.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a m : Nat)

/-- The largest `positionExp` below `n`. -/
def maxPositionExp (n : Nat) : Nat :=
  Nat.rec 0 (fun i ih => cond (Nat.ble ih (positionExp C a i)) (positionExp C a i) ih) n

/-- At least the weight of any position but the last that holds a token of exponential `e`. -/
def mostWeight (e : Nat) : Nat :=
  Nat.shiftRight (Nat.add (Nat.mul e (maxPositionExp C a (Nat.sub K 1))) (Nat.sub (Nat.pow 2 C.P) 1)) C.P

/-- The most that a position can lose with a token below the predecessor of `m`. -/
def farUnit : Nat :=
  Nat.mul (mostWeight C K a (maxTokenExp C a (Nat.sub m 1))) (positive C V a m (farLoss C V K m (Nat.sub m 1)))

/-- The most that a position can lose with the predecessor of `m`, or one below. -/
def nearUnit : Nat :=
  laneMax C.w (C.guard V) (farUnit C V K a m)
    (Nat.mul (mostWeight C K a (tokenExp C a (Nat.sub m 1))) (positive C V a m (tokenLoss C V K m (Nat.sub m 1))))

/-- What the last position and the slack take, lane `m` aside. -/
def lastLoss : Nat :=
  Nat.add (lastRow C K a) (Nat.mul (C.slack K) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m))))

/-- With `c` copies of `m` and at most `n` of its predecessor, the lead of `m` is above the slack. -/
def settles (c n : Nat) : Bool :=
  both (Nat.ble (Nat.add c n) (Nat.sub K 1))
    (Nat.beq (monus C.w (C.guard V)
      (Nat.add (Nat.add (Nat.mul n (nearUnit C V K a m)) (Nat.mul (Nat.sub (Nat.sub (Nat.sub K 1) c) n) (farUnit C V K a m)))
        (lastLoss C V K a m))
      (Nat.add (Nat.mul c (Nat.mul (leastWeight C K a m) (ownGain C V K a m)))
        (Nat.mul (lane C.w (lastRow C K a) m) (ones C.w V)))) 0)

/-- Bits of a number of inputs. -/
def sizeWidth : Nat := Nat.mul K (Nat.succ (Nat.log2 V))

/-- How many inputs have `c` copies of `m` and at most `n` of its predecessor. -/
def holdsCount (c n : Nat) : Nat :=
  Nat.mul (choose (sizeWidth V K) (Nat.sub K 1) c)
    (pascalSum (sizeWidth V K) (Nat.sub m 1) (Nat.sub (Nat.sub K 1) c) n)

/-- The inputs with `c` copies of `m` that are proved; `j` is one more than the number of predecessors allowed, `0` for none. -/
def copiesSize (c j : Nat) : Nat :=
  cond (Nat.beq j 0) (nat_lit 0)
    (cond (settles C V K a m c (Nat.sub j 1)) (holdsCount V K m c (Nat.sub j 1)) (nat_lit 0))

/-- How often an input of query `a` and maximum `m` must hold `m` before the last position. -/
def leastCopies : Nat := cond (Nat.beq a m) 0 1

/-- How many inputs of query `a` and maximum `m` are proved, by the number of copies of `m`; `js` lists `j` for each. -/
def countsSize (js : List Nat) : Nat :=
  cond (both (Nat.ble 1 m) (Nat.beq (positive C V a m (tokenLoss C V K m m)) 0))
    (natSum K fun c => cond (Nat.ble (leastCopies a m) c) (copiesSize C V K a m c (nth js c)) (nat_lit 0)) (nat_lit 0)

/-- How many inputs of query `a` and maximum `m` are proved: all at once, or by counts if `splits` has an entry for `m`. -/
def countedClass (splits : List (Nat × List Nat)) : Nat :=
  List.rec (cond (whole C V K a m) (classCount K a m) (nat_lit 0))
    (fun s _ ih => cond (Nat.beq s.1 m) (countsSize C V K a m s.2) ih) splits

/-- How many inputs with the last token `a` are proved; `splits` lists the maxima that are split, with their numbers. -/
def countedSize (splits : List (Nat × List Nat)) : Nat :=
  natSum V fun m => cond (Nat.ble a m) (countedClass C V K a m splits) (nat_lit 0)

end

end LeanBound
