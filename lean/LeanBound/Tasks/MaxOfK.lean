module

/-! # Max-of-K: the right output is the largest token of the sequence -/

@[expose] public section

namespace LeanBound

/-- The largest token of a sequence. -/
noncomputable def maxToken (x : List Nat) : Nat := x.foldr max 0

end LeanBound
