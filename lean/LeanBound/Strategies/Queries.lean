module

public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Tables.Rows

/-!
# Chunks of queries

A claim about a query is a number of inputs and what its check needs to know, of type `σ`. A strategy is a function `size` from a
query and that to a number of inputs which it proves.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable {σ : Type} (size : Nat → σ → Nat)

/-- Of the query `a + j`, at least as many inputs are proved as the `j`-th claim says. -/
def checkQueries (a : Nat) (claims : List (Nat × σ)) : Bool :=
  List.rec (fun _ => true) (fun c _ ih a => both (Nat.ble c.1 (size a c.2)) (ih (Nat.succ a))) claims a

/-- The numbers of a list of claims. -/
def claimedSizes (claims : List (Nat × σ)) : List Nat := List.rec [] (fun c _ ns => c.1 :: ns) claims

/-- What a chunk says of a query and its number. -/
def ProvedSize (a n : Nat) : Prop := ∃ s, n ≤ size a s

variable {size}

/-- A chunk of queries, checked. -/
theorem checkQueries_covered {a : Nat} {claims : List (Nat × σ)} (h : checkQueries size a claims = true) :
    Covered (ProvedSize size) a (claimedSizes claims) := by
  induction claims generalizing a with
  | nil => exact .nil a
  | cons c claims ih =>
    have h : both (Nat.ble c.1 (size a c.2)) (checkQueries size (a + 1) claims) = true := h
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    exact .cons ⟨c.2, Nat.le_of_ble_eq_true h1⟩ (ih h2)

/-- Chunks that cover all queries prove the accuracy, as `size` bounds the count of each query from below. -/
theorem accuracy_of_sizes {M : AttentionOnly} (hK : 0 < M.n_ctx)
    (hsize : ∀ (F : Type) [ExpField F] (a : Nat) (s : σ), a < M.d_vocab →
      size a s ≤ count M.d_vocab (M.n_ctx - 1) fun y => M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])))
    {ns : List Nat} (hc : Covered (ProvedSize size) 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : M.classifier.AccuracyAtLeast maxToken N :=
  accuracy_of_covered hK (fun F _ a _ ha ⟨s, hn⟩ => Nat.le_trans hn (hsize F a s ha)) hc hlen hN

end

end LeanBound
