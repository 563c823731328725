module

public import LeanBound.Strategies.Tables.Checker

/-!
# Outputs that attention never gives: checker

A logit is a mean of what single positions would make it, with the attention as weights. If, wherever the attention goes, a mean
of some outputs is ahead of `o`, then one of them is ahead of `o` after any prefix: no score and no exponential is looked at. A
mixture gives that mean; how far it is ahead splits into what the query adds, the token that is attended to, and its position.

Each of the three is a column of a matrix in one number: an entry for each row, a stride apart. All entries are compared at once
by their guard bits. All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Columns -/

/-- Columns of outputs, each times its weight, added up. -/
def mixed (col : Nat → Nat) (weights : List (Nat × Nat)) : Nat :=
  List.rec 0 (fun w _ s => Nat.add (Nat.mul w.2 (col w.1)) s) weights

/-- All weights. -/
def totalWeight (weights : List (Nat × Nat)) : Nat := List.rec 0 (fun w _ s => Nat.add w.2 s) weights

/-- By how much the mixture is ahead of `o`, times its total weight, plus `bar`: an entry for each of `n` rows. -/
def aheadBy (S n : Nat) (col : Nat → Nat) (weights : List (Nat × Nat)) (o bar : Nat) : Nat :=
  Nat.sub (Nat.add (mixed col weights) (Nat.mul bar (ones S n))) (Nat.mul (totalWeight weights) (col o))

/-- Bit `b` of each of these rows. -/
def bitsOf (S b : Nat) (rows : List Nat) : Nat :=
  List.rec 0 (fun i _ s => Nat.lor (Nat.pow 2 (Nat.add (Nat.mul S i) b)) s) rows

/-- All bits of `y` are set in `x`. -/
def hasBits (x y : Nat) : Bool := Nat.beq (Nat.land x y) y

/-- The `n` numbers from `a` on. -/
def numbersFrom (a n : Nat) : List Nat := Nat.rec List.nil (fun i ih => List.cons (Nat.add a i) ih) n

/-! ## Mixtures -/

/-- Outputs whose mean is ahead of an excluded one, for some queries. -/
structure Mixture where
  /-- Outputs and their weights. -/
  weights : List (Nat × Nat)
  /-- `2 ^ (bits - 1)`, less what a token puts the mean ahead by, at least. -/
  token : Nat
  /-- `2 ^ (bits - 1)`, less what a position puts the mean ahead by, at least. -/
  position : Nat

/-- What is claimed, and how wide numbers are. -/
structure Prefixes where
  /-- The last tokens. -/
  queries : List Nat
  /-- The tokens before them. -/
  tokens : List Nat
  /-- Bits of a comparison. -/
  bits : Nat

namespace Plan

variable (p : Plan) (M : AttentionOnly) (H : Head) (c : Prefixes)

/-- Column `o` of a matrix of `n` rows. -/
def outputColumn (x n o : Nat) : Nat := Nat.land (Nat.shiftRight x (Nat.mul p.narrow o)) (laneMask p.stride p.narrow n)

/-- What attention to each token, and then to each position, adds to the logit of `o`. -/
def attendedColumn (o : Nat) : Nat := p.outputColumn (p.oGrid M H) (rows M) o

/-- What each query adds to the logit of `o`. -/
def directColumn (o : Nat) : Nat := p.outputColumn (p.directGrid M H) M.d_vocab o

/-- What each query adds to the logit of `o` at full attention to itself. -/
def ownColumn (o : Nat) : Nat := Nat.add (p.directColumn M H o) (p.attendedColumn M H o)

/-- A quarter of what `bits` hold. -/
def margin (bits : Nat) : Nat := Nat.pow 2 (Nat.sub bits 2)

/-- Sums stay within their bits, in all comparisons of a mixture. -/
def checkBar (bar : Nat) : Bool := both (Nat.ble (margin c.bits) bar) (Nat.ble bar (Nat.mul 3 (margin c.bits)))

/-- How far queries have to be ahead. -/
def queryBar (m : Mixture) : Nat := Nat.sub (Nat.sub (Nat.mul 6 (margin c.bits)) 1) (Nat.add m.token m.position)

/-- How far queries have to be ahead with what attention to themselves adds. -/
def ownBar (m : Mixture) : Nat := Nat.sub (Nat.sub (Nat.mul 4 (margin c.bits)) 1) m.position

/-- Weights are of outputs, and small enough. -/
def checkWeights (weights : List (Nat × Nat)) : Bool :=
  both (Nat.ble (Nat.mul (totalWeight weights) (Nat.pow 2 (Nat.succ p.narrow))) (margin c.bits))
    (List.rec true (fun w _ ih => both (Nat.ble (Nat.succ w.1) M.d_vocab) ih) weights)

/-- The mixture is as far ahead of `o` as it says, with any of the tokens and with any position. -/
def checkMixture (o : Nat) (m : Mixture) : Bool :=
  both (p.checkWeights M c m.weights)
  (both (checkBar c m.token)
  (both (checkBar c m.position)
  (both (checkBar c (queryBar c m))
  (both (checkBar c (ownBar c m))
  (both (hasBits (aheadBy p.stride (rows M) (p.attendedColumn M H) m.weights o m.token)
      (bitsOf p.stride (Nat.sub c.bits 1) c.tokens))
    (hasBits (aheadBy p.stride (rows M) (p.attendedColumn M H) m.weights o m.position)
      (bitsOf p.stride (Nat.sub c.bits 1) (numbersFrom M.d_vocab M.n_ctx))))))))

/-- For which queries the mixture is ahead of `o`, by their bits. -/
def settled (o : Nat) (m : Mixture) : Nat :=
  cond (p.checkMixture M H c o m)
    (Nat.land (aheadBy p.stride M.d_vocab (p.directColumn M H) m.weights o (queryBar c m))
      (aheadBy p.stride (rows M) (p.ownColumn M H) m.weights o (ownBar c m)))
    0

/-- For which queries one of the mixtures is ahead of `o`, by their bits. -/
def settledBy (o : Nat) (ms : List Mixture) : Nat := List.rec 0 (fun m _ s => Nat.lor (p.settled M H c o m) s) ms

/-- For each query, one of the mixtures is ahead of `o`. -/
def checkOutput (o : Nat) (ms : List Mixture) : Bool :=
  both (Nat.ble (Nat.succ o) M.d_vocab)
    (hasBits (p.settledBy M H c o ms) (bitsOf p.stride (Nat.sub c.bits 1) c.queries))

/-- All outputs, each with its mixtures. -/
def checkOutputs (certificate : List (Nat × List Mixture)) : Bool :=
  List.rec true (fun e _ ih => both (p.checkOutput M H c e.1 e.2) ih) certificate

/-- What is claimed is of tokens, and numbers are wide enough. -/
def checkPrefixes : Bool :=
  both (checkShapes p M H)
  (both (checkWidths p M H)
  (both (Nat.ble c.bits p.stride)
  (both (Nat.ble 2 c.bits)
  (both (allAtMost (Nat.sub M.d_vocab 1) c.queries)
    (allAtMost (Nat.sub M.d_vocab 1) c.tokens)))))

end Plan

/-- The outputs of a certificate. -/
def excludedOutputs (certificate : List (Nat × List Mixture)) : List Nat := List.rec [] (fun e _ os => e.1 :: os) certificate

end

end LeanBound
