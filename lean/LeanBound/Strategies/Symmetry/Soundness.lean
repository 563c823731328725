module

public import LeanBound.Strategies.AllPairs.LeadsSound
public import LeanBound.Strategies.AllPairs.Soundness
public import LeanBound.Strategies.Symmetry.Diagonals

/-! # Unordered pairs of tokens through an MLP: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Targets -/

/-- A target of pairs that is one of `n` tokens, and does not depend on their order. -/
structure SymmetricTarget (n : Nat) (t : Nat → Nat → Nat) : Prop where
  pos : 0 < n
  lt : ∀ a b, a < n → b < n → t a b < n
  swap : ∀ a b, a < n → b < n → t a b = t b a

theorem addMod_symmetric {p n : Nat} (h : Nat.beq p n = true) (hp : Nat.ble 1 p = true) : SymmetricTarget n (addMod p) := by
  obtain rfl := Nat.eq_of_beq_eq_true h
  have hp : 0 < p := Nat.le_of_ble_eq_true hp
  exact ⟨hp, fun a b _ _ => Nat.mod_lt _ hp, fun a b _ _ => by show (a + b) % p = (b + a) % p; rw [Nat.add_comm]⟩

theorem allBelow_sound {n : Nat} {P : Nat → Bool} (h : allBelow n P = true) : ∀ i, i < n → P i = true := by
  induction n with
  | zero => exact fun i hi => absurd hi (Nat.not_lt_zero _)
  | succ n ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 (show both (P n) (allBelow n P) = true from h)
    intro i hi
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with hi | rfl
    · exact ih h2 i hi
    · exact h1

theorem checkSymmetric_sound {n : Nat} {t : Nat → Nat → Nat} (h : checkSymmetric n t = true) (hn : Nat.ble 1 n = true) :
    SymmetricTarget n t := by
  have key : ∀ a b, a < n → b ≤ a → t a b < n ∧ t b a = t a b := fun a b ha hb => by
    have h := allBelow_sound (allBelow_sound h a ha) b (Nat.lt_succ_of_le hb)
    rw [both_eq_true] at h
    exact ⟨Nat.le_of_ble_eq_true h.1, Nat.eq_of_beq_eq_true h.2⟩
  refine ⟨Nat.le_of_ble_eq_true hn, fun a b ha hb => ?_, fun a b ha hb => ?_⟩
  · rcases Nat.le_total b a with hle | hle
    · exact (key a b ha hle).1
    · have := key b a hb hle
      omega
  · rcases Nat.le_total b a with hle | hle
    · exact (key a b ha hle).2.symm
    · exact (key b a hb hle).2

namespace PairMlp

variable {p : PairLanes} {M : PairMlp}

/-- One embedding: the order of the tokens does not matter. -/
theorem logit_swap (hAB : M.W_B = M.W_A) {F : Type u} [ExpField F] (a b o : Nat) :
    (M.logit [a, b] o : F) = M.logit [b, a] o := by
  have hpre : ∀ j, (M.pre [a, b] j : F) = M.pre [b, a] j := fun j => by
    show M.W_A.entry a j + M.W_B.entry b j + M.b_H.entry 0 j = M.W_A.entry b j + M.W_B.entry a j + M.b_H.entry 0 j
    rw [hAB]
    grind
  simp only [logit, hpre]

namespace Checked

variable (h : Checked p M)

include h

/-! ## Rows of diagonals -/

theorem row_lt {T : Tensor} (hT : Shaped (T.width * M.d_hidden) T.bound M.d_vocab M.d_hidden T) (hw : T.width ≤ p.hidden)
    (hb : T.bound ≤ M.preBound) {i : Nat} (hi : i < M.d_vocab) : T.row p.hidden T.bound M.d_hidden i < 2 ^ p.stride := by
  have h2 := two_pow_eq (Nat.lt_of_succ_lt h.hidden_pos)
  have hpre : M.preBound + 1 ≤ 2 ^ (p.hidden - 1) := h.pre
  rw [(hT.row hw hi).1]
  refine Nat.lt_of_lt_of_le (pack_lt fun j _ => ?_) (Nat.pow_le_pow_right (by omega) h.hidden_stride)
  have := T.natAbs_int_le i j
  show (T.int i j + (T.bound : Int)).toNat < _
  have : (T.int i j).natAbs ≤ T.bound := this
  omega

