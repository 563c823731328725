module

public import LeanBound.Strategies.Linear.LogitsSound

/-! # Proof of max-of-K linear in the vocabulary: soundness for classes and pools -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace LinearPool

variable {P : LinearPool} {p : Plan} {M : AttentionOnly} {H : Head} {a n : Nat}

/-- What the check of a pool establishes. -/
structure Valid (P : LinearPool) (p : Plan) (M : AttentionOnly) (H : Head) (a n : Nat) : Prop where
  rooms : P.Rooms p M
  queries_le : a + n ≤ M.d_vocab
  exps : 2 * p.P + 1 ≤ p.w
  fits : P.attention.Fits p.w M.d_vocab
  decreasing : ∀ s t, s ≤ t → t < M.d_vocab → lane P.attention.bits P.attention.low t ≤ lane P.attention.bits P.attention.low s
  attends : P.attention.Attends M H 0 a n
  residual : allBelow (P.checkResidual p M H a n) M.d_model = true
  unembed : allBelow (P.checkUnembed p M) M.d_model = true
  value : allBelow (P.checkValue p M H) M.d_model = true

variable (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)

include hs hw

theorem check_sound (h : P.check p M H a n = true) : P.Valid p M H a n := by
  simp only [check, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13⟩ := h
  have hE := Envelope.fits_sound h8
  have h1 : a + n ≤ M.d_vocab := Nat.le_of_ble_eq_true h1
  have h3 : p.narrow + 4 ≤ p.w := Nat.le_of_ble_eq_true h3
  refine ⟨⟨h3, Nat.le_of_ble_eq_true h4, Nat.le_of_ble_eq_true h5, Nat.le_of_ble_eq_true h6, Nat.le_of_ble_eq_true h7⟩, h1,
    Nat.le_of_ble_eq_true h2, hE, fun s t hst ht => ?_, Factors.check_sound hs hw hE.low_lt hE.high_lt h1 h10, h11, h12, h13⟩
  rw [hE.low_eq] at h9
  have hb := hE.bits
  have hb' : 2 ^ P.attention.bits ≤ 2 ^ (p.w - 1) := Nat.pow_le_pow_right (by omega) (by omega)
  exact decreasing_sound (C := p.tables M H) (show 0 < p.w by omega)
    (fun t _ => Nat.lt_of_lt_of_le (lane_lt ..) hb') h9 hst ht

/-- A class that holds is right. -/
theorem class_sound (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx) {X : Exponentials}
    (hX : Exponentials.Valid M H (p.tables M H) X) (hP : P.Valid p M H a n) (F : Type) [ExpField F] {m j k : Nat} {y : List Nat}
    (hm : m < M.d_vocab) (hj : j + 2 < gapRows) (h : P.classHolds p M H (p.tables M H) X m j = true) (hk : k < n)
    (hy : y ∈ sequences M.d_vocab (M.n_ctx - 1)) (hall : ∀ t ∈ y ++ [a + k], t = m ∨ t < m - j) (hmem : m ∈ y ++ [a + k]) :
    M.classifier.Correct F (y ++ [a + k]) (maxToken (y ++ [a + k])) := by
  have hr := hP.rooms
  have haV : a + k < M.d_vocab := by have := hP.queries_le; omega
  have hx := snoc_mem_sequences hn haV hy
  obtain ⟨hlen, _⟩ := mem_sequences.1 hx
  simp only [classHolds, both_eq_true] at h
  obtain ⟨h1, h2, h3⟩ := h
  have hspread : 0 ≤ 2 ^ ((p.tables M H).w - 2) := Nat.zero_le _
  obtain ⟨hg, hgX⟩ := gapBounded_sound (C := p.tables M H) hP.fits hspread hm h1
  let e := expNeg p.P X.consts (gapEntry P.attention 0 (j + 1) m) + p.err
  let L := P.directReach M + P.tokenReach p M + P.loss
  let W := (M.n_ctx - 1) * e
  have hW : relativeWeight (p.tables M H) X M.d_vocab M.n_ctx P.attention 0 m (j + 1) = W := by
    show (M.n_ctx - 1) * (lane p.w (ratios (p.tables M H) X M.d_vocab P.attention 0) ((j + 1) * M.d_vocab + m) + p.err) = _
    rw [show lane p.w (ratios (p.tables M H) X M.d_vocab P.attention 0) ((j + 1) * M.d_vocab + m) = _ from
      ratios_lane (C := p.tables M H) hP.fits hspread hP.exps hX.consts_le (by omega) hm]
    rfl
  have hneed : P.neededGain p M (p.tables M H) X m j = P.directReach M + ((W * L) >>> p.P + 1) := by
    show P.directReach M + ((relativeWeight (p.tables M H) X M.d_vocab M.n_ctx P.attention 0 m (j + 1) * L) >>> p.P + 1) = _
    rw [hW]
  rw [hneed] at h2 h3
  have h2 := Nat.le_of_ble_eq_true h2
  rw [maxToken_of_gap (Nat.sub_le m j) hall hmem]
  have entry : ∀ i, i < M.n_ctx → (y ++ [a + k]).getD i 0 ∈ y ++ [a + k] := fun i hi => by
    rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem (by omega), Option.getD_some]
    exact List.getElem_mem _
  obtain ⟨l, hl, el⟩ := List.getElem_of_mem hmem
  have gains := fun i (hi : i < M.n_ctx) o (ho : o < M.d_vocab) =>
    gains_sound hs hw hr (C := p.tables M H) rfl hm h2 (allBelow_sound h3 hi) (o := o) ho
  have direct := fun o (ho : o < M.d_vocab) => dir_ge hs hw hr hP.queries_le hP.residual hP.unembed hk hm ho
  refine correct_of_losses hM hA hn F (j := l) (P := p.P) (getD_snoc hy _) (by omega)
    (by rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem hl, Option.getD_some, el]) fun o ho hom => ?_
  refine ⟨(W * L) >>> p.P + 1, e * L, ?_, fun i hi => ?_, fun i hi hne => ?_⟩
  · rw [← Nat.mul_assoc, Nat.shiftRight_eq_div_pow]
    exact Nat.lt_mul_div_succ (W * L) (Nat.two_pow_pos p.P)
  · have h4 := (gains i hi o ho).2 hom
    have h5 := direct o ho
    rw [cInt_decomp, cInt_decomp]
    omega
  · generalize hti : (y ++ [a + k]).getD i 0 = t at hne ⊢
    have ht : t < m - j := (hall t (hti ▸ entry i hi)).resolve_left hne
    refine ⟨e, L, gapEntry P.attention 0 (j + 1) m, Nat.le_refl _, ?_,
      gapEntry_sound hP.attends hP.decreasing hk hm (by omega) (by omega) hi hg, hX.exp_le F _ hgX⟩
    have h4 := (gains i hi o ho).1
    have h5 := direct o ho
    have h6 := token_ge hs hw hr hP.value (t := t) hm ho
    rw [cInt_decomp, cInt_decomp]
    simp only [L]
    omega

