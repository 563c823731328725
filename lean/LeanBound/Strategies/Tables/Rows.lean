module

public import LeanBound.Numerics.PackInt

/-!
# Tables of a one-head model, and weighted logit rows

What every strategy on max-of-K needs of the weights: attention weights up to a common factor, enclosed by integers, and
logit contributions as exact integers in lanes.

`row C a i t` holds, in lanes over the outputs, what position `i` with token `t` adds to the logits when the last token is `a`,
times its attention weight. The prediction is the largest lane of the sum of the rows, as long as it leads by `slack`,
which covers the errors of all attention weights.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Rows are packed vectors of lanes of `w` bits, rows of exponentials of `e` bits. -/
structure Tables where
  /-- Bits a lane. -/
  w : Nat
  /-- Every lane of `D`, `OP` and `OE` is below `2 ^ r`. -/
  r : Nat
  /-- Added to every entry of `D`, `OP` and `OE`, to make it positive. -/
  offset : Nat
  /-- Attention weights are integers over `2 ^ P`. -/
  P : Nat
  /-- Bound of the error of a computed exponential. -/
  err : Nat
  /-- Bits of a lane of `eE` and `eP`. -/
  e : Nat
  /-- Direct path to the logits, by query. -/
  D : Nat → Nat
  /-- OV circuit of the position embeddings, by position. -/
  OP : Nat → Nat
  /-- OV circuit of the token embeddings, by token. -/
  OE : Nat → Nat
  /-- By query: `exp` of token scores. -/
  eE : Nat → Nat
  /-- By query: `exp` of position scores. -/
  eP : Nat → Nat

/-- Conjunction that looks at its second argument only when it has to. -/
def both (a b : Bool) : Bool := Bool.rec false b a

theorem both_eq_true {a b : Bool} : both a b = true ↔ a = true ∧ b = true := by cases a <;> simp [both]

variable (C : Tables) (V K a : Nat)

/-- Half a lane. -/
def Tables.half : Nat := Nat.pow 2 (Nat.sub C.w 1)

/-- The attention weight of position `i` with token `t`, over `2 ^ P`, rounded down. -/
def weight (i t : Nat) : Nat :=
  Nat.shiftRight (Nat.mul (lane C.e (C.eE a) t) (lane C.e (C.eP a) i)) C.P

/-- Attention weight times logit contributions. -/
def row (i t : Nat) : Nat := Nat.mul (weight C a i t) (Nat.add (Nat.add (C.D a) (C.OP i)) (C.OE t))

/-- Above every lane of a `row`. -/
def Tables.top : Nat := Nat.pow 2 (Nat.add C.P (Nat.add C.r 2))

/-- How far an attention weight may lie above `weight`. -/
def Tables.weightErr : Nat := Nat.add (Nat.mul 3 C.err) 2

/-- A lead of this much settles the comparison of two logits. -/
def Tables.slack : Nat := Nat.add (Nat.mul K (Nat.mul C.weightErr (Nat.pow 2 (Nat.add C.r 2)))) 1

/-- Sums of rows and of leads stay inside their lanes. -/
def checkRoom : Bool := Nat.ble (Nat.add (Nat.mul 3 (Nat.mul K C.top)) (C.slack K)) C.half

/-- The guard bit of every lane but lane `m`. -/
def guards (m : Nat) : Nat := Nat.mul C.half (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m)))

/-- Lane `m` of `R`, plus `lift`, less each lane of `R`; the guard bits tell which differences reach `half`. -/
def lead (R lift m : Nat) : Nat := Nat.sub (Nat.mul (Nat.add (lane C.w R m) lift) (ones C.w V)) R

/-- In the sum `R` of rows, lane `m` leads every other one by the slack. -/
def leads (R m : Nat) : Bool :=
  Nat.beq (Nat.land (lead C V R (Nat.sub C.half (C.slack K)) m) (guards C V m)) (guards C V m)

end

end LeanBound
