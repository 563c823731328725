module

public import LeanBound.Properties.Accuracy
public import LeanBound.Properties.Copies
public import LeanBound.Properties.Failures

/-! # Failures, from the accuracy and a list of inputs that fail -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem le_listSum {l : List α} {a : α} (f : α → Nat) (h : a ∈ l) : f a ≤ listSum l f := by
  induction l with
  | nil => exact absurd h List.not_mem_nil
  | cons b l ih =>
    rw [listSum_cons]
    rcases List.mem_cons.1 h with rfl | h
    · exact Nat.le_add_right _ _
    · exact Nat.le_trans (ih h) (Nat.le_add_left _ _)

theorem count_true (V K : Nat) : (count V K fun _ => True) = V ^ K := by
  induction K with
  | zero => rw [count_zero, indicator_true trivial, Nat.pow_zero]
  | succ K ih => rw [count_succ, natSum_congr fun _ _ => ih, natSum_const, Nat.pow_succ, Nat.mul_comm]

theorem count_add_count_not (V K : Nat) (p : List Nat → Prop) : count V K p + (count V K fun x => ¬ p x) = V ^ K := by
  rw [← count_true, count_eq, count_eq, count_eq, ← listSum_add]
  refine listSum_congr fun x _ => ?_
  by_cases h : p x
  · rw [indicator_true h, indicator_false (fun hn => hn h), indicator_true trivial]
  · rw [indicator_false h, indicator_true h, indicator_true trivial]

/-- Different inputs with a property are no more than all of them. -/
theorem length_le_count {V K : Nat} {p : List Nat → Prop} {l : List (List Nat)} (hl : l.Nodup)
    (h : ∀ x ∈ l, x ∈ sequences V K ∧ p x) : l.length ≤ count V K p := by
  have hlen : l.length = listSum l fun _ => 1 := by
    clear hl h
    induction l with
    | nil => rfl
    | cons x l ih => rw [List.length_cons, listSum_cons, ← ih, Nat.add_comm]
  rw [hlen, count_eq]
  refine Nat.le_trans (listSum_le (g := fun a => listSum (sequences V K) fun x => indicator (x = a ∧ p x)) fun a ha => ?_) ?_
  · refine Nat.le_trans (Nat.le_of_eq ?_) (le_listSum (fun x => indicator (x = a ∧ p x)) (h a ha).1)
    exact (indicator_true ⟨rfl, (h a ha).2⟩).symm
  · rw [listSum_comm]
    exact listSum_le fun x _ => listSum_indicator_le hl (fun _ _ hx => hx.2) fun a _ b _ ha hb => ha.1.symm.trans hb.1

variable {C : Classifier} {target : List Nat → Nat} {N : Nat}

/-- If all but as many inputs are right as a list of failures has, then all others are right. -/
theorem rightExceptOn_of_accuracy (h : C.AccuracyAtLeast target N) {xs : List (List Nat)} (hxs : xs.Nodup)
    (hin : ∀ x ∈ xs, x ∈ sequences C.d_vocab C.n_ctx)
    (hwrong : ∀ (F : Type) [ExpField F], ∀ x ∈ xs, ¬ C.Correct F x (target x))
    (hN : C.d_vocab ^ C.n_ctx ≤ N + xs.length) : C.RightExceptOn target xs := by
  intro F _ x hx hno
  apply Classical.byContradiction
  intro hwx
  have h1 := h F
  have h2 := count_add_count_not C.d_vocab C.n_ctx fun x => C.Correct F x (target x)
  have h3 := length_le_count (V := C.d_vocab) (K := C.n_ctx) (p := fun x => ¬ C.Correct F x (target x)) (l := x :: xs)
    (List.nodup_cons.2 ⟨hno, hxs⟩) fun y hy => by
      rcases List.mem_cons.1 hy with rfl | hy
      · exact ⟨hx, hwx⟩
      · exact ⟨hin y hy, hwrong F y hy⟩
  rw [List.length_cons] at h3
  omega

end

end LeanBound
