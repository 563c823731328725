module

public import LeanBound.Strategies.SubCubic.FactorsMeaning

/-! # Bounds of scores from the factors of the QK circuit: keys -/

@[expose] public section

namespace LeanBound

noncomputable section

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

variable {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : F.Rooms p M H E n)

include hs hw hr

/-- Coordinate `j` of keys. -/
theorem keyRow_vec {j : Nat} (hj : j < H.d_head + 1) (h : F.checkKey p M H j = true) :
    Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter (F.kCoord M H j) (F.keyRow p M H j) ∧
      ∀ t, t < M.d_vocab + M.n_ctx → F.kCoord M H j t < (p.quarter : Int) - (2 ^ F.bits * 2 ^ F.bits : Nat) := by
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  obtain ⟨h1, _⟩ := both_eq_true.1 h
  rw [cond_beq] at h1
  show Vec _ _ _ _ (cond (Nat.beq j H.d_head) _ _) ∧ _
  rw [cond_beq]
  by_cases hd : j = H.d_head
  · refine ⟨?_, fun t _ => ?_⟩
    · rw [if_pos hd]
      have hv := (keyAlong_vec (p := p) (M := M) hr).add (Vec.const (w := p.narrow)
        (n := M.d_vocab + M.n_ctx) (c := 0) (b := p.quarter) (v := p.quarter) (by omega))
      rw [Nat.zero_add] at hv
      exact hv.congr fun t _ => by simp only [kCoord, hd, if_true, Int.add_zero]
    · have h2 := lane_lt F.bits F.along t
      have h3 : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
      simp only [kCoord, hd, if_true]
      omega
  · rw [if_neg hd] at h1 ⊢
    obtain ⟨g, gb⟩ := Plan.k_grid hs hw
    have hkb : (M.d_model + 1) * (p.bias * p.bias) ≤ queryBound p M :=
      Nat.mul_le_mul_left _ (Nat.mul_le_mul_left _ (Nat.le_add_right _ _))
    have hk := hw.row g (fun j t hj ht => Nat.le_trans (gb j t hj ht) hw.k) (Nat.le_refl _) (show j < H.d_head by omega)
    have hraised := hk.add ((keyAlong_vec (p := p) (M := M) hr).scale F.bias)
    have hpart := (keyAlong_vec (p := p) (M := M) hr).scale (lane F.bits F.direction j)
    have hkj := fun t ht => gb j t (by omega) ht
    have e1 : ∀ t, (F.bias : Int) * (lane F.bits F.along t : Int) = ((F.bias * lane F.bits F.along t : Nat) : Int) :=
      fun t => (Int.natCast_mul ..).symm
    have e2 : ∀ t, (lane F.bits F.direction j : Int) * (lane F.bits F.along t : Int) =
        ((lane F.bits F.direction j * lane F.bits F.along t : Nat) : Int) := fun t => (Int.natCast_mul ..).symm
    have hle : ∀ t, t < M.d_vocab + M.n_ctx → _ := fun t ht => hpart.le_of_atMost (by have := hw.narrow; omega) hraised
      (fun t _ => by have := F.lane_mul_le F.direction F.along j t; rw [e2]; omega)
      (fun t ht => by have := bias_mul_le hr F.along t; have := hkj t ht; rw [e1]; omega) h1 ht
    have hsub := hraised.sub hpart hle
    rw [Nat.mul_zero, Nat.add_zero] at hsub
    refine ⟨hsub.congr fun t _ => ?_, fun t ht => ?_⟩
    · simp only [kCoord, hd, if_false, dirInt, Nat.mul_zero]
      grind
    · have := bias_mul_le hr F.along t
      have := hkj t ht
      have h3 : F.kCoord M H j t = Plan.kExt M H j t + ((F.bias * lane F.bits F.along t : Nat) : Int) -
          ((lane F.bits F.direction j * lane F.bits F.along t : Nat) : Int) := by
        rw [← e1, ← e2]
        simp only [kCoord, hd, if_false, dirInt]
        grind
      rw [h3]
      omega

