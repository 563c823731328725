module

/-! # Long numerals in pieces: Lean reads a numeral in time quadratic in its digits -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `hi` above the lowest `n` bits, which are `lo`. -/
def cat (n lo hi : Nat) : Nat := Nat.add lo (Nat.shiftLeft hi n)

end

end LeanBound
