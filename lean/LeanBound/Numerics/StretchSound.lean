module

public import LeanBound.Numerics.Monus
public import LeanBound.Numerics.Stretch

/-! # Lanes made wider: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem pack_one (w : Nat) (f : Nat → Nat) : pack w f 1 = f 0 := by
  rw [pack_succ, pack_zero, Nat.mul_zero, Nat.pow_zero, Nat.zero_add, Nat.mul_one]

theorem pack_append (w m n : Nat) (f : Nat → Nat) :
    pack w f (m + n) = pack w f m + pack w (fun i => f (m + i)) n * 2 ^ (w * m) := by
  induction n with
  | zero => rw [Nat.add_zero, pack_zero, Nat.zero_mul, Nat.add_zero]
  | succ n ih => rw [← Nat.add_assoc, pack_succ, ih, pack_succ, Nat.add_mul, Nat.mul_assoc, ← Nat.pow_add, Nat.mul_add,
      Nat.add_comm (w * n), Nat.add_assoc]

theorem pack_succ_left (w n : Nat) (f : Nat → Nat) : pack w f (n + 1) = f 0 + pack w (fun i => f (i + 1)) n * 2 ^ w := by
  rw [Nat.add_comm, pack_append, pack_one, Nat.mul_one]
  simp only [Nat.add_comm]

/-- Lanes of zeros above. -/
theorem pack_pad {w n N : Nat} {f : Nat → Nat} (h : n ≤ N) : pack w (fun j => if j < n then f j else 0) N = pack w f n := by
  obtain ⟨k, rfl⟩ := Nat.exists_eq_add_of_le h
  have h0 : pack w (fun i => if n + i < n then f (n + i) else 0) k = 0 := by
    rw [pack_congr (g := fun _ => 0) fun i _ => if_neg (by omega), pack_const, Nat.zero_mul]
  rw [pack_append, h0, Nat.zero_mul, Nat.add_zero]
  exact pack_congr fun j hj => if_pos hj

/-- Two lanes of `W` bits in each lane of `2 * W` bits. -/
theorem pack_pair (W m : Nat) (F : Nat → Nat) :
    pack (2 * W) (fun i => F (2 * i) + F (2 * i + 1) * 2 ^ W) m = pack W F (2 * m) := by
  induction m with
  | zero => rfl
  | succ m ih =>
    have e1 : 2 * W * m = W * (2 * m) := by rw [Nat.mul_right_comm, Nat.mul_comm]
    have e2 : W * (2 * m + 1) = W + W * (2 * m) := by rw [Nat.mul_add, Nat.mul_one, Nat.add_comm]
    rw [show 2 * (m + 1) = 2 * m + 1 + 1 by omega, pack_succ, pack_succ, pack_succ, ih, e1, e2, Nat.add_mul, Nat.pow_add]
    grind

theorem laneMask_eq (w u n : Nat) : laneMask w u n = pack w (fun _ => 2 ^ u - 1) n := (pack_const ..).symm

/-- The lowest `u` bits of each lane. -/
theorem land_laneMask {w u n : Nat} {f : Nat → Nat} (hu : u ≤ w) (hf : ∀ j, j < n → f j < 2 ^ w) :
    Nat.land (pack w f n) (laneMask w u n) = pack w (fun j => f j % 2 ^ u) n := by
  have h1 := Nat.two_pow_pos u
  have h2 : 2 ^ u ≤ 2 ^ w := Nat.pow_le_pow_right (by omega) hu
  rw [laneMask_eq]
  refine (land_pack hf fun _ _ => by omega).trans (pack_congr fun j _ => Nat.and_two_pow_sub_one_eq_mod ..)

