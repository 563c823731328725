module

@[expose] public section

namespace Fix.Attr

noncomputable section

def slow (n : Nat) : Nat := n + 1
@[implemented_by slow] def spec (n : Nat) : Nat := n + 1
@[extern "c_thing"] def foreign (n : Nat) : Nat := n + 2
theorem swap : @spec = @slow := rfl
attribute [csimp] swap
theorem proved : spec 1 = 2 := rfl

structure Tensor where
  width : Nat
  rows : List Nat
def row0 : Nat := 0x123456789
def t : Tensor := { width := 3, rows := [row0, 2, 300000000000000000000000000] }
theorem native (n : Nat) : n < 70000000000 ∨ ¬ n < 70000000000 := Decidable.em _
theorem «odd name» : True := trivial
theorem «Кириллица» : True := trivial

end

end Fix.Attr
