module

public import LeanBound.Numerics.ExpEnclosureSound
public import LeanBound.Numerics.ExpRow
public import LeanBound.Numerics.StretchSound

/-! # The exponentials of a whole vector at once: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

variable {L P n : Nat} {cs : List Nat}

/-- Exponentials are at most one. -/
theorem expNeg_le (hc : ∀ c, c ∈ cs → c ≤ 2 ^ P) (u : Nat) : expNeg P cs u ≤ 2 ^ P := by
  induction cs generalizing u with
  | nil => exact Nat.le_refl _
  | cons c cs ih =>
    have h := ih (fun c h => hc c (List.mem_cons_of_mem _ h)) (u / 2)
    rw [expNeg_cons]
    split
    · exact h
    · exact Nat.div_le_of_le_mul (Nat.mul_le_mul (hc c List.mem_cons_self) h)

theorem laneShift_pack (s : Nat) (f : Nat → Nat) :
    laneShift s (pack L f n) (pack L (fun j => f j % 2 ^ s) n) = pack L (fun j => f j / 2 ^ s) n := by
  have h : pack L (fun j => 2 ^ s * (f j / 2 ^ s)) n = pack L f n - pack L (fun j => f j % 2 ^ s) n := by
    rw [← pack_sub fun j _ => Nat.mod_le _ _]
    exact pack_congr fun j _ => by have := Nat.div_add_mod (f j) (2 ^ s); omega
  show (_ - _) >>> s = _
  rw [← h, pack_mul, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ (Nat.two_pow_pos s)]

theorem land_ones (hL : 1 ≤ L) {f : Nat → Nat} (hf : ∀ j, j < n → f j < 2 ^ L) :
    Nat.land (pack L f n) (ones L n) = pack L (fun j => f j % 2) n := by
  have h := land_laneMask (u := 1) hL hf
  have h1 : laneMask L 1 n = ones L n := by show (2 ^ 1 - 1) * ones L n = _; omega
  rw [h1, Nat.pow_one] at h
  exact h

/-- The lanes of `f` where `g` is one. -/
theorem land_select {f g : Nat → Nat} (hP : P + 1 ≤ L) (hf : ∀ j, j < n → f j ≤ 2 ^ P) (hg : ∀ j, j < n → g j < 2) :
    Nat.land (pack L f n) (Nat.mul (Nat.sub (Nat.pow 2 (Nat.succ P)) 1) (pack L g n)) =
      pack L (fun j => if g j = 0 then 0 else f j) n := by
  have h1 : 2 ^ P < 2 ^ (P + 1) := Nat.pow_lt_pow_right (by omega) (by omega)
  have h2 : 2 ^ (P + 1) ≤ 2 ^ L := Nat.pow_le_pow_right (by omega) hP
  have e : Nat.mul (Nat.sub (Nat.pow 2 (Nat.succ P)) 1) (pack L g n) = pack L (fun j => (2 ^ (P + 1) - 1) * g j) n :=
    (pack_mul ..).symm
  have hm : ∀ j, j < n → (2 ^ (P + 1) - 1) * g j < 2 ^ L := fun j hj => by
    have : (2 ^ (P + 1) - 1) * g j ≤ (2 ^ (P + 1) - 1) * 1 := Nat.mul_le_mul_left _ (by have := hg j hj; omega)
    omega
  rw [e]
  refine (land_pack (fun j hj => by have := hf j hj; omega) hm).trans (pack_congr fun j hj => ?_)
  have := hg j hj
  have := hf j hj
  by_cases h : g j = 0
  · rw [if_pos h, h, Nat.mul_zero, Nat.and_zero]
  · rw [if_neg h, show g j = 1 by omega, Nat.mul_one, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt (by omega)]

/-- One bit of all exponents. -/
theorem expStep_pack {c : Nat} {f g : Nat → Nat} (hL : 2 * P + 1 ≤ L) (hc : c ≤ 2 ^ P) (hf : ∀ j, j < n → f j ≤ 2 ^ P) :
    expStep L P n c (pack L f n) (pack L (fun j => if g j = 0 then 0 else f j) n) =
      pack L (fun j => if g j = 0 then f j else c * f j / 2 ^ P) n := by
  let z j := if g j = 0 then 0 else f j
  have hz : ∀ j, j < n → c * z j < 2 ^ L := fun j hj => by
    have h1 : z j ≤ 2 ^ P := by have := hf j hj; simp only [z]; split <;> omega
    have h2 : 2 ^ P * 2 ^ P < 2 ^ L := by rw [← Nat.pow_add]; exact Nat.pow_lt_pow_right (by omega) (by omega)
    exact Nat.lt_of_le_of_lt (Nat.mul_le_mul hc h1) h2
  show pack L f n - pack L z n + laneShift P (c * pack L z n) (Nat.land (c * pack L z n) (laneMask L P n)) = _
  rw [← pack_mul, land_laneMask (by omega) hz, laneShift_pack,
    ← pack_sub fun j _ => by simp only [z]; split <;> omega, ← pack_add]
  refine pack_congr fun j _ => ?_
  simp only [z]
  split <;> simp

/-- `expRow` is `expNeg` in each lane. -/
theorem expRow_pack (hL : 2 * P + 1 ≤ L) (hc : ∀ c, c ∈ cs → c ≤ 2 ^ P) {u : Nat → Nat} (hu : ∀ j, j < n → u j < 2 ^ L) :
    expRow L P n cs (pack L u n) = pack L (fun j => expNeg P cs (u j)) n := by
  induction cs generalizing u with
  | nil => exact (pack_const ..).symm
  | cons c cs ih =>
    have hcs : ∀ c, c ∈ cs → c ≤ 2 ^ P := fun c h => hc c (List.mem_cons_of_mem _ h)
    have h := ih hcs (u := fun j => u j / 2) fun j hj => Nat.lt_of_le_of_lt (Nat.div_le_self _ _) (hu j hj)
    have hs : laneShift 1 (pack L u n) (pack L (fun j => u j % 2) n) = pack L (fun j => u j / 2) n := laneShift_pack 1 u
    show expStep L P n c (expRow L P n cs (laneShift 1 (pack L u n) (Nat.land (pack L u n) (ones L n))))
      (Nat.land (expRow L P n cs (laneShift 1 (pack L u n) (Nat.land (pack L u n) (ones L n))))
        (Nat.mul (Nat.sub (Nat.pow 2 (Nat.succ P)) 1) (Nat.land (pack L u n) (ones L n)))) = _
    rw [land_ones (by omega) hu, hs, h, land_select (by omega) (fun j _ => expNeg_le hcs _) fun j _ => Nat.mod_lt _ (by omega),
      expStep_pack hL (hc c List.mem_cons_self) fun j _ => expNeg_le hcs _]
    exact pack_congr fun j _ => (expNeg_cons P c cs (u j)).symm

end

end LeanBound
