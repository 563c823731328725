module

public import LeanBound.Properties.Counting
public import LeanBound.Tasks.MaxOfK

/-! # Counting inputs of max-of-K by class

A class fixes the last token `a` (the query), the maximum `m`, and a pattern: which of the positions before the last
hold `m`. The others hold tokens below `m`. Each input is in exactly one class. -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `y` holds `m` exactly where the pattern `c` is true, and tokens below `m` elsewhere. -/
def Matches (m : Nat) : List Bool → List Nat → Prop
  | [], [] => True
  | b :: c, t :: y => (bif b then t = m else t < m) ∧ Matches m c y
  | [], _ :: _ => False
  | _ :: _, [] => False

/-- The `2 ^ n` patterns of `n` positions, each once. -/
def patterns (n : Nat) : List (List Bool) :=
  match n with
  | 0 => [[]]
  | n + 1 => (patterns n).map (true :: ·) ++ (patterns n).map (false :: ·)

/-- The sum of `size c` over the patterns with which `m` occurs in the input; `a` is the last token. -/
def patternSum (n a m : Nat) (size : List Bool → Nat) : Nat :=
  listSum (patterns n) fun c => cond (or (Nat.beq a m) (c.any id)) (size c) (nat_lit 0)

theorem mem_patterns {n : Nat} {c : List Bool} : c ∈ patterns n ↔ c.length = n := by
  induction n generalizing c with
  | zero => simp [patterns]
  | succ n ih =>
    cases c with
    | nil => simp [patterns]
    | cons b c => cases b <;> simp [patterns, ih]

theorem nodup_patterns (n : Nat) : (patterns n).Nodup := by
  induction n with
  | zero => simp [patterns]
  | succ n ih =>
    have cons_nodup : ∀ b : Bool, ((patterns n).map (b :: ·)).Nodup := fun b =>
      List.pairwise_map.2 (ih.imp fun h h' => h (List.cons.inj h').2)
    refine List.nodup_append.2 ⟨cons_nodup true, cons_nodup false, ?_⟩
    intro x hx y hy hxy
    obtain ⟨_, _, rfl⟩ := List.mem_map.1 hx
    obtain ⟨_, _, h⟩ := List.mem_map.1 hy
    rw [← hxy] at h
    exact absurd (List.cons.inj h).1 (by simp)

/-! ## The class of an input -/

theorem Matches.length_eq {m : Nat} {c : List Bool} {y : List Nat} (h : Matches m c y) : y.length = c.length := by
  induction c generalizing y with
  | nil => cases y with
    | nil => rfl
    | cons => exact h.elim
  | cons b c ih => cases y with
    | nil => exact h.elim
    | cons t y => simp [ih h.2]

theorem Matches.unique {m : Nat} {c c' : List Bool} {y : List Nat} (h : Matches m c y) (h' : Matches m c' y) :
    c = c' := by
  induction y generalizing c c' with
  | nil =>
    cases c <;> cases c' <;> first | rfl | exact h.elim | exact h'.elim
  | cons t y ih =>
    cases c <;> cases c' <;> first | exact h.elim | exact h'.elim | skip
    rename_i b c b' c'
    rw [ih h.2 h'.2]
    have hb := h.1
    have hb' := h'.1
    cases b <;> cases b' <;> simp at hb hb' ⊢ <;> omega

theorem maxToken_cons (t : Nat) (x : List Nat) : maxToken (t :: x) = max t (maxToken x) := rfl

theorem Matches.maxToken_le {m a : Nat} {c : List Bool} {y : List Nat} (h : Matches m c y) (ha : a ≤ m) :
    maxToken (y ++ [a]) ≤ m := by
  induction y generalizing c with
  | nil => simpa [maxToken] using ha
  | cons t y ih =>
    cases c with
    | nil => exact h.elim
    | cons b c =>
      have hy := ih h.2
      have hb := h.1
      rw [List.cons_append, maxToken_cons]
      cases b <;> simp at hb <;> omega

theorem maxToken_of_matches {m a : Nat} {c : List Bool} {y : List Nat} (h : Matches m c y) (ha : a ≤ m)
    (hm : a = m ∨ true ∈ c) : maxToken (y ++ [a]) = m := by
  induction y generalizing c with
  | nil =>
    cases c with
    | nil => simpa [maxToken] using hm
    | cons => exact h.elim
  | cons t y ih =>
    cases c with
    | nil => exact h.elim
    | cons b c =>
      have hy := h.2.maxToken_le ha
      have hb := h.1
      rw [List.cons_append, maxToken_cons]
      cases b with
      | true => simp at hb; omega
      | false =>
        simp at hb hm
        have := ih h.2 hm
        omega

/-! ## Sums over classes -/

/-- Lower bounds on the counts of all maxima of a query add up to a lower bound on the count. -/
theorem maxima_le_count {V n a : Nat} {p : List Nat → Prop} {size : Nat → Nat}
    (h : ∀ m, a ≤ m → m < V → size m ≤ count V n fun y => p y ∧ maxToken (y ++ [a]) = m) :
    natSum V (fun m => cond (Nat.ble a m) (size m) 0) ≤ count V n p := by
  let q (m : Nat) (y : List Nat) : Prop := p y ∧ maxToken (y ++ [a]) = m
  have hq : ∀ m, m < V → cond (Nat.ble a m) (size m) 0 ≤ count V n (q m) := by
    intro m hm
    cases ha : Nat.ble a m with
    | false => exact Nat.zero_le _
    | true => exact h m (Nat.le_of_ble_eq_true ha) hm
  refine Nat.le_trans (natSum_le hq) ?_
  rw [natSum_eq]
  exact listSum_count_le List.nodup_range (fun m _ y _ hy => hy.1) fun m _ m' _ y hy hy' => hy.2.symm.trans hy'.2

/-- Lower bounds on the counts of all patterns of a maximum add up to a lower bound on its count. -/
theorem patterns_le_count {V n a m : Nat} (ha : a ≤ m) {p : List Nat → Prop} {size : List Bool → Nat}
    (h : ∀ c ∈ patterns n, (a = m ∨ true ∈ c) → size c ≤ count V n fun y => p y ∧ Matches m c y) :
    patternSum n a m size ≤ count V n fun y => p y ∧ maxToken (y ++ [a]) = m := by
  let r (c : List Bool) (y : List Nat) : Prop := (a = m ∨ true ∈ c) ∧ p y ∧ Matches m c y
  refine Nat.le_trans (listSum_le (g := fun c => count V n (r c)) fun c hc => ?_)
    (listSum_count_le (nodup_patterns n) (fun c _ y _ hy => ⟨hy.2.1, maxToken_of_matches hy.2.2 ha hy.1⟩)
      fun c _ c' _ y hy hy' => hy.2.2.unique hy'.2.2)
  cases hv : or (Nat.beq a m) (c.any id) with
  | false => exact Nat.zero_le _
  | true =>
    have hv : a = m ∨ true ∈ c := by
      simpa [Nat.beq_eq] using hv
    exact Nat.le_trans (h c hc hv) (count_mono fun y _ hy => ⟨hv, hy⟩)

end

end LeanBound
