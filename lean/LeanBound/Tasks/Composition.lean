module

/-! # Composition in a finite group, or by any other table -/

@[expose] public section

namespace LeanBound

/-- Entry `(a, b)` of a multiplication table, given by its rows, for a sequence of the tokens `a` and `b`. -/
noncomputable def composed (table : List (List Nat)) (x : List Nat) : Nat :=
  (table.getD (x.getD 0 0) []).getD (x.getD 1 0) 0

end LeanBound
