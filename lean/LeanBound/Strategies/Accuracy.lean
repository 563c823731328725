module

public import LeanBound.Models.AttentionOnly
public import LeanBound.Properties.Accuracy
public import LeanBound.Properties.Counting
public import LeanBound.Tasks.MaxOfK

/-!
# Chunks of claims

A strategy divides the inputs and proves a number of each part; the kernel checks the parts in chunks of consecutive ones. `Covered`
joins the chunks and `total` adds the numbers up.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- The sum of a list, run by the kernel. -/
def total (ns : List Nat) : Nat := List.rec 0 (fun n _ s => Nat.add n s) ns

theorem natSum_succ_left (n : Nat) (f : Nat → Nat) : natSum (n + 1) f = f 0 + natSum n fun i => f (i + 1) := by
  induction n with
  | zero => rw [natSum_succ, natSum_zero, natSum_zero, Nat.add_comm]
  | succ n ih => rw [natSum_succ, ih, natSum_succ]; omega

theorem total_eq (ns : List Nat) : total ns = natSum ns.length fun i => ns.getD i 0 := by
  induction ns with
  | nil => rfl
  | cons n ns ih =>
    rw [List.length_cons, natSum_succ_left]
    simp only [List.getD_cons_succ, List.getD_cons_zero]
    rw [← ih]
    rfl

/-- `P` holds of consecutive parts from `a` on, each with its number in the list. -/
inductive Covered (P : Nat → Nat → Prop) : Nat → List Nat → Prop
  | nil (a : Nat) : Covered P a []
  | cons {a n : Nat} {ns : List Nat} : P a n → Covered P (a + 1) ns → Covered P a (n :: ns)

namespace Covered

variable {P : Nat → Nat → Prop}

/-- Joins two chunks, the second one from part `b` on. -/
theorem append {a b : Nat} {ns ms : List Nat} (h : Covered P a ns) (hb : Nat.beq (Nat.add a ns.length) b = true)
    (h' : Covered P b ms) : Covered P a (ns ++ ms) := by
  obtain rfl : a + ns.length = b := Nat.eq_of_beq_eq_true hb
  clear hb
  induction h with
  | nil a => exact h'
  | @cons a n ns hP _ ih =>
    have : a + (n :: ns).length = a + 1 + ns.length := by rw [List.length_cons]; omega
    rw [this] at h'
    exact .cons hP (ih h')

theorem getD {a : Nat} {ns : List Nat} (h : Covered P a ns) (i : Nat) (hi : i < ns.length) :
    P (a + i) (ns.getD i 0) := by
  induction h generalizing i with
  | nil a => exact absurd hi (Nat.not_lt_zero _)
  | @cons a n ns hP _ ih =>
    cases i with
    | zero => exact hP
    | succ i =>
      have := ih i (by simpa using hi)
      rwa [Nat.add_right_comm] at this

end Covered

end

end LeanBound
