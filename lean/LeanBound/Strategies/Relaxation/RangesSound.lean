module

public import LeanBound.Strategies.Relaxation.ChainSound
public import LeanBound.Strategies.Relaxation.Stages

/-! # Ranges of the numbers after a layer, and lines around their ReLUs: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

variable {F : Type} [ExpField F]

theorem allBelow_sound {n : Nat} {f : Nat → Bool} (h : allBelow n f = true) : ∀ i, i < n → f i = true := by
  induction n with
  | zero => intro i hi; omega
  | succ n ih =>
    have h : both (allBelow n f) (f n) = true := h
    rw [both_eq_true] at h
    intro i hi
    by_cases hn : i = n
    · rw [hn]; exact h.2
    · exact ih h.1 i (by omega)

theorem sum_single {n o : Nat} (ho : o < n) (a : Nat → Int) (y : Nat → F) (h : ∀ i, i < n → i ≠ o → a i = 0) :
    (sum n fun i => (a i : F) * y i) = (a o : F) * y o := by
  have hz : ∀ i, i < n → i ≠ o → (a i : F) * y i = 0 := fun i hi hne => by rw [h i hi hne, intCast_zero]; grind
  induction n with
  | zero => omega
  | succ n ih =>
    rw [sum_succ]
    by_cases hn : n = o
    · subst hn
      rw [sum_congr (g := fun _ => 0) fun i hi => hz i (by omega) (by omega), sum_zero]
      grind
    · rw [ih (by omega) (fun i hi => h i (by omega)) (fun i hi => hz i (by omega)), hz n (by omega) hn]
      grind

/-- Rounding down. -/
theorem shiftRight_mul_le (x s : Nat) : x >>> s * 2 ^ s ≤ x := by
  rw [Nat.shiftRight_eq_div_pow]; exact Nat.div_mul_le_self x (2 ^ s)

/-- Rounding up. -/
theorem le_shiftRight_mul (x s : Nat) : x ≤ (x + (2 ^ s - 1)) >>> s * 2 ^ s := by
  rw [Nat.shiftRight_eq_div_pow]
  have h1 := Nat.two_pow_pos s
  have h2 := Nat.div_add_mod (x + (2 ^ s - 1)) (2 ^ s)
  have h3 := Nat.mod_lt (x + (2 ^ s - 1)) h1
  rw [Nat.mul_comm] at h2
  omega

/-- A lower bound, times a power of two, as a difference of rounded numbers. -/
theorem rounded_le {p n lp ln s : Nat} {y : F} (h : (p : F) - (n : F) ≤ ((2 ^ s : Nat) : F) * y) (hp : lp * 2 ^ s ≤ p)
    (hn : n ≤ ln * 2 ^ s) : (lp : F) - (ln : F) ≤ y := by
  have h1 := natCast_le (F := F) hp
  have h2 := natCast_le (F := F) hn
  rw [natCast_mul] at h1 h2
  have h3 := natCast_pos (F := F) (Nat.two_pow_pos s)
  exact le_of_mul_le_mul_right (show ((lp : F) - (ln : F)) * ((2 ^ s : Nat) : F) ≤ y * ((2 ^ s : Nat) : F) by grind) h3

namespace Pass

variable {g : Pass}

/-- Lanes of a lower bound and of its opposite. -/
theorem monus_lane {u v : Nat → Nat} (hg : Fits g) (hu : ∀ e, e < g.count → u e < 2 ^ (g.width - 1))
    (hv : ∀ e, e < g.count → v e < 2 ^ (g.width - 1)) {e : Nat} (he : e < g.count) :
    field g.width (monus g.width (guardBits g.width g.count) (pack g.width u g.count) (pack g.width v g.count)) e =
      u e - v e := by
  have hw := two_pow_eq hg.width
  rw [monus_pack hg.width hu hv, field_eq]
  exact lane_pack (fun j hj => by have := hu j hj; omega) he

