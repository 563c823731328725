module

public import LeanBound.Strategies.Relaxation.Checker

/-!
# Bounds of a ReLU network on a box by linear relaxation: from layer to layer

The ranges of the numbers after each layer are found by a pass backwards, for all of them at once; the lines around their ReLUs
follow from the ranges and from the slopes that the certificate gives. A last pass bounds the forms of the claim.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- How a pass is made: packed how wide, and whether back to the inputs (`deep`), or only through the last layer. -/
structure Depth where
  width : Nat
  stride : Nat
  deep : Bool

/-- The certificate of a hidden layer. -/
structure Stage where
  depth : Depth
  /-- Slopes are integers over two to this power. -/
  bits : Nat
  /-- The slopes of the lines below, in lanes of `bits + 1` bits. -/
  slopes : Nat
  /-- No range is larger. -/
  rangeTop : Nat
  /-- No constant of a line is larger. -/
  constTop : Nat

/-- The certificate of a box. -/
structure Relaxation where
  /-- No bound of an input is larger, in absolute value. -/
  inputTop : Nat
  /-- One for each hidden layer. -/
  stages : List Stage
  last : Depth
  /-- No coefficient of a halfspace is larger, in absolute value. -/
  formTop : Nat
  /-- Of each polyhedron, a halfspace that no output is in. -/
  outside : List Nat

/-- All of `f 0`, …, `f (n - 1)` are true. -/
def allBelow (n : Nat) (f : Nat → Bool) : Bool := Nat.rec true (fun i ih => both ih (f i)) n

/-- `z`, or `0` where it is negative. -/
def positive (z : Int) : Nat := Int.rec (fun n => n) (fun _ => nat_lit 0) z

/-- `-z`, or `0` where it is negative. -/
def negative (z : Int) : Nat := Int.rec (fun _ => nat_lit 0) (fun n => Nat.succ n) z

/-- The chain of a pass. -/
def Depth.chain (d : Depth) (c : Chain) : Chain := Bool.rec c.cut c d.deep

/-- The pass for `count` forms. -/
def Depth.pass (d : Depth) (count : Nat) : Pass := ⟨d.width, count, d.stride⟩

/-! ## Ranges of the numbers after a layer -/

/-- Numbers in lanes, and what the kernel reads off: `bits` is the power of two by which bounds are scaled. -/
def quotient (w bits x i : Nat) : Nat := Nat.shiftRight (field w x i) bits

/-- The same, rounded up. -/
def ceiling (w bits x i : Nat) : Nat :=
  Nat.shiftRight (Nat.add (field w x i) (Nat.sub (Nat.pow 2 bits) (nat_lit 1))) bits

/-- Lower bounds of `d` numbers and then of their opposites, `p - n` in lanes, as ranges. -/
def rangesOf (w bits d top p n : Nat) : Ranges where
  lp i := quotient w bits p i
  ln i := ceiling w bits n i
  up i := ceiling w bits n (Nat.add d i)
  un i := quotient w bits p (Nat.add d i)
  top := top

/-- Lower bounds of the numbers after a chain and of their opposites. -/
def Pass.ends (g : Pass) (c : Chain) : Nat × Nat :=
  g.lower c (fun o => Nat.pow 2 (Nat.mul g.width o)) (fun o => Nat.pow 2 (Nat.mul g.width (Nat.add c.layer.d_out o)))
    (nat_lit 0) (nat_lit 0)

/-- The ranges of the numbers after a chain. -/
def Pass.ranges (g : Pass) (c : Chain) (top : Nat) : Ranges :=
  rangesOf g.width c.bits c.layer.d_out top
    (monus g.width (guardBits g.width g.count) (g.ends c).1 (g.ends c).2)
    (monus g.width (guardBits g.width g.count) (g.ends c).2 (g.ends c).1)

/-- The ranges after ReLUs. -/
def Ranges.relu (R : Ranges) : Ranges where
  lp i := Nat.sub (R.lp i) (R.ln i)
  ln _ := nat_lit 0
  up i := Nat.sub (R.up i) (R.un i)
  un _ := nat_lit 0
  top := R.top

