module

public import LeanBound.Properties.Counting
public import LeanBound.Strategies.Tables.Meaning

/-!
# Weighted logit rows: soundness

A row is the pack of its entries (`row_eq_pack`), `leads` compares lanes (`leads_sound`), and a lead of `slack` in the sum
of the rows makes the model right (`correct_of_lead`).
-/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-! ## Packed vectors -/

theorem natSum_pack (w n K : Nat) (f : Nat → Nat → Nat) :
    natSum K (fun i => pack w (f i) n) = pack w (fun o => natSum K fun i => f i o) n := by
  induction K with
  | zero => simp only [natSum_zero, pack_const, Nat.zero_mul]
  | succ K ih => simp only [natSum_succ, ih, ← pack_add]

theorem natSum_le_mul {n c : Nat} {f : Nat → Nat} (h : ∀ i, i < n → f i ≤ c) : natSum n f ≤ n * c := by
  induction n with
  | zero => simp [natSum_zero]
  | succ n ih =>
    have h1 := ih fun i hi => h i (by omega)
    have h2 := h n (by omega)
    rw [natSum_succ, Nat.succ_mul]
    exact Nat.add_le_add h1 h2

theorem pack_single (w m n : Nat) (h : m < n) : pack w (fun o => if o = m then 1 else 0) n = 2 ^ (w * m) := by
  have zero : ∀ n, n ≤ m → pack w (fun o => if o = m then 1 else 0) n = 0 := by
    intro n hn
    have : pack w (fun o => if o = m then 1 else 0) n = pack w (fun _ => 0) n :=
      pack_congr fun o ho => if_neg (by omega)
    rw [this, pack_const, Nat.zero_mul]
  induction n with
  | zero => omega
  | succ n ih =>
    rw [pack_succ]
    by_cases hn : n = m
    · subst hn
      rw [zero n (Nat.le_refl _), if_pos rfl]; omega
    · rw [ih (by omega), if_neg hn]; omega

theorem two_pow_eq {w : Nat} (hw : 0 < w) : 2 ^ w = 2 * 2 ^ (w - 1) := by
  obtain ⟨v, rfl⟩ : ∃ v, w = v + 1 := ⟨w - 1, by omega⟩
  rw [Nat.pow_succ]; simp only [Nat.add_sub_cancel]; omega

/-- Where the mask `k` holds the guard bit and `g` has all bits of the mask, `g` reaches `2 ^ (w - 1)`. -/
theorem half_le_of_land {w n : Nat} {g k : Nat → Nat} (hw : 0 < w) (hg : ∀ j, j < n → g j < 2 ^ w)
    (hk : ∀ j, j < n → k j < 2 ^ w) (h : pack w g n &&& pack w k n = pack w k n) {j : Nat} (hj : j < n)
    (hkj : k j = 2 ^ (w - 1)) : 2 ^ (w - 1) ≤ g j := by
  have hp := Nat.two_pow_pos (w - 1)
  have hb := congrArg (fun x => x.testBit (w * j + (w - 1))) h
  simp only [Nat.testBit_and] at hb
  rw [testBit_pack hg hj (by omega), testBit_pack hk hj (by omega), testBit_top hw (hk j hj), testBit_top hw (hg j hj),
    hkj] at hb
  simpa using hb

variable {C : Tables} {V K m : Nat}

theorem guards_eq_pack (hm : m < V) : guards C V m = pack C.w (fun o => if o = m then 0 else C.half) V := by
  have h : pack C.w (fun o => 1 - if o = m then 1 else 0) V = ones C.w V - 2 ^ (C.w * m) := by
    rw [pack_sub (fun o _ => by split <;> omega), pack_single _ _ _ hm, ones_eq]
  show C.half * (ones C.w V - 2 ^ (C.w * m)) = _
  rw [← h, ← pack_mul]
  exact pack_congr fun o _ => by split <;> simp

theorem lead_eq_pack {f : Nat → Nat} {lift : Nat} (hm : m < V) (hf : ∀ o, o < V → f o < 2 ^ C.w)
    (hl : ∀ o, o < V → f o ≤ f m + lift) :
    lead C V (pack C.w f V) lift m = pack C.w (fun o => f m + lift - f o) V := by
  rw [pack_sub hl, pack_const]
  show (lane C.w (pack C.w f V) m + lift) * ones C.w V - pack C.w f V = _
  rw [lane_pack hf hm]

theorem half_le_of_guards {g : Nat → Nat} (hw : 0 < C.w) (hm : m < V) (hg : ∀ o, o < V → g o < 2 ^ C.w)
    (h : pack C.w g V &&& guards C V m = guards C V m) : ∀ o, o < V → o ≠ m → C.half ≤ g o := by
  intro o ho hne
  have hp : (2 : Nat) ^ C.w = 2 * C.half := two_pow_eq hw
  have hh : 0 < C.half := Nat.two_pow_pos (C.w - 1)
  rw [guards_eq_pack hm] at h
  exact half_le_of_land hw hg (fun o _ => by show (if o = m then 0 else C.half) < _; split <;> omega) h ho (if_neg hne)

/-! ## Valid tables -/

