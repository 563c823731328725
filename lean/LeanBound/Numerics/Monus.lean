module

public import LeanBound.Numerics.Lanes

/-! # Truncated subtraction and maximum in lanes -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The guard bit, the highest one, of each of `n` lanes. -/
def guardBits (w n : Nat) : Nat := Nat.mul (Nat.pow 2 (Nat.sub w 1)) (ones w n)

/-- The lanes of `d` whose guard bit is set, without it; `G` holds the guard bits. -/
def keepGuarded (w G d : Nat) : Nat :=
  Nat.land d (Nat.sub (Nat.land d G) (Nat.shiftRight (Nat.land d G) (Nat.sub w 1)))

/-- Lane-wise `x - y`, `0` where `x < y`, for entries below the guard bits `G`. -/
def monus (w G x y : Nat) : Nat := keepGuarded w G (Nat.sub (Nat.add x G) y)

/-- No lane of `x` is above that of `y`, for entries below the guard bits `G`. -/
def lanesLe (G x y : Nat) : Bool := Nat.beq (Nat.land (Nat.sub (Nat.add y G) x) G) G

/-- Lane-wise maximum of entries below the guard bits `G`. -/
def laneMax (w G x y : Nat) : Nat := Nat.add y (monus w G x y)

theorem land_pack {w n : Nat} {f g : Nat → Nat} (hf : ∀ j, j < n → f j < 2 ^ w) (hg : ∀ j, j < n → g j < 2 ^ w) :
    pack w f n &&& pack w g n = pack w (fun j => f j &&& g j) n := by
  have hfg : ∀ j, j < n → f j &&& g j < 2 ^ w := fun j hj => Nat.and_lt_two_pow _ (hg j hj)
  have high : ∀ {x b : Nat}, x < 2 ^ (w * n) → ¬ b < w * n → x.testBit b = false := fun hx hb =>
    Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le hx (Nat.pow_le_pow_right (by omega) (by omega)))
  apply Nat.eq_of_testBit_eq
  intro b
  rw [Nat.testBit_and]
  by_cases hb : b < w * n
  · have hw : 0 < w := Nat.pos_of_ne_zero fun h => by subst h; omega
    obtain ⟨j, c, rfl, hc⟩ : ∃ j c, b = w * j + c ∧ c < w :=
      ⟨b / w, b % w, (Nat.div_add_mod b w).symm, Nat.mod_lt _ hw⟩
    have hj : j < n := Nat.lt_of_mul_lt_mul_left (a := w) (by omega)
    rw [testBit_pack hf hj hc, testBit_pack hg hj hc, testBit_pack hfg hj hc, Nat.testBit_and]
  · rw [high (pack_lt hf) hb, high (pack_lt hfg) hb, Bool.false_and]

/-- The guard bit of a lane. -/
theorem land_top {w x : Nat} (hw : 0 < w) (hx : x < 2 ^ w) :
    x &&& 2 ^ (w - 1) = if 2 ^ (w - 1) ≤ x then 2 ^ (w - 1) else 0 := by
  apply Nat.eq_of_testBit_eq
  intro b
  rw [Nat.testBit_and, Nat.testBit_two_pow]
  by_cases hb : w - 1 = b
  · subst hb
    rw [testBit_top hw hx]
    split <;> simp [*]
  · split <;> simp [hb]

section Pack

variable {w n : Nat} {f g : Nat → Nat} (hw : 0 < w) (hf : ∀ j, j < n → f j < 2 ^ (w - 1)) (hg : ∀ j, j < n → g j < 2 ^ (w - 1))

include hw hf hg