theorem diagonalPre_eq (d : Nat) : diagonalPre p M d = pack p.stride
    (fun i => M.W_A.row p.hidden M.W_A.bound M.d_hidden i + M.W_B.row p.hidden M.W_B.bound M.d_hidden (i + d))
    (diagonalSize M d) := by
  have hbound : M.preBound = M.W_B.bound + (M.W_A.bound + M.b_H.bound) := rfl
  have hA : ∀ i, i < M.d_vocab → M.W_A.row p.hidden M.W_A.bound M.d_hidden i < 2 ^ p.stride := fun i hi =>
    h.row_lt h.W_A h.W_A_width (by omega) hi
  have hB : ∀ i, i < M.d_vocab → M.W_B.row p.hidden M.W_B.bound M.d_hidden i < 2 ^ p.stride := fun i hi =>
    h.row_lt h.W_B h.W_B_width (by omega) hi
  have low : ∀ f : Nat → Nat, (∀ i, i < M.d_vocab → f i < 2 ^ p.stride) →
      pack p.stride f M.d_vocab &&& (2 ^ (p.stride * (M.d_vocab - d)) - 1) = pack p.stride f (M.d_vocab - d) := fun f hf => by
    have e := pack_append p.stride (M.d_vocab - d) (M.d_vocab - (M.d_vocab - d)) f
    rw [show M.d_vocab - d + (M.d_vocab - (M.d_vocab - d)) = M.d_vocab by omega] at e
    rw [Nat.and_two_pow_sub_one_eq_mod, e, Nat.add_mul_mod_self_right,
      Nat.mod_eq_of_lt (pack_lt fun i hi => hf i (by omega))]
  have high : ∀ f : Nat → Nat, (∀ i, i < M.d_vocab → f i < 2 ^ p.stride) →
      pack p.stride f M.d_vocab >>> (p.stride * d) = pack p.stride (fun i => f (i + d)) (M.d_vocab - d) := fun f hf => by
    rw [Nat.shiftRight_eq_div_pow]
    rcases Nat.le_total d M.d_vocab with hd | hd
    · have e := pack_append p.stride d (M.d_vocab - d) f
      rw [show d + (M.d_vocab - d) = M.d_vocab by omega] at e
      rw [e, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.div_eq_of_lt (pack_lt fun i hi => hf i (by omega)),
        Nat.zero_add]
      exact pack_congr fun i _ => by rw [Nat.add_comm]
    · rw [show M.d_vocab - d = 0 by omega, Nat.div_eq_of_lt]
      · rfl
      · exact Nat.lt_of_lt_of_le (pack_lt hf) (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left _ hd))
  show (pack _ _ _ &&& (2 ^ (p.stride * (M.d_vocab - d)) - 1)) + pack _ _ _ >>> (p.stride * d) = pack _ _ (M.d_vocab - d)
  rw [low _ hA, high _ hB, ← pack_add]

omit h in
/-- The pair of row `r` of the diagonals `d, …, d + k - 1`. -/
def diagonalPair (M : PairMlp) (k d r : Nat) : Nat × Nat := chainRow (diagonalSize M) (fun e i => (i, i + e)) k d r

omit h in
theorem diagonalPair_lt {k d r : Nat} (hr : r < diagonalRows M k d) :
    (diagonalPair M k d r).1 < M.d_vocab ∧ (diagonalPair M k d r).2 < M.d_vocab :=
  chainRow_all (P := fun x : Nat × Nat => x.1 < M.d_vocab ∧ x.2 < M.d_vocab) _ (fun e i hi => by
    have hi : i < M.d_vocab - e := hi
    exact ⟨by omega, by show i + e < _; omega⟩) hr

