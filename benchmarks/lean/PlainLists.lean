module

/-!
# Whole classes of max-of-K on lists of integers

The inequality of `LeanBound.whole`, from the same tables, written as one would write it first: a list for every row, `Int` for
every entry, recursion on lists. It is measured against the lanes and proves nothing by itself.
-/

@[expose] public section

namespace PlainLists

noncomputable section

/-- The tables of `LeanBound.Tables`, unpacked. -/
structure Tables where
  r : Nat
  P : Nat
  slack : Int
  /-- `[a][o]` -/
  D : List (List Int)
  /-- `[i][o]` -/
  OP : List (List Int)
  /-- `[t][o]` -/
  OE : List (List Int)
  /-- `[a][t]` -/
  eE : List (List Int)
  /-- `[a][i]` -/
  eP : List (List Int)

def entry (xs : List Int) (j : Nat) : Int := xs.getD j 0

def rowAt (xs : List (List Int)) (i : Nat) : List Int := xs.getD i []

def add (xs ys : List Int) : List Int := List.zipWith (fun x y => x + y) xs ys

def larger (xs ys : List Int) : List Int := List.zipWith (fun x y => if x ≤ y then y else x) xs ys

def scaled (c : Int) (xs : List Int) : List Int := xs.map fun x => c * x

def positivePart (xs : List Int) : List Int := xs.map fun x => if x ≤ 0 then 0 else x

/-- What every output gains on output `m`. -/
def lossOf (xs : List Int) (m : Nat) : List Int := xs.map fun x => x - entry xs m

/-- Entry by entry the largest of some rows, none of which is below `- 2 ^ r`. -/
def largest (r : Nat) (V : Nat) (rows : List (List Int)) : List Int :=
  rows.foldr larger (List.replicate V (-(2 ^ r : Int)))

def sum (xs : List Int) : Int := xs.foldr (fun x y => x + y) 0

def maximum (xs : List Int) : Int := xs.foldr (fun x y => if x ≤ y then y else x) 0

def minimum (bound : Int) (xs : List Int) : Int := xs.foldr (fun x y => if x ≤ y then x else y) bound

variable (C : Tables) (V K a m : Nat)

def positionLoss : List Int := largest C.r V ((C.OP.take (K - 1)).map fun row => lossOf row m)

/-- The loss at any position but the last, for losses `xs` at its token. -/
def lossWith (xs : List Int) : List Int := add (add (lossOf (rowAt C.D a) m) (positionLoss C V K m)) xs

/-- The most that positions lose whose tokens have an exponential `e` and losses `xs` at most. -/
def weighted (e : Int) (xs : List Int) : List Int :=
  scaled ((e * sum ((rowAt C.eP a).take (K - 1)) + (2 ^ C.P - 1)) / 2 ^ C.P) (positivePart (lossWith C V K a m xs))

def totalLoss : List Int :=
  larger (weighted C V K a m (entry (rowAt C.eE a) (m - 1)) (lossOf (rowAt C.OE (m - 1)) m))
    (weighted C V K a m (maximum ((rowAt C.eE a).take (m - 1)))
      (largest C.r V ((C.OE.take (m - 1)).map fun row => lossOf row m)))

def leastWeight : Int := entry (rowAt C.eE a) m * minimum (2 ^ C.P) ((rowAt C.eP a).take (K - 1)) / 2 ^ C.P

def ownLoss : List Int := lossWith C V K a m (lossOf (rowAt C.OE m) m)

def lastRow : List Int :=
  scaled (entry (rowAt C.eE a) a * entry (rowAt C.eP a) (K - 1) / 2 ^ C.P)
    (add (add (rowAt C.D a) (rowAt C.OP (K - 1))) (rowAt C.OE a))

/-- What the gain at the copy of `m` leaves of all losses. -/
def netLoss : List Int :=
  add (add (totalLoss C V K a m) (lossOf (lastRow C K a) m))
    (scaled (if a = m then 0 else leastWeight C K a m) (ownLoss C V K a m))

/-- Every entry but entry `m` is at most `bound`. -/
def othersAtMost (bound : Int) (xs : List Int) (m : Nat) : Bool :=
  match xs, m with
  | [], _ => true
  | _ :: xs, 0 => xs.all fun x => x ≤ bound
  | x :: xs, m + 1 => x ≤ bound && othersAtMost bound xs m

def whole : Bool := (ownLoss C V K a m).all (fun x => x ≤ 0) && othersAtMost (-C.slack) (netLoss C V K a m) m

/-- How many classes hold whole. -/
def wholeClasses : Nat :=
  ((List.range V).map fun a => ((List.range V).filter fun m => a ≤ m && whole C V K a m).length).sum

end

end PlainLists
