module

public import LeanBound.Strategies.SubCubic.Attention
public import LeanBound.Strategies.SubCubic.Losses
public import LeanBound.Strategies.SubCubic.Margin

/-! # Sub-cubic proof of max-of-K: what the check of a pool establishes -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## One class -/

/-- At least the attention to a position with a token of `m - j` at most, relative to a copy of `m`, over `2 ^ P`. -/
def relativeEntry (C : Tables) (S : Scores) (E : Envelope) (spread m j : Nat) : Nat :=
  expNeg C.P S.consts (gapEntry E spread j m) + C.err

/-- Lane `o` of what one position can lose. -/
def lostEntry (C : Tables) (S : Scores) (K : Nat) (p : Pool) (m j o : Nat) : Nat :=
  max (relativeEntry C S p.attention p.spread m (j + 1) *
      (baseEntry C K p.direct m o + lossEntry C (nth C.OE (m - (j + 1))) m o - 6 * 2 ^ C.r))
    (relativeEntry C S p.attention p.spread m (j + 2) *
      (baseEntry C K p.direct m o + anyEntry C m (m - (j + 1)) o - 6 * 2 ^ C.r))

/-- What the check of a pool establishes. -/
structure Pool.Valid (M : AttentionOnly) (C : Tables) (S : Scores) (p : Pool) (a n : Nat) : Prop where
  attention_length : p.attention.queries.length = n
  direct_length : p.direct.queries.length = n
  queries_le : a + n ≤ M.d_vocab
  exps : 2 * C.P + 1 ≤ C.w
  err_le : C.err ≤ 2 ^ C.P
  room : M.n_ctx * 2 ^ (C.P + (C.r + 6)) ≤ C.half
  spread_le : p.spread ≤ 2 ^ (C.w - 2)
  direct_room : p.direct.most * 2 ^ p.direct.bits ≤ 2 ^ (C.r + 2)
  attention : p.attention.Holds C.w M.d_vocab a fun a t => lane C.w (nth S.rows a) t
  direct : p.direct.Holds C.w M.d_vocab a fun a o => lane C.w (nth C.D a) o
  decreasing : ∀ s t, s ≤ t → t < M.d_vocab → lane p.attention.bits p.attention.low t ≤ lane p.attention.bits p.attention.low s
  spread : ∀ j i, j < n → i < M.n_ctx → lane C.w (nth S.rows (a + j)) (M.d_vocab + i) ≤ p.spread

theorem two_pow_room (P r : Nat) : 2 ^ (P + (r + 6)) = 64 * (2 ^ P * 2 ^ r) := by
  have h : (2 : Nat) ^ 6 = 64 := rfl
  rw [Nat.pow_add, Nat.pow_add, h, ← Nat.mul_assoc, Nat.mul_comm]

section Class

variable {M : AttentionOnly} {H : Head} {C : Tables} {S : Scores} (hv : Tables.Valid M H C) (hS : Scores.Valid M H C S)
  {p : Pool} {a n : Nat}

