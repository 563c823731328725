module

public import LeanBound.Strategies.Tables.Plan

/-!
# Scores themselves, for strategies that compare them

`Tables` holds exponentials of scores. A strategy that bounds differences of scores over many queries takes the exponential of the
bound instead, and needs the scores.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Scores of all queries, and how an exponential is computed. -/
structure Scores where
  /-- By query: how far the scores of tokens, then those of positions, lie below an upper bound; in lanes as wide as `Tables.w`. -/
  rows : List Nat
  /-- Every lane is below `2 ^ bits`. -/
  bits : Nat
  /-- The constants of `expNeg`, over `2 ^ P`. -/
  consts : List Nat

/-- The scores of a model. -/
def Plan.scores (p : Plan) (M : AttentionOnly) (H : Head) : Scores where
  rows := p.list (p.wide (Plan.rows M)) M.d_vocab (p.lowered M.d_vocab (Plan.rows M) (p.sRaised M H))
  bits := p.consts.length
  consts := p.consts

end

end LeanBound
