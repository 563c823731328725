module

public import LeanBound.Strategies.AllPairs.LeadsSound
public import LeanBound.Strategies.AllPairs.Soundness
public import LeanBound.Strategies.PairInterval.Checker

/-! # Interval bounds of an MLP on groups of pairs: what lies between the bounds -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Minimum and maximum of rows -/

/-- The numbers `f a, …, f (a + n)`, by an operation on two. -/
def foldInt (op : Int → Int → Int) (f : Nat → Int) (a n : Nat) : Int := Nat.rec (f a) (fun i x => op x (f (a + i + 1))) n

theorem foldInt_all {op : Int → Int → Int} (hop : ∀ x y, op x y = x ∨ op x y = y) {f : Nat → Int} {P : Int → Prop} {a n : Nat}
    (h : ∀ i, i ≤ n → P (f (a + i))) : P (foldInt op f a n) := by
  induction n with
  | zero => exact h 0 (Nat.le_refl _)
  | succ n ih =>
    show P (op (foldInt op f a n) (f (a + n + 1)))
    rcases hop (foldInt op f a n) (f (a + n + 1)) with e | e
    · rw [e]; exact ih fun i hi => h i (by omega)
    · rw [e]; exact h (n + 1) (Nat.le_refl _)

theorem foldInt_min_le {f : Nat → Int} {a n : Nat} {i : Nat} (hi : i ≤ n) : foldInt min f a n ≤ f (a + i) := by
  induction n with
  | zero => rw [show i = 0 by omega]; exact Int.le_refl _
  | succ n ih =>
    show min (foldInt min f a n) (f (a + n + 1)) ≤ _
    rcases Nat.lt_or_eq_of_le hi with hi | rfl
    · have := ih (by omega)
      omega
    · show _ ≤ f (a + n + 1)
      omega

theorem le_foldInt_max {f : Nat → Int} {a n : Nat} {i : Nat} (hi : i ≤ n) : f (a + i) ≤ foldInt max f a n := by
  induction n with
  | zero => rw [show i = 0 by omega]; exact Int.le_refl _
  | succ n ih =>
    show _ ≤ max (foldInt max f a n) (f (a + n + 1))
    rcases Nat.lt_or_eq_of_le hi with hi | rfl
    · have := ih (by omega)
      omega
    · show f (a + n + 1) ≤ _
      omega

/-- Entries stay below the guard bits. -/
def Low (w n b : Nat) (f : Nat → Int) : Prop := ∀ j, j < n → f j + (b : Int) < (2 ^ (w - 1) : Nat)

section Vec

variable {w n b x y : Nat} {f g : Nat → Int} (hw : 0 < w) (hx : Vec w n b f x) (hy : Vec w n b g y) (hf : Low w n b f)
  (hg : Low w n b g)

include hw hx hy hf hg

theorem Vec.laneMax : Vec w n b (fun j => max (f j) (g j)) (laneMax w (guardBits w n) x y) := by
  have h1 : ∀ j, j < n → (f j + (b : Int)).toNat < 2 ^ (w - 1) := fun j hj => by
    have := hf j hj; have := hx.2 j hj; omega
  have h2 : ∀ j, j < n → (g j + (b : Int)).toNat < 2 ^ (w - 1) := fun j hj => by
    have := hg j hj; have := hy.2 j hj; omega
  rw [hx.1, hy.1, laneMax_pack hw h1 h2]
  exact Vec.of_pack fun j hj => by have := hx.2 j hj; have := hy.2 j hj; omega

theorem Vec.laneMin : Vec w n b (fun j => min (f j) (g j)) (laneMin w (guardBits w n) x y) := by
  have h1 : ∀ j, j < n → (f j + (b : Int)).toNat < 2 ^ (w - 1) := fun j hj => by
    have := hf j hj; have := hx.2 j hj; omega
  have h2 : ∀ j, j < n → (g j + (b : Int)).toNat < 2 ^ (w - 1) := fun j hj => by
    have := hg j hj; have := hy.2 j hj; omega
  show Vec w n b _ (x - monus w (guardBits w n) x y)
  rw [hx.1, hy.1, monus_pack hw h1 h2, ← pack_sub fun j _ => Nat.sub_le ..]
  exact Vec.of_pack fun j hj => by have := hx.2 j hj; have := hy.2 j hj; omega

