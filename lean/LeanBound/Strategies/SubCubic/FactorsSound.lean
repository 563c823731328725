module

public import LeanBound.Strategies.SubCubic.Attention
public import LeanBound.Strategies.SubCubic.Factors

/-! # Bounds of scores from the factors of the QK circuit: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

/-! ## Vectors -/

section Vectors

variable {w n a b x y : Nat} {f g : Nat → Int}

theorem Vec.sub (hx : Vec w n a f x) (hy : Vec w n b g y) (h : ∀ i, i < n → g i + (b : Int) ≤ f i + (a : Int)) :
    Vec w n a (fun i => f i - (g i + (b : Int))) (x - y) := by
  rw [hx.1, hy.1, ← pack_sub fun i hi => by have := h i hi; omega]
  exact Vec.of_pack fun i hi => by
    have := h i hi
    have := hx.2 i hi
    have := hy.2 i hi
    omega

theorem Vec.single {v : Nat} {c : Int} (h : (v : Int) = c + (b : Int)) : Vec w 1 b (fun _ => c) v := by
  have := Vec.const (w := w) (n := 1) h
  rwa [show ones w 1 = 1 by simp [ones_succ, ones_zero], Nat.mul_one] at this

theorem Vec.slice {V : Nat} {m : Nat} (hx : Vec w V b f x) (hl : ∀ i, i < V → f i + (b : Int) < ((2 ^ w : Nat) : Int))
    (h : m + n ≤ V) : Vec w n b (fun i => f (m + i)) (slice w m n x) := by
  obtain ⟨k, rfl⟩ := Nat.exists_eq_add_of_le (Nat.le_trans (Nat.le_add_right m n) h)
  have hv : ∀ i, i < m + k → (f i + (b : Int)).toNat < 2 ^ w := fun i hi => by have := hl i hi; have := hx.2 i hi; omega
  refine ⟨?_, fun i hi => hx.2 _ (by omega)⟩
  show x >>> (w * m) &&& (2 ^ (w * n) - 1) = _
  rw [hx.1, pack_append, Nat.shiftRight_eq_div_pow, Nat.add_mul_div_right _ _ (Nat.two_pow_pos _),
    Nat.div_eq_of_lt (pack_lt fun i hi => hv i (by omega)), Nat.zero_add, Nat.and_two_pow_sub_one_eq_mod]
  exact pack_mod (fun i hi => hv _ (by omega)) (by omega)

theorem Vec.le_of_atMost (hw : 0 < w) (hx : Vec w n a f x) (hy : Vec w n b g y)
    (hf : ∀ i, i < n → f i + (a : Int) < ((2 ^ (w - 1) : Nat) : Int))
    (hg : ∀ i, i < n → g i + (b : Int) < ((2 ^ (w - 1) : Nat) : Int)) (h : atMost w n x y = true) {i : Nat} (hi : i < n) :
    f i + (a : Int) ≤ g i + (b : Int) := by
  rw [hx.1, hy.1] at h
  have := atMost_pack hw (fun j hj => by have := hf j hj; have := hx.2 j hj; omega)
    (fun j hj => by have := hg j hj; have := hy.2 j hj; omega) h hi
  have := hx.2 i hi
  have := hy.2 i hi
  omega

end Vectors

theorem allBelow_sound {f : Nat → Bool} {n : Nat} (h : allBelow f n = true) {j : Nat} (hj : j < n) : f j = true := by
  induction n with
  | zero => exact absurd hj (Nat.not_lt_zero _)
  | succ n ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 (show both (f n) (allBelow f n) = true from h)
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hj) with h | rfl
    · exact ih h2 h
    · exact h1

/-! ## Inner products near a multiple of a centre -/

theorem mul_ge_of_bounds {e x w r : Int} (h1 : -w ≤ e) (h2 : e ≤ w) (h3 : -r ≤ x) (h4 : x ≤ r) : -(w * r) ≤ e * x := by
  have m1 := Int.mul_nonneg (a := w + e) (b := r + x) (by omega) (by omega)
  have m2 := Int.mul_nonneg (a := w - e) (b := r - x) (by omega) (by omega)
  grind

/-- Factors that lie within `α * d` of `α * c`, times factors of absolute value at most `r`. -/
theorem sum_ge_of_centre {n : Nat} {α : Int} {q c d x r : Nat → Int}
    (hq : ∀ j, j < n → -(α * d j) ≤ q j - α * c j ∧ q j - α * c j ≤ α * d j) (hx : ∀ j, j < n → -(r j) ≤ x j ∧ x j ≤ r j) :
    α * (sum n fun j => c j * x j) - α * (sum n fun j => d j * r j) ≤ sum n fun j => q j * x j := by
  induction n with
  | zero => simp [sum_zero_left]
  | succ n ih =>
    have h := ih (fun j hj => hq j (by omega)) fun j hj => hx j (by omega)
    have hq := hq n (by omega)
    have hx := hx n (by omega)
    have hm := mul_ge_of_bounds hq.1 hq.2 hx.1 hx.2
    rw [sum_succ, sum_succ, sum_succ]
    grind

