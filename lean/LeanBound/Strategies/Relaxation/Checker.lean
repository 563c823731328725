module

public import LeanBound.Numerics.Grid
public import LeanBound.Numerics.Monus
public import LeanBound.Properties.OnBox
public import LeanBound.Strategies.Tables.Checker

/-!
# Bounds of a ReLU network on a box by linear relaxation: checker

Lower bounds of linear forms in the numbers after a layer are found backwards: a form is written in the numbers before the layer,
and each ReLU on the way is replaced by a line below it where its coefficient is positive, and by a line above it where it is
negative. In the end the form is in the inputs of the box, or in the numbers before some layer whose ranges are known, and the
least value is taken term by term. Many forms are treated at once, a lane for each. Numbers are integers over a power of two that
grows from layer to layer, signed ones are differences of two natural numbers, and nothing is rounded on the way.

All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## What is known of the numbers before and after ReLUs -/

/-- Number `i` lies between `lp i - ln i` and `up i - un i`, all of which are at most `top`. -/
structure Ranges where
  lp : Nat → Nat
  ln : Nat → Nat
  up : Nat → Nat
  un : Nat → Nat
  top : Nat

/-- Lines around the ReLU of each number `z`, times `2 ^ bits`: `lower * z` below, `upper * z + const` above. -/
structure Lines where
  bits : Nat
  lower : Nat → Nat
  upper : Nat → Nat
  const : Nat → Nat
  /-- None of `const` is larger. -/
  top : Nat

/-- Layers one after the other, the last one first, with what is known of the numbers that go into them. Biases are shifted left
by `lift`, to the scale of the products. -/
inductive Chain where
  | first (L : Layer) (lift : Nat) (R : Ranges)
  | next (L : Layer) (lift : Nat) (R : Ranges) (lines : Lines) (before : Chain)

namespace Chain

/-- The last layer. -/
def layer (c : Chain) : Layer := Chain.rec (fun L _ _ => L) (fun L _ _ _ _ _ => L) c

/-- The last layer alone. -/
def cut (c : Chain) : Chain := Chain.rec (fun L lift R => first L lift R) (fun L lift R _ _ _ => first L lift R) c

/-- Bounds come out times two to this power. -/
def bits (c : Chain) : Nat := Chain.rec (fun _ _ _ => nat_lit 0) (fun _ _ _ lines _ ih => Nat.add lines.bits ih) c

end Chain

/-! ## A pass backwards -/

/-- How forms are packed: a lane of `width` bits for each of `count` forms, and `stride` bits for each number that they are in. -/
structure Pass where
  width : Nat
  count : Nat
  stride : Nat

/-- `lane`, by a mask. -/
def field (w x i : Nat) : Nat := Nat.land (Nat.shiftRight x (Nat.mul w i)) (Nat.sub (Nat.pow 2 w) (nat_lit 1))

/-- `w i * p i` and, for the bias of `w`, `b * n i`. -/
def biasedSum (d b : Nat) (w p n : Nat → Nat) : Nat :=
  Nat.add (natSum d fun o => Nat.mul (w o) (p o)) (Nat.mul b (natSum d n))

/-- What the bias of a layer adds to the forms `p - n`: this, less the same with `p` and `n` exchanged. -/
def Layer.offset (L : Layer) (lift : Nat) (p n : Nat → Nat) : Nat :=
  Nat.mul (Nat.pow 2 lift) (biasedSum L.d_out L.b.bound (field L.b.width (nth L.b.rows (nat_lit 0))) p n)

namespace Pass

variable (g : Pass)

/-- Column `o` of a matrix of `n` rows, with its bias. -/
def column (T : Tensor) (n o : Nat) : Nat :=
  Nat.land (Nat.shiftRight (stack g.stride T.rows) (Nat.mul T.width o)) (laneMask g.stride T.width n)

/-- The forms `p - n` in the numbers after a layer, written in those before it: this, less the same with `p` and `n` exchanged. -/
def mix (L : Layer) (p n : Nat → Nat) : Nat :=
  Nat.add (natSum L.d_out fun o => Nat.mul (g.column L.W L.d_in o) (p o))
    (Nat.mul (Nat.mul L.W.bound (ones g.stride L.d_in)) (natSum L.d_out n))

/-- Entry by entry `x - y`, or `0`. -/
def minus (n x y : Nat) : Nat :=
  monus g.width (Nat.mul (Nat.pow 2 (Nat.sub g.width 1)) (gridOnes g.stride g.width n g.count)) x y

