module

public import LeanBound.Numerics.ExpRowSound
public import LeanBound.Numerics.LaneSum
public import LeanBound.Properties.Copies
public import LeanBound.Properties.Loss
public import LeanBound.Strategies.AllPairs.Loss
public import LeanBound.Strategies.AllPairs.PropertiesSound

/-! # The loss of an MLP on all pairs of tokens: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-! ## Rows -/

theorem rowMap_eq {S : Nat} {F : Nat → Nat → Nat} (k : Nat) {x : Nat} (hx : x < 2 ^ (S * 2 ^ k)) (i : Nat) :
    rowMap S F k x i = pack S (fun r => F (i + r) (lane S x r)) (2 ^ k) := by
  induction k generalizing x i with
  | zero =>
    rw [Nat.pow_zero, Nat.mul_one] at hx
    show F i x = pack S _ 1
    rw [pack_one, lane_eq, Nat.mul_zero, Nat.shiftRight_zero, Nat.mod_eq_of_lt hx]
    rfl
  | succ k ih =>
    have hp : 2 ^ (k + 1) = 2 ^ k + 2 ^ k := by rw [Nat.pow_succ]; omega
    rw [hp, Nat.mul_add, Nat.pow_add] at hx
    have h1 : x % 2 ^ (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := Nat.mod_lt _ (Nat.two_pow_pos _)
    have h2 : x >>> (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := by
      rw [Nat.shiftRight_eq_div_pow]; exact Nat.div_lt_of_lt_mul hx
    show rowMap S F k (x &&& (2 ^ (S * 2 ^ k) - 1)) i + (rowMap S F k (x >>> (S * 2 ^ k)) (i + 2 ^ k)) <<< (S * 2 ^ k) = _
    rw [Nat.and_two_pow_sub_one_eq_mod, ih h1, ih h2, hp, pack_append, Nat.shiftLeft_eq]
    congr 1
    · exact pack_congr fun r hr => by rw [lane_mod_two_pow hr]
    · congr 1
      exact pack_congr fun r _ => by rw [lane_shiftRight, Nat.add_assoc]

/-- Rows right after each other. -/
theorem pack_pack (l m n : Nat) (f : Nat → Nat → Nat) :
    pack (l * m) (fun i => pack l (f i) m) n = pack l (fun j => f (j / m) (j % m)) (n * m) := by
  rw [← pack_blocks]
  refine pack_congr fun i _ => pack_congr fun o ho => ?_
  rw [show i * m + o = o + m * i by rw [Nat.mul_comm, Nat.add_comm], Nat.add_mul_div_left _ _ (by omega),
    Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt ho, Nat.div_eq_of_lt ho, Nat.zero_add]

theorem leadRow_eq {l m y : Nat} {e : Nat → Nat} (he : ∀ o, o < m → e o < 2 ^ l) (hy : y < m) (hle : ∀ o, o < m → e o ≤ e y) :
    leadRow l m y (pack l e m) = pack l (fun o => e y - e o) m := by
  have hlane : Nat.land (Nat.shiftRight (pack l e m) (Nat.mul l y)) (Nat.sub (Nat.pow 2 l) 1) = e y := by
    show pack l e m >>> (l * y) &&& (2 ^ l - 1) = e y
    rw [Nat.and_two_pow_sub_one_eq_mod, ← lane_eq, lane_pack he hy]
  rw [leadRow, hlane, pack_sub hle, pack_const]
  rfl

/-! ## Pairs with one first token -/

namespace PairMlp

variable {p : PairLanes} {M : PairMlp} {c : LossPlan}

/-- What `checkLossPlan` establishes. -/
structure LossChecked (p : PairLanes) (M : PairMlp) (c : LossPlan) : Prop where
  exps : expCheck c.P M.b_U.frac c.squarings c.consts.length c.consts c.err = true
  consts : ∀ x, x ∈ c.consts → x ≤ 2 ^ c.P
  stride : p.stride = p.logits * M.d_vocab
  width : 2 * c.P + 1 ≤ p.logits
  bits : p.logits ≤ c.consts.length + 1
  room : M.d_vocab * M.d_vocab * 2 ^ c.P + 2 ≤ 2 ^ p.logits

theorem lossChecked (h : checkLossPlan p M c = true) : LossChecked p M c := by
  simp only [checkLossPlan, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6⟩ := h
  exact ⟨h1, allAtMost_sound h2, Nat.eq_of_beq_eq_true h3, Nat.le_of_ble_eq_true h4, Nat.le_of_ble_eq_true h5,
    Nat.le_of_ble_eq_true h6⟩

/-- The computed exponential of what `y` leads `o` by on the pair `(a, i)`, negative. -/
def lossExp (M : PairMlp) (c : LossPlan) (a i y o : Nat) : Nat := expNeg c.P c.consts (M.logitNat a i y - M.logitNat a i o)

variable (h : Checked p M) (hc : LossChecked p M c) {t : Nat → Nat → Nat} {a : Nat} (ha : a < M.d_vocab)
  (hright : rightPairs p M t a = M.d_vocab)

include h ha hright in
/-- The targets of all pairs lead. -/
theorem leads_of_rightPairs : ∀ i, i < M.d_vocab →
    t a i < M.d_vocab ∧ ∀ o, o < M.d_vocab → M.logitNat a i o ≤ M.logitNat a i (t a i) := by
  have hcount : M.d_vocab ≤ natSum M.d_vocab fun i =>
      indicator (t a i < M.d_vocab ∧ ∀ o, o < M.d_vocab → o ≠ t a i → M.logitNat a i o < M.logitNat a i (t a i)) := by
    have e : rightPairs p M t a = leadCount p.stride p.logits M.d_vocab (t a)
        (packGrid p.stride p.logits M.d_vocab M.d_vocab (M.logitNat a)) := by rw [rightPairs, h.logit_grid ha]
    have := leadCount_le (t := t a) h.logits_pos h.logits_stride fun i o _ _ => h.logitNat_lt a i o
    rwa [← e, hright] at this
  intro i hi
  obtain ⟨h1, h2⟩ := forall_of_count hcount i hi
  refine ⟨h1, fun o ho => ?_⟩
  by_cases hne : o = t a i
  · rw [hne]; exact Nat.le_refl _
  · exact Nat.le_of_lt (h2 o ho hne)

include h hc ha hright

/-- What the kernel adds up. -/
theorem lossTotal_eq : lossTotal p M c t a =
    natSum M.d_vocab fun i => natSum M.d_vocab fun o => M.lossExp c a i (t a i) o := by
  have lead := leads_of_rightPairs h ha hright
  have hrow : ∀ i, pack p.logits (M.logitNat a i) M.d_vocab < 2 ^ p.stride := fun i =>
    Nat.lt_of_lt_of_le (pack_lt fun o _ => h.logitNat_lt_lane a i o) (Nat.pow_le_pow_right (by omega) h.logits_stride)
  have hn : M.d_vocab ≤ 2 ^ (Nat.log2 M.d_vocab + 1) := Nat.le_of_lt Nat.lt_log2_self
  have hx : packGrid p.stride p.logits M.d_vocab M.d_vocab (M.logitNat a) < 2 ^ (p.stride * 2 ^ (Nat.log2 M.d_vocab + 1)) :=
    Nat.lt_of_lt_of_le (pack_lt fun i _ => hrow i) (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left _ hn))
  let g i o := M.logitNat a i (t a i) - M.logitNat a i o
  have hg : ∀ i o, g i o < 2 ^ (p.logits - 1) := fun i o => Nat.lt_of_le_of_lt (Nat.sub_le _ _) (h.logitNat_lt a i (t a i))
  have hp := two_pow_eq h.logits_pos
  have grid : leadGrid p M t a = pack p.logits (fun j => g (j / M.d_vocab) (j % M.d_vocab)) (M.d_vocab * M.d_vocab) := by
    rw [leadGrid, h.logit_grid ha, rowMap_eq _ hx, ← pack_pack, ← hc.stride, ← pack_pad hn]
    refine pack_congr fun i _ => ?_
    by_cases hi : i < M.d_vocab
    · have hb : Nat.ble (Nat.succ (0 + i)) M.d_vocab = true := Nat.ble_eq_true_of_le (by omega)
      rw [if_pos hi, hb, cond_true, packGrid, lane_pack (fun i _ => hrow i) hi, Nat.zero_add,
        leadRow_eq (fun o _ => h.logitNat_lt_lane a i o) (lead i hi).1 (lead i hi).2]
    · have hb : Nat.ble (Nat.succ (0 + i)) M.d_vocab = false := by
        rw [Bool.eq_false_iff]; exact fun hb => by have := Nat.le_of_ble_eq_true hb; omega
      rw [if_neg hi, hb, cond_false]
  have le : natSum (M.d_vocab * M.d_vocab) (fun j => expNeg c.P c.consts (g (j / M.d_vocab) (j % M.d_vocab))) ≤
      M.d_vocab * M.d_vocab * 2 ^ c.P := natSum_le_mul fun j _ => expNeg_le hc.consts _
  have mod := pack_mod_ones p.logits 1 (M.d_vocab * M.d_vocab)
    fun j => expNeg c.P c.consts (g (j / M.d_vocab) (j % M.d_vocab))
  have room := hc.room
  rw [Nat.mul_one, Nat.mod_eq_of_lt (a := natSum _ _) (by omega)] at mod
  show expRow p.logits c.P (M.d_vocab * M.d_vocab) c.consts (leadGrid p M t a) % (2 ^ p.logits - 1) = _
  rw [grid, expRow_pack hc.width hc.consts (fun j _ => by have := hg (j / M.d_vocab) (j % M.d_vocab); omega), mod, natSum_grid]
  refine natSum_congr fun i _ => natSum_congr fun o ho => ?_
  rw [show i * M.d_vocab + o = o + M.d_vocab * i by rw [Nat.mul_comm, Nat.add_comm], Nat.add_mul_div_left _ _ (by omega),
    Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt ho, Nat.div_eq_of_lt ho, Nat.zero_add]
  rfl

/-- The bound of the loss on one pair. -/
theorem crossEntropy_le (F : Type) [ExpField F] {i : Nat} (hi : i < M.d_vocab) :
    M.classifier.CrossEntropyAtMost F [a, i] (t a i)
      (((natSum M.d_vocab fun o => M.lossExp c a i (t a i) o + c.err : Nat) : F) / 2 ^ c.P - 1) := by
  have lead := (leads_of_rightPairs h ha hright i hi).2
  have hP := two_pow_pos (F := F) c.P
  have hk := two_pow_ne (F := F) M.b_U.frac
  have hscale : M.W_A.frac + M.W_U.frac = M.b_U.frac := h.aligned.b_U.symm
  have one : ∀ o, o < M.d_vocab → (2 : F) ^ c.P * exp (M.logit [a, i] o : F) ≤
      ((M.lossExp c a i (t a i) o + c.err : Nat) : F) * exp (M.logit [a, i] (t a i) : F) := fun o ho => by
    have hbits : M.logitNat a i (t a i) - M.logitNat a i o < 2 ^ c.consts.length := by
      have h1 := h.logitNat_lt a i (t a i)
      have h2 : 2 ^ (p.logits - 1) ≤ 2 ^ c.consts.length := Nat.pow_le_pow_right (by omega) (by have := hc.bits; omega)
      omega
    have he := (expNeg_enclosure_of_check (F := F) hc.exps hbits).2
    have hd : (((M.logitNat a i (t a i) - M.logitNat a i o : Nat) : F)) / 2 ^ M.b_U.frac =
        (M.logit [a, i] (t a i) : F) - M.logit [a, i] o := by
      rw [logit_eq h.aligned, logit_eq h.aligned, hscale]
      have e : ((M.logitNat a i (t a i) - M.logitNat a i o : Nat) : Int) = M.logitInt a i (t a i) - M.logitInt a i o := by
        have h1 := lead o ho
        have h2 := Checked.logitNat_eq (M := M) a i o
        have h3 := Checked.logitNat_eq (M := M) a i (t a i)
        omega
      have e' : (((M.logitNat a i (t a i) - M.logitNat a i o : Nat) : Int) : F) =
        ((M.logitInt a i (t a i) - M.logitInt a i o : Int) : F) := congrArg _ e
      rw [Ring.intCast_sub, Ring.intCast_natCast] at e'
      rw [e']
      grind
    rw [hd, ← natCast_add] at he
    have hexp : exp (-((M.logit [a, i] (t a i) : F) - M.logit [a, i] o)) * exp (M.logit [a, i] (t a i) : F) =
        exp (M.logit [a, i] o : F) := by
      rw [← exp_add]
      exact congrArg exp (by grind)
    have := mul_le_mul_right he (exp_nonneg (M.logit [a, i] (t a i) : F))
    rw [Semiring.mul_assoc, hexp] at this
    exact this
  have all : (2 : F) ^ c.P * sum M.d_vocab (fun o => exp (M.logit [a, i] o : F)) ≤
      ((natSum M.d_vocab fun o => M.lossExp c a i (t a i) o + c.err : Nat) : F) * exp (M.logit [a, i] (t a i) : F) := by
    rw [natCast_natSum, ← sum_mul_left, ← sum_mul_right]
    exact sum_le_sum one
  show sum M.d_vocab (fun o => exp (M.logit [a, i] o : F)) ≤ exp _ * exp (M.logit [a, i] (t a i) : F)
  generalize ((natSum M.d_vocab fun o => M.lossExp c a i (t a i) o + c.err : Nat) : F) = n at *
  have h1 := one_add_le_exp (n / 2 ^ c.P - 1)
  have h2 := mul_le_mul_right h1 (exp_nonneg (M.logit [a, i] (t a i) : F))
  have h3 : (1 + (n / 2 ^ c.P - 1)) * exp (M.logit [a, i] (t a i) : F) * 2 ^ c.P = n * exp (M.logit [a, i] (t a i) : F) := by
    have := two_pow_ne (F := F) c.P
    grind
  refine Std.le_trans (le_of_mul_le_mul_right (c := 2 ^ c.P) ?_ hP) h2
  rw [h3]
  grind

end PairMlp

/-! ## The mean -/

section Mean

variable {F : Type} [ExpField F]

theorem foldr_add_append (xs ys : List F) : (xs ++ ys).foldr (· + ·) 0 = xs.foldr (· + ·) 0 + ys.foldr (· + ·) 0 := by
  induction xs with
  | nil => simp only [List.nil_append, List.foldr_nil]; grind
  | cons x xs ih => simp only [List.cons_append, List.foldr_cons, ih]; grind

theorem foldr_add_flatMap (n : Nat) (f : Nat → List F) :
    ((List.range n).flatMap f).foldr (· + ·) 0 = sum n fun i => (f i).foldr (· + ·) 0 := by
  induction n with
  | zero => rfl
  | succ n ih =>
    rw [List.range_succ, List.flatMap_append, foldr_add_append, ih, sum_succ, List.flatMap_cons, List.flatMap_nil,
      List.append_nil]

/-- A sum over all pairs. -/
theorem foldr_add_pairs (V : Nat) (l : List Nat → F) :
    ((sequences V 2).map l).foldr (· + ·) 0 = sum V fun a => sum V fun i => l [a, i] := by
  simp only [sequences, List.map_flatMap, List.map_map]
  rw [foldr_add_flatMap]
  refine sum_congr fun a _ => ?_
  rw [foldr_add_flatMap]
  refine sum_congr fun i _ => ?_
  simp only [List.map_cons, List.map_nil, List.foldr_cons, List.foldr_nil, Function.comp]
  grind

end Mean

/-- What a chunk says of a first token and its number. -/
def ProvedLoss (p : PairLanes) (M : PairMlp) (c : LossPlan) (t : Nat → Nat → Nat) (a n : Nat) : Prop :=
  rightPairs p M t a = M.d_vocab ∧ lossTotal p M c t a ≤ n

/-- A chunk of numbers, checked. -/
theorem lossesFrom_covered {p : PairLanes} {M : PairMlp} {c : LossPlan} {t : Nat → Nat → Nat} {a : Nat} {ns : List Nat}
    (h : lossesFrom p M c t a ns = true) : Covered (ProvedLoss p M c t) a ns := by
  induction ns generalizing a with
  | nil => exact .nil a
  | cons n ns ih =>
    obtain ⟨h1, h⟩ := both_eq_true.1 (show both _ (both _ (lossesFrom p M c t (a + 1) ns)) = true from h)
    obtain ⟨h2, h3⟩ := both_eq_true.1 h
    exact .cons ⟨Nat.eq_of_beq_eq_true h1, Nat.le_of_ble_eq_true h2⟩ (ih h3)

/-- Chunks that cover all first tokens prove the mean loss. -/
theorem allPairs_loss {p : PairLanes} {M : PairMlp} {c : LossPlan} (hM : M.checkPairMlp p = true)
    (hc : checkLossPlan p M c = true) {target : List Nat → Nat} {t : Nat → Nat → Nat} (ht : ∀ a b, target [a, b] = t a b)
    {ns : List Nat} (hns : Covered (ProvedLoss p M c t) 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true) {num den : Nat}
    (hmean : checkMean M c num den (total ns) = true) : M.classifier.LossAtMost target num den := by
  intro F _
  have h := PairMlp.checked hM
  have hc := PairMlp.lossChecked hc
  have hlen : ns.length = M.d_vocab := Nat.eq_of_beq_eq_true hlen
  have cover : ∀ a, a < M.d_vocab → ProvedLoss p M c t a (ns.getD a 0) := fun a ha => by
    have := hns.getD a (by omega)
    rwa [Nat.zero_add] at this
  obtain ⟨hden, hmean⟩ := both_eq_true.1 hmean
  have hden : 1 ≤ den := Nat.le_of_ble_eq_true hden
  have hmean := Nat.le_of_ble_eq_true hmean
  let n a i := natSum M.d_vocab fun o => M.lossExp c a i (t a i) o + c.err
  refine ⟨fun x => ((n (x.getD 0 0) (x.getD 1 0) : Nat) : F) / 2 ^ c.P - 1, fun x hx => ?_, ?_⟩
  · obtain ⟨a, b, ha, hb, rfl⟩ := pair_of_mem_sequences hx
    rw [ht]
    exact PairMlp.crossEntropy_le h hc ha (cover a ha).1 F hb
  · have hP := two_pow_pos (F := F) c.P
    have hd : (0 : F) < (den : F) := natCast_pos hden
    have all : (natSum M.d_vocab fun a => natSum M.d_vocab fun i => n a i) ≤
        total ns + M.d_vocab * M.d_vocab * M.d_vocab * c.err := by
      have e : ∀ a, a < M.d_vocab → (natSum M.d_vocab fun i => n a i) ≤ ns.getD a 0 + M.d_vocab * (M.d_vocab * c.err) :=
        fun a ha => by
          have h1 := (cover a ha).2
          rw [PairMlp.lossTotal_eq h hc ha (cover a ha).1] at h1
          have h1 : (natSum M.d_vocab fun i => natSum M.d_vocab (M.lossExp c a i (t a i))) ≤ ns.getD a 0 := h1
          simp only [n, natSum_add, natSum_const]
          omega
      refine Nat.le_trans (natSum_le e) ?_
      rw [natSum_add, natSum_const, total_eq, hlen]
      exact Nat.le_of_eq (by grind)
    show ((sequences M.d_vocab 2).map _).foldr (· + ·) 0 ≤ (num : F) / (den : F) * ((M.d_vocab ^ 2 : Nat) : F)
    rw [foldr_add_pairs]
    show (sum M.d_vocab fun a => sum M.d_vocab fun i => ((n a i : Nat) : F) / 2 ^ c.P - 1) ≤ _
    have e : (sum M.d_vocab fun a => sum M.d_vocab fun i => ((n a i : Nat) : F) / 2 ^ c.P - 1) =
        ((natSum M.d_vocab fun a => natSum M.d_vocab fun i => n a i : Nat) : F) / 2 ^ c.P -
          ((M.d_vocab * M.d_vocab : Nat) : F) := by
      simp only [natCast_natSum, Field.div_eq_mul_inv, sum_sub, sum_mul_right, sum_const, natCast_mul]
      grind
    rw [e]
    have hle : den * (natSum M.d_vocab fun a => natSum M.d_vocab fun i => n a i) ≤
        (num + den) * (M.d_vocab * M.d_vocab) * 2 ^ c.P := Nat.le_trans (Nat.mul_le_mul_left den all) hmean
    have cast := natCast_le (F := F) hle
    simp only [natCast_mul, natCast_add, natCast_two_pow] at cast
    generalize ((natSum M.d_vocab fun a => natSum M.d_vocab fun i => n a i : Nat) : F) = s at *
    rw [Nat.pow_two, natCast_mul]
    refine le_of_mul_le_mul_right (c := (den : F) * 2 ^ c.P) ?_ (OrderedRing.mul_pos hd hP)
    have n1 : (den : F) ≠ 0 := by grind
    have n2 := two_pow_ne (F := F) c.P
    have l : (s / 2 ^ c.P - (M.d_vocab : F) * M.d_vocab) * ((den : F) * 2 ^ c.P) =
      den * s - (M.d_vocab : F) * M.d_vocab * den * 2 ^ c.P := by grind
    have r : (num : F) / den * ((M.d_vocab : F) * M.d_vocab) * ((den : F) * 2 ^ c.P) =
      num * ((M.d_vocab : F) * M.d_vocab) * 2 ^ c.P := by grind
    rw [l, r]
    grind

end

end LeanBound
