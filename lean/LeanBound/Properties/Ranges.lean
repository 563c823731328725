module

public import LeanBound.Properties.Maxima

/-!
# Counting inputs of max-of-K: boxes of consecutive tokens

The inputs of one query and one maximum, taken by the first position that holds the maximum, make up such boxes (`firstAt`); a
window of first tokens cuts them into parts (`clip`).
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Boxes: for each position the first of its tokens, and their number -/

/-- `y` has one token for each range of `A`, and it is in the range. -/
def InRanges : List (Nat × Nat) → List Nat → Prop
  | [], [] => True
  | r :: A, t :: y => (r.1 ≤ t ∧ t < r.1 + r.2) ∧ InRanges A y
  | [], _ :: _ => False
  | _ :: _, [] => False

/-- How many sequences of a box have the property `p`. -/
def rangeCount (A : List (Nat × Nat)) (p : List Nat → Prop) : Nat :=
  match A with
  | [] => indicator (p [])
  | r :: A => natSum r.2 fun t => rangeCount A fun y => p ((r.1 + t) :: y)

theorem rangeCount_le {V : Nat} {A : List (Nat × Nat)} {p : List Nat → Prop}
    (hA : ∀ r ∈ A, ∀ t, r.1 ≤ t → t < r.1 + r.2 → t < V) :
    rangeCount A p ≤ count V A.length fun y => InRanges A y ∧ p y := by
  induction A generalizing p with
  | nil =>
    rw [List.length_nil, count_zero]
    exact indicator_le fun h => ⟨trivial, h⟩
  | cons r A ih =>
    have hr := hA r (by simp)
    have ih := fun p => ih (p := p) fun r hr => hA r (by simp [hr])
    rw [List.length_cons, count_succ]
    refine Nat.le_trans (natSum_le fun t ht => ?_)
      (natSum_part (fun t => count V A.length fun y => InRanges (r :: A) (t :: y) ∧ p (t :: y))
        fun t ht => hr (r.1 + t) (by omega) (by omega))
    refine Nat.le_trans (ih _) (count_mono fun y _ h => ⟨⟨⟨by omega, by omega⟩, h.1⟩, h.2⟩)

/-! ## Classes by the first position that holds the maximum -/

/-- All tokens up to `m`, at each of `n` positions. -/
def upTo (m n : Nat) : List (Nat × Nat) := Nat.rec List.nil (fun _ A => List.cons (0, Nat.succ m) A) n

/-- Of `n` positions, position `j` is the first that holds `m`, and none holds a larger token. -/
def firstAt (m j n : Nat) : List (Nat × Nat) :=
  Nat.rec (motive := fun _ => Nat → List (Nat × Nat))
    (fun n => Nat.rec List.nil (fun n _ => List.cons (m, 1) (upTo m n)) n)
    (fun _ ih n => Nat.rec List.nil (fun n _ => List.cons (0, m) (ih n)) n) j n

theorem firstAt_zero (m n : Nat) : firstAt m 0 (n + 1) = (m, 1) :: upTo m n := rfl

theorem firstAt_succ (m j n : Nat) : firstAt m (j + 1) (n + 1) = (0, m) :: firstAt m j n := rfl

theorem upTo_succ (m n : Nat) : upTo m (n + 1) = (0, m + 1) :: upTo m n := rfl

theorem length_upTo (m n : Nat) : (upTo m n).length = n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [upTo_succ, List.length_cons, ih]

theorem length_firstAt (m : Nat) {j n : Nat} (h : j < n) : (firstAt m j n).length = n := by
  induction n generalizing j with
  | zero => omega
  | succ n ih =>
    cases j with
    | zero => rw [firstAt_zero, List.length_cons, length_upTo]
    | succ j => rw [firstAt_succ, List.length_cons, ih (by omega)]

theorem mem_upTo {m n : Nat} {r : Nat × Nat} (h : r ∈ upTo m n) : r.1 + r.2 ≤ m + 1 := by
  induction n with
  | zero => exact absurd h List.not_mem_nil
  | succ n ih =>
    rw [upTo_succ, List.mem_cons] at h
    rcases h with rfl | h
    · simp
    · exact ih h

