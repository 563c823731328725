module

public import LeanBound.Numerics.StretchSound
public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Symmetry.Checker

/-! # Sums over pairs by diagonals, and parts one above the other -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Sums -/

theorem natSum_reverse (n : Nat) (f : Nat → Nat) : natSum n (fun i => f (n - 1 - i)) = natSum n f := by
  induction n generalizing f with
  | zero => rfl
  | succ n ih =>
    rw [natSum_succ, natSum_succ_left, ← ih fun i => f (i + 1), Nat.add_sub_cancel, Nat.sub_self, Nat.add_comm]
    congr 1
    exact natSum_congr fun i hi => by congr 1; omega

/-- How often a pair on diagonal `d` stands for one. -/
def mirrorWeight (d : Nat) : Nat := if d = 0 then 1 else 2

/-- All pairs, by diagonals, where order does not matter. -/
theorem natSum_diagonals {V : Nat} {g : Nat → Nat → Nat} (hg : ∀ a b, a < V → b < V → g a b = g b a) :
    natSum V (fun a => natSum V (g a)) = natSum V fun d => mirrorWeight d * natSum (V - d) fun i => g i (i + d) := by
  induction V with
  | zero => rfl
  | succ V ih =>
    have hleft : natSum (V + 1) (fun a => natSum (V + 1) (g a)) =
        natSum V (fun a => natSum V (g a)) + 2 * natSum V (fun i => g i V) + g V V := by
      have e : natSum V (g V) = natSum V fun i => g i V := natSum_congr fun i hi => hg V i (by omega) (by omega)
      rw [natSum_succ, natSum_succ, e, natSum_congr fun a _ => natSum_succ V (g a), natSum_add]
      omega
    have hdiagonal : ∀ d, d < V + 1 → mirrorWeight d * natSum (V + 1 - d) (fun i => g i (i + d)) =
        mirrorWeight d * natSum (V - d) (fun i => g i (i + d)) + mirrorWeight d * g (V - d) V := fun d hd => by
      rw [show V + 1 - d = V - d + 1 by omega, natSum_succ, Nat.mul_add, show V - d + d = V by omega]
    have hlast : natSum (V + 1) (fun d => mirrorWeight d * g (V - d) V) = g V V + 2 * natSum V fun i => g i V := by
      rw [natSum_succ_left, Nat.sub_zero, Nat.mul_comm 2, ← natSum_mul_const, ← natSum_reverse V fun i => g i V * 2]
      congr 1
      · exact Nat.one_mul _
      · refine natSum_congr fun i hi => ?_
        rw [mirrorWeight, if_neg (by omega), Nat.mul_comm, show V - (i + 1) = V - 1 - i by omega]
    have hzero : mirrorWeight V * natSum (V - V) (fun i => g i (i + V)) = 0 := by rw [Nat.sub_self, natSum_zero, Nat.mul_zero]
    rw [hleft, natSum_congr hdiagonal, natSum_add, hlast, natSum_succ, hzero, ih fun a b ha hb => hg a b (by omega) (by omega)]
    omega

/-! ## Parts one above the other -/

variable {α : Type u} (size : Nat → Nat) (F : Nat → Nat → α)

/-- Row `r` of the parts `d, …, d + k - 1`: row `i` of part `e` is `F e i`. -/
def chainRow (k d r : Nat) : α :=
  match k with
  | 0 => F d r
  | k + 1 => if r < size d then F d r else chainRow k (d + 1) (r - size d)

variable {size}

theorem chainRows_succ (k d : Nat) : chainRows size (k + 1) d = size d + chainRows size k (d + 1) := rfl

theorem chainRow_lt {k d r : Nat} (h : r < size d) : chainRow size F (k + 1) d r = F d r := if_pos h

theorem chainRow_add (k d r : Nat) : chainRow size F (k + 1) d (size d + r) = chainRow size F k (d + 1) r := by
  rw [chainRow, if_neg (by omega), Nat.add_sub_cancel_left]

theorem chain_eq {S : Nat} {part : Nat → Nat} {F : Nat → Nat → Nat} (h : ∀ e, part e = pack S (F e) (size e)) (k d : Nat) :
    chain S size part k d = pack S (chainRow size F k d) (chainRows size k d) := by
  induction k generalizing d with
  | zero => rfl
  | succ k ih =>
    show part d + (chain S size part k (d + 1)) <<< (S * size d) = _
    rw [chainRows_succ, pack_append, Nat.shiftLeft_eq, ih, h]
    congr 1
    · exact pack_congr fun r hr => (chainRow_lt F hr).symm
    · congr 1
      exact pack_congr fun r _ => (chainRow_add F k d r).symm

theorem chainRow_map {β : Type v} (φ : α → β) (k d r : Nat) :
    chainRow size (fun e i => φ (F e i)) k d r = φ (chainRow size F k d r) := by
  induction k generalizing d r with
  | zero => rfl
  | succ k ih =>
    unfold chainRow
    split
    · rfl
    · exact ih ..

/-- What holds of all rows of all parts. -/
theorem chainRow_all {P : α → Prop} (h : ∀ e i, i < size e → P (F e i)) {k d r : Nat} (hr : r < chainRows size k d) :
    P (chainRow size F k d r) := by
  induction k generalizing d r with
  | zero => exact absurd hr (Nat.not_lt_zero _)
  | succ k ih =>
    rw [chainRows_succ] at hr
    unfold chainRow
    split
    · next hlt => exact h d r hlt
    · exact ih (by omega)

theorem natSum_chain (g : α → Nat) (k d : Nat) : natSum (chainRows size k d) (fun r => g (chainRow size F k d r)) =
    natSum k fun j => natSum (size (d + j)) fun i => g (F (d + j) i) := by
  induction k generalizing d with
  | zero => rfl
  | succ k ih =>
    have hfirst : natSum (size d) (fun r => g (chainRow size F (k + 1) d r)) = natSum (size d) fun i => g (F d i) :=
      natSum_congr fun r hr => by rw [chainRow_lt F hr]
    have hrest : natSum (chainRows size k (d + 1)) (fun r => g (chainRow size F (k + 1) d (size d + r))) =
        natSum k fun j => natSum (size (d + 1 + j)) fun i => g (F (d + 1 + j) i) := by
      rw [← ih]
      exact natSum_congr fun r _ => by rw [chainRow_add]
    rw [chainRows_succ, natSum_append, natSum_succ_left, hfirst, hrest]
    congr 1
    exact natSum_congr fun j _ => by rw [Nat.add_right_comm, Nat.add_assoc]

end

end LeanBound
