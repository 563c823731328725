module

public import LeanBound.Strategies.SubCubic.FactorsAround
public import LeanBound.Strategies.SubCubic.FactorsKeys

/-! # Bounds of scores from the factors of the QK circuit: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

/-- The bounds of scores that the factors establish. -/
theorem check_sound {E : Envelope} {a n spread : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)
    (hlow : E.low < 2 ^ (E.bits * M.d_vocab)) (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (ha : a + n ≤ M.d_vocab)
    (h : F.check p M H E a n = true) : E.Attends M H spread a n := by
  refine checkAround_sound (k := F.kCoord M H) hs hw hlow hhigh ha (Nat.le_refl _) (F.sum_coords M H)
    (fun hr hk j m t i i' hj hm ht hi hi' => ?_) (fun hr hk => keyScores_valid hs hw hr hk) h
  have range := fun t ht => key_range hs hw hr hj (allBelow_sound hk hj) (t := t) ht
  have em := range m (by omega)
  have et := range t (by omega)
  have ei := range (M.d_vocab + i) (by omega)
  have ei' := range (M.d_vocab + i') (by omega)
  have e : F.range j = (lane F.bits F.tokenHigh j - lane F.bits F.tokenLow j) +
    (lane F.bits F.positionHigh j - lane F.bits F.positionLow j) := rfl
  simp only [hm, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, show ¬ M.d_vocab + i' < M.d_vocab by omega,
    if_false] at em et ei ei'
  omega

end Factors

end

end LeanBound
