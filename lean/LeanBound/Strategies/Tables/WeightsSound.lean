module

public import LeanBound.Numerics.ExpEnclosureSound
public import LeanBound.Strategies.Tables.WidthsSound

/-! # The tables of attention weights enclose those of the model -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

section

variable {F : Type} [ExpField F]

variable {C : Tables}

/-- A tabulated exponential encloses `2 ^ P * exp (-(top - score) / 2 ^ σ)`. -/
theorem checkExp_sound {M : AttentionOnly} {H : Head} (hc : checkConsts M H C = true) {score top e t : Nat}
    (h : checkExp C score top e t = true) :
    score ≤ top ∧ lane (C.P + 1) e t ≤ 2 ^ C.P ∧
    (lane (C.P + 1) e t : F) ≤ 2 ^ C.P * exp (-(((top - score : Nat) : F) / 2 ^ scoreFrac M H)) ∧
    2 ^ C.P * exp (-(((top - score : Nat) : F) / 2 ^ scoreFrac M H)) ≤ (lane (C.P + 1) e t : F) + (C.err : F) := by
  simp only [checkExp, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4⟩ := h
  have h2 : top - score < 2 ^ C.consts.length := Nat.le_of_ble_eq_true h2
  have h4 : lane (C.P + 1) e t = expNeg C.P C.consts (top - score) := Nat.eq_of_beq_eq_true h4
  have h5 := expNeg_enclosure_of_check (F := F) hc h2
  rw [← h4] at h5
  exact ⟨Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h3, h5⟩

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

variable {M : AttentionOnly} {H : Head} {C : Tables}

open AttentionOnly

/-- What `checkWeights` establishes for one query. -/
theorem weights_sound (hc : checkConsts M H C = true) {a : Nat}
    (hsc : (∀ t, t < M.d_vocab →
      ((lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : Int) = M.sE H a t + (C.half : Int)) ∧
      ∀ i, i < M.n_ctx →
      ((lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : Int) = M.sP H a i + (C.half : Int))
    (h : checkWeights M C a = true) (F : Type) [ExpField F] :
    ∃ s : F, 0 < s ∧ ∀ i t, i < M.n_ctx → t < M.d_vocab →
      (weight C a i t : F) ≤ s * exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) ∧
      s * exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) ≤ (weight C a i t : F) + (C.weightErr : F) := by
  simp only [checkWeights, both_eq_true, allBelow_eq_true] at h
  obtain ⟨hE, hPos⟩ := h
  let tE : Int := (nth C.maxE a : Int) - (C.half : Int)
  let tP : Int := (nth C.maxP a : Int) - (C.half : Int)
  have hσ := two_pow_pos (F := F) (sFrac M H)
  have h2P := two_pow_pos (F := F) C.P
  refine ⟨2 ^ C.P * (exp (-((tE : F) / 2 ^ sFrac M H)) * exp (-((tP : F) / 2 ^ sFrac M H))),
    mul_pos h2P (mul_pos (exp_pos _) (exp_pos _)), fun i t hi ht => ?_⟩
  obtain ⟨e1, e2, e3, e4⟩ := checkExp_sound (F := F) hc (hE t ht)
  obtain ⟨p1, p2, p3, p4⟩ := checkExp_sound (F := F) hc (hPos i hi)
  have sE := hsc.1 t ht
  have sP := hsc.2 i hi
  have uE : (((nth C.maxE a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : Int)) = tE - M.sE H a t := by
    have : lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t ≤ nth C.maxE a := e1
    simp only [tE]; omega
  have uP : (((nth C.maxP a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : Int)) =
      tP - M.sP H a i := by
    have : lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) ≤ nth C.maxP a := p1
    simp only [tP]; omega
  have cE : ((nth C.maxE a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : F) = (tE : F) - (M.sE H a t : F) := by
    rw [← intCast_natCast, uE, intCast_sub]
  have cP : ((nth C.maxP a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : F) =
      (tP : F) - (M.sP H a i : F) := by
    rw [← intCast_natCast, uP, intCast_sub]
  have key := weight_bounds (F := F) (P := C.P) (e := lane (C.P + 1) (nth C.eE a) t) (p := lane (C.P + 1) (nth C.eP a) i)
    (err := C.err)
    (x := exp (-(((nth C.maxE a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : F) / 2 ^ sFrac M H)))
    (y := exp (-(((nth C.maxP a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : F) / 2 ^ sFrac M H)))
    (exp_nonneg _)
    (exp_le_one (by have := div_nonneg (natCast_nonneg (F := F) (nth C.maxE a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t)) hσ; grind))
    p2 e3 e4 p3 p4
  have hW : (2 : F) ^ C.P * (exp (-((tE : F) / 2 ^ sFrac M H)) * exp (-((tP : F) / 2 ^ sFrac M H))) *
      exp ((M.sInt H a t i : F) / 2 ^ sFrac M H) =
      2 ^ C.P * (exp (-(((nth C.maxE a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) t : Nat) : F) / 2 ^ sFrac M H)) *
      exp (-(((nth C.maxP a - lane C.w (C.scores (M.d_vocab + M.n_ctx) a) (M.d_vocab + i) : Nat) : F) / 2 ^ sFrac M H))) := by
    rw [cE, cP, sInt_decomp, intCast_add, Semiring.mul_assoc, ← exp_add, ← exp_add, ← exp_add]
    congr 2
    grind
  rw [hW]
  exact key

end

end LeanBound
