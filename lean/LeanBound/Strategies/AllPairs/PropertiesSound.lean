module

public import LeanBound.Numerics.LaneSum
public import LeanBound.Properties.Agreement
public import LeanBound.Properties.Failures
public import LeanBound.Properties.Never
public import LeanBound.Properties.WeightedSums
public import LeanBound.Strategies.AllPairs.Properties
public import LeanBound.Strategies.AllPairs.Soundness

/-! # All pairs of tokens through an MLP: soundness for further properties -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Membership -/

theorem either_eq_true {a b : Bool} : either a b = true ↔ a = true ∨ b = true := by cases a <;> simp [either]

theorem among_iff {n : Nat} {xs : List Nat} : among n xs = true ↔ n ∈ xs := by
  induction xs with
  | nil => simp [among]
  | cons x xs ih =>
    show either (Nat.beq x n) (among n xs) = true ↔ _
    rw [either_eq_true, ih, List.mem_cons, Nat.beq_eq, eq_comm]

theorem amongPairs_sound {a b : Nat} {xs : List (Nat × Nat)} (h : amongPairs a b xs = true) : (a, b) ∈ xs := by
  induction xs with
  | nil => exact absurd h (by simp [amongPairs])
  | cons x xs ih =>
    have h : either (both (Nat.beq x.1 a) (Nat.beq x.2 b)) (amongPairs a b xs) = true := h
    rw [either_eq_true, both_eq_true, Nat.beq_eq, Nat.beq_eq] at h
    rcases h with ⟨rfl, rfl⟩ | h
    · exact List.mem_cons_self
    · exact List.mem_cons_of_mem _ (ih h)

/-! ## Rows -/

/-- What `isBeaten` says of packed entries below the guard bits. -/
theorem isBeaten_sound {l m o : Nat} {e : Nat → Nat} (hl : 0 < l) (he : ∀ o, o < m → e o < 2 ^ (l - 1))
    (h : isBeaten l m o (pack l e m) = true) : o < m ∧ ∃ y, y < m ∧ e o < e y := by
  have hp := two_pow_eq hl
  have hh := Nat.two_pow_pos (l - 1)
  simp only [isBeaten, both_eq_true] at h
  obtain ⟨ho, h⟩ := h
  have ho : o < m := Nat.le_of_ble_eq_true ho
  refine ⟨ho, Classical.byContradiction fun hno => ?_⟩
  have hle : ∀ y, y < m → e y ≤ e o := fun y hy => Nat.le_of_not_lt fun hlt => hno ⟨y, hy, hlt⟩
  have hlane : Nat.land (Nat.shiftRight (pack l e m) (Nat.mul l o)) (Nat.sub (Nat.pow 2 l) 1) = e o := by
    show pack l e m >>> (l * o) &&& (2 ^ l - 1) = e o
    rw [Nat.and_two_pow_sub_one_eq_mod, ← lane_eq, lane_pack (fun o ho => by have := he o ho; omega) ho]
  have hsum : Nat.add (pack l e m) (Nat.mul (Nat.sub (Nat.sub (Nat.pow 2 (Nat.sub l 1)) 1) (e o)) (ones l m)) =
      pack l (fun y => e y + (2 ^ (l - 1) - 1 - e o)) m := by
    rw [pack_add, pack_const]
    rfl
  have hguard : guardBits l m = pack l (fun _ => 2 ^ (l - 1)) m := (pack_const ..).symm
  have h : 1 ≤ Nat.land (guardBits l m) _ := Nat.le_of_ble_eq_true h
  rw [hlane, hsum, hguard] at h
  have hzero : pack l (fun _ => 2 ^ (l - 1)) m &&& pack l (fun y => e y + (2 ^ (l - 1) - 1 - e o)) m =
      pack l (fun _ => 0) m := by
    rw [Nat.and_comm, land_pack (fun y hy => by have := he o ho; have := hle y hy; omega) fun _ _ => by omega]
    refine pack_congr fun y hy => ?_
    have := he o ho
    have := hle y hy
    rw [land_top hl (by omega), if_neg (by omega)]
  rw [(pack_const l m 0).trans (Nat.zero_mul _)] at hzero
  have h : 1 ≤ pack l (fun _ => 2 ^ (l - 1)) m &&& pack l (fun y => e y + (2 ^ (l - 1) - 1 - e o)) m := h
  omega

