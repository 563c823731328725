module

public import LeanBound.Strategies.Convexity.ColumnsSound
public import LeanBound.Strategies.Tables.LogitsSound

/-! # Outputs that attention never gives: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace Plan

variable {p : Plan} {M : AttentionOnly} {H : Head} {c : Prefixes}

/-- What `checkPrefixes` establishes. -/
structure PrefixesChecked (p : Plan) (M : AttentionOnly) (H : Head) (c : Prefixes) : Prop where
  shapes : Shapes p M H
  widths : Widths p M H
  stride : c.bits ≤ p.stride
  bits : 2 ≤ c.bits
  queries : ∀ q, q ∈ c.queries → q ≤ M.d_vocab - 1
  tokens : ∀ t, t ∈ c.tokens → t ≤ M.d_vocab - 1

theorem prefixesChecked (h : p.checkPrefixes M H c = true) : PrefixesChecked p M H c := by
  simp only [checkPrefixes, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6⟩ := h
  exact ⟨shapes_sound h1, widths_sound h2, Nat.le_of_ble_eq_true h3, Nat.le_of_ble_eq_true h4, allAtMost_sound h5,
    allAtMost_sound h6⟩

/-- What `checkMixture` establishes, apart from the comparisons. -/
structure BarsChecked (p : Plan) (M : AttentionOnly) (c : Prefixes) (m : Mixture) : Prop where
  total : totalWeight m.weights * (2 ^ (p.narrow + 1) - 1) < 2 ^ (c.bits - 2)
  outputs : ∀ w ∈ m.weights, w.1 < M.d_vocab
  token : 2 ^ (c.bits - 2) ≤ m.token ∧ m.token ≤ 3 * 2 ^ (c.bits - 2)
  position : 2 ^ (c.bits - 2) ≤ m.position ∧ m.position ≤ 3 * 2 ^ (c.bits - 2)
  query : 2 ^ (c.bits - 2) ≤ queryBar c m ∧ queryBar c m ≤ 3 * 2 ^ (c.bits - 2)
  own : 2 ^ (c.bits - 2) ≤ ownBar c m ∧ ownBar c m ≤ 3 * 2 ^ (c.bits - 2)

theorem checkBar_sound {bar : Nat} (h : checkBar c bar = true) : 2 ^ (c.bits - 2) ≤ bar ∧ bar ≤ 3 * 2 ^ (c.bits - 2) := by
  simp only [checkBar, both_eq_true] at h
  exact ⟨Nat.le_of_ble_eq_true h.1, Nat.le_of_ble_eq_true h.2⟩

theorem outputsBelow_sound {V : Nat} {weights : List (Nat × Nat)}
    (h : List.rec (motive := fun _ => Bool) true (fun w _ ih => both (Nat.ble (Nat.succ w.1) V) ih) weights = true) :
    ∀ w ∈ weights, w.1 < V := by
  induction weights with
  | nil => exact fun w hw => absurd hw List.not_mem_nil
  | cons v weights ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    intro w hw
    rcases List.mem_cons.1 hw with rfl | hw
    · exact Nat.le_of_ble_eq_true h1
    · exact ih h2 w hw

theorem checkWeights_sound {weights : List (Nat × Nat)} (h : p.checkWeights M c weights = true) :
    totalWeight weights * (2 ^ (p.narrow + 1) - 1) < 2 ^ (c.bits - 2) ∧ ∀ w ∈ weights, w.1 < M.d_vocab := by
  simp only [checkWeights, both_eq_true] at h
  refine ⟨?_, ?_⟩
  · have h1 : totalWeight weights * 2 ^ (p.narrow + 1) ≤ 2 ^ (c.bits - 2) := Nat.le_of_ble_eq_true h.1
    have h2 := Nat.two_pow_pos (c.bits - 2)
    have h3 := Nat.two_pow_pos (p.narrow + 1)
    rw [Nat.mul_sub, Nat.mul_one]
    rcases Nat.eq_zero_or_pos (totalWeight weights) with h0 | h0
    · rw [h0] at h1 ⊢; omega
    · have := Nat.le_mul_of_pos_right (totalWeight weights) h3
      omega
  · exact outputsBelow_sound h.2

section Columns

variable (hc : PrefixesChecked p M H c)

include hc

theorem lanes_stride : p.narrow * M.d_vocab ≤ p.stride := hc.widths.lanes_le _ (by omega)

/-- An entry of a matrix product with its bias. -/
theorem entry_lt {x : Int} (h : x.natAbs ≤ p.quarter) : (x + (p.quarter : Int)).toNat < 2 ^ p.narrow := by
  have := hc.widths.lt_two_pow h
  have := Nat.two_pow_pos p.narrow
  omega

theorem attendedColumn_eq {o : Nat} (ho : o < M.d_vocab) : p.attendedColumn M H o = pack p.stride (fun i =>
    ((if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) + (p.quarter : Int)).toNat) (M.d_vocab + M.n_ctx) := by
  obtain ⟨g, b⟩ := o_grid hc.shapes hc.widths
  show Nat.land (Nat.shiftRight (p.oGrid M H) _) (laneMask _ _ (M.d_vocab + M.n_ctx)) = _
  rw [g.1]
  exact packGrid_column (lanes_stride hc) (fun i o hi ho => entry_lt hc (b i o hi ho)) ho

theorem directColumn_eq {o : Nat} (ho : o < M.d_vocab) : p.directColumn M H o = pack p.stride (fun a =>
    (M.dir H a o + (p.quarter : Int)).toNat) M.d_vocab := by
  obtain ⟨g, b⟩ := direct_grid hc.shapes hc.widths
  show Nat.land (Nat.shiftRight (p.directGrid M H) _) (laneMask _ _ M.d_vocab) = _
  rw [g.1]
  exact packGrid_column (lanes_stride hc) (fun i o hi ho => entry_lt hc (b i o hi ho)) ho

theorem ownColumn_eq {o : Nat} (ho : o < M.d_vocab) : p.ownColumn M H o = pack p.stride (fun i =>
    (if i < M.d_vocab then (M.dir H i o + (p.quarter : Int)).toNat else 0) +
    ((if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) + (p.quarter : Int)).toNat) (M.d_vocab + M.n_ctx) := by
  rw [pack_add, ← attendedColumn_eq hc ho, pack_pad (Nat.le_add_right _ _), ← directColumn_eq hc ho]
  rfl

variable {o : Nat} {m : Mixture} (hb : BarsChecked p M c m) (ho : o < M.d_vocab)

include hb ho

theorem attended_gap {i bar : Nat} (hi : i < M.d_vocab + M.n_ctx)
    (hbar : 2 ^ (c.bits - 2) ≤ bar ∧ bar ≤ 3 * 2 ^ (c.bits - 2))
    (h : (aheadBy p.stride (rows M) (p.attendedColumn M H) m.weights o bar).testBit (p.stride * i + (c.bits - 1)) = true) :
    2 * ((2 ^ (c.bits - 2) : Nat) : Int) ≤
      mixedGap m.weights (fun o => if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) o + (bar : Int) := by
  obtain ⟨_, b⟩ := o_grid hc.shapes hc.widths
  refine aheadBy_sound (b := (p.quarter : Int))
    (g := fun i o => if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) hc.bits hc.stride
    (fun o ho => attendedColumn_eq hc ho) (fun i o hi ho => ?_) (fun o ho => ?_) hb.outputs hb.total hbar.1 hbar.2 hi ho h
  · have := entry_lt hc (b i o hi ho)
    rw [Nat.pow_succ]
    omega
  · have := b i o hi ho
    exact Int.toNat_of_nonneg (by omega)

theorem query_gap {a : Nat} (ha : a < M.d_vocab)
    (h : (aheadBy p.stride M.d_vocab (p.directColumn M H) m.weights o (queryBar c m)).testBit
      (p.stride * a + (c.bits - 1)) = true) :
    2 * ((2 ^ (c.bits - 2) : Nat) : Int) ≤ mixedGap m.weights (M.dir H a) o + (queryBar c m : Int) := by
  obtain ⟨_, b⟩ := direct_grid hc.shapes hc.widths
  refine aheadBy_sound (b := (p.quarter : Int)) (g := M.dir H) hc.bits hc.stride
    (fun o ho => directColumn_eq hc ho) (fun i o hi ho => ?_) (fun o ho => ?_) hb.outputs hb.total hb.query.1 hb.query.2 ha ho h
  · have := entry_lt hc (b i o hi ho)
    rw [Nat.pow_succ]
    omega
  · have := b a o ha ho
    exact Int.toNat_of_nonneg (by omega)

theorem own_gap {a : Nat} (ha : a < M.d_vocab)
    (h : (aheadBy p.stride (rows M) (p.ownColumn M H) m.weights o (ownBar c m)).testBit
      (p.stride * a + (c.bits - 1)) = true) :
    2 * ((2 ^ (c.bits - 2) : Nat) : Int) ≤ mixedGap m.weights (fun o => M.dir H a o + M.oE H a o) o + (ownBar c m : Int) := by
  obtain ⟨_, bo⟩ := o_grid hc.shapes hc.widths
  obtain ⟨_, bd⟩ := direct_grid hc.shapes hc.widths
  have e := aheadBy_sound (b := 2 * (p.quarter : Int)) (i := a) (m := M.d_vocab)
    (g := fun i o => M.dir H i o + if i < M.d_vocab then M.oE H i o else M.oP H (i - M.d_vocab) o) hc.bits hc.stride
    (fun o ho => ownColumn_eq hc ho) (fun i o hi ho => ?_) (fun o ho => ?_) hb.outputs hb.total hb.own.1 hb.own.2
    (show a < M.d_vocab + M.n_ctx by omega) ho h
  · simpa only [ha, if_true] using e
  · have h1 := entry_lt hc (bo i o hi ho)
    rw [Nat.pow_succ]
    split
    · have h2 := entry_lt hc (bd i o ‹_› ho)
      simp only [*, if_true] at h1
      omega
    · simp only [*, if_false] at h1
      omega
  · have h1 := bo a o (by omega) ho
    have h2 := bd a o ha ho
    simp only [ha, if_true] at h1 ⊢
    rw [Int.natCast_add, Int.toNat_of_nonneg (by omega), Int.toNat_of_nonneg (by omega)]
    omega

end Columns

/-! ## Mixtures -/

section Mixtures

variable (hc : PrefixesChecked p M H c) {o q : Nat} {m : Mixture} (ho : o < M.d_vocab) (hq : q ∈ c.queries)
  (h : (p.settled M H c o m).testBit (p.stride * q + (c.bits - 1)) = true)

include hc ho hq h

/-- Wherever the attention goes, the mixture is ahead of `o`. -/
theorem settled_gaps : (∀ w ∈ m.weights, w.1 < M.d_vocab) ∧
    (∀ t ∈ c.tokens, ∀ i, i < M.n_ctx → 0 < mixedGap m.weights (M.cInt H q t i) o) ∧
    (0 < M.n_ctx → 0 < mixedGap m.weights (M.cInt H q q (M.n_ctx - 1)) o) := by
  have hq : q < M.d_vocab := by have := hc.queries q hq; omega
  have h' : (cond (p.checkMixture M H c o m)
    (aheadBy p.stride M.d_vocab (p.directColumn M H) m.weights o (queryBar c m) &&&
      aheadBy p.stride (rows M) (p.ownColumn M H) m.weights o (ownBar c m)) 0).testBit
      (p.stride * q + (c.bits - 1)) = true := h
  cases hm : p.checkMixture M H c o m with
  | false => rw [hm, cond_false, Nat.zero_testBit] at h'; exact absurd h' (by simp)
  | true =>
    rw [hm, cond_true, Nat.testBit_and, Bool.and_eq_true] at h'
    simp only [checkMixture, both_eq_true] at hm
    obtain ⟨hw, h1, h2, h3, h4, ht, hp⟩ := hm
    obtain ⟨hw, hlt⟩ := checkWeights_sound hw
    have hb : BarsChecked p M c m := ⟨hw, hlt, checkBar_sound h1, checkBar_sound h2, checkBar_sound h3, checkBar_sound h4⟩
    have gq := query_gap hc hb ho hq h'.1
    have go := own_gap hc hb ho hq h'.2
    have eq : queryBar c m = 6 * 2 ^ (c.bits - 2) - 1 - (m.token + m.position) := rfl
    have eo : ownBar c m = 4 * 2 ^ (c.bits - 2) - 1 - m.position := rfl
    have bq := hb.query.1
    have bo := hb.own.1
    have pos := Nat.two_pow_pos (c.bits - 2)
    have gp : ∀ i, i < M.n_ctx → 2 * ((2 ^ (c.bits - 2) : Nat) : Int) ≤ mixedGap m.weights (M.oP H i) o + (m.position : Int) :=
      fun i hi => by
        have := attended_gap hc hb ho (show M.d_vocab + i < M.d_vocab + M.n_ctx by omega) hb.position
          (hasBits_sound hp (testBit_bitsOf (mem_numbersFrom hi)))
        simpa only [show ¬ M.d_vocab + i < M.d_vocab by omega, if_false, Nat.add_sub_cancel_left] using this
    refine ⟨hlt, fun t ht' i hi => ?_, fun hK => ?_⟩
    · have htV : t < M.d_vocab := by have := hc.tokens t ht'; omega
      have gt : 2 * ((2 ^ (c.bits - 2) : Nat) : Int) ≤ mixedGap m.weights (M.oE H t) o + (m.token : Int) := by
        have := attended_gap hc hb ho (show t < M.d_vocab + M.n_ctx by omega) hb.token
          (hasBits_sound ht (testBit_bitsOf ht'))
        simpa only [htV, if_true] using this
      have gp := gp i hi
      rw [mixedGap_congr (cInt_decomp M H q t i), mixedGap_add, mixedGap_add]
      omega
    · have gp := gp (M.n_ctx - 1) (by omega)
      rw [mixedGap_congr (cInt_decomp M H q q _), mixedGap_add]
      omega

end Mixtures

theorem testBit_settledBy {o b : Nat} {ms : List Mixture} (h : (p.settledBy M H c o ms).testBit b = true) :
    ∃ m, m ∈ ms ∧ (p.settled M H c o m).testBit b = true := by
  induction ms with
  | nil => exact absurd h (by simp [settledBy])
  | cons m ms ih =>
    have h : (p.settled M H c o m ||| p.settledBy M H c o ms).testBit b = true := h
    rw [Nat.testBit_or, Bool.or_eq_true] at h
    rcases h with h | h
    · exact ⟨m, List.mem_cons_self, h⟩
    · obtain ⟨m, hm, h⟩ := ih h
      exact ⟨m, List.mem_cons_of_mem _ hm, h⟩

end Plan

/-! ## From outputs to the claim -/

/-- Checked outputs are never given, at any length. -/
theorem convexity_never {M : AttentionOnly} {H : Head} {p : Plan} {c : Prefixes} (hM : M.heads = [H])
    (hA : AttentionOnly.aligned M H = true) (hK : Nat.ble 1 M.n_ctx = true) (hc : p.checkPrefixes M H c = true)
    {certificate : List (Nat × List Mixture)} (h : p.checkOutputs M H c certificate = true) :
    M.NeverAtAnyLength c.queries c.tokens (excludedOutputs certificate) := by
  have hK : 0 < M.n_ctx := Nat.le_of_ble_eq_true hK
  have hc := Plan.prefixesChecked hc
  intro F _ ps x hx hps ht q hq
  induction certificate with
  | nil => exact fun o ho => absurd ho List.not_mem_nil
  | cons e certificate ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    intro o ho
    rcases List.mem_cons.1 ho with rfl | ho
    · simp only [Plan.checkOutput, both_eq_true] at h1
      have hlt : e.1 < M.d_vocab := Nat.le_of_ble_eq_true h1.1
      obtain ⟨m, _, hm⟩ := Plan.testBit_settledBy (hasBits_sound h1.2 (testBit_bitsOf hq))
      obtain ⟨hw, hgap, hown⟩ := Plan.settled_gaps hc hlt hq hm
      exact AttentionOnly.excludes_of_gaps hM (AttentionOnly.aligned_sound M H hA) hK hx hps hw
        (fun t htx i hi => hgap t (ht t htx) i hi) (hown hK)
    · exact ih h2 o ho

/-- Two lists of outputs that are never given. -/
theorem AttentionOnly.NeverAtAnyLength.append {M : AttentionOnly} {queries tokens os os' : List Nat}
    (h : M.NeverAtAnyLength queries tokens os) (h' : M.NeverAtAnyLength queries tokens os') :
    M.NeverAtAnyLength queries tokens (os ++ os') := by
  intro F _ ps x hx hps ht q hq o ho
  rcases List.mem_append.1 ho with ho | ho
  · exact h F ps x hx hps ht q hq o ho
  · exact h' F ps x hx hps ht q hq o ho

end

end LeanBound
