module

public import LeanBound.Strategies.SubCubic.NearCentre
public import LeanBound.Strategies.Tables.ScoresSound

/-! # Bounds of scores from the factors of the QK circuit: what the numbers mean, and that they stay inside lanes -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

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

/-- A score is the inner product of a query with the keys of a token and of a position. -/
theorem sInt_eq {a t i : Nat} (ht : t < M.d_vocab) :
    M.sInt H a t i = (sum H.d_head fun j => M.qInt H a j * Plan.kExt M H j t) +
      sum H.d_head fun j => M.qInt H a j * Plan.kExt M H j (M.d_vocab + i) := by
  rw [← sum_add, sInt]
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

/-- `scores` holds `f`, so far inside lanes that an envelope can be added. -/
structure ValidScores (F : Factors) (p : Plan) (M : AttentionOnly) (f : Nat → Int) (scores : Nat) : Prop where
  vec : Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter f scores
  bound : ∀ t, t < M.d_vocab + M.n_ctx → (f t).natAbs ≤ p.quarter - 4 * (2 ^ F.bits * 2 ^ F.bits)

theorem square_pos (F : Factors) : 0 < 2 ^ F.bits * 2 ^ F.bits := Nat.mul_pos (Nat.two_pow_pos _) (Nat.two_pow_pos _)

theorem lane_mul_le (F : Factors) (x y i j : Nat) : lane F.bits x i * lane F.bits y j ≤ 2 ^ F.bits * 2 ^ F.bits :=
  Nat.mul_le_mul (Nat.le_of_lt (lane_lt ..)) (Nat.le_of_lt (lane_lt ..))

section Sound

variable {E : Envelope} {n : Nat} (hr : F.Rooms p M H E n)

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

end Sound

/-- One number for tokens and one for positions. -/
theorem bounds_vec (x y : Nat) : Vec p.narrow (M.d_vocab + M.n_ctx) p.quarter
    (fun t => if t < M.d_vocab then (x : Int) else (y : Int)) (bounds p M x y) :=
  Vec.above (Vec.const (Int.natCast_add ..)) (Vec.const (Int.natCast_add ..))

end Factors

end

end LeanBound
