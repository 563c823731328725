module

public import LeanBound.Strategies.SubCubic.FactorsMeaning
public import LeanBound.Strategies.SubCubic.Recursive

/-! # Bounds of scores from ranges of embeddings: how far keys vary -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly Plan

variable {p : Plan} {M : AttentionOnly} {H : Head}

/-- A vector of one entry. -/
theorem Vec.entry {w b x : Nat} {f : Nat → Int} (h : Vec w 1 b f x) : (x : Int) = f 0 + (b : Int) := by
  have h1 := h.1
  have h2 := h.2 0 (by omega)
  rw [pack_succ, pack_zero, Nat.mul_zero, Nat.pow_zero, Nat.mul_one, Nat.zero_add] at h1
  omega

/-! ## Embeddings -/

/-- Coordinate `c` of the embedding of token `t`, or of position `t - V`; last, one for a position. -/
def embedOne (M : AttentionOnly) (c t : Nat) : Int :=
  if c = M.d_model then (if t < M.d_vocab then 0 else 1) else embed M t c

/-- A key is the sum of the coordinates of an embedding times `W_K`, the bias with the last one. -/
theorem kExt_eq (M : AttentionOnly) (H : Head) (j t : Nat) : Plan.kExt M H j t =
    sum (M.d_model + 1) fun c => (if c < M.d_model then H.W_K.int c j else H.b_K.int (c - M.d_model) j) * embedOne M c t := by
  have h : (sum M.d_model fun c => (if c < M.d_model then H.W_K.int c j else H.b_K.int (c - M.d_model) j) * embedOne M c t) =
      sum M.d_model fun c => embed M t c * H.W_K.int c j := sum_congr fun c hc => by
    simp only [embedOne, show c ≠ M.d_model by omega, hc, if_true, if_false]
    exact Int.mul_comm ..
  rw [sum_succ, h]
  simp only [embedOne, Nat.lt_irrefl, if_true, if_false, Nat.sub_self]
  unfold Plan.kExt embed
  by_cases ht : t < M.d_vocab
  · simp only [ht, if_true, Int.mul_zero, Int.add_zero]; rfl
  · simp only [ht, if_false, Int.mul_one]; rfl

section Embeddings

variable (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)

include hs hw

theorem embedOne_le (c t : Nat) : (embedOne M c t).natAbs ≤ p.bias := by
  have := hw.bias
  unfold embedOne
  split
  · split <;> simp <;> omega
  · exact hs.embed_le _ _

omit hs in
theorem two_bias_le {c : Nat} (hc : c < M.d_model) : 2 * p.bias ≤ p.quarter := by
  have h1 := hw.k
  have h2 : p.bias * 1 ≤ p.bias * p.bias := Nat.mul_le_mul_left _ hw.bias
  have h3 : 2 * (p.bias * p.bias) ≤ (M.d_model + 1) * (p.bias * p.bias) := Nat.mul_le_mul_right _ (by omega)
  omega

theorem embeddingRow_vec {c : Nat} (hc : c < M.d_model + 1) :
    Vec p.narrow (M.d_vocab + M.n_ctx) p.bias (embedOne M c) (p.embeddingRow M c) := by
  show Vec _ _ _ _ (cond (Nat.beq c M.d_model) _ _)
  rw [cond_beq]
  by_cases hd : c = M.d_model
  · rw [if_pos hd]
    exact (Plan.ones_above _).congr fun t _ => by simp only [embedOne, hd, if_true]
  · rw [if_neg hd]
    have h1 := two_bias_le hw (c := c) (by omega)
    have h2 := hw.two_pow
    have h3 := hw.bias
    refine ((hs.embedding (c := c) (by omega)).squeeze (fun t _ => ?_) ?_).congr fun t _ => by
      simp only [embedOne, hd, if_false]
    · have := hs.embed_le t c
      omega
    · have h1 := hw.stride
      have h2 := hw.narrow
      rw [Nat.mul_add] at h1
      omega

end Embeddings

/-! ## Ranges of keys -/

/-- Factors of absolute value at most `r`, times weights. -/
theorem sum_le_of_ranges {d : Nat} {v x : Nat → Int} {r : Nat → Nat}
    (h : ∀ c, c < d → -(r c : Int) ≤ x c ∧ x c ≤ (r c : Int)) :
    (sum d fun c => v c * x c) ≤ ((natSum d fun c => r c * (v c).natAbs : Nat) : Int) := by
  rw [natCast_natSum_int]
  refine sum_le_sum fun c hc => ?_
  have h := h c hc
  have hm := mul_ge_of_bounds (e := -v c) (x := x c) (w := (v c).natAbs) (r := r c) (by omega) (by omega) h.1 h.2
  rw [Int.natCast_mul]
  grind