include hv hS in
theorem Pool.check_sound (h : p.check C S M.d_vocab M.n_ctx a n = true) : p.Valid M C S a n := by
  simp only [Pool.check, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13⟩ := h
  have h1 := Nat.eq_of_beq_eq_true h1
  have h2 := Nat.eq_of_beq_eq_true h2
  have h3 : a + n ≤ M.d_vocab := Nat.le_of_ble_eq_true h3
  have h6 : M.n_ctx * 2 ^ (C.P + (C.r + 6)) ≤ C.half := Nat.le_of_ble_eq_true h6
  have h7 : S.bits + 2 ≤ C.w := Nat.le_of_ble_eq_true h7
  have h8 : p.spread ≤ 2 ^ (C.w - 2) := Nat.le_of_ble_eq_true h8
  have hbits : 2 ^ S.bits ≤ 2 ^ (C.w - 2) := Nat.pow_le_pow_right (by omega) (by omega)
  have hr : 2 ^ C.r ≤ 2 ^ (C.w - 2) := by
    have e1 := bias_room hv
    have e2 : C.half = 2 * 2 ^ (C.w - 2) := by
      show 2 ^ (C.w - 1) = _
      rw [show C.w - 1 = (C.w - 2) + 1 by omega, Nat.pow_succ, Nat.mul_comm]
    omega
  have hA := Envelope.check_sound (f := fun a t => lane C.w (nth S.rows a) t) (fun j hj =>
    ⟨tokenScores_eq hS (by omega), fun t ht =>
      Nat.lt_of_lt_of_le ((hS.rows_lt (a + j) (by omega)).2 t (by omega)) hbits⟩) h12
  have hD := Envelope.check_sound (f := fun a o => lane C.w (nth C.D a) o) (fun j hj =>
    ⟨(pack_lane (hv.D_lt (a + j) (by omega)).1).symm, fun o ho =>
      Nat.lt_of_lt_of_le ((hv.D_lt (a + j) (by omega)).2 o ho) hr⟩) h13
  refine ⟨h1, h2, h3, Nat.le_of_ble_eq_true h4, Nat.le_of_ble_eq_true h5, h6, h8, Nat.le_of_ble_eq_true h9, hA, hD,
    fun s t hst ht => ?_, fun j i hj hi => checkSpread_sound hS h7 h8 h3 h11 hj hi⟩
  rw [hA.low_eq] at h10
  have hb := hA.bits
  have hb' : 2 ^ p.attention.bits ≤ 2 ^ (C.w - 1) := Nat.pow_le_pow_right (by omega) (by omega)
  exact decreasing_sound hv.w_pos (fun t _ => Nat.lt_of_lt_of_le (lane_lt ..) hb') h10 hst ht

variable (hp : p.Valid M C S a n) {m j o : Nat}

include hS hp

theorem relativeWeight_eq (g : Nat) (hm : m < M.d_vocab) :
    relativeWeight C S M.d_vocab M.n_ctx p.attention p.spread m g =
      (M.n_ctx - 1) * relativeEntry C S p.attention p.spread m g := by
  show (M.n_ctx - 1) * (lane C.w (ratios C S M.d_vocab p.attention p.spread g) m + C.err) = _
  rw [ratios_lane hp.attention hp.spread_le hp.exps hS.consts_le g hm]
  rfl

theorem relativeEntry_le (g : Nat) : relativeEntry C S p.attention p.spread m g ≤ 2 * 2 ^ C.P := by
  have h1 := expNeg_le hS.consts_le (gapEntry p.attention p.spread g m)
  have h2 := hp.err_le
  unfold relativeEntry
  omega

/-- Products of weights and losses stay inside their lanes. -/
theorem weighted_lt (g : Nat) {y : Nat} (hy : y < 12 * 2 ^ C.r) :
    (M.n_ctx - 1) * (relativeEntry C S p.attention p.spread m g * y) + 1 < C.half := by
  have h1 := Nat.mul_le_mul (relativeEntry_le hS hp g (m := m)) (Nat.le_of_lt hy)
  have h2 := Nat.mul_le_mul_left (M.n_ctx - 1) h1
  have h3 := hp.room
  have e := two_pow_room C.P C.r
  have h4 : 0 < 2 ^ C.P * 2 ^ C.r := Nat.mul_pos (Nat.two_pow_pos _) (Nat.two_pow_pos _)
  have e2 : 2 * 2 ^ C.P * (12 * 2 ^ C.r) = 24 * (2 ^ C.P * 2 ^ C.r) := by
    rw [Nat.mul_mul_mul_comm]
  rw [e] at h3
  rw [e2] at h2
  generalize 2 ^ C.P * 2 ^ C.r = X at *
  have h5 : (M.n_ctx - 1) * (24 * X) ≤ M.n_ctx * (24 * X) := Nat.mul_le_mul_right _ (Nat.sub_le _ _)
  have h6 : M.n_ctx * (64 * X) = M.n_ctx * (24 * X) + M.n_ctx * (40 * X) := by rw [← Nat.mul_add]; congr 1; omega
  have h7 : 0 < M.n_ctx ∨ M.n_ctx = 0 := by omega
  rcases h7 with h7 | h7
  · have h8 : 1 * (40 * X) ≤ M.n_ctx * (40 * X) := Nat.mul_le_mul_right _ h7
    omega
  · have h9 : 2 ≤ C.half := by
      have := hp.attention.bits
      show 2 ≤ 2 ^ (C.w - 1)
      have : 2 ^ 1 ≤ 2 ^ (C.w - 1) := Nat.pow_le_pow_right (by omega) (by omega)
      omega
    rw [h7] at *
    omega

end Class

end

end LeanBound