theorem natCast_natSum_int (n : Nat) (f : Nat → Nat) : ((natSum n f : Nat) : Int) = sum n fun j => (f j : Int) := by
  induction n with
  | zero => rfl
  | succ n ih => rw [natSum_succ, sum_succ, Int.natCast_add, ih]

namespace Plan

variable {p : Plan} {M : AttentionOnly} {H : Head} (hs : Shapes p M H) (hw : Widths p M H)

include hs hw

theorem q_grid (hq : (M.d_model + 1) * (p.bias * (p.bias + p.bias)) ≤ p.quarter) :
    Grid p.stride p.narrow H.d_head M.d_vocab p.quarter (fun j a => M.qInt H a j) (p.qGrid M H) ∧
      ∀ j a, j < H.d_head → a < M.d_vocab → (M.qInt H a j).natAbs ≤ (M.d_model + 1) * (p.bias * (p.bias + p.bias)) := by
  let A (j c : Nat) : Int := if c = M.d_model then H.b_Q.int 0 j else H.W_Q.int c j
  let B (c a : Nat) : Int := if c = M.d_model then 1 else M.eInt a (M.n_ctx - 1) c
  have e : ∀ j a, (sum (M.d_model + 1) fun c => A j c * B c a) = M.qInt H a j := fun j a => by
    have h1 : (sum M.d_model fun c => A j c * B c a) = sum M.d_model fun c => M.eInt a (M.n_ctx - 1) c * H.W_Q.int c j :=
      sum_congr fun c hc => by
        simp only [A, B, show c ≠ M.d_model by omega, if_false]
        exact Int.mul_comm ..
    rw [sum_succ, h1]
    simp only [A, B, if_true, Int.mul_one]
    rfl
  have hb := hw.bias
  have hB : ∀ c a, (B c a).natAbs ≤ p.bias + p.bias := fun c a => by
    have h1 := hs.W_E.abs_le a c
    have h2 := hs.W_pos.abs_le (M.n_ctx - 1) c
    simp only [B, eInt]
    split
    · simp only [Int.natAbs_one]; omega
    · omega
  have hstride : p.narrow * M.d_vocab + p.narrow < p.stride := by
    have h1 := hw.stride
    have h2 := hw.narrow
    rw [Nat.mul_add, Nat.mul_add] at h1
    omega
  have hS : p.narrow ≤ p.stride := by omega
  have h2 := hw.two_pow
  have hbq : p.bias + p.bias ≤ p.quarter := by
    have h3 : 1 * (p.bias + p.bias) ≤ p.bias * (p.bias + p.bias) := Nat.mul_le_mul_right _ hb
    have h4 : 1 * (p.bias * (p.bias + p.bias)) ≤ (M.d_model + 1) * (p.bias * (p.bias + p.bias)) :=
      Nat.mul_le_mul_right _ (by omega)
    omega
  obtain ⟨r, rb⟩ := hw.times (A := A) (B := B) (α := p.bias) (β := p.bias + p.bias) (a := p.bias) (b := p.bias + p.bias)
    (col := fun c => cond (Nat.beq c M.d_model) (H.b_Q.row p.stride p.bias H.d_head 0) (H.W_Q.row p.stride p.bias H.d_head c))
    (row := fun c => cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (Nat.add p.bias p.bias)) (ones p.narrow M.d_vocab))
      (squeeze p.stride p.narrow
        (Nat.add (M.W_E.column p.stride p.bias M.d_vocab c) (Nat.mul (p.lastPosition M c) (ones p.stride M.d_vocab)))))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      unfold A
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact hs.b_Q.shaped.row (Nat.le_trans hs.b_Q.width hS) (by omega)
      · simp only [hd, if_false]; exact hs.W_Q.shaped.row (Nat.le_trans hs.W_Q.width hS) (by omega))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      unfold B
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact Vec.const (by simp; omega)
      · simp only [hd, if_false]
        refine ((hs.W_E.shaped.column (show c < M.d_model by omega)).add
          (Vec.const (hs.W_pos.shaped.biased (M.n_ctx - 1) c))).squeeze (fun a _ => ?_) hstride
        have := hB c a
        simp only [B, hd, if_false, eInt] at this
        omega)
    (fun j c _ _ => by
      simp only [A]
      split
      · exact hs.b_Q.abs_le _ _
      · exact hs.W_Q.abs_le _ _) (fun c a _ _ => hB c a) hq
  exact ⟨r.congr fun j a _ _ => e j a, fun j a hj ha => by rw [← e]; exact rb j a hj ha⟩

end Plan

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

