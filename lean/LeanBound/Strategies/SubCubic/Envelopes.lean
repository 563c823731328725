module

public import LeanBound.Strategies.Tables.TowersSound
public import LeanBound.Strategies.Cubic.WholeSound
public import LeanBound.Strategies.SubCubic.Checker

/-! # Sub-cubic proof of max-of-K: what an envelope says -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Lanes -/

section Lanes

variable {w n : Nat} {f g : Nat → Nat}

theorem atMost_pack (hw : 0 < w) (hf : ∀ j, j < n → f j < 2 ^ (w - 1)) (hg : ∀ j, j < n → g j < 2 ^ (w - 1))
    (h : atMost w n (pack w f n) (pack w g n) = true) {j : Nat} (hj : j < n) : f j ≤ g j :=
  lanesLe_pack hw hf hg h hj

theorem widen_eq {V b x : Nat} (hb : b ≤ w) (hx : x < 2 ^ (b * V)) : widen w V b x = pack w (lane b x) V := by
  have h := stretch_pack (k := Nat.log2 V + 1) hb (Nat.le_of_lt Nat.lt_log2_self) fun j _ => lane_lt b x j
  rw [pack_lane hx] at h
  exact h

/-- Lanes moved up by `k`, zeros below. -/
theorem shiftLeft_pack (hf : ∀ j, j < n → f j < 2 ^ w) (k : Nat) :
    Nat.land (Nat.shiftLeft (pack w f n) (Nat.mul w k)) (Nat.sub (Nat.pow 2 (Nat.mul w n)) 1) =
      pack w (fun m => if m < k then 0 else f (m - k)) n := by
  let g m := if m < k then 0 else f (m - k)
  have h0 : pack w g k = 0 := by
    rw [pack_congr (g := fun _ => 0) fun m hm => if_pos hm, pack_const, Nat.zero_mul]
  have h1 : pack w (fun i => g (k + i)) n = pack w f n := pack_congr fun i _ => by
    show (if k + i < k then 0 else f (k + i - k)) = f i
    rw [if_neg (by omega), Nat.add_sub_cancel_left]
  have e : (pack w f n) <<< (w * k) = pack w g (k + n) := by
    rw [pack_append, h0, h1, Nat.zero_add, Nat.shiftLeft_eq]
  show (pack w f n) <<< (w * k) &&& (2 ^ (w * n) - 1) = _
  rw [Nat.and_two_pow_sub_one_eq_mod, e]
  refine pack_mod (fun m hm => ?_) (Nat.le_add_left n k)
  show (if m < k then 0 else f (m - k)) < _
  split
  · exact Nat.two_pow_pos w
  · exact hf _ (by omega)

/-- Lanes moved down by one. -/
theorem shiftRight_pack (hf : ∀ j, j < n → f j < 2 ^ w) :
    Nat.shiftRight (pack w f n) w = pack w (fun j => if j + 1 < n then f (j + 1) else 0) n := by
  cases n with
  | zero => exact Nat.zero_shiftRight w
  | succ n =>
    have h0 := hf 0 (by omega)
    have hw := Nat.two_pow_pos w
    have h1 : Nat.shiftRight (pack w f (n + 1)) w = pack w (fun j => f (j + 1)) n := by
      show pack w f (n + 1) >>> w = _
      rw [pack_succ_left, Nat.shiftRight_eq_div_pow, Nat.add_mul_div_right _ _ hw, Nat.div_eq_of_lt h0, Nat.zero_add]
    rw [h1, pack_succ, if_neg (by omega), Nat.zero_mul, Nat.add_zero]
    exact pack_congr fun j hj => (if_pos (by omega)).symm

