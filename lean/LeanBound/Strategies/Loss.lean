module

public import LeanBound.Numerics.ExpRow
public import LeanBound.Strategies.Counts

/-!
# The loss: what strategies have in common

With the right output in the lead by `g_o` over output `o`, negative where it is behind, the cross-entropy is
`log (Σ_o exp (-g_o))`, at most `s + Σ_o exp (-g_o - s) - 1` for every shift `s`. A certificate chooses shifts near the
cross-entropy itself, where little is lost, and `0` where the loss is small.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- How exponentials are computed. -/
structure LossPlan where
  /-- Exponentials are integers over `2 ^ P`. -/
  P : Nat
  /-- Squarings before the first constant. -/
  squarings : Nat
  /-- `consts[b]` is a lower bound of `2 ^ P * exp (-2 ^ b / 2 ^ k)`, with logits over `2 ^ k`. -/
  consts : List Nat
  /-- Bound of the error of a computed exponential. -/
  err : Nat

/-- `size (a + j)` is at most `ns[j]`, and the shifts of `a + j` are `good`. -/
def lossesFrom (good : Nat → Bool) (size : Nat → Nat) (a : Nat) (ns : List Nat) : Bool :=
  List.rec (fun _ => true) (fun n _ ih a => both (good a) (both (Nat.ble (size a) n) (ih (Nat.succ a)))) ns a

/-- The mean over the inputs is at most `num / den`, by the `sum` over `2 ^ (P + k)` of shifts and computed exponentials, one for
each of the `outputs`. -/
def checkMean (c : LossPlan) (k inputs outputs num den sum : Nat) : Bool :=
  both (Nat.ble 1 den)
    (Nat.ble
      (Nat.mul den (Nat.add sum (Nat.mul (Nat.mul inputs (Nat.mul outputs c.err)) (Nat.pow 2 k))))
      (Nat.mul (Nat.mul (Nat.add num den) inputs) (Nat.pow 2 (Nat.add c.P k))))

end

end LeanBound
