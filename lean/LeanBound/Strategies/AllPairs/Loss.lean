module

public import LeanBound.Numerics.ExpRow
public import LeanBound.Strategies.AllPairs.Checker

/-!
# The loss of an MLP on all pairs of tokens: checker

With the right output in the lead by `g_o` over output `o`, the cross-entropy is `log (Σ_o exp (-g_o))`, at most
`Σ_o exp (-g_o) - 1`. The leads of all pairs with one first token are lanes of one number, and so are their exponentials.

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

/-- `F (i + r)` of row `r`, in the place of row `r`, for the `2 ^ k` rows of `x`. -/
def rowMap (S : Nat) (F : Nat → Nat → Nat) : Nat → Nat → Nat → Nat :=
  Nat.rec (fun x i => F i x) fun k ih x i =>
    Nat.add (ih (Nat.land x (Nat.sub (Nat.pow 2 (Nat.mul S (Nat.pow 2 k))) 1)) i)
      (Nat.shiftLeft (ih (Nat.shiftRight x (Nat.mul S (Nat.pow 2 k))) (Nat.add i (Nat.pow 2 k))) (Nat.mul S (Nat.pow 2 k)))

/-- Lane `y` of the `m` lanes of `x`, less each of them. -/
def leadRow (l m y x : Nat) : Nat :=
  Nat.sub (Nat.mul (Nat.land (Nat.shiftRight x (Nat.mul l y)) (Nat.sub (Nat.pow 2 l) 1)) (ones l m)) x

variable (p : PairLanes) (M : PairMlp) (c : LossPlan)

/-- By how much the targets lead, on all pairs with the first token `a`. -/
def leadGrid (t : Nat → Nat → Nat) (a : Nat) : Nat :=
  rowMap p.stride (fun i r => cond (Nat.ble (Nat.succ i) M.d_vocab) (leadRow p.logits M.d_vocab (t a i) r) 0)
    (Nat.succ (Nat.log2 M.d_vocab)) (M.logitGrid p a) 0

/-- The exponentials of what the targets lead by, negative, over `2 ^ P`, of all pairs with the first token `a`, added up. -/
def lossTotal (t : Nat → Nat → Nat) (a : Nat) : Nat :=
  Nat.mod (expRow p.logits c.P (Nat.mul M.d_vocab M.d_vocab) c.consts (leadGrid p M t a)) (Nat.sub (Nat.pow 2 p.logits) 1)

/-- All targets lead, and the losses are at most `ns[j]` for the first token `a + j`. -/
def lossesFrom (t : Nat → Nat → Nat) (a : Nat) (ns : List Nat) : Bool :=
  List.rec (fun _ => true) (fun n _ ih a =>
    both (Nat.beq (rightPairs p M t a) M.d_vocab) (both (Nat.ble (lossTotal p M c t a) n) (ih (Nat.succ a)))) ns a

/-- Exponentials are near enough, and lanes wide enough for them, one row right after the other. -/
def checkLossPlan : Bool :=
  both (expCheck c.P M.b_U.frac c.squarings c.consts.length c.consts c.err)
  (both (allAtMost (Nat.pow 2 c.P) c.consts)
  (both (Nat.beq p.stride (Nat.mul p.logits M.d_vocab))
  (both (Nat.ble (Nat.succ (Nat.mul 2 c.P)) p.logits)
  (both (Nat.ble p.logits (Nat.succ c.consts.length))
    (Nat.ble (Nat.add (Nat.mul (Nat.mul M.d_vocab M.d_vocab) (Nat.pow 2 c.P)) 2) (Nat.pow 2 p.logits))))))

/-- The mean loss is at most `num / den`, by the sum of the totals. -/
def checkMean (num den sum : Nat) : Bool :=
  both (Nat.ble 1 den)
    (Nat.ble
      (Nat.mul den (Nat.add sum (Nat.mul (Nat.mul (Nat.mul M.d_vocab M.d_vocab) M.d_vocab) c.err)))
      (Nat.mul (Nat.mul (Nat.add num den) (Nat.mul M.d_vocab M.d_vocab)) (Nat.pow 2 c.P)))

end

end LeanBound
