module

public import LeanBound.Numerics.NatSum
public import LeanBound.Properties.Classifier

/-! # Counting inputs: sums, and the sequences that have a property -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The sum of `f a` over the entries `a` of a list. By recursors, here and below, since the kernel computes with it. -/
def listSum (l : List α) (f : α → Nat) : Nat := List.rec (nat_lit 0) (fun a _ s => Nat.add (f a) s) l

theorem listSum_nil (f : α → Nat) : listSum [] f = 0 := rfl

theorem listSum_cons (a : α) (l : List α) (f : α → Nat) : listSum (a :: l) f = f a + listSum l f := rfl

/-- One if `p` holds, zero otherwise. -/
def indicator (p : Prop) : Nat := @ite Nat p (Classical.propDecidable p) 1 0

theorem indicator_true {p : Prop} (h : p) : indicator p = 1 := if_pos h

theorem indicator_false {p : Prop} (h : ¬p) : indicator p = 0 := if_neg h

theorem indicator_le {p q : Prop} (h : p → q) : indicator p ≤ indicator q := by
  by_cases hp : p
  · rw [indicator_true hp, indicator_true (h hp)]; exact Nat.le_refl _
  · rw [indicator_false hp]; exact Nat.zero_le _

/-! ## Sums -/

theorem listSum_le {f g : α → Nat} {l : List α} (h : ∀ a ∈ l, f a ≤ g a) : listSum l f ≤ listSum l g := by
  induction l with
  | nil => exact Nat.le_refl _
  | cons a l ih =>
    exact Nat.add_le_add (h a (by simp)) (ih fun b hb => h b (by simp [hb]))

theorem listSum_congr {f g : α → Nat} {l : List α} (h : ∀ a ∈ l, f a = g a) : listSum l f = listSum l g :=
  Nat.le_antisymm (listSum_le fun a ha => Nat.le_of_eq (h a ha))
    (listSum_le fun a ha => Nat.le_of_eq (h a ha).symm)

theorem listSum_zero (l : List α) : listSum l (fun _ => 0) = 0 := by
  induction l with
  | nil => rfl
  | cons a l ih => simp [listSum_cons, ih]

theorem listSum_add (l : List α) (f g : α → Nat) :
    listSum l (fun a => f a + g a) = listSum l f + listSum l g := by
  induction l with
  | nil => rfl
  | cons a l ih => simp only [listSum_cons, ih]; omega

theorem listSum_mul (l : List α) (f : α → Nat) (c : Nat) : listSum l (fun a => f a * c) = listSum l f * c := by
  induction l with
  | nil => simp [listSum_nil]
  | cons a l ih => simp only [listSum_cons, ih, Nat.add_mul]

theorem listSum_append (l k : List α) (f : α → Nat) : listSum (l ++ k) f = listSum l f + listSum k f := by
  induction l with
  | nil => simp [listSum_nil]
  | cons a l ih => simp only [List.cons_append, listSum_cons, ih]; omega

theorem listSum_map (g : α → β) (l : List α) (f : β → Nat) : listSum (l.map g) f = listSum l fun a => f (g a) := by
  induction l with
  | nil => rfl
  | cons a l ih => simp only [List.map_cons, listSum_cons, ih]

theorem listSum_flatMap (g : α → List β) (l : List α) (f : β → Nat) :
    listSum (l.flatMap g) f = listSum l fun a => listSum (g a) f := by
  induction l with
  | nil => rfl
  | cons a l ih => simp only [List.flatMap_cons, listSum_append, listSum_cons, ih]

theorem listSum_comm (l : List α) (k : List β) (f : α → β → Nat) :
    listSum l (fun a => listSum k fun b => f a b) = listSum k fun b => listSum l fun a => f a b := by
  induction l with
  | nil => simp only [listSum_nil, listSum_zero]
  | cons a l ih => simp only [listSum_cons, ih, listSum_add]

theorem listSum_indicator (l : List α) (p : α → Prop) :
    (l.filter fun a => @decide (p a) (Classical.propDecidable _)).length = listSum l fun a => indicator (p a) := by
  induction l with
  | nil => rfl
  | cons a l ih =>
    by_cases h : p a
    · simp [listSum_cons, h, ih, indicator_true]; omega
    · simp [listSum_cons, h, ih, indicator_false]

