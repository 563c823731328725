module

public import LeanBound.Numerics.Lanes

/-!
# Lanes made wider

`stretch w w' k x` moves the `2 ^ k` lanes of `w` bits of `x` into lanes of `w'` bits. One level halves the groups of lanes that
lie close together and moves every second half up, all at once: `k` levels of a few operations each.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The lowest `u` bits of `n` lanes of `w` bits. -/
def laneMask (w u n : Nat) : Nat := Nat.mul (Nat.sub (Nat.pow 2 u) 1) (ones w n)

/-- One level: `m` groups of `2 * g` close lanes become `2 * m` groups of `g`; `y` holds the lower halves. -/
def stretchBy (d x y : Nat) : Nat := Nat.add y (Nat.shiftLeft (Nat.sub x y) d)

/-- `k` levels, from `m` groups of `2 ^ k` close lanes of `w` bits to single lanes of `w'` bits. -/
def stretchFrom (w w' : Nat) : Nat → Nat → Nat → Nat :=
  Nat.rec (fun _ x => x) fun k ih m x =>
    ih (Nat.mul 2 m) (stretchBy (Nat.mul (Nat.sub w' w) (Nat.pow 2 k)) x
      (Nat.land x (laneMask (Nat.mul w' (Nat.mul 2 (Nat.pow 2 k))) (Nat.mul w (Nat.pow 2 k)) m)))

/-- The `2 ^ k` lanes of `w` bits of `x` in lanes of `w'` bits. -/
def stretch (w w' k x : Nat) : Nat := stretchFrom w w' k 1 x

/-- In each of `2 ^ b` rows of `S` bits, the lanes of `w` bits in `2 ^ k` lanes of `w'` bits, a new row. -/
def stretchRows (w w' k b S x : Nat) : Nat :=
  stretchFrom w w' k (Nat.pow 2 b) (stretch S (Nat.mul w' (Nat.pow 2 k)) b x)

end

end LeanBound