/-! ## Coordinates -/

/-- The direction of keys. -/
def dirInt (F : Factors) (j : Nat) : Int := (lane F.bits F.direction j : Int) - (F.bias : Int)

/-- The centre of queries. -/
def centreInt (F : Factors) (j : Nat) : Int := (lane F.bits F.centre j : Int) - (F.bias : Int)

/-- Coordinate `j` of the query of `a`. -/
def qExt (F : Factors) (M : AttentionOnly) (H : Head) (j a : Nat) : Int :=
  if j = H.d_head then sum H.d_head fun i => F.dirInt i * M.qInt H a i else M.qInt H a j

/-- Coordinate `j` of the key of token `t`, or of position `t - V`. -/
def kCoord (F : Factors) (M : AttentionOnly) (H : Head) (j t : Nat) : Int :=
  if j = H.d_head then (lane F.bits F.along t : Int) else Plan.kExt M H j t - F.dirInt j * (lane F.bits F.along t : Int)

/-- The coordinates of a query and a key make the same inner product. -/
theorem sum_coords (F : Factors) (M : AttentionOnly) (H : Head) (a t : Nat) :
    (sum (H.d_head + 1) fun j => F.qExt M H j a * F.kCoord M H j t) =
      sum H.d_head fun j => M.qInt H a j * Plan.kExt M H j t := by
  have h1 : (sum H.d_head fun j => F.qExt M H j a * F.kCoord M H j t) = sum H.d_head fun j =>
      M.qInt H a j * Plan.kExt M H j t + (F.dirInt j * M.qInt H a j) * -(lane F.bits F.along t : Int) :=
    sum_congr fun j hj => by
      simp only [qExt, kCoord, show j ≠ H.d_head by omega, if_false]
      grind
  rw [sum_succ, h1, sum_add, sum_mul_right]
  simp only [qExt, kCoord, if_true]
  grind

theorem sInt_eq (F : Factors) {a t i : Nat} (ht : t < M.d_vocab) :
    M.sInt H a t i = (sum (H.d_head + 1) fun j => F.qExt M H j a * F.kCoord M H j t) +
      sum (H.d_head + 1) fun j => F.qExt M H j a * F.kCoord M H j (M.d_vocab + i) := by
  rw [sum_coords, sum_coords, ← sum_add, sInt]
  refine sum_congr fun j _ => ?_
  rw [kInt_decomp, Plan.kExt, Plan.kExt, if_pos ht, if_neg (by omega), Nat.add_sub_cancel_left]
  exact Int.mul_add ..

/-! ## Rooms -/

/-- What `checkRooms` establishes. -/
structure Rooms (F : Factors) (p : Plan) (M : AttentionOnly) (H : Head) (E : Envelope) (n : Nat) : Prop where
  along : F.along < 2 ^ (F.bits * (M.d_vocab + M.n_ctx))
  scales : F.scales < 2 ^ (F.bits * n)
  bias : F.bias ≤ 2 ^ F.bits
  bits : 2 * F.bits + 2 ≤ p.narrow
  least_scale : E.least < p.half
  envelope : E.bits ≤ 2 * F.bits
  top : F.top + (F.reach H + (F.most - F.least)) < p.half
  least : F.least < p.half
  most : F.most < p.half
  quarter : queryBound p M + H.d_head * (2 ^ F.bits * queryBound p M) + (H.d_head * (2 ^ F.bits * 2 ^ F.bits) +
    8 * (2 ^ F.bits * 2 ^ F.bits)) ≤ p.quarter

theorem checkRooms_sound {E : Envelope} {n : Nat} (h : F.checkRooms p M H E n = true) : F.Rooms p M H E n := by
  simp only [checkRooms, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h4', h5, h6, h7, h8, h9⟩ := h
  refine ⟨Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h2, Nat.le_of_ble_eq_true h3, Nat.le_of_ble_eq_true h4,
    Nat.le_of_ble_eq_true h4', Nat.le_of_ble_eq_true h5, Nat.le_of_ble_eq_true h6, Nat.le_of_ble_eq_true h7,
    Nat.le_of_ble_eq_true h8, ?_⟩
  have h : (H.d_head * 2 ^ F.bits + 1) * queryBound p M + (H.d_head + 8) * (2 ^ F.bits * 2 ^ F.bits) ≤ p.quarter :=
    Nat.le_of_ble_eq_true h9
  rw [Nat.add_mul, Nat.add_mul, Nat.one_mul, Nat.mul_assoc] at h
  omega

theorem square_pos (F : Factors) : 0 < 2 ^ F.bits * 2 ^ F.bits := Nat.mul_pos (Nat.two_pow_pos _) (Nat.two_pow_pos _)

theorem lane_mul_le (F : Factors) (x y i j : Nat) : lane F.bits x i * lane F.bits y j ≤ 2 ^ F.bits * 2 ^ F.bits :=
  Nat.mul_le_mul (Nat.le_of_lt (lane_lt ..)) (Nat.le_of_lt (lane_lt ..))

section Sound

variable {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : F.Rooms p M H E n)

include hr

theorem dirInt_le (j : Nat) : (F.dirInt j).natAbs ≤ 2 ^ F.bits := by
  have := hr.bias
  have := lane_lt F.bits F.direction j
  unfold dirInt
  omega

theorem centreInt_le (j : Nat) : (F.centreInt j).natAbs ≤ 2 ^ F.bits := by
  have := hr.bias
  have := lane_lt F.bits F.centre j
  unfold centreInt
  omega

theorem bias_mul_le (x i : Nat) : F.bias * lane F.bits x i ≤ 2 ^ F.bits * 2 ^ F.bits :=
  Nat.mul_le_mul hr.bias (Nat.le_of_lt (lane_lt ..))

theorem bias_le_mul : F.bias ≤ 2 ^ F.bits * 2 ^ F.bits :=
  Nat.le_trans hr.bias (Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _))

