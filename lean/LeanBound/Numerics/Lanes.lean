module

public import LeanBound.Numerics.ExpField

/-!
# Vectors packed into one natural number

`pack w f n` holds `f 0, …, f (n - 1)` in lanes of `w` bits. Sums and multiples of packed vectors are single
operations of the kernel's big numbers; a lane is read back by its bits as long as every entry fits its lane.
Definitions recurse through `Nat.rec` directly, because the kernel runs them.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The vector `f 0, …, f (n - 1)` in lanes of `w` bits, entry `0` lowest. -/
def pack (w : Nat) (f : Nat → Nat) (n : Nat) : Nat :=
  Nat.rec 0 (fun j ih => Nat.add ih (Nat.shiftLeft (f j) (Nat.mul w j))) n

/-- `r` and a copy of it, `h` lanes of `s` bits higher. -/
def double (s h r : Nat) : Nat := Nat.add r (Nat.shiftLeft r (Nat.mul s h))

/-- `H` in each of `n` lanes of `s` bits, by doubling: linear in its length, where the kernel's multiplication is quadratic. -/
def spread (s H n : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun _ => 0)
    (fun _ ih n => Bool.rec
      (Bool.rec (Nat.add (double s (Nat.div n 2) (ih (Nat.div n 2))) (Nat.shiftLeft H (Nat.mul s (Nat.sub n 1))))
        (double s (Nat.div n 2) (ih (Nat.div n 2))) (Nat.beq (Nat.land n 1) 0)) 0 (Nat.beq n 0)) n n

/-- A one in each of `n` lanes. -/
def ones (w n : Nat) : Nat := spread w 1 n

/-- Lane `j`. -/
def lane (w x j : Nat) : Nat := Nat.land (Nat.shiftRight x (Nat.mul w j)) (Nat.sub (Nat.pow 2 w) 1)

theorem pack_zero (w : Nat) (f : Nat → Nat) : pack w f 0 = 0 := rfl

theorem pack_succ (w : Nat) (f : Nat → Nat) (n : Nat) : pack w f (n + 1) = pack w f n + f n * 2 ^ (w * n) := by
  show pack w f n + (f n) <<< (w * n) = _
  rw [Nat.shiftLeft_eq]

theorem pack_congr {w n : Nat} {f g : Nat → Nat} (h : ∀ j, j < n → f j = g j) : pack w f n = pack w g n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [pack_succ, pack_succ, ih (fun j hj => h j (by omega)), h n (by omega)]

theorem pack_add (w n : Nat) (f g : Nat → Nat) : pack w (fun j => f j + g j) n = pack w f n + pack w g n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [pack_succ, pack_succ, pack_succ, ih, Nat.add_mul]; omega

theorem pack_mul (w n c : Nat) (f : Nat → Nat) : pack w (fun j => c * f j) n = c * pack w f n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [pack_succ, pack_succ, ih, Nat.mul_add, Nat.mul_assoc]

theorem pack_const_eq (w n c : Nat) : pack w (fun _ => c) n = c * pack w (fun _ => 1) n := by
  rw [← pack_mul]; simp

theorem pack_const_add (w a b c : Nat) :
    pack w (fun _ => c) (a + b) = pack w (fun _ => c) a + pack w (fun _ => c) b * 2 ^ (w * a) := by
  induction b with
  | zero => simp [pack_zero]
  | succ b ih =>
    rw [← Nat.add_assoc, pack_succ, ih, pack_succ, Nat.add_mul, Nat.mul_assoc, ← Nat.pow_add, Nat.mul_add, Nat.add_comm (w * b),
      Nat.add_assoc]

