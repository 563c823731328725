module

public import LeanBound.Strategies.Tables.RowsSound
public import LeanBound.Strategies.Tables.Towers

/-! # The rows of all tokens of a position in one number: what its lanes are -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem pack_mod {w n m : Nat} {f : Nat → Nat} (h : ∀ j, j < n → f j < 2 ^ w) (hm : m ≤ n) :
    pack w f n % 2 ^ (w * m) = pack w f m := by
  induction n with
  | zero => obtain rfl : m = 0 := by omega
            simp [pack_zero]
  | succ n ih =>
    by_cases hmn : m = n + 1
    · subst hmn; exact Nat.mod_eq_of_lt (pack_lt h)
    · have hp : 2 ^ (w * n) = 2 ^ (w * (n - m)) * 2 ^ (w * m) := by
        rw [← Nat.pow_add, ← Nat.mul_add, Nat.sub_add_cancel (by omega)]
      rw [pack_succ, hp, ← Nat.mul_assoc, Nat.add_mul_mod_self_right]
      exact ih (fun j hj => h j (by omega)) (by omega)

/-! ## Packs of packs -/

/-- Rows of `V` lanes, one above the other; entry `o` of row `t` is `f t o`. -/
def grid (w V : Nat) (f : Nat → Nat → Nat) (n : Nat) : Nat := pack (w * V) (fun t => pack w (f t) V) n

section Grid

variable {w V n : Nat} {f g : Nat → Nat → Nat}

theorem grid_row_lt (h : ∀ t o, t < n → o < V → f t o < 2 ^ w) (t : Nat) (ht : t < n) :
    pack w (f t) V < 2 ^ (w * V) :=
  pack_lt fun o ho => h t o ht ho

theorem grid_congr (h : ∀ t o, t < n → o < V → f t o = g t o) : grid w V f n = grid w V g n :=
  pack_congr fun t ht => pack_congr fun o ho => h t o ht ho

theorem grid_add (f g : Nat → Nat → Nat) :
    grid w V (fun t o => f t o + g t o) n = grid w V f n + grid w V g n := by
  unfold grid
  rw [← pack_add]
  exact pack_congr fun t _ => pack_add _ _ _ _

theorem grid_mul (c : Nat) (f : Nat → Nat → Nat) : grid w V (fun t o => c * f t o) n = c * grid w V f n := by
  unfold grid
  rw [← pack_mul]
  exact pack_congr fun t _ => pack_mul _ _ _ _

theorem grid_sub (h : ∀ t o, t < n → o < V → g t o ≤ f t o) :
    grid w V (fun t o => f t o - g t o) n = grid w V f n - grid w V g n := by
  have : grid w V f n = grid w V (fun t o => f t o - g t o) n + grid w V g n := by
    rw [← grid_add]
    exact grid_congr fun t o ht ho => by have := h t o ht ho; omega
  omega

theorem grid_const (w V n : Nat) (g : Nat → Nat) : grid w V (fun _ => g) n = pack w g V * ones (w * V) n :=
  pack_const _ _ _

/-- Rows whose entries are all equal. -/
theorem grid_row_const (w V n : Nat) (g : Nat → Nat) :
    grid w V (fun t _ => g t) n = pack (w * V) g n * ones w V := by
  unfold grid
  rw [← pack_mul_const]
  exact pack_congr fun t _ => pack_const _ _ _

theorem lane_bit_lt {o b : Nat} (ho : o < V) (hb : b < w) : w * o + b < w * V := by
  have := Nat.mul_le_mul_left w (Nat.succ_le_of_lt ho)
  rw [Nat.mul_succ] at this; omega

theorem testBit_grid (h : ∀ t o, t < n → o < V → f t o < 2 ^ w) {t o b : Nat} (ht : t < n) (ho : o < V) (hb : b < w) :
    (grid w V f n).testBit (w * V * t + (w * o + b)) = (f t o).testBit b := by
  rw [grid, testBit_pack (grid_row_lt h) ht (lane_bit_lt ho hb), testBit_pack (fun o ho => h t o ht ho) ho hb]

