module

public import LeanBound.Models.AttentionOnly
public import LeanBound.Properties.Never

/-!
# Attention over prefixes of every length

A model learns the embeddings of `n_ctx` positions. On a longer or shorter sequence, each position is embedded as one of these.
Which one is left open: what is stated holds for any such scheme. Without position embeddings, when all rows of `W_pos` are equal,
all of them are the same.
-/

@[expose] public section

namespace LeanBound

noncomputable section

namespace AttentionOnly

variable (M : AttentionOnly)

/-- The same weights on `ps.length + 1` tokens: position `i` is embedded as position `ps[i]` of `M`, the last one as its last.
For `ps = 0, …, n_ctx - 2` this is `M`. -/
def placed (ps : List Nat) : AttentionOnly :=
  { M with
    n_ctx := ps.length + 1
    W_pos := { M.W_pos with rows := (ps ++ [M.n_ctx - 1]).map fun p => M.W_pos.rows.getD p 0 } }

/-- After any number of `tokens`, at any of the model's positions, with one of `queries` as the last token, none of `outputs` is
the output. -/
def NeverAtAnyLength (queries tokens outputs : List Nat) : Prop :=
  ∀ (F : Type) [ExpField F] (ps x : List Nat), x.length = ps.length → (∀ p ∈ ps, p < M.n_ctx) → (∀ t ∈ x, t ∈ tokens) →
    ∀ q ∈ queries, ∀ o ∈ outputs, (M.placed ps).classifier.Excludes F (x ++ [q]) o

end AttentionOnly

end

end LeanBound
