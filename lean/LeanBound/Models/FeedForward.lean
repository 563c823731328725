module

public import LeanBound.Numerics.Affine
public import LeanBound.Numerics.Relu

/-!
# Feed-forward ReLU networks

Affine layers with a ReLU between any two and none after the last, in exact arithmetic over an ordered field.
-/

@[expose] public section

namespace LeanBound

/-- An affine layer, `x · W + b`. The bias is a tensor of one row. -/
structure Layer where
  /-- How many numbers go in: the rows of `W`. -/
  d_in : Nat
  /-- How many come out: the columns of `W`. -/
  d_out : Nat
  W : Tensor
  b : Tensor

noncomputable section

variable {F : Type u} [ExpField F]

/-- Number `o` of what the layer makes of `x`. -/
def Layer.apply (L : Layer) (x : Nat → F) (o : Nat) : F := affine L.d_in x L.W L.b o

/-- What the layers, from the first to the last, make of the input `x`. -/
def feedForward : List Layer → (Nat → F) → Nat → F
  | [], x => x
  | [L], x => L.apply x
  | L :: L' :: Ls, x => feedForward (L' :: Ls) fun i => relu (L.apply x i)

end

end LeanBound
