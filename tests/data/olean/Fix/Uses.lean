module

public import Fix.Ax
public import Fix.Clean

@[expose] public section

namespace Fix.Uses

unsafe def bad (n : Nat) : Nat := bad n
opaque secret : Nat
partial def loop (n : Nat) : Nat := loop (n + 1)
private theorem hidden : (2 : Nat) < 3 := Ax.friendly 2
theorem proved : (7 : Nat) < 3 ∧ Fix.Clean.Claim := ⟨Nat.lt_trans (by decide +kernel : 7 < 8) (Nat.lt_of_le_of_lt (Nat.le_of_lt (Ax.friendly 8)) (Nat.lt_irrefl 3 (Nat.lt_trans (by decide : 3 < 8) (Ax.friendly 8))).elim), Clean.proved⟩

end Fix.Uses
