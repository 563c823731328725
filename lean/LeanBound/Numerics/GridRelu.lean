module

public import LeanBound.Numerics.GridSound

/-! # More on matrices in one number: rows added to all rows, ReLU of all entries, and columns -/

@[expose] public section

namespace LeanBound

noncomputable section

section Grid

variable {S l n m a b x y : Nat} {T U : Nat → Nat → Int}

theorem Grid.of_rows {f : Nat → Nat} (h : ∀ i, i < n → Vec l m b (T i) (f i)) : Grid S l n m b T (pack S f n) :=
  ⟨pack_congr fun i hi => (h i hi).1, fun i o hi ho => (h i hi).2 o ho⟩

/-- One row, in every row. -/
theorem Vec.repeated {f : Nat → Int} (h : Vec l m b f x) : Grid S l n m b (fun _ o => f o) (ones S n * x) := by
  rw [h.1]
  refine ⟨?_, fun _ o _ ho => h.2 o ho⟩
  rw [ones_eq, ← packGrid_outer]
  exact packGrid_congr fun _ _ _ _ => by rw [Nat.one_mul]

theorem Grid.add (hx : Grid S l n m a T x) (hy : Grid S l n m b U y) :
    Grid S l n m (a + b) (fun i o => T i o + U i o) (x + y) := by
  rw [hx.1, hy.1, ← packGrid_add]
  exact Grid.of_pack fun i o hi ho => by
    have := hx.2 i o hi ho
    have := hy.2 i o hi ho
    omega

theorem packGrid_mul (c : Nat) (g : Nat → Nat → Nat) :
    packGrid S l n m (fun i o => c * g i o) = c * packGrid S l n m g := by
  unfold packGrid
  rw [← pack_mul]
  exact pack_congr fun i _ => pack_mul ..

/-- What lies above the guard bits, by the guard bits. -/
theorem keepGuarded_packGrid {f : Nat → Nat → Nat} (hl : 0 < l) (hS : l * m ≤ S)
    (hf : ∀ i o, i < n → o < m → f i o < 2 ^ l) :
    keepGuarded l (2 ^ (l - 1) * gridOnes S l n m) (packGrid S l n m f) = packGrid S l n m fun i o => f i o - 2 ^ (l - 1) := by
  have hp : 2 ^ l = 2 * 2 ^ (l - 1) := by
    obtain ⟨v, rfl⟩ : ∃ v, l = v + 1 := ⟨l - 1, by omega⟩
    rw [Nat.pow_succ, Nat.add_sub_cancel, Nat.mul_comm]
  have hh := Nat.two_pow_pos (l - 1)
  let c i o := if 2 ^ (l - 1) ≤ f i o then 1 else 0
  have hG : packGrid S l n m f &&& 2 ^ (l - 1) * gridOnes S l n m = 2 ^ (l - 1) * packGrid S l n m c := by
    rw [← packGrid_const, packGrid_land hS hf fun _ _ _ _ => by omega, ← packGrid_mul]
    refine packGrid_congr fun i o hi ho => ?_
    rw [land_top hl (hf i o hi ho)]
    show _ = 2 ^ (l - 1) * if _ then _ else _
    split <;> simp
  have hmask : 2 ^ (l - 1) * packGrid S l n m c - packGrid S l n m c =
      packGrid S l n m fun i o => 2 ^ (l - 1) * c i o - c i o := by
    rw [packGrid_sub fun i o _ _ => Nat.le_mul_of_pos_left _ hh, packGrid_mul]
  show packGrid S l n m f &&& ((packGrid S l n m f &&& 2 ^ (l - 1) * gridOnes S l n m) -
    (packGrid S l n m f &&& 2 ^ (l - 1) * gridOnes S l n m) >>> (l - 1)) = _
  rw [hG, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ hh, hmask, packGrid_land hS hf]
  · refine packGrid_congr fun i o hi ho => ?_
    have := hf i o hi ho
    show (_ &&& (2 ^ (l - 1) * (if 2 ^ (l - 1) ≤ f i o then 1 else 0) - if 2 ^ (l - 1) ≤ f i o then 1 else 0)) = _
    by_cases h : 2 ^ (l - 1) ≤ f i o
    · rw [if_pos h, Nat.mul_one, Nat.and_two_pow_sub_one_eq_mod]
      obtain ⟨d, hd⟩ := Nat.exists_eq_add_of_le h
      rw [hd, Nat.add_mod_left, Nat.add_sub_cancel_left, Nat.mod_eq_of_lt (by omega)]
    · rw [if_neg h, Nat.mul_zero, Nat.and_zero]; omega
  · intro i o _ _
    show 2 ^ (l - 1) * (if 2 ^ (l - 1) ≤ f i o then 1 else 0) - (if 2 ^ (l - 1) ≤ f i o then 1 else 0) < _
    split <;> omega

/-- ReLU of every entry: a bias of half a lane puts the sign into the guard bit. -/
theorem Grid.relu (h : Grid S l n m (2 ^ (l - 1)) T x) (hl : 0 < l) (hS : l * m ≤ S)
    (hT : ∀ i o, i < n → o < m → T i o + ((2 ^ (l - 1) : Nat) : Int) < (2 ^ l : Nat)) :
    keepGuarded l (2 ^ (l - 1) * gridOnes S l n m) x = packGrid S l n m fun i o => (T i o).toNat := by
  rw [h.1, keepGuarded_packGrid hl hS (h.entry_lt hT)]
  exact packGrid_congr fun i o hi ho => by have := h.2 i o hi ho; omega

theorem packGrid_column {g : Nat → Nat → Nat} (hS : l * m ≤ S) (hg : ∀ i o, i < n → o < m → g i o < 2 ^ l) {j : Nat}
    (hj : j < m) :
    Nat.land (Nat.shiftRight (packGrid S l n m g) (Nat.mul l j)) (laneMask S l n) = pack S (fun i => g i j) n := by
  have h1 : l * j + l ≤ S := by
    have := Nat.mul_le_mul_left l (Nat.succ_le_of_lt hj)
    rw [Nat.mul_succ] at this
    omega
  refine (land_shift_pack (fun i hi => Nat.lt_of_lt_of_le (pack_lt fun o ho => hg i o hi ho)
    (Nat.pow_le_pow_right (by omega) hS)) h1).trans (pack_congr fun i hi => ?_)
  exact (lane_eq ..).symm.trans (lane_pack (fun o ho => hg i o hi ho) hj)

end Grid

end

end LeanBound
