module

/-! # Modular addition: the right output is the sum of the two tokens modulo `p` -/

@[expose] public section

namespace LeanBound

/-- The sum of the first two tokens modulo `p`. -/
noncomputable def sumMod (p : Nat) (x : List Nat) : Nat := (x.getD 0 0 + x.getD 1 0) % p

end LeanBound
