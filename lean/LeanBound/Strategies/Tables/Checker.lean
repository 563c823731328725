module

public import LeanBound.Strategies.Tables.Plan

/-!
# The checks of a plan

What has to hold for the tables of a plan to be those of the model. All definitions are run by the kernel: recursors and `Nat`'s
own operations only.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Every entry is at most `n`. -/
def allAtMost (n : Nat) (xs : List Nat) : Bool := List.rec true (fun x _ ih => both (Nat.ble x n) ih) xs

/-- A bound of the absolute values of a tensor's entries, the bias of its stored ones. -/
def Tensor.bound (T : Tensor) : Nat := Nat.pow 2 (Nat.sub T.width 1)

/-- The tensor has `n` rows of `m` entries, which fit into the stride of the plan and are made positive by its bias. -/
def Plan.checkShape (p : Plan) (n m : Nat) (T : Tensor) : Bool :=
  both (Nat.beq T.rows.length n)
  (both (allAtMost (Nat.sub (Nat.pow 2 (Nat.mul T.width m)) 1) T.rows)
  (both (Nat.ble (Nat.mul T.width m) p.stride)
  (both (Nat.ble T.width p.narrow)
    (Nat.ble T.bound p.bias))))

variable (p : Plan) (M : AttentionOnly) (H : Head)

/-- Every tensor has its shape. -/
def checkShapes : Bool :=
  both (p.checkShape M.d_vocab M.d_model M.W_E)
  (both (p.checkShape M.n_ctx M.d_model M.W_pos)
  (both (p.checkShape M.d_model H.d_head H.W_Q)
  (both (p.checkShape 1 H.d_head H.b_Q)
  (both (p.checkShape M.d_model H.d_head H.W_K)
  (both (p.checkShape 1 H.d_head H.b_K)
  (both (p.checkShape M.d_model H.d_head H.W_V)
  (both (p.checkShape 1 H.d_head H.b_V)
  (both (p.checkShape H.d_head M.d_model H.W_O)
  (both (p.checkShape 1 M.d_model M.b_O)
  (both (p.checkShape M.d_model M.d_vocab M.W_U)
    (p.checkShape 1 M.d_vocab M.b_U)))))))))))

/-- No entry of a matrix product reaches a quarter of a narrow lane, by the bias of the weights, and lanes fit into rows. -/
def checkWidths : Bool :=
  let wo := Nat.mul M.d_model (Nat.mul p.bias p.bias)
  let v := Nat.mul H.d_head (Nat.mul p.bias wo)
  let k := Nat.mul (Nat.succ M.d_model) (Nat.mul p.bias p.bias)
  let g := Nat.mul H.d_head (Nat.mul p.bias k)
  both (Nat.ble wo p.quarter)
  (both (Nat.ble v p.quarter)
  (both (Nat.ble (Nat.mul (Nat.succ M.d_model) (Nat.mul p.bias v)) p.quarter)
  (both (Nat.ble (Nat.mul (Nat.succ M.d_model) (Nat.mul (p.directBias H) p.bias)) p.quarter)
  (both (Nat.ble k p.quarter)
  (both (Nat.ble g p.quarter)
  (both (Nat.ble (Nat.mul (Nat.succ M.d_model) (Nat.mul (Nat.add p.bias p.bias) g)) p.quarter)
  (both (Nat.ble 1 p.bias)
  (both (Nat.ble 2 p.narrow)
  (both (Nat.ble (Nat.mul p.narrow (Nat.succ (Nat.succ (Plan.rows M)))) p.stride)
  (both (Nat.ble p.narrow p.w)
  (both (Nat.ble p.r p.narrow)
  (both (Nat.ble p.narrow p.e)
  (both (Nat.ble (Nat.succ (Nat.mul 2 p.P)) p.e)
  (both (Nat.ble (Nat.succ p.offset) p.quarter)
  (both (Nat.ble p.consts.length p.narrow)
  (both (Nat.ble (Nat.succ p.maxE) (Nat.pow 2 (Nat.mul (Nat.sub p.narrow 1) M.d_vocab)))
    (Nat.ble (Nat.succ p.maxP) (Nat.pow 2 (Nat.mul (Nat.sub p.narrow 1) M.d_vocab)))))))))))))))))))

/-- Logit contributions are below `2 ^ r`. -/
def checkLogits : Bool :=
  both (inRange p.stride p.narrow p.r (Plan.rows M) M.d_vocab (p.oRaised M H))
    (inRange p.stride p.narrow p.r M.d_vocab M.d_vocab (p.directRaised M H))

/-- Scores are below their upper bounds, but not by too much. -/
def checkScores : Bool := inRange p.stride p.narrow p.consts.length M.d_vocab (Plan.rows M) (p.sRaised M H)

/-- The scale of scores. -/
def scoreFrac : Nat := Nat.add (Nat.add M.W_E.frac H.W_Q.frac) (Nat.add M.W_E.frac H.W_K.frac)

/-- The constants of `exp` and their error. -/
def checkConsts : Bool :=
  both (expCheck p.P (scoreFrac M H) p.squarings p.consts.length p.consts p.err) (allAtMost (Nat.pow 2 p.P) p.consts)

/-- The checks of a plan whose scores are not multiplied out. -/
def checkLogitPlan : Bool :=
  both (checkShapes p M H)
  (both (checkWidths p M H)
  (both (checkConsts p M H)
  (both (checkLogits p M H)
    (checkRoom (p.tables M H) M.n_ctx))))

/-- All checks of a plan. -/
def checkPlan : Bool := both (checkLogitPlan p M H) (checkScores p M H)

end

end LeanBound
