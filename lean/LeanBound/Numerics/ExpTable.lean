module

public import LeanBound.Numerics.ExpEnclosure

/-!
# Enclosures of the exponential from tables

`expTab` is `expNeg` with `m` bits of `u` a step. A table is one numeral of `2 ^ m` lanes, `P + 1` bits each;
lane `d` holds `expNeg` of `d` for the constants of these `m` bits.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Lane `d` of the table `T`. -/
def expLane (P T d : Nat) : Nat :=
  Nat.land (Nat.shiftRight T (Nat.mul (Nat.succ P) d)) (Nat.pred (Nat.pow 2 (Nat.succ P)))

/-- Do the lanes below `d` hold `expNeg P cs`? -/
def expLanesOk (P : Nat) (cs : List Nat) (T d : Nat) : Bool :=
  Nat.rec (motive := fun _ => Bool) true
    (fun d ih => Bool.rec (motive := fun _ => Bool) false ih (Nat.beq (expLane P T d) (expNeg P cs d))) d

/-- Is every table of `Ts` right for its `m` of the constants `cs`? -/
def expTablesOk (P m : Nat) : List Nat → List Nat → Bool
  | [], _ => true
  | T :: Ts, cs => expLanesOk P (cs.take m) T (2 ^ m) && expTablesOk P m Ts (cs.drop m)

/-- A lower bound of `2 ^ P * exp (-u / 2 ^ k)`: the product of the table entries at the digits of `u`. -/
def expTab (P m : Nat) (Ts : List Nat) : Nat → Nat :=
  List.rec (motive := fun _ => Nat → Nat) (fun _ => Nat.pow 2 P)
    (fun T _ ih u => Nat.shiftRight
      (Nat.mul (expLane P T (Nat.land u (Nat.pred (Nat.pow 2 m)))) (ih (Nat.shiftRight u m))) P) Ts

/-- Are `Ts` right for `n` constants, and is `err` a bound of the error of `expTab`? -/
def expTabCheck (P k j n m : Nat) (Ts : List Nat) (err : Nat) : Bool :=
  Nat.beq n (m * Ts.length) && expTablesOk P m Ts ((expConsts P k j n).map Prod.fst) &&
    Nat.ble (expErr (expConsts P k j n) + Ts.length) err

end

end LeanBound
