module

public import LeanBound.Properties.Counting

/-! # Counting inputs: boxes of sequences, and enumeration -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Boxes: a list of allowed tokens for each position -/

/-- `x` has one token for each position of `A`, and it is allowed there. -/
def InBox : List (List Nat) → List Nat → Prop
  | [], [] => True
  | S :: A, t :: x => t ∈ S ∧ InBox A x
  | [], _ :: _ => False
  | _ :: _, [] => False

/-- The product of the lengths: how many sequences the box has, if no list repeats a token. -/
def boxSize (A : List (List Nat)) : Nat :=
  match A with
  | [] => 1
  | S :: A => S.length * boxSize A

theorem listSum_eq_of_nodup {l : List Nat} (hl : l.Nodup) {s : Nat} :
    listSum l (fun t => indicator (t = s)) = indicator (s ∈ l) := by
  induction l with
  | nil => exact (indicator_false (by simp)).symm
  | cons a l ih =>
    have hl := List.nodup_cons.1 hl
    simp only [listSum_cons, ih hl.2]
    by_cases h : a = s
    · subst h; rw [indicator_true rfl, indicator_false hl.1, indicator_true (by simp)]
    · by_cases hs : s ∈ l
      · rw [indicator_false h, indicator_true hs, indicator_true (by simp [hs])]
      · rw [indicator_false h, indicator_false hs, indicator_false (by simp [hs, Ne.symm h])]

theorem natSum_indicator_mem {V : Nat} {S : List Nat} (hS : S.Nodup) (hV : ∀ t ∈ S, t < V) :
    natSum V (fun t => indicator (t ∈ S)) = S.length := by
  rw [natSum_eq]
  induction S with
  | nil => exact (listSum_congr fun t _ => indicator_false (by simp)).trans (listSum_zero _)
  | cons s S ih =>
    have hn := List.nodup_cons.1 hS
    have split : ∀ t, indicator (t ∈ s :: S) = indicator (t = s) + indicator (t ∈ S) := by
      intro t
      by_cases h : t = s
      · subst h; rw [indicator_true (by simp), indicator_true rfl, indicator_false hn.1]
      · by_cases hs : t ∈ S
        · rw [indicator_true (by simp [hs]), indicator_false h, indicator_true hs]
        · rw [indicator_false (by simp [h, hs]), indicator_false h, indicator_false hs]
    simp only [split, listSum_add]
    rw [listSum_eq_of_nodup List.nodup_range, indicator_true (List.mem_range.2 (hV s (by simp))),
      ih hn.2 fun t ht => hV t (by simp [ht])]
    simp only [List.length_cons]; omega

/-- A box has as many sequences as its size says. -/
theorem count_inBox {V K : Nat} {A : List (List Nat)} (hK : A.length = K) (hA : ∀ S ∈ A, S.Nodup)
    (hV : ∀ S ∈ A, ∀ t ∈ S, t < V) : count V K (InBox A) = boxSize A := by
  induction A generalizing K with
  | nil => subst hK; rw [List.length_nil, count_zero]; exact indicator_true trivial
  | cons S A ih =>
    subst hK
    have ih := ih rfl (fun T hT => hA T (by simp [hT])) fun T hT => hV T (by simp [hT])
    rw [List.length_cons, count_succ, boxSize, ← natSum_indicator_mem (hA S (by simp)) (hV S (by simp)), natSum_eq,
      natSum_eq, ← listSum_mul, ← ih]
    refine listSum_congr fun t _ => ?_
    by_cases h : t ∈ S
    · rw [indicator_true h, Nat.one_mul]; exact count_congr fun x _ => by simp [InBox, h]
    · rw [indicator_false h, Nat.zero_mul, count_eq]
      exact (listSum_congr fun x _ => indicator_false (by simp [InBox, h])).trans (listSum_zero _)

/-- If `p` holds throughout a box, it counts at least the size of the box. -/
theorem boxSize_le_count {V K : Nat} {A : List (List Nat)} {p : List Nat → Prop} (hK : A.length = K)
    (hA : ∀ S ∈ A, S.Nodup) (hV : ∀ S ∈ A, ∀ t ∈ S, t < V) (hp : ∀ x ∈ sequences V K, InBox A x → p x) :
    boxSize A ≤ count V K p :=
  count_inBox hK hA hV ▸ count_mono hp

/-! ## Enumeration -/

/-- How many sequences `y` of `K` tokens below `V` have `f (y ++ x)`: chooses the tokens from the last to the first. -/
def countFrom (V : Nat) (f : List Nat → Bool) (K : Nat) : List Nat → Nat :=
  Nat.rec (fun x => Bool.rec (nat_lit 0) (nat_lit 1) (f x)) (fun _ c x => natSum V fun t => c (List.cons t x)) K

/-- How many sequences of `K` tokens below `V` the test `f` accepts, by enumeration. -/
def countBool (V K : Nat) (f : List Nat → Bool) : Nat := countFrom V f K []

theorem countFrom_zero (V : Nat) (f : List Nat → Bool) (x : List Nat) :
    countFrom V f 0 x = Bool.rec 0 1 (f x) := rfl

theorem countFrom_succ (V : Nat) (f : List Nat → Bool) (K : Nat) (x : List Nat) :
    countFrom V f (K + 1) x = natSum V fun t => countFrom V f K (t :: x) := rfl

theorem countFrom_eq (V : Nat) (f : List Nat → Bool) (K : Nat) (x : List Nat) :
    countFrom V f K x = count V K fun y => f (y ++ x) = true := by
  induction K generalizing x with
  | zero =>
    rw [countFrom_zero, count_zero, List.nil_append]
    cases h : f x
    · exact (indicator_false (by simp)).symm
    · exact (indicator_true rfl).symm
  | succ K ih =>
    rw [countFrom_succ, count_snoc]
    exact natSum_congr fun t _ => by simp only [ih, List.append_assoc, List.cons_append, List.nil_append]

theorem countBool_eq (V K : Nat) (f : List Nat → Bool) : countBool V K f = count V K fun x => f x = true := by
  simp only [countBool, countFrom_eq, List.append_nil]

/-- If `p` holds wherever the test accepts, it counts at least what the enumeration counts. -/
theorem countBool_le_count {V K : Nat} {f : List Nat → Bool} {p : List Nat → Prop}
    (hp : ∀ x ∈ sequences V K, f x = true → p x) : countBool V K f ≤ count V K p :=
  countBool_eq V K f ▸ count_mono hp

end

end LeanBound