/-- The coefficients of number `i`. -/
def row (x i : Nat) : Nat := field g.stride x i

/-- The least value of the forms `P - N` in `n` numbers of the given ranges, and of what was added before. -/
def least (n : Nat) (R : Ranges) (P N kp kn : Nat) : Nat × Nat :=
  Prod.mk
    (Nat.add kp (natSum n fun i => Nat.add (Nat.mul (R.lp i) (g.row P i)) (Nat.mul (R.un i) (g.row N i))))
    (Nat.add kn (natSum n fun i => Nat.add (Nat.mul (R.ln i) (g.row P i)) (Nat.mul (R.up i) (g.row N i))))

/-- Lower bounds of the forms `p - n` in the numbers after a chain, and of what was added before. -/
def lower (c : Chain) : (Nat → Nat) → (Nat → Nat) → Nat → Nat → Nat × Nat :=
  Chain.rec
    (fun L lift R p n kp kn =>
      g.least L.d_in R (g.minus L.d_in (g.mix L p n) (g.mix L n p)) (g.minus L.d_in (g.mix L n p) (g.mix L p n))
        (Nat.add kp (L.offset lift p n)) (Nat.add kn (L.offset lift n p)))
    (fun L lift _ lines _ ih p n kp kn =>
      ih (fun i => Nat.mul (lines.lower i) (g.row (g.minus L.d_in (g.mix L p n) (g.mix L n p)) i))
        (fun i => Nat.mul (lines.upper i) (g.row (g.minus L.d_in (g.mix L n p) (g.mix L p n)) i))
        (Nat.mul (Nat.pow 2 lines.bits) (Nat.add kp (L.offset lift p n)))
        (Nat.add (Nat.mul (Nat.pow 2 lines.bits) (Nat.add kn (L.offset lift n p)))
          (natSum L.d_in fun i =>
            Nat.mul (lines.const i) (g.row (g.minus L.d_in (g.mix L n p) (g.mix L p n)) i))))
    c

/-! ## Lanes are wide enough -/

/-- No `biasedSum` of numbers up to `top` is larger. -/
def sumTop (d b top : Nat) : Nat := Nat.mul d (Nat.mul (Nat.mul (nat_lit 3) b) top)

/-- A number fits a lane below its highest bit. -/
def low (x : Nat) : Bool := Nat.ble (Nat.succ x) (Nat.pow 2 (Nat.sub g.width 1))

/-- The matrix of a layer has its shape and fits the stride. -/
def fitsLayer (L : Layer) : Bool :=
  both (Nat.beq L.W.rows.length L.d_in)
  (both (allAtMost (Nat.sub (Nat.pow 2 g.stride) (nat_lit 1)) L.W.rows)
    (Nat.ble (Nat.mul L.W.width L.d_out) g.stride))

/-- No lane of a pass overflows that starts with coefficients up to `top` and constants up to `k`. -/
def fits (c : Chain) : Nat → Nat → Bool :=
  Chain.rec
    (fun L lift R top k =>
      both (g.fitsLayer L)
      (both (g.low (sumTop L.d_out L.W.bound top))
        (g.low (Nat.add (Nat.add k (Nat.mul (Nat.pow 2 lift) (sumTop L.d_out L.b.bound top)))
          (Nat.mul L.d_in (Nat.mul (Nat.mul (nat_lit 2) R.top) (sumTop L.d_out L.W.bound top)))))))
    (fun L lift _ lines before ih top k =>
      both (g.fitsLayer L)
      (both (g.low (sumTop L.d_out L.W.bound top))
      (both (Nat.beq before.layer.d_out L.d_in)
        (ih (Nat.mul (Nat.pow 2 lines.bits) (sumTop L.d_out L.W.bound top))
          (Nat.add (Nat.mul (Nat.pow 2 lines.bits) (Nat.add k (Nat.mul (Nat.pow 2 lift) (sumTop L.d_out L.b.bound top))))
            (Nat.mul L.d_in (Nat.mul lines.top (sumTop L.d_out L.W.bound top))))))))
    c

/-- Rows of lanes fit the stride. -/
def fitsStride : Bool := both (Nat.ble (nat_lit 1) g.width) (Nat.ble (Nat.mul g.width g.count) g.stride)

end Pass

end

end LeanBound