/-- The forms that single numbers and their opposites are. -/
theorem both_forms (d : Nat) (h : g.count = 2 * d) :
    Forms g d 1 0 (fun o => Nat.pow 2 (Nat.mul g.width o)) (fun o => Nat.pow 2 (Nat.mul g.width (Nat.add d o))) 0 0
      (fun o e => if e = o then 1 else 0) (fun o e => if e = d + o then 1 else 0) (fun _ => 0) fun _ => 0 where
  p o ho := (pack_single _ _ _ (by omega)).symm
  n o ho := (pack_single _ (d + o) _ (by omega)).symm
  kp := by rw [pack_const, Nat.zero_mul]
  kn := by rw [pack_const, Nat.zero_mul]
  f_le o e _ _ := by split <;> omega
  h_le o e _ _ := by split <;> omega
  u_le _ _ := Nat.le_refl _
  v_le _ _ := Nat.le_refl _

/-- The values of these forms. -/
theorem ends_value {d i : Nat} (hi : i < d) (y : Nat → F) (e : Nat) (s : Int)
    (he : ((if e = i then 1 else 0 : Nat) : Int) - ((if e = d + i then 1 else 0 : Nat) : Int) = s)
    (h : ∀ o, o < d → o ≠ i → e ≠ o ∧ e ≠ d + o) :
    value d (fun o e => if e = o then 1 else 0) (fun o e => if e = d + o then 1 else 0) (fun _ => 0) (fun _ => 0) y e =
      (s : F) * y i := by
  have h1 := sum_single hi (fun o => ((if e = o then 1 else 0 : Nat) : Int) - ((if e = d + o then 1 else 0 : Nat) : Int)) y
    fun o ho hne => by
      show ((if e = o then 1 else 0 : Nat) : Int) - ((if e = d + o then 1 else 0 : Nat) : Int) = 0
      rw [if_neg (h o ho hne).1, if_neg (h o ho hne).2]
      rfl
  rw [← he, value, h1, natCast_zero]
  grind

theorem ready_sound {c : Chain} {top : Nat} (h : g.ready c top = true) : Fits g ∧ g.fits c top 0 = true := by
  rw [ready, both_eq_true] at h
  exact ⟨fitsStride_sound h.1, h.2⟩