theorem spread_eq_pack (s H n : Nat) : spread s H n = pack s (fun _ => H) n := by
  have key : ∀ fuel n, n ≤ fuel → Nat.rec (motive := fun _ => Nat → Nat) (fun _ => 0)
      (fun _ ih n => Bool.rec
        (Bool.rec (Nat.add (double s (Nat.div n 2) (ih (Nat.div n 2))) (Nat.shiftLeft H (Nat.mul s (Nat.sub n 1))))
          (double s (Nat.div n 2) (ih (Nat.div n 2))) (Nat.beq (Nat.land n 1) 0)) 0 (Nat.beq n 0)) fuel n =
      pack s (fun _ => H) n := by
    intro fuel
    induction fuel with
    | zero => intro n hn; rw [show n = 0 by omega]; rfl
    | succ fuel ih =>
      intro n hn
      rcases Nat.eq_zero_or_pos n with rfl | hpos
      · rfl
      have h0 : Nat.beq n 0 = false := by rw [Bool.eq_false_iff]; intro h; have := Nat.eq_of_beq_eq_true h; omega
      have h2 : Nat.land n 1 = n % 2 := Nat.and_two_pow_sub_one_eq_mod n 1
      have hd : double s (n / 2) (pack s (fun _ => H) (n / 2)) = pack s (fun _ => H) (n / 2 + n / 2) := by
        rw [pack_const_add, ← Nat.shiftLeft_eq]; rfl
      have h1 := ih (n / 2) (by omega)
      dsimp only
      rw [h0, h2]
      change _ = pack s (fun _ => H) (n / 2) at h1
      rcases Nat.mod_two_eq_zero_or_one n with he | he
      · rw [he]
        show double s (n / 2) _ = _
        rw [show Nat.div n 2 = n / 2 from rfl, h1, hd, show n / 2 + n / 2 = n by omega]
      · rw [he]
        show double s (n / 2) _ + H <<< (s * (n - 1)) = _
        rw [show Nat.div n 2 = n / 2 from rfl, h1, hd, Nat.shiftLeft_eq, show n - 1 = n / 2 + n / 2 by omega, ← pack_succ]
        congr 1
        omega
  exact key n n (Nat.le_refl n)

theorem ones_eq (w n : Nat) : ones w n = pack w (fun _ => 1) n := spread_eq_pack w 1 n

theorem pack_const (w n c : Nat) : pack w (fun _ => c) n = c * ones w n := by
  rw [ones_eq]; exact pack_const_eq w n c

theorem ones_zero (w : Nat) : ones w 0 = 0 := rfl

theorem ones_succ (w n : Nat) : ones w (n + 1) = ones w n + 2 ^ (w * n) := by
  rw [ones_eq, ones_eq, pack_succ, Nat.one_mul]

theorem ones_add (s a b : Nat) : ones s (a + b) = ones s a + ones s b * 2 ^ (s * a) := by
  rw [ones_eq, ones_eq, ones_eq, pack_const_add]

theorem spread_eq (s H n : Nat) : spread s H n = H * ones s n := by
  rw [spread_eq_pack, pack_const]

theorem pack_mul_const (w n c : Nat) (f : Nat → Nat) : pack w (fun j => f j * c) n = pack w f n * c := by
  rw [Nat.mul_comm, ← pack_mul]; simp [Nat.mul_comm]

theorem pack_sub {w n : Nat} {f g : Nat → Nat} (h : ∀ j, j < n → g j ≤ f j) :
    pack w (fun j => f j - g j) n = pack w f n - pack w g n := by
  have : pack w f n = pack w (fun j => f j - g j) n + pack w g n := by
    rw [← pack_add]; exact pack_congr fun j hj => by have := h j hj; omega
  omega

theorem pack_lt {w n : Nat} {f : Nat → Nat} (h : ∀ j, j < n → f j < 2 ^ w) : pack w f n < 2 ^ (w * n) := by
  induction n with
  | zero => simp [pack_zero]
  | succ n ih =>
    rw [pack_succ]
    have h1 := ih fun j hj => h j (by omega)
    have h2 : (f n + 1) * 2 ^ (w * n) ≤ 2 ^ w * 2 ^ (w * n) := Nat.mul_le_mul_right _ (h n (by omega))
    have h3 : 2 ^ (w * (n + 1)) = 2 ^ w * 2 ^ (w * n) := by rw [← Nat.pow_add]; congr 1; rw [Nat.mul_add]; omega
    rw [h3]; rw [Nat.add_mul] at h2; omega

theorem testBit_pack {w n : Nat} {f : Nat → Nat} (h : ∀ j, j < n → f j < 2 ^ w) {j b : Nat} (hj : j < n) (hb : b < w) :
    (pack w f n).testBit (w * j + b) = (f j).testBit b := by
  induction n with
  | zero => omega
  | succ n ih =>
    have hlt := pack_lt fun j hj => h j (Nat.lt_succ_of_lt hj)
    rw [pack_succ, Nat.add_comm, Nat.mul_comm (f n), Nat.testBit_two_pow_mul_add _ hlt]
    by_cases hjn : j = n
    · subst hjn
      have : ¬ (w * j + b < w * j) := by omega
      rw [if_neg this]; congr 1; omega
    · have hj' : j < n := by omega
      have : w * j + b < w * n := by
        have : w * (j + 1) ≤ w * n := Nat.mul_le_mul_left _ hj'
        rw [Nat.mul_add] at this; omega
      rw [if_pos this]
      exact ih (fun j hj => h j (Nat.lt_succ_of_lt hj)) hj'