theorem diagonal_logits (k d : Nat) : diagonalLogits p M k d = packGrid p.stride p.logits (diagonalRows M k d) M.d_vocab
    fun r => M.logitNat (diagonalPair M k d r).1 (diagonalPair M k d r).2 := by
  have hraw : chain p.stride (diagonalSize M) (diagonalPre p M) k d = pack p.stride (fun r =>
      M.W_A.row p.hidden M.W_A.bound M.d_hidden (diagonalPair M k d r).1 +
        M.W_B.row p.hidden M.W_B.bound M.d_hidden (diagonalPair M k d r).2) (diagonalRows M k d) := by
    rw [chain_eq h.diagonalPre_eq]
    exact pack_congr fun r _ => chainRow_map (fun e i => (i, i + e)) (fun x : Nat × Nat =>
      M.W_A.row p.hidden M.W_A.bound M.d_hidden x.1 + M.W_B.row p.hidden M.W_B.bound M.d_hidden x.2) k d r
  have hrows := Grid.of_rows (S := p.stride) (n := diagonalRows M k d) (l := p.hidden) (m := M.d_hidden) fun r hr =>
    (h.W_A.row h.W_A_width (diagonalPair_lt hr).1).add (h.W_B.row h.W_B_width (diagonalPair_lt hr).2)
  refine h.logit_rows (R := diagonalPair M k d) ?_
  show Grid _ _ _ _ _ _ (chain p.stride (diagonalSize M) (diagonalPre p M) k d + spread p.stride (offsetRow p M) _)
  rw [hraw, spread_eq, Nat.mul_comm (offsetRow p M), ← h.bound_eq,
    show M.W_B.bound + (M.W_A.bound + (M.b_H.bound + (half p - M.preBound))) =
      M.W_A.bound + M.W_B.bound + (M.b_H.bound + (half p - M.preBound)) by omega]
  exact hrows.add h.offset_row.repeated

theorem diagonalRight_eq {t : Nat → Nat → Nat} (ht : SymmetricTarget M.d_vocab t) (k d : Nat) : diagonalRight p M t k d =
    pack p.stride (fun r => indicator (∀ o, o < M.d_vocab → o ≠ t (diagonalPair M k d r).1 (diagonalPair M k d r).2 →
      M.logitNat (diagonalPair M k d r).1 (diagonalPair M k d r).2 o <
        M.logitNat (diagonalPair M k d r).1 (diagonalPair M k d r).2
          (t (diagonalPair M k d r).1 (diagonalPair M k d r).2))) (diagonalRows M k d) := by
  have hl : 1 < p.logits := by
    have h1 := h.logits
    have h2 : 0 < M.b_U.bound := Nat.two_pow_pos _
    have h3 : logitBound p M = M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound := rfl
    have := (Nat.pow_lt_pow_iff_right (a := 2) (n := 0) (m := p.logits - 1) (by omega)).1 (by rw [Nat.pow_zero]; omega)
    omega
  have htargets : chain p.stride (diagonalSize M) (diagonalTargets p M t) k d = pack p.stride
      (fun r => 2 ^ (p.logits * t (diagonalPair M k d r).1 (diagonalPair M k d r).2)) (diagonalRows M k d) := by
    rw [chain_eq fun e => show diagonalTargets p M t e = pack _ (fun i => 2 ^ (p.logits * t i (i + e))) _ from rfl]
    exact pack_congr fun r _ => chainRow_map (fun e i => (i, i + e)) (fun x : Nat × Nat => 2 ^ (p.logits * t x.1 x.2)) k d r
  rw [diagonalRight, htargets, h.diagonal_logits]
  exact leadingRows_packGrid hl h.logits_stride ht.pos (fun r o _ _ => h.logitNat_lt _ _ o) fun r hr =>
    ht.lt _ _ (diagonalPair_lt hr).1 (diagonalPair_lt hr).2

/-! ## Counting -/

