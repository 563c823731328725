module

public import LeanBound.Strategies.Linear.Checker
public import LeanBound.Strategies.SubCubic.FactorsPool

/-! # Proof of max-of-K linear in the vocabulary: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

section Vectors

variable {w n b x : Nat} {f : Nat → Int}

theorem within_sound {k low high : Nat} (hw : 0 < w) (hx : Vec w n b f x)
    (hf : ∀ i, i < n → f i + (b : Int) + (k : Int) < ((2 ^ (w - 1) : Nat) : Int)) (hl : low < 2 ^ (w - 1))
    (hh : high < 2 ^ (w - 1)) (h : within w n x k low high = true) {i : Nat} (hi : i < n) :
    (low : Int) ≤ f i + (b : Int) + (k : Int) ∧ f i + (b : Int) + (k : Int) ≤ (high : Int) := by
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have const : ∀ v : Nat, Vec w n 0 (fun _ => (v : Int)) (v * ones w n) := fun v => Vec.const (by omega)
  have hv := hx.add (const k)
  have e1 := (const low).le_of_atMost hw hv (fun _ _ => by omega) (fun i hi => by have := hf i hi; omega) h1 hi
  have e2 := hv.le_of_atMost hw (const high) (fun i hi => by have := hf i hi; omega) (fun _ _ => by omega) h2 hi
  omega

theorem Vec.wide {p : Plan} (hw : p.narrow ≤ p.w) (hx : Vec p.narrow n b f x)
    (hl : ∀ i, i < n → f i + (b : Int) < ((2 ^ p.narrow : Nat) : Int)) : Vec p.w n b f (p.wide n x) := by
  rw [hx.1]
  have e : p.wide n (pack p.narrow (fun i => (f i + (b : Int)).toNat) n) = pack p.w (fun i => (f i + (b : Int)).toNat) n :=
    stretch_pack hw (Nat.le_of_lt Nat.lt_log2_self) fun i hi => by have := hl i hi; have := hx.2 i hi; omega
  rw [e]
  exact ⟨rfl, hx.2⟩

end Vectors

namespace LinearPool

variable {P : LinearPool} {p : Plan} {M : AttentionOnly} {H : Head} {a n : Nat}

/-- What `check` says of lanes. -/
structure Rooms (P : LinearPool) (p : Plan) (M : AttentionOnly) : Prop where
  wide : p.narrow + 4 ≤ p.w
  bits : P.bits ≤ p.narrow
  bias : P.bias ≤ 2 ^ P.bits
  loss : P.loss ≤ 2 ^ p.narrow
  centre : (M.d_model + 1) * (2 ^ P.bits * p.bias) ≤ p.quarter

/-- The residual stream before attention, over the scale of the OV circuit, with `b_O`. -/
def residual (M : AttentionOnly) (H : Head) (a c : Nat) : Int :=
  (Plan.shift H : Int) * M.eInt a (M.n_ctx - 1) c + M.b_O.int 0 c

/-- The centre of the residual streams. -/
def centreInt (P : LinearPool) (c : Nat) : Int := (lane P.bits P.centre c : Int) - (P.bias : Int)

/-- What the centre adds to a logit. -/
def centreLogit (P : LinearPool) (M : AttentionOnly) (o : Nat) : Int :=
  (sum M.d_model fun c => P.centreInt c * M.W_U.int c o) + M.b_U.int 0 o

theorem dir_eq (M : AttentionOnly) (H : Head) (a o : Nat) :
    M.dir H a o = (sum M.d_model fun c => residual M H a c * M.W_U.int c o) + M.b_U.int 0 o := by
  have h : (sum M.d_model fun c => residual M H a c * M.W_U.int c o) = sum M.d_model fun c =>
      (Plan.shift H : Int) * (M.eInt a (M.n_ctx - 1) c * M.W_U.int c o) + M.b_O.int 0 c * M.W_U.int c o :=
    sum_congr fun c _ => by unfold residual; grind
  have h2 : ((Plan.shift H : Nat) : Int) = 2 ^ (H.W_V.frac + H.W_O.frac) := Int.natCast_pow 2 _
  rw [h, sum_add, sum_mul_left, dir, h2]

section Sound

variable (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : P.Rooms p M)

