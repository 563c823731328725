module

public import LeanBound.Strategies.AllPairs.Leads

/-!
# Interval bounds of an MLP on groups of pairs: checker

Tokens lie in groups of `g` consecutive ones, so that pairs lie in rectangles. On a rectangle each hidden unit has a lower and an
upper bound, and so has each logit. Where the lower bound of one output, the rectangle's winner, is above the upper bounds of the
others, the model is right on the pairs of the rectangle whose target is the winner. The rectangles of one group of first tokens
are rows of one matrix.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Lane-wise minimum of entries below the guard bits `G`. -/
def laneMin (w G x y : Nat) : Nat := Nat.sub x (monus w G x y)

/-- The rows `a, …, a + n`, by an operation on two. -/
def foldTokens (op : Nat → Nat → Nat) (row : Nat → Nat) (a n : Nat) : Nat :=
  Nat.rec (row a) (fun i x => op x (row (Nat.succ (Nat.add a i)))) n

/-- The lanes of `x` at the ones of `T`, and the other lanes of `y`. -/
def splice (l T x y : Nat) : Nat :=
  Nat.add (Nat.sub y (Nat.land y (Nat.sub (Nat.shiftLeft T l) T))) (Nat.land x (Nat.sub (Nat.shiftLeft T l) T))

/-- `n` with its lists: every entry is below `n`. -/
def checkWinners (n : Nat) (winners : List (List Nat)) : Bool :=
  List.rec (Nat.ble 1 n) (fun row _ ih => both (allAtMost (Nat.sub n 1) row) ih) winners

namespace PairMlp

variable (p : PairLanes) (M : PairMlp) (g : Nat)

/-- Entries of the embeddings stay below the guard bits, and groups are not empty. -/
def checkGroups : Bool :=
  both (Nat.ble 1 g)
  (both (Nat.ble (Nat.succ (Nat.mul 2 M.W_A.bound)) (half p))
    (Nat.ble (Nat.succ (Nat.mul 2 M.W_B.bound)) (half p)))

/-- How many groups there are. -/
def groups : Nat := Nat.div (Nat.add M.d_vocab (Nat.sub g 1)) g

/-- How many tokens group `c` has. -/
def groupSize (c : Nat) : Nat :=
  Nat.sub (Nat.sub M.d_vocab (Nat.mul g c)) (Nat.sub (Nat.sub M.d_vocab (Nat.mul g c)) g)

/-- The rows of a tensor for group `c`, by an operation on two. -/
def groupRow (op : Nat → Nat → Nat → Nat → Nat) (T : Tensor) (c : Nat) : Nat :=
  foldTokens (op p.hidden (guardBits p.hidden M.d_hidden)) (T.row p.hidden T.bound M.d_hidden) (Nat.mul g c)
    (Nat.sub (groupSize M g c) 1)

/-- Bounds of pre-activations, plus `half`, on the rectangles of group `c` of first tokens. -/
def preBounds (op : Nat → Nat → Nat → Nat → Nat) (c : Nat) : Nat :=
  Nat.add (pack p.stride (groupRow p M g op M.W_B) (groups M g))
    (Nat.mul (ones p.stride (groups M g)) (Nat.add (groupRow p M g op M.W_A c) (offsetRow p M)))

/-- Output weights above zero of unit `j`. -/
def positiveRow (j : Nat) : Nat :=
  monus p.logits (guardBits p.logits M.d_vocab) (M.W_U.row p.logits M.W_U.bound M.d_vocab j)
    (Nat.mul M.W_U.bound (ones p.logits M.d_vocab))

/-- Output weights below zero of unit `j`, without their sign. -/
def negativeRow (j : Nat) : Nat :=
  monus p.logits (guardBits p.logits M.d_vocab) (Nat.mul M.W_U.bound (ones p.logits M.d_vocab))
    (M.W_U.row p.logits M.W_U.bound M.d_vocab j)

/-- No sum of hidden units times output weights is larger. -/
def sumBound : Nat := Nat.mul M.d_hidden (Nat.mul (half p) M.W_U.bound)

/-- Bounds of logits with offsets: `x` holds the units for output weights above zero, `y` for those below. -/
def logitBounds (n x y : Nat) : Nat :=
  Nat.add
    (Nat.sub
      (Nat.add (unitSum p M (positiveRow p M) n x)
        (spread p.stride (Nat.mul (sumBound p M) (ones p.logits M.d_vocab)) n))
      (unitSum p M (negativeRow p M) n y))
    (spread p.stride (M.b_U.row p.logits M.b_U.bound M.d_vocab 0) n)

/-- Lower bounds of the winners' logits and upper bounds of the others, on the rectangles of group `c` of first tokens. -/
def contested (T c : Nat) : Nat :=
  splice p.logits T (logitBounds p M (groups M g) (preBounds p M g laneMin c) (preBounds p M g laneMax c))
    (logitBounds p M (groups M g) (preBounds p M g laneMax c) (preBounds p M g laneMin c))

/-- A one for each of these rectangles on which the winner leads. -/
def wonRows (ws : List Nat) (c : Nat) : Nat :=
  leadingRows p.stride p.logits M.d_vocab (groups M g)
    (pack p.stride (fun e => Nat.pow 2 (Nat.mul p.logits (nth ws e))) (groups M g))
    (contested p M g (pack p.stride (fun e => Nat.pow 2 (Nat.mul p.logits (nth ws e))) (groups M g)) c)

/-- On how many pairs that begin in group `c` the model is proved right; `t` is the target. -/
def wonPairs (t : Nat → Nat → Nat) (winners : List (List Nat)) (c : Nat) : Nat :=
  natSum (groupSize M g c) fun i => natSum (groups M g) fun e =>
    Nat.mul (Nat.land (Nat.shiftRight (wonRows p M g (tableRow winners c) c) (Nat.mul p.stride e)) 1)
      (natSum (groupSize M g e) fun k =>
        cond (Nat.beq (t (Nat.add (Nat.mul g c) i) (Nat.add (Nat.mul g e) k)) (nth (tableRow winners c) e)) 1 0)

end PairMlp

end

end LeanBound