namespace EmbeddingRanges

variable {R : EmbeddingRanges} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)

include hs hw

/-- The ranges of coordinate `c` of embeddings. -/
theorem embedding_range (hb : R.bits + 2 ≤ p.narrow) (hroom : M.d_model * ((2 * 2 ^ R.bits) * p.bias) < p.quarter) {c : Nat}
    (hc : c < M.d_model) (h : R.checkEmbedding p M c = true) {t : Nat} (ht : t < M.d_vocab + M.n_ctx) :
    (if t < M.d_vocab then (lane R.bits R.tokenLow c : Int) else (lane R.bits R.positionLow c : Int)) ≤
        embed M t c + (p.bias : Int) ∧
      embed M t c + (p.bias : Int) ≤
        if t < M.d_vocab then (lane R.bits R.tokenHigh c : Int) else (lane R.bits R.positionHigh c : Int) := by
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have h0 : 0 < p.narrow := by omega
  have hbits : 2 ^ R.bits ≤ p.quarter := show _ ≤ 2 ^ (p.narrow - 2) from Nat.pow_le_pow_right (by omega) (by omega)
  have hbias : 2 * p.bias < p.quarter := by
    have h1 : 1 * ((2 * 2 ^ R.bits) * p.bias) ≤ M.d_model * ((2 * 2 ^ R.bits) * p.bias) := Nat.mul_le_mul_right _ (by omega)
    have h2 : 2 * 1 * p.bias ≤ (2 * 2 ^ R.bits) * p.bias :=
      Nat.mul_le_mul_right _ (Nat.mul_le_mul_left _ (Nat.two_pow_pos _))
    omega
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have hrow := (embeddingRow_vec hs hw (c := c) (by omega)).add (Vec.const (w := p.narrow) (n := M.d_vocab + M.n_ctx)
    (c := 0) (b := p.quarter) (v := p.quarter) (by omega))
  have hone : ∀ t, embedOne M c t = embed M t c := fun t => by simp only [embedOne, show c ≠ M.d_model by omega, if_false]
  have hbound : ∀ x y : Nat, ∀ t, t < M.d_vocab + M.n_ctx →
      (if t < M.d_vocab then (lane R.bits x c : Int) else (lane R.bits y c : Int)) + (p.quarter : Int) <
        ((2 ^ (p.narrow - 1) : Nat) : Int) := fun x y t _ => by
    have := lane_lt R.bits x c
    have := lane_lt R.bits y c
    split <;> omega
  have hlt : ∀ t, t < M.d_vocab + M.n_ctx → embedOne M c t + 0 + ((p.bias + p.quarter : Nat) : Int) <
      ((2 ^ (p.narrow - 1) : Nat) : Int) := fun t _ => by
    have := hs.embed_le t c
    rw [hone]
    omega
  have e1 := (Factors.bounds_vec (p := p) (M := M) (lane R.bits R.tokenLow c) (lane R.bits R.positionLow c)).le_of_atMost h0
    hrow (hbound R.tokenLow R.positionLow) hlt h1 ht
  have e2 := hrow.le_of_atMost h0
    (Factors.bounds_vec (p := p) (M := M) (lane R.bits R.tokenHigh c) (lane R.bits R.positionHigh c)) hlt
    (hbound R.tokenHigh R.positionHigh) h2 ht
  rw [hone] at e1 e2
  omega

/-- Absolute values of weights. -/
theorem weights_eq {c : Nat} (hc : c < M.d_model) :
    weights p H c = pack p.narrow (fun j => (H.W_K.int c j).natAbs) H.d_head := by
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hbias := two_bias_le hw hc
  have hbias1 := hw.bias
  have hle := fun j => hs.W_K.abs_le c j
  have hrow := hs.W_K.shaped.row (w := p.narrow) hs.W_K.width hc
  have hlt : ∀ j, j < H.d_head → (H.W_K.int c j + (p.bias : Int)).toNat < 2 ^ (p.narrow - 1) := fun j _ => by
    have := hle j; omega
  show monus _ _ _ (p.bias * ones p.narrow H.d_head) + monus _ _ (p.bias * ones p.narrow H.d_head) _ = _
  rw [hrow.1, ← pack_const, monus_pack h0 hlt fun _ _ => by omega, monus_pack h0 (fun _ _ => by omega) hlt, ← pack_add]
  exact pack_congr fun j _ => by have := hle j; omega

