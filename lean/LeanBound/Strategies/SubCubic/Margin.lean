module

public import LeanBound.Models.AttentionOnlyDecomp

/-! # Gains at one position against losses at all others -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

open AttentionOnly

section

variable {F : Type} [ExpField F]

theorem le_sum_of_nonneg {n j : Nat} {f : Nat → F} (h : ∀ i, i < n → 0 ≤ f i) (hj : j < n) : f j ≤ sum n f := by
  induction n with
  | zero => omega
  | succ n ih =>
    have h1 := h n (by omega)
    rw [sum_succ]
    by_cases hjn : j = n
    · subst hjn
      have := sum_nonneg (n := j) fun i hi => h i (by omega)
      grind
    · have := ih (fun i hi => h i (by omega)) (by omega)
      grind

/-- What a position loses, at most: `E` is its attention weight relative to that of a copy of the maximum. -/
theorem loss_le {E Eu d : F} {P e l : Nat} (h0 : 0 ≤ E) (h1 : E ≤ Eu) (h2 : 2 ^ P * Eu ≤ (e : F)) (hd : -(l : F) ≤ d) :
    -((e * l : Nat) : F) ≤ 2 ^ P * (E * d) := by
  have hP := two_pow_pos (F := F) P
  have hl := natCast_nonneg (F := F) l
  have m1 := mul_nonneg (a := 2 ^ P * E) (b := d + (l : F)) (mul_nonneg (Std.le_of_lt hP) h0) (by grind)
  have m2 := mul_nonneg (a := 2 ^ P) (b := Eu - E) (Std.le_of_lt hP) (by grind)
  have m3 := mul_nonneg (a := (e : F) - 2 ^ P * E) (b := (l : F)) (by grind) hl
  rw [natCast_mul]
  grind

end

/-- A model is right if, for every other output, a copy of the maximum gains more than all other positions lose together: `gain` is
what any copy gains, `lost` bounds what any other position loses, relative to the attention to a copy and over `2 ^ P`. -/
theorem correct_of_losses {M : AttentionOnly} {H : Head} (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx) (F : Type)
    [ExpField F] {x : List Nat} {y a j P : Nat} (ha : x.getD (M.n_ctx - 1) 0 = a) (hj : j < M.n_ctx) (hy : x.getD j 0 = y)
    (h : ∀ o, o < M.d_vocab → o ≠ y → ∃ gain lost : Nat, (M.n_ctx - 1) * lost < 2 ^ P * gain ∧
      (∀ i, i < M.n_ctx → (gain : Int) ≤ M.cInt H a y i y - M.cInt H a y i o) ∧
      ∀ i, i < M.n_ctx → x.getD i 0 ≠ y → ∃ e l u : Nat, e * l ≤ lost ∧
        -(l : Int) ≤ M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o ∧
        (u : Int) ≤ M.sInt H a y j - M.sInt H a (x.getD i 0) i ∧
        2 ^ P * exp (-((u : F) / 2 ^ sFrac M H)) ≤ (e : F)) : M.classifier.Correct F x y := by
  refine correct_of_shifted_margin hM hA hn x y a (M.sInt H a y j) ha fun o ho hne => ?_
  obtain ⟨gain, lost, hlt, hgain, hlost⟩ := h o ho hne
  have hP := two_pow_pos (F := F) P
  have hk := two_pow_pos (F := F) (sFrac M H)
  let f (i : Nat) : F := exp (-(((M.sInt H a y j - M.sInt H a (x.getD i 0) i : Int) : F) / 2 ^ sFrac M H)) *
    ((M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o : Int) : F)
  have hL := natCast_nonneg (F := F) lost
  have hall : ∀ i, i < M.n_ctx → 0 ≤ 2 ^ P * f i + (lost : F) := fun i hi => by
    have hE := exp_nonneg (F := F) (-(((M.sInt H a y j - M.sInt H a (x.getD i 0) i : Int) : F) / 2 ^ sFrac M H))
    by_cases hxi : x.getD i 0 = y
    · have hg := hgain i hi
      have hd : (0 : F) ≤ ((M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o : Int) : F) :=
        intCast_nonneg (by rw [hxi]; omega)
      have := mul_nonneg (Std.le_of_lt hP) (mul_nonneg hE hd)
      grind
    · obtain ⟨e, l, u, hel, hd, hu, hexp⟩ := hlost i hi hxi
      have hd := intCast_le (F := F) hd
      rw [intCast_neg, intCast_natCast] at hd
      have hu := intCast_le (F := F) hu
      rw [intCast_natCast] at hu
      have h1 := exp_le_exp (F := F) (x := -(((M.sInt H a y j - M.sInt H a (x.getD i 0) i : Int) : F) / 2 ^ sFrac M H))
        (y := -((u : F) / 2 ^ sFrac M H)) (by have := div_le_div_right hu hk; grind)
      have h2 := loss_le hE h1 hexp hd
      have h3 := natCast_le (F := F) hel
      grind
  have hown : ((2 ^ P * gain : Nat) : F) ≤ 2 ^ P * f j := by
    have hg := intCast_le (F := F) (hgain j hj)
    rw [intCast_natCast] at hg
    have e : f j = ((M.cInt H a y j y - M.cInt H a y j o : Int) : F) := by
      simp only [f, hy, Int.sub_self]
      rw [intCast_zero, show -((0 : F) / 2 ^ sFrac M H) = 0 by grind, exp_zero]
      grind
    rw [e, natCast_mul, natCast_two_pow]
    exact mul_le_mul_left hg (Std.le_of_lt hP)
  have hsum := le_sum_of_nonneg (f := fun i => 2 ^ P * f i + (lost : F)) hall hj
  rw [sum_add, sum_mul_left, sum_const] at hsum
  have hlt := natCast_lt (F := F) hlt
  have hn1 : ((M.n_ctx - 1 : Nat) : F) = (M.n_ctx : F) - 1 := by
    rw [natCast_sub (by omega), natCast_one]
  rw [natCast_mul, hn1] at hlt
  refine pos_of_mul_pos (b := 2 ^ P) ?_ (Std.le_of_lt hP)
  show 0 < sum M.n_ctx f * 2 ^ P
  grind

end

end LeanBound
