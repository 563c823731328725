module

public import LeanBound.Numerics.Monus

/-!
# Running maxima of a row

Lane `i` of the result is the largest of the lanes `0, …, i`: in step `j` every lane takes the larger of itself and the lane `2 ^ j`
before it, so that `k` steps reach `2 ^ k` lanes back.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Lane `i` is lane `i - d` of `x`, or zero; `n` lanes of `w` bits. -/
def earlier (w n d x : Nat) : Nat :=
  Nat.shiftLeft (Nat.land x (Nat.sub (Nat.pow 2 (Nat.mul w (Nat.sub n d))) 1)) (Nat.mul w d)

/-- The largest lane among the `2 ^ k` lanes up to each one; `G` holds the guard bits of `n` lanes. -/
def runningMax (w G n k x : Nat) : Nat := Nat.rec x (fun j ih => laneMax w G (earlier w n (Nat.pow 2 j) ih) ih) k

end

end LeanBound
