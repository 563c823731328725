module

@[expose] public section

namespace Fix.Ax

axiom friendly : ∀ n : Nat, n < 3
theorem proved : (5 : Nat) < 3 := friendly 5

end Fix.Ax
