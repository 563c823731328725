module

public import LeanBound.Models.PairMlp
public import LeanBound.Numerics.Grid
public import LeanBound.Numerics.Monus
public import LeanBound.Strategies.Counts
public import LeanBound.Strategies.Tables.Checker

/-!
# All pairs of tokens through an MLP: checker

For each first token, the logits of all second tokens are computed at once, as a matrix in one number: a row for each second
token, a lane for each output. Hidden units lie in a matrix of the same stride with narrower lanes; all their ReLUs are taken at
once by guard bits, and each unit then adds its column times its output weights, one multiplication. All entries are natural
numbers: what an offset adds to the logits of a row is the same for all outputs, and drops out when they are compared.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate: widths of lanes, in bits. -/
structure PairLanes where
  /-- A lane of hidden units. -/
  hidden : Nat
  /-- A lane of logits. -/
  logits : Nat
  /-- From the row of a second token to the next. -/
  stride : Nat

namespace PairMlp

/-! ## What has to hold of the tensors -/

/-- The tensor has `n` rows of `m` entries. -/
def checkShape (n m : Nat) (T : Tensor) : Bool :=
  both (Nat.beq T.rows.length n) (allAtMost (Nat.sub (Nat.pow 2 (Nat.mul T.width m)) 1) T.rows)

variable (p : PairLanes) (M : PairMlp)

/-- Every tensor has its shape. -/
def checkShapes : Bool :=
  both (checkShape M.d_vocab M.d_hidden M.W_A)
  (both (checkShape M.d_vocab M.d_hidden M.W_B)
  (both (checkShape 1 M.d_hidden M.b_H)
  (both (checkShape M.d_hidden M.d_vocab M.W_U)
    (checkShape 1 M.d_vocab M.b_U))))

/-- `Aligned`, decided. -/
def checkScales : Bool :=
  both (Nat.beq M.W_B.frac M.W_A.frac)
  (both (Nat.beq M.b_H.frac M.W_A.frac)
    (Nat.beq M.b_U.frac (Nat.add M.W_A.frac M.W_U.frac)))

/-- No pre-activation is larger. -/
def preBound : Nat := Nat.add M.W_B.bound (Nat.add M.W_A.bound M.b_H.bound)

/-- Half of what a lane of hidden units holds. -/
def half : Nat := Nat.pow 2 (Nat.sub p.hidden 1)

/-- No logit is larger, offsets included. -/
def logitBound : Nat :=
  Nat.add (Nat.mul M.d_hidden (Nat.mul (half p) (Nat.mul 2 M.W_U.bound))) (Nat.mul 2 M.b_U.bound)

/-- Entries stay below the highest bits of their lanes, and lanes fit into rows. -/
def checkLanes : Bool :=
  both (Nat.ble (Nat.succ M.preBound) (half p))
  (both (Nat.ble (Nat.succ (logitBound p M)) (Nat.pow 2 (Nat.sub p.logits 1)))
  (both (Nat.ble (Nat.mul p.hidden M.d_hidden) p.stride)
  (both (Nat.ble (Nat.mul p.logits M.d_vocab) p.stride)
  (both (Nat.ble M.W_A.width p.hidden)
  (both (Nat.ble M.W_B.width p.hidden)
  (both (Nat.ble M.b_H.width p.hidden)
  (both (Nat.ble M.W_U.width p.logits)
    (Nat.ble M.b_U.width p.logits))))))))

/-- All checks that do not look at inputs. -/
def checkPairMlp : Bool := both M.checkShapes (both M.checkScales (checkLanes p M))

/-! ## Logits of all pairs with the first token `a` -/

/-- What the bias gives to the hidden units, with the rest of `half`. -/
def offsetRow : Nat :=
  Nat.add (M.b_H.row p.hidden M.b_H.bound M.d_hidden 0) (Nat.mul (Nat.sub (half p) M.preBound) (ones p.hidden M.d_hidden))

/-- Pre-activations plus `half`: a row for each second token, a lane for each hidden unit. -/
def preGrid (a : Nat) : Nat :=
  Nat.add (pack p.stride (M.W_B.row p.hidden M.W_B.bound M.d_hidden) M.d_vocab)
    (Nat.mul (ones p.stride M.d_vocab) (Nat.add (M.W_A.row p.hidden M.W_A.bound M.d_hidden a) (offsetRow p M)))

