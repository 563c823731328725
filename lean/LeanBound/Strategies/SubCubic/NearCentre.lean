module

public import LeanBound.Strategies.SubCubic.Envelopes
public import LeanBound.Strategies.SubCubic.Factors

/-! # Lanes of integers, and inner products near a multiple of a centre -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Vectors -/

section Vectors

variable {w n a b x y : Nat} {f g : Nat → Int}

theorem Vec.sub (hx : Vec w n a f x) (hy : Vec w n b g y) (h : ∀ i, i < n → g i + (b : Int) ≤ f i + (a : Int)) :
    Vec w n a (fun i => f i - (g i + (b : Int))) (x - y) := by
  rw [hx.1, hy.1, ← pack_sub fun i hi => by have := h i hi; omega]
  exact Vec.of_pack fun i hi => by
    have := h i hi
    have := hx.2 i hi
    have := hy.2 i hi
    omega

theorem Vec.single {v : Nat} {c : Int} (h : (v : Int) = c + (b : Int)) : Vec w 1 b (fun _ => c) v := by
  have := Vec.of_pack (w := w) (n := 1) (v := fun _ => v) fun _ _ => h
  rwa [pack_succ, pack_zero, Nat.mul_zero, Nat.pow_zero, Nat.mul_one, Nat.zero_add] at this

theorem Vec.slice {V : Nat} {m : Nat} (hx : Vec w V b f x) (hl : ∀ i, i < V → f i + (b : Int) < ((2 ^ w : Nat) : Int))
    (h : m + n ≤ V) : Vec w n b (fun i => f (m + i)) (slice w m n x) := by
  obtain ⟨k, rfl⟩ := Nat.exists_eq_add_of_le (Nat.le_trans (Nat.le_add_right m n) h)
  have hv : ∀ i, i < m + k → (f i + (b : Int)).toNat < 2 ^ w := fun i hi => by have := hl i hi; have := hx.2 i hi; omega
  refine ⟨?_, fun i hi => hx.2 _ (by omega)⟩
  show x >>> (w * m) &&& (2 ^ (w * n) - 1) = _
  rw [hx.1, pack_append, Nat.shiftRight_eq_div_pow, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _),
    Nat.div_eq_of_lt (pack_lt fun i hi => hv i (by omega)), Nat.zero_add, Nat.and_two_pow_sub_one_eq_mod]
  exact pack_mod (fun i hi => hv _ (by omega)) (by omega)

theorem Vec.le_of_atMost (hw : 0 < w) (hx : Vec w n a f x) (hy : Vec w n b g y)
    (hf : ∀ i, i < n → f i + (a : Int) < ((2 ^ (w - 1) : Nat) : Int))
    (hg : ∀ i, i < n → g i + (b : Int) < ((2 ^ (w - 1) : Nat) : Int)) (h : atMost w n x y = true) {i : Nat} (hi : i < n) :
    f i + (a : Int) ≤ g i + (b : Int) := by
  rw [hx.1, hy.1] at h
  have := atMost_pack hw (fun j hj => by have := hf j hj; have := hx.2 j hj; omega)
    (fun j hj => by have := hg j hj; have := hy.2 j hj; omega) h hi
  have := hx.2 i hi
  have := hy.2 i hi
  omega

end Vectors

theorem allBelow_sound {f : Nat → Bool} {n : Nat} (h : allBelow f n = true) {j : Nat} (hj : j < n) : f j = true := by
  induction n with
  | zero => exact absurd hj (Nat.not_lt_zero _)
  | succ n ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 (show both (f n) (allBelow f n) = true from h)
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hj) with h | rfl
    · exact ih h2 h
    · exact h1

/-! ## Inner products near a multiple of a centre -/

theorem mul_ge_of_bounds {e x w r : Int} (h1 : -w ≤ e) (h2 : e ≤ w) (h3 : -r ≤ x) (h4 : x ≤ r) : -(w * r) ≤ e * x := by
  have m1 := Int.mul_nonneg (a := w + e) (b := r + x) (by omega) (by omega)
  have m2 := Int.mul_nonneg (a := w - e) (b := r - x) (by omega) (by omega)
  grind

/-- Factors that lie within `α * d` of `α * c`, times factors of absolute value at most `r`. -/
theorem sum_ge_of_centre {n : Nat} {α : Int} {q c d x r : Nat → Int}
    (hq : ∀ j, j < n → -(α * d j) ≤ q j - α * c j ∧ q j - α * c j ≤ α * d j) (hx : ∀ j, j < n → -(r j) ≤ x j ∧ x j ≤ r j) :
    α * (sum n fun j => c j * x j) - α * (sum n fun j => d j * r j) ≤ sum n fun j => q j * x j := by
  induction n with
  | zero => simp [sum_zero_left]
  | succ n ih =>
    have h := ih (fun j hj => hq j (by omega)) fun j hj => hx j (by omega)
    have hq := hq n (by omega)
    have hx := hx n (by omega)
    have hm := mul_ge_of_bounds hq.1 hq.2 hx.1 hx.2
    rw [sum_succ, sum_succ, sum_succ]
    grind

/-- An inner product with the difference of four vectors. -/
theorem sum_differences (d : Nat) (q : Nat → Int) (k : Nat → Nat → Int) (m t i i' : Nat) :
    (sum d fun j => q j * ((k j m - k j t) + (k j i - k j i'))) =
      ((sum d fun j => q j * k j m) - sum d fun j => q j * k j t) +
        ((sum d fun j => q j * k j i) - sum d fun j => q j * k j i') := by
  rw [← sum_sub, ← sum_sub, ← sum_add]
  exact sum_congr fun j _ => by grind

theorem natCast_natSum_int (n : Nat) (f : Nat → Nat) : ((natSum n f : Nat) : Int) = sum n fun j => (f j : Int) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [natSum_succ, sum_succ, Int.natCast_add, ih]

end

end LeanBound