/-- What the kernel counts on some diagonals is a lower bound on the pairs there, and their mirror images, that are right. -/
theorem mirroredCount_le {t : Nat → Nat → Nat} (ht : SymmetricTarget M.d_vocab t) (F : Type) [ExpField F] (k d : Nat) :
    mirroredCount p M t k d ≤ natSum k fun j => mirrorWeight (d + j) *
      natSum (M.d_vocab - (d + j)) fun i => indicator (M.classifier.Correct F [i, i + (d + j)] (t i (i + (d + j)))) := by
  let c (x : Nat × Nat) := indicator (∀ o, o < M.d_vocab → o ≠ t x.1 x.2 → M.logitNat x.1 x.2 o < M.logitNat x.1 x.2 (t x.1 x.2))
  let g (x : Nat × Nat) := indicator (M.classifier.Correct F [x.1, x.2] (t x.1 x.2))
  let parts (k d : Nat) := natSum k fun j => natSum (M.d_vocab - (d + j)) fun i => g (i, i + (d + j))
  have hcg : ∀ x, c x ≤ g x := fun x => indicator_le fun hx => correct_of_logitInt h.aligned F fun o ho hne => by
    have h1 := hx o ho hne
    have h2 := logitNat_eq (M := M) x.1 x.2 o
    have h3 := logitNat_eq (M := M) x.1 x.2 (t x.1 x.2)
    omega
  have hrows : ∀ k d, natSum (diagonalRows M k d) (fun r => c (diagonalPair M k d r)) ≤ parts k d := fun k d =>
    Nat.le_trans (natSum_le fun r _ => hcg _) (Nat.le_of_eq (natSum_chain (fun e i => (i, i + e)) g k d))
  have hall : countRows p.stride (diagonalRight p M t k d) ≤ parts k d := by
    rw [h.diagonalRight_eq ht]
    exact Nat.le_trans (countRows_le ..) (hrows k d)
  have hdouble : ∀ k d, d ≠ 0 → (natSum k fun j => mirrorWeight (d + j) *
      natSum (M.d_vocab - (d + j)) fun i => g (i, i + (d + j))) = parts k d + parts k d := fun k d hd => by
    show _ = natSum k _ + natSum k _
    rw [← natSum_add]
    exact natSum_congr fun j _ => by rw [mirrorWeight, if_neg (by omega), Nat.two_mul]
  show countRows _ _ + countRows _ (diagonalRight p M t k d >>> cond (Nat.beq d 0) (p.stride * M.d_vocab) 0) ≤
    natSum k fun j => mirrorWeight (d + j) * natSum (M.d_vocab - (d + j)) fun i => g (i, i + (d + j))
  cases d with
  | succ d =>
    rw [show Nat.beq (d + 1) 0 = false from rfl, cond_false, Nat.shiftRight_zero, hdouble k _ (by omega)]
    omega
  | zero =>
    rw [show Nat.beq 0 0 = true from rfl, cond_true]
    cases k with
    | zero =>
      have e : diagonalRight p M t 0 0 = 0 := (h.diagonalRight_eq ht 0 0).trans rfl
      have hz : ∀ S, countRows S 0 = 0 := fun S => Nat.zero_mod _
      rw [e, Nat.zero_shiftRight, hz]
      exact Nat.zero_le _
    | succ k =>
      have hc : ∀ x, c x < 2 ^ p.stride := fun x => by
        have h1 : c x ≤ 1 := by
          show indicator _ ≤ 1
          unfold indicator
          split <;> omega
        have h2 : 0 < p.stride := Nat.lt_of_lt_of_le (Nat.mul_pos h.logits_pos ht.pos) h.logits_stride
        have := Nat.pow_lt_pow_right (a := 2) (by omega) h2
        omega
      have hrest : countRows p.stride (diagonalRight p M t (k + 1) 0 >>> (p.stride * M.d_vocab)) ≤ parts k 1 := by
        have hlt : pack p.stride (fun r => c (diagonalPair M (k + 1) 0 r)) M.d_vocab < 2 ^ (p.stride * M.d_vocab) :=
          pack_lt fun r _ => hc _
        have hn : diagonalRows M (k + 1) 0 = M.d_vocab + diagonalRows M k 1 := rfl
        rw [h.diagonalRight_eq ht, hn, pack_append, Nat.shiftRight_eq_div_pow, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _),
          Nat.div_eq_of_lt hlt, Nat.zero_add]
        refine Nat.le_trans (countRows_le ..) (Nat.le_trans (Nat.le_of_eq (natSum_congr fun r _ => ?_)) (hrows k 1))
        have e : diagonalPair M (k + 1) 0 (M.d_vocab + r) = diagonalPair M k 1 r := chainRow_add (size := diagonalSize M) _ k 0 r
        rw [e]
      have hsplit : parts (k + 1) 0 = natSum M.d_vocab (fun i => g (i, i)) + parts k 1 := by
        show natSum (k + 1) _ = _
        rw [natSum_succ_left]
        congr 1
        exact natSum_congr fun j _ => by rw [Nat.zero_add, Nat.add_comm 1 j]
      have hdouble := hdouble k 1 (by omega)
      rw [natSum_succ_left, mirrorWeight, if_pos rfl, Nat.one_mul]
      have e : (natSum k fun j => mirrorWeight (0 + (j + 1)) *
          natSum (M.d_vocab - (0 + (j + 1))) fun i => g (i, i + (0 + (j + 1)))) =
          natSum k fun j => mirrorWeight (1 + j) * natSum (M.d_vocab - (1 + j)) fun i => g (i, i + (1 + j)) :=
        natSum_congr fun j _ => by rw [Nat.zero_add, Nat.add_comm 1 j]
      rw [e, hdouble]
      have h0 : natSum (M.d_vocab - (0 + 0)) (fun i => g (i, i + (0 + 0))) = natSum M.d_vocab fun i => g (i, i) := rfl
      omega

