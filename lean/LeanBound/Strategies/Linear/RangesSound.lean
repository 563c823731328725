module

public import LeanBound.Strategies.Linear.RowsSound

/-! # Proof of max-of-K linear in the vocabulary: ranges -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace LinearPool

variable {P : LinearPool} {p : Plan} {M : AttentionOnly} {H : Head} {a n : Nat}

variable (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : P.Rooms p M)

include hs hw hr

theorem residual_range (ha : a + n ≤ M.d_vocab) {c : Nat} (hc : c < M.d_model) (h : P.checkResidual p M H a n c = true) {k : Nat}
    (hk : k < n) :
    -((1 : Int) * (lane P.bits P.radius c : Int)) ≤ residual M H (a + k) c - 1 * P.centreInt c ∧
      residual M H (a + k) c - 1 * P.centreInt c ≤ 1 * (lane P.bits P.radius c : Int) := by
  obtain ⟨hw8, _, _, hbits⟩ := pow_w hr
  have hbias := hr.bias
  have h2 := hw.two_pow
  have hlast : ((p.lastPosition M c : Nat) : Int) = M.W_pos.int (M.n_ctx - 1) c + (p.bias : Int) :=
    hs.W_pos.shaped.biased _ _
  have hcol := (hs.W_E.shaped.column hc).scale (Plan.shift H)
  have hconst := Vec.const (w := p.stride) (n := M.d_vocab) (b := Plan.shift H * p.bias + p.bias)
    (v := Plan.shift H * p.lastPosition M c + M.b_O.biased p.bias 0 c)
    (c := (Plan.shift H : Int) * M.W_pos.int (M.n_ctx - 1) c + M.b_O.int 0 c) (by
      rw [Int.natCast_add, Int.natCast_mul, hlast, hs.b_O.shaped.biased, Int.natCast_add, Int.natCast_mul]
      grind)
  have hsum := hcol.add hconst
  have eb : p.directBias H = Plan.shift H * p.bias + (Plan.shift H * p.bias + p.bias) := by
    show Plan.shift H * (p.bias + p.bias) + p.bias = _
    rw [Nat.mul_add, Nat.add_assoc]
  rw [← eb] at hsum
  have hsum := hsum.congr (g := fun i => residual M H i c) fun i _ => by unfold residual eInt; grind
  have hle : ∀ i, (residual M H i c).natAbs ≤ p.directBias H := fun i => by
    have h1 : ((Plan.shift H : Int) * M.W_E.int i c).natAbs ≤ Plan.shift H * p.bias := by
      rw [Int.natAbs_mul, Int.natAbs_natCast]; exact Nat.mul_le_mul_left _ (hs.W_E.abs_le _ _)
    have h2 : ((Plan.shift H : Int) * M.W_pos.int (M.n_ctx - 1) c).natAbs ≤ Plan.shift H * p.bias := by
      rw [Int.natAbs_mul, Int.natAbs_natCast]; exact Nat.mul_le_mul_left _ (hs.W_pos.abs_le _ _)
    have h3 := hs.b_O.abs_le 0 c
    have e : residual M H i c = (Plan.shift H : Int) * M.W_E.int i c + (Plan.shift H : Int) * M.W_pos.int (M.n_ctx - 1) c +
        M.b_O.int 0 c := by unfold residual eInt; grind
    rw [e]
    omega
  have hdir : p.directBias H ≤ p.quarter := by
    have h1 := hw.direct
    have h3 : p.directBias H * 1 ≤ p.directBias H * p.bias := Nat.mul_le_mul_left _ hw.bias
    have h4 : 1 * (p.directBias H * p.bias) ≤ (M.d_model + 1) * (p.directBias H * p.bias) := Nat.mul_le_mul_right _ (by omega)
    omega
  have hq : 0 < p.quarter := Nat.two_pow_pos _
  have hlt : ∀ i, residual M H i c + (p.directBias H : Int) < ((2 ^ p.narrow : Nat) : Int) := fun i => by
    have := hle i; omega
  have hstride : p.narrow * M.d_vocab + p.narrow < p.stride := by
    have h1 := hw.stride
    have h2 := hw.narrow
    rw [Nat.mul_add, Nat.mul_add] at h1
    omega
  have hrow := ((hsum.squeeze (fun i _ => hlt i) hstride).slice (m := a) (n := n) (fun i _ => hlt i) ha).wide hw.w
    fun i _ => hlt _
  have h3 := lane_lt P.bits P.centre c
  have h4 := lane_lt P.bits P.radius c
  have h : within p.w n (residualRow p M H a n c) (P.bias + lane P.bits P.radius c) (lane P.bits P.centre c + p.directBias H)
    (lane P.bits P.centre c + p.directBias H + 2 * lane P.bits P.radius c) = true := h
  have h5 := within_sound (by have := hr.wide; omega) hrow (fun i _ => by have := hlt (a + i); omega) (by omega) (by omega) h hk
  unfold centreInt
  omega