theorem monus_pack : monus w (guardBits w n) (pack w f n) (pack w g n) = pack w (fun j => f j - g j) n := by
  have hp : 2 ^ w = 2 * 2 ^ (w - 1) := by
    obtain ⟨v, rfl⟩ : ∃ v, w = v + 1 := ⟨w - 1, by omega⟩
    rw [Nat.pow_succ, Nat.add_sub_cancel, Nat.mul_comm]
  have hh := Nat.two_pow_pos (w - 1)
  let b j := if g j ≤ f j then 1 else 0
  have hd : pack w f n + guardBits w n - pack w g n = pack w (fun j => f j + 2 ^ (w - 1) - g j) n := by
    rw [pack_sub fun j hj => by have := hg j hj; omega, pack_add, pack_const]
    rfl
  have hdlt : ∀ j, j < n → f j + 2 ^ (w - 1) - g j < 2 ^ w := fun j hj => by have := hf j hj; omega
  have hG : pack w (fun j => f j + 2 ^ (w - 1) - g j) n &&& guardBits w n = 2 ^ (w - 1) * pack w b n := by
    rw [show guardBits w n = pack w (fun _ => 2 ^ (w - 1)) n from (pack_const ..).symm,
      land_pack hdlt fun _ _ => by omega, ← pack_mul]
    refine pack_congr fun j hj => ?_
    rw [land_top hw (hdlt j hj)]
    have := hg j hj
    show (if _ then _ else _) = 2 ^ (w - 1) * if _ then _ else _
    by_cases h : g j ≤ f j
    · rw [if_pos h, if_pos (by omega), Nat.mul_one]
    · rw [if_neg h, if_neg (by omega), Nat.mul_zero]
  have hmask : 2 ^ (w - 1) * pack w b n - pack w b n = pack w (fun j => 2 ^ (w - 1) * b j - b j) n := by
    rw [pack_sub fun j _ => Nat.le_mul_of_pos_left _ hh, pack_mul]
  show (pack w f n + guardBits w n - pack w g n) &&&
    (((pack w f n + guardBits w n - pack w g n) &&& guardBits w n) -
      ((pack w f n + guardBits w n - pack w g n) &&& guardBits w n) >>> (w - 1)) = _
  rw [hd, hG, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ hh, hmask, land_pack hdlt]
  · refine pack_congr fun j hj => ?_
    have := hf j hj
    show (_ &&& (2 ^ (w - 1) * (if g j ≤ f j then 1 else 0) - if g j ≤ f j then 1 else 0)) = _
    by_cases h : g j ≤ f j
    · rw [if_pos h, Nat.mul_one, Nat.and_two_pow_sub_one_eq_mod,
        show f j + 2 ^ (w - 1) - g j = f j - g j + 2 ^ (w - 1) by omega, Nat.add_mod_right, Nat.mod_eq_of_lt (by omega)]
    · rw [if_neg h, Nat.mul_zero, Nat.and_zero]; omega
  · intro j _
    show 2 ^ (w - 1) * (if g j ≤ f j then 1 else 0) - (if g j ≤ f j then 1 else 0) < _
    split <;> omega

theorem lanesLe_pack (h : lanesLe (guardBits w n) (pack w f n) (pack w g n) = true) {j : Nat} (hj : j < n) : f j ≤ g j := by
  have hp : 2 ^ w = 2 * 2 ^ (w - 1) := by
    obtain ⟨v, rfl⟩ : ∃ v, w = v + 1 := ⟨w - 1, by omega⟩
    rw [Nat.pow_succ, Nat.add_sub_cancel, Nat.mul_comm]
  have hh := Nat.two_pow_pos (w - 1)
  have hG : guardBits w n = pack w (fun _ => 2 ^ (w - 1)) n := (pack_const ..).symm
  have h : (pack w g n + guardBits w n - pack w f n) &&& guardBits w n = guardBits w n := Nat.eq_of_beq_eq_true h
  have hlt : ∀ j, j < n → g j + 2 ^ (w - 1) - f j < 2 ^ w := fun j hj => by have := hg j hj; omega
  rw [hG, ← pack_add, ← pack_sub fun j hj => by have := hf j hj; omega, land_pack hlt fun _ _ => by omega] at h
  have e := congrArg (fun x => lane w x j) h
  dsimp only at e
  rw [lane_pack (fun j hj => Nat.lt_of_le_of_lt Nat.and_le_left (hlt j hj)) hj, lane_pack (fun _ _ => by omega) hj] at e
  have h1 : g j + 2 ^ (w - 1) - f j &&& 2 ^ (w - 1) ≤ g j + 2 ^ (w - 1) - f j := Nat.and_le_left
  have := hf j hj
  omega

theorem laneMax_pack : laneMax w (guardBits w n) (pack w f n) (pack w g n) = pack w (fun j => max (f j) (g j)) n := by
  show pack w g n + monus _ _ _ _ = _
  rw [monus_pack hw hf hg, ← pack_add]
  exact pack_congr fun j _ => by omega

end Pack

end

end LeanBound
