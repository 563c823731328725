module

public import LeanBound.Numerics.RowTableSound
public import LeanBound.Strategies.Tables.ShapesSound

/-! # The tables of logits are those of the model -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace Plan

/-! ## Rows of logits -/

section Rows

variable {p : Plan} {S l n m b x : Nat} {T : Nat → Nat → Int}

/-- A row of logit contributions in wide lanes. -/
theorem wide_row {m : Nat} {f : Nat → Int} {x : Nat} (hw : p.narrow ≤ p.w) (hr : p.r ≤ p.narrow) (h : Vec p.narrow m b f x)
    (hlt : ∀ o, o < m → f o + (b : Int) < ((2 ^ p.r : Nat) : Int)) :
    (p.wide m x < 2 ^ (p.w * m) ∧ ∀ o, o < m → lane p.w (p.wide m x) o < 2 ^ p.r) ∧
      ∀ o, o < m → ((lane p.w (p.wide m x) o : Nat) : Int) = f o + (b : Int) := by
  have h1 : 2 ^ p.r ≤ 2 ^ p.narrow := Nat.pow_le_pow_right (by omega) hr
  have h2 : 2 ^ p.r ≤ 2 ^ p.w := Nat.pow_le_pow_right (by omega) (by omega)
  have hr : ∀ o, o < m → (f o + (b : Int)).toNat < 2 ^ p.r := fun o ho => by
    have := hlt o ho; have := h.2 o ho; omega
  have hn : ∀ o, o < m → (f o + (b : Int)).toNat < 2 ^ p.narrow := fun o ho => by have := hr o ho; omega
  have hw' : ∀ o, o < m → (f o + (b : Int)).toNat < 2 ^ p.w := fun o ho => by have := hr o ho; omega
  have e : p.wide m x = pack p.w (fun o => (f o + (b : Int)).toNat) m := by
    rw [h.1]
    exact stretch_pack hw (Nat.le_of_lt Nat.lt_log2_self) hn
  rw [e]
  refine ⟨⟨pack_lt hw', fun o ho => ?_⟩, fun o ho => ?_⟩
  · rw [lane_pack hw' ho]; exact hr o ho
  · rw [lane_pack hw' ho]; exact Int.toNat_of_nonneg (h.2 o ho)

/-- Rows of tables have room for those of grids. -/
theorem rowBits_spec (n : Nat) {w : Nat} (hw : 0 < w) : n ≤ 2 ^ p.rowBits n w ∧ p.stride ≤ w * 2 ^ p.rowBits n w := by
  have h : ((n - 1) ||| (p.stride / w)) < 2 ^ p.rowBits n w := Nat.lt_log2_self
  have h1 : n - 1 ≤ (n - 1) ||| (p.stride / w) := Nat.left_le_or
  have h2 : p.stride / w ≤ (n - 1) ||| (p.stride / w) := Nat.right_le_or
  refine ⟨by omega, Nat.le_of_lt ?_⟩
  rw [Nat.mul_comm]
  exact (Nat.div_lt_iff_lt_mul hw).1 (Nat.lt_of_le_of_lt h2 h)

/-- A row of the table of a grid of logit contributions. -/
theorem wideRows_row {m : Nat} {f : Nat → Int} {x i : Nat} (h0 : 0 < p.narrow) (hw : p.narrow ≤ p.w) (hr : p.r ≤ p.narrow)
    (hS : p.narrow * m ≤ p.stride) (h : Vec p.narrow m b f (lane p.stride x i))
    (hlt : ∀ o, o < m → f o + (b : Int) < ((2 ^ p.r : Nat) : Int)) :
    (p.wideRows m x i < 2 ^ (p.w * m) ∧ ∀ o, o < m → lane p.w (p.wideRows m x i) o < 2 ^ p.r) ∧
      ∀ o, o < m → ((lane p.w (p.wideRows m x i) o : Nat) : Int) = f o + (b : Int) := by
  obtain ⟨hm, hk⟩ := p.rowBits_spec m (Nat.lt_of_lt_of_le h0 hw)
  have e : p.wideRows m x i = p.wide m (lane p.stride x i) := by
    have h1 : (2 : Nat) ^ p.narrow ≤ 2 ^ p.w := Nat.pow_le_pow_right (by omega) hw
    have h2 : 2 ^ p.r ≤ 2 ^ p.narrow := Nat.pow_le_pow_right (by omega) hr
    have hn : ∀ o, o < m → (f o + (b : Int)).toNat < 2 ^ p.narrow := fun o ho => by
      have := hlt o ho; have := h.2 o ho; omega
    refine (gridTable_eq (φ := fun u => u) hw hm hk (by rwa [Nat.zero_add]) (fun _ _ => rfl)
      (fun _ hu => Nat.lt_of_lt_of_le hu h1) x i).trans ?_
    rw [pack_pad hm, h.1]
    refine (pack_congr fun o ho => ?_).trans (stretch_pack hw (Nat.le_of_lt Nat.lt_log2_self) hn).symm
    rw [Nat.zero_add, lane_pack hn ho]
  rw [e]
  exact wide_row hw hr h hlt

end Rows

variable {p : Plan} {M : AttentionOnly} {H : Head} (hs : Shapes p M H) (hw : Widths p M H)

/-! ## Products -/

/-- Rows of `W_V W_O W_U`, then that of `b_V`. -/
def vExt (M : AttentionOnly) (H : Head) (c o : Nat) : Int :=
  sum H.d_head fun j => (if c < M.d_model then H.W_V.int c j else H.b_V.int (c - M.d_model) j) * M.woU H j o

include hs hw

theorem wo_grid : Grid p.stride p.narrow H.d_head M.d_vocab p.quarter (fun j o => M.woU H j o) (p.woGrid M H) ∧
    ∀ j o, j < H.d_head → o < M.d_vocab → (M.woU H j o).natAbs ≤ M.d_model * (p.bias * p.bias) :=
  hw.times (A := fun j c => H.W_O.int j c) (B := fun c o => M.W_U.int c o) (fun c hc => hs.W_O.shaped.column hc)
    (fun c hc => hs.W_U.shaped.row hs.W_U.width hc) (fun j c _ _ => hs.W_O.abs_le j c) (fun c o _ _ => hs.W_U.abs_le c o) hw.wo

theorem v_grid : Grid p.stride p.narrow (M.d_model + 1) M.d_vocab p.quarter (vExt M H) (p.vGrid M H) ∧
    ∀ c o, c < M.d_model + 1 → o < M.d_vocab →
      (vExt M H c o).natAbs ≤ H.d_head * (p.bias * (M.d_model * (p.bias * p.bias))) := by
  obtain ⟨h, hb⟩ := wo_grid hs hw
  refine hw.times (A := fun c j => if c < M.d_model then H.W_V.int c j else H.b_V.int (c - M.d_model) j)
    (B := fun j o => M.woU H j o) (fun j hj => (hs.W_V.shaped.column hj).above (hs.b_V.shaped.column hj))
    (fun j hj => hw.row h (fun j o hj ho => Nat.le_trans (hb j o hj ho) hw.wo) (by omega) hj) (fun c j _ _ => ?_) hb hw.v
  dsimp only
  split
  · exact hs.W_V.abs_le _ _
  · exact hs.b_V.abs_le _ _

/-- The OV circuit of tokens, then of positions. -/
theorem o_grid : Grid p.stride p.narrow (M.d_vocab + M.n_ctx) M.d_vocab p.quarter
      (fun i o => if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) (p.oGrid M H) ∧
    ∀ i o, i < M.d_vocab + M.n_ctx → o < M.d_vocab →
      (if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o).natAbs ≤ p.quarter := by
  obtain ⟨h, hb⟩ := v_grid hs hw
  have e : ∀ i o, (sum (M.d_model + 1) fun c =>
      (if c = M.d_model then (if i < M.d_vocab then (0 : Int) else 1) else embed M i c) * vExt M H c o) =
      if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o := fun i o => by
    have h1 : (sum M.d_model fun c =>
        (if c = M.d_model then (if i < M.d_vocab then (0 : Int) else 1) else embed M i c) * vExt M H c o) =
        sum M.d_model fun c => embed M i c * M.vU H c o := sum_congr fun c hc => by
      rw [if_neg (by omega), vExt]
      simp only [hc, if_true]
      rfl
    have h2 : vExt M H M.d_model o = sum H.d_head fun j => H.b_V.int 0 j * M.woU H j o := by
      simp only [vExt, Nat.lt_irrefl, if_false, Nat.sub_self]
    rw [sum_succ, h1, h2, if_pos rfl]
    unfold embed
    by_cases hi : i < M.d_vocab
    · simp only [hi, if_true, Int.zero_mul, Int.add_zero]
      rfl
    · simp only [hi, if_false, Int.one_mul]
      rfl
  obtain ⟨r, rb⟩ := hw.times (n := M.d_vocab + M.n_ctx) (m := M.d_vocab) (α := p.bias)
    (A := fun i c => if c = M.d_model then (if i < M.d_vocab then (0 : Int) else 1) else embed M i c) (B := vExt M H)
    (a := p.bias) (b := p.quarter) (d := M.d_model + 1) (col := fun c => cond (Nat.beq c M.d_model) _ (p.embedding M c))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact ones_above _
      · simp only [hd, if_false]; exact hs.embedding (by omega))
    (fun c hc => hw.row h (fun j o hj ho => Nat.le_trans (hb j o hj ho) hw.v) (by omega) hc)
    (fun i c _ _ => by
      have := hw.bias
      dsimp only
      split
      · split <;> simp <;> omega
      · exact hs.embed_le i c) hb hw.o
  refine ⟨r.congr fun i o _ _ => e i o, fun i o hi ho => ?_⟩
  rw [← e]
  exact Nat.le_trans (rb i o hi ho) hw.o

theorem direct_grid :
    Grid p.stride p.narrow M.d_vocab M.d_vocab p.quarter (fun a o => M.dir H a o) (p.directGrid M H) ∧
    ∀ a o, a < M.d_vocab → o < M.d_vocab → (M.dir H a o).natAbs ≤ p.quarter := by
  let A (a c : Nat) : Int := if c = M.d_model then 1 else
    (shift H : Int) * M.W_E.int a c + ((shift H : Int) * M.W_pos.int (M.n_ctx - 1) c + M.b_O.int 0 c)
  let B (c o : Nat) : Int := if c = M.d_model then M.b_U.int 0 o else M.W_U.int c o
  have e : ∀ a o, (sum (M.d_model + 1) fun c => A a c * B c o) = M.dir H a o := fun a o => by
    have h1 : (sum M.d_model fun c => A a c * B c o) = sum M.d_model fun c =>
        (shift H : Int) * (M.eInt a (M.n_ctx - 1) c * M.W_U.int c o) + M.b_O.int 0 c * M.W_U.int c o :=
      sum_congr fun c hc => by
        simp only [A, B, show c ≠ M.d_model by omega, if_false, eInt]
        grind
    have h2 : ((shift H : Nat) : Int) = 2 ^ (H.W_V.frac + H.W_O.frac) := Int.natCast_pow 2 _
    rw [sum_succ, h1, sum_add, sum_mul_left, dir, h2]
    simp only [A, B, if_true, Int.one_mul]
  have hlast : ∀ c, ((p.lastPosition M c : Nat) : Int) = M.W_pos.int (M.n_ctx - 1) c + (p.bias : Int) := fun c =>
    hs.W_pos.shaped.biased _ _
  have hcol : ∀ c, c < M.d_model + 1 → Vec p.stride M.d_vocab (p.directBias H) (fun a => A a c)
      (cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (p.directBias H)) (ones p.stride M.d_vocab))
        (Nat.add (Nat.mul (shift H) (M.W_E.column p.stride p.bias M.d_vocab c))
          (Nat.mul (Nat.add (Nat.mul (shift H) (p.lastPosition M c)) (M.b_O.biased p.bias 0 c))
            (ones p.stride M.d_vocab)))) := fun c hc => by
    rw [cond_beq]
    by_cases hd : c = M.d_model
    · simp only [A, hd, if_true]; exact Vec.const (by simp; omega)
    · simp only [A, hd, if_false]
      have h1 := (hs.W_E.shaped.column (show c < M.d_model by omega)).scale (shift H)
      have h2 := Vec.const (w := p.stride) (n := M.d_vocab) (b := shift H * p.bias + p.bias)
        (v := shift H * p.lastPosition M c + M.b_O.biased p.bias 0 c)
        (c := (shift H : Int) * M.W_pos.int (M.n_ctx - 1) c + M.b_O.int 0 c) (by
          rw [Int.natCast_add, Int.natCast_mul, hlast, hs.b_O.shaped.biased, Int.natCast_add, Int.natCast_mul]
          grind)
      have h3 := h1.add h2
      rw [show shift H * p.bias + (shift H * p.bias + p.bias) = p.directBias H by
        show _ = shift H * (p.bias + p.bias) + p.bias
        rw [Nat.mul_add, Nat.add_assoc]] at h3
      exact h3
  have hA : ∀ a c, a < M.d_vocab → c < M.d_model + 1 → (A a c).natAbs ≤ p.directBias H := fun a c _ _ => by
    have h0 := hw.bias
    have e1 : p.directBias H = shift H * p.bias + shift H * p.bias + p.bias := by
      show shift H * (p.bias + p.bias) + p.bias = _
      rw [Nat.mul_add]
    simp only [A]
    split
    · simp only [Int.natAbs_one]; omega
    · have h1 : ((shift H : Int) * M.W_E.int a c).natAbs ≤ shift H * p.bias := by
        rw [Int.natAbs_mul, Int.natAbs_natCast]; exact Nat.mul_le_mul_left _ (hs.W_E.abs_le _ _)
      have h2 : ((shift H : Int) * M.W_pos.int (M.n_ctx - 1) c).natAbs ≤ shift H * p.bias := by
        rw [Int.natAbs_mul, Int.natAbs_natCast]; exact Nat.mul_le_mul_left _ (hs.W_pos.abs_le _ _)
      have h3 := hs.b_O.abs_le 0 c
      omega
  have hrow : ∀ c, c < M.d_model + 1 → Vec p.narrow M.d_vocab p.bias (B c)
      (cond (Nat.beq c M.d_model) (M.b_U.row p.narrow p.bias M.d_vocab 0) (M.W_U.row p.narrow p.bias M.d_vocab c)) :=
    fun c hc => by
      rw [cond_beq]
      unfold B
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact hs.b_U.shaped.row hs.b_U.width (by omega)
      · simp only [hd, if_false]; exact hs.W_U.shaped.row hs.W_U.width (by omega)
  obtain ⟨r, rb⟩ := hw.times (A := A) (B := B) hcol hrow hA (fun c o _ _ => by
    simp only [B]
    split
    · exact hs.b_U.abs_le _ _
    · exact hs.W_U.abs_le _ _) hw.direct
  refine ⟨r.congr fun a o _ _ => e a o, fun a o ha ho => ?_⟩
  rw [← e]
  exact Nat.le_trans (rb a o ha ho) hw.direct