/-- The ranges stay below their top. -/
def Ranges.small (R : Ranges) (n : Nat) : Bool :=
  allBelow n fun i => both (Nat.ble (R.lp i) R.top) (both (Nat.ble (R.ln i) R.top)
    (both (Nat.ble (R.up i) R.top) (Nat.ble (R.un i) R.top)))

/-! ## Lines around ReLUs -/

/-- The slope of the chord over the range, rounded down. -/
def chord (bits : Nat) (R : Ranges) (i : Nat) : Nat :=
  Nat.div (Nat.mul (Nat.pow 2 bits) (Nat.sub (R.up i) (R.lp i)))
    (Nat.sub (Nat.add (R.up i) (R.ln i)) (Nat.add (R.un i) (R.lp i)))

/-- How far the ReLU is above a line of slope `c` through zero, at an end `p - n` of the range. -/
def gap (bits c p n : Nat) : Nat := Nat.sub (Nat.add (Nat.mul (Nat.pow 2 bits) p) (Nat.mul c n)) (Nat.mul c p)

/-- The larger of two numbers. -/
def larger (x y : Nat) : Nat := Nat.add x (Nat.sub y x)

/-- The lines of a stage: slopes of the certificate below, chords above, moved up to the ends of the range. -/
def Stage.lines (s : Stage) (R : Ranges) : Lines where
  bits := s.bits
  lower := field (Nat.succ s.bits) s.slopes
  upper := chord s.bits R
  const i := larger (gap s.bits (chord s.bits R i) (R.up i) (R.un i)) (gap s.bits (chord s.bits R i) (R.lp i) (R.ln i))
  top := s.constTop

/-- Slopes are at most one, and constants at most their top. -/
def Lines.small (l : Lines) (n : Nat) : Bool :=
  allBelow n fun i => both (Nat.ble (l.lower i) (Nat.pow 2 l.bits)) (both (Nat.ble (l.upper i) (Nat.pow 2 l.bits))
    (Nat.ble (l.const i) l.top))

/-! ## From layer to layer -/

/-- The chain of a pass can be gone through, from single numbers. -/
def Pass.ready (g : Pass) (c : Chain) (top : Nat) : Bool := both g.fitsStride (g.fits c top (nat_lit 0))

/-- The bias of a layer can be shifted to the scale `2 ^ frac`. -/
def Layer.checkScale (L : Layer) (frac : Nat) : Bool := Nat.ble L.b.frac frac

/-- The ranges of the numbers after a chain, as a stage finds them. -/
def Stage.ranges (s : Stage) (c : Chain) : Ranges :=
  (s.depth.pass (Nat.mul (nat_lit 2) (s.depth.chain c).layer.d_out)).ranges (s.depth.chain c) s.rangeTop

/-- A chain of numbers over `2 ^ frac`, ReLUs, and the layer that follows: the longer chain has what `rest` says. -/
def Stage.step (s : Stage) (c : Chain) (frac : Nat) (L : Layer) (rest : Chain → Bool) : Bool :=
  both (Nat.beq c.layer.d_out L.d_in)
  (both (L.checkScale (Nat.add frac L.W.frac))
  (both ((s.depth.pass (Nat.mul (nat_lit 2) (s.depth.chain c).layer.d_out)).ready (s.depth.chain c) (nat_lit 1))
  (both ((s.ranges c).small L.d_in)
  (both ((s.lines (s.ranges c)).small L.d_in)
    (rest (Chain.next L (Nat.sub (Nat.add frac L.W.frac) L.b.frac) (s.ranges c).relu (s.lines (s.ranges c)) c))))))

/-- From a chain, its scale and the layers that follow to what `last` says of the chain of all layers and of its scale. -/
def checkLayers (last : Chain → Nat → Bool) (Ls : List Layer) : List Stage → Chain → Nat → Bool :=
  List.rec (fun _ c frac => last c frac)
    (fun L _ ih stages c frac =>
      List.rec false (fun s stages _ => s.step c frac L fun c => ih stages c (Nat.add frac L.W.frac)) stages)
    Ls

/-! ## The forms of the claim -/

/-- Entry `i` of a list of halfspaces. -/
def nthHalfspace (P : List Halfspace) (i : Nat) : Halfspace :=
  List.rec (motive := fun _ => Nat → Halfspace) (fun _ => ⟨[], Int.ofNat (nat_lit 0), nat_lit 0⟩)
    (fun H _ ih i => Nat.rec H (fun i _ => ih i) i) P i

