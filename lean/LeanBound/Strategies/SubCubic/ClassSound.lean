module

public import LeanBound.Strategies.SubCubic.PoolSound

/-! # Sub-cubic proof of max-of-K: soundness for one class -/

@[expose] public section

namespace LeanBound

noncomputable section

section Class

variable {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} (hv : Tables.ValidLogits M H C)
  (hX : Exponentials.Valid M H C X) {p : Pool} {a n : Nat} (hp : p.Valid M H C a n) {m j o : Nat}

include hv hp in
/-- Gains stay inside their lanes. -/
theorem gain_lt (x : Nat) : 2 ^ C.P * (6 * 2 ^ C.r - x) < C.half := by
  have h1 : 2 ^ C.P * (6 * 2 ^ C.r - x) ≤ 2 ^ C.P * (6 * 2 ^ C.r) := Nat.mul_le_mul_left _ (Nat.sub_le _ _)
  have h2 : 1 * 2 ^ (C.P + (C.r + 6)) ≤ M.n_ctx * 2 ^ (C.P + (C.r + 6)) := Nat.mul_le_mul_right _ hv.n_ctx_pos
  have h3 : 0 < 2 ^ C.P * 2 ^ C.r := Nat.mul_pos (Nat.two_pow_pos _) (Nat.two_pow_pos _)
  have h4 := hp.room
  rw [Nat.mul_left_comm] at h1
  rw [two_pow_room] at h2 h4
  generalize 2 ^ C.P * (6 * 2 ^ C.r - x) = y at *
  generalize 2 ^ C.P * 2 ^ C.r = z at *
  omega

include hv hX hp