/-- Lane `m` of the lowest `k` rows. -/
theorem land_column {m k : Nat} (hw : 0 < w) (hm : m < V) (hk : k ≤ n) (h : ∀ t o, t < n → o < V → f t o < 2 ^ w) :
    ((grid w V f n) >>> (w * m)) &&& ((2 ^ w - 1) * ones (w * V) k) = pack (w * V) (fun t => f t m) k := by
  have hV : w ≤ w * V := Nat.le_mul_of_pos_right w (by omega)
  have hp : 2 ^ w ≤ 2 ^ (w * V) := Nat.pow_le_pow_right (by omega) hV
  have hmask : ∀ t, t < k → 2 ^ w - 1 < 2 ^ (w * V) := by
    intro t _; have := Nat.two_pow_pos w; omega
  have hlane : ∀ t, t < k → f t m < 2 ^ (w * V) := fun t ht => Nat.lt_of_lt_of_le (h t m (by omega) hm) hp
  have high : ∀ {x b : Nat}, x < 2 ^ (w * V * k) → ¬ b < w * V * k → x.testBit b = false := fun hx hb =>
    Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le hx (Nat.pow_le_pow_right (by omega) (by omega)))
  rw [← pack_const]
  apply Nat.eq_of_testBit_eq
  intro b
  rw [Nat.testBit_and, Nat.testBit_shiftRight]
  by_cases hb : b < w * V * k
  · obtain ⟨t, b', rfl, hb'⟩ : ∃ t b', b = w * V * t + b' ∧ b' < w * V :=
      ⟨b / (w * V), b % (w * V), (Nat.div_add_mod b (w * V)).symm, Nat.mod_lt _ (by omega)⟩
    have ht : t < k := Nat.lt_of_mul_lt_mul_left (a := w * V) (by omega)
    rw [testBit_pack hmask ht hb', testBit_pack hlane ht hb', Nat.testBit_two_pow_sub_one]
    by_cases hbw : b' < w
    · have e : w * m + (w * V * t + b') = w * V * t + (w * m + b') := by omega
      rw [e, testBit_grid h (by omega) hm hbw]; simp [hbw]
    · have hx : (f t m).testBit b' = false := Nat.testBit_lt_two_pow
        (Nat.lt_of_lt_of_le (h t m (by omega) hm) (Nat.pow_le_pow_right (by omega) (by omega)))
      rw [hx]; simp [hbw]
  · rw [high (pack_lt hmask) hb, high (pack_lt hlane) hb, Bool.and_false]

end Grid

/-- Shifted to row `d`, a row has no bits in other rows. -/
theorem testBit_shiftLeft_row {W x t d b : Nat} (hx : x < 2 ^ W) (hd : t ≠ d) (hb : b < W) :
    (x <<< (W * d)).testBit (W * t + b) = false := by
  rw [Nat.testBit_shiftLeft]
  by_cases h : t < d
  · have := Nat.mul_le_mul_left W (Nat.succ_le_of_lt h)
    rw [Nat.mul_succ] at this
    have : ¬ W * t + b ≥ W * d := by omega
    simp [this]
  · have := Nat.mul_le_mul_left W (show d + 1 ≤ t by omega)
    rw [Nat.mul_succ] at this
    have : x.testBit (W * t + b - W * d) = false :=
      Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le hx (Nat.pow_le_pow_right (by omega) (by omega)))
    simp [this]

/-! ## The numbers of the checker -/

section Numbers

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a i m : Nat}

theorem Tables.half_pos (C : Tables) : 0 < C.half := Nat.two_pow_pos _

include hv

theorem rowEntry_lt {t o : Nat} (ha : a < M.d_vocab) (hi : i < M.n_ctx) (ht : t < M.d_vocab) (ho : o < M.d_vocab) :
    rowEntry C a i t o < 2 ^ C.w := by
  have := rowEntry_lt_top hv ha hi ht ho
  have := hv.top_lt
  have := hv.two_pow_w
  omega

