module

public import LeanBound.Properties.Boxes
public import LeanBound.Properties.Classes

/-! # Counting inputs of max-of-K: boxes inside a class -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The box of a class: `m` where the pattern is true, and the next of the safe sets `S` where it is false. -/
def classBox (m : Nat) : List Bool → List (List Nat) → List (List Nat)
  | [], _ => []
  | true :: c, S => [m] :: classBox m c S
  | false :: c, [] => [] :: classBox m c []
  | false :: c, T :: S => T :: classBox m c S

/-- The tokens below `m` that `E` does not list. -/
def safeTokens (m : Nat) (E : List Nat) : List Nat := (List.range m).filter fun t => !E.contains t

/-- At most the size of the box of a class with the safe sets `safeTokens m E`, for the next `E` of the exclusions. -/
def classSize (m : Nat) (c : List Bool) : List (List Nat) → Nat :=
  List.rec (fun _ => nat_lit 1)
    (fun b _ size => Bool.rec (List.rec (nat_lit 0) fun T E _ => Nat.mul (Nat.sub m T.length) (size E)) size b) c

theorem classSize_nil (m : Nat) (E : List (List Nat)) : classSize m [] E = 1 := rfl

theorem classSize_true (m : Nat) (c : List Bool) (E : List (List Nat)) :
    classSize m (true :: c) E = classSize m c E := rfl

theorem classSize_false (m : Nat) (c : List Bool) (T : List Nat) (E : List (List Nat)) :
    classSize m (false :: c) (T :: E) = (m - T.length) * classSize m c E := rfl

theorem length_classBox (m : Nat) (c : List Bool) (S : List (List Nat)) : (classBox m c S).length = c.length := by
  induction c generalizing S with
  | nil => rfl
  | cons b c ih => cases b <;> cases S <;> simp [classBox, ih]

theorem mem_classBox {m : Nat} {c : List Bool} {S : List (List Nat)} {T : List Nat} (h : T ∈ classBox m c S) :
    T = [m] ∨ T = [] ∨ T ∈ S := by
  induction c generalizing S with
  | nil => simp [classBox] at h
  | cons b c ih =>
    cases b <;> cases S <;> simp only [classBox, List.mem_cons] at h <;> rcases h with h | h <;>
      first | (have := ih h; grind) | grind

theorem matches_of_inBox {m : Nat} {c : List Bool} {S : List (List Nat)} {y : List Nat}
    (hS : ∀ T ∈ S, ∀ t ∈ T, t < m) (h : InBox (classBox m c S) y) : Matches m c y := by
  induction c generalizing S y with
  | nil => cases y with
    | nil => trivial
    | cons => exact h.elim
  | cons b c ih =>
    cases y with
    | nil => cases b <;> cases S <;> exact h.elim
    | cons t y =>
      cases b with
      | true => exact ⟨by simpa using h.1, ih hS h.2⟩
      | false =>
        cases S with
        | nil => exact absurd h.1 (by simp)
        | cons T S => exact ⟨hS T (by simp) t h.1, ih (fun U hU => hS U (by simp [hU])) h.2⟩

theorem boxSize_classBox {m : Nat} {c : List Bool} {S : List (List Nat)} (h : S.length = c.count false) :
    boxSize (classBox m c S) = boxSize S := by
  induction c generalizing S with
  | nil => cases S <;> simp_all [classBox]
  | cons b c ih =>
    cases b with
    | true => simp [classBox, boxSize, ih (S := S) (by simpa using h)]
    | false => cases S with
      | nil => simp at h
      | cons T S => simp [classBox, boxSize, ih (S := S) (by simpa using h)]

