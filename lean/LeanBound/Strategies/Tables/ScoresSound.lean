module

public import LeanBound.Strategies.Tables.LogitsSound

/-! # The tables of scores are those of the model -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace Plan

variable {p : Plan} {M : AttentionOnly} {H : Head} (hs : Shapes p M H) (hw : Widths p M H)

/-- The upper bound of the token scores of query `a`, with `quarter`. -/
def topE (p : Plan) (a : Nat) : Nat := lane (p.narrow - 1) p.maxE a

/-- The upper bound of the position scores of query `a`, with `quarter`. -/
def topP (p : Plan) (a : Nat) : Nat := lane (p.narrow - 1) p.maxP a

/-- Keys of tokens, then of positions. -/
def kExt (M : AttentionOnly) (H : Head) (j t : Nat) : Int := if t < M.d_vocab then M.kE H t j else M.kP H (t - M.d_vocab) j

/-- Rows of `W_Q` times keys, then `b_Q` times keys. -/
def gExt (M : AttentionOnly) (H : Head) (c t : Nat) : Int :=
  sum H.d_head fun j => (if c < M.d_model then H.W_Q.int c j else H.b_Q.int (c - M.d_model) j) * kExt M H j t

/-- Scores of tokens, then of positions. -/
def sExt (M : AttentionOnly) (H : Head) (a t : Nat) : Int := if t < M.d_vocab then M.sE H a t else M.sP H a (t - M.d_vocab)

include hs hw

theorem k_grid : Grid p.stride p.narrow H.d_head (M.d_vocab + M.n_ctx) p.quarter (kExt M H) (p.kGrid M H) ∧
    ∀ j t, j < H.d_head → t < M.d_vocab + M.n_ctx → (kExt M H j t).natAbs ≤ (M.d_model + 1) * (p.bias * p.bias) := by
  let A (j c : Nat) : Int := if c = M.d_model then H.b_K.int 0 j else H.W_K.int c j
  let B (c t : Nat) : Int := if c = M.d_model then (if t < M.d_vocab then 0 else 1) else embed M t c
  have e : ∀ j t, (sum (M.d_model + 1) fun c => A j c * B c t) = kExt M H j t := fun j t => by
    have h1 : (sum M.d_model fun c => A j c * B c t) = sum M.d_model fun c => embed M t c * H.W_K.int c j :=
      sum_congr fun c hc => by
        simp only [A, B, show c ≠ M.d_model by omega, if_false]
        exact Int.mul_comm ..
    rw [sum_succ, h1]
    simp only [A, B, if_true]
    unfold kExt embed
    by_cases ht : t < M.d_vocab
    · simp only [ht, if_true, Int.mul_zero, Int.add_zero]; rfl
    · simp only [ht, if_false, Int.mul_one]; rfl
  have hcol : ∀ c, c < M.d_model + 1 → Vec p.stride H.d_head p.bias (fun j => A j c)
      (cond (Nat.beq c M.d_model) (H.b_K.row p.stride p.bias H.d_head 0) (H.W_K.row p.stride p.bias H.d_head c)) :=
    fun c hc => by
      have hS : p.narrow ≤ p.stride := by have h := hw.stride; rw [Nat.mul_add] at h; omega
      rw [cond_beq]
      unfold A
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact hs.b_K.shaped.row (Nat.le_trans hs.b_K.width hS) (by omega)
      · simp only [hd, if_false]; exact hs.W_K.shaped.row (Nat.le_trans hs.W_K.width hS) (by omega)
  have hrow : ∀ c, c < M.d_model + 1 → Vec p.narrow (M.d_vocab + M.n_ctx) p.bias (B c)
      (cond (Nat.beq c M.d_model)
        (above p.narrow M.d_vocab (Nat.mul (Nat.succ p.bias) (ones p.narrow M.n_ctx)) (Nat.mul p.bias (ones p.narrow M.d_vocab)))
        (squeeze p.stride p.narrow (p.embedding M c))) := fun c hc => by
    rw [cond_beq]
    unfold B
    by_cases hd : c = M.d_model
    · simp only [hd, if_true]; exact ones_above _
    · simp only [hd, if_false]
      refine (hs.embedding (by omega)).squeeze (fun i _ => ?_) ?_
      · have h1 := hs.embed_le i c
        have h2 := hw.two_pow
        have h3 : p.bias ≤ p.quarter := by
          have := hw.k
          have : p.bias * 1 ≤ p.bias * p.bias := Nat.mul_le_mul_left _ hw.bias
          have : 1 * (p.bias * p.bias) ≤ (M.d_model + 1) * (p.bias * p.bias) := Nat.mul_le_mul_right _ (by omega)
          omega
        have := hw.bias
        omega
      · have h1 := hw.stride
        have h2 := hw.narrow
        rw [Nat.mul_add] at h1
        omega
  obtain ⟨r, rb⟩ := hw.times (A := A) (B := B) hcol hrow (α := p.bias) (β := p.bias) (fun j c _ _ => by
    simp only [A]
    split
    · exact hs.b_K.abs_le _ _
    · exact hs.W_K.abs_le _ _) (fun c t _ _ => by
    have := hw.bias
    simp only [B]
    split
    · split <;> simp <;> omega
    · exact hs.embed_le _ _) hw.k
  exact ⟨r.congr fun j t _ _ => e j t, fun j t hj ht => by rw [← e]; exact rb j t hj ht⟩

