module

public import LeanBound.Properties.Classes
public import LeanBound.Strategies.Cubic.Whole
public import LeanBound.Strategies.Tables.Towers

/-!
# Cubic proof of max-of-K: checker

Inputs are taken by their last token `a` and their largest token `m`. Where `whole` holds, all inputs of `a` and `m` are right.
Elsewhere the certificate may split them by the positions that hold `m`, the pattern: each other position ranges over the
tokens below `m` that the certificate does not exclude. With `n` free positions the class holds if for every free position, every
token `t` in it and every output `o ≠ m`: `n * (L t m - L t o) + (R m - R o) ≥ slack`, where `R` sums the rows of the fixed
positions and `L` is the row of the free one: the mean over the free positions is the comparison wanted. All `t` and `o` are
compared in one number.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable (C : Tables) (V K a : Nat)

/-- Sum of the rows of the positions that hold `m`, of the pattern `c` of the positions from `i` on. -/
def fixedRows (m : Nat) (c : List Bool) (i : Nat) : Nat :=
  List.rec (fun _ => 0) (fun b _ ih i => cond b (Nat.add (row C a i m) (ih (Nat.succ i))) (ih (Nat.succ i))) c i

/-- How many positions are free. -/
def freeCount (c : List Bool) : Nat := List.rec 0 (fun b _ ih => cond b ih (Nat.succ ih)) c

/-- Reads the excluded tokens of one free position from the digits of `E`, in base `V + 2`: `t + 1` excludes `t`, `0` ends the
list, `V + 1` gives the class up. `X` holds the differences to be checked, `size` counts the tokens left, `k` goes on with the
digits left. -/
def slot (m : Nat) (k : Nat → Nat) (fuel E X size : Nat) : Nat :=
  Nat.rec (fun _ _ _ => 0)
    (fun _ ih E X size =>
      cond (Nat.beq (Nat.mod E (Nat.add V 2)) 0)
        (cond (Nat.beq (Nat.land X (classGuards C V m m)) (classGuards C V m m))
          (Nat.mul size (k (Nat.div E (Nat.add V 2)))) 0)
        (cond (Nat.beq (Nat.mod E (Nat.add V 2)) (Nat.add V 1)) 0
          (ih (Nat.div E (Nat.add V 2))
            (Nat.lor X (Nat.shiftLeft (guards C V m) (Nat.mul (C.rowWidth V) (Nat.sub (Nat.mod E (Nat.add V 2)) 1))))
            (Nat.sub size 1))))
    fuel E X size

/-- The product of the sizes of the free positions from `i` on, `0` if one of them fails; `n` positions are free in all, and
`base` holds the lead of the fixed rows, once for every token. -/
def slots (n m base : Nat) (c : List Bool) (i E : Nat) : Nat :=
  List.rec (fun _ _ => 1)
    (fun b _ ih i E => cond b (ih (Nat.succ i) E)
      (slot C V m (ih (Nat.succ i)) (Nat.succ m) E (Nat.add (Nat.mul n (gaps C V (tower C V a i) m m)) base) m)) c i E

/-- The lift that makes the differences of a class with `n` free positions positive and brings the slack to the guard bit. -/
def Tables.lift (n : Nat) : Nat := Nat.sub (Nat.sub C.half (C.slack K)) (Nat.mul n C.top)

/-- How many inputs of a class are proved: `R` is the sum of the fixed rows, `n` the number of free positions. -/
def classSizeOf (m R n : Nat) (c : List Bool) (E : Nat) : Nat :=
  Nat.rec (cond (leads C V K R m) 1 0)
    (fun _ _ => slots C V a n m (spread (C.rowWidth V) (lead C V R (C.lift K n) m) m) c 0 E) n

/-- How many inputs are proved of the class of query `a`, maximum `m` and pattern `c`; `E` excludes tokens. -/
def provedSize (m : Nat) (c : List Bool) (E : Nat) : Nat :=
  classSizeOf C V K a m (Nat.add (row C a (Nat.sub K 1) a) (fixedRows C a m c 0)) (freeCount c) c E

/-- The number of a pattern: its bits, the first one highest. -/
def patternIndex (c : List Bool) : Nat :=
  List.rec (fun i => i) (fun b _ ih i => ih (cond b (Nat.add (Nat.mul 2 i) 1) (Nat.mul 2 i))) c 0

/-- How many inputs of query `a` and maximum `m` are proved, pattern by pattern; `Es` lists the numeral of each pattern. -/
def splitSize (m : Nat) (Es : List Nat) : Nat :=
  patternSum (Nat.sub K 1) a m fun c => provedSize C V K a m c (nth Es (patternIndex c))

/-- How many inputs have query `a` and maximum `m`. -/
def classCount (m : Nat) : Nat :=
  Bool.rec (Nat.sub (Nat.pow (Nat.succ m) (Nat.sub K 1)) (Nat.pow m (Nat.sub K 1))) (Nat.pow (Nat.succ m) (Nat.sub K 1))
    (Nat.beq a m)

/-- How many inputs of query `a` and maximum `m` are proved: all at once, or by patterns if `split` lists their numerals. -/
def cubicSize (m : Nat) (split : Option (List Nat)) : Nat :=
  Option.rec (Bool.rec (nat_lit 0) (classCount K a m) (whole C V K a m)) (fun Es => splitSize C V K a m Es) split

end

end LeanBound
