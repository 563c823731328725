module

public import LeanBound.Strategies.Linear.RangesSound

/-! # Proof of max-of-K linear in the vocabulary: bounds of logits -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace LinearPool

variable {P : LinearPool} {p : Plan} {M : AttentionOnly} {H : Head} {a n : Nat}

variable (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : P.Rooms p M)

include hs hw hr

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

end LinearPool

end

end LeanBound