/-- If at most one `p a` holds, and `q` with it, then the indicators of the `p a` add up to at most that of `q`. -/
theorem listSum_indicator_le {p : α → Prop} {q : Prop} {l : List α} (hl : l.Nodup) (hq : ∀ a ∈ l, p a → q)
    (hp : ∀ a ∈ l, ∀ b ∈ l, p a → p b → a = b) : listSum l (fun a => indicator (p a)) ≤ indicator q := by
  induction l with
  | nil => exact Nat.zero_le _
  | cons a l ih =>
    have hl := List.nodup_cons.1 hl
    by_cases h : p a
    · have : listSum l (fun b => indicator (p b)) = listSum l fun _ => 0 :=
        listSum_congr fun b hb => indicator_false fun hpb =>
          hl.1 (hp a (by simp) b (by simp [hb]) h hpb ▸ hb)
      simp only [listSum_cons, this, listSum_zero]
      exact indicator_le (hq a (by simp))
    · simp only [listSum_cons, indicator_false h, Nat.zero_add]
      exact ih hl.2 (fun b hb => hq b (by simp [hb])) fun b hb c hc => hp b (by simp [hb]) c (by simp [hc])

theorem natSum_eq (n : Nat) (f : Nat → Nat) : natSum n f = listSum (List.range n) f := by
  induction n with
  | zero => rfl
  | succ n ih => simp only [List.range_succ, listSum_append, natSum_succ, ih, listSum_nil, listSum_cons, Nat.add_zero]

theorem natSum_le {n : Nat} {f g : Nat → Nat} (h : ∀ i, i < n → f i ≤ g i) : natSum n f ≤ natSum n g := by
  rw [natSum_eq, natSum_eq]
  exact listSum_le fun i hi => h i (List.mem_range.1 hi)

theorem natSum_congr {n : Nat} {f g : Nat → Nat} (h : ∀ i, i < n → f i = g i) : natSum n f = natSum n g :=
  Nat.le_antisymm (natSum_le fun i hi => Nat.le_of_eq (h i hi)) (natSum_le fun i hi => Nat.le_of_eq (h i hi).symm)

theorem natSum_add (n : Nat) (f g : Nat → Nat) : natSum n (fun i => f i + g i) = natSum n f + natSum n g := by
  simp only [natSum_eq, listSum_add]

theorem natSum_mul_const (n c : Nat) (f : Nat → Nat) : natSum n (fun i => f i * c) = natSum n f * c := by
  simp only [natSum_eq, listSum_mul]

theorem natSum_one (n : Nat) : natSum n (fun _ => 1) = n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [natSum_succ, ih]

theorem natSum_append (m n : Nat) (f : Nat → Nat) : natSum (m + n) f = natSum m f + natSum n fun i => f (m + i) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [← Nat.add_assoc, natSum_succ, ih, natSum_succ, Nat.add_assoc]

theorem natSum_part {s n N : Nat} (f : Nat → Nat) (h : ∀ i, i < n → s + i < N) : natSum n (fun i => f (s + i)) ≤ natSum N f := by
  cases n with
  | zero => exact Nat.zero_le _
  | succ n =>
    obtain ⟨k, rfl⟩ : ∃ k, N = s + (n + 1) + k := ⟨N - (s + (n + 1)), by have := h n (Nat.lt_succ_self n); omega⟩
    rw [natSum_append _ k, natSum_append s]
    omega

theorem natSum_grid (k V : Nat) (f : Nat → Nat) :
    natSum (k * V) f = natSum k fun a => natSum V fun t => f (a * V + t) := by
  induction k with
  | zero => rw [Nat.zero_mul]; rfl
  | succ k ih => rw [Nat.succ_mul, natSum_append, natSum_succ, ih]

theorem le_natSum {n i : Nat} (f : Nat → Nat) (hi : i < n) : f i ≤ natSum n f := by
  induction n with
  | zero => omega
  | succ n ih =>
    rw [natSum_succ]
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
    · exact Nat.le_trans (ih h) (Nat.le_add_right _ _)
    · exact Nat.le_add_left _ _

/-! ## Sequences -/

theorem mem_sequences {V K : Nat} {x : List Nat} : x ∈ sequences V K ↔ x.length = K ∧ ∀ t ∈ x, t < V := by
  induction K generalizing x with
  | zero => cases x <;> simp [sequences]
  | succ K ih =>
    cases x with
    | nil => simp [sequences]
    | cons t x =>
      simp only [sequences, List.mem_flatMap, List.mem_map, List.mem_range, List.cons.injEq]
      constructor
      · rintro ⟨s, hs, y, hy, rfl, rfl⟩
        have := ih.1 hy
        simp [hs, this.1]; exact this.2
      · intro ⟨hl, ht⟩
        exact ⟨t, ht t (by simp), x, ih.2 ⟨by simpa using hl, fun s hs => ht s (by simp [hs])⟩, rfl, rfl⟩

