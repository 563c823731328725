module

public import LeanBound.Strategies.AllPairs.Loss
public import LeanBound.Strategies.AllPairs.PropertiesSound
public import LeanBound.Strategies.LossSound

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

theorem raised_pack {l m y s : Nat} {e : Nat → Nat} (he : ∀ o, o < m → e o < 2 ^ l) (hy : y < m) :
    raised l y s (pack l e m) = e y + s := by
  show (pack l e m >>> (l * y) &&& (2 ^ l - 1)) + s = _
  rw [Nat.and_two_pow_sub_one_eq_mod, ← lane_eq, lane_pack he hy]

theorem leadRow_eq {l m y s : Nat} {e : Nat → Nat} (he : ∀ o, o < m → e o < 2 ^ l) (hy : y < m)
    (hle : ∀ o, o < m → e o ≤ e y + s) : leadRow l m y s (pack l e m) = pack l (fun o => e y + s - e o) m := by
  rw [leadRow, raised_pack he hy, pack_sub hle, pack_const]
  rfl

/-- What `reachesAll` says of packed entries below the guard bits. -/
theorem reachesAll_sound {l m y s : Nat} {e : Nat → Nat} (hl : 0 < l) (he : ∀ o, o < m → e o < 2 ^ (l - 1))
    (h : reachesAll l m y s (pack l e m) = true) : y < m ∧ e y + s < 2 ^ (l - 1) ∧ ∀ o, o < m → e o ≤ e y + s := by
  have hp := two_pow_eq hl
  have hh := Nat.two_pow_pos (l - 1)
  simp only [reachesAll, both_eq_true] at h
  obtain ⟨hy, hs, h⟩ := h
  have hy : y < m := Nat.le_of_ble_eq_true hy
  rw [raised_pack (fun o ho => by have := he o ho; omega) hy] at hs h
  have hs : e y + s < 2 ^ (l - 1) := Nat.le_of_ble_eq_true hs
  refine ⟨hy, hs, fun o ho => ?_⟩
  have hlead : Nat.sub (Nat.mul (Nat.add (e y + s) (Nat.pow 2 (Nat.sub l 1))) (ones l m)) (pack l e m) =
      pack l (fun o => e y + s + 2 ^ (l - 1) - e o) m := by
    rw [pack_sub fun o ho => by have := he o ho; omega, pack_const]
    rfl
  have hguard : guardBits l m = pack l (fun _ => 2 ^ (l - 1)) m := (pack_const ..).symm
  have h := Nat.eq_of_beq_eq_true h
  rw [hlead, hguard] at h
  have h : pack l (fun o => e y + s + 2 ^ (l - 1) - e o) m &&& pack l (fun _ => 2 ^ (l - 1)) m =
    pack l (fun _ => 2 ^ (l - 1)) m := (Nat.and_comm ..).trans h
  have := half_le_of_land hl (fun o _ => by omega) (fun _ _ => by omega) h ho rfl
  omega

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

variable (h : Checked p M) (hc : LossChecked p M c) {t s : Nat → Nat → Nat} {a : Nat} (ha : a < M.d_vocab)
  (hreach : shiftsReach p M t s a = true)

include h ha hreach in
/-- The targets of all pairs reach the outputs with their shifts. -/
theorem reach_of_shiftsReach : ∀ i, i < M.d_vocab → t a i < M.d_vocab ∧
    M.logitNat a i (t a i) + s a i < 2 ^ (p.logits - 1) ∧
    ∀ o, o < M.d_vocab → M.logitNat a i o ≤ M.logitNat a i (t a i) + s a i := by
  have hcount := h.rowTotal_le (weight := fun _ => 1) (P := fun i => t a i < M.d_vocab ∧
    M.logitNat a i (t a i) + s a i < 2 ^ (p.logits - 1) ∧
    ∀ o, o < M.d_vocab → M.logitNat a i o ≤ M.logitNat a i (t a i) + s a i) ha fun i _ hi =>
    reachesAll_sound h.logits_pos (fun o _ => h.logitNat_lt a i o) hi
  have hall : rowTotal p.stride M.d_vocab (fun _ => 1) (fun i r => reachesAll p.logits M.d_vocab (t a i) (s a i) r)
      (M.logitGrid p a) = M.d_vocab := Nat.eq_of_beq_eq_true hreach
  rw [hall] at hcount
  simp only [Nat.one_mul] at hcount
  exact forall_of_count hcount

/-- By how much the target leads `o` with its shift on the pair `(a, i)`. -/
def shiftedLead (M : PairMlp) (t s : Nat → Nat → Nat) (a i o : Nat) : Nat :=
  M.logitNat a i (t a i) + s a i - M.logitNat a i o

