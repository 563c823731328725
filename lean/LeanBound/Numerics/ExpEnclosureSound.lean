module

public import LeanBound.Numerics.ExpEnclosure
public import LeanBound.Numerics.ExpLemmas

/-! # Enclosures of the exponential: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

variable {F : Type u} [ExpField F]

/-- `c ≤ 2 ^ P * exp (-x) ≤ c + err`. -/
def Encloses (P : Nat) (x : F) (c err : Nat) : Prop :=
  (c : F) ≤ 2 ^ P * exp (-x) ∧ 2 ^ P * exp (-x) ≤ (c : F) + (err : F)

/-- Constants for `x`, `2 x`, `4 x`, … -/
def EnclosesAll (P : Nat) (x : F) : List (Nat × Nat) → Prop
  | [] => True
  | p :: l => Encloses P x p.1 p.2 ∧ EnclosesAll P (2 * x) l

theorem div_two_pow_mul_le (a P : Nat) : ((a / 2 ^ P : Nat) : F) * 2 ^ P ≤ a := by
  have := natCast_div_mul_le (F := F) a (2 ^ P)
  rwa [natCast_two_pow] at this

theorem lt_div_two_pow_add_one_mul (a P : Nat) : (a : F) < (((a / 2 ^ P : Nat) : F) + 1) * 2 ^ P := by
  have := lt_natCast_div_add_one_mul (F := F) a (Nat.two_pow_pos P)
  rwa [natCast_two_pow] at this

theorem Encloses.square {Q : Nat} {x : F} {p : Nat × Nat} (h : Encloses Q x p.1 p.2) :
    Encloses Q (2 * x) (expSquare Q p).1 (expSquare Q p).2 := by
  obtain ⟨c, e⟩ := p
  obtain ⟨h1, h2⟩ := h
  simp only at h1 h2
  have hA := two_pow_pos (F := F) Q
  have hx : exp (-(2 * x)) = exp (-x) * exp (-x) := by
    rw [← exp_add, show -(2 * x) = -x + -x by grind]
  have hc := natCast_nonneg (F := F) c
  have he := natCast_nonneg (F := F) e
  have hX := exp_pos (-x)
  have lo := mul_le_mul h1 h1 hc (by grind)
  have hi := mul_le_mul h2 h2 (by grind) (by grind)
  have q1 := div_two_pow_mul_le (F := F) (c * c) Q
  have q2 := lt_div_two_pow_add_one_mul (F := F) (c * c) Q
  have r2 := lt_div_two_pow_add_one_mul (F := F) (2 * c * e + e * e) Q
  simp only [Encloses, expSquare, hx]
  rw [natCast_add _ 2]
  generalize ((c * c / 2 ^ Q : Nat) : F) = q at *
  generalize (((2 * c * e + e * e) / 2 ^ Q : Nat) : F) = r at *
  rw [natCast_add, natCast_mul, natCast_mul, natCast_mul, natCast_ofNat] at r2
  rw [natCast_mul] at q1 q2
  rw [natCast_ofNat]
  generalize (2 : F) ^ Q = A at *
  generalize exp (-x) = X at *
  generalize (c : F) = c at *
  generalize (e : F) = e at *
  constructor
  · apply le_of_mul_le_mul_right _ hA
    grind
  · apply le_of_mul_le_mul_right _ hA
    grind

theorem Encloses.squares {Q : Nat} {x : F} (j : Nat) {p : Nat × Nat} (h : Encloses Q x p.1 p.2) :
    Encloses Q (2 ^ j * x) (expSquares Q j p).1 (expSquares Q j p).2 := by
  induction j generalizing x p with
  | zero => rw [Semiring.pow_zero, Semiring.one_mul]; exact h
  | succ j ih =>
    have := ih h.square
    rw [Semiring.pow_succ, Semiring.mul_assoc]
    exact this