variable {M : AttentionOnly} {H : Head}

theorem Tables.slack_pos (C : Tables) (K : Nat) : 0 < C.slack K := Nat.succ_pos _

namespace Tables.ValidLogits

variable (hv : Tables.ValidLogits M H C)

include hv in
theorem room_le : 3 * (M.n_ctx * C.top) + C.slack M.n_ctx ≤ C.half := by
  have h := hv.room
  exact Nat.le_of_ble_eq_true h

include hv in
theorem two_pow_w : 2 ^ C.w = 2 * C.half := two_pow_eq hv.w_pos

include hv in
theorem top_lt : C.top < C.half := by
  have h := hv.room_le
  have h1 := C.slack_pos M.n_ctx
  have h2 : C.top ≤ M.n_ctx * C.top := Nat.le_mul_of_pos_left _ hv.n_ctx_pos
  omega

include hv in
/-- Losses, with their biases, stay inside their lanes. -/
theorem bias_room : 12 * 2 ^ C.r < C.half := by
  have h1 := hv.room_le
  have h2 := C.slack_pos M.n_ctx
  have h3 : C.top ≤ M.n_ctx * C.top := Nat.le_mul_of_pos_left _ hv.n_ctx_pos
  have h4 : C.top = 2 ^ C.P * (2 ^ C.r * 4) := by
    show 2 ^ (C.P + (C.r + 2)) = _
    rw [Nat.pow_add, Nat.pow_add]
  have h5 : 2 ^ C.r * 4 ≤ C.top := h4 ▸ Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
  omega

include hv in
theorem half_lt_two_pow : C.half < 2 ^ C.w := by
  have h1 := hv.two_pow_w
  have h2 : 0 < C.half := Nat.two_pow_pos _
  omega

end Tables.ValidLogits

/-- The sum of three lanes, one of each table. -/
def laneSum (C : Tables) (a i t o : Nat) : Nat :=
  lane C.w (C.D a) o + lane C.w (C.OP i) o + lane C.w (C.OE t) o

section Valid

variable (hv : Tables.Valid M H C) {a i t o : Nat} (ha : a < M.d_vocab) (hi : i < M.n_ctx) (ht : t < M.d_vocab)

include hv ha hi ht

theorem laneSum_lt (ho : o < M.d_vocab) : laneSum C a i t o < 2 ^ (C.r + 2) := by
  have h1 := (hv.D_lt a ha).2 o ho
  have h2 := (hv.OP_lt i hi).2 o ho
  have h3 := (hv.OE_lt t ht).2 o ho
  rw [laneSum, Nat.pow_add]
  omega

/-- No entry of a row reaches `top`. -/
theorem rowEntry_lt_top (ho : o < M.d_vocab) : rowEntry C a i t o < C.top := by
  have h1 := laneSum_lt hv ha hi ht ho
  have h2 := hv.weight_le a i t ha hi ht
  show weight C a i t * laneSum C a i t o < 2 ^ (C.P + (C.r + 2))
  rw [Nat.pow_add]
  exact Nat.lt_of_le_of_lt (Nat.mul_le_mul_right _ h2) (Nat.mul_lt_mul_of_pos_left h1 (Nat.two_pow_pos _))