end LinearPool

/-- The certificate of a pool proves as many inputs as the checker counts. -/
theorem pool_of_linear {M : AttentionOnly} {H : Head} {p : Plan} (hM : M.heads = [H]) (hA : AttentionOnly.aligned M H = true)
    (hn : 0 < M.n_ctx) (hc : checkWeightPlan p M H = true) {P : LinearPool} {a n N : Nat}
    (h : Nat.ble N (P.size p M H a n) = true) : ProvedQueries M a n N := by
  simp only [checkWeightPlan, both_eq_true] at hc
  obtain ⟨hs, hw, hconsts⟩ := hc
  have hs := Plan.shapes_sound hs
  have hw := Plan.widths_sound hw
  intro F _
  refine Nat.le_trans (Nat.le_of_ble_eq_true h) ?_
  unfold LinearPool.size
  cases hP : P.check p M H a n with
  | false => exact Nat.zero_le _
  | true =>
    exact classSum_le (p := fun x => M.classifier.Correct F x (maxToken x)) fun m j k y hm hj hh hk hy =>
      LinearPool.class_sound hs hw hM (AttentionOnly.aligned_sound M H hA) hn (Plan.exponentials_valid hconsts)
        (LinearPool.check_sound hs hw hP) F hm hj hh hk hy

end

end LeanBound
