module

public import LeanBound.Strategies.SubCubic.Envelopes

/-! # Sub-cubic proof of max-of-K: bounds of losses -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Lanes of the checker -/

/-- Lane `o` of `directLoss`. -/
def directEntry (C : Tables) (E : Envelope) (m o : Nat) : Nat :=
  2 ^ (C.r + 2) + E.most * (lane E.bits E.high o - lane E.bits E.low m) -
    E.least * (lane E.bits E.low m - lane E.bits E.high o)

/-- Lane `o` of `baseLoss`. -/
def baseEntry (C : Tables) (K : Nat) (E : Envelope) (m o : Nat) : Nat :=
  directEntry C E m o + maxBelow (fun i => lossEntry C (C.OP i) m o) K

/-- Lane `o` of `anyLoss`. -/
def anyEntry (C : Tables) (m n o : Nat) : Nat :=
  maxBelow (fun t => lane C.w (C.OE t) o) n + maxBelow (fun t => 2 ^ C.r - lane C.w (C.OE t) m) n

section Losses

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.ValidLogits M H C) {E : Envelope} {a m o : Nat}
  (hE : E.Fits C.w M.d_vocab) (hr : E.most * 2 ^ E.bits ≤ 2 ^ (C.r + 2))

include hv in
theorem r_lt_half : 2 ^ C.r < C.half := by
  have h1 := hv.bias_room
  have := Nat.two_pow_pos C.r
  omega

include hr in
theorem scaled_le {scale x : Nat} (hs : scale ≤ E.most) (hx : x < 2 ^ E.bits) : scale * x ≤ 4 * 2 ^ C.r := by
  have h1 : scale * x ≤ E.most * 2 ^ E.bits := Nat.mul_le_mul hs (Nat.le_of_lt hx)
  rw [Nat.pow_add] at hr
  omega

include hr in
theorem directEntry_le (m o : Nat) : directEntry C E m o ≤ 8 * 2 ^ C.r := by
  have h1 := scaled_le hr (Nat.le_refl _) (Nat.lt_of_le_of_lt (Nat.sub_le _ (lane E.bits E.low m)) (lane_lt E.bits E.high o))
  unfold directEntry
  rw [Nat.pow_add]
  omega

include hv in
theorem maxPosition_lt (m : Nat) (ho : o < M.d_vocab) :
    maxBelow (fun i => lossEntry C (C.OP i) m o) M.n_ctx < 2 * 2 ^ C.r :=
  maxBelow_lt (Nat.mul_pos (by omega) (Nat.two_pow_pos _)) fun i hi => lossEntry_lt ((hv.OP_lt i hi).2 o ho)

include hv hr in
theorem baseEntry_lt (m : Nat) (ho : o < M.d_vocab) : baseEntry C M.n_ctx E m o < 10 * 2 ^ C.r := by
  have h1 := directEntry_le hr m o
  have h2 := maxPosition_lt hv m ho
  unfold baseEntry
  omega

include hv in
theorem anyEntry_le {n : Nat} (hn : n ≤ M.d_vocab) (m : Nat) (ho : o < M.d_vocab) : anyEntry C m n o ≤ 2 * 2 ^ C.r := by
  have h0 := Nat.two_pow_pos C.r
  have h1 := maxBelow_lt (f := fun t => lane C.w (C.OE t) o) h0 fun t (ht : t < n) => (hv.OE_lt t (by omega)).2 o ho
  have h2 := maxBelow_lt (f := fun t => 2 ^ C.r - lane C.w (C.OE t) m) (c := 2 ^ C.r + 1) (by omega)
    fun t (_ : t < n) => Nat.lt_succ_of_le (Nat.sub_le _ _)
  unfold anyEntry
  omega

