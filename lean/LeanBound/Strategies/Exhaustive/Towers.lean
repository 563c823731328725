module

public import LeanBound.Numerics.LaneSum
public import LeanBound.Numerics.StretchSound
public import LeanBound.Strategies.Exhaustive.Checker
public import LeanBound.Strategies.Tables.TowersSound

/-! # Every input of max-of-K: what the last choice counts -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Packed vectors -/

theorem pack_le {w n : Nat} {f g : Nat → Nat} (h : ∀ j, j < n → f j ≤ g j) : pack w f n ≤ pack w g n := by
  induction n with
  | zero => exact Nat.le_refl _
  | succ n ih =>
    rw [pack_succ, pack_succ]
    exact Nat.add_le_add (ih fun j hj => h j (by omega)) (Nat.mul_le_mul_right _ (h n (by omega)))

theorem grid_land {w V n : Nat} {f g : Nat → Nat → Nat} (hf : ∀ t o, t < n → o < V → f t o < 2 ^ w)
    (hg : ∀ t o, t < n → o < V → g t o < 2 ^ w) :
    grid w V f n &&& grid w V g n = grid w V (fun t o => f t o &&& g t o) n := by
  unfold grid
  rw [land_pack (grid_row_lt hf) (grid_row_lt hg)]
  exact pack_congr fun t ht => land_pack (fun o ho => hf t o ht ho) fun o ho => hg t o ht ho

/-- Rows from `s` on. -/
theorem grid_shift {w V s n : Nat} {f : Nat → Nat → Nat} (h : ∀ t o, t < s + n → o < V → f t o < 2 ^ w) :
    grid w V f (s + n) >>> (w * V * s) = grid w V (fun t => f (s + t)) n := by
  have hlt : grid w V f s < 2 ^ (w * V * s) := pack_lt (grid_row_lt fun t o ht ho => h t o (by omega) ho)
  have e : grid w V f (s + n) = grid w V f s + grid w V (fun t => f (s + t)) n * 2 ^ (w * V * s) := pack_append ..
  rw [e, Nat.shiftRight_eq_div_pow, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _), Nat.div_eq_of_lt hlt, Nat.zero_add]

/-! ## How many rows pass -/

section Passing

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {V m n : Nat} (hm : m < V)

/-- A one for each output but `m`. -/
def others (m o : Nat) : Nat := if o = m then 0 else 1

/-- A one for each output but `m` whose lane has the guard bit. -/
def guarded (C : Tables) (x : Nat → Nat → Nat) (m t o : Nat) : Nat := if o ≠ m ∧ C.half ≤ x t o then 1 else 0

/-- All outputs but `m` have the guard bit. -/
def Passes (C : Tables) (V m : Nat) (x : Nat → Nat) : Prop := ∀ o, o < V → o ≠ m → C.half ≤ x o

theorem guarded_le (x : Nat → Nat → Nat) (t o : Nat) : guarded C x m t o ≤ others m o := by
  unfold guarded others
  split
  · next h => rw [if_neg h.1]; exact Nat.le_refl _
  · exact Nat.zero_le _

include hm

theorem others_eq (w : Nat) : ones w V - 2 ^ (w * m) = pack w (others m) V := by
  rw [← pack_single w m V hm, ones_eq, ← pack_sub fun o _ => by split <;> omega]
  exact pack_congr fun o _ => by unfold others; split <;> rfl

include hv

theorem half_le : 2 ≤ C.half ∧ 2 ≤ C.w := by
  have hroom := hv.room_le
  have htop : C.top = 4 * 2 ^ (C.P + C.r) := by
    show 2 ^ (C.P + (C.r + 2)) = _
    rw [← Nat.add_assoc, Nat.pow_add, Nat.mul_comm]
  have := Nat.two_pow_pos (C.P + C.r)
  have : C.top ≤ M.n_ctx * C.top := Nat.le_mul_of_pos_left _ hv.n_ctx_pos
  have hhalf : 2 ≤ C.half := by omega
  refine ⟨hhalf, Nat.le_of_not_lt fun h => ?_⟩
  have : C.half = 1 := by
    show 2 ^ (C.w - 1) = 1
    rw [show C.w - 1 = 0 by omega]
  omega

/-- All guard bits of a row together leave its highest bit free. -/
theorem pack_others_le : pack C.w (others m) V ≤ 2 ^ (C.w * V - 1) := by
  have h := guards_lt hv hm
  have e : guards C V m = C.half * pack C.w (others m) V := by rw [← others_eq hm]; rfl
  have hpos : 0 < C.w * V := Nat.mul_pos hv.w_pos (by omega)
  have h2 := (half_le hv hm).1
  rw [e, two_pow_eq hpos] at h
  exact Nat.le_of_mul_le_mul_left (Nat.le_trans (Nat.mul_le_mul_right _ h2) (Nat.le_of_lt h)) (by omega)