theorem Encloses.round {P g : Nat} {x : F} {c e : Nat} (h : Encloses (P + g) x c e) :
    Encloses P x (c / 2 ^ g) (e / 2 ^ g + 2) := by
  obtain ⟨h1, h2⟩ := h
  have hG := two_pow_pos (F := F) g
  have q1 := div_two_pow_mul_le (F := F) c g
  have q2 := lt_div_two_pow_add_one_mul (F := F) c g
  have r2 := lt_div_two_pow_add_one_mul (F := F) e g
  rw [Semiring.pow_add] at h1 h2
  simp only [Encloses]
  rw [natCast_add _ 2, natCast_ofNat]
  generalize ((c / 2 ^ g : Nat) : F) = q at *
  generalize ((e / 2 ^ g : Nat) : F) = r at *
  generalize (2 : F) ^ P = A at *
  generalize (2 : F) ^ g = G at *
  generalize exp (-x) = X at *
  constructor
  · apply le_of_mul_le_mul_right _ hG
    grind
  · apply le_of_mul_le_mul_right _ hG
    grind

theorem enclosesAll_expConstsFrom {P g : Nat} {x : F} (n : Nat) {p : Nat × Nat} (h : Encloses (P + g) x p.1 p.2) :
    EnclosesAll P x (expConstsFrom (P + g) g n p) := by
  induction n generalizing x p with
  | zero => trivial
  | succ n ih => exact ⟨h.round, ih h.square⟩

theorem encloses_start (P d : Nat) :
    Encloses (P + 2 * d) (1 / (2 : F) ^ d) (2 ^ (P + 2 * d) - 2 ^ (P + d)) (2 ^ P) := by
  have hA := two_pow_pos (F := F) P
  have hD := two_pow_pos (F := F) d
  have hle : 2 ^ (P + d) ≤ 2 ^ (P + 2 * d) := Nat.pow_le_pow_right (by omega) (by omega)
  have hlo := one_add_le_exp (-(1 / (2 : F) ^ d))
  have hhi := exp_mul_one_sub_le (-(1 / (2 : F) ^ d))
  have hxD : 1 / (2 : F) ^ d * 2 ^ d = 1 := div_mul_cancel (by grind)
  rw [Encloses, natCast_sub hle, natCast_two_pow, natCast_two_pow, natCast_two_pow,
    show P + 2 * d = P + d + d by omega, Semiring.pow_add _ (P + d) d, Semiring.pow_add _ P d]
  generalize (2 : F) ^ P = A at *
  generalize (2 : F) ^ d = D at *
  generalize 1 / D = y at *
  generalize exp (-y) = X at *
  constructor
  · have := mul_le_mul_left hlo (c := A * D * D) (mul_nonneg (mul_nonneg (by grind) (by grind)) (by grind))
    rwa [show A * D * D * (1 + -y) = A * D * D - A * D by grind] at this
  · have h1 : X * (D + 1) ≤ D := by
      have := mul_le_mul_right hhi (c := D) (by grind)
      rwa [show X * (1 - -y) * D = X * (D + 1) by grind, Semiring.one_mul] at this
    have h2 : X * D * D ≤ D * D - D + 1 := by
      apply le_of_mul_le_mul_right (c := D + 1) _ (by grind)
      have := mul_le_mul_right h1 (c := D * D) (mul_nonneg (by grind) (by grind))
      grind
    have := mul_le_mul_left h2 (c := A) (by grind)
    grind

theorem enclosesAll_expConsts (P k j n : Nat) : EnclosesAll P (1 / (2 : F) ^ k) (expConsts P k j n) := by
  have h := (encloses_start (F := F) P (k + j)).squares (p := (_, _)) j
  have hk : (2 : F) ^ j * (1 / 2 ^ (k + j)) = 1 / 2 ^ k := by
    have := two_pow_pos (F := F) k
    have := two_pow_pos (F := F) j
    rw [Semiring.pow_add]
    generalize (2 : F) ^ k = a at *
    generalize (2 : F) ^ j = b at *
    grind
  rw [hk] at h
  exact enclosesAll_expConstsFrom n h