/-- A row holds its entries in lanes. -/
theorem row_eq_pack : row C a i t = pack C.w (rowEntry C a i t) M.d_vocab := by
  have h : pack C.w (rowEntry C a i t) M.d_vocab = weight C a i t * pack C.w (laneSum C a i t) M.d_vocab :=
    pack_mul ..
  have h' : pack C.w (laneSum C a i t) M.d_vocab = pack C.w (lane C.w (C.D a)) M.d_vocab +
      pack C.w (lane C.w (C.OP i)) M.d_vocab + pack C.w (lane C.w (C.OE t)) M.d_vocab := by
    rw [← pack_add, ← pack_add]; rfl
  rw [h, h', pack_lane (hv.D_lt a ha).1, pack_lane (hv.OP_lt i hi).1, pack_lane (hv.OE_lt t ht).1]
  rfl

end Valid

/-- Lanes of a sum of at most `n_ctx` rows: `leads` says that lane `m` leads every other one by the slack. -/
theorem leads_sound (hv : Tables.Valid M H C) {f : Nat → Nat} (hm : m < V) (hf : ∀ o, o < V → f o ≤ M.n_ctx * C.top)
    (h : leads C V M.n_ctx (pack C.w f V) m = true) : ∀ o, o < V → o ≠ m → f o + C.slack M.n_ctx ≤ f m := by
  intro o ho hne
  have hr := hv.room_le
  have hw := hv.two_pow_w
  have hs := C.slack_pos M.n_ctx
  generalize M.n_ctx * C.top = B at hf hr
  have h : lead C V (pack C.w f V) (C.half - C.slack M.n_ctx) m &&& guards C V m = guards C V m := Nat.eq_of_beq_eq_true h
  have hfm := hf m hm
  rw [lead_eq_pack hm (fun o ho => by have := hf o ho; omega) (fun o ho => by have := hf o ho; omega)] at h
  have hg := half_le_of_guards hv.w_pos hm (fun o ho => by have := hf o ho; omega) h o ho hne
  have hfo := hf o ho
  omega

/-! ## From leads to the model -/

section Field

variable {F : Type} [ExpField F]

theorem natCast_natSum (n : Nat) (f : Nat → Nat) : ((natSum n f : Nat) : F) = sum n fun i => (f i : F) := by
  induction n with
  | zero => exact natCast_zero
  | succ n ih => rw [natSum_succ, natCast_add, ih, sum_succ]

/-- A product whose first factor is known up to `e` and whose second is at least `-B`. -/
theorem enclosed_mul_le {W w e d B : F} (h1 : w ≤ W) (h2 : W ≤ w + e) (hd : -B ≤ d) (hB : 0 ≤ B) :
    w * d - e * B ≤ W * d := by
  have := mul_nonneg (a := W - w) (b := d + B) (by grind) (by grind)
  have := mul_nonneg (a := w + e - W) (b := B) (by grind) hB
  grind

/-- What one position adds to a comparison of logits, at any attention weight in its enclosure. -/
theorem rowEntry_sub_le (hv : Tables.Valid M H C) {a i t o y : Nat} (ha : a < M.d_vocab) (hi : i < M.n_ctx)
    (ht : t < M.d_vocab) (ho : o < M.d_vocab) (hy : y < M.d_vocab) {W : F} (h1 : (weight C a i t : F) ≤ W)
    (h2 : W ≤ (weight C a i t : F) + (C.weightErr : F)) :
    (rowEntry C a i t y : F) - (rowEntry C a i t o : F) - ((C.weightErr * 2 ^ (C.r + 2) : Nat) : F) ≤
      W * ((M.cInt H a t i y - M.cInt H a t i o : Int) : F) := by
  have hd : M.cInt H a t i y - M.cInt H a t i o = (laneSum C a i t y : Int) - (laneSum C a i t o : Int) := by
    have := hv.logits a i t y ha hi ht hy
    have := hv.logits a i t o ha hi ht ho
    unfold laneSum
    omega
  have hlt := natCast_lt (F := F) (laneSum_lt hv ha hi ht ho)
  have hy0 := natCast_nonneg (F := F) (laneSum C a i t y)
  have hB := natCast_nonneg (F := F) (2 ^ (C.r + 2))
  have h := enclosed_mul_le h1 h2 (d := (laneSum C a i t y : F) - (laneSum C a i t o : F)) (by grind) hB
  have e1 : (rowEntry C a i t y : F) = (weight C a i t : F) * (laneSum C a i t y : F) := natCast_mul ..
  have e2 : (rowEntry C a i t o : F) = (weight C a i t : F) * (laneSum C a i t o : F) := natCast_mul ..
  rw [hd, intCast_sub, intCast_natCast, intCast_natCast, natCast_mul, e1, e2]
  grind

end Field

theorem getD_lt {x : List Nat} (hx : x ∈ sequences V K) {i : Nat} (hi : i < K) : x.getD i 0 < V := by
  obtain ⟨hl, ht⟩ := mem_sequences.1 hx
  have : i < x.length := by omega
  rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem this, Option.getD_some]
  exact ht _ (List.getElem_mem this)

/-- A lead of the slack in the sum of the rows makes the model right. -/
theorem correct_of_lead (hv : Tables.Valid M H C) (F : Type) [ExpField F] {x : List Nat}
    (hx : x ∈ sequences M.d_vocab M.n_ctx) {a y : Nat} (ha : x.getD (M.n_ctx - 1) 0 = a) (hy : y < M.d_vocab)
    (h : ∀ o, o < M.d_vocab → o ≠ y → natSum M.n_ctx (fun i => rowEntry C a i (x.getD i 0) o) + C.slack M.n_ctx ≤
      natSum M.n_ctx fun i => rowEntry C a i (x.getD i 0) y) : M.classifier.Correct F x y := by
  have hn := hv.n_ctx_pos
  have haV : a < M.d_vocab := ha ▸ getD_lt hx (by omega)
  obtain ⟨s, hs, hW⟩ := hv.weights F a haV
  refine AttentionOnly.correct_of_margin hv.heads hv.aligned hn x y a ha fun o ho hne => ?_
  have hterms := sum_le_sum (R := F) (n := M.n_ctx) fun i hi =>
    rowEntry_sub_le hv haV hi (getD_lt hx hi) ho hy (hW i _ hi (getD_lt hx hi)).1 (hW i _ hi (getD_lt hx hi)).2
  have hlead : ((natSum M.n_ctx (fun i => rowEntry C a i (x.getD i 0) o) +
      (M.n_ctx * (C.weightErr * 2 ^ (C.r + 2)) + 1) : Nat) : F) ≤ _ := natCast_le (h o ho hne)
  rw [natCast_add, natCast_add, natCast_one, natCast_natSum, natCast_natSum, natCast_mul] at hlead
  simp only [Semiring.mul_assoc] at hterms
  rw [sum_sub, sum_sub, sum_const, sum_mul_left] at hterms
  refine pos_of_mul_pos (b := s) ?_ (by grind)
  grind

end

end LeanBound
