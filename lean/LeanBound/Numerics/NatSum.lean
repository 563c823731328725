module

public import Init.Data.Nat.Basic

/-! # Sums of natural numbers, as the kernel computes them -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- `natSum n f = f 0 + f 1 + … + f (n - 1)`. By recursors, since the kernel computes with it. -/
def natSum (n : Nat) (f : Nat → Nat) : Nat := Nat.rec (nat_lit 0) (fun i s => Nat.add s (f i)) n

theorem natSum_zero (f : Nat → Nat) : natSum 0 f = 0 := rfl

theorem natSum_succ (n : Nat) (f : Nat → Nat) : natSum (n + 1) f = natSum n f + f n := rfl

end

end LeanBound
