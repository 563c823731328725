module

public import LeanBound.Strategies.SubCubic.Envelopes
public import LeanBound.Strategies.Tables.ScoreRowsSound

/-! # Sub-cubic proof of max-of-K: bounds of relative attention -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Rows one above the other. -/
theorem pack_rows (w V n : Nat) (f : Nat → Nat → Nat) :
    pack (w * V) (fun j => pack w (f j) V) n = pack w (fun i => f (i / V) (i % V)) (n * V) := by
  induction n with
  | zero => rw [Nat.zero_mul]; rfl
  | succ n ih =>
    rw [pack_succ, ih, Nat.succ_mul, pack_append, Nat.mul_assoc, Nat.mul_comm V n]
    congr 2
    refine pack_congr fun i hi => ?_
    rw [Nat.mul_comm n, Nat.mul_add_div (by omega), Nat.div_eq_of_lt hi, Nat.add_zero, Nat.mul_add_mod, Nat.mod_eq_of_lt hi]

/-- Lane `m` of `scoreGaps`. -/
def gapEntry (E : Envelope) (spread j m : Nat) : Nat :=
  E.least * ((if m < j then 0 else lane E.bits E.low (m - j)) - lane E.bits E.high m) - spread

variable {C : Tables} {V : Nat}

section Lanes

variable {E : Envelope} (hE : E.Fits C.w V) {spread : Nat} (hs : spread ≤ 2 ^ (C.w - 2))

include hE

theorem gapEntry_lt (j m : Nat) : gapEntry E spread j m < 2 ^ C.w := by
  have h1 := scale_lt hE.bits hE.room hE.least_le (x := (if m < j then 0 else lane E.bits E.low (m - j)) - lane E.bits E.high m)
    (Nat.lt_of_le_of_lt (Nat.sub_le _ _) (by split; exact Nat.two_pow_pos _; exact lane_lt ..))
  have h2 : 2 ^ (C.w - 1) ≤ 2 ^ C.w := Nat.pow_le_pow_right (by omega) (by omega)
  unfold gapEntry
  omega

include hs

theorem scoreGaps_eq (j : Nat) : scoreGaps C V E spread j = pack C.w (gapEntry E spread j) V := by
  have hb := hE.bits
  have hw : 0 < C.w := by omega
  have h1 : 2 ^ E.bits ≤ 2 ^ (C.w - 1) := Nat.pow_le_pow_right (by omega) (by omega)
  have h2 : 2 ^ (C.w - 2) < 2 ^ (C.w - 1) := Nat.pow_lt_pow_right (by omega) (by omega)
  have h3 : 2 ^ (C.w - 1) ≤ 2 ^ C.w := Nat.pow_le_pow_right (by omega) (by omega)
  have hlow : ∀ m, (if m < j then 0 else lane E.bits E.low (m - j)) < 2 ^ (C.w - 1) := fun m => by
    have := lane_lt E.bits E.low (m - j)
    split <;> omega
  show monus C.w (guardBits C.w V) (E.least * monus C.w (guardBits C.w V)
    (Nat.land (Nat.shiftLeft (widen C.w V E.bits E.low) (Nat.mul C.w j)) (Nat.sub (Nat.pow 2 (Nat.mul C.w V)) 1))
    (widen C.w V E.bits E.high)) (spread * ones C.w V) = _
  rw [hE.low_eq, hE.high_eq, shiftLeft_pack (fun t _ => by have := lane_lt E.bits E.low t; omega) j,
    monus_pack hw (fun m _ => hlow m) (fun m _ => by have := lane_lt E.bits E.high m; omega), ← pack_mul, ← pack_const]
  refine monus_pack hw (fun m _ => scale_lt hE.bits hE.room hE.least_le ?_) fun _ _ => by omega
  refine Nat.lt_of_le_of_lt (Nat.sub_le _ _) ?_
  split
  · exact Nat.two_pow_pos _
  · exact lane_lt ..

/-- A lane of `ratios`. -/
theorem ratios_lane {X : Exponentials} (hP : 2 * C.P + 1 ≤ C.w) (hc : ∀ c, c ∈ X.consts → c ≤ 2 ^ C.P) {j m : Nat}
    (hj : j < gapRows) (hm : m < V) :
    lane C.w (ratios C X V E spread) (j * V + m) = expNeg C.P X.consts (gapEntry E spread j m) := by
  have e : ratios C X V E spread =
      pack C.w (fun i => expNeg C.P X.consts (gapEntry E spread (i / V) (i % V))) (gapRows * V) := by
    show expRow C.w C.P (gapRows * V) X.consts (pack (C.w * V) (scoreGaps C V E spread) gapRows) = _
    rw [pack_congr fun j _ => scoreGaps_eq hE hs j, pack_rows]
    exact expRow_pack hP hc fun _ _ => gapEntry_lt hE _ _
  have h1 : j * V + m < gapRows * V := by
    have := Nat.mul_le_mul_right V (Nat.succ_le_of_lt hj)
    rw [Nat.succ_mul] at this
    omega
  rw [e, lane_pack (fun i _ => Nat.lt_of_le_of_lt (expNeg_le hc _) (Nat.pow_lt_pow_right (by omega) (by omega))) h1,
    Nat.mul_comm j, Nat.mul_add_div (by omega), Nat.div_eq_of_lt hm, Nat.add_zero, Nat.mul_add_mod, Nat.mod_eq_of_lt hm]

