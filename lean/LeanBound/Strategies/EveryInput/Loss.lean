module

public import LeanBound.Strategies.EveryInput.Checker
public import LeanBound.Strategies.Loss

/-!
# The loss of an attention-only model on every input: checker

By how much a logit leads is a sum of rows over the sum of the attention weights, both known up to their errors. What leads at
least with the shift is rounded down to an integer over `2 ^ k`, for each output; these are lanes of one number for all inputs with
one first token, and so are their exponentials.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `f x`, of `w` bits, in blocks one after the other, over all sequences `x` of `n` tokens below `V`. -/
def inputPack (w V : Nat) : Nat → (List Nat → Nat) → Nat :=
  Nat.rec (fun f => f List.nil) fun n ih f => pack (Nat.mul w (Nat.pow V n)) (fun t => ih fun x => f (List.cons t x)) V

variable (C : Tables) (V K : Nat) (ms : List (List Nat × Nat))

/-- The attention weights of an input, added up, over `2 ^ P`. -/
def weightSum (x : List Nat) : Nat := natSum K fun i => weight C (nth x (Nat.sub K 1)) i (nth x i)

/-- What `y` leads by with the shift `m`, times the sum of the weights: the lane of `y`, and that of `o` with the errors. -/
def ahead (x : List Nat) (m y : Nat) : Nat := Nat.add (lane C.w (inputRow C K x) y) (Nat.mul m (weightSum C K x))

/-- The lane of `o`, with the errors of the weights. -/
def behind (x : List Nat) (o : Nat) : Nat := Nat.add (lane C.w (inputRow C K x) o) (C.slack K)

/-- By at least how much `y` leads `o` on the input with the shift `m`, over `2 ^ k`. -/
def leadAtLeast (x : List Nat) (m y o : Nat) : Nat :=
  cond (Nat.beq o y) m
    (Nat.div (Nat.sub (ahead C K x m y) (behind C K x o)) (Nat.add (weightSum C K x) (Nat.mul K C.weightErr)))

/-- The shift is enough, and the lead is one of those that the constants are for. -/
def leadFits (c : LossPlan) (x : List Nat) (m y o : Nat) : Bool :=
  both (cond (Nat.beq o y) true (Nat.ble (behind C K x o) (ahead C K x m y)))
    (Nat.ble (Nat.succ (leadAtLeast C K x m y o)) (Nat.pow 2 c.consts.length))

/-- How many outputs of an input have no fitting lead. -/
def misfits (c : LossPlan) (x : List Nat) : Nat :=
  natSum V fun o => cond (leadFits C K c x (listed ms 0 x) (largest x) o) (nat_lit 0) (nat_lit 1)

/-- The largest token is an output. -/
def knownOutput (x : List Nat) : Nat := cond (Nat.ble (Nat.succ (largest x)) V) (nat_lit 0) (nat_lit 1)

/-- On all inputs with the first token `t`, the largest token reaches every output with its shift. -/
def inputsReach (c : LossPlan) (t : Nat) : Bool :=
  Nat.beq (inputSum V (Nat.sub K 1) fun x => Nat.add (misfits C V K ms c (List.cons t x)) (knownOutput V (List.cons t x))) 0

/-- The leads of an input, a lane of `L` bits for each output. -/
def leadLanes (L : Nat) (x : List Nat) : Nat :=
  pack L (fun o => leadAtLeast C K x (listed ms 0 x) (largest x) o) V

/-- The exponentials of the leads, negative, over `2 ^ P`, of all inputs with the first token `t`, added up. -/
def inputExps (c : LossPlan) (L t : Nat) : Nat :=
  Nat.mod
    (expRow L c.P (Nat.mul (Nat.pow V (Nat.sub K 1)) V) c.consts
      (inputPack (Nat.mul L V) V (Nat.sub K 1) fun x => leadLanes C V K ms L (List.cons t x)))
    (Nat.sub (Nat.pow 2 L) 1)

/-- The bounds of all inputs with the first token `t`, added up, over `2 ^ (P + k)`. -/
def inputLosses (c : LossPlan) (L k t : Nat) : Nat :=
  Nat.add (Nat.mul (inputExps C V K ms c L t) (Nat.pow 2 k))
    (Nat.mul (inputSum V (Nat.sub K 1) fun x => listed ms 0 (List.cons t x)) (Nat.pow 2 c.P))

/-- Exponentials are near enough, and lanes wide enough for them. -/
def checkInputPlan (c : LossPlan) (L k : Nat) : Bool :=
  both (expCheck c.P k c.squarings c.consts.length c.consts c.err)
  (both (allAtMost (Nat.pow 2 c.P) c.consts)
  (both (Nat.ble (Nat.succ (Nat.mul 2 c.P)) L)
  (both (Nat.ble c.consts.length L)
    (Nat.ble (Nat.add (Nat.mul (Nat.mul (Nat.pow V (Nat.sub K 1)) V) (Nat.pow 2 c.P)) 2) (Nat.pow 2 L)))))

end

end LeanBound
