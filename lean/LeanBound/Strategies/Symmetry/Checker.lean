module

public import LeanBound.Strategies.AllPairs.Leads

/-!
# Unordered pairs of tokens through an MLP: checker

Where both tokens have one embedding, the logits of a pair do not depend on the order of its tokens: if the target does not
either, a pair of different tokens stands for two. Pairs lie on diagonals: the pairs `(i, i + d)` for one `d` are rows of one matrix, and
the matrices of consecutive diagonals lie one above the other in one number.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The parts `d, …, d + k - 1`, one above the other; part `e` has `size e` rows of `S` bits. -/
def chain (S : Nat) (size part : Nat → Nat) (k d : Nat) : Nat :=
  Nat.rec (fun _ => nat_lit 0)
    (fun _ ih d => Nat.add (part d) (Nat.shiftLeft (ih (Nat.succ d)) (Nat.mul S (size d)))) k d

/-- How many rows these parts have. -/
def chainRows (size : Nat → Nat) (k d : Nat) : Nat :=
  Nat.rec (fun _ => nat_lit 0) (fun _ ih d => Nat.add (size d) (ih (Nat.succ d))) k d

/-- A property of all numbers below `n`. -/
def allBelow (n : Nat) (P : Nat → Bool) : Bool := Nat.rec true (fun i ih => both (P i) ih) n

/-- A target of pairs is one of `n` tokens, and does not depend on their order. -/
def checkSymmetric (n : Nat) (t : Nat → Nat → Nat) : Bool :=
  allBelow n fun a => allBelow (Nat.succ a) fun b =>
    both (Nat.ble (Nat.succ (t a b)) n) (Nat.beq (t b a) (t a b))

namespace PairMlp

variable (p : PairLanes) (M : PairMlp) (t : Nat → Nat → Nat)

/-- How many pairs `(i, i + d)` there are. -/
def diagonalSize (d : Nat) : Nat := Nat.sub M.d_vocab d

/-- What the tokens of the pairs `(i, i + d)` give to the hidden units: a row for each pair. -/
def diagonalPre (d : Nat) : Nat :=
  Nat.add
    (Nat.land (pack p.stride (M.W_A.row p.hidden M.W_A.bound M.d_hidden) M.d_vocab)
      (Nat.sub (Nat.pow 2 (Nat.mul p.stride (diagonalSize M d))) 1))
    (Nat.shiftRight (pack p.stride (M.W_B.row p.hidden M.W_B.bound M.d_hidden) M.d_vocab) (Nat.mul p.stride d))

/-- A one in the lane of the target of each pair `(i, i + d)`. -/
def diagonalTargets (d : Nat) : Nat :=
  pack p.stride (fun i => Nat.pow 2 (Nat.mul p.logits (t i (Nat.add i d)))) (diagonalSize M d)

/-- How many pairs there are on the diagonals `d, …, d + k - 1`. -/
def diagonalRows (k d : Nat) : Nat := chainRows (diagonalSize M) k d

/-- The logits of these pairs, with offsets. -/
def diagonalLogits (k d : Nat) : Nat :=
  logitRows p M (diagonalRows M k d)
    (Nat.add (chain p.stride (diagonalSize M) (diagonalPre p M) k d) (spread p.stride (offsetRow p M) (diagonalRows M k d)))

/-- A one for each of these pairs that the model is right on. -/
def diagonalRight (k d : Nat) : Nat :=
  leadingRows p.stride p.logits M.d_vocab (diagonalRows M k d)
    (chain p.stride (diagonalSize M) (diagonalTargets p M t) k d) (diagonalLogits p M k d)

/-- Of the pairs on these diagonals and their mirror images, on how many the model is right: those on diagonal `0` count once. -/
def mirroredCount (k d : Nat) : Nat :=
  Nat.add (countRows p.stride (diagonalRight p M t k d))
    (countRows p.stride
      (Nat.shiftRight (diagonalRight p M t k d) (cond (Nat.beq d 0) (Nat.mul p.stride M.d_vocab) (nat_lit 0))))

end PairMlp

end

end LeanBound