variable {x : Nat → Nat → Nat}

theorem passes_of_eq {t : Nat} (h : pack C.w (guarded C x m t) V = pack C.w (others m) V) : Passes C V m (x t) := by
  intro o ho hom
  have hp := hv.two_pow_w
  have h2 := (half_le hv hm).1
  have lt : ∀ o, others m o < 2 ^ C.w := fun o => by unfold others; split <;> omega
  have e := congrArg (fun y => lane C.w y o) h
  simp only at e
  rw [lane_pack (fun o _ => Nat.lt_of_le_of_lt (guarded_le x t o) (lt o)) ho, lane_pack (fun o _ => lt o) ho] at e
  unfold guarded others at e
  rw [if_neg hom] at e
  by_cases hx : C.half ≤ x t o
  · exact hx
  · rw [if_neg fun h => hx h.2] at e
    contradiction

variable (hx : ∀ t o, t < n → o < V → x t o < 2 ^ C.w)

include hx

/-- The guard bits of the rows. -/
theorem land_guards : grid C.w V x n &&& classGuards C V m n = C.half * grid C.w V (guarded C x m) n := by
  rw [classGuards_eq hm, grid_land hx fun _ o _ _ => guard_lt hv o, ← grid_mul]
  refine grid_congr fun t o ht ho => ?_
  unfold guarded
  by_cases hom : o = m
  · rw [if_pos hom, if_neg fun h => h.1 hom, Nat.and_zero, Nat.mul_zero]
  · rw [if_neg hom]
    show x t o &&& 2 ^ (C.w - 1) = 2 ^ (C.w - 1) * _
    rw [land_top hv.w_pos (hx t o ht ho)]
    by_cases h : 2 ^ (C.w - 1) ≤ x t o
    · rw [if_pos h, if_pos ⟨hom, h⟩, Nat.mul_one]
    · rw [if_neg h, if_neg fun h' => h h'.2, Nat.mul_zero]

/-- A row is full if it has as many guard bits as there are. -/
theorem fullRows_eq : fullRows C V m n (grid C.w V x n &&& classGuards C V m n) =
    pack (C.w * V) (fun t => if pack C.w (others m) V ≤ pack C.w (guarded C x m t) V then 1 else 0) n := by
  have hpos : 0 < C.w * V := Nat.mul_pos hv.w_pos (by omega)
  have hle := pack_others_le hv hm
  have hb : ∀ t, pack C.w (guarded C x m t) V ≤ pack C.w (others m) V := fun t => pack_le fun o _ => guarded_le x t o
  have hp := Nat.two_pow_pos (C.w * V - 1)
  have h2 := two_pow_eq hpos
  have e : fullRows C V m n (grid C.w V x n &&& classGuards C V m n) =
      (((grid C.w V x n &&& classGuards C V m n) >>> (C.w - 1) +
        (2 ^ (C.w * V - 1) - (ones C.w V - 2 ^ (C.w * m))) * ones (C.w * V) n) &&&
          (2 ^ (C.w * V - 1) * ones (C.w * V) n)) >>> (C.w * V - 1) := rfl
  rw [e, land_guards hv hm hx, Nat.shiftRight_eq_div_pow, Nat.shiftRight_eq_div_pow,
    show C.half = 2 ^ (C.w - 1) from rfl, Nat.mul_div_cancel_left _ (Nat.two_pow_pos _), others_eq hm, ← pack_const,
    ← pack_const, grid, ← pack_add, land_pack (fun t _ => by have := hb t; omega) fun _ _ => by omega]
  rw [pack_congr (g := fun t => 2 ^ (C.w * V - 1) *
    if pack C.w (others m) V ≤ pack C.w (guarded C x m t) V then 1 else 0) fun t _ => ?_, pack_mul,
    Nat.mul_div_cancel_left _ hp]
  have := hb t
  rw [land_top hpos (by omega)]
  dsimp only
  by_cases h : pack C.w (others m) V ≤ pack C.w (guarded C x m t) V
  · rw [if_pos h, if_pos (by omega), Nat.mul_one]
  · rw [if_neg h, if_neg (by omega), Nat.mul_zero]

