module

public import LeanBound.Models.AttentionOnly
public import LeanBound.Numerics.ExpEnclosure
public import LeanBound.Numerics.PackInt

/-!
# Tables of a one-head model: certificate and checker

What every strategy on max-of-K needs of the weights: attention weights up to a common factor, enclosed by integers, and
logit contributions as exact integers in lanes. The certificate holds the tables, the checker recomputes them from the weights.
All definitions are run by the kernel: recursors and `Nat`'s own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate. Rows are packed vectors of lanes of `w` bits; signed rows are packed integers. -/
structure Tables where
  /-- Bits a lane. -/
  w : Nat
  /-- Every lane of `D`, `OP` and `OE` is below `2 ^ r`. -/
  r : Nat
  /-- Added to every entry of `D`, `OP` and `OE`, to make it positive. -/
  offset : Nat
  /-- Attention weights are integers over `2 ^ P`. -/
  P : Nat
  /-- Squarings before the first constant. -/
  squarings : Nat
  /-- `consts[b]` is a lower bound of `2 ^ P * exp (-2 ^ b / 2 ^ σ)`, with scores over `2 ^ σ`. -/
  consts : List Nat
  /-- Bound of the error of a computed exponential. -/
  err : Nat
  /-- Rows of `W_U`. -/
  uRows : List Int
  /-- Rows of `W_O W_U`. -/
  woRows : List Int
  /-- Rows of `W_V W_O W_U`. -/
  vRows : List Int
  /-- Columns of `W_E`, then of `W_pos`. -/
  xtRows : List Int
  /-- Columns of the keys, of tokens, then of positions. -/
  kRows : List Int
  /-- Rows of `W_Q` times keys. -/
  gRows : List Int
  /-- `b_Q` times keys. -/
  bRow : Int
  /-- Scores by query: of tokens, then of positions. -/
  sRows : List Int
  /-- Direct path to the logits, by query. -/
  D : List Nat
  /-- OV circuit of the position embeddings, by position. -/
  OP : List Nat
  /-- OV circuit of the token embeddings, by token. -/
  OE : List Nat
  /-- The largest token score of a query, in offset form. -/
  maxE : List Nat
  /-- The largest position score of a query, in offset form. -/
  maxP : List Nat
  /-- By query: `exp` of token scores, in lanes of `P + 1` bits. -/
  eE : List Nat
  /-- By query: `exp` of position scores, in lanes of `P + 1` bits. -/
  eP : List Nat

/-- Conjunction that looks at its second argument only when it has to. -/
def both (a b : Bool) : Bool := Bool.rec false b a

/-- `f i` for all `i < n`. -/
def allBelow (f : Nat → Bool) (n : Nat) : Bool := Nat.rec true (fun i ih => both (f i) ih) n

/-- Equality of integers. -/
def eqInt (a b : Int) : Bool :=
  Int.rec (fun n => Int.rec (fun m => Nat.beq n m) (fun _ => false) b)
    (fun n => Int.rec (fun _ => false) (fun m => Nat.beq n m) b) a

/-- `rows` has `n` entries, and entry `i` is `f i`. -/
def rowsAre (rows : List Int) (f : Nat → Int) (n : Nat) : Bool :=
  both (Nat.beq rows.length n) (allBelow (fun i => eqInt (nthInt rows i) (f i)) n)

/-- Entry `i` of `rows` is `f i` plus the offset in every lane, and its `V` lanes are below `2 ^ r`. -/
def logitRowsAre (C : Tables) (V : Nat) (rows : List Nat) (f : Nat → Int) (n : Nat) : Bool :=
  allBelow (fun i =>
    both (eqInt (Int.ofNat (nth rows i)) (Int.add (f i) (Int.ofNat (Nat.mul C.offset (ones C.w V)))))
      (both (Nat.ble (Nat.add (nth rows i) 1) (Nat.pow 2 (Nat.mul C.w V)))
        (allBelow (fun o => Nat.ble (Nat.add (lane C.w (nth rows i) o) 1) (Nat.pow 2 C.r)) V))) n

/-- Half a lane, the offset of scores. -/
def Tables.half (C : Tables) : Nat := Nat.pow 2 (Nat.sub C.w 1)

/-- The scores of query `a` with `half` added in every lane. -/
def Tables.scores (C : Tables) (n a : Nat) : Nat :=
  Int.toNat (Int.add (nthInt C.sRows a) (Int.ofNat (Nat.mul C.half (ones C.w n))))

/-- Lane `t` of `e` is the exponential of `score - top`, as computed. -/
def checkExp (C : Tables) (score top e t : Nat) : Bool :=
  both (Nat.ble score top)
    (both (Nat.ble (Nat.add (Nat.sub top score) 1) (Nat.pow 2 C.consts.length))
      (both (Nat.ble (lane (Nat.add C.P 1) e t) (Nat.pow 2 C.P))
        (Nat.beq (lane (Nat.add C.P 1) e t) (expNeg C.P C.consts (Nat.sub top score)))))

/-- The bias of a tensor's stored entries, a bound of their absolute values. -/
def Tensor.bound (T : Tensor) : Nat := Nat.pow 2 (Nat.sub T.width 1)

section Stages

variable (M : AttentionOnly) (H : Head) (C : Tables)

