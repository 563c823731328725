module

public import Init.Data.List.Basic
public import Init.Data.Nat.Basic

/-!
# Enclosures of the exponential: what the kernel computes

`expNeg P cs u` is a lower bound of `2 ^ P * exp (-u / 2 ^ k)`, and `expNeg P cs u + err` an upper bound; `cs` and
`err` come from `expConsts P k j n`. `n` bits of `u` are read; `j` is the number of squarings that lead from the
tangent at `0` to the first constant (more squarings, smaller error; `k + j ≈ P` makes every constant right to 2 units).
Everything is on natural numbers and rounds down.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- One squaring: an enclosure (lower bound, error) of `2 ^ Q * exp (-x)` becomes one of `2 ^ Q * exp (-2 x)`. -/
def expSquare (Q : Nat) (p : Nat × Nat) : Nat × Nat :=
  (p.1 * p.1 / 2 ^ Q, (2 * p.1 * p.2 + p.2 * p.2) / 2 ^ Q + 2)

/-- `j` squarings. -/
def expSquares (Q : Nat) : Nat → Nat × Nat → Nat × Nat
  | 0, p => p
  | j + 1, p => expSquares Q j (expSquare Q p)

/-- `n` enclosures, each the square of the one before, with `g` guard bits rounded off. -/
def expConstsFrom (Q g : Nat) : Nat → Nat × Nat → List (Nat × Nat)
  | 0, _ => []
  | n + 1, p => (p.1 / 2 ^ g, p.2 / 2 ^ g + 2) :: expConstsFrom Q g n (expSquare Q p)

/-- Enclosures (lower bound, error) of `2 ^ P * exp (-2 ^ b / 2 ^ k)` for `b = 0, …, n - 1`. -/
def expConsts (P k j n : Nat) : List (Nat × Nat) :=
  let d := k + j
  let Q := P + 2 * d
  expConstsFrom Q (2 * d) n (expSquares Q j (2 ^ Q - 2 ^ (P + d), 2 ^ P))

/-- The error of `expNeg` with these constants. -/
def expErr : List (Nat × Nat) → Nat
  | [] => 0
  | p :: l => expErr l + p.2 + 1

/-- Are `cs` the constants, and is `err` a bound of the error? -/
def expCheck (P k j n : Nat) (cs : List Nat) (err : Nat) : Bool :=
  decide ((expConsts P k j n).map Prod.fst = cs) && Nat.ble (expErr (expConsts P k j n)) err

/-- A lower bound of `2 ^ P * exp (-u / 2 ^ k)`: the product of the constants at the bits of `u`, lowest bit first. -/
def expNeg (P : Nat) (cs : List Nat) : Nat → Nat :=
  List.rec (motive := fun _ => Nat → Nat) (fun _ => Nat.pow 2 P)
    (fun c _ ih u => Bool.rec (motive := fun _ => Nat)
      (Nat.shiftRight (Nat.mul c (ih (Nat.shiftRight u 1))) P)
      (ih (Nat.shiftRight u 1))
      (Nat.beq (Nat.land u 1) 0)) cs

end

end LeanBound
