module

public import Fix.Claim.Statement
public import Fix.Claim.Proof

@[expose] public section

namespace Fix.Claim

theorem replayed :
    LeanBound.Classifier.AccuracyAtLeast (LeanBound.AttentionOnly.classifier Fix.Claim.model) LeanBound.maxToken 9 :=
  Fix.Claim.proved

end Fix.Claim