theorem g_grid : Grid p.stride p.narrow (M.d_model + 1) (M.d_vocab + M.n_ctx) p.quarter (gExt M H) (p.gGrid M H) ∧
    ∀ c t, c < M.d_model + 1 → t < M.d_vocab + M.n_ctx →
      (gExt M H c t).natAbs ≤ H.d_head * (p.bias * ((M.d_model + 1) * (p.bias * p.bias))) := by
  obtain ⟨h, hb⟩ := k_grid hs hw
  refine hw.times (A := fun c j => if c < M.d_model then H.W_Q.int c j else H.b_Q.int (c - M.d_model) j) (B := kExt M H)
    (fun j hj => (hs.W_Q.shaped.column hj).above (hs.b_Q.shaped.column hj))
    (fun j hj => hw.row h (fun j t hj ht => Nat.le_trans (hb j t hj ht) hw.k) (by omega) hj) (fun c j _ _ => ?_) hb hw.g
  dsimp only
  split
  · exact hs.W_Q.abs_le _ _
  · exact hs.b_Q.abs_le _ _

theorem s_grid : Grid p.stride p.narrow M.d_vocab (M.d_vocab + M.n_ctx) p.quarter (sExt M H) (p.sGrid M H) ∧
    ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx → (sExt M H a t).natAbs ≤ p.quarter := by
  obtain ⟨h, hb⟩ := g_grid hs hw
  let A (a c : Nat) : Int := if c = M.d_model then 1 else M.eInt a (M.n_ctx - 1) c
  have e : ∀ a t, (sum (M.d_model + 1) fun c => A a c * gExt M H c t) = sExt M H a t := fun a t => by
    have h1 : (sum M.d_model fun c => A a c * gExt M H c t) =
        sum M.d_model fun c => M.eInt a (M.n_ctx - 1) c * sum H.d_head fun j => H.W_Q.int c j * kExt M H j t :=
      sum_congr fun c hc => by simp only [A, show c ≠ M.d_model by omega, if_false, gExt, hc, if_true]
    rw [sum_succ, h1]
    simp only [A, if_true, Int.one_mul, gExt, Nat.lt_irrefl, if_false, Nat.sub_self]
    unfold sExt kExt
    by_cases ht : t < M.d_vocab
    · simp only [ht, if_true]; rfl
    · simp only [ht, if_false]; rfl
  have hcol : ∀ c, c < M.d_model + 1 → Vec p.stride M.d_vocab (p.bias + p.bias) (fun a => A a c)
      (cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (Nat.add p.bias p.bias)) (ones p.stride M.d_vocab))
        (Nat.add (M.W_E.column p.stride p.bias M.d_vocab c) (Nat.mul (p.lastPosition M c) (ones p.stride M.d_vocab)))) :=
    fun c hc => by
      rw [cond_beq]
      unfold A
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact Vec.const (by simp; omega)
      · simp only [hd, if_false]
        exact (hs.W_E.shaped.column (show c < M.d_model by omega)).add (Vec.const (hs.W_pos.shaped.biased _ _))
  obtain ⟨r, rb⟩ := hw.times (A := A) hcol
    (fun c hc => hw.row h (fun c t hc ht => Nat.le_trans (hb c t hc ht) hw.g) (by omega) hc) (α := p.bias + p.bias)
    (fun a c _ _ => by
      have h1 := hs.W_E.abs_le a c
      have h2 := hs.W_pos.abs_le (M.n_ctx - 1) c
      have := hw.bias
      simp only [A, eInt]
      split
      · simp only [Int.natAbs_one]; omega
      · omega) hb hw.s
  refine ⟨r.congr fun a t _ _ => e a t, fun a t ha ht => ?_⟩
  rw [← e]
  exact Nat.le_trans (rb a t ha ht) hw.s