include hr in
theorem pow_w : 8 * 2 ^ p.narrow ≤ 2 ^ (p.w - 1) ∧ 4 * 2 ^ p.narrow ≤ 2 ^ (p.w - 2) ∧
    2 ^ (p.w - 1) = 2 * 2 ^ (p.w - 2) ∧ 2 ^ P.bits ≤ 2 ^ p.narrow := by
  have h := hr.wide
  have e : 2 ^ (p.w - 1) = 2 * 2 ^ (p.w - 2) := by rw [← Nat.pow_succ']; congr 1; omega
  have h4 : 4 * 2 ^ p.narrow ≤ 2 ^ (p.w - 2) := by
    rw [show 4 = 2 ^ 2 from rfl, ← Nat.pow_add]
    exact Nat.pow_le_pow_right (by omega) (by omega)
  exact ⟨by omega, h4, e, Nat.pow_le_pow_right (by omega) hr.bits⟩

/-! ## Rows -/

include hs hw

theorem ovRow_vec {x : Nat → Nat} {f : Nat → Int} (hx : ∀ c, c < M.d_model + 1 → ((x c : Nat) : Int) = f c + (p.bias : Int))
    (hf : ∀ c, c < M.d_model + 1 → (f c).natAbs ≤ p.bias) :
    Vec p.w M.d_vocab p.quarter (fun o => sum (M.d_model + 1) fun c => f c * Plan.vExt M H c o) (ovRow p M H x) ∧
      ∀ o, o < M.d_vocab → (sum (M.d_model + 1) fun c => f c * Plan.vExt M H c o) + (p.quarter : Int) <
        ((2 ^ p.narrow : Nat) : Int) := by
  obtain ⟨g, gb⟩ := Plan.v_grid hs hw
  obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab) (d := M.d_model + 1) (a := p.bias) (b := p.quarter)
    (A := fun _ c => f c) (B := Plan.vExt M H) (col := x) (row := p.rowOf (p.vGrid M H)) (α := p.bias)
    (fun c hc => Vec.single (hx c hc))
    (fun c hc => hw.row g (fun c o hc ho => Nat.le_trans (gb c o hc ho) hw.v) (by omega) hc) (fun _ c _ hc => hf c hc) gb hw.o
  have hb : ∀ i o, i < 1 → o < M.d_vocab → _ := fun i o hi ho => Nat.le_trans (rb i o hi ho) hw.o
  have hlt : ∀ o, o < M.d_vocab → _ := fun o ho => hw.lt_two_pow (hb 0 o (by omega) ho)
  exact ⟨(hw.row r hb (by omega) (show 0 < 1 by omega)).wide hw.w hlt, hlt⟩

theorem tokenRow_vec {t : Nat} : Vec p.w M.d_vocab p.quarter (M.oE H t) (tokenRow p M H t) ∧
    ∀ o, o < M.d_vocab → M.oE H t o + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := by
  have h := ovRow_vec hs hw (x := fun c => cond (Nat.beq c M.d_model) p.bias (M.W_E.biased p.bias t c))
    (f := fun c => if c = M.d_model then 0 else M.W_E.int t c) (fun c _ => by
      dsimp only
      rw [cond_beq]
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; omega
      · simp only [hd, if_false]; exact hs.W_E.shaped.biased t c) (fun c _ => by
      dsimp only
      split
      · exact Nat.zero_le _
      · exact hs.W_E.abs_le t c)
  have e : ∀ o, (sum (M.d_model + 1) fun c => (if c = M.d_model then 0 else M.W_E.int t c) * Plan.vExt M H c o) = M.oE H t o :=
    fun o => by
      rw [sum_succ, if_pos rfl, Int.zero_mul, Int.add_zero, oE]
      exact sum_congr fun c hc => by rw [if_neg (by omega), Plan.vExt, vU]; simp only [hc, if_true]
  exact ⟨h.1.congr fun o _ => e o, fun o ho => by rw [← e]; exact h.2 o ho⟩

