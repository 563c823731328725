module

public import LeanBound.Numerics.Stretch

/-!
# Tables of rows

A table of rows is a function of the index. The kernel computes rows in blocks of `2 ^ b`, with as few operations as one row takes,
and keeps the blocks: a row is found in two steps, of which the first is shared by all rows of the block.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `f n`. The kernel passes arguments on as they are written; here it computes `n` first, so that equal numbers look equal. -/
def forced (f : Nat → Nat) (n : Nat) : Nat := Nat.rec (f 0) (fun n _ => f (Nat.succ n)) n

theorem forced_eq (f : Nat → Nat) (n : Nat) : forced f n = f n := by cases n <;> rfl

/-- Row `i` of the table whose rows from `2 ^ b * j` on, `2 ^ b` of `S` bits each, are in `block j`. -/
def blockRow (S b : Nat) (block : Nat → Nat) (i : Nat) : Nat :=
  forced (fun j => lane S (block j) (Nat.land i (Nat.sub (Nat.pow 2 b) 1))) (Nat.shiftRight i b)

/-- Of each of `2 ^ b` rows of `S` bits: the `n` lanes of `l` bits from lane `s` on, moved to the start of the row. -/
def rowLanes (S l b s n x : Nat) : Nat :=
  Nat.land (Nat.shiftRight x (Nat.mul l s)) (laneMask S (Nat.mul l n) (Nat.pow 2 b))

/-- The table of the rows of a grid, `S` bits apart: the `n` lanes of `l` bits from lane `s` on, in `2 ^ k` lanes of `w` bits, and
`F` of these, which works on all lanes alike. -/
def gridTable (S l w k b s n : Nat) (F : Nat → Nat) (x : Nat) : Nat → Nat :=
  blockRow (Nat.mul w (Nat.pow 2 k)) b fun j =>
    F (stretchRows l w k b S (rowLanes S l b s n (lane (Nat.mul S (Nat.pow 2 b)) x j)))

end

end LeanBound
