module

@[expose] public section

namespace Fix.Clean

noncomputable section

/-- Big numerals of several limbs. -/
def rows : List Nat := [0xffffffffffffffffffffffffffffffff1, 4294967296, 4294967295, 2147483648, 2147483647, 1073741824, 0]

structure Box where
  width : Nat
  frac : Nat
  rows : List Nat

def box : Box := { width := 8, frac := 3, rows := [0x8081, 0x123456789abcdef0123456789abcdef] }
def box' : Box := ⟨8, 3, [1, 2]⟩

def Claim : Prop := 97 * 89 = 8633 ∧ rows.length = 7

theorem proved : Claim := by unfold Claim; decide +kernel

end

end Fix.Clean
