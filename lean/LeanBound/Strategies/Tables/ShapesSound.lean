module

public import LeanBound.Models.AttentionOnlyDecomp
public import LeanBound.Numerics.GridSound
public import LeanBound.Strategies.Tables.Checker

/-! # Tensors have their shapes, and products of them fit into lanes -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem allAtMost_sound {n : Nat} {xs : List Nat} (h : allAtMost n xs = true) : ∀ x, x ∈ xs → x ≤ n := by
  induction xs with
  | nil => exact fun x hx => absurd hx List.not_mem_nil
  | cons y xs ih =>
    have h : both (Nat.ble y n) (allAtMost n xs) = true := h
    rw [both_eq_true] at h
    intro x hx
    rcases List.mem_cons.1 hx with rfl | hx
    · exact Nat.le_of_ble_eq_true h.1
    · exact ih h.2 x hx

theorem nth_mem {xs : List Nat} {i : Nat} (hi : i < xs.length) : nth xs i ∈ xs := by
  rw [nth_eq, List.getD_eq_getElem?_getD, List.getElem?_eq_getElem hi, Option.getD_some]
  exact List.getElem_mem hi

theorem Tensor.natAbs_int_le (T : Tensor) (i j : Nat) : (T.int i j).natAbs ≤ T.bound := by
  show (T.int i j).natAbs ≤ 2 ^ (T.width - 1)
  have h := Nat.mod_lt ((T.rows.getD i 0) / 2 ^ (T.width * j)) (Nat.two_pow_pos T.width)
  have h2 : 2 ^ T.width ≤ 2 * 2 ^ (T.width - 1) := by
    rw [← Nat.pow_succ']; exact Nat.pow_le_pow_right (by omega) (by omega)
  have hp := Nat.two_pow_pos (T.width - 1)
  rw [Tensor.int]; omega

theorem cond_beq {α : Type u} (c d : Nat) (x y : α) : cond (Nat.beq c d) x y = if c = d then x else y := by
  by_cases h : c = d
  · rw [if_pos h, h, Nat.beq_refl, cond_true]
  · have : Nat.beq c d = false := by rw [Bool.eq_false_iff]; exact fun e => h (Nat.eq_of_beq_eq_true e)
    rw [if_neg h, this, cond_false]

namespace Plan

variable (p : Plan)

/-- What `checkShape` establishes. -/
structure Fits (n m : Nat) (T : Tensor) : Prop where
  shaped : Shaped p.stride p.bias n m T
  width : T.width ≤ p.narrow
  abs_le : ∀ i j, (T.int i j).natAbs ≤ p.bias

variable {p}

theorem checkShape_sound {n m : Nat} {T : Tensor} (h : p.checkShape n m T = true) : p.Fits n m T := by
  simp only [checkShape, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5⟩ := h
  have h1 : T.rows.length = n := Nat.eq_of_beq_eq_true h1
  have h5 : T.bound ≤ p.bias := Nat.le_of_ble_eq_true h5
  refine ⟨⟨h1, fun i hi => ?_, Nat.le_of_ble_eq_true h3, h5⟩, Nat.le_of_ble_eq_true h4,
    fun i j => Nat.le_trans (T.natAbs_int_le i j) h5⟩
  have h2 : nth T.rows i ≤ 2 ^ (T.width * m) - 1 := allAtMost_sound h2 _ (nth_mem (by omega))
  have := Nat.two_pow_pos (T.width * m)
  omega

/-- What `checkShapes` establishes. -/
structure Shapes (p : Plan) (M : AttentionOnly) (H : Head) : Prop where
  W_E : p.Fits M.d_vocab M.d_model M.W_E
  W_pos : p.Fits M.n_ctx M.d_model M.W_pos
  W_Q : p.Fits M.d_model H.d_head H.W_Q
  b_Q : p.Fits 1 H.d_head H.b_Q
  W_K : p.Fits M.d_model H.d_head H.W_K
  b_K : p.Fits 1 H.d_head H.b_K
  W_V : p.Fits M.d_model H.d_head H.W_V
  b_V : p.Fits 1 H.d_head H.b_V
  W_O : p.Fits H.d_head M.d_model H.W_O
  b_O : p.Fits 1 M.d_model M.b_O
  W_U : p.Fits M.d_model M.d_vocab M.W_U
  b_U : p.Fits 1 M.d_vocab M.b_U

theorem shapes_sound {M : AttentionOnly} {H : Head} (h : checkShapes p M H = true) : Shapes p M H := by
  simp only [checkShapes, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12⟩ := h
  exact ⟨checkShape_sound h1, checkShape_sound h2, checkShape_sound h3, checkShape_sound h4, checkShape_sound h5,
    checkShape_sound h6, checkShape_sound h7, checkShape_sound h8, checkShape_sound h9, checkShape_sound h10,
    checkShape_sound h11, checkShape_sound h12⟩

/-- What `checkWidths` establishes. -/
structure Widths (p : Plan) (M : AttentionOnly) (H : Head) : Prop where
  wo : M.d_model * (p.bias * p.bias) ≤ p.quarter
  v : H.d_head * (p.bias * (M.d_model * (p.bias * p.bias))) ≤ p.quarter
  o : (M.d_model + 1) * (p.bias * (H.d_head * (p.bias * (M.d_model * (p.bias * p.bias))))) ≤ p.quarter
  direct : (M.d_model + 1) * (p.directBias H * p.bias) ≤ p.quarter
  k : (M.d_model + 1) * (p.bias * p.bias) ≤ p.quarter
  g : H.d_head * (p.bias * ((M.d_model + 1) * (p.bias * p.bias))) ≤ p.quarter
  s : (M.d_model + 1) * ((p.bias + p.bias) * (H.d_head * (p.bias * ((M.d_model + 1) * (p.bias * p.bias))))) ≤ p.quarter
  bias : 1 ≤ p.bias
  narrow : 2 ≤ p.narrow
  stride : p.narrow * (M.d_vocab + M.n_ctx + 2) ≤ p.stride
  w : p.narrow ≤ p.w
  r : p.r ≤ p.narrow
  e : p.narrow ≤ p.e
  exps : 2 * p.P + 1 ≤ p.e
  offset : p.offset + 1 ≤ p.quarter
  consts : p.consts.length ≤ p.narrow
  maxE : p.maxE < 2 ^ ((p.narrow - 1) * M.d_vocab)
  maxP : p.maxP < 2 ^ ((p.narrow - 1) * M.d_vocab)

variable {M : AttentionOnly} {H : Head}

theorem widths_sound (h : checkWidths p M H = true) : Widths p M H := by
  simp only [checkWidths, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, h12, h13, h14, h15, h16, h17, h18⟩ := h
  exact ⟨Nat.le_of_ble_eq_true h1, Nat.le_of_ble_eq_true h2, Nat.le_of_ble_eq_true h3, Nat.le_of_ble_eq_true h4,
    Nat.le_of_ble_eq_true h5, Nat.le_of_ble_eq_true h6, Nat.le_of_ble_eq_true h7, Nat.le_of_ble_eq_true h8,
    Nat.le_of_ble_eq_true h9, Nat.le_of_ble_eq_true h10, Nat.le_of_ble_eq_true h11, Nat.le_of_ble_eq_true h12,
    Nat.le_of_ble_eq_true h13, Nat.le_of_ble_eq_true h14, Nat.le_of_ble_eq_true h15, Nat.le_of_ble_eq_true h16,
    Nat.le_of_ble_eq_true h17, Nat.le_of_ble_eq_true h18⟩

namespace Widths

variable (hw : Widths p M H)

include hw

theorem half_eq : p.half = 2 * p.quarter := by
  show 2 ^ (p.narrow - 1) = 2 * 2 ^ (p.narrow - 2)
  rw [← Nat.pow_succ']; congr 1; have := hw.narrow; omega

theorem two_pow : 2 ^ p.narrow = 4 * p.quarter := by
  show _ = 4 * 2 ^ (p.narrow - 2)
  rw [show 4 = 2 ^ 2 from rfl, ← Nat.pow_add]; congr 1; have := hw.narrow; omega

theorem lanes_le (m : Nat) (hm : m ≤ M.d_vocab + M.n_ctx) : p.narrow * m ≤ p.stride :=
  Nat.le_trans (Nat.mul_le_mul_left _ (by omega)) hw.stride

theorem stride_pos : 0 < p.stride :=
  Nat.lt_of_lt_of_le (Nat.mul_pos (by have := hw.narrow; omega) (by omega)) hw.stride

/-- Entries of a matrix product fit into lanes. -/
theorem lt_two_pow {x : Int} (h : x.natAbs ≤ p.quarter) : x + (p.quarter : Int) < ((2 ^ p.narrow : Nat) : Int) := by
  have hq : 0 < p.quarter := Nat.two_pow_pos _
  rw [hw.two_pow]; omega

/-- `times` is the product of two matrices, within bounds. -/
theorem times {n m d a b α β : Nat} {A B : Nat → Nat → Int} {col row : Nat → Nat}
    (hcol : ∀ c, c < d → Vec p.stride n a (fun i => A i c) (col c)) (hrow : ∀ c, c < d → Vec p.narrow m b (B c) (row c))
    (hA : ∀ i c, i < n → c < d → (A i c).natAbs ≤ α) (hB : ∀ c o, c < d → o < m → (B c o).natAbs ≤ β)
    (hq : d * (α * β) ≤ p.quarter) :
    Grid p.stride p.narrow n m p.quarter (fun i o => sum d fun c => A i c * B c o) (p.times n m d a b col row) ∧
      ∀ i o, i < n → o < m → (sum d fun c => A i c * B c o).natAbs ≤ d * (α * β) := by
  have hb : ∀ i o, i < n → o < m → (sum d fun c => A i c * B c o).natAbs ≤ d * (α * β) := fun i o hi ho => by
    rw [← Nat.mul_assoc]
    exact sum_mul_bound (fun c hc => hA i c hi hc) fun c hc => hB c o hc ho
  exact ⟨product_grid hcol hrow fun i o hi ho => Nat.le_trans (hb i o hi ho) hq, hb⟩

/-- A row of a matrix product. -/
theorem row {n m i : Nat} {T : Nat → Nat → Int} {x : Nat} (h : Grid p.stride p.narrow n m p.quarter T x)
    (hb : ∀ i o, i < n → o < m → (T i o).natAbs ≤ p.quarter) (hm : m ≤ M.d_vocab + M.n_ctx) (hi : i < n) :
    Vec p.narrow m p.quarter (T i) (p.rowOf x i) :=
  h.row (fun i o hi ho => hw.lt_two_pow (hb i o hi ho)) (hw.lanes_le m hm) hi

end Widths

/-- `n` lanes of zeros, then ones: what a bias of positions is multiplied by. -/
theorem ones_above {w n k : Nat} (b : Nat) :
    Vec w (n + k) b (fun i => if i < n then (0 : Int) else 1)
      (above w n (Nat.mul (Nat.succ b) (ones w k)) (Nat.mul b (ones w n))) :=
  Vec.above (Vec.const (by simp)) (Vec.const (c := 1) (by simp; omega))

/-- Embeddings of tokens, then of positions. -/
def embed (M : AttentionOnly) (i c : Nat) : Int := if i < M.d_vocab then M.W_E.int i c else M.W_pos.int (i - M.d_vocab) c

theorem Shapes.embedding (hs : Shapes p M H) {c : Nat} (hc : c < M.d_model) :
    Vec p.stride (M.d_vocab + M.n_ctx) p.bias (fun i => embed M i c) (p.embedding M c) :=
  (hs.W_E.shaped.column hc).above (hs.W_pos.shaped.column hc)

theorem Shapes.embed_le (hs : Shapes p M H) (i c : Nat) : (embed M i c).natAbs ≤ p.bias := by
  unfold embed
  split
  · exact hs.W_E.abs_le _ _
  · exact hs.W_pos.abs_le _ _

end Plan

end

end LeanBound