/-- No more rows are counted than pass. -/
theorem passing_le : passing C V m n (grid C.w V x n &&& classGuards C V m n) ≤
    natSum n fun t => indicator (Passes C V m (x t)) := by
  have e : ∀ p, passing C V m n p =
      cond (Nat.beq p (classGuards C V m n)) n (fullRows C V m n p % (2 ^ C.w - 1)) := fun _ => rfl
  rw [e]
  cases h : Nat.beq (grid C.w V x n &&& classGuards C V m n) (classGuards C V m n) with
  | true =>
    have hall : ∀ t, t < n → indicator (Passes C V m (x t)) = 1 := fun t ht => indicator_true fun o ho hom => by
      have hb := testBit_of_land (Nat.eq_of_beq_eq_true h) (testBit_classGuards hv hm ht ho hom)
      have hw := hv.w_pos
      rw [testBit_grid hx ht ho (by omega), testBit_top hw (hx t o ht ho)] at hb
      exact of_decide_eq_true hb
    rw [natSum_congr hall, natSum_one]
    exact Nat.le_refl _
  | false =>
    rw [cond_false, fullRows_eq hv hm hx, pack_mod_ones]
    refine Nat.le_trans (Nat.mod_le _ _) (natSum_le fun t _ => ?_)
    by_cases hle : pack C.w (others m) V ≤ pack C.w (guarded C x m t) V
    · rw [if_pos hle, indicator_true (passes_of_eq hv hm
        (Nat.le_antisymm (pack_le fun o _ => guarded_le x t o) hle))]
      exact Nat.le_refl _
    · rw [if_neg hle]
      exact Nat.zero_le _

end Passing

/-! ## One tower -/

/-- Output `m` leads every other one by the slack. -/
def Leads (C : Tables) (V K m : Nat) (r : Nat → Nat) : Prop := ∀ o, o < V → o ≠ m → r o + C.slack K ≤ r m

section Tower

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m i s n : Nat} {r : Nat → Nat}

include hv

theorem towerSize_le (ha : a < M.d_vocab) (hm : m < M.d_vocab) (hi : i < M.n_ctx) (hs : s + n ≤ M.d_vocab)
    (hr : ∀ o, o < M.d_vocab → r o ≤ M.n_ctx * C.top) :
    towerSize C M.d_vocab M.n_ctx a m i s n (pack C.w r M.d_vocab) ≤
      natSum n fun t => indicator (Leads C M.d_vocab M.n_ctx m fun o => r o + rowEntry C a i (s + t) o) := by
  have hroom := hv.room_le
  have hp := hv.two_pow_w
  have hhalf := C.half_pos
  have htop : C.top ≤ M.n_ctx * C.top := Nat.le_mul_of_pos_left _ hv.n_ctx_pos
  obtain ⟨k, hk⟩ : ∃ k, M.d_vocab = s + k := ⟨M.d_vocab - s, by omega⟩
  have hrow : ∀ t o, t < k → o < M.d_vocab → rowEntry C a i (s + t) o < C.top := fun t o ht ho =>
    rowEntry_lt_top hv ha hi (by omega) ho
  have hshift : tower C M.d_vocab a i >>> (C.w * M.d_vocab * s) =
      grid C.w M.d_vocab (fun t => rowEntry C a i (s + t)) k := by
    rw [tower_eq hv ha hi]
    have := grid_shift (w := C.w) (V := M.d_vocab) (s := s) (n := k) (f := rowEntry C a i) fun t o ht ho =>
      rowEntry_lt hv ha hi (by omega) ho
    rwa [← hk] at this
  let x t o := (rowEntry C a i (s + t) m + C.top - rowEntry C a i (s + t) o) +
    (r m + (C.half - C.slack M.n_ctx - C.top) - r o)
  have hX : gaps C M.d_vocab (tower C M.d_vocab a i >>> (C.w * M.d_vocab * s)) m n +
      lead C M.d_vocab (pack C.w r M.d_vocab) (C.half - C.slack M.n_ctx - C.top) m * ones (C.w * M.d_vocab) n =
      grid C.w M.d_vocab x n := by
    rw [hshift, gaps_grid hv hm (by omega) hrow, grid_add, grid_const]
    congr 2
    exact lead_eq_pack hm (fun o ho => by have := hr o ho; omega) fun o ho => by have := hr o ho; omega
  have hx : ∀ t o, t < n → o < M.d_vocab → x t o < 2 ^ C.w := fun t o ht ho => by
    have h1 := hrow t m (by omega) hm
    have h2 := hr m hm
    show (rowEntry C a i (s + t) m + C.top - rowEntry C a i (s + t) o) +
      (r m + (C.half - C.slack M.n_ctx - C.top) - r o) < _
    omega
  have e : towerSize C M.d_vocab M.n_ctx a m i s n (pack C.w r M.d_vocab) =
      passing C M.d_vocab m n (grid C.w M.d_vocab x n &&& classGuards C M.d_vocab m n) := by
    rw [← hX]
    rfl
  rw [e]
  refine Nat.le_trans (passing_le hv hm hx) (natSum_le fun t ht => indicator_le fun h o ho hom => ?_)
  have h1 : C.half ≤ (rowEntry C a i (s + t) m + C.top - rowEntry C a i (s + t) o) +
    (r m + (C.half - C.slack M.n_ctx - C.top) - r o) := h o ho hom
  have h2 := hrow t o (by omega) ho
  have h3 := hr o ho
  show r o + rowEntry C a i (s + t) o + C.slack M.n_ctx ≤ r m + rowEntry C a i (s + t) m
  omega

end Tower

end

end LeanBound