theorem mem_firstAt {m j n : Nat} {r : Nat × Nat} (h : r ∈ firstAt m j n) : r.1 + r.2 ≤ m + 1 := by
  induction j generalizing n with
  | zero =>
    cases n with
    | zero => exact absurd h List.not_mem_nil
    | succ n =>
      rw [firstAt_zero, List.mem_cons] at h
      rcases h with rfl | h
      · simp
      · exact mem_upTo h
  | succ j ih =>
    cases n with
    | zero => exact absurd h List.not_mem_nil
    | succ n =>
      rw [firstAt_succ, List.mem_cons] at h
      rcases h with rfl | h
      · simp
      · exact ih h

theorem le_of_inRanges {A : List (Nat × Nat)} {m : Nat} {y : List Nat} (hA : ∀ r ∈ A, r.1 + r.2 ≤ m + 1)
    (h : InRanges A y) : ∀ t ∈ y, t ≤ m := by
  induction A generalizing y with
  | nil => cases y with
    | nil => simp
    | cons => exact h.elim
  | cons r A ih => cases y with
    | nil => exact h.elim
    | cons t y =>
      intro s hs
      rcases List.mem_cons.1 hs with rfl | hs
      · have := hA r (by simp)
        have := h.1
        omega
      · exact ih (fun r hr => hA r (by simp [hr])) h.2 s hs

theorem mem_of_firstAt {m j n : Nat} {y : List Nat} (hj : j < n) (h : InRanges (firstAt m j n) y) : m ∈ y := by
  induction n generalizing j y with
  | zero => omega
  | succ n ih =>
    cases y with
    | nil => cases j <;> exact h.elim
    | cons t y =>
      cases j with
      | zero =>
        have h1 : m ≤ t ∧ t < m + 1 := h.1
        obtain rfl : t = m := by omega
        simp
      | succ j => exact List.mem_cons_of_mem _ (ih (by omega) h.2)

