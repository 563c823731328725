module

public import LeanBound.Strategies.AllPairs.Checker
public import LeanBound.Strategies.Loss

/-!
# The loss of an MLP on all pairs of tokens: checker

The leads of all pairs with one first token, each with its shift, are lanes of one number, and so are their exponentials.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `F (i + r)` of row `r`, in the place of row `r`, for the `2 ^ k` rows of `x`. -/
def rowMap (S : Nat) (F : Nat → Nat → Nat) : Nat → Nat → Nat → Nat :=
  Nat.rec (fun x i => F i x) fun k ih x i =>
    Nat.add (ih (Nat.land x (Nat.sub (Nat.pow 2 (Nat.mul S (Nat.pow 2 k))) 1)) i)
      (Nat.shiftLeft (ih (Nat.shiftRight x (Nat.mul S (Nat.pow 2 k))) (Nat.add i (Nat.pow 2 k))) (Nat.mul S (Nat.pow 2 k)))

/-- Lane `y` of `x`, raised by `s`. -/
def raised (l y s x : Nat) : Nat := Nat.add (Nat.land (Nat.shiftRight x (Nat.mul l y)) (Nat.sub (Nat.pow 2 l) 1)) s

/-- Lane `y` of the `m` lanes of `x`, raised by `s`, is below none of them, and keeps its highest bit free. -/
def reachesAll (l m y s x : Nat) : Bool :=
  both (Nat.ble (Nat.succ y) m)
  (both (Nat.ble (Nat.succ (raised l y s x)) (Nat.pow 2 (Nat.sub l 1)))
    (Nat.beq
      (Nat.land (guardBits l m)
        (Nat.sub (Nat.mul (Nat.add (raised l y s x) (Nat.pow 2 (Nat.sub l 1))) (ones l m)) x))
      (guardBits l m)))

/-- Lane `y` of the `m` lanes of `x`, raised by `s`, less each of them. -/
def leadRow (l m y s x : Nat) : Nat := Nat.sub (Nat.mul (raised l y s x) (ones l m)) x

variable (p : PairLanes) (M : PairMlp) (c : LossPlan) (t s : Nat → Nat → Nat)

/-- On all pairs with the first token `a`, the target reaches every output with its shift; `s` gives the shifts. -/
def shiftsReach (a : Nat) : Bool :=
  Nat.beq
    (rowTotal p.stride M.d_vocab (fun _ => nat_lit 1) (fun i r => reachesAll p.logits M.d_vocab (t a i) (s a i) r)
      (M.logitGrid p a))
    M.d_vocab

/-- By how much the targets lead with their shifts, on all pairs with the first token `a`. -/
def leadGrid (a : Nat) : Nat :=
  rowMap p.stride (fun i r => cond (Nat.ble (Nat.succ i) M.d_vocab) (leadRow p.logits M.d_vocab (t a i) (s a i) r) 0)
    (Nat.succ (Nat.log2 M.d_vocab)) (M.logitGrid p a) 0

/-- The exponentials of what the targets lead by, negative, over `2 ^ P`, of all pairs with the first token `a`, added up. -/
def lossExps (a : Nat) : Nat :=
  Nat.mod (expRow p.logits c.P (Nat.mul M.d_vocab M.d_vocab) c.consts (leadGrid p M t s a)) (Nat.sub (Nat.pow 2 p.logits) 1)

/-- The bounds of all pairs with the first token `a`, added up, over `2 ^ (P + k)`. -/
def pairLosses (a : Nat) : Nat :=
  Nat.add (Nat.mul (lossExps p M c t s a) (Nat.pow 2 M.b_U.frac)) (Nat.mul (natSum M.d_vocab (s a)) (Nat.pow 2 c.P))

/-- Exponentials are near enough, and lanes wide enough for them, one row right after the other. -/
def checkLossPlan : Bool :=
  both (expCheck c.P M.b_U.frac c.squarings c.consts.length c.consts c.err)
  (both (allAtMost (Nat.pow 2 c.P) c.consts)
  (both (Nat.beq p.stride (Nat.mul p.logits M.d_vocab))
  (both (Nat.ble (Nat.succ (Nat.mul 2 c.P)) p.logits)
  (both (Nat.ble p.logits (Nat.succ c.consts.length))
    (Nat.ble (Nat.add (Nat.mul (Nat.mul M.d_vocab M.d_vocab) (Nat.pow 2 c.P)) 2) (Nat.pow 2 p.logits))))))

end

end LeanBound
