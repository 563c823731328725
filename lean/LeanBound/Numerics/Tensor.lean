module

public import LeanBound.Numerics.ExpField

/-!
# Fixed-point tensors

A tensor is what quantisation leaves of a trained weight matrix: integers that share one power-of-two
scale. Rows are written as one numeral each, `width` bits an entry, so that a reader of the
hexadecimal digits sees the entries, the last one first.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- A matrix of rationals `n / 2 ^ frac`; `rows` holds one numeral a row (see `Tensor.int`). -/
structure Tensor where
  /-- Bits an entry. -/
  width : Nat
  /-- Every entry is an integer divided by `2 ^ frac`. -/
  frac : Nat
  /-- Row `i`: entry `j` is bits `width * j` to `width * (j + 1) - 1`, in offset binary. -/
  rows : List Nat

/-- The integer behind entry `(i, j)`: `width` bits, less the offset `2 ^ (width - 1)`. -/
def Tensor.int (T : Tensor) (i j : Nat) : Int :=
  (((T.rows.getD i 0) / 2 ^ (T.width * j) % 2 ^ T.width : Nat) : Int) - ((2 ^ (T.width - 1) : Nat) : Int)

/-- Entry `(i, j)`, as an element of the field. -/
def Tensor.entry {F : Type u} [ExpField F] (T : Tensor) (i j : Nat) : F :=
  Lean.Grind.Ring.intCast.intCast (T.int i j) / (2 : F) ^ T.frac

end

end LeanBound