/-- No sequence holds `m` first at two positions. -/
theorem firstAt_unique {m i j n : Nat} {y : List Nat} (hi : i < n) (hj : j < n) (h : InRanges (firstAt m i n) y)
    (h' : InRanges (firstAt m j n) y) : i = j := by
  induction n generalizing i j y with
  | zero => omega
  | succ n ih =>
    cases y with
    | nil => cases i <;> exact h.elim
    | cons t y =>
      cases i with
      | zero =>
        cases j with
        | zero => rfl
        | succ j =>
          have h1 : m ≤ t ∧ t < m + 1 := h.1
          have h2 : 0 ≤ t ∧ t < 0 + m := h'.1
          omega
      | succ i =>
        cases j with
        | zero =>
          have h1 : 0 ≤ t ∧ t < 0 + m := h.1
          have h2 : m ≤ t ∧ t < m + 1 := h'.1
          omega
        | succ j => rw [ih (by omega) (by omega) h.2 h'.2]

theorem maxToken_of_upTo {m n : Nat} {y : List Nat} (h : InRanges (upTo m n) y) : maxToken (y ++ [m]) = m := by
  have hle : maxToken (y ++ [m]) ≤ m := maxToken_append_le.2 ⟨Nat.le_refl _, le_of_inRanges (fun _ => mem_upTo) h⟩
  have hge : m ≤ maxToken (y ++ [m]) := (maxToken_append_le.1 (Nat.le_refl _)).1
  omega

theorem maxToken_of_firstAt {a m j n : Nat} {y : List Nat} (ha : a ≤ m) (hj : j < n) (h : InRanges (firstAt m j n) y) :
    maxToken (y ++ [a]) = m := by
  have hle : maxToken (y ++ [a]) ≤ m := maxToken_append_le.2 ⟨ha, le_of_inRanges (fun _ => mem_firstAt) h⟩
  have hge : m ≤ maxToken (y ++ [a]) := (maxToken_append_le.1 (Nat.le_refl _)).2 m (mem_of_firstAt hj h)
  omega

/-! ## Windows of first tokens -/

/-- The tokens of a range that are among the `len` tokens from `lo` on. -/
def clip (lo len : Nat) (r : Nat × Nat) : Nat × Nat :=
  (Nat.add r.1 (Nat.sub lo r.1),
    Nat.sub (Nat.sub (Nat.add r.1 r.2) (Nat.sub (Nat.add r.1 r.2) (Nat.add lo len))) (Nat.add r.1 (Nat.sub lo r.1)))

theorem mem_clip {lo len t : Nat} {r : Nat × Nat} (h1 : (clip lo len r).1 ≤ t)
    (h2 : t < (clip lo len r).1 + (clip lo len r).2) : (r.1 ≤ t ∧ t < r.1 + r.2) ∧ lo ≤ t ∧ t < lo + len := by
  have h1 : r.1 + (lo - r.1) ≤ t := h1
  have h2 : t < r.1 + (lo - r.1) + (r.1 + r.2 - (r.1 + r.2 - (lo + len)) - (r.1 + (lo - r.1))) := h2
  omega

/-- The first token, `0` if there is none, is in the window. -/
def FirstIn (lo len : Nat) (y : List Nat) : Prop := lo ≤ y.headD 0 ∧ y.headD 0 < lo + len

/-! ## Units: the inputs of one query and one first token, numbered by query, then by first token -/

/-- How many inputs of unit `u` have the property `p`; `n` positions come before the last. -/
def unitCount (V n : Nat) (p : List Nat → Prop) (u : Nat) : Nat :=
  count V n fun y => p (y ++ [u / V]) ∧ y.headD 0 = u % V

theorem count_firstIn_le {V n u len : Nat} (p : List Nat → Prop) (h : u % V + len ≤ V) :
    count V n (fun y => p (y ++ [u / V]) ∧ FirstIn (u % V) len y) ≤ natSum len fun i => unitCount V n p (u + i) := by
  have unit : ∀ i, i < len → unitCount V n p (u + i) =
      listSum (sequences V n) fun y => indicator (p (y ++ [u / V]) ∧ y.headD 0 = u % V + i) := by
    intro i hi
    have e : u + i = u % V + i + V * (u / V) := by have := Nat.mod_add_div u V; omega
    have hlt : u % V + i < V := by omega
    rw [unitCount, e, Nat.add_mul_div_left _ _ (by omega), Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt hlt,
      Nat.div_eq_of_lt hlt, Nat.zero_add, count_eq]
  rw [natSum_congr unit, natSum_eq, listSum_comm, count_eq]
  refine listSum_le fun y _ => ?_
  by_cases hy : p (y ++ [u / V]) ∧ FirstIn (u % V) len y
  · have h1 := hy.2.1
    have h2 := hy.2.2
    refine Nat.le_trans (indicator_le (q := p (y ++ [u / V]) ∧ y.headD 0 = u % V + (y.headD 0 - u % V))
      fun _ => ⟨hy.1, by omega⟩) ?_
    rw [← natSum_eq]
    exact le_natSum (fun i => indicator (p (y ++ [u / V]) ∧ y.headD 0 = u % V + i)) (by omega)
  · rw [indicator_false hy]
    exact Nat.zero_le _

/-- All units together: each input is in one at most. -/
theorem units_le_count (V n : Nat) (p : List Nat → Prop) : natSum (V * V) (unitCount V n p) ≤ count V (n + 1) p := by
  rw [natSum_grid, count_snoc]
  refine natSum_le fun a _ => ?_
  refine Nat.le_trans (Nat.le_of_eq (natSum_congr (g := fun t => count V n fun y => p (y ++ [a]) ∧ y.headD 0 = t)
    fun t ht => ?_)) ?_
  · have e : a * V + t = t + V * a := by rw [Nat.mul_comm, Nat.add_comm]
    rw [unitCount, e, Nat.add_mul_div_left _ _ (by omega), Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt ht,
      Nat.div_eq_of_lt ht, Nat.zero_add]
  · rw [natSum_eq]
    exact listSum_count_le List.nodup_range (fun _ _ _ _ h => h.1) fun _ _ _ _ _ h h' => h.2.symm.trans h'.2

end

end LeanBound