theorem unembed_range {c : Nat} (hc : c < M.d_model) (h : P.checkUnembed p M c = true) {o o' : Nat} (ho : o < M.d_vocab)
    (ho' : o' < M.d_vocab) : M.W_U.int c o - M.W_U.int c o' ≤
      ((lane P.bits P.unembedHigh c - lane P.bits P.unembedLow c : Nat) : Int) := by
  obtain ⟨hw8, _, _, hbits⟩ := pow_w hr
  have hbias := hr.bias
  have h2 := hw.two_pow
  have hq : p.bias ≤ p.quarter := by
    have h1 := hr.centre
    have h3 : 1 * p.bias ≤ 2 ^ P.bits * p.bias := Nat.mul_le_mul_right _ (Nat.two_pow_pos _)
    have h4 : 1 * (2 ^ P.bits * p.bias) ≤ (M.d_model + 1) * (2 ^ P.bits * p.bias) := Nat.mul_le_mul_right _ (by omega)
    omega
  have hrow := hs.W_U.shaped.row (w := p.w) (Nat.le_trans hs.W_U.width hw.w) hc
  have h : within p.w M.d_vocab (M.W_U.row p.w p.bias M.d_vocab c) P.bias (lane P.bits P.unembedLow c + p.bias)
    (lane P.bits P.unembedHigh c + p.bias) = true := h
  have h3 := lane_lt P.bits P.unembedLow c
  have h4 := lane_lt P.bits P.unembedHigh c
  have range := fun o (ho : o < M.d_vocab) => within_sound (by have := hr.wide; omega) hrow
    (fun i _ => by have := hs.W_U.abs_le c i; omega) (by omega) (by omega) h ho
  have e1 := range o ho
  have e2 := range o' ho'
  omega

theorem value_range {c : Nat} (hc : c < M.d_model) (h : P.checkValue p M H c = true) {o o' : Nat} (ho : o < M.d_vocab)
    (ho' : o' < M.d_vocab) : M.vU H c o - M.vU H c o' ≤
      ((lane P.bits P.valueHigh c - lane P.bits P.valueLow c : Nat) : Int) := by
  obtain ⟨hw8, _, _, hbits⟩ := pow_w hr
  have hbias := hr.bias
  have h2 := hw.two_pow
  obtain ⟨g, gb⟩ := Plan.v_grid hs hw
  have hb : ∀ c o, c < M.d_model + 1 → o < M.d_vocab → _ := fun c o hc ho => Nat.le_trans (gb c o hc ho) hw.v
  have e : ∀ o, Plan.vExt M H c o = M.vU H c o := fun o => by rw [Plan.vExt, vU]; simp only [hc, if_true]
  have hlt : ∀ o, o < M.d_vocab → _ := fun o ho => hw.lt_two_pow (hb c o (by omega) ho)
  have hrow := (hw.row g hb (by omega) (show c < M.d_model + 1 by omega)).wide hw.w hlt
  have h : within p.w M.d_vocab (p.wide M.d_vocab (p.rowOf (p.vGrid M H) c)) P.bias (lane P.bits P.valueLow c + p.quarter)
    (lane P.bits P.valueHigh c + p.quarter) = true := h
  have h3 := lane_lt P.bits P.valueLow c
  have h4 := lane_lt P.bits P.valueHigh c
  have range := fun o (ho : o < M.d_vocab) => within_sound (by have := hr.wide; omega) hrow
    (fun i hi => by have := hlt i hi; omega) (by omega) (by omega) h ho
  have e1 := range o ho
  have e2 := range o' ho'
  rw [e] at e1 e2
  omega

end LinearPool

end

end LeanBound