theorem positionRow_vec {i : Nat} : Vec p.w M.d_vocab p.quarter (M.oP H i) (positionRow p M H i) ∧
    ∀ o, o < M.d_vocab → M.oP H i o + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := by
  have hb := hw.bias
  have h := ovRow_vec hs hw (x := fun c => cond (Nat.beq c M.d_model) (Nat.succ p.bias) (M.W_pos.biased p.bias i c))
    (f := fun c => if c = M.d_model then 1 else M.W_pos.int i c) (fun c _ => by
      dsimp only
      rw [cond_beq]
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; omega
      · simp only [hd, if_false]; exact hs.W_pos.shaped.biased i c) (fun c _ => by
      dsimp only
      split
      · simp only [Int.natAbs_one]; omega
      · exact hs.W_pos.abs_le i c)
  have e : ∀ o, (sum (M.d_model + 1) fun c => (if c = M.d_model then 1 else M.W_pos.int i c) * Plan.vExt M H c o) =
      M.oP H i o := fun o => by
    have h1 : (sum M.d_model fun c => (if c = M.d_model then 1 else M.W_pos.int i c) * Plan.vExt M H c o) =
        sum M.d_model fun c => M.W_pos.int i c * M.vU H c o :=
      sum_congr fun c hc => by rw [if_neg (by omega), Plan.vExt, vU]; simp only [hc, if_true]
    have h2 : Plan.vExt M H M.d_model o = sum H.d_head fun j => H.b_V.int 0 j * M.woU H j o := by
      simp only [Plan.vExt, Nat.lt_irrefl, if_false, Nat.sub_self]
    rw [sum_succ, if_pos rfl, Int.one_mul, h1, h2, oP]
  exact ⟨h.1.congr fun o _ => e o, fun o ho => by rw [← e]; exact h.2 o ho⟩

include hr

theorem centreRow_vec : Vec p.w M.d_vocab p.quarter (P.centreLogit M) (P.centreRow p M) ∧
    ∀ o, o < M.d_vocab → P.centreLogit M o + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := by
  have hbias := hr.bias
  have hpos := Nat.two_pow_pos P.bits
  let B (c o : Nat) : Int := if c = M.d_model then M.b_U.int 0 o else M.W_U.int c o
  obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab) (d := M.d_model + 1) (a := P.bias) (b := p.bias)
    (A := fun _ c => if c = M.d_model then 1 else P.centreInt c) (B := B) (α := 2 ^ P.bits) (β := p.bias)
    (col := fun c => cond (Nat.beq c M.d_model) (Nat.succ P.bias) (lane P.bits P.centre c))
    (row := fun c => cond (Nat.beq c M.d_model) (M.b_U.row p.narrow p.bias M.d_vocab 0) (M.W_U.row p.narrow p.bias M.d_vocab c))
    (fun c _ => Vec.single (by
      dsimp only
      rw [cond_beq]
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; omega
      · simp only [hd, if_false]; unfold centreInt; omega))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      unfold B
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact hs.b_U.shaped.row hs.b_U.width (by omega)
      · simp only [hd, if_false]; exact hs.W_U.shaped.row hs.W_U.width (by omega))
    (fun _ c _ _ => by
      have := lane_lt P.bits P.centre c
      dsimp only
      split
      · simp only [Int.natAbs_one]; omega
      · unfold centreInt; omega)
    (fun c o _ _ => by
      simp only [B]
      split
      · exact hs.b_U.abs_le _ _
      · exact hs.W_U.abs_le _ _) hr.centre
  have e : ∀ o, (sum (M.d_model + 1) fun c => (if c = M.d_model then 1 else P.centreInt c) * B c o) = P.centreLogit M o :=
    fun o => by
      have h1 : (sum M.d_model fun c => (if c = M.d_model then 1 else P.centreInt c) * B c o) =
          sum M.d_model fun c => P.centreInt c * M.W_U.int c o :=
        sum_congr fun c hc => by simp only [B, show c ≠ M.d_model by omega, if_false]
      rw [sum_succ, h1]
      simp only [B, if_true, Int.one_mul]
      rfl
  have hb : ∀ i o, i < 1 → o < M.d_vocab → _ := fun i o hi ho => Nat.le_trans (rb i o hi ho) hr.centre
  have hlt : ∀ o, o < M.d_vocab → _ := fun o ho => hw.lt_two_pow (hb 0 o (by omega) ho)
  exact ⟨((hw.row r hb (by omega) (show 0 < 1 by omega)).congr fun o _ => e o).wide hw.w fun o ho => by
    have := hlt o ho; rwa [e] at this, fun o ho => by have := hlt o ho; rwa [e] at this⟩

/-! ## Ranges -/

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

/-! ## Logits -/

