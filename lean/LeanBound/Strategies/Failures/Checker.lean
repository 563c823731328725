module

public import LeanBound.Strategies.Tables.Checker

/-!
# Inputs on which a model is wrong: checker

With the accuracy, a list of these tells on which inputs the model is right: on all others.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `maxToken`, for the kernel. -/
def largest (x : List Nat) : Nat := List.rec 0 (fun t _ m => cond (Nat.ble m t) t m) x

variable (C : Tables) (V K : Nat)

/-- The rows of all positions of `x`, added up. -/
def inputRow (x : List Nat) : Nat := natSum K fun i => row C (nth x (Nat.sub K 1)) i (nth x i)

/-- On the input, an output leads that is not the largest token. -/
def isWrong (e : List Nat × Nat) : Bool :=
  both (Nat.beq e.1.length K)
  (both (allAtMost (Nat.sub V 1) e.1)
  (both (Nat.ble (Nat.succ e.2) V)
  (both (cond (Nat.beq (largest e.1) e.2) false true)
    (leads C V K (inputRow C K e.1) e.2))))

/-- On each of these inputs, its output leads and is not the largest token. -/
def areWrong (es : List (List Nat × Nat)) : Bool := List.rec true (fun e _ ih => both (isWrong C V K e) ih) es

/-- The inputs. -/
def wrongInputs (es : List (List Nat × Nat)) : List (List Nat) := List.rec [] (fun e _ xs => e.1 :: xs) es

end

end LeanBound