/-- The ranges of coordinate `j` of keys. -/
theorem key_range {j : Nat} (hj : j < H.d_head + 1) (h : F.checkKey p M H j = true) {t : Nat} (ht : t < M.d_vocab + M.n_ctx) :
    (if t < M.d_vocab then (lane F.bits F.tokenLow j : Int) else (lane F.bits F.positionLow j : Int)) ≤
        F.kCoord M H j t + (F.bias : Int) ∧
      F.kCoord M H j t + (F.bias : Int) ≤
        if t < M.d_vocab then (lane F.bits F.tokenHigh j : Int) else (lane F.bits F.positionHigh j : Int) := by
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  obtain ⟨hv, hlt⟩ := keyRow_vec hs hw hr hj h
  obtain ⟨_, h2⟩ := both_eq_true.1 h
  obtain ⟨h2, h3⟩ := both_eq_true.1 h2
  have hraised := hv.add (Vec.const (w := p.narrow) (n := M.d_vocab + M.n_ctx) (c := (F.bias : Int)) (b := 0) (v := F.bias)
    (by omega))
  have hbias := bias_le_mul hr
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have hR : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
  have hbound : ∀ x y : Nat, ∀ t, t < M.d_vocab + M.n_ctx →
      (if t < M.d_vocab then (lane F.bits x j : Int) else (lane F.bits y j : Int)) + (p.quarter : Int) <
        ((2 ^ (p.narrow - 1) : Nat) : Int) := fun x y t _ => by
    have := lane_lt F.bits x j
    have := lane_lt F.bits y j
    split <;> omega
  have hrow : ∀ t, t < M.d_vocab + M.n_ctx → F.kCoord M H j t + (F.bias : Int) + ((p.quarter + 0 : Nat) : Int) <
      ((2 ^ (p.narrow - 1) : Nat) : Int) := fun t ht => by have := hlt t ht; omega
  have e1 := (bounds_vec (p := p) (M := M) (lane F.bits F.tokenLow j) (lane F.bits F.positionLow j)).le_of_atMost h0
    hraised (hbound F.tokenLow F.positionLow) hrow h2 ht
  have e2 := hraised.le_of_atMost h0
    (bounds_vec (p := p) (M := M) (lane F.bits F.tokenHigh j) (lane F.bits F.positionHigh j)) hrow
    (hbound F.tokenHigh F.positionHigh) h3 ht
  omega

/-- Key scores are inner products of keys with the centre. -/
theorem keyScores_valid (h : allBelow (F.checkKey p M H) (H.d_head + 1) = true) :
    F.ValidScores p M (fun t => sum (H.d_head + 1) fun j => F.centreInt j * F.kCoord M H j t) (F.keyScores p M H) := by
  have hq := hr.quarter
  have hR2 := F.square_pos
  have hkey := fun j (hj : j < H.d_head + 1) => allBelow_sound h hj
  have hbias := hr.bias
  have hrange : ∀ j t, j < H.d_head + 1 → t < M.d_vocab + M.n_ctx → (F.kCoord M H j t).natAbs ≤ 2 ^ F.bits := fun j t hj ht => by
    have h := key_range hs hw hr hj (hkey j hj) ht
    have h1 := lane_lt F.bits F.tokenHigh j
    have h2 := lane_lt F.bits F.positionHigh j
    split at h <;> omega
  have hsum : (H.d_head + 1) * (2 ^ F.bits * 2 ^ F.bits) = H.d_head * (2 ^ F.bits * 2 ^ F.bits) + 2 ^ F.bits * 2 ^ F.bits :=
    Nat.succ_mul ..
  obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab + M.n_ctx) (d := H.d_head + 1) (a := F.bias) (b := p.quarter)
    (A := fun _ j => F.centreInt j) (B := F.kCoord M H) (col := lane F.bits F.centre) (row := F.keyRow p M H)
    (α := 2 ^ F.bits) (β := 2 ^ F.bits) (fun j _ => Vec.single (by unfold centreInt; omega))
    (fun j hj => (keyRow_vec hs hw hr hj (hkey j hj)).1)
    (fun _ j _ _ => centreInt_le hr j) hrange (by omega)
  have hle := fun i t hi ht => rb i t hi ht
  exact ⟨hw.row r (fun i t hi ht => Nat.le_trans (rb i t hi ht) (by omega)) (Nat.le_refl _) (show 0 < 1 by omega),
    fun t ht => Nat.le_trans (rb 0 t (by omega) ht) (by omega)⟩

end Factors

end

end LeanBound