include hE hr in
theorem directLoss_eq (hm : m < M.d_vocab) :
    directLoss C M.d_vocab E m = pack C.w (directEntry C E m) M.d_vocab := by
  have hb := hE.bits
  have hw : 0 < C.w := by omega
  have h1 : 2 ^ E.bits ≤ 2 ^ (C.w - 2) := Nat.pow_le_pow_right (by omega) (by omega)
  have h2 : 2 ^ (C.w - 2) < 2 ^ (C.w - 1) := Nat.pow_lt_pow_right (by omega) (by omega)
  have h3 := two_pow_eq hw
  have hlow := fun t => lane_lt E.bits E.low t
  have hhigh := fun t => lane_lt E.bits E.high t
  show 2 ^ (C.r + 2) * ones C.w M.d_vocab + E.most * monus C.w (guardBits C.w M.d_vocab) (widen C.w M.d_vocab E.bits E.high)
      (lane C.w (widen C.w M.d_vocab E.bits E.low) m * ones C.w M.d_vocab) -
    E.least * monus C.w (guardBits C.w M.d_vocab)
      (lane C.w (widen C.w M.d_vocab E.bits E.low) m * ones C.w M.d_vocab) (widen C.w M.d_vocab E.bits E.high) = _
  rw [hE.low_eq, hE.high_eq, lane_pack (fun t _ => by have := hlow t; omega) hm, ← pack_const, ← pack_const,
    monus_pack hw (fun t _ => by have := hhigh t; omega) (fun t _ => by have := hlow m; omega),
    monus_pack hw (fun t _ => by have := hlow m; omega) (fun t _ => by have := hhigh t; omega), ← pack_mul, ← pack_mul,
    ← pack_add, ← pack_sub]
  · rfl
  · intro o _
    have := scaled_le hr hE.least_le (Nat.lt_of_le_of_lt (Nat.sub_le _ (lane E.bits E.high o)) (hlow m))
    rw [Nat.pow_add]
    omega

include hv hE hr in
theorem baseLoss_eq (hm : m < M.d_vocab) :
    baseLoss C M.d_vocab M.n_ctx E m = pack C.w (baseEntry C M.n_ctx E m) M.d_vocab := by
  have hb := hv.bias_room
  have e : rowMax C M.d_vocab (fun i => lossOf C M.d_vocab (C.OP i) m) M.n_ctx =
      pack C.w (fun o => maxBelow (fun i => lossEntry C (C.OP i) m o) M.n_ctx) M.d_vocab :=
    rowMax_eq_pack hv.w_pos (fun i hi => lossOf_eq_pack (hv.OP_lt i hi).1 m) fun i o hi ho => by
      have := lossEntry_lt (m := m) ((hv.OP_lt i hi).2 o ho)
      omega
  show directLoss C M.d_vocab E m + _ = _
  rw [directLoss_eq hE hr hm, e, ← pack_add]
  rfl

include hv in
theorem anyLoss_eq {n : Nat} (hn : n ≤ M.d_vocab) (hm : m < M.d_vocab) :
    anyLoss C M.d_vocab m n = pack C.w (anyEntry C m n) M.d_vocab := by
  have hh := r_lt_half hv
  have h2 := hv.two_pow_w
  have e1 : rowMax C M.d_vocab C.OE n = pack C.w (fun o => maxBelow (fun t => lane C.w (C.OE t) o) n) M.d_vocab :=
    rowMax_eq_pack hv.w_pos (fun t ht => (pack_lane (hv.OE_lt t (by omega)).1).symm) fun t o ht ho => by
      have := (hv.OE_lt t (by omega)).2 o ho
      omega
  have e2 : rowMax C M.d_vocab (fun t => Nat.sub (Nat.mul (Nat.pow 2 C.r) (ones C.w M.d_vocab)) (C.OE t)) n =
      pack C.w (fun o => maxBelow (fun t => 2 ^ C.r - lane C.w (C.OE t) o) n) M.d_vocab :=
    rowMax_eq_pack hv.w_pos (fun t ht => by
      show 2 ^ C.r * ones C.w M.d_vocab - C.OE t = _
      rw [← pack_const, pack_sub fun o ho => Nat.le_of_lt ((hv.OE_lt t (by omega)).2 o ho),
        pack_lane (hv.OE_lt t (by omega)).1]) fun t o _ _ => Nat.lt_of_le_of_lt (Nat.sub_le _ _) hh
  have hlt : ∀ o, o < M.d_vocab → maxBelow (fun t => 2 ^ C.r - lane C.w (C.OE t) o) n < 2 ^ C.w := fun o _ =>
    maxBelow_lt (Nat.two_pow_pos _) fun t _ => Nat.lt_of_le_of_lt (Nat.sub_le _ _) (by omega)
  show rowMax C M.d_vocab C.OE n + lane C.w (rowMax C M.d_vocab _ n) m * ones C.w M.d_vocab = _
  rw [e1, e2, lane_pack hlt hm, ← pack_const, ← pack_add]
  rfl

/-! ## What they bound -/