theorem keyAlong_vec : Vec p.narrow (M.d_vocab + M.n_ctx) 0 (fun t => (lane F.bits F.along t : Int)) (F.keyAlong p M) := by
  have e : F.keyAlong p M = _ := widen_eq (by have := hr.bits; omega) hr.along
  rw [e]
  exact Vec.of_pack fun t _ => by omega

theorem scales_vec : Vec p.narrow n 0 (fun k => (lane F.bits F.scales k : Int)) (widen p.narrow n F.bits F.scales) := by
  rw [widen_eq (by have := hr.bits; omega) hr.scales]
  exact Vec.of_pack fun t _ => by omega

/-! ## Keys -/

omit hr in
/-- One number for tokens and one for positions. -/
theorem bounds_vec (x y : Nat) : Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter
    (fun t => if t < M.d_vocab then (x : Int) else (y : Int)) (bounds p M x y) :=
  Vec.above (Vec.const (Int.natCast_add ..)) (Vec.const (Int.natCast_add ..))

include hs hw

/-- Coordinate `j` of keys. -/
theorem keyRow_vec {j : Nat} (hj : j < H.d_head + 1) (h : F.checkKey p M H j = true) :
    Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter (F.kCoord M H j) (F.keyRow p M H j) ∧
      ∀ t, t < M.d_vocab + M.n_ctx → F.kCoord M H j t < (p.quarter : Int) - (2 ^ F.bits * 2 ^ F.bits : Nat) := by
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  obtain ⟨h1, _⟩ := both_eq_true.1 h
  rw [cond_beq] at h1
  show Vec _ _ _ _ (cond (Nat.beq j H.d_head) _ _) ∧ _
  rw [cond_beq]
  by_cases hd : j = H.d_head
  · refine ⟨?_, fun t _ => ?_⟩
    · rw [if_pos hd]
      have hv := (keyAlong_vec (p := p) (M := M) hr).add (Vec.const (w := p.narrow)
        (n := M.d_vocab + M.n_ctx) (c := 0) (b := p.quarter) (v := p.quarter) (by omega))
      rw [Nat.zero_add] at hv
      exact hv.congr fun t _ => by simp only [kCoord, hd, if_true, Int.add_zero]
    · have h2 := lane_lt F.bits F.along t
      have h3 : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
      simp only [kCoord, hd, if_true]
      omega
  · rw [if_neg hd] at h1 ⊢
    obtain ⟨g, gb⟩ := Plan.k_grid hs hw
    have hkb : (M.d_model + 1) * (p.bias * p.bias) ≤ queryBound p M :=
      Nat.mul_le_mul_left _ (Nat.mul_le_mul_left _ (Nat.le_add_right _ _))
    have hk := hw.row g (fun j t hj ht => Nat.le_trans (gb j t hj ht) hw.k) (Nat.le_refl _) (show j < H.d_head by omega)
    have hraised := hk.add ((keyAlong_vec (p := p) (M := M) hr).scale F.bias)
    have hpart := (keyAlong_vec (p := p) (M := M) hr).scale (lane F.bits F.direction j)
    have hkj := fun t ht => gb j t (by omega) ht
    have e1 : ∀ t, (F.bias : Int) * (lane F.bits F.along t : Int) = ((F.bias * lane F.bits F.along t : Nat) : Int) :=
      fun t => (Int.natCast_mul ..).symm
    have e2 : ∀ t, (lane F.bits F.direction j : Int) * (lane F.bits F.along t : Int) =
        ((lane F.bits F.direction j * lane F.bits F.along t : Nat) : Int) := fun t => (Int.natCast_mul ..).symm
    have hle : ∀ t, t < M.d_vocab + M.n_ctx → _ := fun t ht => hpart.le_of_atMost (by have := hw.narrow; omega) hraised
      (fun t _ => by have := F.lane_mul_le F.direction F.along j t; rw [e2]; omega)
      (fun t ht => by have := bias_mul_le hr F.along t; have := hkj t ht; rw [e1]; omega) h1 ht
    have hsub := hraised.sub hpart hle
    rw [Nat.mul_zero, Nat.add_zero] at hsub
    refine ⟨hsub.congr fun t _ => ?_, fun t ht => ?_⟩
    · simp only [kCoord, hd, if_false, dirInt, Nat.mul_zero]
      grind
    · have := bias_mul_le hr F.along t
      have := hkj t ht
      have h3 : F.kCoord M H j t = Plan.kExt M H j t + ((F.bias * lane F.bits F.along t : Nat) : Int) -
          ((lane F.bits F.direction j * lane F.bits F.along t : Nat) : Int) := by
        rw [← e1, ← e2]
        simp only [kCoord, hd, if_false, dirInt]
        grind
      rw [h3]
      omega

