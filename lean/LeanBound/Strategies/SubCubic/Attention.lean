module

public import LeanBound.Strategies.SubCubic.Envelopes
public import LeanBound.Strategies.Tables.ScoreRowsSound

/-! # Sub-cubic proof of max-of-K: bounds of relative attention -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Lane `m` of `scoreGaps`. -/
def gapEntry (E : Envelope) (spread j m : Nat) : Nat :=
  E.least * ((if m < j then 0 else lane E.bits E.low (m - j)) - lane E.bits E.high m) - spread

variable {C : Tables} {V : Nat}

section Lanes

variable {E : Envelope} {a : Nat} {f : Nat → Nat → Nat} (hE : E.Holds C.w V a f) {spread : Nat} (hs : spread ≤ 2 ^ (C.w - 2))

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
theorem ratios_lane {S : Scores} (hP : 2 * C.P + 1 ≤ C.w) (hc : ∀ c, c ∈ S.consts → c ≤ 2 ^ C.P) (j : Nat) {m : Nat}
    (hm : m < V) : lane C.w (ratios C S V E spread j) m = expNeg C.P S.consts (gapEntry E spread j m) := by
  have e : ratios C S V E spread j = pack C.w (fun m => expNeg C.P S.consts (gapEntry E spread j m)) V := by
    show expRow C.w C.P V S.consts (scoreGaps C V E spread j) = _
    rw [scoreGaps_eq hE hs]
    exact expRow_pack hP hc fun m _ => gapEntry_lt hE j m
  rw [e]
  exact lane_pack (fun m _ => Nat.lt_of_le_of_lt (expNeg_le hc _) (Nat.pow_lt_pow_right (by omega) (by omega))) hm

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

section Scores

variable {M : AttentionOnly} {H : Head} {S : Scores} (hS : Scores.Valid M H C S) {a : Nat}

include hS

/-- The scores of the tokens of a query. -/
theorem tokenScores_eq (ha : a < M.d_vocab) :
    tokenScores C S M.d_vocab a = pack C.w (lane C.w (nth S.rows a)) M.d_vocab := by
  show nth S.rows a &&& (2 ^ (C.w * M.d_vocab) - 1) = _
  rw [Nat.and_two_pow_sub_one_eq_mod]
  have e := pack_lane (hS.rows_lt a ha).1
  have h := pack_mod (fun t _ => lane_lt C.w (nth S.rows a) t) (Nat.le_add_right M.d_vocab M.n_ctx)
  rwa [e] at h

theorem positionScores_eq (ha : a < M.d_vocab) :
    positionScores C S M.d_vocab a = pack C.w (fun i => lane C.w (nth S.rows a) (M.d_vocab + i)) M.n_ctx := by
  have hlt : nth S.rows a >>> (C.w * M.d_vocab) < 2 ^ (C.w * M.n_ctx) := by
    rw [Nat.shiftRight_eq_div_pow]
    refine Nat.div_lt_of_lt_mul ?_
    rw [← Nat.pow_add, ← Nat.mul_add]
    exact (hS.rows_lt a ha).1
  show nth S.rows a >>> (C.w * M.d_vocab) = _
  rw [← pack_lane hlt]
  exact pack_congr fun i _ => lane_shiftRight ..

theorem checkSpread_sound (hw : S.bits + 2 ≤ C.w) {spread n : Nat} (hs : spread ≤ 2 ^ (C.w - 2)) (ha : a + n ≤ M.d_vocab)
    (h : checkSpread C S M.d_vocab M.n_ctx spread a n = true) {j i : Nat} (hj : j < n) (hi : i < M.n_ctx) :
    lane C.w (nth S.rows (a + j)) (M.d_vocab + i) ≤ spread := by
  induction n with
  | zero => exact absurd hj (Nat.not_lt_zero _)
  | succ n ih =>
    have h : both (atMost C.w M.n_ctx (positionScores C S M.d_vocab (a + n)) (spread * ones C.w M.n_ctx))
      (checkSpread C S M.d_vocab M.n_ctx spread a n) = true := h
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    by_cases hjn : j = n
    · subst hjn
      rw [positionScores_eq hS (by omega), ← pack_const] at h1
      have h3 : 2 ^ (C.w - 2) < 2 ^ (C.w - 1) := Nat.pow_lt_pow_right (by omega) (by omega)
      have h4 : 2 ^ S.bits ≤ 2 ^ (C.w - 2) := Nat.pow_le_pow_right (by omega) (by omega)
      exact atMost_pack (by omega) (fun i hi => by
        have := (hS.rows_lt (a + j) (by omega)).2 (M.d_vocab + i) (by omega)
        omega) (fun _ _ => by omega) h1 hi
    · exact ih (by omega) h2 (by omega)

/-- A gap bounds how far the score of a small token lies below that of the maximum, for any two positions. -/
theorem gapEntry_sound {E : Envelope} {n spread : Nat} (hE : E.Holds C.w M.d_vocab a fun a t => lane C.w (nth S.rows a) t)
    (hn : E.queries.length = n) (ha : a + n ≤ M.d_vocab)
    (hdec : ∀ s t, s ≤ t → t < M.d_vocab → lane E.bits E.low t ≤ lane E.bits E.low s)
    (hspread : ∀ j i, j < n → i < M.n_ctx → lane C.w (nth S.rows (a + j)) (M.d_vocab + i) ≤ spread)
    {j g m t i i' : Nat} (hj : j < n) (hm : m < M.d_vocab) (htm : t + g ≤ m) (hi : i < M.n_ctx) (hi' : i' < M.n_ctx)
    (h : 1 ≤ gapEntry E spread g m) :
    ((gapEntry E spread g m : Nat) : Int) ≤ M.sInt H (a + j) m i - M.sInt H (a + j) t i' ∧
      gapEntry E spread g m < 2 ^ S.bits := by
  obtain ⟨scale, shift, h1, _, hrow⟩ := hE.rows j (hn ▸ hj)
  obtain ⟨c, hc⟩ := hS.scores (a + j) (by omega)
  have ht := (hrow t (by omega)).1
  have hm' := (hrow m hm).2
  have hlow := hdec t (m - g) (by omega) (by omega)
  have hsp := hspread j i hj hi
  have hlt := (hS.rows_lt (a + j) (by omega)).2 t (by omega)
  have e : gapEntry E spread g m = E.least * (lane E.bits E.low (m - g) - lane E.bits E.high m) - spread := by
    unfold gapEntry
    rw [if_neg (by omega)]
  rw [e] at h ⊢
  rw [hc m i hm hi, hc t i' (by omega) hi']
  have h2 : E.least * (lane E.bits E.low (m - g) - lane E.bits E.high m) ≤
      scale * (lane E.bits E.low t - lane E.bits E.high m) := Nat.mul_le_mul h1 (by omega)
  rw [Nat.mul_sub scale] at h2
  omega

end Scores

end

end LeanBound