/-- Without lane `m`. -/
theorem clear_pack {C : Tables} {V m : Nat} (hm : m < V) (hf : ∀ j, j < V → f j < 2 ^ C.w) :
    clear C V m (pack C.w f V) = pack C.w (fun j => if j = m then 0 else f j) V := by
  have h0 := Nat.two_pow_pos C.w
  show pack C.w f V &&& (2 ^ C.w - 1) * (ones C.w V - 2 ^ (C.w * m)) = _
  rw [others_eq_pack hm, ← pack_mul, land_pack hf fun j _ => by split <;> omega]
  refine pack_congr fun j hj => ?_
  by_cases h : j = m
  · rw [if_pos h, if_pos h, Nat.mul_zero, Nat.and_zero]
  · rw [if_neg h, if_neg h, Nat.mul_one, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt (hf j hj)]

end Lanes

/-! ## Envelopes -/

variable {w V : Nat}

/-- What `Envelope.fits` establishes. -/
structure Envelope.Fits (E : Envelope) (w V : Nat) : Prop where
  low_lt : E.low < 2 ^ (E.bits * V)
  high_lt : E.high < 2 ^ (E.bits * V)
  low_eq : widen w V E.bits E.low = pack w (lane E.bits E.low) V
  high_eq : widen w V E.bits E.high = pack w (lane E.bits E.high) V
  bits : E.bits + 2 ≤ w
  least_le : E.least ≤ E.most
  room : E.most * 2 ^ E.bits ≤ 2 ^ (w - 2)

/-- Row `a + j` of the circuit `f`, plus a shift, lies between multiples of `low` and `high`, for all `j` below `n`. -/
def Envelope.Encloses (E : Envelope) (V a n : Nat) (f : Nat → Nat → Nat) : Prop :=
  ∀ j, j < n → ∃ scale shift, E.least ≤ scale ∧ scale ≤ E.most ∧ ∀ t, t < V →
    scale * lane E.bits E.low t ≤ f (a + j) t + shift ∧ f (a + j) t + shift ≤ scale * lane E.bits E.high t

theorem scale_lt {E : Envelope} (hb : E.bits + 2 ≤ w) (hr : E.most * 2 ^ E.bits ≤ 2 ^ (w - 2)) {scale x : Nat}
    (hs : scale ≤ E.most) (hx : x < 2 ^ E.bits) : scale * x < 2 ^ (w - 1) := by
  have h1 : scale * x ≤ E.most * 2 ^ E.bits := Nat.mul_le_mul hs (Nat.le_of_lt hx)
  have h2 : 2 ^ (w - 2) < 2 ^ (w - 1) := Nat.pow_lt_pow_right (by omega) (by omega)
  omega

/-- One row. -/
theorem encloses_sound {E : Envelope} {f : Nat → Nat} {scale shift : Nat} (hb : E.bits + 2 ≤ w)
    (hr : E.most * 2 ^ E.bits ≤ 2 ^ (w - 2)) (hf : ∀ t, t < V → f t < 2 ^ (w - 2)) (hscale : scale ≤ E.most)
    (hshift : shift ≤ 2 ^ (w - 2))
    (h : encloses w V (pack w (lane E.bits E.low) V) (pack w (lane E.bits E.high) V) scale shift (pack w f V) = true)
    {t : Nat} (ht : t < V) :
    scale * lane E.bits E.low t ≤ f t + shift ∧ f t + shift ≤ scale * lane E.bits E.high t := by
  have hw : 0 < w := by omega
  have hsum : ∀ t, t < V → f t + shift < 2 ^ (w - 1) := fun t ht => by
    have := hf t ht
    have : 2 ^ (w - 1) = 2 * 2 ^ (w - 2) := by
      rw [show w - 1 = (w - 2) + 1 by omega, Nat.pow_succ, Nat.mul_comm]
    omega
  have e1 : pack w f V + shift * ones w V = pack w (fun t => f t + shift) V := by rw [pack_add, pack_const]
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have h1 : atMost w V (scale * pack w (lane E.bits E.low) V) (pack w f V + shift * ones w V) = true := h1
  have h2 : atMost w V (pack w f V + shift * ones w V) (scale * pack w (lane E.bits E.high) V) = true := h2
  rw [e1, ← pack_mul] at h1 h2
  exact ⟨atMost_pack hw (fun t _ => scale_lt hb hr hscale (lane_lt ..)) hsum h1 ht,
    atMost_pack hw hsum (fun t _ => scale_lt hb hr hscale (lane_lt ..)) h2 ht⟩

