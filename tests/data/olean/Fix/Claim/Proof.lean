module

public import Fix.Claim.Statement

@[expose] public section

namespace Fix.Claim

theorem proved : Claim := by
  unfold Claim LeanBound.Classifier.AccuracyAtLeast
  exact ⟨Nat.le_of_ble_eq_true (by decide +kernel), rfl⟩

end Fix.Claim