end Checked

end PairMlp

/-! ## From diagonals to the accuracy -/

/-- The terms of `f` from `a` to before `b` add up to `n` at least. -/
def SumBetween (f : Nat → Nat) (a b n : Nat) : Prop := n + natSum a f ≤ natSum b f

theorem SumBetween.append {f : Nat → Nat} {a b c n m : Nat} (h : SumBetween f a b n) (h' : SumBetween f b c m) :
    SumBetween f a c (n + m) := by
  unfold SumBetween at *
  omega

/-- On how many pairs of a diagonal, and their mirror images, the model is right. -/
def rightOnDiagonal (M : PairMlp) (F : Type) [ExpField F] (t : Nat → Nat → Nat) (d : Nat) : Nat :=
  mirrorWeight d * natSum (M.d_vocab - d) fun i => indicator (M.classifier.Correct F [i, i + d] (t i (i + d)))

/-- A number for consecutive diagonals, whatever the field. -/
def Diagonals (M : PairMlp) (t : Nat → Nat → Nat) (a b n : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], SumBetween (rightOnDiagonal M F t) a b n

variable {M : PairMlp} {t : Nat → Nat → Nat}

theorem Diagonals.append {a b b' c n m : Nat} (h : Diagonals M t a b n) (hb : Nat.beq b b' = true) (h' : Diagonals M t b' c m) :
    Diagonals M t a c (Nat.add n m) := by
  obtain rfl := Nat.eq_of_beq_eq_true hb
  exact fun F _ => (h F).append (h' F)

theorem diagonals_of_count {p : PairLanes} (hM : M.checkPairMlp p = true) (ht : SymmetricTarget M.d_vocab t) {k d n : Nat}
    (h : Nat.ble n (M.mirroredCount p t k d) = true) : Diagonals M t d (Nat.add d k) n := by
  intro F _
  have h := Nat.le_trans (Nat.le_of_ble_eq_true h) ((PairMlp.checked hM).mirroredCount_le ht F k d)
  show n + natSum d _ ≤ natSum (d + k) _
  rw [natSum_append, Nat.add_comm]
  exact Nat.add_le_add_left h _

/-- All diagonals prove the accuracy of a model with one embedding. -/
theorem symmetry_accuracy {target : List Nat → Nat} (hAB : M.W_B = M.W_A) (hs : SymmetricTarget M.d_vocab t)
    (ht : ∀ a b, target [a, b] = t a b) {b n N : Nat} (h : Diagonals M t 0 b n) (hb : Nat.beq b M.d_vocab = true)
    (hN : Nat.ble N n = true) : M.classifier.AccuracyAtLeast target N := by
  obtain rfl := Nat.eq_of_beq_eq_true hb
  intro F _
  have h : n + natSum 0 (rightOnDiagonal M F t) ≤ natSum M.d_vocab (rightOnDiagonal M F t) := h F
  rw [natSum_zero, Nat.add_zero] at h
  refine Nat.le_trans (Nat.le_of_ble_eq_true hN) (Nat.le_trans h ?_)
  show _ ≤ count M.d_vocab 2 _
  simp only [count_succ, count_zero, ht]
  have hswap : ∀ a b, a < M.d_vocab → b < M.d_vocab → indicator (M.classifier.Correct F [a, b] (t a b)) =
      indicator (M.classifier.Correct F [b, a] (t b a)) := fun a b ha hb => by
    have e : M.classifier.Correct F [a, b] (t a b) = M.classifier.Correct F [b, a] (t b a) := by
      rw [hs.swap a b ha hb]
      show (∀ o, o < M.d_vocab → o ≠ t b a → (M.logit [a, b] o : F) < M.logit [a, b] (t b a)) = _
      simp only [PairMlp.logit_swap hAB a b]
      rfl
    rw [e]
  exact Nat.le_of_eq (natSum_diagonals hswap).symm

end

end LeanBound