/-- Halfspace `outside[e]` of each polyhedron `e`. -/
def chosen (polyhedra : List (List Halfspace)) : List Nat → List Halfspace :=
  List.rec (fun _ => [])
    (fun P _ ih outside => List.rec [] (fun i outside _ => List.cons (nthHalfspace P i) (ih outside)) outside) polyhedra

/-- Every polyhedron has its `outside[e]`. -/
def checkChosen (polyhedra : List (List Halfspace)) : List Nat → Bool :=
  List.rec (fun _ => true)
    (fun P _ ih outside => List.rec false (fun i outside _ => both (Nat.ble (Nat.succ i) P.length) (ih outside)) outside)
    polyhedra

/-- The part of coefficient `o` of halfspace `e`, `positive` or `negative`. -/
def part (f : Int → Nat) (Hs : List Halfspace) (o e : Nat) : Nat := f (nthInt (nthHalfspace Hs e).coefficients o)

/-- The halfspaces have a coefficient for each of `d` outputs, none larger than `top`. -/
def checkHalfspaces (d top : Nat) (Hs : List Halfspace) : Bool :=
  allBelow Hs.length fun e => both (Nat.beq (nthHalfspace Hs e).coefficients.length d)
    (allBelow d fun o => both (Nat.ble (part positive Hs o e) top) (Nat.ble (part negative Hs o e) top))

/-- The lower bounds `p - n`, in lanes, of the forms times `2 ^ scale`, are above the bounds of the halfspaces. -/
def exceeds (w scale p n : Nat) (Hs : List Halfspace) : Bool :=
  allBelow Hs.length fun e =>
    Nat.ble
      (Nat.succ (Nat.add (Nat.mul (Nat.pow 2 (nthHalfspace Hs e).frac) (field w n e))
        (Nat.mul (Nat.pow 2 scale) (positive (nthHalfspace Hs e).bound))))
      (Nat.add (Nat.mul (Nat.pow 2 (nthHalfspace Hs e).frac) (field w p e))
        (Nat.mul (Nat.pow 2 scale) (negative (nthHalfspace Hs e).bound)))

/-- Lower bounds of the forms of the halfspaces in the numbers after a chain. -/
def Pass.forms (g : Pass) (c : Chain) (Hs : List Halfspace) : Nat × Nat :=
  g.lower c (fun o => pack g.width (part positive Hs o) g.count) (fun o => pack g.width (part negative Hs o) g.count)
    (nat_lit 0) (nat_lit 0)

/-- After the chain of all layers, numbers over `2 ^ frac`, no output is in the halfspaces. -/
def checkOutside (g : Pass) (top frac : Nat) (c : Chain) (Hs : List Halfspace) : Bool :=
  both (checkHalfspaces c.layer.d_out top Hs)
  (both (g.ready c top)
    (exceeds g.width (Nat.add c.bits frac) (g.forms c Hs).1 (g.forms c Hs).2 Hs))

/-! ## The checker -/

/-- The box, in integers. -/
def Box.ranges (B : Box) (top : Nat) : Ranges where
  lp i := positive (nthInt B.lower i)
  ln i := negative (nthInt B.lower i)
  up i := positive (nthInt B.upper i)
  un i := negative (nthInt B.upper i)
  top := top

/-- The certificate proves `Avoids`. -/
def checkRelaxation (layers : List Layer) (B : Box) (polyhedra : List (List Halfspace)) (r : Relaxation) : Bool :=
  both (checkChosen polyhedra r.outside)
    (List.rec false (fun L Ls _ =>
      both (Nat.beq B.lower.length L.d_in)
      (both ((B.ranges r.inputTop).small L.d_in)
      (both (L.checkScale (Nat.add B.frac L.W.frac))
        (checkLayers
          (fun c frac => checkOutside (r.last.pass (chosen polyhedra r.outside).length) r.formTop frac (r.last.chain c)
            (chosen polyhedra r.outside))
          Ls r.stages (Chain.first L (Nat.sub (Nat.add B.frac L.W.frac) L.b.frac) (B.ranges r.inputTop))
          (Nat.add B.frac L.W.frac))))) layers)

end

end LeanBound
