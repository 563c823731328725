module

public import LeanBound.Numerics.RunningMax
public import LeanBound.Numerics.StretchSound

/-! # Running maxima of a row: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem earlier_pack {w n d : Nat} {f : Nat → Nat} (hf : ∀ j, j < n → f j < 2 ^ w) :
    earlier w n d (pack w f n) = pack w (fun i => if d ≤ i then f (i - d) else 0) n := by
  show (pack w f n &&& (2 ^ (w * (n - d)) - 1)) <<< (w * d) = _
  rw [Nat.and_two_pow_sub_one_eq_mod, Nat.shiftLeft_eq]
  rcases Nat.le_total n d with h | h
  · rw [Nat.sub_eq_zero_of_le h, Nat.mul_zero, Nat.pow_zero, Nat.mod_one, Nat.zero_mul]
    rw [pack_congr (g := fun _ => 0) fun j hj => if_neg (by omega), pack_const, Nat.zero_mul]
  · obtain ⟨k, rfl⟩ : ∃ k, n = d + k := ⟨n - d, by omega⟩
    rw [Nat.add_sub_cancel_left]
    have h1 : pack w f (d + k) % 2 ^ (w * k) = pack w f k := by
      rw [Nat.add_comm d k, pack_append, Nat.add_mul_mod_self_right]
      exact Nat.mod_eq_of_lt (pack_lt fun j hj => hf j (by omega))
    rw [h1, pack_append w d k fun i => if d ≤ i then f (i - d) else 0]
    have h2 : pack w (fun i => if d ≤ i then f (i - d) else 0) d = 0 := by
      rw [pack_congr (g := fun _ => 0) fun j hj => if_neg (by omega), pack_const, Nat.zero_mul]
    rw [h2, Nat.zero_add]
    congr 1
    exact pack_congr fun j _ => by rw [if_pos (by omega), Nat.add_sub_cancel_left]

/-- The largest of `f (i - 2 ^ k + 1), …, f i`. -/
def windowMax (f : Nat → Nat) (k : Nat) : Nat → Nat :=
  Nat.rec f (fun j ih i => max (if 2 ^ j ≤ i then ih (i - 2 ^ j) else 0) (ih i)) k

theorem windowMax_succ (f : Nat → Nat) (k i : Nat) :
    windowMax f (k + 1) i = max (if 2 ^ k ≤ i then windowMax f k (i - 2 ^ k) else 0) (windowMax f k i) := rfl

theorem le_windowMax {f : Nat → Nat} {k t i : Nat} (ht : t ≤ i) (hi : i < t + 2 ^ k) : f t ≤ windowMax f k i := by
  induction k generalizing i with
  | zero =>
    obtain rfl : i = t := by rw [Nat.pow_zero] at hi; omega
    exact Nat.le_refl _
  | succ k ih =>
    rw [windowMax_succ]
    rw [Nat.pow_succ] at hi
    by_cases h : i < t + 2 ^ k
    · exact Nat.le_trans (ih ht h) (Nat.le_max_right _ _)
    · rw [if_pos (by omega)]
      exact Nat.le_trans (ih (i := i - 2 ^ k) (by omega) (by omega)) (Nat.le_max_left _ _)

theorem windowMax_le {f : Nat → Nat} {c n k i : Nat} (h : ∀ j, j < n → f j ≤ c) (hi : i < n) : windowMax f k i ≤ c := by
  induction k generalizing i with
  | zero => exact h i hi
  | succ k ih =>
    rw [windowMax_succ]
    refine Nat.max_le.2 ⟨?_, ih hi⟩
    split
    · exact ih (Nat.lt_of_le_of_lt (Nat.sub_le _ _) hi)
    · exact Nat.zero_le _

theorem runningMax_pack {w n k : Nat} {f : Nat → Nat} (hw : 0 < w) (hf : ∀ j, j < n → f j < 2 ^ (w - 1)) :
    runningMax w (guardBits w n) n k (pack w f n) = pack w (windowMax f k) n := by
  have hle : ∀ j, j < n → f j ≤ 2 ^ (w - 1) - 1 := fun j hj => by have := hf j hj; omega
  have hlt : ∀ k j, j < n → windowMax f k j < 2 ^ (w - 1) := fun k j hj => by
    have := windowMax_le (k := k) hle hj
    have := Nat.two_pow_pos (w - 1)
    omega
  have hwide : 2 ^ (w - 1) ≤ 2 ^ w := Nat.pow_le_pow_right (by omega) (by omega)
  induction k with
  | zero => rfl
  | succ k ih =>
    show laneMax w (guardBits w n) (earlier w n (2 ^ k) (runningMax w (guardBits w n) n k (pack w f n)))
      (runningMax w (guardBits w n) n k (pack w f n)) = _
    rw [ih, earlier_pack fun j hj => Nat.lt_of_lt_of_le (hlt k j hj) hwide]
    refine laneMax_pack hw (fun j hj => ?_) fun j hj => hlt k j hj
    split
    · exact hlt k _ (Nat.lt_of_le_of_lt (Nat.sub_le _ _) hj)
    · exact Nat.two_pow_pos _

end

end LeanBound
