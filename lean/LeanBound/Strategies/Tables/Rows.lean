module

public import LeanBound.Strategies.Tables.Checker

/-!
# Weighted logit rows

`row C a i t` holds, in lanes over the outputs, what position `i` with token `t` adds to the logits when the last token is `a`,
times its attention weight. The prediction is the largest lane of the sum of the rows, as long as it leads by `slack`,
which covers the errors of all attention weights.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a : Nat)

/-- The attention weight of position `i` with token `t`, over `2 ^ P`, rounded down. -/
def weight (i t : Nat) : Nat :=
  Nat.shiftRight (Nat.mul (lane (Nat.add C.P 1) (nth C.eE a) t) (lane (Nat.add C.P 1) (nth C.eP a) i)) C.P

/-- Attention weight times logit contributions. -/
def row (i t : Nat) : Nat := Nat.mul (weight C a i t) (Nat.add (Nat.add (nth C.D a) (nth C.OP i)) (nth C.OE t))

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
