module

@[expose] public section

namespace Fix.Classical

noncomputable def pick (p : Nat → Prop) : Bool := @decide (p 0) (_root_.Classical.propDecidable _)
noncomputable def choose (h : Nonempty Nat) : Nat := _root_.Classical.choice h
theorem chosen (h : Nonempty Nat) : choose h = choose h := rfl
theorem proved (p : Prop) : p ∨ ¬ p := _root_.Classical.em p

end Fix.Classical