end Vec

theorem Vec.fold {w m b : Nat} {op : Int → Int → Int} {lanes : Nat → Nat → Nat}
    (hop : ∀ {f g : Nat → Int} {x y : Nat}, Vec w m b f x → Vec w m b g y → Low w m b f → Low w m b g →
      Vec w m b (fun j => op (f j) (g j)) (lanes x y))
    (hchoice : ∀ x y, op x y = x ∨ op x y = y) {T : Nat → Nat → Int} {row : Nat → Nat} {a n : Nat}
    (h : ∀ i, i ≤ n → Vec w m b (T (a + i)) (row (a + i))) (hlow : ∀ i, i ≤ n → Low w m b (T (a + i))) :
    Vec w m b (fun j => foldInt op (fun i => T i j) a n) (foldTokens lanes row a n) := by
  induction n with
  | zero => exact h 0 (Nat.le_refl _)
  | succ n ih =>
    exact hop (ih (fun i hi => h i (by omega)) fun i hi => hlow i (by omega)) (h (n + 1) (Nat.le_refl _))
      (fun j hj => foldInt_all hchoice (f := fun i => T i j) (P := fun z => z + (b : Int) < (2 ^ (w - 1) : Nat))
        fun i hi => hlow i (by omega) j hj)
      (hlow (n + 1) (Nat.le_refl _))

/-! ## Lanes taken from two matrices -/

theorem splice_packGrid {S l m n : Nat} {t : Nat → Nat} {e f : Nat → Nat → Nat} (hS : l * m ≤ S)
    (he : ∀ i o, i < n → o < m → e i o < 2 ^ l) (hf : ∀ i o, i < n → o < m → f i o < 2 ^ l) (ht : ∀ i, i < n → t i < m) :
    splice l (pack S (fun i => 2 ^ (l * t i)) n) (packGrid S l n m e) (packGrid S l n m f) =
      packGrid S l n m fun i o => if o = t i then e i o else f i o := by
  have hp := Nat.two_pow_pos l
  have hland : ∀ e : Nat → Nat → Nat, (∀ i o, i < n → o < m → e i o < 2 ^ l) →
      Nat.land (packGrid S l n m e) ((pack S (fun i => 2 ^ (l * t i)) n) <<< l - pack S (fun i => 2 ^ (l * t i)) n) =
      packGrid S l n m fun i o => if o = t i then e i o else 0 := fun e he => by
    rw [targetMask_eq ht]
    refine (packGrid_land hS he fun i o _ _ => by split <;> omega).trans (packGrid_congr fun i o hi ho => ?_)
    show e i o &&& (if o = t i then 2 ^ l - 1 else 0) = if o = t i then e i o else 0
    by_cases h : o = t i
    · rw [if_pos h, if_pos h, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt (he i o hi ho)]
    · rw [if_neg h, if_neg h, Nat.and_zero]
  show (packGrid S l n m f - Nat.land (packGrid S l n m f) (_ <<< l - _)) + Nat.land (packGrid S l n m e) (_ <<< l - _) = _
  rw [hland e he, hland f hf, ← packGrid_sub fun i o _ _ => by split <;> omega, ← packGrid_add]
  exact packGrid_congr fun i o _ _ => by split <;> omega

/-! ## Sums between bounds -/

/-- A sum of products of natural numbers with integers, by the sign of these. -/
theorem sum_by_sign (d : Nat) (x : Nat → Nat) (u : Nat → Int) : sum d (fun j => (x j : Int) * u j) =
    ((natSum d fun j => x j * (u j).toNat : Nat) : Int) - ((natSum d fun j => x j * (-u j).toNat : Nat) : Int) := by
  induction d with
  | zero => rfl
  | succ d ih =>
    have h : (x d : Int) * u d = (x d : Int) * ((u d).toNat : Int) - (x d : Int) * ((-u d).toNat : Int) := by
      rw [← Int.mul_sub]
      congr 1
      omega
    rw [sum_succ, natSum_succ, natSum_succ, ih, h, Int.natCast_add, Int.natCast_add, Int.natCast_mul, Int.natCast_mul]
    omega

end

end LeanBound
