module

public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Cubic.Checker

/-! # Cubic proof of max-of-K: chunks of queries -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Of the query `a + j`, at least as many inputs are proved as the `j`-th claim says; a claim is a number and its splits. -/
def cubicQueries (C : Tables) (V K a : Nat) (claims : List (Nat × List (Nat × List Nat))) : Bool :=
  List.rec (fun _ => true)
    (fun c _ ih a => both (Nat.ble c.1 (querySize C V K a c.2)) (ih (Nat.succ a))) claims a

/-- The numbers of a list of claims. -/
def claimed (claims : List (Nat × List (Nat × List Nat))) : List Nat := List.rec [] (fun c _ ns => c.1 :: ns) claims

variable {C : Tables} {V K a : Nat}

/-- A chunk of queries, checked. -/
theorem cubicQueries_covered {claims : List (Nat × List (Nat × List Nat))} (h : cubicQueries C V K a claims = true) :
    Covered (fun a n => ∃ splits, n ≤ querySize C V K a splits) a (claimed claims) := by
  induction claims generalizing a with
  | nil => exact .nil a
  | cons c claims ih =>
    have h : both (Nat.ble c.1 (querySize C V K a c.2)) (cubicQueries C V K (a + 1) claims) = true := h
    cases hb : Nat.ble c.1 (querySize C V K a c.2) with
    | false => rw [hb] at h; exact absurd h (by simp [both])
    | true => rw [hb] at h; exact .cons ⟨c.2, Nat.le_of_ble_eq_true hb⟩ (ih h)

/-- The cubic proof proves the accuracy, as `querySize` bounds the count of each query from below. -/
theorem cubic_accuracy_of {M : AttentionOnly} (hK : 0 < M.n_ctx)
    (hsize : ∀ (F : Type) [ExpField F] (a : Nat) (splits : List (Nat × List Nat)), a < M.d_vocab →
      querySize C M.d_vocab M.n_ctx a splits ≤
        count M.d_vocab (M.n_ctx - 1) fun y => Correct F M (y ++ [a]) (maxToken (y ++ [a])))
    {ns : List Nat} (hc : Covered (fun a n => ∃ splits, n ≤ querySize C M.d_vocab M.n_ctx a splits) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat} (hN : Nat.ble N (total ns) = true) :
    AccuracyAtLeast M maxToken N :=
  accuracy_of_covered hK
    (fun F _ a _ ha ⟨splits, hn⟩ => Nat.le_trans hn (hsize F a splits ha)) hc hlen hN

end

end LeanBound