/-- The ranges of coordinate `j` of keys. -/
theorem key_range {j : Nat} (hj : j < H.d_head + 1) (h : F.checkKey p M H j = true) {t : Nat} (ht : t < M.d_vocab + M.n_ctx) :
    (if t < M.d_vocab then (lane F.bits F.tokenLow j : Int) else (lane F.bits F.positionLow j : Int)) ≤
        F.kCoord M H j t + (F.bias : Int) ∧
      F.kCoord M H j t + (F.bias : Int) ≤
        if t < M.d_vocab then (lane F.bits F.tokenHigh j : Int) else (lane F.bits F.positionHigh j : Int) := by
  have hhalf := hw.half_eq
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  obtain ⟨hv, hlt⟩ := keyRow_vec hs hw hr hj h
  obtain ⟨_, h2⟩ := both_eq_true.1 h
  obtain ⟨h2, h3⟩ := both_eq_true.1 h2
  have hraised := hv.add (Vec.const (w := p.narrow) (n := M.d_vocab + M.n_ctx) (c := (F.bias : Int)) (b := 0) (v := F.bias)
    (by omega))
  have hbias := bias_le_mul hr
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have hR : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
  have hbound : ∀ x y : Nat, ∀ t, t < M.d_vocab + M.n_ctx →
      (if t < M.d_vocab then (lane F.bits x j : Int) else (lane F.bits y j : Int)) + (p.quarter : Int) <
        ((2 ^ (p.narrow - 1) : Nat) : Int) := fun x y t _ => by
    have := lane_lt F.bits x j
    have := lane_lt F.bits y j
    split <;> omega
  have hrow : ∀ t, t < M.d_vocab + M.n_ctx → F.kCoord M H j t + (F.bias : Int) + ((p.quarter + 0 : Nat) : Int) <
      ((2 ^ (p.narrow - 1) : Nat) : Int) := fun t ht => by have := hlt t ht; omega
  have e1 := (bounds_vec (p := p) (M := M) (lane F.bits F.tokenLow j) (lane F.bits F.positionLow j)).le_of_atMost h0
    hraised (hbound F.tokenLow F.positionLow) hrow h2 ht
  have e2 := hraised.le_of_atMost h0
    (bounds_vec (p := p) (M := M) (lane F.bits F.tokenHigh j) (lane F.bits F.positionHigh j)) hrow
    (hbound F.tokenHigh F.positionHigh) h3 ht
  omega

/-! ## Queries -/

/-- Coordinate `j` of queries. -/
theorem queryRow_vec {j : Nat} (hj : j < H.d_head + 1) :
    Vec p.narrow M.d_vocab p.quarter (F.qExt M H j) (F.queryRow p M H j) ∧
      ∀ a, a < M.d_vocab → (F.qExt M H j a).natAbs ≤ p.quarter - 8 * (2 ^ F.bits * 2 ^ F.bits) := by
  have hq := hr.quarter
  have hR2 := F.square_pos
  have hQ : queryBound p M = (M.d_model + 1) * (p.bias * (p.bias + p.bias)) := rfl
  obtain ⟨g, gb⟩ := Plan.q_grid hs hw (by omega)
  have hrow : ∀ i, i < H.d_head → Vec p.narrow M.d_vocab p.quarter (fun a => M.qInt H a i) (p.rowOf (p.qGrid M H) i) :=
    fun i hi => hw.row g (fun j t hj ht => Nat.le_trans (gb j t hj ht) (by omega)) (by omega) hi
  show Vec _ _ _ _ (cond (Nat.beq j H.d_head) _ _) ∧ _
  rw [cond_beq]
  by_cases hd : j = H.d_head
  · obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab) (d := H.d_head) (a := F.bias) (b := p.quarter)
      (A := fun _ i => F.dirInt i) (B := fun i a => M.qInt H a i) (col := lane F.bits F.direction)
      (row := p.rowOf (p.qGrid M H)) (α := 2 ^ F.bits) (β := queryBound p M)
      (fun i _ => Vec.single (by unfold dirInt; omega)) hrow (fun _ i _ _ => dirInt_le hr i)
      (fun i a hi ha => gb i a hi ha) (by omega)
    refine ⟨?_, fun a ha => ?_⟩
    · rw [if_pos hd]
      refine (hw.row r (fun i a hi ha => Nat.le_trans (rb i a hi ha) (by omega)) (by omega) (show 0 < 1 by omega)).congr
        fun a _ => ?_
      simp only [qExt, hd, if_true]
    · have := rb 0 a (by omega) ha
      simp only [qExt, hd, if_true]
      omega
  · refine ⟨?_, fun a ha => ?_⟩
    · rw [if_neg hd]
      exact (hrow j (by omega)).congr fun a _ => by simp only [qExt, hd, if_false]
    · have := gb j a (by omega) ha
      simp only [qExt, hd, if_false]
      omega

