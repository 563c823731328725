module

public import LeanBound.Strategies.SubCubic.FactorsSound
public import LeanBound.Strategies.SubCubic.RecursiveSound
public import LeanBound.Strategies.SubCubic.Soundness

/-! # Sub-cubic proof of max-of-K from the factors of the QK circuit: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The certificate of a pool proves as many inputs as the checker counts. -/
theorem pool_of_factors {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} {p : Plan} {F : Factors}
    (hc : checkLogitPlan p M H = true) (hv : Tables.ValidLogits M H C) (hX : Exponentials.Valid M H C X) {P : Pool} {a n N : Nat}
    (h : Nat.ble N (poolSize C X M.d_vocab M.n_ctx (P.checkFactors F p M H a n) P a n) = true) : ProvedQueries M a n N := by
  simp only [checkLogitPlan, both_eq_true] at hc
  obtain ⟨hs, hw, _⟩ := hc
  exact pool_sound hv hX (fun hE _ ha h =>
    Factors.check_sound (Plan.shapes_sound hs) (Plan.widths_sound hw) hE.low_lt hE.high_lt ha h) h

/-- The same by ranges of embeddings. -/
theorem pool_of_recursive {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} {p : Plan} {F : Factors}
    {R : EmbeddingRanges} (hc : checkLogitPlan p M H = true) (hv : Tables.ValidLogits M H C) (hX : Exponentials.Valid M H C X)
    {P : Pool} {a n N : Nat}
    (h : Nat.ble N (poolSize C X M.d_vocab M.n_ctx (P.checkRecursive F R p M H a n) P a n) = true) :
    ProvedQueries M a n N := by
  simp only [checkLogitPlan, both_eq_true] at hc
  obtain ⟨hs, hw, _⟩ := hc
  exact pool_sound hv hX (fun hE _ ha h => Factors.checkRecursive_sound (Plan.shapes_sound hs) (Plan.widths_sound hw)
    hE.low_lt hE.high_lt ha h) h

end

end LeanBound
