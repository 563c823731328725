module

public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Tables.Rows

/-! # Chunks of numbers, one for each first token, each of what can be counted there at least -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `size (a + j)` is at least `ns[j]`. -/
def countsFrom (size : Nat → Nat) (a : Nat) (ns : List Nat) : Bool :=
  List.rec (fun _ => true) (fun n _ ih a => both (Nat.ble n (size a)) (ih (Nat.succ a))) ns a

/-- A chunk of numbers, checked. -/
theorem countsFrom_covered {size : Nat → Nat} {a : Nat} {ns : List Nat} (h : countsFrom size a ns = true) :
    Covered (fun a n => n ≤ size a) a ns := by
  induction ns generalizing a with
  | nil => exact .nil a
  | cons n ns ih =>
    have h : both (Nat.ble n (size a)) (countsFrom size (a + 1) ns) = true := h
    rw [both_eq_true] at h
    exact .cons (Nat.le_of_ble_eq_true h.1) (ih h.2)

/-- Chunks that cover all first tokens add up. -/
theorem total_le_of_covered {V : Nat} {size f : Nat → Nat} (hf : ∀ a, a < V → size a ≤ f a) {ns : List Nat}
    (hc : Covered (fun a n => n ≤ size a) 0 ns) (hlen : Nat.beq ns.length V = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : N ≤ natSum V f := by
  have hlen : ns.length = V := Nat.eq_of_beq_eq_true hlen
  refine Nat.le_trans (Nat.le_of_ble_eq_true hN) ?_
  rw [total_eq, hlen]
  refine natSum_le fun a ha => Nat.le_trans ?_ (hf a ha)
  have := hc.getD a (by omega)
  rwa [Nat.zero_add] at this

end

end LeanBound