/-- The direct path. -/
theorem dir_ge (ha : a + n ≤ M.d_vocab) (h1 : allBelow (P.checkResidual p M H a n) M.d_model = true)
    (h2 : allBelow (P.checkUnembed p M) M.d_model = true) {k m o : Nat} (hk : k < n) (hm : m < M.d_vocab) (ho : o < M.d_vocab) :
    P.centreLogit M m - P.centreLogit M o - (P.directReach M : Int) ≤ M.dir H (a + k) m - M.dir H (a + k) o := by
  have hsum := sum_ge_of_centre (n := M.d_model) (α := 1) (q := residual M H (a + k)) (c := P.centreInt)
    (d := fun c => (lane P.bits P.radius c : Int)) (x := fun c => M.W_U.int c m - M.W_U.int c o)
    (r := fun c => ((lane P.bits P.unembedHigh c - lane P.bits P.unembedLow c : Nat) : Int))
    (fun c hc => residual_range hs hw hr ha hc (allBelow_sound h1 hc) hk) fun c hc => by
      have e1 := unembed_range hs hw hr hc (allBelow_sound h2 hc) hm ho
      have e2 := unembed_range hs hw hr hc (allBelow_sound h2 hc) ho hm
      dsimp only
      omega
  have split : ∀ f : Nat → Int, (sum M.d_model fun c => f c * (M.W_U.int c m - M.W_U.int c o)) =
      (sum M.d_model fun c => f c * M.W_U.int c m) - sum M.d_model fun c => f c * M.W_U.int c o := fun f => by
    have e : ∀ c, f c * (M.W_U.int c m - M.W_U.int c o) = f c * M.W_U.int c m + f c * M.W_U.int c o * -1 := fun c => by grind
    simp only [e]
    rw [sum_add, sum_mul_right]
    omega
  have reach : (sum M.d_model fun c => (lane P.bits P.radius c : Int) *
      ((lane P.bits P.unembedHigh c - lane P.bits P.unembedLow c : Nat) : Int)) = (P.directReach M : Int) := by
    have e : P.directReach M = natSum M.d_model fun c =>
      lane P.bits P.radius c * (lane P.bits P.unembedHigh c - lane P.bits P.unembedLow c) := rfl
    rw [e, natCast_natSum_int]
    exact sum_congr fun c _ => (Int.natCast_mul ..).symm
  rw [split, split, reach, Int.one_mul, Int.one_mul] at hsum
  rw [dir_eq, dir_eq, centreLogit, centreLogit]
  omega

/-- Any token. -/
theorem token_ge (h : allBelow (P.checkValue p M H) M.d_model = true) {t m o : Nat} (hm : m < M.d_vocab) (ho : o < M.d_vocab) :
    -(P.tokenReach p M : Int) ≤ M.oE H t m - M.oE H t o := by
  have hsum := sum_ge_of_centre (n := M.d_model) (α := 1) (q := M.W_E.int t) (c := fun _ => 0)
    (d := fun _ => (p.bias : Int)) (x := fun c => M.vU H c m - M.vU H c o)
    (r := fun c => ((lane P.bits P.valueHigh c - lane P.bits P.valueLow c : Nat) : Int))
    (fun c _ => by have := hs.W_E.abs_le t c; dsimp only; omega) fun c hc => by
      have e1 := value_range hs hw hr hc (allBelow_sound h hc) hm ho
      have e2 := value_range hs hw hr hc (allBelow_sound h hc) ho hm
      dsimp only
      omega
  have split : (sum M.d_model fun c => M.W_E.int t c * (M.vU H c m - M.vU H c o)) = M.oE H t m - M.oE H t o := by
    have e : ∀ c, M.W_E.int t c * (M.vU H c m - M.vU H c o) = M.W_E.int t c * M.vU H c m + M.W_E.int t c * M.vU H c o * -1 :=
      fun c => by grind
    simp only [e]
    rw [sum_add, sum_mul_right, oE, oE]
    omega
  have reach : (sum M.d_model fun c => (p.bias : Int) *
      ((lane P.bits P.valueHigh c - lane P.bits P.valueLow c : Nat) : Int)) = (P.tokenReach p M : Int) := by
    have e : P.tokenReach p M = natSum M.d_model fun c =>
      p.bias * (lane P.bits P.valueHigh c - lane P.bits P.valueLow c) := rfl
    rw [e, natCast_natSum_int]
    exact sum_congr fun c _ => (Int.natCast_mul ..).symm
  have zero : (sum M.d_model fun c => (0 : Int) * (M.vU H c m - M.vU H c o)) = 0 := by
    have := sum_const (R := Int) M.d_model 0
    simp only [Int.zero_mul]
    rw [this]
    grind
  rw [split, reach, zero] at hsum
  omega