/-- The ranges that a pass finds are ranges. -/
theorem ranges_sound {c : Chain} {y : Nat → F} (hy : c.Holds y) (hcount : g.count = 2 * c.layer.d_out)
    (hready : g.ready c 1 = true) (top : Nat) {i : Nat} (hi : i < c.layer.d_out) :
    ((g.ranges c top).lp i : F) - ((g.ranges c top).ln i : F) ≤ y i ∧
      y i ≤ ((g.ranges c top).up i : F) - ((g.ranges c top).un i : F) := by
  obtain ⟨hg, hfits⟩ := ready_sound hready
  obtain ⟨u, v, hu, hv, hb⟩ := lower_sound hg c hy (both_forms c.layer.d_out hcount) hfits
  have hul : ∀ e, e < g.count → u e < 2 ^ (g.width - 1) := fun e he => (hb e he).1
  have hvl : ∀ e, e < g.count → v e < 2 ^ (g.width - 1) := fun e he => (hb e he).2.1
  have hp : ∀ e, e < g.count →
      field g.width (monus g.width (guardBits g.width g.count) (g.ends c).1 (g.ends c).2) e = u e - v e := fun e he => by
    rw [show (g.ends c).1 = _ from hu, show (g.ends c).2 = _ from hv]
    exact monus_lane hg hul hvl he
  have hn : ∀ e, e < g.count →
      field g.width (monus g.width (guardBits g.width g.count) (g.ends c).2 (g.ends c).1) e = v e - u e := fun e he => by
    rw [show (g.ends c).1 = _ from hu, show (g.ends c).2 = _ from hv]
    exact monus_lane hg hvl hul he
  have hsub : ∀ e, ((u e - v e : Nat) : F) - ((v e - u e : Nat) : F) = (u e : F) - (v e : F) := fun e => by
    rcases Nat.le_total (u e) (v e) with h | h
    · rw [natCast_sub h, Nat.sub_eq_zero_of_le h, natCast_zero]; grind
    · rw [natCast_sub h, Nat.sub_eq_zero_of_le h, natCast_zero]; grind
  have hi1 : i < g.count := by omega
  have hi2 : c.layer.d_out + i < g.count := by omega
  constructor
  · have h1 := (hb i hi1).2.2
    rw [ends_value hi y i 1 (by rw [if_pos rfl, if_neg (by omega)]; rfl) fun o _ _ => by omega, intCast_one] at h1
    refine rounded_le (p := u i - v i) (n := v i - u i) (s := c.bits) ?_ ?_ ?_
    · rw [hsub]
      grind
    · show quotient _ _ _ _ * _ ≤ _
      rw [quotient, hp i hi1]
      exact shiftRight_mul_le ..
    · show _ ≤ ceiling _ _ _ _ * _
      rw [ceiling, hn i hi1]
      exact le_shiftRight_mul ..
  · have h1 := (hb _ hi2).2.2
    rw [ends_value hi y (c.layer.d_out + i) (-1) (by rw [if_neg (by omega), if_pos rfl]; rfl) fun o _ _ => by omega,
      intCast_neg, intCast_one] at h1
    have h2 : ((quotient g.width c.bits (monus g.width (guardBits g.width g.count) (g.ends c).1 (g.ends c).2)
          (c.layer.d_out + i) : Nat) : F) -
        ((ceiling g.width c.bits (monus g.width (guardBits g.width g.count) (g.ends c).2 (g.ends c).1)
          (c.layer.d_out + i) : Nat) : F) ≤ -y i := by
      refine rounded_le (p := u (c.layer.d_out + i) - v (c.layer.d_out + i))
        (n := v (c.layer.d_out + i) - u (c.layer.d_out + i)) (s := c.bits) ?_ ?_ ?_
      · rw [hsub]
        grind
      · rw [quotient, hp _ hi2]
        exact shiftRight_mul_le ..
      · rw [ceiling, hn _ hi2]
        exact le_shiftRight_mul ..
    show y i ≤ ((ceiling _ _ _ _ : Nat) : F) - ((quotient _ _ _ _ : Nat) : F)
    have h3 : Nat.add c.layer.d_out i = c.layer.d_out + i := rfl
    rw [h3]
    grind

end Pass

/-! ## ReLUs -/

theorem sub_le_natCast_sub (a b : Nat) : (a : F) - (b : F) ≤ ((a - b : Nat) : F) := by
  rcases Nat.le_total b a with h | h
  · rw [natCast_sub h]; exact Std.le_refl _
  · have := natCast_le (F := F) h
    rw [Nat.sub_eq_zero_of_le h, natCast_zero]
    grind

theorem natCast_sub_le {a b : Nat} {x : F} (h : (a : F) - (b : F) ≤ x) (hx : 0 ≤ x) : ((a - b : Nat) : F) ≤ x := by
  rcases Nat.le_total b a with h0 | h0
  · rw [natCast_sub h0]; exact h
  · rw [Nat.sub_eq_zero_of_le h0, natCast_zero]; exact hx

theorem le_relu (z : F) : z ≤ relu z := by
  by_cases h : 0 ≤ z
  · rw [relu_of_nonneg h]; exact Std.le_refl _
  · rw [relu_of_neg (by grind)]; grind