omit hs in
/-- Logit contributions in the range that was checked: the rows with the offset. -/
theorem lowered_grid {n m x : Nat} {T : Nat → Nat → Int} (h : Grid p.stride p.narrow n m p.quarter T x)
    (hb : ∀ i o, i < n → o < m → (T i o).natAbs ≤ p.quarter) (hm : m ≤ M.d_vocab + M.n_ctx)
    (hc : inRange p.stride p.narrow p.r n m
      (x + (p.offset + (p.half - p.quarter)) * gridOnes p.stride p.narrow n m) = true) :
    Grid p.stride p.narrow n m p.offset T
      (p.lowered n m (x + (p.offset + (p.half - p.quarter)) * gridOnes p.stride p.narrow n m)) ∧
    ∀ i o, i < n → o < m → T i o + (p.offset : Int) < ((2 ^ p.r : Nat) : Int) := by
  have h1 := hw.half_eq
  have h2 := hw.offset
  have h3 := hw.two_pow
  have hr := h.raise (p.offset + (p.half - p.quarter))
  have hl : ∀ i o, i < n → o < m → T i o + ((p.quarter + (p.offset + (p.half - p.quarter)) : Nat) : Int) <
      ((2 ^ p.narrow : Nat) : Int) := fun i o hi ho => by have := hb i o hi ho; omega
  have hin := hr.inRange hl (hw.lanes_le m hm) (by have := hw.narrow; omega) hw.r hc
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  rw [hh] at hin
  rw [show p.quarter + (p.offset + (p.half - p.quarter)) = p.offset + p.half by omega] at hr
  exact ⟨hr.lower fun i o hi ho => by have := hin i o hi ho; omega, fun i o hi ho => by have := hin i o hi ho; omega⟩