theorem gapBounded_sound {X : Exponentials} {j m : Nat} (hm : m < V) (h : gapBounded C X V E spread m j = true) :
    1 ≤ gapEntry E spread j m ∧ gapEntry E spread j m < 2 ^ X.bits := by
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  rw [scoreGaps_eq hE hs j, lane_pack (fun m _ => gapEntry_lt hE j m) hm] at h1 h2
  exact ⟨Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h2⟩

end Lanes

/-- A row whose lanes do not increase. -/
theorem decreasing_sound {low : Nat → Nat} (hw : 0 < C.w) (hlow : ∀ t, t < V → low t < 2 ^ (C.w - 1))
    (h : decreasing C V (pack C.w low V) = true) {s t : Nat} (hst : s ≤ t) (ht : t < V) : low t ≤ low s := by
  have h3 : 2 ^ (C.w - 1) ≤ 2 ^ C.w := Nat.pow_le_pow_right (by omega) (by omega)
  have h : atMost C.w V (Nat.shiftRight (pack C.w low V) C.w) (pack C.w low V) = true := h
  rw [shiftRight_pack fun t ht => by have := hlow t ht; omega] at h
  have step : ∀ t, t + 1 < V → low (t + 1) ≤ low t := fun t ht => by
    have h1 := atMost_pack hw (fun j hj => by
      split
      · exact hlow _ (by assumption)
      · exact Nat.two_pow_pos _) hlow h (show t < V by omega)
    rwa [if_pos ht] at h1
  induction t with
  | zero => rw [show s = 0 by omega]; exact Nat.le_refl _
  | succ t ih =>
    by_cases hs : s = t + 1
    · rw [hs]; exact Nat.le_refl _
    · exact Nat.le_trans (step t ht) (ih (by omega) (by omega))

/-- For `n` queries from `a` on, and any two positions: at least how far the score of one token lies below that of
another, less the spread. -/
def Envelope.Attends (E : Envelope) (M : AttentionOnly) (H : Head) (spread a n : Nat) : Prop :=
  ∀ j, j < n → ∃ scale, E.least ≤ scale ∧ ∀ m t i i', m < M.d_vocab → t < M.d_vocab → i < M.n_ctx → i' < M.n_ctx →
    (scale : Int) * ((lane E.bits E.low t : Int) - (lane E.bits E.high m : Int)) - (spread : Int) ≤
      M.sInt H (a + j) m i - M.sInt H (a + j) t i'