omit hs in
theorem spaced_eq (x : Nat) (hx : x < 2 ^ ((p.narrow - 1) * M.d_vocab)) :
    p.spaced M.d_vocab x = pack p.stride (lane (p.narrow - 1) x) M.d_vocab := by
  rcases Nat.eq_zero_or_pos M.d_vocab with h0 | h0
  · rw [h0] at hx ⊢
    have : x = 0 := by simpa using hx
    rw [this]
    exact stretch_pack (f := lane (p.narrow - 1) 0) (n := 0) (k := 1) (w := p.narrow - 1) (w' := p.stride)
      (by have := hw.stride; rw [Nat.mul_add] at this; omega) (by omega) fun j hj => by omega
  · have hS : p.narrow - 1 ≤ p.stride := by have := hw.lanes_le 1 (by omega); omega
    have h := stretch_pack (k := Nat.log2 M.d_vocab + 1) hS (Nat.le_of_lt Nat.lt_log2_self) fun j _ => lane_lt (p.narrow - 1) x j
    rw [pack_lane hx] at h
    exact h

omit hs in
/-- The upper bounds, in every lane. -/
theorem tops_grid : Grid p.stride p.narrow M.d_vocab (M.d_vocab + M.n_ctx) 0
    (fun a t => ((if t < M.d_vocab then p.topE a else p.topP a : Nat) : Int)) (p.tops M) := by
  have e : p.tops M = packGrid p.stride p.narrow M.d_vocab (M.d_vocab + M.n_ctx)
      fun a t => if t < M.d_vocab then p.topE a else p.topP a := by
    show p.spaced M.d_vocab p.maxE * ones p.narrow M.d_vocab +
      (p.spaced M.d_vocab p.maxP * ones p.narrow M.n_ctx) <<< (p.narrow * M.d_vocab) = _
    rw [spaced_eq hw _ hw.maxE, spaced_eq hw _ hw.maxP, Nat.shiftLeft_eq, ← pack_mul_const, ← pack_mul_const,
      ← pack_mul_const, ← pack_add]
    refine pack_congr fun a _ => ?_
    rw [← pack_const, ← pack_const, pack_append]
    congr 1
    · exact pack_congr fun t ht => by simp only [ht, if_true]; rfl
    · congr 1
      exact pack_congr fun t _ => by simp only [show ¬ M.d_vocab + t < M.d_vocab by omega, if_false]; rfl
  rw [e]
  exact Grid.of_pack fun a t _ _ => (Int.add_zero _).symm

/-- How far a score lies below its upper bound. -/
def below (p : Plan) (M : AttentionOnly) (H : Head) (a t : Nat) : Int :=
  ((if t < M.d_vocab then p.topE a else p.topP a : Nat) : Int) - (sExt M H a t + (p.quarter : Int))

/-- What `checkScores` establishes of scores. -/
theorem scores_sound (h : checkScores p M H = true) :
    Grid p.stride p.narrow M.d_vocab (M.d_vocab + M.n_ctx) 0 (below p M H)
      (p.lowered M.d_vocab (rows M) (p.sRaised M H)) ∧
    ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx → below p M H a t < ((2 ^ p.consts.length : Nat) : Int) := by
  obtain ⟨g, gb⟩ := s_grid hs hw
  have h1 := hw.half_eq
  have h2 := hw.two_pow
  have hq : 0 < p.quarter := Nat.two_pow_pos _
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have ht : ∀ a t, (if t < M.d_vocab then p.topE a else p.topP a) < p.half := fun a t => by
    split
    · exact lane_lt ..
    · exact lane_lt ..
  have r : Grid p.stride p.narrow M.d_vocab (M.d_vocab + M.n_ctx) (0 + p.half) (below p M H) (p.sRaised M H) :=
    Grid.sub ((tops_grid hw).raise p.half) g fun a t ha hT => by
      have := gb a t ha hT
      have := ht a t
      omega
  have hl : ∀ a t, a < M.d_vocab → t < M.d_vocab + M.n_ctx →
      below p M H a t + ((0 + p.half : Nat) : Int) < ((2 ^ p.narrow : Nat) : Int) := fun a t ha hT => by
    have := gb a t ha hT
    have := ht a t
    unfold below
    omega
  have hin := r.inRange hl (hw.lanes_le _ (Nat.le_refl _)) (by have := hw.narrow; omega) hw.consts h
  rw [hh] at hin
  exact ⟨r.lower fun a t ha hT => by have := hin a t ha hT; omega, fun a t ha hT => by have := hin a t ha hT; omega⟩

end Plan

end

end LeanBound
