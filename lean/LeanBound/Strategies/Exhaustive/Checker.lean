module

public import LeanBound.Numerics.Monus
public import LeanBound.Properties.Ranges
public import LeanBound.Strategies.Tables.Towers

/-!
# Every input of max-of-K: checker

Inputs are taken by their last token `a`, their largest token `m`, and the first position that holds `m`. Such a class is a box:
each position ranges over consecutive tokens. The rows of the last position that has a choice lie in one number, one above the
other; all other choices are gone through one by one, and with each the sum of their rows is added to all rows of that number at
once. The guard bits then say for which tokens output `m` leads by the slack.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a m : Nat)

/-! ## One number: the last choice -/

/-- A one for each row of which all guard bits are set in `p`, which has no other bits; `n` rows, each one in the lowest bit. -/
def fullRows (n p : Nat) : Nat :=
  Nat.shiftRight
    (Nat.land
      (Nat.add (Nat.shiftRight p (Nat.sub C.w 1))
        (Nat.mul (Nat.sub (Nat.pow 2 (Nat.sub (C.rowWidth V) 1)) (Nat.sub (ones C.w V) (Nat.pow 2 (Nat.mul C.w m))))
          (ones (C.rowWidth V) n)))
      (guardBits (C.rowWidth V) n))
    (Nat.sub (C.rowWidth V) 1)

/-- At most how many of `n` rows have all guard bits in `p`. The remainder is the sum of the lowest bits of the rows. -/
def passing (n p : Nat) : Nat :=
  cond (Nat.beq p (classGuards C V m n)) n (Nat.mod (fullRows C V m n p) (Nat.sub (Nat.pow 2 C.w) 1))

/-- For `n` tokens of position `i` from `s` on: how many are right if `R` sums the rows of all other positions. -/
def towerSize (i s n R : Nat) : Nat :=
  passing C V m n
    (Nat.land
      (Nat.add (gaps C V (Nat.shiftRight (tower C V a i) (Nat.mul (C.rowWidth V) s)) m n)
        (Nat.mul (lead C V R (Nat.sub (Nat.sub C.half (C.slack K)) C.top) m) (ones (C.rowWidth V) n)))
      (classGuards C V m n))

/-! ## Boxes: for each position the first of its tokens, and their number -/

/-- No position has a choice. -/
def single (A : List (Nat × Nat)) : Bool := List.rec true (fun r _ ih => both (Nat.beq r.2 1) ih) A

/-- The rows of the first tokens, of the positions from `i` on. -/
def firstRows (A : List (Nat × Nat)) : Nat → Nat :=
  List.rec (fun _ => 0) (fun r _ ih i => Nat.add (row C a i r.1) (ih (Nat.succ i))) A

/-- `f n`, once `n` is computed: the kernel remembers what it has computed by the term, not by the value. -/
def eager (f : Nat → Nat) (n : Nat) : Nat := Nat.rec (f 0) (fun k _ => f (Nat.succ k)) n

/-- How many inputs of a box of the positions from `i` on are right if `R` sums the rows of all other positions. -/
def boxRight (A : List (Nat × Nat)) : Nat → Nat → Nat :=
  List.rec (fun _ R => cond (leads C V K R m) 1 0)
    (fun r A ih i R => cond (both (Nat.ble 2 r.2) (single A))
      (towerSize C V K a m i r.1 r.2 (Nat.add R (firstRows C a A (Nat.succ i))))
      (natSum r.2 fun t => ih (Nat.succ i) (Nat.add R (eager (row C a i) (Nat.add r.1 t))))) A

/-! ## Classes, and the first tokens from `lo` on, `len` of them -/

variable (lo len : Nat)

/-- Those of a box whose first token is in the window; where there is no position, as if it were `0`. -/
def windowRight (A : List (Nat × Nat)) : Nat :=
  List.rec (cond (both (Nat.beq lo 0) (Nat.ble 1 len)) (boxRight C V K a m List.nil 0 (row C a (Nat.sub K 1) a)) 0)
    (fun r A _ => boxRight C V K a m (List.cons (clip lo len r) A) 0 (row C a (Nat.sub K 1) a)) A

/-- How many inputs of query `a` and maximum `m` with a first token in the window are right. -/
def classRight : Nat :=
  cond (Nat.beq a m) (windowRight C V K a m lo len (upTo m (Nat.sub K 1)))
    (natSum (Nat.sub K 1) fun j => windowRight C V K a m lo len (firstAt m j (Nat.sub K 1)))

/-- How many inputs of query `a` with a first token in the window are right. -/
def queryRight : Nat := natSum V fun m => cond (Nat.ble a m) (classRight C V K a m lo len) 0

/-- Units are numbered by query, then by first token. Of the units from `u` on, each part is a number of units of one query, and
how many of their inputs are right, at least. -/
def checkParts (parts : List (Nat × Nat)) (u : Nat) : Bool :=
  List.rec (fun _ => true)
    (fun r _ ih u => both (Nat.ble (Nat.add (Nat.mod u V) r.1) V)
      (both (Nat.ble r.2 (queryRight C V K (Nat.div u V) (Nat.mod u V) r.1)) (ih (Nat.add u r.1)))) parts u

end

end LeanBound