include hr in
/-- What output `o` gains in the direct path. -/
theorem direct_le {d dm scale shift : Nat} (h1 : E.least ≤ scale) (h2 : scale ≤ E.most)
    (ho : d + shift ≤ scale * lane E.bits E.high o) (hm : scale * lane E.bits E.low m ≤ dm + shift) :
    d + 4 * 2 ^ C.r ≤ dm + directEntry C E m o := by
  unfold directEntry
  rw [Nat.pow_add]
  by_cases h : lane E.bits E.low m ≤ lane E.bits E.high o
  · have h3 : scale * (lane E.bits E.high o - lane E.bits E.low m) ≤ E.most * (lane E.bits E.high o - lane E.bits E.low m) :=
      Nat.mul_le_mul_right _ h2
    rw [Nat.sub_eq_zero_of_le h, Nat.mul_zero]
    rw [Nat.mul_sub scale] at h3
    omega
  · have h3 : E.least * (lane E.bits E.low m - lane E.bits E.high o) ≤ scale * (lane E.bits E.low m - lane E.bits E.high o) :=
      Nat.mul_le_mul_right _ h1
    have h4 := scaled_le hr (Nat.le_trans h1 h2)
      (Nat.lt_of_le_of_lt (Nat.sub_le _ (lane E.bits E.high o)) (lane_lt E.bits E.low m))
    have h5 := Nat.mul_le_mul_left scale (Nat.le_of_not_le h)
    rw [Nat.sub_eq_zero_of_le (Nat.le_of_not_le h), Nat.mul_zero, Nat.add_zero]
    rw [Nat.mul_sub scale] at h3
    omega

include hv hr in
/-- What one position gains for output `o`, if `y` bounds what its token gains. -/
theorem cInt_sub_le {n j i t y : Nat} (hD : E.Encloses M.d_vocab a n fun a o => lane C.w (C.D a) o) (hj : j < n)
    (ha : a + j < M.d_vocab) (hi : i < M.n_ctx) (ht : t < M.d_vocab) (hm : m < M.d_vocab) (ho : o < M.d_vocab)
    (hy : lane C.w (C.OE t) o + 2 ^ C.r ≤ lane C.w (C.OE t) m + y) :
    M.cInt H (a + j) t i o + 6 * ((2 ^ C.r : Nat) : Int) ≤
      M.cInt H (a + j) t i m + ((baseEntry C M.n_ctx E m o + y : Nat) : Int) := by
  obtain ⟨scale, shift, h1, h2, hrow⟩ := hD j hj
  have h3 : lane C.w (C.D (a + j)) o + 4 * 2 ^ C.r ≤ lane C.w (C.D (a + j)) m + directEntry C E m o :=
    direct_le hr h1 h2 (hrow o ho).2 (hrow m hm).1
  have h4 : lossEntry C (C.OP i) m o ≤ maxBelow (fun i => lossEntry C (C.OP i) m o) M.n_ctx :=
    le_maxBelow (f := fun i => lossEntry C (C.OP i) m o) hi
  have h5 := (hv.OP_lt i hi).2 m hm
  have h6 := hv.logits (a + j) i t m ha hi ht hm
  have h7 := hv.logits (a + j) i t o ha hi ht ho
  have h8 : lane C.w (C.OP i) o + (2 ^ C.r - lane C.w (C.OP i) m) ≤ _ := h4
  unfold baseEntry
  omega

include hv in
/-- The loss of a token. -/
theorem token_le {t : Nat} (ht : t < M.d_vocab) (hm : m < M.d_vocab) :
    lane C.w (C.OE t) o + 2 ^ C.r ≤ lane C.w (C.OE t) m + lossEntry C (C.OE t) m o := by
  have := (hv.OE_lt t ht).2 m hm
  unfold lossEntry
  omega

include hv in
/-- The loss of any token below `n`. -/
theorem any_le {n t : Nat} (ht : t < n) (hn : n ≤ M.d_vocab) (hm : m < M.d_vocab) :
    lane C.w (C.OE t) o + 2 ^ C.r ≤ lane C.w (C.OE t) m + anyEntry C m n o := by
  have h1 := (hv.OE_lt t (by omega)).2 m hm
  have h2 : lane C.w (C.OE t) o ≤ _ := le_maxBelow (f := fun t => lane C.w (C.OE t) o) ht
  have h3 : 2 ^ C.r - lane C.w (C.OE t) m ≤ _ := le_maxBelow (f := fun t => 2 ^ C.r - lane C.w (C.OE t) m) ht
  unfold anyEntry
  omega

end Losses

end

end LeanBound