/-- The exact products of weight matrices. -/
def checkProducts : Bool :=
  both (rowsAre C.uRows (fun c => packInt C.w (fun o => M.W_U.get c o) M.d_vocab) M.d_model)
  (both (rowsAre C.woRows (fun j => dot (fun c => H.W_O.get j c) C.uRows 0) H.d_head)
  (both (rowsAre C.vRows (fun c => dot (fun j => H.W_V.get c j) C.woRows 0) M.d_model)
  (both (rowsAre C.xtRows
    (fun c => packInt C.w (fun j => cond (Nat.ble M.d_vocab j) (M.W_pos.get (Nat.sub j M.d_vocab) c) (M.W_E.get j c))
      (Nat.add M.d_vocab M.n_ctx)) M.d_model)
  (both (rowsAre C.kRows (fun j => Int.add (dot (fun c => H.W_K.get c j) C.xtRows 0)
    (Int.mul (H.b_K.get 0 j) (packInt C.w (fun j => cond (Nat.ble M.d_vocab j) 1 0) (Nat.add M.d_vocab M.n_ctx)))) H.d_head)
  (both (rowsAre C.gRows (fun c => dot (fun j => H.W_Q.get c j) C.kRows 0) M.d_model)
    (eqInt C.bRow (dot (fun j => H.b_Q.get 0 j) C.kRows 0)))))))

/-- Scores and logit contributions of every token, position and query. -/
def checkRows : Bool :=
  both (rowsAre C.sRows (fun a => Int.add
    (dot (fun c => Int.add (M.W_E.get a c) (M.W_pos.get (Nat.sub M.n_ctx 1) c)) C.gRows 0) C.bRow) M.d_vocab)
  (both (logitRowsAre C M.d_vocab C.OE (fun t => dot (fun c => M.W_E.get t c) C.vRows 0) M.d_vocab)
  (both (logitRowsAre C M.d_vocab C.OP (fun i => Int.add (dot (fun c => M.W_pos.get i c) C.vRows 0)
    (dot (fun j => H.b_V.get 0 j) C.woRows 0)) M.n_ctx)
    (logitRowsAre C M.d_vocab C.D (fun a => Int.add
      (Int.mul (Int.ofNat (Nat.pow 2 (Nat.add H.W_V.frac H.W_O.frac)))
        (dot (fun c => Int.add (M.W_E.get a c) (M.W_pos.get (Nat.sub M.n_ctx 1) c)) C.uRows 0))
      (Int.add (dot (fun c => M.b_O.get 0 c) C.uRows 0) (packInt C.w (fun o => M.b_U.get 0 o) M.d_vocab))) M.d_vocab)))

/-- The scale of scores. -/
def scoreFrac : Nat := Nat.add (Nat.add M.W_E.frac H.W_Q.frac) (Nat.add M.W_E.frac H.W_K.frac)

/-- The constants of `exp` and their error. -/
def checkConsts : Bool := expCheck C.P (scoreFrac M H) C.squarings C.consts.length C.consts C.err

/-- The attention weights of one query. -/
def checkWeights (a : Nat) : Bool :=
  both (allBelow (fun t => checkExp C
    (lane C.w (C.scores (Nat.add M.d_vocab M.n_ctx) a) t) (nth C.maxE a) (nth C.eE a) t) M.d_vocab)
    (allBelow (fun i => checkExp C
      (lane C.w (C.scores (Nat.add M.d_vocab M.n_ctx) a) (Nat.add M.d_vocab i)) (nth C.maxP a) (nth C.eP a) i) M.n_ctx)

/-- The attention weights of `n` queries from `a` on. -/
def checkWeightsFrom (a n : Nat) : Bool := allBelow (fun j => checkWeights M C (Nat.add a j)) n

/-- No entry of a row of scores or logits reaches out of its lane, by the bit widths of the weights. -/
def checkWidths : Bool :=
  let E := Nat.add M.W_E.bound M.W_pos.bound
  let k := Nat.add (Nat.mul M.d_model (Nat.mul E H.W_K.bound)) H.b_K.bound
  let g := Nat.mul H.d_head (Nat.mul H.W_Q.bound k)
  let b := Nat.mul H.d_head (Nat.mul H.b_Q.bound k)
  let wo := Nat.mul M.d_model (Nat.mul H.W_O.bound M.W_U.bound)
  let v := Nat.mul H.d_head (Nat.mul H.W_V.bound wo)
  let o := Nat.add (Nat.mul M.d_model (Nat.mul E v)) (Nat.mul H.d_head (Nat.mul H.b_V.bound wo))
  let d := Nat.add (Nat.mul (Nat.pow 2 (Nat.add H.W_V.frac H.W_O.frac)) (Nat.mul M.d_model (Nat.mul E M.W_U.bound)))
    (Nat.add (Nat.mul M.d_model (Nat.mul M.b_O.bound M.W_U.bound)) M.b_U.bound)
  both (Nat.ble 1 C.w)
  (both (Nat.ble (Nat.add (Nat.add (Nat.mul M.d_model (Nat.mul E g)) b) 1) C.half)
    (both (Nat.ble (Nat.add (Nat.add (Nat.add o C.offset) (Nat.pow 2 C.r)) 1) (Nat.pow 2 C.w))
      (Nat.ble (Nat.add (Nat.add (Nat.add d C.offset) (Nat.pow 2 C.r)) 1) (Nat.pow 2 C.w))))

end Stages

end

end LeanBound