include h hc ha hreach

/-- What the kernel adds up. -/
theorem lossExps_eq : lossExps p M c t s a =
    natSum M.d_vocab fun i => natSum M.d_vocab fun o => expNeg c.P c.consts (M.shiftedLead t s a i o) := by
  have reach := reach_of_shiftsReach h ha hreach
  have hrow : ∀ i, pack p.logits (M.logitNat a i) M.d_vocab < 2 ^ p.stride := fun i =>
    Nat.lt_of_lt_of_le (pack_lt fun o _ => h.logitNat_lt_lane a i o) (Nat.pow_le_pow_right (by omega) h.logits_stride)
  have hn : M.d_vocab ≤ 2 ^ (Nat.log2 M.d_vocab + 1) := Nat.le_of_lt Nat.lt_log2_self
  have hx : packGrid p.stride p.logits M.d_vocab M.d_vocab (M.logitNat a) < 2 ^ (p.stride * 2 ^ (Nat.log2 M.d_vocab + 1)) :=
    Nat.lt_of_lt_of_le (pack_lt fun i _ => hrow i) (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left _ hn))
  let g i o := M.shiftedLead t s a i o
  have hp := two_pow_eq h.logits_pos
  have hg : ∀ j, j < M.d_vocab * M.d_vocab → g (j / M.d_vocab) (j % M.d_vocab) < 2 ^ p.logits := fun j hj => by
    have := (reach (j / M.d_vocab) (Nat.div_lt_of_lt_mul hj)).2.1
    simp only [g, shiftedLead]
    omega
  have grid : leadGrid p M t s a = pack p.logits (fun j => g (j / M.d_vocab) (j % M.d_vocab)) (M.d_vocab * M.d_vocab) := by
    rw [leadGrid, h.logit_grid ha, rowMap_eq _ hx, ← pack_pack, ← hc.stride, ← pack_pad hn]
    refine pack_congr fun i _ => ?_
    by_cases hi : i < M.d_vocab
    · have hb : Nat.ble (Nat.succ (0 + i)) M.d_vocab = true := Nat.ble_eq_true_of_le (by omega)
      rw [if_pos hi, hb, cond_true, packGrid, lane_pack (fun i _ => hrow i) hi, Nat.zero_add,
        leadRow_eq (fun o _ => h.logitNat_lt_lane a i o) (reach i hi).1 (reach i hi).2.2]
      rfl
    · have hb : Nat.ble (Nat.succ (0 + i)) M.d_vocab = false := by
        rw [Bool.eq_false_iff]; exact fun hb => by have := Nat.le_of_ble_eq_true hb; omega
      rw [if_neg hi, hb, cond_false]
  have le : natSum (M.d_vocab * M.d_vocab) (fun j => expNeg c.P c.consts (g (j / M.d_vocab) (j % M.d_vocab))) ≤
      M.d_vocab * M.d_vocab * 2 ^ c.P := natSum_le_mul fun j _ => expNeg_le hc.consts _
  have mod := pack_mod_ones p.logits 1 (M.d_vocab * M.d_vocab)
    fun j => expNeg c.P c.consts (g (j / M.d_vocab) (j % M.d_vocab))
  have room := hc.room
  rw [Nat.mul_one, Nat.mod_eq_of_lt (a := natSum _ _) (by omega)] at mod
  show expRow p.logits c.P (M.d_vocab * M.d_vocab) c.consts (leadGrid p M t s a) % (2 ^ p.logits - 1) = _
  rw [grid, expRow_pack hc.width hc.consts hg, mod, natSum_grid]
  refine natSum_congr fun i _ => natSum_congr fun o ho => ?_
  rw [show i * M.d_vocab + o = o + M.d_vocab * i by rw [Nat.mul_comm, Nat.add_comm], Nat.add_mul_div_left _ _ (by omega),
    Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt ho, Nat.div_eq_of_lt ho, Nat.zero_add]

