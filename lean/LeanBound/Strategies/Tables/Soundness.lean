module

public import LeanBound.Strategies.Tables.WeightsSound

/-! # Soundness of the table checker -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-- Two consecutive ranges of queries; the length `k` of both is an argument of its own, so that no elaborator has to find it. -/
theorem checkWeightsFrom_append {M : AttentionOnly} {C : Tables} {a n b m k : Nat}
    (h : checkWeightsFrom M C a n = true) (h' : checkWeightsFrom M C b m = true)
    (hb : Nat.beq (Nat.add a n) b = true) (hk : Nat.beq (Nat.add n m) k = true) : checkWeightsFrom M C a k = true := by
  have hb : a + n = b := Nat.eq_of_beq_eq_true hb
  have hk : n + m = k := Nat.eq_of_beq_eq_true hk
  rw [checkWeightsFrom, allBelow_eq_true] at *
  intro j hj
  rcases Nat.lt_or_ge j n with hlt | hge
  · exact h j hlt
  · have := h' (j - n) (by omega)
    rwa [show Nat.add b (j - n) = Nat.add a j by show b + (j - n) = a + j; omega] at this

/-- Tables that pass every check are valid. The attention weights of the queries may be checked in any number of theorems. -/
theorem Tables.valid {M : AttentionOnly} {H : Head} {C : Tables} (hM : M.heads = [H])
    (ha : AttentionOnly.aligned M H = true) (hn : 0 < M.n_ctx)
    (hp : checkProducts M H C = true) (hr : checkRows M H C = true) (hw : checkWidths M H C = true)
    (hc : checkConsts M H C = true) (hroom : checkRoom C M.n_ctx = true)
    (hq : checkWeightsFrom M C 0 M.d_vocab = true) : Tables.Valid M H C := by
  have hq : ∀ a, a < M.d_vocab → checkWeights M C a = true := fun a ha => by
    have := allBelow_eq_true.1 hq a ha
    rwa [show Nat.add 0 a = a from Nat.zero_add a] at this
  have hp := products_sound hp
  have hw := widths_sound hw
  obtain ⟨hD, hOP, hOE, hl⟩ := logits_sound hp hw hr
  have he : ∀ a, a < M.d_vocab → (∀ t, t < M.d_vocab → lane (C.P + 1) (nth C.eE a) t ≤ 2 ^ C.P) ∧
      ∀ i, i < M.n_ctx → lane (C.P + 1) (nth C.eP a) i ≤ 2 ^ C.P := fun a ha => by
    have h := hq a ha
    simp only [checkWeights, checkExp, both_eq_true, allBelow_eq_true] at h
    exact ⟨fun t ht => Nat.le_of_ble_eq_true (h.1 t ht).2.2.1, fun i hi => Nat.le_of_ble_eq_true (h.2 i hi).2.2.1⟩
  exact ⟨hM, AttentionOnly.aligned_sound M H ha, hn, hw.w_pos, hD, hOP, hOE, hl, fun a t ha => (he a ha).1 t,
    fun a i ha => (he a ha).2 i, fun F _ a ha => weights_sound hc (scores_sound hp hw hr a ha) (hq a ha) F, hroom⟩

end

end LeanBound