/-- By coordinate, the sum of ranges times absolute values of weights. -/
theorem keyRanges_eq : R.keyRanges p M H =
    pack p.narrow (fun j => natSum M.d_model fun c => R.range c * (H.W_K.int c j).natAbs) H.d_head := by
  rw [← natSum_pack]
  exact natSum_congr fun c hc => (congrArg (R.range c * ·) (weights_eq hs hw hc)).trans (pack_mul ..).symm

/-- Keys vary by no more than `keyRanges`. -/
theorem key_range (h : R.check p M = true) {j m t i i' : Nat} (hj : j < H.d_head) (hm : m < M.d_vocab) (ht : t < M.d_vocab)
    (hi : i < M.n_ctx) (hi' : i' < M.n_ctx) :
    (Plan.kExt M H j m - Plan.kExt M H j t) + (Plan.kExt M H j (M.d_vocab + i) - Plan.kExt M H j (M.d_vocab + i')) ≤
      (lane p.narrow (R.keyRanges p M H) j : Int) := by
  simp only [check, both_eq_true] at h
  obtain ⟨hb, hroom, hall⟩ := h
  have hb : R.bits + 2 ≤ p.narrow := Nat.le_of_ble_eq_true hb
  have hroom : M.d_model * ((2 * 2 ^ R.bits) * p.bias) < p.quarter := Nat.le_of_ble_eq_true hroom
  let x c := (embed M m c - embed M t c) + (embed M (M.d_vocab + i) c - embed M (M.d_vocab + i') c)
  have hx : ∀ c, c < M.d_model → -(R.range c : Int) ≤ x c ∧ x c ≤ (R.range c : Int) := fun c hc => by
    have range := fun t ht => embedding_range hs hw hb hroom hc (allBelow_sound hall hc) (t := t) ht
    have em := range m (by omega)
    have et := range t (by omega)
    have ei := range (M.d_vocab + i) (by omega)
    have ei' := range (M.d_vocab + i') (by omega)
    have e : R.range c = (lane R.bits R.tokenHigh c - lane R.bits R.tokenLow c) +
      (lane R.bits R.positionHigh c - lane R.bits R.positionLow c) := rfl
    simp only [hm, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, show ¬ M.d_vocab + i' < M.d_vocab by omega,
      if_false] at em et ei ei'
    simp only [x]
    omega
  have hkey : (Plan.kExt M H j m - Plan.kExt M H j t) + (Plan.kExt M H j (M.d_vocab + i) - Plan.kExt M H j (M.d_vocab + i')) =
      sum M.d_model fun c => H.W_K.int c j * x c := by
    rw [sum_differences M.d_model (fun c => H.W_K.int c j) (fun c t => embed M t c)]
    have e : ∀ t, Plan.kExt M H j t = (sum M.d_model fun c => H.W_K.int c j * embed M t c) +
        H.b_K.int 0 j * (if t < M.d_vocab then 0 else 1) := fun t => by
      rw [kExt_eq, sum_succ]
      simp only [embedOne, Nat.lt_irrefl, if_true, if_false, Nat.sub_self]
      congr 1
      exact sum_congr fun c hc => by simp only [show c ≠ M.d_model by omega, hc, if_true, if_false]
    simp only [e, hm, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, show ¬ M.d_vocab + i' < M.d_vocab by omega,
      if_false]
    omega
  have hlt : ∀ j, (natSum M.d_model fun c => R.range c * (H.W_K.int c j).natAbs) < 2 ^ p.narrow := fun j => by
    refine Nat.lt_of_le_of_lt (natSum_le (g := fun _ => (2 * 2 ^ R.bits) * p.bias) fun c _ => ?_) ?_
    · refine Nat.mul_le_mul ?_ (hs.W_K.abs_le c j)
      have := lane_lt R.bits R.tokenHigh c
      have := lane_lt R.bits R.positionHigh c
      show (lane R.bits R.tokenHigh c - lane R.bits R.tokenLow c) +
        (lane R.bits R.positionHigh c - lane R.bits R.positionLow c) ≤ _
      omega
    · have e := natSum_mul_const M.d_model ((2 * 2 ^ R.bits) * p.bias) fun _ => 1
      simp only [Nat.one_mul, natSum_one] at e
      have := hw.two_pow
      have : 0 < p.quarter := Nat.two_pow_pos _
      omega
  rw [hkey, keyRanges_eq hs hw, lane_pack (fun j _ => hlt j) hj]
  exact sum_le_of_ranges hx

end EmbeddingRanges

end

end LeanBound
