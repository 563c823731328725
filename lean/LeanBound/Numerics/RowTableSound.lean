module

public import LeanBound.Numerics.GridSound
public import LeanBound.Numerics.RowTable

/-! # Tables of rows: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem blockRow_eq (S b : Nat) (block : Nat → Nat) (i : Nat) :
    blockRow S b block i = lane S (block (i / 2 ^ b)) (i % 2 ^ b) := by
  show forced (fun j => lane S (block j) (i &&& (2 ^ b - 1))) (i >>> b) = _
  rw [forced_eq, Nat.and_two_pow_sub_one_eq_mod, Nat.shiftRight_eq_div_pow]

/-- The lanes of the rows of a block. -/
theorem rowLanes_eq {S l b s n x j : Nat} (hS : l * (s + n) ≤ S) :
    rowLanes S l b s n (lane (S * 2 ^ b) x j) =
      pack S (fun r => pack l (fun t => lane l (lane S x (j * 2 ^ b + r)) (s + t)) n) (2 ^ b) := by
  rw [Nat.mul_add] at hS
  have hy : lane (S * 2 ^ b) x j >>> (l * s) < 2 ^ (S * 2 ^ b) := by
    rw [Nat.shiftRight_eq_div_pow]
    exact Nat.lt_of_le_of_lt (Nat.div_le_self _ _) (lane_lt ..)
  show Nat.land (lane (S * 2 ^ b) x j >>> (l * s)) (laneMask S (l * n) (2 ^ b)) = _
  rw [← pack_lane hy, land_laneMask (by omega) fun _ _ => lane_lt ..]
  refine pack_congr fun r hr => ?_
  simp only [← lane_shiftRight]
  rw [pack_lane_mod]
  apply Nat.eq_of_testBit_eq
  intro c
  rw [Nat.testBit_mod_two_pow, Nat.testBit_mod_two_pow, testBit_lane, Nat.testBit_shiftRight, Nat.testBit_shiftRight,
    testBit_lane, testBit_lane]
  by_cases hc : c < l * n
  · have h1 := Nat.mul_le_mul_left S (Nat.succ_le_of_lt hr)
    rw [Nat.mul_succ] at h1
    have e : S * 2 ^ b * j + (l * s + (S * r + c)) = S * (j * 2 ^ b) + (S * r + (l * s + c)) := by
      rw [Nat.mul_comm j, Nat.mul_assoc]; omega
    simp [hc, show c < S by omega, show l * s + c < S by omega, show l * s + (S * r + c) < S * 2 ^ b by omega, e]
  · simp [hc]

/-- Row `i` of the table of a grid, where `F` is `φ` of every lane. -/
theorem gridTable_eq {S l w k b s n : Nat} {F φ : Nat → Nat} (hw : l ≤ w) (hn : n ≤ 2 ^ k) (hS : S ≤ w * 2 ^ k)
    (hs : l * (s + n) ≤ S) (hF : ∀ f : Nat → Nat, (∀ j, j < 2 ^ b * 2 ^ k → f j < 2 ^ l) →
      F (pack w f (2 ^ b * 2 ^ k)) = pack w (fun j => φ (f j)) (2 ^ b * 2 ^ k))
    (hφ : ∀ u, u < 2 ^ l → φ u < 2 ^ w) (x i : Nat) : gridTable S l w k b s n F x i =
      pack w (fun t => φ (if t < n then lane l (lane S x i) (s + t) else 0)) (2 ^ k) := by
  have hk := Nat.two_pow_pos k
  let f (j : Nat) : Nat :=
    if j % 2 ^ k < n then lane l (lane S x (i / 2 ^ b * 2 ^ b + j / 2 ^ k)) (s + j % 2 ^ k) else 0
  have hf : ∀ j, f j < 2 ^ l := fun j => by
    simp only [f]
    split
    · exact lane_lt ..
    · exact Nat.two_pow_pos l
  have e : stretchRows l w k b S (rowLanes S l b s n (lane (S * 2 ^ b) x (i / 2 ^ b))) = pack w f (2 ^ b * 2 ^ k) := by
    rw [rowLanes_eq hs]
    exact stretchRows_pack hw hn hS (Nat.le_trans (Nat.mul_le_mul_left l (by omega)) hs) fun _ _ _ _ => lane_lt ..
  show blockRow (w * 2 ^ k) b (fun j => F (stretchRows l w k b S (rowLanes S l b s n (lane (S * 2 ^ b) x j)))) i = _
  rw [blockRow_eq, e, hF f fun j _ => hf j, lane_rows (fun j _ => hφ _ (hf j)) (Nat.mod_lt _ (Nat.two_pow_pos b))]
  refine pack_congr fun t ht => ?_
  simp only [f]
  rw [Nat.add_comm (_ * _) t, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt ht, Nat.add_mul_div_right _ _ hk, Nat.div_eq_of_lt ht,
    Nat.zero_add, Nat.div_add_mod']

end

end LeanBound
