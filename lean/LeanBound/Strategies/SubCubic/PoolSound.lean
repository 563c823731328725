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
def relativeEntry (C : Tables) (X : Exponentials) (E : Envelope) (spread m j : Nat) : Nat :=
  expNeg C.P X.consts (gapEntry E spread j m) + C.err

/-- Lane `o` of what one position can lose. -/
def lostEntry (C : Tables) (X : Exponentials) (K : Nat) (p : Pool) (m j o : Nat) : Nat :=
  max (relativeEntry C X p.attention p.spread m (j + 1) *
      (baseEntry C K p.direct m o + lossEntry C (C.OE (m - (j + 1))) m o - 6 * 2 ^ C.r))
    (relativeEntry C X p.attention p.spread m (j + 2) *
      (baseEntry C K p.direct m o + anyEntry C m (m - (j + 1)) o - 6 * 2 ^ C.r))

/-- What the check of a pool establishes. -/
structure Pool.Valid (M : AttentionOnly) (H : Head) (C : Tables) (p : Pool) (a n : Nat) : Prop where
  queries_le : a + n ≤ M.d_vocab
  exps : 2 * C.P + 1 ≤ C.w
  err_le : C.err ≤ 2 ^ C.P
  room : M.n_ctx * 2 ^ (C.P + (C.r + 6)) ≤ C.half
  spread_le : p.spread ≤ 2 ^ (C.w - 2)
  direct_room : p.direct.most * 2 ^ p.direct.bits ≤ 2 ^ (C.r + 2)
  attention : p.attention.Fits C.w M.d_vocab
  direct : p.direct.Fits C.w M.d_vocab
  decreasing : ∀ s t, s ≤ t → t < M.d_vocab → lane p.attention.bits p.attention.low t ≤ lane p.attention.bits p.attention.low s
  encloses : p.direct.Encloses M.d_vocab a n fun a o => lane C.w (C.D a) o
  attends : p.attention.Attends M H p.spread a n

theorem two_pow_room (P r : Nat) : 2 ^ (P + (r + 6)) = 64 * (2 ^ P * 2 ^ r) := by
  have h : (2 : Nat) ^ 6 = 64 := rfl
  rw [Nat.pow_add, Nat.pow_add, h, ← Nat.mul_assoc, Nat.mul_comm]

section Class

variable {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} (hv : Tables.ValidLogits M H C)
  (hX : Exponentials.Valid M H C X) {p : Pool} {a n : Nat}

include hv in
/-- The check of a pool, if its bounds of scores follow from `attends`. -/
theorem Pool.check_sound {attends : Bool} (h : both attends (p.check C M.d_vocab M.n_ctx a n) = true)
    (hA : p.attention.Fits C.w M.d_vocab → p.spread ≤ 2 ^ (C.w - 2) → a + n ≤ M.d_vocab → attends = true →
      p.attention.Attends M H p.spread a n) : p.Valid M H C a n := by
  simp only [Pool.check, both_eq_true] at h
  obtain ⟨h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10⟩ := h
  have h1 : a + n ≤ M.d_vocab := Nat.le_of_ble_eq_true h1
  have h5 : p.spread ≤ 2 ^ (C.w - 2) := Nat.le_of_ble_eq_true h5
  have hr : 2 ^ C.r ≤ 2 ^ (C.w - 2) := by
    have e1 := hv.bias_room
    have e2 : C.half = 2 * 2 ^ (C.w - 2) := by
      have h := (Envelope.fits_sound h7).bits
      show 2 ^ (C.w - 1) = _
      rw [show C.w - 1 = (C.w - 2) + 1 by omega, Nat.pow_succ, Nat.mul_comm]
    omega
  have hE := Envelope.fits_sound h7
  have hD := Envelope.fits_sound h9
  refine ⟨h1, Nat.le_of_ble_eq_true h2, Nat.le_of_ble_eq_true h3, Nat.le_of_ble_eq_true h4, h5, Nat.le_of_ble_eq_true h6,
    hE, hD, fun s t hst ht => ?_, Envelope.check_sound (f := fun a o => lane C.w (C.D a) o) hD (fun j hj =>
      ⟨(pack_lane (hv.D_lt (a + j) (by omega)).1).symm, fun o ho =>
        Nat.lt_of_lt_of_le ((hv.D_lt (a + j) (by omega)).2 o ho) hr⟩) h10, hA hE h5 h1 h0⟩
  rw [hE.low_eq] at h8
  have hb := hE.bits
  have hb' : 2 ^ p.attention.bits ≤ 2 ^ (C.w - 1) := Nat.pow_le_pow_right (by omega) (by omega)
  exact decreasing_sound hv.w_pos (fun t _ => Nat.lt_of_lt_of_le (lane_lt ..) hb') h8 hst ht

variable (hp : p.Valid M H C a n) {m j o : Nat}

include hX hp

theorem relativeWeight_eq {g : Nat} (hg : g < gapRows) (hm : m < M.d_vocab) :
    relativeWeight C X M.d_vocab M.n_ctx p.attention p.spread m g =
      (M.n_ctx - 1) * relativeEntry C X p.attention p.spread m g := by
  show (M.n_ctx - 1) * (lane C.w (ratios C X M.d_vocab p.attention p.spread) (g * M.d_vocab + m) + C.err) = _
  rw [ratios_lane hp.attention hp.spread_le hp.exps hX.consts_le hg hm]
  rfl

theorem relativeEntry_le (g : Nat) : relativeEntry C X p.attention p.spread m g ≤ 2 * 2 ^ C.P := by
  have h1 := expNeg_le hX.consts_le (gapEntry p.attention p.spread g m)
  have h2 := hp.err_le
  unfold relativeEntry
  omega

/-- Products of weights and losses stay inside their lanes. -/
theorem weighted_lt (g : Nat) {y : Nat} (hy : y < 12 * 2 ^ C.r) :
    (M.n_ctx - 1) * (relativeEntry C X p.attention p.spread m g * y) + 1 < C.half := by
  have h1 := Nat.mul_le_mul (relativeEntry_le hX hp g (m := m)) (Nat.le_of_lt hy)
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
