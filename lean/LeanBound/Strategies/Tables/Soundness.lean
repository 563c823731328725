module

public import LeanBound.Strategies.Tables.WeightsSound

/-! # Soundness of the table checker -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The constants of a plan. -/
theorem Plan.consts_checked {M : AttentionOnly} {H : Head} {p : Plan} (h : checkLogitPlan p M H = true) :
    checkConsts p M H = true := by
  simp only [checkLogitPlan, both_eq_true] at h
  exact h.2.2.1

/-- The tables of logits of a plan are valid. -/
theorem Plan.valid_logits {M : AttentionOnly} {H : Head} {p : Plan} (hM : M.heads = [H])
    (ha : AttentionOnly.aligned M H = true) (hn : 0 < M.n_ctx) (h : checkLogitPlan p M H = true) :
    Tables.ValidLogits M H (p.tables M H) := by
  simp only [checkLogitPlan, both_eq_true] at h
  obtain ⟨hs, hw, _, hl, hroom⟩ := h
  have hs := Plan.shapes_sound hs
  have hw := Plan.widths_sound hw
  obtain ⟨hD, hOP, hOE, hl⟩ := Plan.logits_sound hs hw hl
  exact ⟨hM, AttentionOnly.aligned_sound M H ha, hn, Nat.lt_of_lt_of_le (by have := hw.narrow; omega) hw.w, hD, hOP, hOE,
    hl, hroom⟩

/-- The tables of a plan that passes every check are valid. -/
theorem Plan.valid {M : AttentionOnly} {H : Head} {p : Plan} (hM : M.heads = [H])
    (ha : AttentionOnly.aligned M H = true) (hn : 0 < M.n_ctx) (h : checkPlan p M H = true) :
    Tables.Valid M H (p.tables M H) := by
  obtain ⟨hl, hr⟩ := both_eq_true.1 h
  have hlogits := Plan.valid_logits hM ha hn hl
  simp only [checkLogitPlan, both_eq_true] at hl
  obtain ⟨hs, hw, hc, _⟩ := hl
  have hs := Plan.shapes_sound hs
  have hw := Plan.widths_sound hw
  obtain ⟨hE, hP, hle⟩ := Plan.exps_sound hs hw hc hr
  exact ⟨hlogits, fun a t ha ht => Nat.le_trans (Nat.le_of_eq (hE a t ha ht)) (hle a t),
    fun a i ha hi => Nat.le_trans (Nat.le_of_eq (hP a i ha hi)) (hle a (M.d_vocab + i)),
    fun F _ a ha => Plan.weights_sound hs hw hc hr F ha⟩

end

end LeanBound