/-- Coordinate `j` of the queries of a pool lies around multiples of the centre. -/
theorem query_range {a j : Nat} (hj : j < H.d_head + 1) (ha : a + n ≤ M.d_vocab)
    (h : F.checkQuery p n (widen p.narrow n F.bits F.scales) (slice p.narrow a n (F.queryRow p M H j)) j = true) {k : Nat}
    (hk : k < n) :
    -((lane F.bits F.scales k : Int) * (lane F.bits F.radius j : Int)) ≤
        F.qExt M H j (a + k) - (lane F.bits F.scales k : Int) * F.centreInt j ∧
      F.qExt M H j (a + k) - (lane F.bits F.scales k : Int) * F.centreInt j ≤
        (lane F.bits F.scales k : Int) * (lane F.bits F.radius j : Int) := by
  have hhalf := hw.half_eq
  have h2p := hw.two_pow
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  obtain ⟨hv, hb⟩ := queryRow_vec hs hw hr hj
  have hv := hv.slice (m := a) (n := n) (fun i hi => by have := hb i hi; omega) ha
  have hA := scales_vec (p := p) hr
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have hquarter := Vec.const (w := p.narrow) (n := n) (c := (p.quarter : Int)) (b := 0) (v := p.quarter) (by omega)
  have hc := fun i => F.lane_mul_le F.centre F.scales j i
  have hd := fun i => F.lane_mul_le F.radius F.scales j i
  have hB := fun i => bias_mul_le hr F.scales i
  have hqa := fun i (hi : i < n) => hb (a + i) (by omega)
  have e1 := ((hA.scale (lane F.bits F.centre j)).add hquarter).le_of_atMost h0
    (hv.add (hA.scale (F.bias + lane F.bits F.radius j)))
    (fun i _ => by have := hc i; rw [← Int.natCast_mul]; omega)
    (fun i hi => by have := hd i; have := hB i; have := hqa i hi; rw [← Int.natCast_mul, Nat.add_mul]; omega) h1 hk
  have e2 := (hv.add (hA.scale F.bias)).le_of_atMost h0
    ((hA.scale (lane F.bits F.centre j + lane F.bits F.radius j)).add hquarter)
    (fun i hi => by have := hB i; have := hqa i hi; rw [← Int.natCast_mul]; omega)
    (fun i _ => by have := hc i; have := hd i; rw [← Int.natCast_mul, Nat.add_mul]; omega) h2 hk
  simp only [Int.natCast_add, Nat.mul_zero] at e1 e2
  unfold centreInt
  constructor <;> grind

/-! ## Key scores -/

/-- Key scores: inner products of keys with the centre. -/
def keyScore (F : Factors) (M : AttentionOnly) (H : Head) (t : Nat) : Int :=
  sum (H.d_head + 1) fun j => F.centreInt j * F.kCoord M H j t

