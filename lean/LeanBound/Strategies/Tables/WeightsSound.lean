module

public import LeanBound.Numerics.ExpRowSound
public import LeanBound.Strategies.Tables.LogitsSound
public import LeanBound.Strategies.Tables.Meaning
public import LeanBound.Strategies.Tables.ScoresSound

/-! # The tables of attention weights enclose those of the model -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

section

variable {F : Type} [ExpField F]

/-- The product of two tabulated exponentials. -/
theorem weight_bounds {P e p err : Nat} {x y : F} (hx0 : 0 ≤ x) (hx1 : x ≤ 1)
    (hp : p ≤ 2 ^ P)
    (hx : (e : F) ≤ 2 ^ P * x) (hx' : 2 ^ P * x ≤ (e : F) + (err : F))
    (hy : (p : F) ≤ 2 ^ P * y) (hy' : 2 ^ P * y ≤ (p : F) + (err : F)) :
    (((e * p) >>> P : Nat) : F) ≤ 2 ^ P * (x * y) ∧
    2 ^ P * (x * y) ≤ (((e * p) >>> P : Nat) : F) + ((3 * err + 2 : Nat) : F) := by
  have hP := two_pow_pos (F := F) P
  rw [Nat.shiftRight_eq_div_pow]
  have d1 := natCast_div_mul_le (F := F) (e * p) (2 ^ P)
  have d2 := lt_natCast_div_add_one_mul (F := F) (e * p) (Nat.two_pow_pos P)
  rw [natCast_mul, natCast_two_pow] at d1 d2
  have he0 := natCast_nonneg (F := F) e
  have hp0 := natCast_nonneg (F := F) p
  have hr0 := natCast_nonneg (F := F) err
  have hpP := natCast_le (F := F) hp
  rw [natCast_two_pow] at hpP
  have m1 := mul_le_mul hx hy hp0 (by exact mul_nonneg (Std.le_of_lt hP) hx0)
  have m2 : 2 ^ P * x * (2 ^ P * y) ≤ (e : F) * p + 3 * err * 2 ^ P := by
    have a1 := mul_le_mul_left hy' (mul_nonneg (Std.le_of_lt hP) hx0)
    have a2 := mul_le_mul_right hx' hp0
    have a3 := mul_le_mul_right (mul_le_mul_left hx1 (Std.le_of_lt hP)) hr0
    have a4 := mul_le_mul_left hpP hr0
    have a5 := mul_nonneg hr0 (Std.le_of_lt hP)
    grind
  generalize ((e * p / 2 ^ P : Nat) : F) = q at *
  rw [natCast_add, natCast_mul]
  have c3 : ((3 : Nat) : F) = 3 := natCast_ofNat 3
  have c2 : ((2 : Nat) : F) = 2 := natCast_ofNat 2
  rw [c3, c2]
  constructor
  · refine le_of_mul_le_mul_right (c := 2 ^ P) ?_ hP
    grind
  · refine le_of_mul_le_mul_right (c := 2 ^ P) ?_ hP
    grind

end

namespace Plan

variable {p : Plan} {M : AttentionOnly} {H : Head} (hs : Shapes p M H) (hw : Widths p M H)

open AttentionOnly

/-- The exponential of a score, as computed. -/
def expOf (p : Plan) (M : AttentionOnly) (H : Head) (a t : Nat) : Nat := expNeg p.P p.consts (below p M H a t).toNat

include hs hw

/-- The tables of exponentials. -/
theorem exps_sound (hc : checkConsts p M H = true) (h : checkScores p M H = true) :
    (∀ a t, a < M.d_vocab → t < M.d_vocab → lane p.e ((p.tables M H).eE a) t = expOf p M H a t) ∧
    (∀ a i, a < M.d_vocab → i < M.n_ctx → lane p.e ((p.tables M H).eP a) i = expOf p M H a (M.d_vocab + i)) ∧
    ∀ a t, expOf p M H a t ≤ 2 ^ p.P := by
  simp only [checkConsts, both_eq_true] at hc
  have hle := allAtMost_sound hc.2
  obtain ⟨g, gb⟩ := scores_sound hs hw h
  have hn : (2 : Nat) ^ p.consts.length ≤ 2 ^ p.narrow := Nat.pow_le_pow_right (by omega) hw.consts
  have hl : ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx →
      below p M H a t + ((0 : Nat) : Int) < ((2 ^ p.narrow : Nat) : Int) := fun a t ha ht => by
    have := gb a t ha ht
    have := Int.lt_of_lt_of_le this (show ((2 ^ p.consts.length : Nat) : Int) ≤ ((2 ^ p.narrow : Nat) : Int) by omega)
    omega
  have hS := hw.lanes_le _ (Nat.le_refl (M.d_vocab + M.n_ctx))
  have hP := hw.exps
  have he : (2 : Nat) ^ p.narrow ≤ 2 ^ p.e := Nat.pow_le_pow_right (by omega) hw.e
  have hE : ∀ u, expNeg p.P p.consts u < 2 ^ p.e := fun u =>
    Nat.lt_of_le_of_lt (expNeg_le hle _) (Nat.pow_lt_pow_right (by omega) (by omega))
  have row : ∀ a s n t, a < M.d_vocab → s + n ≤ M.d_vocab + M.n_ctx → t < n →
      lane p.e (p.expRows s n (p.lowered M.d_vocab (rows M) (p.sRaised M H)) a) t = expOf p M H a (s + t) :=
    fun a s n t ha hn ht => by
      obtain ⟨hn', hk⟩ := p.rowBits_spec n (Nat.lt_of_lt_of_le (by have := hw.narrow; omega) hw.e)
      have hr := g.row hl hS ha
      have hlt : ∀ t, t < M.d_vocab + M.n_ctx → (below p M H a t + ((0 : Nat) : Int)).toNat < 2 ^ p.narrow := fun t ht => by
        have := hl a t ha ht; have := hr.2 t ht; omega
      have e := gridTable_eq (φ := expNeg p.P p.consts) (b := blockBits) hw.e hn' hk
        (Nat.le_trans (Nat.mul_le_mul_left _ hn) hS)
        (fun f hf => expRow_pack hP hle fun j hj => Nat.lt_of_lt_of_le (hf j hj) he) (fun u _ => hE u)
        (p.lowered M.d_vocab (rows M) (p.sRaised M H)) a
      show lane p.e (gridTable p.stride p.narrow p.e (p.rowBits n p.e) blockBits s n
        (expRow p.e p.P (2 ^ blockBits * 2 ^ p.rowBits n p.e) p.consts) _ a) t = _
      rw [e, lane_pack (fun _ _ => hE _) (by omega), if_pos ht, hr.1, lane_pack hlt (by omega), expOf]
      simp
  refine ⟨fun a t ha ht => ?_, fun a i ha hi => row a M.d_vocab M.n_ctx i ha (Nat.le_refl _) hi, fun a t => expNeg_le hle _⟩
  have h := row a 0 M.d_vocab t ha (by omega) ht
  rwa [Nat.zero_add] at h

/-- A computed exponential encloses `2 ^ P * exp (-(top - score) / 2 ^ σ)`. -/
theorem expOf_sound {F : Type} [ExpField F] (hc : checkConsts p M H = true) (h : checkScores p M H = true) {a t : Nat}
    (ha : a < M.d_vocab) (ht : t < M.d_vocab + M.n_ctx) :
    (expOf p M H a t : F) ≤ 2 ^ p.P * exp (-((below p M H a t : F) / 2 ^ sFrac M H)) ∧
    2 ^ p.P * exp (-((below p M H a t : F) / 2 ^ sFrac M H)) ≤ (expOf p M H a t : F) + (p.err : F) ∧
    0 ≤ (below p M H a t : F) := by
  simp only [checkConsts, both_eq_true] at hc
  obtain ⟨g, gb⟩ := scores_sound hs hw h
  have h0 := g.2 a t ha ht
  have h1 := gb a t ha ht
  have h2 := expNeg_enclosure_of_check (F := F) hc.1 (u := (below p M H a t).toNat) (by omega)
  have e : (((below p M H a t).toNat : Nat) : F) = (below p M H a t : F) := by
    rw [← intCast_natCast, Int.toNat_of_nonneg (by omega)]
  have h3 := natCast_nonneg (F := F) (below p M H a t).toNat
  rw [e] at h2 h3
  exact ⟨h2.1, h2.2, h3⟩

/-- What the checks establish of attention weights. -/
theorem weights_sound (hc : checkConsts p M H = true) (h : checkScores p M H = true) (F : Type) [ExpField F] {a : Nat}
    (ha : a < M.d_vocab) : ∃ s : F, 0 < s ∧ ∀ i t, i < M.n_ctx → t < M.d_vocab →
      (weight (p.tables M H) a i t : F) ≤ s * exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) ∧
      s * exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) ≤
        (weight (p.tables M H) a i t : F) + ((p.tables M H).weightErr : F) := by
  obtain ⟨hE, hP, hle⟩ := exps_sound hs hw hc h
  let tE : Int := (p.topE a : Int) - (p.quarter : Int)
  let tP : Int := (p.topP a : Int) - (p.quarter : Int)
  have hσ := two_pow_pos (F := F) (sFrac M H)
  have h2P := two_pow_pos (F := F) p.P
  refine ⟨2 ^ p.P * (exp (-((tE : F) / 2 ^ sFrac M H)) * exp (-((tP : F) / 2 ^ sFrac M H))),
    mul_pos h2P (mul_pos (exp_pos _) (exp_pos _)), fun i t hi ht => ?_⟩
  obtain ⟨e3, e4, e5⟩ := expOf_sound (F := F) hs hw hc h ha (show t < M.d_vocab + M.n_ctx by omega)
  obtain ⟨p3, p4, _⟩ := expOf_sound (F := F) hs hw hc h ha (show M.d_vocab + i < M.d_vocab + M.n_ctx by omega)
  have cE : (below p M H a t : F) = (tE : F) - (M.sE H a t : F) := by
    rw [← intCast_sub]
    congr 1
    simp only [below, sExt, ht, if_true, tE]; omega
  have cP : (below p M H a (M.d_vocab + i) : F) = (tP : F) - (M.sP H a i : F) := by
    rw [← intCast_sub]
    congr 1
    simp only [below, sExt, show ¬ M.d_vocab + i < M.d_vocab by omega, if_false, Nat.add_sub_cancel_left, tP]; omega
  have key := weight_bounds (F := F) (P := p.P) (err := p.err)
    (x := exp (-((below p M H a t : F) / 2 ^ sFrac M H))) (y := exp (-((below p M H a (M.d_vocab + i) : F) / 2 ^ sFrac M H)))
    (exp_nonneg _) (exp_le_one (by have := div_nonneg e5 hσ; grind)) (hle a (M.d_vocab + i)) e3 e4 p3 p4
  have hweight : weight (p.tables M H) a i t = (expOf p M H a t * expOf p M H a (M.d_vocab + i)) >>> p.P := by
    rw [← hE a t ha ht, ← hP a i ha hi]; rfl
  have hW : (2 : F) ^ p.P * (exp (-((tE : F) / 2 ^ sFrac M H)) * exp (-((tP : F) / 2 ^ sFrac M H))) *
      exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) =
      2 ^ p.P * (exp (-((below p M H a t : F) / 2 ^ sFrac M H)) *
      exp (-((below p M H a (M.d_vocab + i) : F) / 2 ^ sFrac M H))) := by
    rw [cE, cP, sInt_decomp, intCast_add, Semiring.mul_assoc, ← exp_add, ← exp_add, ← exp_add]
    congr 2
    grind
  rw [hW, hweight]
  exact key

end Plan

end

end LeanBound
