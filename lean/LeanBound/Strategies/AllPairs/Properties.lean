module

public import LeanBound.Strategies.AllPairs.Checker

/-!
# All pairs of tokens through an MLP: checkers of further properties

Rows of logits pass or do not, by the property. All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Disjunction that looks at its second argument only when it has to. -/
def either (a b : Bool) : Bool := Bool.rec b true a

/-- Membership in a list of numbers. -/
def among (n : Nat) (xs : List Nat) : Bool := List.rec false (fun x _ ih => either (Nat.beq x n) ih) xs

/-- Membership in a list of pairs. -/
def amongPairs (a b : Nat) (xs : List (Nat × Nat)) : Bool :=
  List.rec false (fun x _ ih => either (both (Nat.beq x.1 a) (Nat.beq x.2 b)) ih) xs

/-- A lane is above lane `o` of the `m` lanes of `x`. -/
def isBeaten (l m o x : Nat) : Bool :=
  both (Nat.ble (Nat.succ o) m)
    (Nat.ble 1
      (Nat.land (guardBits l m)
        (Nat.add x (Nat.mul (Nat.sub (Nat.sub (Nat.pow 2 (Nat.sub l 1)) 1)
          (Nat.land (Nat.shiftRight x (Nat.mul l o)) (Nat.sub (Nat.pow 2 l) 1))) (ones l m)))))

/-- Above each of the lanes `os` there is another. -/
def areBeaten (l m x : Nat) (os : List Nat) : Bool := List.rec true (fun o _ ih => both (isBeaten l m o x) ih) os

variable (p : PairLanes) (M : PairMlp)

/-- The weights of the pairs with the first token `a` that the model is right on, added up; `u` and `v` weigh the tokens. -/
def rightWeight (t : Nat → Nat → Nat) (u v : List Nat) (a : Nat) : Nat :=
  Nat.mul (nth u a) (rowTotal p.stride M.d_vocab (nth v) (fun i r => leadsAll p.logits M.d_vocab (t a i) r) (M.logitGrid p a))

/-- Of the pairs with the first token `a`, how many are excepted or the model is right on. -/
def rightOrExcepted (t : Nat → Nat → Nat) (exceptions : List (Nat × Nat)) (a : Nat) : Nat :=
  rowTotal p.stride M.d_vocab (fun _ => nat_lit 1)
    (fun i r => either (amongPairs a i exceptions) (leadsAll p.logits M.d_vocab (t a i) r)) (M.logitGrid p a)

/-- Of the pairs with the first token `a`, on how many the outputs `os` are beaten, or one of the tokens is not among these. -/
def neverPairs (firsts seconds os : List Nat) (a : Nat) : Nat :=
  cond (among a firsts)
    (rowTotal p.stride M.d_vocab (fun _ => nat_lit 1)
      (fun i r => cond (among i seconds) (areBeaten p.logits M.d_vocab r os) true) (M.logitGrid p a))
    M.d_vocab

/-! ## Two models -/

/-- The sum of `F (i + r)` of row `r` of `x` and of `y`, over `2 ^ k` rows of each. -/
def rowSumBoth (S T : Nat) (F : Nat → Nat → Nat → Nat) : Nat → Nat → Nat → Nat → Nat :=
  Nat.rec (fun x y i => F i x y) fun k ih x y i =>
    Nat.add
      (ih (Nat.land x (Nat.sub (Nat.pow 2 (Nat.mul S (Nat.pow 2 k))) 1))
        (Nat.land y (Nat.sub (Nat.pow 2 (Nat.mul T (Nat.pow 2 k))) 1)) i)
      (ih (Nat.shiftRight x (Nat.mul S (Nat.pow 2 k))) (Nat.shiftRight y (Nat.mul T (Nat.pow 2 k))) (Nat.add i (Nat.pow 2 k)))

/-- Of the pairs with the first token `a`, on how many both models give the output `t a i`, at least. -/
def agreedPairs (q : PairLanes) (M' : PairMlp) (t : Nat → Nat → Nat) (a : Nat) : Nat :=
  rowSumBoth p.stride q.stride
    (fun i r s => cond (both (Nat.ble (Nat.succ i) M.d_vocab)
      (both (leadsAll p.logits M.d_vocab (t a i) r) (leadsAll q.logits M.d_vocab (t a i) s))) (nat_lit 1) (nat_lit 0))
    (Nat.succ (Nat.log2 M.d_vocab)) (M.logitGrid p a) (M'.logitGrid q a) 0

end

end LeanBound
