module

public import LeanBound.Numerics.Pascal
public import LeanBound.Numerics.RowTable
public import LeanBound.Strategies.Cubic.Checker

/-!
# Cubic proof of max-of-K by counts: checker

Inputs are taken by their last token `a` and their largest token `m`. Where `whole` holds, all inputs of `a` and `m` are right.
Elsewhere they are taken by the number `c` of copies of `m`, and by how many of the `g` tokens next below `m` they hold, both
before the last position. The more copies of `m`, and the fewer of those tokens, the larger the lead: for each `c` the
certificate says up to which number `n` of them the inputs hold, and one comparison of all outputs at once checks it; a last one
is for all larger `c`. At most `K` comparisons a class, and the inputs are counted by binomials.

The numbers of a class are computed first (`forced`): what depends on them and on the maximum alone is shared by its queries.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a m : Nat)

/-- The largest `positionExp` below `n`. -/
def maxPositionExp (n : Nat) : Nat :=
  Nat.rec 0 (fun i ih => Bool.rec ih (positionExp C a i) (Nat.ble ih (positionExp C a i))) n

/-- At least the weight of any position but the last that holds a token of exponential `e`. -/
def mostWeight (e : Nat) : Nat :=
  Nat.shiftRight (Nat.add (Nat.mul e (maxPositionExp C a (Nat.sub K 1))) (Nat.sub (Nat.pow 2 C.P) 1)) C.P

/-- The most that a position but the last can lose with token `t`. -/
def tokenUnit (t : Nat) : Nat :=
  Nat.mul (mostWeight C K a (tokenExp C a t)) (positive C V a m (tokenLoss C V K m t))

/-- The most that it can lose with a token below `n`. -/
def farUnit (n : Nat) : Nat :=
  Nat.mul (mostWeight C K a (maxTokenExp C V a n)) (positive C V a m (farLoss C V K m n))

/-- The most that it can lose with one of the `g` tokens below `m`, or one below those. -/
def nearUnit (g : Nat) : Nat :=
  Nat.rec (farUnit C V K a m (Nat.sub m g))
    (fun i ih => laneMax C.w (C.guard V) (tokenUnit C V K a m (Nat.sub (Nat.sub m 1) i)) ih) g

/-- What the last position and the slack take, lane `m` aside. -/
def lastLoss : Nat :=
  Nat.add (lastRow C K a) (Nat.mul (C.slack K) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m))))

/-- With `c` copies of `m` and at most `n` of the `g` tokens below it, the lead of `m` is above the slack. -/
def settles (g c n : Nat) : Bool :=
  both (Nat.ble (Nat.add c n) (Nat.sub K 1))
    (lanesLe (C.guard V)
      (Nat.add (Nat.add (Nat.mul n (nearUnit C V K a m g))
        (Nat.mul (Nat.sub (Nat.sub (Nat.sub K 1) c) n) (farUnit C V K a m (Nat.sub m g)))) (lastLoss C V K a m))
      (Nat.add (Nat.mul c (Nat.mul (leastWeight C K a m) (ownGain C V K a m)))
        (Nat.mul (lane C.w (lastRow C K a) m) (ones C.w V))))

/-- Bits of a number of inputs. -/
def sizeWidth : Nat := Nat.mul K (Nat.succ (Nat.log2 V))

/-- How many inputs have `c` copies of `m` and at most `n` of the `g` tokens below it. -/
def holdsCount (g c n : Nat) : Nat :=
  Nat.mul (choose (sizeWidth V K) (Nat.sub K 1) c)
    (pascalSum (sizeWidth V K) (Nat.sub m g) g (Nat.sub (Nat.sub K 1) c) n)

/-- The inputs with `c` copies of `m` that are proved; `j` is one more than `n`, `0` proves none. -/
def copiesSize (g c j : Nat) : Nat :=
  Bool.rec (Bool.rec (nat_lit 0) (holdsCount V K m g c (Nat.sub j 1)) (settles C V K a m g c (Nat.sub j 1))) (nat_lit 0)
    (Nat.beq j 0)

/-- How often an input of query `a` and maximum `m` must hold `m` before the last position. -/
def leastCopies : Nat := Bool.rec 1 0 (Nat.beq a m)

/-- The inputs with `c` copies of `m` or more that are proved, all with the same `j`. -/
def restSize (g c j : Nat) : Nat :=
  Bool.rec (Bool.rec (nat_lit 0) (natSum (Nat.sub K c) fun i => holdsCount V K m g (Nat.add c i) (Nat.sub j 1))
    (settles C V K a m g c (Nat.sub j 1))) (nat_lit 0) (Nat.beq j 0)

/-- The inputs with `c` copies of `m` or more that are proved: `js` lists `j` by the number of copies, `last` is for the rest. -/
def copiesSum (g last : Nat) (js : List Nat) (c : Nat) : Nat :=
  List.rec (fun c => forced (restSize C V K a m g c) last)
    (fun j _ ih c => Nat.add (copiesSize C V K a m g c j) (ih (Nat.succ c))) js c

/-- How many inputs of query `a` and maximum `m` are proved, by the number of copies of `m`. -/
def countsSize (g last : Nat) (js : List Nat) : Nat :=
  Bool.rec (nat_lit 0) (forced (copiesSum C V K a m g last js) (leastCopies a m))
    (both (Nat.ble g m) (losesNothing C V K a m))

/-- How many inputs of query `a` and maximum `m` are proved: all at once, or by counts if `split` holds their numbers. -/
def countedSize (split : Option (Nat × Nat × List Nat)) : Nat :=
  Option.rec (Bool.rec (nat_lit 0) (classCount K a m) (whole C V K a m))
    (fun s => forced (fun g => countsSize C V K a m g s.2.1 s.2.2) s.1) split

end

end LeanBound