section Snoc

/-! A last token appended. -/

variable {V K a : Nat} {y : List Nat}

theorem snoc_mem_sequences (hK : 0 < K) (ha : a < V) (hy : y ∈ sequences V (K - 1)) : y ++ [a] ∈ sequences V K := by
  obtain ⟨hlen, htok⟩ := mem_sequences.1 hy
  refine mem_sequences.2 ⟨by simp; omega, fun t ht => ?_⟩
  rcases List.mem_append.1 ht with h | h
  · exact htok t h
  · exact List.mem_singleton.1 h ▸ ha

theorem getD_snoc (hy : y ∈ sequences V (K - 1)) (a : Nat) : (y ++ [a]).getD (K - 1) 0 = a := by
  rw [← (mem_sequences.1 hy).1]
  simp

/-- The last position, apart. -/
theorem natSum_snoc (hK : 0 < K) (hy : y ∈ sequences V (K - 1)) (a : Nat) (f : Nat → Nat → Nat) :
    natSum K (fun i => f i ((y ++ [a]).getD i 0)) = natSum (K - 1) (fun i => f i (y.getD i 0)) + f (K - 1) a := by
  have hlen := (mem_sequences.1 hy).1
  have hs : natSum K (fun i => f i ((y ++ [a]).getD i 0)) =
      natSum (K - 1) (fun i => f i ((y ++ [a]).getD i 0)) + f (K - 1) ((y ++ [a]).getD (K - 1) 0) := by
    rw [← natSum_succ, Nat.sub_add_cancel hK]
  rw [hs, getD_snoc hy]
  congr 1
  refine natSum_congr fun i hi => ?_
  rw [List.getD_eq_getElem?_getD, List.getD_eq_getElem?_getD, List.getElem?_append_left (by omega)]

end Snoc

theorem count_eq (V K : Nat) (p : List Nat → Prop) :
    count V K p = listSum (sequences V K) fun x => indicator (p x) :=
  listSum_indicator _ _

theorem count_mono {V K : Nat} {p q : List Nat → Prop} (h : ∀ x ∈ sequences V K, p x → q x) :
    count V K p ≤ count V K q := by
  rw [count_eq, count_eq]
  exact listSum_le fun x hx => indicator_le (h x hx)

theorem count_congr {V K : Nat} {p q : List Nat → Prop} (h : ∀ x ∈ sequences V K, p x ↔ q x) :
    count V K p = count V K q :=
  Nat.le_antisymm (count_mono fun x hx => (h x hx).1) (count_mono fun x hx => (h x hx).2)

theorem count_zero (V : Nat) (p : List Nat → Prop) : count V 0 p = indicator (p []) := by
  rw [count_eq]; rfl

/-- Counting by the first token. -/
theorem count_succ (V K : Nat) (p : List Nat → Prop) :
    count V (K + 1) p = natSum V fun t => count V K fun x => p (t :: x) := by
  simp only [count_eq, natSum_eq, sequences, listSum_flatMap, listSum_map]

/-- Counting by the last token. -/
theorem count_snoc (V K : Nat) (p : List Nat → Prop) :
    count V (K + 1) p = natSum V fun a => count V K fun y => p (y ++ [a]) := by
  induction K generalizing p with
  | zero => rw [count_succ]; exact natSum_congr fun t _ => by simp only [count_zero, List.nil_append]
  | succ K ih =>
    rw [count_succ]
    simp only [ih fun x => p (_ :: x)]
    simp only [count_succ V K, natSum_eq, List.cons_append]
    exact listSum_comm _ _ _

/-- Disjoint parts of `p` count no more together than `p`. -/
theorem listSum_count_le {V K : Nat} {p : List Nat → Prop} {q : α → List Nat → Prop} {l : List α} (hl : l.Nodup)
    (hp : ∀ a ∈ l, ∀ x ∈ sequences V K, q a x → p x)
    (hq : ∀ a ∈ l, ∀ b ∈ l, ∀ x, q a x → q b x → a = b) : listSum l (fun a => count V K (q a)) ≤ count V K p := by
  simp only [count_eq]
  rw [listSum_comm]
  exact listSum_le fun x hx => listSum_indicator_le hl (fun a ha => hp a ha x hx) fun a ha b hb => hq a ha b hb x

end

end LeanBound