theorem keyScores_vec (h : allBelow (F.checkKey p M H) (H.d_head + 1) = true) :
    Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter (F.keyScore M H) (F.keyScores p M H) ∧
      ∀ t, t < M.d_vocab + M.n_ctx → (F.keyScore M H t).natAbs ≤ p.quarter - 4 * (2 ^ F.bits * 2 ^ F.bits) := by
  have hq := hr.quarter
  have hR2 := F.square_pos
  have hkey := fun j (hj : j < H.d_head + 1) => allBelow_sound h hj
  have hbias := hr.bias
  have hrange : ∀ j t, j < H.d_head + 1 → t < M.d_vocab + M.n_ctx → (F.kCoord M H j t).natAbs ≤ 2 ^ F.bits := fun j t hj ht => by
    have h := key_range hs hw hr hj (hkey j hj) ht
    have h1 := lane_lt F.bits F.tokenHigh j
    have h2 := lane_lt F.bits F.positionHigh j
    split at h <;> omega
  have hsum : (H.d_head + 1) * (2 ^ F.bits * 2 ^ F.bits) = H.d_head * (2 ^ F.bits * 2 ^ F.bits) + 2 ^ F.bits * 2 ^ F.bits :=
    Nat.succ_mul ..
  obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab + M.n_ctx) (d := H.d_head + 1) (a := F.bias) (b := p.quarter)
    (A := fun _ j => F.centreInt j) (B := F.kCoord M H) (col := lane F.bits F.centre) (row := F.keyRow p M H)
    (α := 2 ^ F.bits) (β := 2 ^ F.bits) (fun j _ => Vec.single (by unfold centreInt; omega))
    (fun j hj => (keyRow_vec hs hw hr hj (hkey j hj)).1)
    (fun _ j _ _ => centreInt_le hr j) hrange (by omega)
  have hle := fun i t hi ht => rb i t hi ht
  exact ⟨hw.row r (fun i t hi ht => Nat.le_trans (rb i t hi ht) (by omega)) (Nat.le_refl _) (show 0 < 1 by omega),
    fun t ht => Nat.le_trans (rb 0 t (by omega) ht) (by omega)⟩