theorem length_expConsts (P k j n : Nat) : (expConsts P k j n).length = n := by
  have (Q g n : Nat) (p : Nat × Nat) : (expConstsFrom Q g n p).length = n := by
    induction n generalizing p with
    | zero => rfl
    | succ n ih => simp [expConstsFrom, ih]
  exact this ..

/-- Products of enclosures, rounded down. -/
theorem Encloses.mul {P : Nat} {x y : F} {c e r a : Nat} (hx : 0 ≤ x) (hy : 0 ≤ y)
    (h : Encloses P x c e) (h' : Encloses P y r a) : Encloses P (x + y) (c * r / 2 ^ P) (a + e + 1) := by
  obtain ⟨h1, h2⟩ := h
  obtain ⟨h3, h4⟩ := h'
  have hA := two_pow_pos (F := F) P
  have hX := exp_pos (-x)
  have hX1 : exp (-x) ≤ 1 := exp_le_one (by grind)
  have hY := exp_pos (-y)
  have hY1 : exp (-y) ≤ 1 := exp_le_one (by grind)
  have hc := natCast_nonneg (F := F) c
  have hr := natCast_nonneg (F := F) r
  have he := natCast_nonneg (F := F) e
  have ha := natCast_nonneg (F := F) a
  have q1 := div_two_pow_mul_le (F := F) (c * r) P
  have q2 := lt_div_two_pow_add_one_mul (F := F) (c * r) P
  have hxy : exp (-(x + y)) = exp (-x) * exp (-y) := by
    rw [← exp_add, show -(x + y) = -x + -y by grind]
  rw [Encloses, hxy, natCast_add, natCast_add, natCast_one]
  rw [natCast_mul] at q1 q2
  generalize ((c * r / 2 ^ P : Nat) : F) = q at *
  generalize (2 : F) ^ P = A at *
  generalize exp (-x) = X at *
  generalize exp (-y) = Y at *
  generalize (c : F) = c at *
  generalize (r : F) = r at *
  generalize (e : F) = e at *
  generalize (a : F) = a at *
  constructor
  · apply le_of_mul_le_mul_right _ hA
    have := mul_le_mul h1 h3 hr (mul_nonneg (by grind) (by grind))
    grind
  · have b1 : X * (A * Y) ≤ X * r + a := by
      have := mul_le_mul_left h4 (c := X) (by grind)
      have := mul_le_mul_right hX1 (c := a) ha
      grind
    have b2 : X * r ≤ q + 1 + e := by
      apply le_of_mul_le_mul_right _ hA
      have hrA : r ≤ A := by
        have := mul_le_mul_left hY1 (c := A) (by grind)
        grind
      have := mul_le_mul_right h2 (c := r) hr
      have := mul_le_mul_left hrA (c := e) he
      grind
    grind

theorem encloses_one (P : Nat) : Encloses P (0 : F) (2 ^ P) 0 := by
  have h : exp (-(0 : F)) = 1 := by
    rw [show -(0 : F) = 0 by grind, exp_zero]
  rw [Encloses, h, natCast_two_pow, natCast_zero]
  grind

theorem expNeg_nil (P u : Nat) : expNeg P [] u = 2 ^ P := rfl

theorem expNeg_cons (P c : Nat) (cs : List Nat) (u : Nat) : expNeg P (c :: cs) u =
    if u % 2 = 0 then expNeg P cs (u / 2) else c * expNeg P cs (u / 2) / 2 ^ P := by
  have h : expNeg P (c :: cs) u = Bool.rec (motive := fun _ => Nat) ((c * expNeg P cs (u >>> 1)) >>> P)
      (expNeg P cs (u >>> 1)) (Nat.beq (u &&& 1) 0) := rfl
  rw [h, Nat.shiftRight_eq_div_pow, Nat.shiftRight_eq_div_pow, Nat.pow_one, Nat.and_one_is_mod]
  cases hb : Nat.beq (u % 2) 0 with
  | true => rw [if_pos (Nat.eq_of_beq_eq_true hb)]
  | false => rw [if_neg (Nat.ne_of_beq_eq_false hb)]

theorem EnclosesAll.expNeg {P : Nat} {x : F} (hx : 0 ≤ x) {l : List (Nat × Nat)} (h : EnclosesAll P x l) {u : Nat}
    (hu : u < 2 ^ l.length) : Encloses P ((u : F) * x) (expNeg P (l.map Prod.fst) u) (expErr l) := by
  induction l generalizing x u with
  | nil =>
    have : u = 0 := by simpa using hu
    rw [this, natCast_zero, Semiring.zero_mul]
    exact encloses_one P
  | cons p l ih =>
    obtain ⟨c, e⟩ := p
    obtain ⟨h1, h2⟩ := h
    rw [List.length_cons, Nat.pow_succ] at hu
    have hrec := ih (by grind) h2 (u := u / 2) (by omega)
    rw [List.map_cons, expNeg_cons, expErr]
    split
    next h0 =>
      have hu2 := congrArg (fun v : Nat => (v : F)) (show u = u / 2 * 2 by omega)
      simp only [natCast_mul] at hu2
      have hxx : (u : F) * x = ((u / 2 : Nat) : F) * (2 * x) := by grind
      rw [hxx]
      refine ⟨hrec.1, ?_⟩
      have := hrec.2
      have := natCast_nonneg (F := F) e
      rw [natCast_add, natCast_add, natCast_one]
      simp only
      grind
    next h0 =>
      have hu2 := congrArg (fun v : Nat => (v : F)) (show u = u / 2 * 2 + 1 by omega)
      simp only [natCast_mul, natCast_add, natCast_one] at hu2
      have hxx : (u : F) * x = x + ((u / 2 : Nat) : F) * (2 * x) := by grind
      rw [hxx]
      exact h1.mul hx (mul_nonneg (natCast_nonneg _) (by grind)) hrec

/-- `expNeg` and `expErr` enclose `2 ^ P * exp (-u / 2 ^ k)` in every field with an exponential. -/
theorem expNeg_enclosure (P k j n u : Nat) (hu : u < 2 ^ n) :
    (expNeg P ((expConsts P k j n).map Prod.fst) u : F) ≤ 2 ^ P * exp (-((u : F) / 2 ^ k)) ∧
    2 ^ P * exp (-((u : F) / 2 ^ k)) ≤
      (expNeg P ((expConsts P k j n).map Prod.fst) u : F) + (expErr (expConsts P k j n) : F) := by
  have hk := two_pow_pos (F := F) k
  have h := (enclosesAll_expConsts (F := F) P k j n).expNeg (div_nonneg (by grind) hk) (u := u)
    (by rwa [length_expConsts])
  rwa [show (u : F) * (1 / 2 ^ k) = (u : F) / 2 ^ k by grind] at h

/-- The same for literals that `expCheck` accepts. -/
theorem expNeg_enclosure_of_check {P k j n : Nat} {cs : List Nat} {err : Nat} (hc : expCheck P k j n cs err = true)
    {u : Nat} (hu : u < 2 ^ n) :
    (expNeg P cs u : F) ≤ 2 ^ P * exp (-((u : F) / 2 ^ k)) ∧
    2 ^ P * exp (-((u : F) / 2 ^ k)) ≤ (expNeg P cs u : F) + (err : F) := by
  rw [expCheck, Bool.and_eq_true, decide_eq_true_iff] at hc
  obtain ⟨rfl, he⟩ := hc
  obtain ⟨h1, h2⟩ := expNeg_enclosure (F := F) P k j n u hu
  have := natCast_le (F := F) (Nat.le_of_ble_eq_true he)
  exact ⟨h1, by grind⟩

end LeanBound