theorem areBeaten_sound {l m x o : Nat} {os : List Nat} (h : areBeaten l m x os = true) (ho : o ∈ os) :
    isBeaten l m o x = true := by
  induction os with
  | nil => exact absurd ho List.not_mem_nil
  | cons y os ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    rcases List.mem_cons.1 ho with rfl | ho
    · exact h1
    · exact ih h2 ho

theorem rowSumBoth_eq {S T : Nat} {F : Nat → Nat → Nat → Nat} (k : Nat) {x y : Nat} (hx : x < 2 ^ (S * 2 ^ k))
    (hy : y < 2 ^ (T * 2 ^ k)) (i : Nat) :
    rowSumBoth S T F k x y i = natSum (2 ^ k) fun r => F (i + r) (lane S x r) (lane T y r) := by
  induction k generalizing x y i with
  | zero =>
    rw [Nat.pow_zero, Nat.mul_one] at hx hy
    show F i x y = natSum 1 _
    rw [natSum_succ, natSum_zero, Nat.zero_add, lane_eq, lane_eq, Nat.mul_zero, Nat.mul_zero, Nat.shiftRight_zero,
      Nat.shiftRight_zero, Nat.mod_eq_of_lt hx, Nat.mod_eq_of_lt hy]
    rfl
  | succ k ih =>
    have hp : 2 ^ (k + 1) = 2 ^ k + 2 ^ k := by rw [Nat.pow_succ]; omega
    rw [hp, Nat.mul_add, Nat.pow_add] at hx hy
    have low : ∀ S x, x % 2 ^ (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := fun _ _ => Nat.mod_lt _ (Nat.two_pow_pos _)
    have high : ∀ {S x}, x < 2 ^ (S * 2 ^ k) * 2 ^ (S * 2 ^ k) → x >>> (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := fun h => by
      rw [Nat.shiftRight_eq_div_pow]; exact Nat.div_lt_of_lt_mul h
    show rowSumBoth S T F k (x &&& (2 ^ (S * 2 ^ k) - 1)) (y &&& (2 ^ (T * 2 ^ k) - 1)) i +
      rowSumBoth S T F k (x >>> (S * 2 ^ k)) (y >>> (T * 2 ^ k)) (i + 2 ^ k) = _
    rw [Nat.and_two_pow_sub_one_eq_mod, Nat.and_two_pow_sub_one_eq_mod, ih (low ..) (low ..), ih (high hx) (high hy), hp,
      natSum_append]
    congr 1
    · exact natSum_congr fun r hr => by rw [lane_mod_two_pow hr, lane_mod_two_pow hr]
    · exact natSum_congr fun r _ => by rw [lane_shiftRight, lane_shiftRight, Nat.add_assoc]

/-! ## Pairs with one first token -/

namespace PairMlp

variable {p : PairLanes} {M : PairMlp}

namespace Checked

variable (h : Checked p M) (F : Type) [ExpField F] {a : Nat} (ha : a < M.d_vocab)

include h in
theorem logitNat_lt_lane (a i o : Nat) : M.logitNat a i o < 2 ^ p.logits := by
  have h1 := two_pow_eq h.logits_pos
  have h2 := h.logitNat_lt a i o
  omega

include h in
/-- Integers with offsets compare as logits do. -/
theorem logit_lt {a i o y : Nat} (hlt : M.logitNat a i o < M.logitNat a i y) : (M.logit [a, i] o : F) < M.logit [a, i] y := by
  have h2 := logitNat_eq (M := M) a i o
  have h3 := logitNat_eq (M := M) a i y
  rw [logit_eq h.aligned, logit_eq h.aligned]
  exact div_lt_div_right (intCast_lt (by omega)) (two_pow_pos _)

include h in
/-- A leading lane is the output. -/
theorem correct_of_leadsAll {i y : Nat} (hl : leadsAll p.logits M.d_vocab y (pack p.logits (M.logitNat a i) M.d_vocab) = true) :
    y < M.d_vocab ∧ M.classifier.Correct F [a, i] y := by
  obtain ⟨hy, hlt⟩ := leadsAll_sound h.logits_pos (fun o _ => h.logitNat_lt a i o) hl
  exact ⟨hy, fun o ho hne => h.logit_lt F (hlt o ho hne)⟩

include h in
/-- A beaten lane is not the output. -/
theorem excludes_of_isBeaten {i o : Nat} (hb : isBeaten p.logits M.d_vocab o (pack p.logits (M.logitNat a i) M.d_vocab) = true) :
    M.classifier.Excludes F [a, i] o := by
  obtain ⟨_, y, hy, hlt⟩ := isBeaten_sound h.logits_pos (fun o _ => h.logitNat_lt a i o) hb
  exact ⟨y, hy, h.logit_lt F hlt⟩

include h ha

/-- Rows that pass have the property. -/
theorem rowTotal_le {weight : Nat → Nat} {pass : Nat → Nat → Bool} {P : Nat → Prop}
    (hP : ∀ i, i < M.d_vocab → pass i (pack p.logits (M.logitNat a i) M.d_vocab) = true → P i) :
    rowTotal p.stride M.d_vocab weight pass (M.logitGrid p a) ≤ natSum M.d_vocab fun i => weight i * indicator (P i) := by
  rw [h.logit_grid ha]
  exact LeanBound.rowTotal_le h.logits_stride (fun i o _ _ => h.logitNat_lt_lane a i o) hP

theorem rightWeight_le (t : Nat → Nat → Nat) (u v : List Nat) : rightWeight p M t u v a ≤
    natSum M.d_vocab fun i => nth u a * nth v i * indicator (M.classifier.Correct F [a, i] (t a i)) := by
  have e : (natSum M.d_vocab fun i => nth u a * nth v i * indicator (M.classifier.Correct F [a, i] (t a i))) =
      nth u a * natSum M.d_vocab fun i => nth v i * indicator (M.classifier.Correct F [a, i] (t a i)) := by
    rw [Nat.mul_comm (nth u a), ← natSum_mul_const]
    exact natSum_congr fun i _ => by rw [Nat.mul_comm _ (nth u a), Nat.mul_assoc]
  rw [e]
  exact Nat.mul_le_mul_left _ (h.rowTotal_le ha fun i _ hl => (h.correct_of_leadsAll F hl).2)

theorem rightOrExcepted_le (t : Nat → Nat → Nat) (exceptions : List (Nat × Nat)) : rightOrExcepted p M t exceptions a ≤
    natSum M.d_vocab fun i => indicator ((a, i) ∈ exceptions ∨ M.classifier.Correct F [a, i] (t a i)) := by
  refine Nat.le_trans (h.rowTotal_le (P := fun i => (a, i) ∈ exceptions ∨ M.classifier.Correct F [a, i] (t a i)) ha
    fun i _ hl => ?_) (Nat.le_of_eq (natSum_congr fun i _ => Nat.one_mul _))
  rcases either_eq_true.1 hl with hl | hl
  · exact .inl (amongPairs_sound hl)
  · exact .inr (h.correct_of_leadsAll F hl).2

theorem neverPairs_le (firsts seconds os : List Nat) : neverPairs p M firsts seconds os a ≤ natSum M.d_vocab fun i =>
    indicator (a ∈ firsts → i ∈ seconds → ∀ o ∈ os, M.classifier.Excludes F [a, i] o) := by
  show cond (among a firsts) _ _ ≤ _
  cases hf : among a firsts with
  | false =>
    have hf : a ∉ firsts := fun hm => by rw [among_iff.2 hm] at hf; exact absurd hf (by simp)
    have e : (natSum M.d_vocab fun i => indicator (a ∈ firsts → i ∈ seconds → ∀ o ∈ os, M.classifier.Excludes F [a, i] o)) =
        natSum M.d_vocab fun _ => 1 := natSum_congr fun i _ => indicator_true fun hm => absurd hm hf
    rw [cond_false, e, natSum_one]
    exact Nat.le_refl _
  | true =>
    rw [cond_true]
    refine Nat.le_trans (h.rowTotal_le
      (P := fun i => a ∈ firsts → i ∈ seconds → ∀ o ∈ os, M.classifier.Excludes F [a, i] o) ha
      fun i _ hl _ hi o ho => ?_) (Nat.le_of_eq (natSum_congr fun i _ => Nat.one_mul _))
    rw [among_iff.2 hi, cond_true] at hl
    exact h.excludes_of_isBeaten F (areBeaten_sound hl ho)

theorem agreedPairs_le {q : PairLanes} {M' : PairMlp} (h' : Checked q M') (hV : M'.d_vocab = M.d_vocab) (t : Nat → Nat → Nat) :
    agreedPairs p M q M' t a ≤ natSum M.d_vocab fun i => indicator (M.classifier.Agree M'.classifier F [a, i]) := by
  have hn : M.d_vocab ≤ 2 ^ (Nat.log2 M.d_vocab + 1) := Nat.le_of_lt Nat.lt_log2_self
  have row : ∀ {p : PairLanes} {N : PairMlp}, Checked p N → ∀ i, pack p.logits (N.logitNat a i) N.d_vocab < 2 ^ p.stride :=
    fun hN i => Nat.lt_of_lt_of_le (pack_lt fun o _ => hN.logitNat_lt_lane a i o)
      (Nat.pow_le_pow_right (by omega) hN.logits_stride)
  have lt : ∀ {p : PairLanes} {N : PairMlp}, Checked p N → N.d_vocab = M.d_vocab →
      packGrid p.stride p.logits N.d_vocab N.d_vocab (N.logitNat a) < 2 ^ (p.stride * 2 ^ (Nat.log2 M.d_vocab + 1)) :=
    fun hN e => Nat.lt_of_lt_of_le (pack_lt fun i _ => row hN i)
      (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left _ (e ▸ hn)))
  rw [agreedPairs, h.logit_grid ha, h'.logit_grid (by omega), rowSumBoth_eq _ (lt h rfl) (lt h' hV)]
  refine natSum_le_of_zero hn (fun i hi => ?_) fun i hi => ?_
  · rw [Nat.zero_add, packGrid, packGrid, lane_pack (fun i _ => row h i) hi, lane_pack (fun i _ => row h' i) (by omega)]
    cases hb : both (Nat.ble (Nat.succ i) M.d_vocab)
        (both (leadsAll p.logits M.d_vocab (t a i) (pack p.logits (M.logitNat a i) M.d_vocab))
          (leadsAll q.logits M.d_vocab (t a i) (pack q.logits (M'.logitNat a i) M'.d_vocab))) with
    | false => exact Nat.zero_le _
    | true =>
      obtain ⟨_, hb⟩ := both_eq_true.1 hb
      obtain ⟨h1, h2⟩ := both_eq_true.1 hb
      rw [← hV] at h2
      obtain ⟨hy, h1⟩ := h.correct_of_leadsAll F h1
      exact Nat.le_of_eq (indicator_true ⟨t a i, hy, h1, (h'.correct_of_leadsAll F h2).2⟩).symm
  · have hb : Nat.ble (Nat.succ (0 + i)) M.d_vocab = false := by
      rw [Bool.eq_false_iff]; exact fun hb => by have := Nat.le_of_ble_eq_true hb; omega
    rw [hb]
    rfl

end Checked

end PairMlp

/-! ## From first tokens to claims -/

/-- Where a sum is as large as it can be, so is each term. -/
theorem eq_of_natSum {n c : Nat} {f : Nat → Nat} (hf : ∀ i, i < n → f i ≤ c) (h : n * c ≤ natSum n f) :
    ∀ i, i < n → f i = c := by
  induction n with
  | zero => exact fun i hi => by omega
  | succ n ih =>
    have hle : natSum n f ≤ n * c := natSum_le_mul fun i hi => hf i (by omega)
    have hlast := hf n (by omega)
    rw [natSum_succ, Nat.succ_mul] at h
    intro i hi
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with hi | rfl
    · exact ih (fun i hi => hf i (by omega)) (by omega) i hi
    · omega

theorem indicator_le_one (q : Prop) : indicator q ≤ 1 := by
  by_cases hq : q
  · rw [indicator_true hq]; exact Nat.le_refl _
  · rw [indicator_false hq]; exact Nat.zero_le _

/-- What holds `n` times holds always. -/
theorem forall_of_count {n : Nat} {P : Nat → Prop} (h : n ≤ natSum n fun i => indicator (P i)) : ∀ i, i < n → P i := by
  intro i hi
  have e := eq_of_natSum (fun i _ => indicator_le_one (P i)) (by rwa [Nat.mul_one]) i hi
  exact Classical.byContradiction fun hno => by rw [indicator_false hno] at e; omega

/-- What holds of `V ^ 2` pairs holds of all. -/
theorem forall_of_total {V : Nat} {P : Nat → Nat → Prop} (h : V * V ≤ natSum V fun a => natSum V fun i => indicator (P a i)) :
    ∀ a i, a < V → i < V → P a i := by
  intro a i ha hi
  have rows := eq_of_natSum (fun a _ =>
    Nat.le_trans (natSum_le_mul fun i _ => indicator_le_one (P a i)) (Nat.le_of_eq (Nat.mul_one V))) h
  exact forall_of_count (Nat.le_of_eq (rows a ha).symm) i hi

theorem pair_of_mem_sequences {V : Nat} {x : List Nat} (h : x ∈ sequences V 2) : ∃ a b, a < V ∧ b < V ∧ x = [a, b] := by
  obtain ⟨hlen, ht⟩ := mem_sequences.1 h
  match x, hlen with
  | [a, b], _ => exact ⟨a, b, ht a (by simp), ht b (by simp), rfl⟩

variable {p : PairLanes} {M : PairMlp} (hM : M.checkPairMlp p = true)

include hM

/-- Every pair is right or excepted. -/
theorem allPairs_failures {target : List Nat → Nat} {t : Nat → Nat → Nat} (ht : ∀ a b, target [a, b] = t a b)
    {exceptions : List (Nat × Nat)} {ns : List Nat} (hc : Covered (fun a n => n ≤ rightOrExcepted p M t exceptions a) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) (hN : Nat.ble (Nat.mul M.d_vocab M.d_vocab) (total ns) = true)
    {listed : List (List Nat)} (hl : (exceptions.map fun e => [e.1, e.2]) = listed) :
    M.classifier.RightExceptOn target listed := by
  intro F _ x hx hno
  obtain ⟨a, b, ha, hb, rfl⟩ := pair_of_mem_sequences hx
  have h := forall_of_total (total_le_of_covered (fun a ha => (PairMlp.checked hM).rightOrExcepted_le F ha t exceptions)
    hc hlen hN) a b ha hb
  rcases h with h | h
  · exact absurd (hl ▸ List.mem_map_of_mem (f := fun e : Nat × Nat => [e.1, e.2]) h) hno
  · rw [ht]; exact h

/-- The outputs are beaten on every pair of these tokens. -/
theorem allPairs_never {firsts seconds os ns : List Nat} (hc : Covered (fun a n => n ≤ neverPairs p M firsts seconds os a) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) (hN : Nat.ble (Nat.mul M.d_vocab M.d_vocab) (total ns) = true)
    (hf : allAtMost (Nat.sub M.d_vocab 1) firsts = true) (hs : allAtMost (Nat.sub M.d_vocab 1) seconds = true)
    (hV : Nat.ble 1 M.d_vocab = true) : M.classifier.Never [firsts, seconds] os := by
  have hV : 1 ≤ M.d_vocab := Nat.le_of_ble_eq_true hV
  intro F _ x hx o ho
  simp only [sequencesOf, List.mem_flatMap, List.mem_map, List.mem_singleton] at hx
  obtain ⟨a, ha, y, ⟨b, hb, z, rfl, rfl⟩, rfl⟩ := hx
  have h1 : a ≤ M.d_vocab - 1 := allAtMost_sound hf a ha
  have h2 : b ≤ M.d_vocab - 1 := allAtMost_sound hs b hb
  exact forall_of_total (total_le_of_covered (fun a ha => (PairMlp.checked hM).neverPairs_le F ha firsts seconds os)
    hc hlen hN) a b (by omega) (by omega) ha hb o ho

/-- Chunks that cover all first tokens prove the weighted accuracy. -/
theorem allPairs_weighted {target : List Nat → Nat} {t : Nat → Nat → Nat} (ht : ∀ a b, target [a, b] = t a b)
    {u v ns : List Nat} (hc : Covered (fun a n => n ≤ rightWeight p M t u v a) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N all : Nat} (hN : Nat.ble N (total ns) = true)
    (hall : Nat.beq (Nat.mul (natSum M.d_vocab (nth u)) (natSum M.d_vocab (nth v))) all = true) :
    M.classifier.WeightedAccuracyAtLeast target [u, v] N all := by
  have pairs : ∀ P : List Nat → Prop, weighted M.d_vocab 2 [u, v] P =
      natSum M.d_vocab fun a => natSum M.d_vocab fun i => nth u a * nth v i * indicator (P [a, i]) := fun P => by
    rw [weighted_succ]
    refine natSum_congr fun a _ => ?_
    rw [weighted_succ, Nat.mul_comm, ← natSum_mul_const]
    refine natSum_congr fun i _ => ?_
    rw [weighted_zero, nth_eq, nth_eq, Nat.mul_comm, Nat.mul_assoc]
  refine ⟨?_, fun F _ => ?_⟩
  · show weighted M.d_vocab 2 _ _ = all
    rw [pairs, ← Nat.eq_of_beq_eq_true hall]
    show _ = natSum M.d_vocab (nth u) * natSum M.d_vocab (nth v)
    rw [← natSum_mul_const]
    refine natSum_congr fun a _ => ?_
    rw [Nat.mul_comm, ← natSum_mul_const]
    exact natSum_congr fun i _ => by rw [indicator_true trivial, Nat.mul_one, Nat.mul_comm]
  · show N ≤ weighted M.d_vocab 2 _ _
    rw [pairs]
    simp only [ht]
    exact total_le_of_covered (fun a ha => (PairMlp.checked hM).rightWeight_le F ha t u v) hc hlen hN

/-- Chunks that cover all first tokens prove the agreement of two models. -/
theorem allPairs_agreement {q : PairLanes} {M' : PairMlp} (hM' : M'.checkPairMlp q = true)
    (hV : Nat.beq M'.d_vocab M.d_vocab = true) {t : Nat → Nat → Nat} {ns : List Nat}
    (hc : Covered (fun a n => n ≤ agreedPairs p M q M' t a) 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : M.classifier.AgreementAtLeast M'.classifier N := by
  have hV : M'.d_vocab = M.d_vocab := Nat.eq_of_beq_eq_true hV
  refine ⟨⟨hV.symm, rfl, hV.symm⟩, fun F _ => ?_⟩
  show N ≤ count M.d_vocab 2 _
  simp only [count_succ, count_zero]
  exact total_le_of_covered (fun a ha => (PairMlp.checked hM).agreedPairs_le F ha (PairMlp.checked hM') hV t) hc hlen hN

end

end LeanBound
