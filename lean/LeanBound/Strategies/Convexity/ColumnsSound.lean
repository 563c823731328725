module

public import LeanBound.Models.AttentionOnlyMean
public import LeanBound.Numerics.GridRelu
public import LeanBound.Strategies.Convexity.Checker

/-! # Comparisons of columns: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Bits -/

theorem testBit_bitsOf {S b i : Nat} {rows : List Nat} (h : i ∈ rows) : (bitsOf S b rows).testBit (S * i + b) = true := by
  induction rows with
  | nil => exact absurd h List.not_mem_nil
  | cons j rows ih =>
    show (2 ^ (S * j + b) ||| bitsOf S b rows).testBit _ = true
    rw [Nat.testBit_or]
    rcases List.mem_cons.1 h with rfl | h
    · rw [Nat.testBit_two_pow_self, Bool.true_or]
    · rw [ih h, Bool.or_true]

theorem hasBits_sound {x y b : Nat} (h : hasBits x y = true) (hy : y.testBit b = true) : x.testBit b = true := by
  have h : x &&& y = y := Nat.eq_of_beq_eq_true h
  rw [← h, Nat.testBit_and, Bool.and_eq_true] at hy
  exact hy.1

theorem mem_numbersFrom {a n i : Nat} (hi : i < n) : a + i ∈ numbersFrom a n := by
  induction n with
  | zero => omega
  | succ n ih =>
    show a + i ∈ (a + n) :: numbersFrom a n
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
    · exact List.mem_cons_of_mem _ (ih h)
    · exact List.mem_cons_self

/-! ## Columns -/

section Columns

variable {S n m : Nat} {col : Nat → Nat} {e : Nat → Nat → Nat} {weights : List (Nat × Nat)}

theorem mixed_eq (hcol : ∀ o, o < m → col o = pack S (fun i => e i o) n) (hw : ∀ w ∈ weights, w.1 < m) :
    mixed col weights = pack S (fun i => mixed (e i) weights) n := by
  induction weights with
  | nil => exact ((pack_const S n 0).trans (Nat.zero_mul _)).symm
  | cons w weights ih =>
    show w.2 * col w.1 + mixed col weights = pack S (fun i => w.2 * e i w.1 + mixed (e i) weights) n
    rw [pack_add, pack_mul, ih fun v hv => hw v (List.mem_cons_of_mem _ hv), hcol _ (hw w List.mem_cons_self)]

theorem mixed_le {f : Nat → Nat} {B : Nat} (hf : ∀ o, o < m → f o ≤ B) (hw : ∀ w ∈ weights, w.1 < m) :
    mixed f weights ≤ totalWeight weights * B := by
  induction weights with
  | nil => exact Nat.zero_le _
  | cons w weights ih =>
    show w.2 * f w.1 + mixed f weights ≤ (w.2 + totalWeight weights) * B
    have h1 := ih fun v hv => hw v (List.mem_cons_of_mem _ hv)
    have h2 := Nat.mul_le_mul_left w.2 (hf _ (hw w List.mem_cons_self))
    rw [Nat.add_mul]
    omega

/-- What a comparison computes of one row. -/
theorem mixed_gap (f : Nat → Nat) (g : Nat → Int) {b : Int} {o : Nat} (ho : (f o : Int) = g o + b)
    (hw : ∀ w ∈ weights, (f w.1 : Int) = g w.1 + b) :
    (mixed f weights : Int) = mixedGap weights g o + totalWeight weights * (f o : Int) := by
  induction weights with
  | nil => simp [mixed, mixedGap, totalWeight]
  | cons w weights ih =>
    have h1 := ih fun v hv => hw v (List.mem_cons_of_mem _ hv)
    have h2 := hw w List.mem_cons_self
    show ((w.2 * f w.1 + mixed f weights : Nat) : Int) =
      ((w.2 : Int) * (g w.1 - g o) + mixedGap weights g o) + ((w.2 + totalWeight weights : Nat) : Int) * (f o : Int)
    rw [Int.natCast_add, Int.natCast_mul, h1, h2, ho, Int.natCast_add]
    grind

/-- A guard bit tells how far the mixture is ahead of `o` in a row. -/
theorem aheadBy_sound {g : Nat → Nat → Int} {b : Int} {B bits bar o i : Nat} (hbits : 2 ≤ bits) (hS : bits ≤ S)
    (hcol : ∀ o, o < m → col o = pack S (fun i => e i o) n) (he : ∀ i o, i < n → o < m → e i o ≤ B)
    (hg : ∀ o, o < m → (e i o : Int) = g i o + b) (hw : ∀ w ∈ weights, w.1 < m)
    (hB : totalWeight weights * B < 2 ^ (bits - 2)) (hbar : 2 ^ (bits - 2) ≤ bar) (hbar' : bar ≤ 3 * 2 ^ (bits - 2))
    (hi : i < n) (ho : o < m) (h : (aheadBy S n col weights o bar).testBit (S * i + (bits - 1)) = true) :
    2 * ((2 ^ (bits - 2) : Nat) : Int) ≤ mixedGap weights (g i) o + (bar : Int) := by
  have p1 : 2 ^ (bits - 1) = 2 * 2 ^ (bits - 2) := by rw [← Nat.pow_succ']; congr 1; omega
  have p2 : 2 ^ bits = 4 * 2 ^ (bits - 2) := by rw [show 4 = 2 ^ 2 from rfl, ← Nat.pow_add]; congr 1; omega
  have low : ∀ i, i < n → totalWeight weights * e i o < 2 ^ (bits - 2) := fun i hi =>
    Nat.lt_of_le_of_lt (Nat.mul_le_mul_left _ (he i o hi ho)) hB
  have high : ∀ i, i < n → mixed (e i) weights < 2 ^ (bits - 2) := fun i hi =>
    Nat.lt_of_le_of_lt (mixed_le (fun o ho => he i o hi ho) hw) hB
  have eq : aheadBy S n col weights o bar =
      pack S (fun i => mixed (e i) weights + bar - totalWeight weights * e i o) n := by
    show mixed col weights + bar * ones S n - totalWeight weights * col o = _
    rw [pack_sub fun i hi => by have := low i hi; omega, pack_add, pack_const, pack_mul, mixed_eq hcol hw, hcol o ho]
  have lt : ∀ i, i < n → mixed (e i) weights + bar - totalWeight weights * e i o < 2 ^ bits := fun i hi => by
    have := high i hi
    omega
  rw [eq, testBit_pack (fun i hi => Nat.lt_of_lt_of_le (lt i hi) (Nat.pow_le_pow_right (by omega) hS)) hi (by omega),
    testBit_top (by omega) (lt i hi), decide_eq_true_eq] at h
  have key := mixed_gap (weights := weights) (e i) (g i) (hg o ho) fun w hw' => hg _ (hw w hw')
  have := low i hi
  rw [← Int.natCast_mul] at key
  omega

end Columns

end

end LeanBound
