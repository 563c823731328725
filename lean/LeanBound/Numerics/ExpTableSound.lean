module

public import LeanBound.Numerics.ExpTable
public import LeanBound.Numerics.ExpEnclosureSound

/-! # Enclosures of the exponential from tables: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

variable {F : Type u} [ExpField F]

theorem expLane_eq_of_ok {P : Nat} {cs : List Nat} {T n : Nat} (h : expLanesOk P cs T n = true) {d : Nat} (hd : d < n) :
    expLane P T d = expNeg P cs d := by
  induction n with
  | zero => omega
  | succ n ih =>
    have hs : expLanesOk P cs T (n + 1) = Bool.rec (motive := fun _ => Bool) false (expLanesOk P cs T n)
        (Nat.beq (expLane P T n) (expNeg P cs n)) := rfl
    rw [hs] at h
    cases hb : Nat.beq (expLane P T n) (expNeg P cs n) with
    | false => rw [hb] at h; exact absurd h (by simp)
    | true =>
      rw [hb] at h
      by_cases hdn : d = n
      · rw [hdn]; exact Nat.eq_of_beq_eq_true hb
      · exact ih h (by omega)

theorem expTab_cons (P m T : Nat) (Ts : List Nat) (u : Nat) :
    expTab P m (T :: Ts) u = expLane P T (u % 2 ^ m) * expTab P m Ts (u / 2 ^ m) / 2 ^ P := by
  have h : expTab P m (T :: Ts) u = (expLane P T (u &&& (2 ^ m - 1)) * expTab P m Ts (u >>> m)) >>> P := rfl
  rw [h, Nat.shiftRight_eq_div_pow, Nat.shiftRight_eq_div_pow, Nat.and_two_pow_sub_one_eq_mod]

theorem EnclosesAll.take {P : Nat} {x : F} {l : List (Nat × Nat)} (h : EnclosesAll P x l) (m : Nat) :
    EnclosesAll P x (l.take m) := by
  induction l generalizing x m with
  | nil => rw [List.take_nil]; trivial
  | cons p l ih =>
    cases m with
    | zero => trivial
    | succ m => exact ⟨h.1, ih h.2 m⟩

theorem EnclosesAll.drop {P : Nat} {x : F} {l : List (Nat × Nat)} (h : EnclosesAll P x l) (m : Nat) :
    EnclosesAll P (2 ^ m * x) (l.drop m) := by
  induction l generalizing x m with
  | nil => rw [List.drop_nil]; trivial
  | cons p l ih =>
    cases m with
    | zero => rw [Semiring.pow_zero, Semiring.one_mul]; exact h
    | succ m => rw [Semiring.pow_succ, Semiring.mul_assoc]; exact ih h.2 m

theorem expErr_take_add_drop (l : List (Nat × Nat)) (m : Nat) : expErr (l.take m) + expErr (l.drop m) = expErr l := by
  induction l generalizing m with
  | nil => simp [expErr]
  | cons p l ih =>
    cases m with
    | zero => simp [expErr]
    | succ m =>
      have := ih m
      simp only [List.take_succ_cons, List.drop_succ_cons, expErr]
      omega

theorem EnclosesAll.expTab {P m : Nat} {x : F} (hx : 0 ≤ x) {Ts : List Nat} {l : List (Nat × Nat)}
    (h : EnclosesAll P x l) (hl : l.length = m * Ts.length) (hT : expTablesOk P m Ts (l.map Prod.fst) = true) {u : Nat}
    (hu : u < 2 ^ l.length) : Encloses P ((u : F) * x) (expTab P m Ts u) (expErr l + Ts.length) := by
  induction Ts generalizing x l u with
  | nil =>
    have hl0 : l = [] := List.length_eq_zero_iff.mp (by simpa using hl)
    subst hl0
    have : u = 0 := by simpa using hu
    rw [this, natCast_zero, Semiring.zero_mul]
    exact encloses_one P
  | cons T Ts ih =>
    rw [List.length_cons, Nat.mul_succ] at hl
    rw [expTablesOk, Bool.and_eq_true, ← List.map_take, ← List.map_drop] at hT
    have hm := Nat.two_pow_pos m
    have hlt : (l.take m).length = m := by rw [List.length_take]; omega
    have hld : (l.drop m).length = m * Ts.length := by rw [List.length_drop]; omega
    have hdig : u % 2 ^ m < 2 ^ m := Nat.mod_lt _ hm
    have h0 : 0 ≤ (2 : F) ^ m * x := by
      have := two_pow_pos (F := F) m
      exact mul_nonneg (by grind) hx
    have h1 := (h.take m).expNeg hx (u := u % 2 ^ m) (by rwa [hlt])
    rw [← expLane_eq_of_ok hT.1 hdig] at h1
    have h2 := ih h0 (h.drop m) hld hT.2 (u := u / 2 ^ m) (by
      rw [hld]
      rw [hl, Nat.pow_add, Nat.mul_comm] at hu
      exact Nat.div_lt_of_lt_mul hu)
    have h3 := Encloses.mul (mul_nonneg (natCast_nonneg _) hx) (mul_nonneg (natCast_nonneg _) h0) h1 h2
    have hu2 := congrArg (fun v : Nat => (v : F)) (Nat.mod_add_div u (2 ^ m)).symm
    simp only [natCast_add, natCast_mul, natCast_two_pow] at hu2
    have hxx : (u : F) * x = ((u % 2 ^ m : Nat) : F) * x + ((u / 2 ^ m : Nat) : F) * (2 ^ m * x) := by
      rw [hu2]
      generalize ((u % 2 ^ m : Nat) : F) = a
      generalize ((u / 2 ^ m : Nat) : F) = b
      grind
    have he : expErr l + (Ts.length + 1) = expErr (l.drop m) + Ts.length + expErr (l.take m) + 1 := by
      have := expErr_take_add_drop l m
      omega
    rw [hxx, expTab_cons, List.length_cons, he]
    exact h3

/-- `expTab` and `err` enclose `2 ^ P * exp (-u / 2 ^ k)` in every field with an exponential. -/
theorem expTab_enclosure {P k j n m : Nat} {Ts : List Nat} {err : Nat} (hc : expTabCheck P k j n m Ts err = true)
    {u : Nat} (hu : u < 2 ^ n) :
    (expTab P m Ts u : F) ≤ 2 ^ P * exp (-((u : F) / 2 ^ k)) ∧
    2 ^ P * exp (-((u : F) / 2 ^ k)) ≤ (expTab P m Ts u : F) + (err : F) := by
  simp only [expTabCheck, Bool.and_eq_true] at hc
  obtain ⟨⟨hn, hT⟩, he⟩ := hc
  have hk := two_pow_pos (F := F) k
  have hl := length_expConsts P k j n
  have h := (enclosesAll_expConsts (F := F) P k j n).expTab (div_nonneg (by grind) hk)
    (hl.trans (Nat.eq_of_beq_eq_true hn)) hT (u := u) (by rwa [hl])
  rw [show (u : F) * (1 / 2 ^ k) = (u : F) / 2 ^ k by grind] at h
  have := natCast_le (F := F) (Nat.le_of_ble_eq_true he)
  exact ⟨h.1, by have := h.2; grind⟩

end LeanBound
