module

@[expose] public section

namespace Fix.Sorry

theorem helper (n : Nat) : n < n + 1 + n * n := sorry
theorem proved : ∃ n : Nat, 5 < n := ⟨_, Nat.lt_of_le_of_lt (Nat.le_refl 5) (helper 5)⟩

end Fix.Sorry
