module

public import LeanBound.Numerics.Lanes
public import LeanBound.Numerics.NatSum

/-! # The sum of all lanes, as a remainder -/

@[expose] public section

namespace LeanBound

noncomputable section

/-- Lanes of `w * V` bits, modulo `2 ^ w - 1`: their sum. -/
theorem pack_mod_ones (w V n : Nat) (f : Nat → Nat) :
    pack (w * V) f n % (2 ^ w - 1) = natSum n f % (2 ^ w - 1) := by
  have one : ∀ k, 2 ^ (w * k) % (2 ^ w - 1) = 1 % (2 ^ w - 1) := by
    intro k
    have h : 2 ^ w % (2 ^ w - 1) = 1 % (2 ^ w - 1) := by
      have := Nat.two_pow_pos w
      rw [show 2 ^ w = 1 + (2 ^ w - 1) by omega, Nat.add_sub_cancel_left, Nat.add_mod_right]
    rw [Nat.pow_mul, Nat.pow_mod, h, ← Nat.pow_mod, Nat.one_pow]
  induction n with
  | zero => rfl
  | succ n ih =>
    rw [pack_succ, natSum_succ, Nat.add_mod, ih, Nat.mul_mod, Nat.mul_assoc, one, ← Nat.mul_mod, Nat.mul_one, ← Nat.add_mod]

theorem natSum_one (n : Nat) : natSum n (fun _ => 1) = n := by
  induction n with
  | zero => rfl
  | succ n ih => rw [natSum_succ, ih]

end

end LeanBound