/-- Hidden units of `n` rows, from their pre-activations plus `half`. -/
def hiddenRows (n x : Nat) : Nat :=
  keepGuarded p.hidden (spread p.stride (Nat.mul (half p) (ones p.hidden M.d_hidden)) n) x

/-- Hidden unit `j` of each of `n` rows. -/
def unit (n x j : Nat) : Nat :=
  Nat.land (Nat.shiftRight x (Nat.mul p.hidden j)) (spread p.stride (Nat.sub (Nat.pow 2 p.hidden) 1) n)

/-- The product of hidden units and a matrix given by its rows, from the pre-activations plus `half` of `n` rows. The units'
columns are sparse, which the kernel's multiplication makes use of. -/
def unitSum (row : Nat → Nat) (n x : Nat) : Nat :=
  natSum M.d_hidden fun j => Nat.mul (row j) (unit p n (hiddenRows p M n x) j)

/-- Logits with offsets: a lane for each output. -/
def logitRows (n x : Nat) : Nat :=
  Nat.add (unitSum p M (M.W_U.row p.logits M.W_U.bound M.d_vocab) n x)
    (spread p.stride (M.b_U.row p.logits M.b_U.bound M.d_vocab 0) n)

/-- Logits with offsets: a row for each second token. -/
def logitGrid (a : Nat) : Nat := logitRows p M M.d_vocab (preGrid p M a)

end PairMlp

/-! ## Counting rows -/

/-- Lane `y` of the `m` lanes of `x` is above every other one. -/
def leadsAll (l m y x : Nat) : Bool :=
  both (Nat.ble (Nat.succ y) m)
    (Nat.beq
      (Nat.land (guardBits l m)
        (Nat.sub
          (Nat.add (Nat.pow 2 (Nat.mul l y))
            (Nat.mul
              (Nat.add (Nat.land (Nat.shiftRight x (Nat.mul l y)) (Nat.sub (Nat.pow 2 l) 1))
                (Nat.sub (Nat.pow 2 (Nat.sub l 1)) 1))
              (ones l m)))
          x))
      (guardBits l m))

/-- The sum of `F (i + r)` of row `r`, over the `2 ^ k` rows of `x`. -/
def rowSum (S : Nat) (F : Nat → Nat → Nat) : Nat → Nat → Nat → Nat :=
  Nat.rec (fun x i => F i x) fun k ih x i =>
    Nat.add (ih (Nat.land x (Nat.sub (Nat.pow 2 (Nat.mul S (Nat.pow 2 k))) 1)) i)
      (ih (Nat.shiftRight x (Nat.mul S (Nat.pow 2 k))) (Nat.add i (Nat.pow 2 k)))

/-- The weights of those of the first `n` rows that pass, added up. -/
def rowTotal (S n : Nat) (weight : Nat → Nat) (pass : Nat → Nat → Bool) (x : Nat) : Nat :=
  rowSum S (fun i r => cond (both (Nat.ble (Nat.succ i) n) (pass i r)) (weight i) (nat_lit 0)) (Nat.succ (Nat.log2 n)) x 0

/-- How many of the first `n` rows of `n` lanes have their target in the lead; `t` gives the target of each row. -/
def leadCount (S l n : Nat) (t : Nat → Nat) (x : Nat) : Nat :=
  rowTotal S n (fun _ => nat_lit 1) (fun i r => leadsAll l n (t i) r) x

/-- Of the pairs with the first token `a`, on how many the model is right; `t` is the target. -/
def rightPairs (p : PairLanes) (M : PairMlp) (t : Nat → Nat → Nat) (a : Nat) : Nat :=
  leadCount p.stride p.logits M.d_vocab (t a) (M.logitGrid p a)

/-! ## Targets -/

/-- Addition modulo `p`, for the kernel. -/
def addMod (p a b : Nat) : Nat := Nat.mod (Nat.add a b) p

/-- A row of a table, for the kernel. -/
def tableRow (table : List (List Nat)) (a : Nat) : List Nat :=
  List.rec (fun _ => []) (fun row _ ih a => Nat.rec row (fun a _ => ih a) a) table a

/-- An entry of a table, for the kernel. -/
def tableEntry (table : List (List Nat)) (a b : Nat) : Nat := nth (tableRow table a) b

end

end LeanBound