/-- What the envelope says of key scores. -/
theorem keyScores_sound (hlow : E.low < 2 ^ (E.bits * M.d_vocab))
    (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (hk : allBelow (F.checkKey p M H) (H.d_head + 1) = true)
    (h : F.checkKeyScores p M H E (F.keyScores p M H) = true) {m t i i' : Nat} (hm : m < M.d_vocab) (ht : t < M.d_vocab)
    (hi : i < M.n_ctx) (hi' : i' < M.n_ctx) :
    (lane E.bits E.low t : Int) - (lane E.bits E.high m : Int) + (F.reach H : Int) ≤
      (F.keyScore M H m - F.keyScore M H t) + (F.keyScore M H (M.d_vocab + i) - F.keyScore M H (M.d_vocab + i')) := by
  have hhalf := hw.half_eq
  have h2p := hw.two_pow
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  have htop := hr.top
  have hleast := hr.least
  have hmost := hr.most
  obtain ⟨hv, hb⟩ := keyScores_vec hs hw hr hk
  have hl : ∀ t, t < M.d_vocab + M.n_ctx → F.keyScore M H t + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := fun t ht => by
    have := hb t ht; omega
  have hV := hv.slice (m := 0) (n := M.d_vocab) hl (by omega)
  have hK := hv.slice (m := M.d_vocab) (n := M.n_ctx) hl (by omega)
  have hbits : 2 ^ E.bits ≤ 2 ^ F.bits * 2 ^ F.bits := by
    rw [← Nat.pow_add]; exact Nat.pow_le_pow_right (by omega) (by have := hr.envelope; omega)
  have env : ∀ x, x < 2 ^ (E.bits * M.d_vocab) → Vec p.narrow M.d_vocab 0 (fun t => (lane E.bits x t : Int))
      (widen p.narrow M.d_vocab E.bits x) := fun x hx => by
    rw [widen_eq (by have := hr.bits; have := hr.envelope; omega) hx]
    exact Vec.of_pack fun t _ => by omega
  simp only [checkKeyScores, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4⟩ := h
  have const : ∀ n v : Nat, Vec p.narrow n 0 (fun _ => (v : Int)) (v * ones p.narrow n) := fun n v => Vec.const (by omega)
  have hbV := fun t (ht : t < M.d_vocab) => hb (0 + t) (by omega)
  have hbK := fun i (hi : i < M.n_ctx) => hb (M.d_vocab + i) (by omega)
  have elt := fun x t => lane_lt E.bits x t
  have e1 := ((env _ hlow).add hV).le_of_atMost h0 (const M.d_vocab F.top)
    (fun t ht => by have := elt E.low t; have := hbV t ht; omega) (fun _ _ => by omega) h1 ht
  have e2 := (const M.d_vocab (F.top + (F.reach H + (F.most - F.least)))).le_of_atMost h0 ((env _ hhigh).add hV)
    (fun _ _ => by omega) (fun t ht => by have := elt E.high t; have := hbV t ht; omega) h2 hm
  have e3 := (const M.n_ctx F.least).le_of_atMost h0 hK (fun _ _ => by omega)
    (fun i hi => by have := hbK i hi; omega) h3 hi
  have e4 := hK.le_of_atMost h0 (const M.n_ctx F.most) (fun i hi => by have := hbK i hi; omega) (fun _ _ => by omega) h4 hi'
  simp only [Nat.zero_add] at e1 e2
  omega

end Sound

/-- The bounds of scores that the factors establish. -/
theorem check_sound {E : Envelope} {a n spread : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H)
    (hlow : E.low < 2 ^ (E.bits * M.d_vocab)) (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (ha : a + n ≤ M.d_vocab)
    (h : F.check p M H E a n = true) : E.Attends M H spread a n := by
  simp only [check, both_eq_true] at h
  obtain ⟨h1, h2, hk, hq, h5⟩ := h
  have hr := checkRooms_sound h1
  have hkey := fun j (hj : j < H.d_head + 1) => allBelow_sound hk hj
  have hquery := fun j (hj : j < H.d_head + 1) => allBelow_sound hq hj
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hroom : 2 ^ F.bits ≤ p.half := by
    have h1 := hr.quarter
    have h2 := hw.half_eq
    have h3 : 2 ^ F.bits ≤ 2 ^ F.bits * 2 ^ F.bits := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
    omega
  intro k hk'
  have hleast := (Vec.const (w := p.narrow) (n := n) (c := (E.least : Int)) (b := 0) (v := E.least) (by omega)).le_of_atMost
    (by have := hw.narrow; omega) (scales_vec (p := p) hr) (fun _ _ => by have := hr.least_scale; omega)
    (fun i _ => by have := lane_lt F.bits F.scales i; omega) h2 hk'
  refine ⟨lane F.bits F.scales k, by omega, fun m t i i' hm ht hi hi' => ?_⟩
  let x j := (F.kCoord M H j m - F.kCoord M H j t) + (F.kCoord M H j (M.d_vocab + i) - F.kCoord M H j (M.d_vocab + i'))
  let r (j : Nat) : Int := (((lane F.bits F.tokenHigh j - lane F.bits F.tokenLow j) +
    (lane F.bits F.positionHigh j - lane F.bits F.positionLow j) : Nat) : Int)
  have hx : ∀ j, j < H.d_head + 1 → -(r j) ≤ x j ∧ x j ≤ r j := fun j hj => by
    have range := fun t ht => key_range hs hw hr hj (hkey j hj) (t := t) ht
    have em := range m (by omega)
    have et := range t (by omega)
    have ei := range (M.d_vocab + i) (by omega)
    have ei' := range (M.d_vocab + i') (by omega)
    simp only [hm, ht, if_true, show ¬ M.d_vocab + i < M.d_vocab by omega, show ¬ M.d_vocab + i' < M.d_vocab by omega,
      if_false] at em et ei ei'
    simp only [r, x]
    omega
  have hsum := sum_ge_of_centre (fun j hj => query_range hs hw hr hj ha (hquery j hj) hk') hx
  have hscore := keyScores_sound hs hw hr hlow hhigh hk h5 hm ht hi hi'
  have e1 : (sum (H.d_head + 1) fun j => F.qExt M H j (a + k) * x j) =
      M.sInt H (a + k) m i - M.sInt H (a + k) t i' := by
    have e : ∀ j, F.qExt M H j (a + k) * x j =
        (F.qExt M H j (a + k) * F.kCoord M H j m + F.qExt M H j (a + k) * F.kCoord M H j (M.d_vocab + i)) +
          (F.qExt M H j (a + k) * F.kCoord M H j t + F.qExt M H j (a + k) * F.kCoord M H j (M.d_vocab + i')) * -1 :=
      fun j => by simp only [x]; grind
    simp only [e]
    rw [sum_add, sum_mul_right, sum_add, sum_add, ← sInt_eq F hm, ← sInt_eq F ht]
    omega
  have e2 : (sum (H.d_head + 1) fun j => F.centreInt j * x j) = (F.keyScore M H m - F.keyScore M H t) +
      (F.keyScore M H (M.d_vocab + i) - F.keyScore M H (M.d_vocab + i')) := by
    have e : ∀ j, F.centreInt j * x j =
        (F.centreInt j * F.kCoord M H j m + F.centreInt j * F.kCoord M H j (M.d_vocab + i)) +
          (F.centreInt j * F.kCoord M H j t + F.centreInt j * F.kCoord M H j (M.d_vocab + i')) * -1 :=
      fun j => by simp only [x]; grind
    simp only [e]
    rw [sum_add, sum_mul_right, sum_add, sum_add]
    unfold keyScore
    omega
  have e3 : (sum (H.d_head + 1) fun j => (lane F.bits F.radius j : Int) * r j) = (F.reach H : Int) := by
    have e : F.reach H = natSum (H.d_head + 1) fun j => lane F.bits F.radius j *
      ((lane F.bits F.tokenHigh j - lane F.bits F.tokenLow j) +
        (lane F.bits F.positionHigh j - lane F.bits F.positionLow j)) := rfl
    rw [e, natCast_natSum_int]
    exact sum_congr fun j _ => (Int.natCast_mul ..).symm
  rw [e1, e2, e3] at hsum
  have hmul := Int.mul_le_mul_of_nonneg_left hscore (Int.natCast_nonneg (lane F.bits F.scales k))
  rw [Int.mul_add] at hmul
  omega

end Factors

end

end LeanBound
