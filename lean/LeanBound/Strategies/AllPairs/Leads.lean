module

public import LeanBound.Strategies.AllPairs.Checker

/-!
# Which rows of a matrix have their target in the lead, all rows at once

`T` holds a one in the target's lane of each row. All definitions are run by the kernel: recursors and `Nat`'s own operations
only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- In each of `n` rows of `S` bits, what lies above the lowest `u` bits is moved down by `u` bits and added to them. -/
def foldRows (S u n x : Nat) : Nat :=
  Nat.add (Nat.land x (spread S (Nat.sub (Nat.pow 2 u) 1) n))
    (Nat.shiftRight (Nat.sub x (Nat.land x (spread S (Nat.sub (Nat.pow 2 u) 1) n))) u)

/-- In each of `n` rows of up to `2 ^ k` lanes of `l` bits, the one lane that is not zero, as the lowest. -/
def onlyLane (S l n : Nat) : Nat → Nat → Nat :=
  Nat.rec (fun x => x) fun k ih x => ih (foldRows S (Nat.mul l (Nat.pow 2 k)) n x)

/-- The targets' lanes of `x`, each as the lowest of its row of `m` lanes. -/
def targetLanes (S l m n T x : Nat) : Nat :=
  onlyLane S l n (Nat.succ (Nat.log2 m)) (Nat.land x (Nat.sub (Nat.shiftLeft T l) T))

/-- By how much the targets' lanes lead, plus half a lane less one; a target leads itself by one. -/
def leadRows (S l m n T x : Nat) : Nat :=
  Nat.sub
    (Nat.add
      (Nat.add (Nat.mul (ones l m) (targetLanes S l m n T x))
        (spread S (Nat.mul (Nat.sub (Nat.pow 2 (Nat.sub l 1)) 1) (ones l m)) n))
      T)
    x

/-- A one for each row in which all `m` lanes of `d` have the guard bit. -/
def fullRows (S l m n d : Nat) : Nat :=
  Nat.shiftRight
    (Nat.land (spread S (Nat.pow 2 (Nat.sub S 1)) n)
      (Nat.add (Nat.shiftRight (Nat.land d (spread S (guardBits l m) n)) (Nat.sub l 1))
        (spread S (Nat.sub (Nat.pow 2 (Nat.sub S 1)) (ones l m)) n)))
    (Nat.sub S 1)

/-- A one for each of `n` rows whose target is above every other of the `m` lanes. -/
def leadingRows (S l m n T x : Nat) : Nat := fullRows S l m n (leadRows S l m n T x)

/-- How many ones there are, in lanes of `S` bits. -/
def countRows (S x : Nat) : Nat := Nat.mod x (Nat.sub (Nat.pow 2 S) 1)

end

end LeanBound
