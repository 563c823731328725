module

public import LeanBound.Numerics.Lanes
public import LeanBound.Numerics.Sum
public import LeanBound.Numerics.Tensor

/-!
# Signed vectors as integers

`packInt w f n = Σ_{j < n} f j * 2 ^ (w * j)` is linear in `f` without any bound on the entries, so matrix products
of packed rows are plain integer arithmetic. Bounds enter once, when a packed integer is compared with a natural
number whose lanes are known (`packInt_inj`).
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `Σ_{j < n} f j * 2 ^ (w * j)`. -/
def packInt (w : Nat) (f : Nat → Int) (n : Nat) : Int :=
  Nat.rec (Int.ofNat 0) (fun j ih => Int.add ih (Int.mul (f j) (Int.ofNat (Nat.pow 2 (Nat.mul w j))))) n

/-- `Σ_c f (k + c) * rows[c]`. -/
def dot (f : Nat → Int) (rows : List Int) (k : Nat) : Int :=
  List.rec (fun _ => Int.ofNat 0) (fun r _ ih k => Int.add (Int.mul (f k) r) (ih (Nat.succ k))) rows k

/-- Entry `i` of a list of numerals. -/
def nth (xs : List Nat) (i : Nat) : Nat :=
  List.rec (fun _ => 0) (fun x _ ih i => Nat.rec x (fun i _ => ih i) i) xs i

/-- Entry `i` of a list of integers. -/
def nthInt (xs : List Int) (i : Nat) : Int :=
  List.rec (fun _ => Int.ofNat 0) (fun x _ ih i => Nat.rec x (fun i _ => ih i) i) xs i

/-- `Tensor.int`, in the kernel's own operations. -/
def Tensor.get (T : Tensor) (i j : Nat) : Int :=
  Int.subNatNat (Nat.mod (Nat.shiftRight (nth T.rows i) (Nat.mul T.width j)) (Nat.pow 2 T.width))
    (Nat.pow 2 (Nat.sub T.width 1))

theorem packInt_zero (w : Nat) (f : Nat → Int) : packInt w f 0 = 0 := rfl

theorem packInt_succ (w : Nat) (f : Nat → Int) (n : Nat) :
    packInt w f (n + 1) = packInt w f n + f n * ((2 ^ (w * n) : Nat) : Int) := rfl

theorem packInt_congr {w n : Nat} {f g : Nat → Int} (h : ∀ j, j < n → f j = g j) : packInt w f n = packInt w g n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, packInt_succ, ih (fun j hj => h j (by omega)), h n (by omega)]

theorem packInt_add (w n : Nat) (f g : Nat → Int) :
    packInt w (fun j => f j + g j) n = packInt w f n + packInt w g n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, packInt_succ, packInt_succ, ih]; grind

theorem packInt_mul (w n : Nat) (c : Int) (f : Nat → Int) : packInt w (fun j => c * f j) n = c * packInt w f n := by
  induction n with
  | zero => simp [packInt_zero]
  | succ n ih => rw [packInt_succ, packInt_succ, ih]; grind

theorem packInt_const (w n : Nat) (c : Int) : packInt w (fun _ => c) n = c * (ones w n : Int) := by
  induction n with
  | zero => simp [packInt_zero, ones_zero]
  | succ n ih =>
    rw [packInt_succ, ih, ones_succ, Int.natCast_add]; grind

theorem packInt_ofNat (w n : Nat) (f : Nat → Nat) : packInt w (fun j => (f j : Int)) n = (pack w f n : Int) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [packInt_succ, ih, pack_succ, Int.natCast_add, Int.natCast_mul]

theorem packInt_zero_fun (w n : Nat) : packInt w (fun _ => 0) n = 0 := by rw [packInt_const]; simp

theorem packInt_sum (w n d : Nat) (f : Nat → Nat → Int) :
    packInt w (fun j => sum d (fun c => f c j)) n = sum d (fun c => packInt w (f c) n) := by
  induction d with
  | zero => exact packInt_zero_fun w n
  | succ d ih => simp only [sum]; rw [packInt_add, ih]