/-- A gap bounds how far the score of a small token lies below that of the maximum, for any two positions. -/
theorem gapEntry_sound {M : AttentionOnly} {H : Head} {E : Envelope} {spread a n : Nat} (hE : E.Attends M H spread a n)
    (hdec : ∀ s t, s ≤ t → t < M.d_vocab → lane E.bits E.low t ≤ lane E.bits E.low s)
    {j g m t i i' : Nat} (hj : j < n) (hm : m < M.d_vocab) (htm : t + g ≤ m) (hi : i < M.n_ctx) (hi' : i' < M.n_ctx)
    (h : 1 ≤ gapEntry E spread g m) :
    ((gapEntry E spread g m : Nat) : Int) ≤ M.sInt H (a + j) m i - M.sInt H (a + j) t i' := by
  obtain ⟨scale, h1, hrow⟩ := hE j hj
  refine Int.le_trans ?_ (hrow m t i i' hm (by omega) hi hi')
  have hlow := hdec t (m - g) (by omega) (by omega)
  have e : gapEntry E spread g m = E.least * (lane E.bits E.low (m - g) - lane E.bits E.high m) - spread := by
    unfold gapEntry
    rw [if_neg (by omega)]
  rw [e] at h ⊢
  have h2 : E.least * (lane E.bits E.low (m - g) - lane E.bits E.high m) ≤
      scale * (lane E.bits E.low t - lane E.bits E.high m) := Nat.mul_le_mul h1 (by omega)
  have h3 : lane E.bits E.high m ≤ lane E.bits E.low t := by
    refine Nat.le_of_not_lt fun h3 => ?_
    rw [Nat.sub_eq_zero_of_le (Nat.le_of_lt h3), Nat.mul_zero] at h2
    omega
  rw [← Int.ofNat_sub h3, ← Int.natCast_mul]
  omega

section Scores

variable {M : AttentionOnly} {H : Head} {b : Nat} {scores : Nat → Nat} (hS : ScoresValid M H C b scores) {a : Nat}

include hS

/-- The scores of the tokens of a query. -/
theorem tokenScores_eq (ha : a < M.d_vocab) :
    tokenScores C M.d_vocab scores a = pack C.w (lane C.w (scores a)) M.d_vocab := by
  show scores a &&& (2 ^ (C.w * M.d_vocab) - 1) = _
  rw [Nat.and_two_pow_sub_one_eq_mod]
  have e := pack_lane (hS.rows_lt a ha).1
  have h := pack_mod (fun t _ => lane_lt C.w (scores a) t) (Nat.le_add_right M.d_vocab M.n_ctx)
  rwa [e] at h

theorem positionScores_eq (ha : a < M.d_vocab) :
    positionScores C M.d_vocab scores a = pack C.w (fun i => lane C.w (scores a) (M.d_vocab + i)) M.n_ctx := by
  have hlt : scores a >>> (C.w * M.d_vocab) < 2 ^ (C.w * M.n_ctx) := by
    rw [Nat.shiftRight_eq_div_pow]
    refine Nat.div_lt_of_lt_mul ?_
    rw [← Nat.pow_add, ← Nat.mul_add]
    exact (hS.rows_lt a ha).1
  show scores a >>> (C.w * M.d_vocab) = _
  rw [← pack_lane hlt]
  exact pack_congr fun i _ => lane_shiftRight ..

theorem checkSpread_sound (hw : b + 2 ≤ C.w) {spread n : Nat} (hs : spread ≤ 2 ^ (C.w - 2)) (ha : a + n ≤ M.d_vocab)
    (h : checkSpread C M.d_vocab M.n_ctx scores spread a n = true) {j i : Nat} (hj : j < n) (hi : i < M.n_ctx) :
    lane C.w (scores (a + j)) (M.d_vocab + i) ≤ spread := by
  induction n with
  | zero => exact absurd hj (Nat.not_lt_zero _)
  | succ n ih =>
    have h : both (atMost C.w M.n_ctx (positionScores C M.d_vocab scores (a + n)) (spread * ones C.w M.n_ctx))
      (checkSpread C M.d_vocab M.n_ctx scores spread a n) = true := h
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    by_cases hjn : j = n
    · subst hjn
      rw [positionScores_eq hS (by omega), ← pack_const] at h1
      have h3 : 2 ^ (C.w - 2) < 2 ^ (C.w - 1) := Nat.pow_lt_pow_right (by omega) (by omega)
      have h4 : 2 ^ b ≤ 2 ^ (C.w - 2) := Nat.pow_le_pow_right (by omega) (by omega)
      exact atMost_pack (by omega) (fun i hi => by
        have := (hS.rows_lt (a + j) (by omega)).2 (M.d_vocab + i) (by omega)
        omega) (fun _ _ => by omega) h1 hi
    · exact ih (by omega) h2 (by omega)

/-- Scores that are multiplied out, between multiples of two rows. -/
theorem Pool.checkScores_sound {p : Pool} {X : Exponentials} (hb : b = X.bits) {n : Nat} (hE : p.attention.Fits C.w M.d_vocab)
    (hs : p.spread ≤ 2 ^ (C.w - 2)) (ha : a + n ≤ M.d_vocab)
    (h : p.checkScores C X M.d_vocab M.n_ctx scores a n = true) : p.attention.Attends M H p.spread a n := by
  subst hb
  simp only [Pool.checkScores, both_eq_true] at h
  obtain ⟨h1, h2, h3⟩ := h
  have h1 : X.bits + 2 ≤ C.w := Nat.le_of_ble_eq_true h1
  have hbits : 2 ^ X.bits ≤ 2 ^ (C.w - 2) := Nat.pow_le_pow_right (by omega) (by omega)
  have hA := Envelope.check_sound (f := fun a t => lane C.w (scores a) t) hE (fun j hj =>
    ⟨tokenScores_eq hS (by omega), fun t ht =>
      Nat.lt_of_lt_of_le ((hS.rows_lt (a + j) (by omega)).2 t (by omega)) hbits⟩) h3
  intro j hj
  obtain ⟨scale, shift, hl, _, hrow⟩ := hA j hj
  obtain ⟨c, hc⟩ := hS.scores (a + j) (by omega)
  refine ⟨scale, hl, fun m t i i' hm ht hi hi' => ?_⟩
  have ht' : scale * lane p.attention.bits p.attention.low t ≤ lane C.w (scores (a + j)) t + shift := (hrow t ht).1
  have hm' : lane C.w (scores (a + j)) m + shift ≤ scale * lane p.attention.bits p.attention.high m := (hrow m hm).2
  have hsp := checkSpread_sound hS h1 hs ha h2 hj hi
  rw [hc m i hm hi, hc t i' ht hi', Int.mul_sub, ← Int.natCast_mul, ← Int.natCast_mul]
  omega

end Scores

end

end LeanBound