theorem Ranges.relu_sound {R : Ranges} {n : Nat} {z : Nat → F} (hs : R.small n = true)
    (h : ∀ i, i < n → (R.lp i : F) - (R.ln i : F) ≤ z i ∧ z i ≤ (R.up i : F) - (R.un i : F)) :
    R.relu.Hold n fun i => LeanBound.relu (z i) := by
  intro i hi
  have hs := allBelow_sound hs i hi
  simp only [both_eq_true] at hs
  obtain ⟨h1, h2⟩ := h i hi
  have hlp : R.lp i ≤ R.top := Nat.le_of_ble_eq_true hs.1
  have hup : R.up i ≤ R.top := Nat.le_of_ble_eq_true hs.2.2.1
  refine ⟨?_, ?_, Nat.le_trans (Nat.sub_le ..) hlp, Nat.zero_le _, Nat.le_trans (Nat.sub_le ..) hup, Nat.zero_le _⟩
  · show ((R.lp i - R.ln i : Nat) : F) - ((0 : Nat) : F) ≤ LeanBound.relu (z i)
    have := natCast_sub_le (Std.le_trans h1 (le_relu (z i))) (relu_nonneg (z i))
    rw [natCast_zero]
    grind
  · show LeanBound.relu (z i) ≤ ((R.up i - R.un i : Nat) : F) - ((0 : Nat) : F)
    have h3 := sub_le_natCast_sub (F := F) (R.up i) (R.un i)
    have h4 := natCast_nonneg (F := F) (R.up i - R.un i)
    rw [natCast_zero]
    by_cases h0 : 0 ≤ z i
    · rw [relu_of_nonneg h0]; grind
    · rw [relu_of_neg (by grind)]; grind

theorem le_larger (x y : Nat) : x ≤ larger x y ∧ y ≤ larger x y := by
  show x ≤ x + (y - x) ∧ y ≤ x + (y - x)
  omega

/-- The lines that follow from ranges are lines around the ReLUs. -/
theorem Stage.lines_sound {s : Stage} {R : Ranges} {n : Nat} {z : Nat → F} (hs : (s.lines R).small n = true)
    (h : ∀ i, i < n → (R.lp i : F) - (R.ln i : F) ≤ z i ∧ z i ≤ (R.up i : F) - (R.un i : F)) : (s.lines R).Hold n z := by
  intro i hi
  have hs := allBelow_sound hs i hi
  simp only [both_eq_true] at hs
  have hlower := Nat.le_of_ble_eq_true hs.1
  have hupper := Nat.le_of_ble_eq_true hs.2.1
  refine ⟨hlower, hupper, Nat.le_of_ble_eq_true hs.2.2, ?_⟩
  obtain ⟨h1, h2⟩ := h i hi
  have hc : chord s.bits R i ≤ 2 ^ s.bits := hupper
  show ((2 ^ s.bits : Nat) : F) * relu (z i) ≤ ((chord s.bits R i : Nat) : F) * z i + ((larger _ _ : Nat) : F)
  generalize chord s.bits R i = c at hc ⊢
  have ht := le_larger (gap s.bits c (R.up i) (R.un i)) (gap s.bits c (R.lp i) (R.ln i))
  generalize larger (gap s.bits c (R.up i) (R.un i)) (gap s.bits c (R.lp i) (R.ln i)) = t at ht ⊢
  have hgap : ∀ p n, gap s.bits c p n ≤ t →
      ((2 ^ s.bits : Nat) : F) * (p : F) + (c : F) * (n : F) - (c : F) * (p : F) ≤ (t : F) := fun p n hp => by
    have h3 := sub_le_natCast_sub (F := F) (2 ^ s.bits * p + c * n) (c * p)
    have h4 : ((2 ^ s.bits * p + c * n - c * p : Nat) : F) ≤ (t : F) := natCast_le hp
    rw [natCast_add, natCast_mul, natCast_mul, natCast_mul] at h3
    exact Std.le_trans h3 h4
  have hcF := natCast_le (F := F) hc
  have hc0 := natCast_nonneg (F := F) c
  have hB := natCast_nonneg (F := F) (2 ^ s.bits)
  by_cases h0 : 0 ≤ z i
  · rw [relu_of_nonneg h0]
    have h3 := hgap _ _ ht.1
    have h4 := mul_le_mul_left h2 (show 0 ≤ ((2 ^ s.bits : Nat) : F) - (c : F) by grind)
    have h5 := mul_nonneg hB (natCast_nonneg (F := F) (R.un i))
    grind
  · rw [relu_of_neg (by grind)]
    have h3 := hgap _ _ ht.2
    have h4 := mul_le_mul_left h1 hc0
    have h5 := mul_nonneg hB (natCast_nonneg (F := F) (R.lp i))
    grind

end

end LeanBound
