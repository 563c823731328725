module

public import LeanBound.Strategies.Cubic.Checker
public import LeanBound.Strategies.Queries

/-! # Cubic proof of max-of-K: chunks of queries -/

@[expose] public section

namespace LeanBound

noncomputable section

variable {C : Tables} {V K a : Nat}

/-- Of the query `a + j`, at least as many inputs are proved as the `j`-th claim says; a claim is a number and its splits. -/
def cubicQueries (C : Tables) (V K a : Nat) (claims : List (Nat × List (Nat × List Nat))) : Bool :=
  checkQueries (querySize C V K) a claims

/-- A chunk of queries, checked. -/
theorem cubicQueries_covered {claims : List (Nat × List (Nat × List Nat))} (h : cubicQueries C V K a claims = true) :
    Covered (ProvedSize (querySize C V K)) a (claimedSizes claims) :=
  checkQueries_covered h

end

end LeanBound
