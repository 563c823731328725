module

public import LeanBound.Numerics.ExpEnclosure
public import LeanBound.Numerics.Stretch

/-! # The exponentials of a whole vector at once -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Each lane of `x` over `2 ^ P`, rounded down; `y` holds the lowest `P` bits of the lanes. -/
def laneShift (P x y : Nat) : Nat := Nat.shiftRight (Nat.sub x y) P

/-- Each lane of `x` that is in `z` times `c` over `2 ^ P`; the others as they are. -/
def expStep (L P n c x z : Nat) : Nat :=
  Nat.add (Nat.sub x z) (laneShift P (Nat.mul c z) (Nat.land (Nat.mul c z) (laneMask L P n)))

/-- `expNeg P cs` of `n` lanes of `L` bits. -/
def expRow (L P n : Nat) (cs : List Nat) : Nat → Nat :=
  List.rec (motive := fun _ => Nat → Nat) (fun _ => Nat.mul (Nat.pow 2 P) (ones L n))
    (fun c _ ih u => expStep L P n c (ih (laneShift 1 u (Nat.land u (ones L n))))
      (Nat.land (ih (laneShift 1 u (Nat.land u (ones L n))))
        (Nat.mul (Nat.sub (Nat.pow 2 (Nat.succ P)) 1) (Nat.land u (ones L n))))) cs

end

end LeanBound
