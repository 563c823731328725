module

public import LeanBound.Strategies.Tables.Rows

/-!
# The rows of all tokens of a position, in one number

A tower holds one row above the other; `gaps` turns it into the leads of one output over all, and the guard bits of `classGuards`
compare them all at once. Products are cheap where the second factor is sparse: the kernel skips its zero words.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V a : Nat)

/-- Bits of a row of `V` lanes. -/
def Tables.rowWidth : Nat := Nat.mul C.w V

/-- The rows of position `i` for all tokens, one above the other. -/
def tower (i : Nat) : Nat := pack (C.rowWidth V) (row C a i) V

/-- Lane `m` of the lowest `n` rows of `T`, each at the start of its row. -/
def column (T m n : Nat) : Nat :=
  Nat.land (Nat.shiftRight T (Nat.mul C.w m)) (Nat.mul (Nat.sub (Nat.pow 2 C.w) 1) (ones (C.rowWidth V) n))

/-- For the lowest `n` rows of `T` and all outputs `o`: lane `m` less lane `o` of the row, plus `top`. -/
def gaps (T m n : Nat) : Nat :=
  Nat.sub (Nat.add (Nat.mul (ones C.w V) (column C V T m n)) (Nat.mul (Nat.mul C.top (ones C.w V)) (ones (C.rowWidth V) n)))
    (Nat.land T (Nat.sub (Nat.pow 2 (Nat.mul (C.rowWidth V) n)) 1))

/-- The guard bits of `n` rows, but for those of lane `m`. -/
def classGuards (m n : Nat) : Nat := Nat.mul (guards C V m) (ones (C.rowWidth V) n)

end

end LeanBound
