module

public import LeanBound.Strategies.SubCubic.Attention
public import LeanBound.Strategies.SubCubic.FactorsKeys
public import LeanBound.Strategies.SubCubic.FactorsQueries

/-! # Bounds of scores from the factors of the QK circuit: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

section Sound

variable {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : F.Rooms p M H E n)

/-- Key scores: inner products of keys with the centre. -/
def keyScore (F : Factors) (M : AttentionOnly) (H : Head) (t : Nat) : Int :=
  sum (H.d_head + 1) fun j => F.centreInt j * F.kCoord M H j t

include hs hw hr

theorem keyScores_vec (h : allBelow (F.checkKey p M H) (H.d_head + 1) = true) :
    Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter (F.keyScore M H) (F.keyScores p M H) ∧
      ∀ t, t < M.d_vocab + M.n_ctx → (F.keyScore M H t).natAbs ≤ p.quarter - 4 * (2 ^ F.bits * 2 ^ F.bits) := by
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

/-- What the envelope says of key scores. -/
theorem keyScores_sound (hlow : E.low < 2 ^ (E.bits * M.d_vocab))
    (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (hk : allBelow (F.checkKey p M H) (H.d_head + 1) = true)
    (h : F.checkKeyScores p M H E (F.keyScores p M H) = true) {m t i i' : Nat} (hm : m < M.d_vocab) (ht : t < M.d_vocab)
    (hi : i < M.n_ctx) (hi' : i' < M.n_ctx) :
    (lane E.bits E.low t : Int) - (lane E.bits E.high m : Int) + (F.reach H : Int) ≤
      (F.keyScore M H m - F.keyScore M H t) + (F.keyScore M H (M.d_vocab + i) - F.keyScore M H (M.d_vocab + i')) := by
  have hhalf := hw.half_eq
  have h2p := hw.two_pow
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have htop := hr.top
  have hleast := hr.least
  have hmost := hr.most
  obtain ⟨hv, hb⟩ := keyScores_vec hs hw hr hk
  have hl : ∀ t, t < M.d_vocab + M.n_ctx → F.keyScore M H t + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := fun t ht => by
    have := hb t ht; omega
  have hV := hv.slice (m := 0) (n := M.d_vocab) hl (by omega)
  have hK := hv.slice (m := M.d_vocab) (n := M.n_ctx) hl (by omega)
  have hbits : 2 ^ E.bits ≤ 2 ^ F.bits * 2 ^ F.bits := by
    rw [← Nat.pow_add]; exact Nat.pow_le_pow_right (by omega) (by have := hr.envelope; omega)
  have env : ∀ x, x < 2 ^ (E.bits * M.d_vocab) → Vec p.narrow M.d_vocab 0 (fun t => (lane E.bits x t : Int))
      (widen p.narrow M.d_vocab E.bits x) := fun x hx => by
    rw [widen_eq (by have := hr.bits; have := hr.envelope; omega) hx]
    exact Vec.of_pack fun t _ => by omega
  simp only [checkKeyScores, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4⟩ := h
  have const : ∀ n v : Nat, Vec p.narrow n 0 (fun _ => (v : Int)) (v * ones p.narrow n) := fun n v => Vec.const (by omega)
  have hbV := fun t (ht : t < M.d_vocab) => hb (0 + t) (by omega)
  have hbK := fun i (hi : i < M.n_ctx) => hb (M.d_vocab + i) (by omega)
  have elt := fun x t => lane_lt E.bits x t
  have e1 := ((env _ hlow).add hV).le_of_atMost h0 (const M.d_vocab F.top)
    (fun t ht => by have := elt E.low t; have := hbV t ht; omega) (fun _ _ => by omega) h1 ht
  have e2 := (const M.d_vocab (F.top + (F.reach H + (F.most - F.least)))).le_of_atMost h0 ((env _ hhigh).add hV)
    (fun _ _ => by omega) (fun t ht => by have := elt E.high t; have := hbV t ht; omega) h2 hm
  have e3 := (const M.n_ctx F.least).le_of_atMost h0 hK (fun _ _ => by omega)
    (fun i hi => by have := hbK i hi; omega) h3 hi
  have e4 := hK.le_of_atMost h0 (const M.n_ctx F.most) (fun i hi => by have := hbK i hi; omega) (fun _ _ => by omega) h4 hi'
  simp only [Nat.zero_add] at e1 e2
  omega

end Sound

/-- The bounds of scores that the factors establish. -/
theorem check_sound {E : Envelope} {a n spread : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)
    (hlow : E.low < 2 ^ (E.bits * M.d_vocab)) (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (ha : a + n ≤ M.d_vocab)
    (h : F.check p M H E a n = true) : E.Attends M H spread a n := by
  simp only [check, both_eq_true] at h
  obtain ⟨h1, h2, hk, hq, h5⟩ := h
  have hr := checkRooms_sound h1
  have hkey := fun j (hj : j < H.d_head + 1) => allBelow_sound hk hj
  have hquery := fun j (hj : j < H.d_head + 1) => allBelow_sound hq hj
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hroom : 2 ^ F.bits ≤ p.half := by
    have h1 := hr.quarter
    have h2 := hw.half_eq
    have h3 : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
    omega
  intro k hk'
  have hleast := (Vec.const (w := p.narrow) (n := n) (c := (E.least : Int)) (b := 0) (v := E.least) (by omega)).le_of_atMost
    (by have := hw.narrow; omega) (scales_vec (p := p) hr) (fun _ _ => by have := hr.least_scale; omega)
    (fun i _ => by have := lane_lt F.bits F.scales i; omega) h2 hk'
  refine ⟨lane F.bits F.scales k, by omega, fun m t i i' hm ht hi hi' => ?_⟩
  let x j := (F.kCoord M H j m - F.kCoord M H j t) + (F.kCoord M H j (M.d_vocab + i) - F.kCoord M H j (M.d_vocab + i'))
  let r (j : Nat) : Int := (((lane F.bits F.tokenHigh j - lane F.bits F.tokenLow j) +
    (lane F.bits F.positionHigh j - lane F.bits F.positionLow j) : Nat) : Int)
  have hx : ∀ j, j < H.d_head + 1 → -(r j) ≤ x j ∧ x j ≤ r j := fun j hj => by
    have range := fun t ht => key_range hs hw hr hj (hkey j hj) (t := t) ht
    have em := range m (by omega)
    have et := range t (by omega)
    have ei := range (M.d_vocab + i) (by omega)
    have ei' := range (M.d_vocab + i') (by omega)
    simp only [hm, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, show ¬ M.d_vocab + i' < M.d_vocab by omega,
      if_false] at em et ei ei'
    simp only [r, x]
    omega
  have hsum := sum_ge_of_centre (fun j hj => query_range hs hw hr hj ha (hquery j hj) hk') hx
  have hscore := keyScores_sound hs hw hr hlow hhigh hk h5 hm ht hi hi'
  have e1 : (sum (H.d_head + 1) fun j => F.qExt M H j (a + k) * x j) =
      M.sInt H (a + k) m i - M.sInt H (a + k) t i' := by
    have e : ∀ j, F.qExt M H j (a + k) * x j =
        (F.qExt M H j (a + k) * F.kCoord M H j m + F.qExt M H j (a + k) * F.kCoord M H j (M.d_vocab + i)) +
          (F.qExt M H j (a + k) * F.kCoord M H j t + F.qExt M H j (a + k) * F.kCoord M H j (M.d_vocab + i')) * -1 :=
      fun j => by simp only [x]; grind
    simp only [e]
    rw [sum_add, sum_mul_right, sum_add, sum_add, ← sInt_eq F hm, ← sInt_eq F ht]
    omega
  have e2 : (sum (H.d_head + 1) fun j => F.centreInt j * x j) = (F.keyScore M H m - F.keyScore M H t) +
      (F.keyScore M H (M.d_vocab + i) - F.keyScore M H (M.d_vocab + i')) := by
    have e : ∀ j, F.centreInt j * x j =
        (F.centreInt j * F.kCoord M H j m + F.centreInt j * F.kCoord M H j (M.d_vocab + i)) +
          (F.centreInt j * F.kCoord M H j t + F.centreInt j * F.kCoord M H j (M.d_vocab + i')) * -1 :=
      fun j => by simp only [x]; grind
    simp only [e]
    rw [sum_add, sum_mul_right, sum_add, sum_add]
    unfold keyScore
    omega
  have e3 : (sum (H.d_head + 1) fun j => (lane F.bits F.radius j : Int) * r j) = (F.reach H : Int) := by
    have e : F.reach H = natSum (H.d_head + 1) fun j => lane F.bits F.radius j *
      ((lane F.bits F.tokenHigh j - lane F.bits F.tokenLow j) +
        (lane F.bits F.positionHigh j - lane F.bits F.positionLow j)) := rfl
    rw [e, natCast_natSum_int]
    exact sum_congr fun j _ => (Int.natCast_mul ..).symm
  rw [e1, e2, e3] at hsum
  have hmul := Int.mul_le_mul_of_nonneg_left hscore (Int.natCast_nonneg (lane F.bits F.scales k))
  rw [Int.mul_add] at hmul
  omega

end Factors

end

end LeanBound