theorem lane_eq (w x j : Nat) : lane w x j = (x >>> (w * j)) % 2 ^ w := Nat.and_two_pow_sub_one_eq_mod ..

theorem testBit_lane (w x j b : Nat) : (lane w x j).testBit b = (decide (b < w) && x.testBit (w * j + b)) := by
  rw [lane_eq, Nat.testBit_mod_two_pow, Nat.testBit_shiftRight]

theorem lane_lt (w x j : Nat) : lane w x j < 2 ^ w := by rw [lane_eq]; exact Nat.mod_lt _ (Nat.two_pow_pos w)

theorem lane_pack {w n : Nat} {f : Nat → Nat} (h : ∀ j, j < n → f j < 2 ^ w) {j : Nat} (hj : j < n) :
    lane w (pack w f n) j = f j := by
  apply Nat.eq_of_testBit_eq
  intro b
  rw [testBit_lane]
  by_cases hb : b < w
  · rw [testBit_pack h hj hb]; simp [hb]
  · have : (f j).testBit b = false :=
      Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le (h j hj) (Nat.pow_le_pow_right (by omega) (by omega)))
    simp [hb, this]

/-- A number below `2 ^ (w * n)` is the pack of its lanes. -/
theorem pack_lane {w n x : Nat} (hx : x < 2 ^ (w * n)) : pack w (lane w x) n = x := by
  induction n generalizing x with
  | zero => simp at hx; subst hx; rfl
  | succ n ih =>
    rw [pack_succ]
    have hm : x % 2 ^ (w * n) < 2 ^ (w * n) := Nat.mod_lt _ (Nat.two_pow_pos _)
    have h1 : pack w (lane w x) n = x % 2 ^ (w * n) := by
      rw [← ih hm]
      apply pack_congr
      intro j hj
      apply Nat.eq_of_testBit_eq
      intro b
      rw [testBit_lane, testBit_lane]
      by_cases hb : b < w
      · rw [Nat.testBit_mod_two_pow]
        have : w * j + b < w * n := by
          have : w * (j + 1) ≤ w * n := Nat.mul_le_mul_left _ hj
          rw [Nat.mul_add] at this; omega
        simp [this]
      · simp [hb]
    have h2 : lane w x n = x / 2 ^ (w * n) := by
      rw [lane_eq, Nat.shiftRight_eq_div_pow]
      apply Nat.mod_eq_of_lt
      apply Nat.div_lt_of_lt_mul
      have h3 : 2 ^ (w * (n + 1)) = 2 ^ (w * n) * 2 ^ w := by rw [← Nat.pow_add]; congr 1
      omega
    rw [h1, h2]
    have := Nat.div_add_mod x (2 ^ (w * n))
    rw [Nat.mul_comm] at this; omega

/-- The lowest lanes of any number. -/
theorem pack_lane_mod (w n x : Nat) : pack w (lane w x) n = x % 2 ^ (w * n) := by
  rw [← pack_lane (Nat.mod_lt x (Nat.two_pow_pos (w * n)))]
  refine pack_congr fun j hj => Nat.eq_of_testBit_eq fun b => ?_
  rw [testBit_lane, testBit_lane]
  by_cases hb : b < w
  · have : w * j + b < w * n := by
      have : w * (j + 1) ≤ w * n := Nat.mul_le_mul_left _ hj
      rw [Nat.mul_add] at this; omega
    simp [Nat.testBit_mod_two_pow, this]
  · simp [hb]

/-- The top bit of a lane tells whether the entry reaches `2 ^ (w - 1)`. -/
theorem testBit_top {w x : Nat} (hw : 0 < w) (hx : x < 2 ^ w) : x.testBit (w - 1) = decide (2 ^ (w - 1) ≤ x) := by
  obtain ⟨v, rfl⟩ : ∃ v, w = v + 1 := ⟨w - 1, by omega⟩
  simp only [Nat.add_sub_cancel]
  rw [Nat.testBit_eq_decide_div_mod_eq]
  have h1 : 2 ^ (v + 1) = 2 ^ v * 2 := Nat.pow_succ 2 v
  have hp := Nat.two_pow_pos v
  by_cases h : 2 ^ v ≤ x
  · have : x / 2 ^ v = 1 := by
      apply Nat.div_eq_of_lt_le <;> omega
    simp [this, h]
  · have : x / 2 ^ v = 0 := Nat.div_eq_of_lt (by omega)
    simp [this, h]

end

end LeanBound