theorem tower_eq (ha : a < M.d_vocab) (hi : i < M.n_ctx) :
    tower C M.d_vocab a i = grid C.w M.d_vocab (rowEntry C a i) M.d_vocab :=
  pack_congr fun _ ht => row_eq_pack hv ha hi ht

/-- What `gaps` says of any rows below `top`. -/
theorem gaps_grid {f : Nat → Nat → Nat} {N n V : Nat} (hm : m < V) (hn : n ≤ N)
    (hf : ∀ t o, t < N → o < V → f t o < C.top) :
    gaps C V (grid C.w V f N) m n = grid C.w V (fun t o => f t m + C.top - f t o) n := by
  have hlt : ∀ t o, t < N → o < V → f t o < 2 ^ C.w := fun t o ht ho => by
    have := hf t o ht ho
    have := hv.top_lt
    have := hv.two_pow_w
    omega
  have hmod : grid C.w V f N % 2 ^ (C.w * V * n) = grid C.w V f n := pack_mod (grid_row_lt hlt) hn
  have hcol : column C V (grid C.w V f N) m n = pack (C.w * V) (fun t => f t m) n := by
    exact land_column hv.w_pos hm hn hlt
  have e : gaps C V (grid C.w V f N) m n = column C V (grid C.w V f N) m n * ones C.w V +
      C.top * ones C.w V * ones (C.w * V) n - grid C.w V f N % 2 ^ (C.w * V * n) := by
    rw [← Nat.and_two_pow_sub_one_eq_mod, Nat.mul_comm (column _ _ _ _ _)]
    rfl
  have hle : ∀ t o, t < n → o < V → f t o ≤ f t m + C.top := fun t o ht ho => by
    have := hf t o (by omega) ho
    omega
  rw [grid_sub hle, grid_add, grid_row_const, grid_const C.w V n fun _ => C.top, pack_const, e, hmod, hcol]

theorem gaps_eq {n : Nat} (ha : a < M.d_vocab) (hi : i < M.n_ctx) (hm : m < M.d_vocab) (hn : n ≤ M.d_vocab) :
    gaps C M.d_vocab (tower C M.d_vocab a i) m n =
      grid C.w M.d_vocab (fun t o => rowEntry C a i t m + C.top - rowEntry C a i t o) n := by
  rw [tower_eq hv ha hi]
  exact gaps_grid hv hm hn fun t o ht ho => rowEntry_lt_top hv ha hi ht ho

theorem guard_lt (o : Nat) : (if o = m then 0 else C.half) < 2 ^ C.w := by
  have := hv.two_pow_w
  have := C.half_pos
  split <;> omega

theorem guards_lt {V : Nat} (hm : m < V) : guards C V m < 2 ^ (C.w * V) := by
  rw [guards_eq_pack hm]
  exact pack_lt fun o _ => guard_lt hv o

omit hv in
theorem classGuards_eq {V n : Nat} (hm : m < V) :
    classGuards C V m n = grid C.w V (fun _ o => if o = m then 0 else C.half) n := by
  rw [grid_const, ← guards_eq_pack hm]
  rfl

/-- The guard bit of output `o` for token `t`. -/
theorem testBit_classGuards {V t o n : Nat} (hm : m < V) (ht : t < n) (ho : o < V) (hom : o ≠ m) :
    (classGuards C V m n).testBit (C.w * V * t + (C.w * o + (C.w - 1))) = true := by
  have := hv.w_pos
  rw [classGuards_eq hm, testBit_grid (fun _ o _ _ => guard_lt hv o) ht ho (by omega), if_neg hom]
  exact Nat.testBit_two_pow_self

end Numbers

theorem testBit_of_land {x g b : Nat} (hx : x &&& g = g) (hg : g.testBit b = true) : x.testBit b = true := by
  rw [← hx, Nat.testBit_and, Bool.and_eq_true] at hg
  exact hg.1

end

end LeanBound