/-- The bound of the loss on one pair. -/
theorem crossEntropy_le (F : Type) [ExpField F] {i : Nat} (hi : i < M.d_vocab) :
    M.classifier.CrossEntropyAtMost F [a, i] (t a i) ((s a i : F) / 2 ^ M.b_U.frac +
      ((natSum M.d_vocab fun o => expNeg c.P c.consts (M.shiftedLead t s a i o) + c.err : Nat) : F) / 2 ^ c.P - 1) := by
  obtain ⟨_, hlt, reach⟩ := reach_of_shiftsReach h ha hreach i hi
  refine crossEntropy_of_leads hc.exps (fun o _ => ?_) fun o ho => ?_
  · have h2 : 2 ^ (p.logits - 1) ≤ 2 ^ c.consts.length := Nat.pow_le_pow_right (by omega) (by have := hc.bits; omega)
    show M.logitNat a i (t a i) + s a i - M.logitNat a i o < _
    omega
  · have hk := two_pow_ne (F := F) M.b_U.frac
    have hscale : M.W_A.frac + M.W_U.frac = M.b_U.frac := h.aligned.b_U.symm
    have hle := reach o ho
    show ((M.logitNat a i (t a i) + s a i - M.logitNat a i o : Nat) : F) / 2 ^ M.b_U.frac ≤
      (M.logit [a, i] (t a i) : F) + (s a i : F) / 2 ^ M.b_U.frac - M.logit [a, i] o
    rw [logit_eq h.aligned, logit_eq h.aligned, hscale]
    have e : ((M.logitNat a i (t a i) + s a i - M.logitNat a i o : Nat) : Int) =
        M.logitInt a i (t a i) + ((s a i : Nat) : Int) - M.logitInt a i o := by
      have h2 := Checked.logitNat_eq (M := M) a i o
      have h3 := Checked.logitNat_eq (M := M) a i (t a i)
      omega
    have e' : (((M.logitNat a i (t a i) + s a i - M.logitNat a i o : Nat) : Int) : F) =
      ((M.logitInt a i (t a i) + ((s a i : Nat) : Int) - M.logitInt a i o : Int) : F) := congrArg _ e
    rw [intCast_sub, intCast_add, intCast_natCast, intCast_natCast] at e'
    rw [e']
    grind

end PairMlp

/-! ## The mean -/

/-- Chunks that cover all first tokens prove the mean loss. -/
theorem allPairs_loss {p : PairLanes} {M : PairMlp} {c : LossPlan} (hM : M.checkPairMlp p = true)
    (hc : checkLossPlan p M c = true) {target : List Nat → Nat} {t s : Nat → Nat → Nat} (ht : ∀ a b, target [a, b] = t a b)
    {ns : List Nat} (hns : Covered (ProvedLoss (shiftsReach p M t s) (pairLosses p M c t s)) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {num den : Nat}
    (hmean : checkMean c M.b_U.frac (Nat.mul M.d_vocab M.d_vocab) M.d_vocab num den (total ns) = true) :
    M.classifier.LossAtMost target num den := by
  have h := PairMlp.checked hM
  have hc := PairMlp.lossChecked hc
  obtain ⟨good, hsum⟩ := losses_of_covered hns hlen
  let n a i := natSum M.d_vocab fun o => expNeg c.P c.consts (M.shiftedLead t s a i o) + c.err
  refine loss_of_sum (C := M.classifier) (m := fun x => s (x.getD 0 0) (x.getD 1 0)) (n := fun x => n (x.getD 0 0) (x.getD 1 0))
    (fun F _ x hx => ?_) (Nat.pow_two _).symm hmean ?_
  · obtain ⟨a, b, ha, hb, rfl⟩ := pair_of_mem_sequences hx
    rw [ht]
    exact PairMlp.crossEntropy_le h hc ha (good a ha) F hb
  · refine Nat.le_trans (Nat.le_of_eq ?_) (Nat.add_le_add_right hsum _)
    show (listSum (sequences M.d_vocab 2) _) = _
    simp only [sequences, listSum_flatMap, listSum_map, ← natSum_eq]
    show (natSum M.d_vocab fun a => natSum M.d_vocab fun i => (n a i * 2 ^ M.b_U.frac + s a i * 2 ^ c.P) + 0) = _
    have e : ∀ a, a < M.d_vocab → (natSum M.d_vocab fun i => (n a i * 2 ^ M.b_U.frac + s a i * 2 ^ c.P) + 0) =
        pairLosses p M c t s a + M.d_vocab * (M.d_vocab * c.err) * 2 ^ M.b_U.frac := fun a ha => by
      show _ = lossExps p M c t s a * 2 ^ M.b_U.frac + natSum M.d_vocab (s a) * 2 ^ c.P + _
      rw [PairMlp.lossExps_eq h hc ha (good a ha)]
      simp only [n, Nat.add_zero, natSum_add, natSum_mul_const, natSum_const]
      grind
    rw [natSum_congr e, natSum_add, natSum_const]
    show _ = natSum M.d_vocab (pairLosses p M c t s) + M.d_vocab * M.d_vocab * (M.d_vocab * c.err) * 2 ^ M.b_U.frac
    grind

end

end LeanBound
