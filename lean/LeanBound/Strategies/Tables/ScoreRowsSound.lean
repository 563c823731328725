module

public import LeanBound.Strategies.Tables.Scores
public import LeanBound.Strategies.Tables.WeightsSound

/-! # The rows of scores are those of the model -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

open AttentionOnly

/-- Exponentials of differences of scores can be bounded. -/
structure Exponentials.Valid (M : AttentionOnly) (H : Head) (C : Tables) (X : Exponentials) : Prop where
  consts_le : ∀ c, c ∈ X.consts → c ≤ 2 ^ C.P
  exp_le : ∀ (F : Type) [ExpField F] (u : Nat), u < 2 ^ X.bits →
    2 ^ C.P * exp (-((u : F) / 2 ^ sFrac M H)) ≤ ((expNeg C.P X.consts u + C.err : Nat) : F)

/-- The exponentials of a plan are valid. -/
theorem Plan.exponentials_valid {M : AttentionOnly} {H : Head} {p : Plan} (hc : checkConsts p M H = true) :
    Exponentials.Valid M H (p.tables M H) p.exponentials := by
  obtain ⟨hc, hle⟩ := both_eq_true.1 hc
  exact ⟨allAtMost_sound hle, fun F _ u hu => by
    rw [natCast_add]
    exact (expNeg_enclosure_of_check (F := F) hc hu).2⟩

/-- The scores are those of the model, up to a constant of the query; their lanes are below `2 ^ b`. -/
structure ScoresValid (M : AttentionOnly) (H : Head) (C : Tables) (b : Nat) (scores : Nat → Nat) : Prop where
  rows_lt : ∀ a, a < M.d_vocab → scores a < 2 ^ (C.w * (M.d_vocab + M.n_ctx)) ∧
    ∀ t, t < M.d_vocab + M.n_ctx → lane C.w (scores a) t < 2 ^ b
  scores : ∀ a, a < M.d_vocab → ∃ c : Int, ∀ t i, t < M.d_vocab → i < M.n_ctx → M.sInt H a t i =
    c - (lane C.w (scores a) t : Int) - (lane C.w (scores a) (M.d_vocab + i) : Int)

/-- The scores of a plan that passes every check are valid. -/
theorem Plan.scores_valid {M : AttentionOnly} {H : Head} {p : Plan} (h : checkPlan p M H = true) :
    ScoresValid M H (p.tables M H) p.exponentials.bits (p.scores M H) := by
  simp only [checkPlan, checkLogitPlan, both_eq_true] at h
  obtain ⟨⟨hs, hw, _⟩, hr⟩ := h
  have hs := Plan.shapes_sound hs
  have hw := Plan.widths_sound hw
  obtain ⟨g, gb⟩ := scores_sound hs hw hr
  have hn : (2 : Nat) ^ p.consts.length ≤ 2 ^ p.narrow := Nat.pow_le_pow_right (by omega) hw.consts
  have hwide : (2 : Nat) ^ p.narrow ≤ 2 ^ p.w := Nat.pow_le_pow_right (by omega) hw.w
  let f (a t : Nat) : Nat := (below p M H a t).toNat
  have hf : ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx →
      f a t < 2 ^ p.consts.length ∧ ((f a t : Nat) : Int) = below p M H a t := fun a t ha ht => by
    have h1 := gb a t ha ht
    have h2 := g.2 a t ha ht
    show (below p M H a t).toNat < _ ∧ (((below p M H a t).toNat : Nat) : Int) = _
    omega
  have hl : ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx →
      below p M H a t + ((0 : Nat) : Int) < ((2 ^ p.narrow : Nat) : Int) := fun a t ha ht => by
    have := hf a t ha ht
    omega
  have hS := hw.lanes_le _ (Nat.le_refl (M.d_vocab + M.n_ctx))
  have row : ∀ a, a < M.d_vocab → p.scores M H a = pack p.w (f a) (M.d_vocab + M.n_ctx) := fun a ha => by
    show p.wide (rows M) (lane p.stride (p.lowered M.d_vocab (rows M) (p.sRaised M H)) a) = _
    rw [(g.row hl hS ha).1]
    refine (stretch_pack hw.w (Nat.le_of_lt Nat.lt_log2_self) fun t ht => ?_).trans (pack_congr fun t _ => by simp [f])
    have := hf a t ha ht
    have := hl a t ha ht
    omega
  have hlt : ∀ a, a < M.d_vocab → ∀ t, t < M.d_vocab + M.n_ctx → f a t < 2 ^ p.w := fun a ha t ht => by
    have := hf a t ha ht
    omega
  have hlane : ∀ a, a < M.d_vocab → ∀ t, t < M.d_vocab + M.n_ctx → lane p.w (p.scores M H a) t = f a t :=
    fun a ha t ht => by rw [row a ha, lane_pack (hlt a ha) ht]
  refine ⟨fun a ha => ⟨?_, fun t ht => ?_⟩, fun a ha => ⟨(p.topE a : Int) + (p.topP a : Int) - 2 * (p.quarter : Int),
    fun t i ht hi => ?_⟩⟩
  · rw [row a ha]
    exact pack_lt (hlt a ha)
  · exact Nat.lt_of_le_of_lt (Nat.le_of_eq (hlane a ha t ht)) (hf a t ha ht).1
  · have e1 : (lane (p.tables M H).w (p.scores M H a) t : Int) = below p M H a t :=
      (congrArg _ (hlane a ha t (by omega))).trans (hf a t ha (by omega)).2
    have e2 : (lane (p.tables M H).w (p.scores M H a) (M.d_vocab + i) : Int) = below p M H a (M.d_vocab + i) :=
      (congrArg _ (hlane a ha (M.d_vocab + i) (by omega))).trans (hf a (M.d_vocab + i) ha (by omega)).2
    rw [e1, e2, sInt_decomp]
    simp only [below, sExt, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, if_false, Nat.add_sub_cancel_left]
    omega

end

end LeanBound
