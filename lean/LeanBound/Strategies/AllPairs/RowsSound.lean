module

public import LeanBound.Numerics.GridRelu
public import LeanBound.Properties.Ranges
public import LeanBound.Strategies.AllPairs.Checker
public import LeanBound.Strategies.Tables.RowsSound

/-! # Counting rows: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Terms from `n` on that vanish count for nothing. -/
theorem natSum_le_of_zero {n N : Nat} {f g : Nat → Nat} (hn : n ≤ N) (h : ∀ i, i < n → f i ≤ g i)
    (h0 : ∀ i, n ≤ i → f i = 0) : natSum N f ≤ natSum n g := by
  obtain ⟨k, rfl⟩ := Nat.exists_eq_add_of_le hn
  have hz : natSum k (fun i => f (n + i)) = 0 := by
    rw [natSum_congr fun i _ => h0 (n + i) (by omega), natSum_eq, listSum_zero]
  rw [natSum_append, hz]
  exact natSum_le h

theorem rowSum_eq {S : Nat} {F : Nat → Nat → Nat} (k : Nat) {x : Nat} (hx : x < 2 ^ (S * 2 ^ k)) (i : Nat) :
    rowSum S F k x i = natSum (2 ^ k) fun r => F (i + r) (lane S x r) := by
  induction k generalizing x i with
  | zero =>
    rw [Nat.pow_zero, Nat.mul_one] at hx
    show F i x = natSum 1 _
    rw [natSum_succ, natSum_zero, Nat.zero_add, lane_eq, Nat.mul_zero, Nat.shiftRight_zero, Nat.mod_eq_of_lt hx]
    rfl
  | succ k ih =>
    have hp : 2 ^ (k + 1) = 2 ^ k + 2 ^ k := by rw [Nat.pow_succ]; omega
    rw [hp, Nat.mul_add, Nat.pow_add] at hx
    have h1 : x % 2 ^ (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := Nat.mod_lt _ (Nat.two_pow_pos _)
    have h2 : x >>> (S * 2 ^ k) < 2 ^ (S * 2 ^ k) := by
      rw [Nat.shiftRight_eq_div_pow]; exact Nat.div_lt_of_lt_mul hx
    show rowSum S F k (x &&& (2 ^ (S * 2 ^ k) - 1)) i + rowSum S F k (x >>> (S * 2 ^ k)) (i + 2 ^ k) = _
    rw [Nat.and_two_pow_sub_one_eq_mod, ih h1, ih h2, hp, natSum_append]
    congr 1
    · exact natSum_congr fun r hr => by rw [lane_mod_two_pow hr]
    · exact natSum_congr fun r _ => by rw [lane_shiftRight, Nat.add_assoc]

/-- What `leadsAll` says of packed entries below the guard bits. -/
theorem leadsAll_sound {l m y : Nat} {e : Nat → Nat} (hl : 0 < l) (he : ∀ o, o < m → e o < 2 ^ (l - 1))
    (h : leadsAll l m y (pack l e m) = true) : y < m ∧ ∀ o, o < m → o ≠ y → e o < e y := by
  have hp := two_pow_eq hl
  have hh := Nat.two_pow_pos (l - 1)
  simp only [leadsAll, both_eq_true] at h
  obtain ⟨hy, h⟩ := h
  have hy : y < m := Nat.le_of_ble_eq_true hy
  have hey := he y hy
  refine ⟨hy, fun o ho hne => ?_⟩
  have hlane : Nat.land (Nat.shiftRight (pack l e m) (Nat.mul l y)) (Nat.sub (Nat.pow 2 l) 1) = e y := by
    show pack l e m >>> (l * y) &&& (2 ^ l - 1) = e y
    rw [Nat.and_two_pow_sub_one_eq_mod, ← lane_eq, lane_pack (fun o ho => by have := he o ho; omega) hy]
  have hlead : Nat.sub (Nat.add (Nat.pow 2 (Nat.mul l y)) (Nat.mul (Nat.add (e y) (Nat.sub (Nat.pow 2 (Nat.sub l 1)) 1))
      (ones l m))) (pack l e m) = pack l (fun o => (if o = y then 1 else 0) + (e y + (2 ^ (l - 1) - 1)) - e o) m := by
    rw [pack_sub fun o ho => by have := he o ho; omega, pack_add, pack_single _ _ _ hy, pack_const]
    rfl
  have hguard : guardBits l m = pack l (fun _ => 2 ^ (l - 1)) m := (pack_const ..).symm
  have h := Nat.eq_of_beq_eq_true h
  rw [hlane, hlead, hguard] at h
  have h : pack l (fun o => (if o = y then 1 else 0) + (e y + (2 ^ (l - 1) - 1)) - e o) m &&& pack l (fun _ => 2 ^ (l - 1)) m =
    pack l (fun _ => 2 ^ (l - 1)) m := (Nat.and_comm ..).trans h
  have := half_le_of_land hl (fun o _ => by split <;> omega) (fun _ _ => by omega) h ho rfl
  rw [if_neg hne] at this
  have := he o ho
  omega

/-- `rowTotal` adds up the weights of rows with a property. -/
theorem rowTotal_le {S l n : Nat} {weight : Nat → Nat} {pass : Nat → Nat → Bool} {e : Nat → Nat → Nat} {P : Nat → Prop}
    (hS : l * n ≤ S) (he : ∀ i o, i < n → o < n → e i o < 2 ^ l)
    (hP : ∀ i, i < n → pass i (pack l (e i) n) = true → P i) :
    rowTotal S n weight pass (packGrid S l n n e) ≤ natSum n fun i => weight i * indicator (P i) := by
  have hrow : ∀ i, i < n → pack l (e i) n < 2 ^ S := fun i hi =>
    Nat.lt_of_lt_of_le (pack_lt fun o ho => he i o hi ho) (Nat.pow_le_pow_right (by omega) hS)
  have hn : n ≤ 2 ^ (Nat.log2 n + 1) := Nat.le_of_lt Nat.lt_log2_self
  have hx : packGrid S l n n e < 2 ^ (S * 2 ^ (Nat.log2 n + 1)) :=
    Nat.lt_of_lt_of_le (pack_lt hrow) (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_left _ hn))
  rw [rowTotal, rowSum_eq _ hx]
  refine natSum_le_of_zero hn (fun i hi => ?_) fun i hi => ?_
  · rw [Nat.zero_add, packGrid, lane_pack hrow hi]
    cases h : both (Nat.ble (Nat.succ i) n) (pass i (pack l (e i) n)) with
    | false => exact Nat.zero_le _
    | true => rw [indicator_true (hP i hi (both_eq_true.1 h).2), Nat.mul_one]; exact Nat.le_refl _
  · have h : Nat.ble (Nat.succ (0 + i)) n = false := by
      rw [Bool.eq_false_iff]; exact fun h => by have := Nat.le_of_ble_eq_true h; omega
    rw [h]
    rfl

/-- `leadCount` counts rows whose target leads. -/
theorem leadCount_le {S l n : Nat} {t : Nat → Nat} {e : Nat → Nat → Nat} (hl : 0 < l) (hS : l * n ≤ S)
    (he : ∀ i o, i < n → o < n → e i o < 2 ^ (l - 1)) :
    leadCount S l n t (packGrid S l n n e) ≤
      natSum n fun i => indicator (t i < n ∧ ∀ o, o < n → o ≠ t i → e i o < e i (t i)) := by
  have hp := two_pow_eq hl
  refine Nat.le_trans (rowTotal_le hS (fun i o hi ho => by have := he i o hi ho; omega)
    fun i hi h => leadsAll_sound hl (he i · hi) h) (natSum_le fun i _ => ?_)
  exact Nat.le_of_eq (Nat.one_mul _)

end

end LeanBound