theorem enclosesAll_sound {E : Envelope} {f : Nat → Nat → Nat} {row : Nat → Nat} (hb : E.bits + 2 ≤ w)
    (hr : E.most * 2 ^ E.bits ≤ 2 ^ (w - 2)) (queries : List (Nat × Nat)) (a : Nat)
    (hrow : ∀ j, j < queries.length → row (a + j) = pack w (f (a + j)) V ∧ ∀ t, t < V → f (a + j) t < 2 ^ (w - 2))
    (h : enclosesAll w V (pack w (lane E.bits E.low) V) (pack w (lane E.bits E.high) V) E.least E.most row queries a = true)
    (j : Nat) (hj : j < queries.length) : ∃ scale shift, E.least ≤ scale ∧ scale ≤ E.most ∧ ∀ t, t < V →
      scale * lane E.bits E.low t ≤ f (a + j) t + shift ∧ f (a + j) t + shift ≤ scale * lane E.bits E.high t := by
  induction queries generalizing a j with
  | nil => exact absurd hj (Nat.not_lt_zero _)
  | cons q queries ih =>
    have h : both (Nat.ble E.least q.1) (both (Nat.ble q.1 E.most) (both (Nat.ble q.2 (2 ^ (w - 2)))
      (both (encloses w V (pack w (lane E.bits E.low) V) (pack w (lane E.bits E.high) V) q.1 q.2 (row a))
        (enclosesAll w V (pack w (lane E.bits E.low) V) (pack w (lane E.bits E.high) V) E.least E.most row queries
          (a + 1))))) = true := h
    simp only [both_eq_true] at h
    obtain ⟨h1, h2, h3, h4, h5⟩ := h
    cases j with
    | zero =>
      obtain ⟨e, hlt⟩ := hrow 0 hj
      rw [Nat.add_zero] at e hlt
      rw [e] at h4
      exact ⟨q.1, q.2, Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h2, fun t ht =>
        encloses_sound hb hr hlt (Nat.le_of_ble_eq_true h2) (Nat.le_of_ble_eq_true h3) h4 ht⟩
    | succ j =>
      have e : a + (j + 1) = a + 1 + j := by omega
      rw [e]
      exact ih (a + 1) (fun i hi => by
        have := hrow (i + 1) (Nat.succ_lt_succ hi)
        rwa [show a + (i + 1) = a + 1 + i by omega] at this) h5 j (Nat.lt_of_succ_lt_succ hj)

theorem Envelope.fits_sound {E : Envelope} (h : E.fits w V = true) : E.Fits w V := by
  simp only [Envelope.fits, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5⟩ := h
  have hb : E.bits + 2 ≤ w := Nat.le_of_ble_eq_true h3
  exact ⟨Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h2, widen_eq (by omega) (Nat.le_of_ble_eq_true h1),
    widen_eq (by omega) (Nat.le_of_ble_eq_true h2), hb, Nat.le_of_ble_eq_true h4, Nat.le_of_ble_eq_true h5⟩

theorem Envelope.check_sound {E : Envelope} (hE : E.Fits w V) {a n : Nat} {f : Nat → Nat → Nat} {row : Nat → Nat}
    (hrow : ∀ j, j < n → row (a + j) = pack w (f (a + j)) V ∧ ∀ t, t < V → f (a + j) t < 2 ^ (w - 2))
    (h : E.check w V row a n = true) : E.Encloses V a n f := by
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  obtain rfl : E.queries.length = n := Nat.eq_of_beq_eq_true h1
  rw [hE.low_eq, hE.high_eq] at h2
  exact fun j hj => enclosesAll_sound hE.bits hE.room E.queries a hrow h2 j hj

end

end LeanBound
