module

public import LeanBound.Numerics.NatSum
public import LeanBound.Numerics.PackInt
public import LeanBound.Numerics.Stretch

/-!
# Matrices in one number

Row `i` of a matrix lies `S * i` bits up, its entries in lanes of `l` bits. Entries are biased: a constant is added to each, so
that none is negative. A product of matrices is the sum over the inner index of a column, with its entries `S` bits apart, times a
row: one multiplication each for all entries.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Numerals `S` bits apart. -/
def stack (S : Nat) (xs : List Nat) : Nat := List.rec 0 (fun x _ ih => Nat.add x (Nat.shiftLeft ih S)) xs

/-- Lanes `S` bits apart moved to `l` bits, as long as they fit into `S - l` bits then. -/
def squeeze (S l x : Nat) : Nat := Nat.mod x (Nat.sub (Nat.pow 2 (Nat.sub S l)) 1)

/-- The `n` lanes of `x` above the `m` lanes of `y`; `w` bits a lane. -/
def above (w m x y : Nat) : Nat := Nat.add y (Nat.shiftLeft x (Nat.mul w m))

/-- Column `c` of a tensor of `n` rows, its entries `S` bits apart, with the bias `b`. -/
def Tensor.column (T : Tensor) (S b n c : Nat) : Nat :=
  Nat.add (Nat.land (Nat.shiftRight (stack S T.rows) (Nat.mul T.width c)) (laneMask S T.width n))
    (Nat.mul (Nat.sub b (Nat.pow 2 (Nat.sub T.width 1))) (ones S n))

/-- Row `i` of a tensor of `n` columns, its entries `w` bits apart, with the bias `b`. -/
def Tensor.row (T : Tensor) (w b n i : Nat) : Nat :=
  Nat.add (stretch T.width w (Nat.succ (Nat.log2 n)) (nth T.rows i))
    (Nat.mul (Nat.sub b (Nat.pow 2 (Nat.sub T.width 1))) (ones w n))

/-- Entry `(i, j)` of a tensor, with the bias `b`. -/
def Tensor.biased (T : Tensor) (b i j : Nat) : Nat :=
  Nat.add (lane T.width (nth T.rows i) j) (Nat.sub b (Nat.pow 2 (Nat.sub T.width 1)))

/-- A one in each of `n` rows of `m` lanes. -/
def gridOnes (S l n m : Nat) : Nat := Nat.mul (ones S n) (ones l m)

/-- The product of `n` rows and `m` columns, `d` the inner dimension: columns of the left factor with bias `a`, rows of the
right one with bias `b`; the result has bias `g`. -/
def product (S l n m d a b g : Nat) (col row : Nat → Nat) : Nat :=
  Nat.sub
    (Nat.add (natSum d fun c => Nat.mul (col c) (row c)) (Nat.mul (Nat.add g (Nat.mul d (Nat.mul a b))) (gridOnes S l n m)))
    (Nat.add (Nat.mul (Nat.mul a (ones S n)) (natSum d row)) (Nat.mul (Nat.mul b (ones l m)) (natSum d col)))

/-- Every entry of `x` lies between `2 ^ (l - 1)` and `2 ^ (l - 1) + 2 ^ r`. -/
def inRange (S l r n m x : Nat) : Bool :=
  Nat.beq (Nat.land x (Nat.mul (Nat.sub (Nat.pow 2 l) (Nat.pow 2 r)) (gridOnes S l n m)))
    (Nat.mul (Nat.pow 2 (Nat.sub l 1)) (gridOnes S l n m))

end

end LeanBound