/-- What `classHolds` says about one output. -/
theorem classHolds_spec (hm : m < M.d_vocab) (hj : j + 2 < gapRows)
    (h : classHolds C X M.d_vocab M.n_ctx p m j = true) :
    (∀ g, g = j + 1 ∨ g = j + 2 →
      1 ≤ gapEntry p.attention p.spread g m ∧ gapEntry p.attention p.spread g m < 2 ^ X.bits) ∧
    ∀ o, o < M.d_vocab → o ≠ m →
      baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE m) m o ≤ 6 * 2 ^ C.r ∧
      (M.n_ctx - 1) * lostEntry C X M.n_ctx p m j o <
        2 ^ C.P * (6 * 2 ^ C.r - (baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE m) m o)) := by
  simp only [classHolds, outweighs, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4⟩ := h
  refine ⟨fun g hg => ?_, ?_⟩
  · rcases hg with rfl | rfl
    · exact gapBounded_sound hp.attention hp.spread_le hm h1
    · exact gapBounded_sound hp.attention hp.spread_le hm h2
  have hbase := fun o ho => baseEntry_lt hv hp.direct_room (o := o) m ho
  have hloss : ∀ t o, t < M.d_vocab → o < M.d_vocab → lossEntry C (C.OE t) m o < 2 * 2 ^ C.r := fun t o ht ho =>
    lossEntry_lt ((hv.OE_lt t ht).2 o ho)
  have hroom := hv.bias_room
  have hhalf := hv.two_pow_w
  have e0 := baseLoss_eq hv hp.direct hp.direct_room hm
  have eT : ∀ t, t < M.d_vocab → Nat.add (baseLoss C M.d_vocab M.n_ctx p.direct m) (lossOf C M.d_vocab (C.OE t) m) =
      pack C.w (fun o => baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE t) m o) M.d_vocab := fun t ht => by
    rw [e0, lossOf_eq_pack (hv.OE_lt t ht).1, pack_add]
    rfl
  have eA : Nat.add (baseLoss C M.d_vocab M.n_ctx p.direct m) (anyLoss C M.d_vocab m (m - (j + 1))) =
      pack C.w (fun o => baseEntry C M.n_ctx p.direct m o + anyEntry C m (m - (j + 1)) o) M.d_vocab := by
    rw [e0, anyLoss_eq hv (by omega) hm, pack_add]
    rfl
  have eB : poolBias C M.d_vocab = pack C.w (fun _ => 6 * 2 ^ C.r) M.d_vocab := (pack_const ..).symm
  have above : ∀ f : Nat → Nat, (∀ o, o < M.d_vocab → f o < C.half) →
      aboveBias C M.d_vocab (pack C.w f M.d_vocab) = pack C.w (fun o => f o - 6 * 2 ^ C.r) M.d_vocab := fun f hf => by
    show monus C.w (guardBits C.w M.d_vocab) (pack C.w f M.d_vocab) (poolBias C M.d_vocab) = _
    rw [eB]
    exact monus_pack hv.w_pos hf fun _ _ => by show _ < C.half; omega
  have hnear : ∀ t, t < M.d_vocab → ∀ o, o < M.d_vocab →
      baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE t) m o < 12 * 2 ^ C.r := fun t ht o ho => by
    have := hbase o ho; have := hloss t o ht ho; omega
  have hany : ∀ o, o < M.d_vocab →
      baseEntry C M.n_ctx p.direct m o + anyEntry C m (m - (j + 1)) o < 12 * 2 ^ C.r := fun o ho => by
    have := hbase o ho; have := anyEntry_le hv (n := m - (j + 1)) (by omega) m ho; omega
  let own o := if o = m then 0 else baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE m) m o
  have hown12 : ∀ o, o < M.d_vocab → own o < 12 * 2 ^ C.r := fun o ho => by
    have := hnear m hm o ho
    simp only [own]
    split <;> omega
  have eOwn : clear C M.d_vocab m (Nat.add (baseLoss C M.d_vocab M.n_ctx p.direct m) (lossOf C M.d_vocab (C.OE m) m)) =
      pack C.w own M.d_vocab := by
    rw [eT m hm]
    exact clear_pack hm fun o ho => by have := hnear m hm o ho; omega
  have hown : ∀ o, o < M.d_vocab → own o ≤ 6 * 2 ^ C.r := by
    intro o ho
    have h := Nat.eq_of_beq_eq_true h3
    rw [eOwn, above _ fun o ho => by have := hown12 o ho; omega] at h
    exact Nat.le_of_sub_eq_zero (eq_zero_of_pack (fun o ho => by have := hown12 o ho; omega) h ho)
  have h4 : atMost C.w M.d_vocab (clear C M.d_vocab m (laneMax C.w (guardBits C.w M.d_vocab)
        (relativeWeight C X M.d_vocab M.n_ctx p.attention p.spread m (j + 1) * aboveBias C M.d_vocab (Nat.add
          (baseLoss C M.d_vocab M.n_ctx p.direct m) (lossOf C M.d_vocab (C.OE (m - (j + 1))) m)))
        (relativeWeight C X M.d_vocab M.n_ctx p.attention p.spread m (j + 2) * aboveBias C M.d_vocab (Nat.add
          (baseLoss C M.d_vocab M.n_ctx p.direct m) (anyLoss C M.d_vocab m (m - (j + 1)))))) +
        (ones C.w M.d_vocab - 2 ^ (C.w * m)))
      (2 ^ C.P * (poolBias C M.d_vocab - clear C M.d_vocab m (Nat.add (baseLoss C M.d_vocab M.n_ctx p.direct m)
        (lossOf C M.d_vocab (C.OE m) m)))) = true := h4
  let near o := (M.n_ctx - 1) * relativeEntry C X p.attention p.spread m (j + 1) *
    (baseEntry C M.n_ctx p.direct m o + lossEntry C (C.OE (m - (j + 1))) m o - 6 * 2 ^ C.r)
  let any o := (M.n_ctx - 1) * relativeEntry C X p.attention p.spread m (j + 2) *
    (baseEntry C M.n_ctx p.direct m o + anyEntry C m (m - (j + 1)) o - 6 * 2 ^ C.r)
  have hnear' : ∀ o, o < M.d_vocab → near o + 1 < C.half := fun o ho => by
    have := weighted_lt hX hp (m := m) (j + 1) (Nat.lt_of_le_of_lt (Nat.sub_le _ (6 * 2 ^ C.r))
      (hnear (m - (j + 1)) (by omega) o ho))
    rwa [← Nat.mul_assoc] at this
  have hany' : ∀ o, o < M.d_vocab → any o + 1 < C.half := fun o ho => by
    have := weighted_lt hX hp (m := m) (j + 2) (Nat.lt_of_le_of_lt (Nat.sub_le _ (6 * 2 ^ C.r)) (hany o ho))
    rwa [← Nat.mul_assoc] at this
  have hmaxlt : ∀ o, o < M.d_vocab → max (near o) (any o) < 2 ^ C.w := fun o ho => by
    have := hnear' o ho
    have := hany' o ho
    omega
  rw [relativeWeight_eq hX hp (by omega) hm, relativeWeight_eq hX hp hj hm, eT _ (by omega), eA, eOwn, eB,
    above _ fun o ho => by have := hnear (m - (j + 1)) (by omega) o ho; omega,
    above _ fun o ho => by have := hany o ho; omega, ← pack_mul, ← pack_mul,
    laneMax_pack (f := near) (g := any) hv.w_pos (fun o ho => by have := hnear' o ho; show _ < C.half; omega)
      (fun o ho => by have := hany' o ho; show _ < C.half; omega),
    clear_pack hm fun o ho => hmaxlt o ho, others_eq_pack hm, ← pack_add, ← pack_sub fun o ho => hown o ho, ← pack_mul] at h4
  have hlost : ∀ o, o < M.d_vocab → (if o = m then 0 else max (near o) (any o)) + (if o = m then 0 else 1) < C.half :=
    fun o ho => by
      have := hnear' o ho
      have := hany' o ho
      split <;> omega
  intro o ho hom
  have h5 := atMost_pack hv.w_pos hlost (fun o _ => gain_lt hv hp _) h4 ho
  have hown := hown o ho
  simp only [own, if_neg hom] at h5 hown
  refine ⟨hown, Nat.lt_of_lt_of_le (Nat.lt_succ_of_le (Nat.le_of_eq ?_)) h5⟩
  show _ = max (near o) (any o)
  unfold lostEntry
  rw [← Nat.mul_max_mul_left, ← Nat.mul_assoc, ← Nat.mul_assoc]

end Class

/-- A class that holds is right. -/
theorem class_sound {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} (hv : Tables.ValidLogits M H C)
    (hX : Exponentials.Valid M H C X) {p : Pool} {a n m j : Nat} (hp : p.Valid M H C a n) (F : Type) [ExpField F]
    (hm : m < M.d_vocab) (hj : j + 2 < gapRows) (h : classHolds C X M.d_vocab M.n_ctx p m j = true) {k : Nat}
    (hk : k < n) {y : List Nat} (hy : y ∈ sequences M.d_vocab (M.n_ctx - 1)) (hall : ∀ t ∈ y ++ [a + k], t = m ∨ t < m - j)
    (hmem : m ∈ y ++ [a + k]) : M.classifier.Correct F (y ++ [a + k]) (maxToken (y ++ [a + k])) := by
  have hK := hv.n_ctx_pos
  have haV : a + k < M.d_vocab := by have := hp.queries_le; omega
  have hx := snoc_mem_sequences hK haV hy
  obtain ⟨hlen, _⟩ := mem_sequences.1 hx
  obtain ⟨hgaps, hspec⟩ := classHolds_spec hv hX hp hm hj h
  rw [maxToken_of_gap (Nat.sub_le m j) hall hmem]
  have entry : ∀ i, i < M.n_ctx → (y ++ [a + k]).getD i 0 ∈ y ++ [a + k] := fun i hi => by
    rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem (by omega), Option.getD_some]
    exact List.getElem_mem _
  obtain ⟨l, hl, e⟩ := List.getElem_of_mem hmem
  refine correct_of_losses hv.heads hv.aligned hK F (j := l) (P := C.P) (getD_snoc hy _) (by omega)
    (by rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem hl, Option.getD_some, e]) fun o ho hom => ?_
  obtain ⟨hown, hlt⟩ := hspec o ho hom
  have cInt_le := fun {i t z : Nat} hi ht hz => cInt_sub_le (y := z) hv hp.direct_room hp.encloses hk (i := i) (t := t)
    haV hi ht hm ho hz
  refine ⟨_, _, hlt, fun i hi => ?_, fun i hi hne => ?_⟩
  · have := cInt_le hi hm (token_le hv hm hm)
    omega
  · generalize hti : (y ++ [a + k]).getD i 0 = t at hne ⊢
    have ht : t < m - j := (hall t (hti ▸ entry i hi)).resolve_left hne
    have gap := fun {g : Nat} hg h1 => gapEntry_sound hp.attends hp.decreasing hk hm (g := g) (t := t) hg
      (show l < M.n_ctx by omega) hi h1
    by_cases hnear : t = m - (j + 1)
    · obtain ⟨h1, hb⟩ := hgaps (j + 1) (.inl rfl)
      refine ⟨_, _, _, Nat.le_max_left _ _, ?_, gap (by omega) h1, hX.exp_le F _ hb⟩
      have := cInt_le hi (show t < M.d_vocab by omega) (token_le hv (by omega) hm)
      rw [hnear] at this ⊢
      omega
    · obtain ⟨h1, hb⟩ := hgaps (j + 2) (.inr rfl)
      refine ⟨_, _, _, Nat.le_max_right _ _, ?_, gap (by omega) h1, hX.exp_le F _ hb⟩
      have := cInt_le hi (show t < M.d_vocab by omega) (any_le hv (show t < m - (j + 1) by omega) (by omega) hm)
      omega

end

end LeanBound