/-- The tables of logits. -/
theorem logits_sound (h : checkLogits p M H = true) :
    (∀ a, a < M.d_vocab → (p.tables M H).D a < 2 ^ (p.w * M.d_vocab) ∧
      ∀ o, o < M.d_vocab → lane p.w ((p.tables M H).D a) o < 2 ^ p.r) ∧
    (∀ i, i < M.n_ctx → (p.tables M H).OP i < 2 ^ (p.w * M.d_vocab) ∧
      ∀ o, o < M.d_vocab → lane p.w ((p.tables M H).OP i) o < 2 ^ p.r) ∧
    (∀ t, t < M.d_vocab → (p.tables M H).OE t < 2 ^ (p.w * M.d_vocab) ∧
      ∀ o, o < M.d_vocab → lane p.w ((p.tables M H).OE t) o < 2 ^ p.r) ∧
    ∀ a i t o, a < M.d_vocab → i < M.n_ctx → t < M.d_vocab → o < M.d_vocab →
      ((lane p.w ((p.tables M H).D a) o + lane p.w ((p.tables M H).OP i) o +
        lane p.w ((p.tables M H).OE t) o : Nat) : Int) = M.cInt H a t i o + 3 * (p.offset : Int) := by
  simp only [checkLogits, both_eq_true] at h
  obtain ⟨ho, hd⟩ := h
  obtain ⟨go, bo⟩ := o_grid hs hw
  obtain ⟨gd, bd⟩ := direct_grid hs hw
  obtain ⟨go, lo⟩ := lowered_grid hw go bo (by omega) ho
  obtain ⟨gd, ld⟩ := lowered_grid hw gd bd (by omega) hd
  have hr : (2 : Nat) ^ p.r ≤ 2 ^ p.narrow := Nat.pow_le_pow_right (by omega) hw.r
  have ho' : ∀ i o, i < M.d_vocab + M.n_ctx → o < M.d_vocab → _ < ((2 ^ p.narrow : Nat) : Int) := fun i o hi ho => by
    have := lo i o hi ho
    exact Int.lt_of_lt_of_le this (by omega)
  have hd' : ∀ i o, i < M.d_vocab → o < M.d_vocab → _ < ((2 ^ p.narrow : Nat) : Int) := fun i o hi ho => by
    have := ld i o hi ho
    exact Int.lt_of_lt_of_le this (by omega)
  have hS := hw.lanes_le M.d_vocab (by omega)
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have rD : ∀ a, a < M.d_vocab → _ := fun a ha =>
    wideRows_row h0 hw.w hw.r hS (gd.row hd' hS ha) fun o ho => ld a o ha ho
  have rE : ∀ t, t < M.d_vocab → _ := fun t ht => by
    have h := wideRows_row h0 hw.w hw.r hS (go.row ho' hS (show t < M.d_vocab + M.n_ctx by omega)) fun o ho =>
      lo t o (by omega) ho
    simp only [ht, if_true] at h
    exact h
  have rP : ∀ i, i < M.n_ctx → _ := fun i hi => by
    have h := wideRows_row h0 hw.w hw.r hS (go.row ho' hS (show M.d_vocab + i < M.d_vocab + M.n_ctx by omega)) fun o ho =>
      lo (M.d_vocab + i) o (by omega) ho
    simp only [show ¬ M.d_vocab + i < M.d_vocab by omega, if_false, Nat.add_sub_cancel_left] at h
    exact h
  refine ⟨fun a ha => (rD a ha).1, fun i hi => (rP i hi).1, fun t ht => (rE t ht).1, fun a i t o ha hi ht ho => ?_⟩
  have h1 : ((lane p.w ((p.tables M H).D a) o : Nat) : Int) = M.dir H a o + (p.offset : Int) := (rD a ha).2 o ho
  have h2 : ((lane p.w ((p.tables M H).OP i) o : Nat) : Int) = M.oP H i o + (p.offset : Int) := (rP i hi).2 o ho
  have h3 : ((lane p.w ((p.tables M H).OE t) o : Nat) : Int) = M.oE H t o + (p.offset : Int) := (rE t ht).2 o ho
  rw [cInt_decomp]
  omega

end Plan

end

end LeanBound
