module

public import LeanBound.Models.AttentionOnly
public import LeanBound.Properties.Accuracy
public import LeanBound.Properties.Counting
public import LeanBound.Tasks.MaxOfK

/-!
# From queries to the accuracy on max-of-K

A strategy proves, for each last token `a`, a number of inputs; the kernel checks them in chunks of consecutive queries. `Covered`
joins the chunks and `accuracy_of_covered` adds the numbers up.
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

variable {M : AttentionOnly}

/-- Lower bounds on the counts of all queries add up to a lower bound on the accuracy. -/
theorem accuracy_of_queries (hK : 0 < M.n_ctx) {ns : List Nat} (hlen : ns.length = M.d_vocab)
    (h : ∀ (F : Type) [ExpField F] (a : Nat), a < M.d_vocab → ns.getD a 0 ≤
      count M.d_vocab (M.n_ctx - 1) fun y => M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])))
    {N : Nat} (hN : N ≤ total ns) : M.classifier.AccuracyAtLeast maxToken N := by
  intro F _
  obtain ⟨k, hk⟩ : ∃ k, M.n_ctx = k + 1 := ⟨M.n_ctx - 1, by omega⟩
  have h' := fun a ha => h F a ha
  show N ≤ count M.d_vocab M.n_ctx _
  rw [hk] at h' ⊢
  rw [count_snoc]
  refine Nat.le_trans hN ?_
  rw [total_eq, hlen]
  exact natSum_le h'

/-- `P` holds of consecutive queries from `a` on, each with its number in the list. -/
inductive Covered (P : Nat → Nat → Prop) : Nat → List Nat → Prop
  | nil (a : Nat) : Covered P a []
  | cons {a n : Nat} {ns : List Nat} : P a n → Covered P (a + 1) ns → Covered P a (n :: ns)

namespace Covered

variable {P : Nat → Nat → Prop}

/-- Joins two chunks, the second one from query `b` on. -/
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

/-- Chunks that cover all queries prove the accuracy, if `P a n` proves `n` inputs of query `a`. -/
theorem accuracy_of_covered (hK : 0 < M.n_ctx) {P : Nat → Nat → Prop}
    (hP : ∀ (F : Type) [ExpField F] (a n : Nat), a < M.d_vocab → P a n →
      n ≤ count M.d_vocab (M.n_ctx - 1) fun y => M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])))
    {ns : List Nat} (hc : Covered P 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true)
    {N : Nat} (hN : Nat.ble N (total ns) = true) : M.classifier.AccuracyAtLeast maxToken N := by
  have hlen : ns.length = M.d_vocab := Nat.eq_of_beq_eq_true hlen
  refine accuracy_of_queries hK hlen (fun F _ a ha => hP F a _ ha ?_) (Nat.le_of_ble_eq_true hN)
  have := hc.getD a (by omega)
  rwa [Nat.zero_add] at this

end

end LeanBound