/-- If `p` holds throughout the box of a class, it counts at least the size of the box within the class. -/
theorem class_box_le_count {V n m : Nat} {c : List Bool} {S : List (List Nat)} {p : List Nat → Prop} (hm : m < V)
    (hc : c.length = n) (hn : ∀ T ∈ S, T.Nodup) (hS : ∀ T ∈ S, ∀ t ∈ T, t < m)
    (hp : ∀ y ∈ sequences V n, InBox (classBox m c S) y → p y) :
    boxSize (classBox m c S) ≤ count V n fun y => p y ∧ Matches m c y := by
  refine boxSize_le_count ((length_classBox m c S).trans hc) (fun T hT => ?_) (fun T hT t ht => ?_)
    fun y hy hb => ⟨hp y hy hb, matches_of_inBox hS hb⟩
  · rcases mem_classBox hT with rfl | rfl | h
    · simp
    · simp
    · exact hn T h
  · rcases mem_classBox hT with rfl | rfl | h
    · simp at ht; omega
    · simp at ht
    · have := hS T h t ht; omega

/-! ## Safe sets given by what they exclude -/

theorem mem_safeTokens {m t : Nat} {E : List Nat} : t ∈ safeTokens m E ↔ t < m ∧ t ∉ E := by
  simp [safeTokens]

theorem nodup_safeTokens (m : Nat) (E : List Nat) : (safeTokens m E).Nodup :=
  List.nodup_range.filter _

theorem le_length_safeTokens (m : Nat) (E : List Nat) : m - E.length ≤ (safeTokens m E).length := by
  have excluded : ∀ l : List Nat, l.Nodup → listSum l (fun t => indicator (t ∈ E)) ≤ E.length := by
    intro l hl
    induction E with
    | nil => exact Nat.le_of_eq ((listSum_congr fun t _ => indicator_false (by simp)).trans (listSum_zero _))
    | cons e E ih =>
      refine Nat.le_trans (listSum_le (g := fun t => indicator (t = e) + indicator (t ∈ E)) fun t _ => ?_) ?_
      · dsimp only
        by_cases h : t = e
        · have := indicator_true h
          have : indicator (t ∈ e :: E) = 1 := indicator_true (by simp [h])
          omega
        · have := indicator_le (p := t ∈ e :: E) (q := t ∈ E) (by simp [h])
          omega
      · rw [listSum_add, listSum_eq_of_nodup hl, List.length_cons]
        have : indicator (e ∈ l) ≤ indicator True := indicator_le fun _ => trivial
        have : indicator True = 1 := indicator_true trivial
        omega
  have split : ∀ l : List Nat, l.length ≤
      (l.filter fun t => !E.contains t).length + listSum l (fun t => indicator (t ∈ E)) := by
    intro l
    induction l with
    | nil => simp
    | cons t l ih =>
      by_cases h : t ∈ E
      · simp [listSum_cons, h, indicator_true] at ih ⊢; omega
      · simp [listSum_cons, h, indicator_false] at ih ⊢; omega
  have hs := split (List.range m)
  have he := excluded _ (List.nodup_range (n := m))
  rw [List.length_range] at hs
  unfold safeTokens
  omega

theorem classSize_le_boxSize (m : Nat) (c : List Bool) (E : List (List Nat)) :
    classSize m c E ≤ boxSize (classBox m c (E.map (safeTokens m))) := by
  induction c generalizing E with
  | nil => exact Nat.le_refl _
  | cons b c ih =>
    cases b with
    | true => simpa [classSize_true, classBox, boxSize] using ih E
    | false =>
      cases E with
      | nil => exact Nat.zero_le _
      | cons T E => exact Nat.mul_le_mul (le_length_safeTokens m T) (ih E)

/-- If `p` holds wherever no position below `m` has a token excluded there, it counts at least `classSize`. -/
theorem classSize_le_count {V n m : Nat} {c : List Bool} {E : List (List Nat)} {p : List Nat → Prop} (hm : m < V)
    (hc : c.length = n) (hp : ∀ y ∈ sequences V n, InBox (classBox m c (E.map (safeTokens m))) y → p y) :
    classSize m c E ≤ count V n fun y => p y ∧ Matches m c y := by
  refine Nat.le_trans (classSize_le_boxSize m c E) (class_box_le_count hm hc (fun T hT => ?_) (fun T hT t ht => ?_) hp)
  · obtain ⟨F, _, rfl⟩ := List.mem_map.1 hT
    exact nodup_safeTokens m F
  · obtain ⟨F, _, rfl⟩ := List.mem_map.1 hT
    exact (mem_safeTokens.1 ht).1

end

end LeanBound