/-- Two packed vectors of the same value are equal when their entries differ by less than a lane. -/
theorem packInt_inj {w n : Nat} {f g : Nat → Int} (h : packInt w f n = packInt w g n)
    (hb : ∀ j, j < n → (f j - g j).natAbs < 2 ^ w) : ∀ j, j < n → f j = g j := by
  induction n with
  | zero => intro j hj; omega
  | succ n ih =>
    have key : ∀ (n : Nat) (f : Nat → Int), (∀ j, j < n → (f j).natAbs < 2 ^ w) →
        (packInt w f n).natAbs < 2 ^ (w * n) := by
      intro n
      induction n with
      | zero => intro f _; simp [packInt_zero]
      | succ n ih =>
        intro f hf
        rw [packInt_succ]
        have h1 := ih f fun j hj => hf j (by omega)
        have h2 : ((f n).natAbs + 1) * 2 ^ (w * n) ≤ 2 ^ w * 2 ^ (w * n) := Nat.mul_le_mul_right _ (hf n (by omega))
        have h3 : 2 ^ (w * (n + 1)) = 2 ^ w * 2 ^ (w * n) := by rw [← Nat.pow_add]; congr 1; rw [Nat.mul_add]; omega
        have h4 := Int.natAbs_add_le (packInt w f n) (f n * ((2 ^ (w * n) : Nat) : Int))
        rw [Int.natAbs_mul, Int.natAbs_natCast] at h4
        rw [Nat.add_mul] at h2
        rw [h3]; omega
    have hd : packInt w (fun j => f j - g j) n + (f n - g n) * ((2 ^ (w * n) : Nat) : Int) = 0 := by
      rw [packInt_succ, packInt_succ] at h
      have h5 : packInt w (fun j => f j - g j) n = packInt w f n - packInt w g n := by
        have : packInt w f n = packInt w (fun j => f j - g j) n + packInt w g n := by
          rw [← packInt_add]; exact packInt_congr fun j _ => by omega
        omega
      rw [h5]; grind
    have hsmall := key n (fun j => f j - g j) fun j hj => hb j (by omega)
    have hzero : f n - g n = 0 := by
      rcases Nat.eq_zero_or_pos (f n - g n).natAbs with h0 | hpos
      · omega
      · exfalso
        have h6 : (packInt w (fun j => f j - g j) n).natAbs = (f n - g n).natAbs * 2 ^ (w * n) := by
          rw [show packInt w (fun j => f j - g j) n = -((f n - g n) * ((2 ^ (w * n) : Nat) : Int)) by omega]
          rw [Int.natAbs_neg, Int.natAbs_mul, Int.natAbs_natCast]
        have h7 : 1 * 2 ^ (w * n) ≤ (f n - g n).natAbs * 2 ^ (w * n) := Nat.mul_le_mul_right _ hpos
        omega
    have hprev : packInt w f n = packInt w g n := by
      rw [packInt_succ, packInt_succ, show f n = g n by omega] at h; omega
    intro j hj
    rcases Nat.lt_or_ge j n with hlt | hge
    · exact ih hprev (fun j hj => hb j (by omega)) j hlt
    · have : j = n := by omega
      subst this; omega

theorem dot_nil (f : Nat → Int) (k : Nat) : dot f [] k = 0 := rfl

theorem dot_cons (f : Nat → Int) (r : Int) (rs : List Int) (k : Nat) : dot f (r :: rs) k = f k * r + dot f rs (k + 1) := rfl

theorem nth_eq (xs : List Nat) (i : Nat) : nth xs i = xs.getD i 0 := by
  induction xs generalizing i with
  | nil => simp [nth]
  | cons x xs ih =>
    cases i with
    | zero => rfl
    | succ i => rw [List.getD_cons_succ, ← ih]; rfl

theorem nthInt_eq (xs : List Int) (i : Nat) : nthInt xs i = xs.getD i 0 := by
  induction xs generalizing i with
  | nil => simp [nthInt]
  | cons x xs ih =>
    cases i with
    | zero => rfl
    | succ i => rw [List.getD_cons_succ, ← ih]; rfl

theorem Tensor.get_eq (T : Tensor) (i j : Nat) : T.get i j = T.int i j := by
  rw [Tensor.get, Tensor.int, nth_eq, Int.subNatNat_eq_coe, ← Nat.shiftRight_eq_div_pow]
  rfl

theorem sum_shift (d : Nat) (f : Nat → Int) : sum (d + 1) f = f 0 + sum d (fun c => f (c + 1)) := by
  induction d with
  | zero => simp [sum]
  | succ d ih => rw [sum, ih, sum]; omega

theorem dot_eq (f : Nat → Int) (rows : List Int) (k : Nat) :
    dot f rows k = sum rows.length (fun c => f (k + c) * rows.getD c 0) := by
  induction rows generalizing k with
  | nil => rfl
  | cons r rs ih =>
    rw [dot_cons, ih, List.length_cons, sum_shift]
    simp [Nat.add_assoc, Nat.add_comm 1]

end

end LeanBound