/-- What a position is known to gain and to lose. -/
theorem gains_sound {C : Tables} (hC : C.w = p.w) {m g i : Nat} (hm : m < M.d_vocab) (hg : g ≤ 2 ^ (p.w - 2))
    (h : P.gains M C m g (P.centreRow p M + positionRow p M H i) (tokenRow p M H m) = true) {o : Nat} (ho : o < M.d_vocab) :
    P.centreLogit M o + M.oP H i o ≤ P.centreLogit M m + M.oP H i m + (P.loss : Int) ∧
      (o ≠ m → P.centreLogit M o + M.oP H i o + M.oE H m o + (g : Int) ≤ P.centreLogit M m + M.oP H i m + M.oE H m m) := by
  obtain ⟨hw8, hw4, hw2, _⟩ := pow_w hr
  have hloss := hr.loss
  have h0 : 0 < p.w := by have := hr.wide; omega
  have hpow : 2 ^ (p.w - 1) ≤ 2 ^ p.w := Nat.pow_le_pow_right (by omega) (by omega)
  obtain ⟨hc, lc⟩ := centreRow_vec hs hw hr
  obtain ⟨hp, lp⟩ := positionRow_vec hs hw (i := i)
  obtain ⟨ht, lt⟩ := tokenRow_vec hs hw (t := m)
  have hbase := hc.add hp
  have hrow := hbase.add ht
  have const : ∀ v : Nat, Vec p.w M.d_vocab 0 (fun _ => (v : Int)) (v * ones p.w M.d_vocab) := fun v => Vec.const (by omega)
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  rw [hC] at h1 h2
  have em := hbase.lane (fun i hi => by have := lc i hi; have := lp i hi; omega) hm
  have er := hrow.lane (fun i hi => by have := lc i hi; have := lp i hi; have := lt i hi; omega) hm
  have lm := lc m hm
  have lpm := lp m hm
  have ltm := lt m hm
  have h1 : atMost p.w M.d_vocab (P.centreRow p M + positionRow p M H i)
      ((lane p.w (P.centreRow p M + positionRow p M H i) m + P.loss) * ones p.w M.d_vocab) = true := h1
  refine ⟨?_, fun hom => ?_⟩
  · have e1 := hbase.le_of_atMost h0 (const _) (fun i hi => by have := lc i hi; have := lp i hi; omega)
      (fun _ _ => by omega) h1 ho
    omega
  · have hsum := hrow.add (const g)
    let f o := (P.centreLogit M o + M.oP H i o + M.oE H m o + (g : Int) +
      ((p.quarter + p.quarter + p.quarter + 0 : Nat) : Int)).toNat
    have hlt : ∀ o, o < M.d_vocab → f o < 2 ^ (p.w - 1) := fun o ho => by
      have := lc o ho; have := lp o ho; have := lt o ho; simp only [f]; omega
    have hclear := clear_pack (C := C) (f := f) hm fun o ho => by rw [hC]; have := hlt o ho; omega
    rw [hC, show pack p.w f M.d_vocab =
      P.centreRow p M + positionRow p M H i + tokenRow p M H m + g * ones p.w M.d_vocab from hsum.1.symm] at hclear
    have h2 : atMost p.w M.d_vocab
        (clear C M.d_vocab m (P.centreRow p M + positionRow p M H i + tokenRow p M H m + g * ones p.w M.d_vocab))
        (lane p.w (P.centreRow p M + positionRow p M H i + tokenRow p M H m) m * ones p.w M.d_vocab) = true := h2
    rw [hclear, ← pack_const] at h2
    have e2 := atMost_pack h0 (fun o ho => by
      have := hlt o ho
      have := Nat.two_pow_pos (p.w - 1)
      split <;> omega) (fun _ _ => by omega) h2 ho
    rw [if_neg hom] at e2
    simp only [f] at e2
    omega

end Sound

end LinearPool

end

end LeanBound
