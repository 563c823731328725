module

public import LeanBound.Strategies.Tables.Rows

/-!
# Brute force on max-of-K: checker

Every input is evaluated: tokens are chosen from the last position to the first, and the sum of the rows and the maximum are
carried along.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a : Nat)

/-- How many choices of the tokens of the first `k` positions the test accepts: `R` sums the rows and `m` is the maximum of the
positions from `k` on. -/
def countRows (k R m : Nat) : Nat :=
  Nat.rec (fun R m => cond (leads C V K R m) 1 0)
    (fun i ih R m => Nat.rec 0
      (fun t n => Nat.add n (ih (Nat.add (row C a i t) R) (cond (Nat.ble t m) m t))) V)
    k R m

/-- How many inputs with the last token `a` are proved. -/
def bruteQuerySize : Nat := countRows C V K a (Nat.sub K 1) (row C a (Nat.sub K 1) a) a

/-- Of the query `a + j`, at least `ns[j]` inputs are proved. -/
def bruteQueries (ns : List Nat) : Bool :=
  List.rec (fun _ => true) (fun n _ ih a => both (Nat.ble n (bruteQuerySize C V K a)) (ih (Nat.succ a))) ns a

end

end LeanBound