theorem stretchFrom_succ (w w' k m x : Nat) : stretchFrom w w' (k + 1) m x =
    stretchFrom w w' k (2 * m) (stretchBy ((w' - w) * 2 ^ k) x
      (Nat.land x (laneMask (w' * (2 * 2 ^ k)) (w * 2 ^ k) m))) := rfl

theorem stretchFrom_pack {w w' : Nat} (hw : w ≤ w') (k m : Nat) (f : Nat → Nat) (hf : ∀ j, j < m * 2 ^ k → f j < 2 ^ w) :
    stretchFrom w w' k m (pack (w' * 2 ^ k) (fun i => pack w (fun j => f (i * 2 ^ k + j)) (2 ^ k)) m) =
      pack w' f (m * 2 ^ k) := by
  induction k generalizing m with
  | zero =>
    show pack (w' * 2 ^ 0) _ m = _
    simp only [Nat.pow_zero, Nat.mul_one, pack_one, Nat.add_zero]
  | succ k ih =>
    have hg := Nat.two_pow_pos k
    rw [stretchFrom_succ, Nat.pow_succ']
    rw [Nat.pow_succ'] at hf
    generalize 2 ^ k = g at *
    have hF : ∀ i, pack w (fun j => f (i * (2 * g) + j)) (2 * g) = pack w (fun j => f (2 * i * g + j)) g +
        pack w (fun j => f ((2 * i + 1) * g + j)) g * 2 ^ (w * g) := fun i => by
      rw [Nat.two_mul g, pack_append]
      congr 1
      · exact pack_congr fun j _ => by congr 1; grind
      · congr 1
        exact pack_congr fun j _ => by congr 1; grind
    have hidx : ∀ i j, i < m → j < g → 2 * i * g + j < m * (2 * g) ∧ (2 * i + 1) * g + j < m * (2 * g) := fun i j hi hj => by
      have h1 := Nat.mul_le_mul_right g (show 2 * i + 2 ≤ 2 * m by omega)
      have h2 : 2 * m * g = m * (2 * g) := by rw [Nat.mul_comm 2, Nat.mul_assoc]
      rw [Nat.add_mul] at h1
      rw [Nat.add_mul]
      omega
    have hlo : ∀ i, i < m → pack w (fun j => f (2 * i * g + j)) g < 2 ^ (w * g) := fun i hi =>
      pack_lt fun j hj => hf _ (hidx i j hi hj).1
    have hall : ∀ i, i < m → pack w (fun j => f (i * (2 * g) + j)) (2 * g) < 2 ^ (w' * (2 * g)) := fun i hi =>
      Nat.lt_of_lt_of_le (pack_lt fun j hj => hf _ (by
        have := Nat.mul_le_mul_right (2 * g) (Nat.succ_le_of_lt hi)
        rw [Nat.succ_mul] at this; omega)) (Nat.pow_le_pow_right (by omega) (Nat.mul_le_mul_right _ hw))
    have hland : Nat.land (pack (w' * (2 * g)) (fun i => pack w (fun j => f (i * (2 * g) + j)) (2 * g)) m)
        (laneMask (w' * (2 * g)) (w * g) m) = pack (w' * (2 * g)) (fun i => pack w (fun j => f (2 * i * g + j)) g) m := by
      rw [land_laneMask (Nat.mul_le_mul hw (by omega)) hall]
      refine pack_congr fun i hi => ?_
      rw [hF, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt (hlo i hi)]
    have hstep : stretchBy ((w' - w) * g) (pack (w' * (2 * g)) (fun i => pack w (fun j => f (i * (2 * g) + j)) (2 * g)) m)
        (pack (w' * (2 * g)) (fun i => pack w (fun j => f (2 * i * g + j)) g) m) =
        pack (w' * g) (fun i => pack w (fun j => f (i * g + j)) g) (2 * m) := by
      have e1 : pack (w' * (2 * g)) (fun i => pack w (fun j => f (i * (2 * g) + j)) (2 * g)) m -
          pack (w' * (2 * g)) (fun i => pack w (fun j => f (2 * i * g + j)) g) m =
          pack (w' * (2 * g)) (fun i => pack w (fun j => f ((2 * i + 1) * g + j)) g * 2 ^ (w * g)) m := by
        rw [← pack_sub fun i _ => by rw [hF]; exact Nat.le_add_right _ _]
        exact pack_congr fun i _ => by rw [hF, Nat.add_sub_cancel_left]
      rw [show ∀ d x y, stretchBy d x y = y + (x - y) <<< d from fun _ _ _ => rfl, e1, Nat.shiftLeft_eq, ← pack_mul_const,
        ← pack_add, ← pack_pair, show w' * (2 * g) = 2 * (w' * g) from Nat.mul_left_comm ..]
      refine pack_congr fun i _ => ?_
      rw [Nat.mul_assoc (pack w _ g), ← Nat.pow_add, ← Nat.add_mul, Nat.add_sub_cancel' hw]
    rw [hland, hstep, ih (2 * m) fun j hj => hf j (by rw [Nat.mul_left_comm, ← Nat.mul_assoc]; exact hj)]
    rw [Nat.mul_left_comm, ← Nat.mul_assoc]

/-- `stretch` moves lanes. -/
theorem stretch_pack {w w' k n : Nat} {f : Nat → Nat} (hw : w ≤ w') (hn : n ≤ 2 ^ k) (hf : ∀ j, j < n → f j < 2 ^ w) :
    stretch w w' k (pack w f n) = pack w' f n := by
  have h := stretchFrom_pack hw k 1 (fun j => if j < n then f j else 0) fun j _ => by
    by_cases h : j < n
    · simp only [h, if_true]; exact hf j h
    · simp only [h, if_false]; exact Nat.two_pow_pos w
  simp only [pack_one, Nat.zero_mul, Nat.zero_add, Nat.one_mul] at h
  rw [pack_pad hn, pack_pad hn] at h
  exact h

/-- Rows of lanes, one above the other, are one row of lanes. -/
theorem pack_blocks (w g m : Nat) (f : Nat → Nat) :
    pack (w * g) (fun i => pack w (fun j => f (i * g + j)) g) m = pack w f (m * g) := by
  induction m with
  | zero => rw [Nat.zero_mul]; rfl
  | succ m ih => rw [pack_succ, ih, Nat.succ_mul, pack_append, Nat.mul_assoc, Nat.mul_comm g m]

/-- `stretchRows` moves lanes: row `i` holds the lanes of row `i`, and zeros. -/
theorem stretchRows_pack {w w' k b S n : Nat} {f : Nat → Nat → Nat} (hw : w ≤ w') (hn : n ≤ 2 ^ k) (hS : S ≤ w' * 2 ^ k)
    (hnS : w * n ≤ S) (hf : ∀ i j, i < 2 ^ b → j < n → f i j < 2 ^ w) :
    stretchRows w w' k b S (pack S (fun i => pack w (f i) n) (2 ^ b)) =
      pack w' (fun l => if l % 2 ^ k < n then f (l / 2 ^ k) (l % 2 ^ k) else 0) (2 ^ b * 2 ^ k) := by
  have hk := Nat.two_pow_pos k
  have row : ∀ i, pack w (fun j => if (i * 2 ^ k + j) % 2 ^ k < n then f ((i * 2 ^ k + j) / 2 ^ k) ((i * 2 ^ k + j) % 2 ^ k)
      else 0) (2 ^ k) = pack w (f i) n := fun i => by
    rw [← pack_pad hn]
    refine pack_congr fun j hj => ?_
    rw [Nat.add_comm, Nat.add_mul_mod_self_right, Nat.mod_eq_of_lt hj, Nat.add_mul_div_right _ _ hk, Nat.div_eq_of_lt hj,
      Nat.zero_add]
  rw [← stretchFrom_pack hw k (2 ^ b) (fun l => if l % 2 ^ k < n then f (l / 2 ^ k) (l % 2 ^ k) else 0) fun l hl => ?_]
  · show stretchFrom w w' k (2 ^ b) (stretch S (w' * 2 ^ k) b _) = _
    rw [stretch_pack hS (Nat.le_refl _) fun i hi => Nat.lt_of_lt_of_le (pack_lt fun j hj => hf i j hi hj)
      (Nat.pow_le_pow_right (by omega) hnS)]
    congr 1
    exact pack_congr fun i _ => (row i).symm
  · have hd : l / 2 ^ k < 2 ^ b := Nat.div_lt_of_lt_mul (by rwa [Nat.mul_comm])
    dsimp only
    split
    · exact hf _ _ hd ‹_›
    · exact Nat.two_pow_pos w

/-- Row `i` of rows of `g` lanes. -/
theorem lane_rows {w g m i : Nat} {f : Nat → Nat} (hf : ∀ l, l < m * g → f l < 2 ^ w) (hi : i < m) :
    lane (w * g) (pack w f (m * g)) i = pack w (fun j => f (i * g + j)) g := by
  rw [← pack_blocks]
  refine lane_pack (fun r hr => pack_lt fun j hj => hf _ ?_) hi
  have := Nat.mul_le_mul_right g (Nat.succ_le_of_lt hr)
  rw [Nat.succ_mul] at this
  omega

end

end LeanBound
