module

public import LeanBound.Strategies.SubCubic.Attention
public import LeanBound.Strategies.SubCubic.FactorsQueries

/-! # Bounds of scores from the factors of the QK circuit: what queries around a centre and key scores establish -/

@[expose] public section

namespace LeanBound

noncomputable section

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

section Sound

variable {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : F.Rooms p M H E n)

include hs hw hr

/-- What the envelope says of key scores. -/
theorem keyScores_sound (hlow : E.low < 2 ^ (E.bits * M.d_vocab))
    (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) {f : Nat → Int} {scores : Nat} (hf : F.ValidScores p M f scores)
    (h : F.checkKeyScores p M H E scores = true) {m t i i' : Nat} (hm : m < M.d_vocab) (ht : t < M.d_vocab)
    (hi : i < M.n_ctx) (hi' : i' < M.n_ctx) :
    (lane E.bits E.low t : Int) - (lane E.bits E.high m : Int) + (F.reach H : Int) ≤
      (f m - f t) + (f (M.d_vocab + i) - f (M.d_vocab + i')) := by
  have hhalf := hw.half_eq
  have h2p := hw.two_pow
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have htop := hr.top
  have hleast := hr.least
  have hmost := hr.most
  obtain ⟨hv, hb⟩ := hf
  have hl : ∀ t, t < M.d_vocab + M.n_ctx → f t + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := fun t ht => by
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

/-- The bounds of scores that hold if `k` are coordinates of keys, which make the same inner products with queries, and `ranged`
shows that they are in their ranges. -/
theorem checkAround_sound {E : Envelope} {a n d spread scores : Nat} {ranged : Bool} {k : Nat → Nat → Int}
    (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hlow : E.low < 2 ^ (E.bits * M.d_vocab))
    (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (ha : a + n ≤ M.d_vocab) (hd : d ≤ H.d_head + 1)
    (hdot : ∀ b t, (sum d fun j => F.qExt M H j b * k j t) = sum H.d_head fun j => M.qInt H b j * Plan.kExt M H j t)
    (hrange : F.Rooms p M H E n → ranged = true → ∀ j m t i i', j < d → m < M.d_vocab → t < M.d_vocab → i < M.n_ctx →
      i' < M.n_ctx → (k j m - k j t) + (k j (M.d_vocab + i) - k j (M.d_vocab + i')) ≤ (F.range j : Int))
    (hscores : F.Rooms p M H E n → ranged = true →
      F.ValidScores p M (fun t => sum d fun j => F.centreInt j * k j t) scores)
    (h : F.checkAround p M H E a n d ranged scores = true) : E.Attends M H spread a n := by
  simp only [checkAround, both_eq_true] at h
  obtain ⟨h1, h2, hk, hq, h5⟩ := h
  have hr := checkRooms_sound h1
  have hquery := fun j (hj : j < d) => allBelow_sound hq hj
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hroom : 2 ^ F.bits ≤ p.half := by
    have h1 := hr.quarter
    have h2 := hw.half_eq
    have h3 : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
    omega
  intro l hl
  have hleast := (Vec.const (w := p.narrow) (n := n) (c := (E.least : Int)) (b := 0) (v := E.least) (by omega)).le_of_atMost
    (by have := hw.narrow; omega) (scales_vec (p := p) hr) (fun _ _ => by have := hr.least_scale; omega)
    (fun i _ => by have := lane_lt F.bits F.scales i; omega) h2 hl
  refine ⟨lane F.bits F.scales l, by omega, fun m t i i' hm ht hi hi' => ?_⟩
  let x j := (k j m - k j t) + (k j (M.d_vocab + i) - k j (M.d_vocab + i'))
  have hx : ∀ j, j < d → -(F.range j : Int) ≤ x j ∧ x j ≤ (F.range j : Int) := fun j hj => by
    have h1 := hrange hr hk j m t i i' hj hm ht hi hi'
    have h2 := hrange hr hk j t m i' i hj ht hm hi' hi
    simp only [x]
    omega
  have hsum := sum_ge_of_centre (fun j hj => query_range hs hw hr (Nat.lt_of_lt_of_le hj hd) ha (hquery j hj) hl) hx
  have hscore := keyScores_sound hs hw hr hlow hhigh (hscores hr hk) h5 hm ht hi hi'
  have e1 : (sum d fun j => F.qExt M H j (a + l) * x j) = M.sInt H (a + l) m i - M.sInt H (a + l) t i' := by
    rw [sum_differences, hdot, hdot, hdot, hdot, sInt_eq hm, sInt_eq ht]
    omega
  have e2 : (sum d fun j => F.centreInt j * x j) = _ := sum_differences ..
  have e3 : (sum d fun j => (lane F.bits F.radius j : Int) * (F.range j : Int)) ≤ (F.reach H : Int) := by
    have h := natSum_part (s := 0) (n := d) (N := H.d_head + 1) (fun j => lane F.bits F.radius j * F.range j) fun i hi => by
      omega
    simp only [Nat.zero_add] at h
    have e : F.reach H = natSum (H.d_head + 1) fun j => lane F.bits F.radius j * F.range j := rfl
    rw [← e] at h
    have e : (sum d fun j => (lane F.bits F.radius j : Int) * (F.range j : Int)) =
        sum d fun j => ((lane F.bits F.radius j * F.range j : Nat) : Int) := sum_congr fun j _ => (Int.natCast_mul ..).symm
    rw [e, ← natCast_natSum_int]
    exact Int.ofNat_le.2 h
  rw [e1, e2] at hsum
  have hreach := Int.mul_le_mul_of_nonneg_left e3 (Int.natCast_nonneg (lane F.bits F.scales l))
  have hmul := Int.mul_le_mul_of_nonneg_left hscore (Int.natCast_nonneg (lane F.bits F.scales l))
  rw [Int.mul_add] at hmul
  omega

end Factors

end

end LeanBound
