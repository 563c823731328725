module

public import LeanBound.Strategies.Linear.Checker
public import LeanBound.Strategies.SubCubic.FactorsPool

/-! # Proof of max-of-K linear in the vocabulary: what rows of logits are -/

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

end Sound

end LinearPool

end

end LeanBound
