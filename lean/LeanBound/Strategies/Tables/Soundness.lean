module

public import LeanBound.Strategies.Tables.WeightsSound

/-! # Soundness of the table checker -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The tables of a plan that passes every check are valid. -/
theorem Plan.valid {M : AttentionOnly} {H : Head} {p : Plan} (hM : M.heads = [H])
    (ha : AttentionOnly.aligned M H = true) (hn : 0 < M.n_ctx) (h : checkPlan p M H = true) :
    Tables.Valid M H (p.tables M H) := by
  simp only [checkPlan, both_eq_true] at h
  obtain ⟨hs, hw, hc, hr, hroom⟩ := h
  have hs := Plan.shapes_sound hs
  have hw := Plan.widths_sound hw
  obtain ⟨hD, hOP, hOE, hl⟩ := Plan.logits_sound hs hw hr
  obtain ⟨hE, hP, hle⟩ := Plan.exps_sound hs hw hc hr
  have hpos : 0 < p.w := Nat.lt_of_lt_of_le (by have := hw.narrow; omega) hw.w
  exact ⟨hM, AttentionOnly.aligned_sound M H ha, hn, hpos, hD, hOP, hOE, hl,
    fun a t ha ht => Nat.le_trans (Nat.le_of_eq (hE a t ha ht)) (hle a t),
    fun a i ha hi => Nat.le_trans (Nat.le_of_eq (hP a i ha hi)) (hle a (M.d_vocab + i)),
    fun F _ a ha => Plan.weights_sound hs hw hc hr F ha, hroom⟩

end

end LeanBound
