module

public import LeanBound.Strategies.Tables.Plan

/-!
# Scores themselves, for strategies that compare them

`Tables` holds exponentials of scores. A strategy that bounds differences of scores over many queries takes the exponential of the
bound instead.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- How an exponential is computed. -/
structure Exponentials where
  /-- Of what is below `2 ^ bits`. -/
  bits : Nat
  /-- The constants of `expNeg`, over `2 ^ P`. -/
  consts : List Nat

/-- The exponentials of a plan. -/
def Plan.exponentials (p : Plan) : Exponentials where
  bits := p.consts.length
  consts := p.consts

/-- By query: how far the scores of tokens, then those of positions, lie below an upper bound; in lanes as wide as `Tables.w`. -/
def Plan.scores (p : Plan) (M : AttentionOnly) (H : Head) (a : Nat) : Nat :=
  p.wide (Plan.rows M) (p.rowOf (p.lowered M.d_vocab (Plan.rows M) (p.sRaised M H)) a)

end

end LeanBound
