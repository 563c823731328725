module

public import LeanBound.Strategies.Counts
public import LeanBound.Strategies.Failures.Checker

/-!
# Inputs of an attention-only model, one after the other: checker

For models so small that all inputs can be gone through: the rows of an input are added up, and an output leads or not. What is
counted is up to the property.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The sum of `f` over all sequences of `n` tokens below `V`. -/
def inputSum (V : Nat) : Nat → (List Nat → Nat) → Nat :=
  Nat.rec (fun f => f List.nil) fun _ ih f => natSum V fun t => ih fun x => f (List.cons t x)

/-- `weightOf`, for the kernel. -/
def inputWeight (weights : List (List Nat)) : List Nat → Nat :=
  List.rec (fun _ => 1) (fun u _ ih x => List.rec 1 (fun t x _ => Nat.mul (nth u t) (ih x)) x) weights

/-- The same tokens. -/
def sameTokens : List Nat → List Nat → Bool :=
  List.rec (fun y => List.rec true (fun _ _ _ => false) y)
    (fun t _ ih y => List.rec false (fun s y _ => both (Nat.beq t s) (ih y)) y)

/-- What is listed for the input, else `d`. -/
def listed (es : List (List Nat × Nat)) (d : Nat) (x : List Nat) : Nat :=
  List.rec d (fun e _ ih => cond (sameTokens e.1 x) e.2 ih) es

variable (C : Tables) (V K : Nat)

/-- The output `y` leads on the input. -/
def inputLeads (y : Nat) (x : List Nat) : Bool := both (Nat.ble (Nat.succ y) V) (leads C V K (inputRow C K x) y)

/-- The weights of the inputs with the first token `t` on which the largest token leads, added up. -/
def leadingWeight (weights : List (List Nat)) (t : Nat) : Nat :=
  inputSum V (Nat.sub K 1) fun x =>
    cond (inputLeads C V K (largest (List.cons t x)) (List.cons t x)) (inputWeight weights (List.cons t x)) (nat_lit 0)

/-- The output `y` leads on the input in both models. -/
def bothLead (C' : Tables) (y : Nat) (x : List Nat) : Bool := both (inputLeads C V K y x) (inputLeads C' V K y x)

/-- On how many inputs with the first token `t` both models give the output that is listed, or else the largest token. -/
def agreedInputs (C' : Tables) (es : List (List Nat × Nat)) (t : Nat) : Nat :=
  inputSum V (Nat.sub K 1) fun x =>
    cond (bothLead C V K C' (listed es (largest (List.cons t x)) (List.cons t x)) (List.cons t x)) (nat_lit 1) (nat_lit 0)

end

end LeanBound
