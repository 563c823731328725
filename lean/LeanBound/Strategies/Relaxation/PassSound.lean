module

public import LeanBound.Numerics.GridRelu
public import LeanBound.Strategies.Relaxation.Checker
public import LeanBound.Strategies.Tables.RowsSound
public import LeanBound.Strategies.Tables.ShapesSound

/-! # One step of a pass backwards: what the packed numbers hold -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem field_eq (w x i : Nat) : field w x i = lane w x i := by
  show (x >>> (w * i)) &&& (2 ^ w - 1) = _
  rw [Nat.and_two_pow_sub_one_eq_mod, lane_eq]

theorem sum_mul_sub (d : Nat) (W : Nat → Int) (p n : Nat → Nat) (w : Nat → Nat) (b : Nat)
    (hw : ∀ o, (w o : Int) = W o + (b : Int)) :
    ((biasedSum d b w p n : Nat) : Int) - (biasedSum d b w n p : Nat) = sum d fun o => W o * ((p o : Int) - (n o : Int)) := by
  show ((natSum d (fun o => w o * p o) + b * natSum d n : Nat) : Int) -
    ((natSum d (fun o => w o * n o) + b * natSum d p : Nat) : Int) = _
  induction d with
  | zero => simp [natSum_zero, sum_zero_left]
  | succ d ih =>
    have h := hw d
    simp only [natSum_succ, sum_succ, ← ih, Int.natCast_add, Int.natCast_mul, h]
    grind

theorem biasedSum_le {d b top : Nat} {w p n : Nat → Nat} (hw : ∀ o, o < d → w o ≤ 2 * b) (hp : ∀ o, o < d → p o ≤ top)
    (hn : ∀ o, o < d → n o ≤ top) : biasedSum d b w p n ≤ Pass.sumTop d b top := by
  have h1 : natSum d (fun o => w o * p o) ≤ d * (2 * b * top) :=
    natSum_le_mul fun o ho => Nat.mul_le_mul (hw o ho) (hp o ho)
  have h2 : b * natSum d n ≤ b * (d * top) := Nat.mul_le_mul_left _ (natSum_le_mul hn)
  have h3 : d * (2 * b * top) + b * (d * top) = d * (3 * b * top) := by grind
  show natSum d (fun o => w o * p o) + b * natSum d n ≤ d * (3 * b * top)
  omega

/-- Entries of a tensor, with their bias, are below twice the bias. -/
theorem Tensor.lane_le (T : Tensor) (i j : Nat) : lane T.width (nth T.rows i) j ≤ 2 * T.bound := by
  have h1 := T.lane_row i j
  have h2 := T.natAbs_int_le i j
  have h3 : T.bound = 2 ^ (T.width - 1) := rfl
  omega

namespace Pass

variable {g : Pass} {L : Layer}

/-- The layer is one that a pass can go through. -/
structure FitsLayer (g : Pass) (L : Layer) : Prop where
  length : L.W.rows.length = L.d_in
  row_lt : ∀ i, i < L.d_in → nth L.W.rows i < 2 ^ g.stride
  width : L.W.width * L.d_out ≤ g.stride

theorem fitsLayer_sound (h : g.fitsLayer L = true) : FitsLayer g L := by
  simp only [fitsLayer, both_eq_true] at h
  have h1 : L.W.rows.length = L.d_in := Nat.eq_of_beq_eq_true h.1
  refine ⟨h1, fun i hi => ?_, Nat.le_of_ble_eq_true h.2.2⟩
  have h2 : nth L.W.rows i ≤ 2 ^ g.stride - 1 := allAtMost_sound h.2.1 _ (nth_mem (by omega))
  have := Nat.two_pow_pos g.stride
  omega

/-- A pass whose rows fit its stride. -/
structure Fits (g : Pass) : Prop where
  width : 0 < g.width
  stride : g.width * g.count ≤ g.stride

theorem fitsStride_sound (h : g.fitsStride = true) : Fits g := by
  simp only [fitsStride, both_eq_true] at h
  exact ⟨Nat.le_of_ble_eq_true h.1, Nat.le_of_ble_eq_true h.2⟩

/-- The coefficients `f o e` of number `o` in form `e`, packed by number. -/
def Packed (g : Pass) (d : Nat) (f : Nat → Nat → Nat) (p : Nat → Nat) : Prop := ∀ o, o < d → p o = pack g.width (f o) g.count

variable {f h : Nat → Nat → Nat} {p n : Nat → Nat}

theorem column_eq (hL : FitsLayer g L) {o : Nat} (ho : o < L.d_out) :
    g.column L.W L.d_in o = pack g.stride (fun i => lane L.W.width (nth L.W.rows i) o) L.d_in := by
  have h1 : L.W.width * o + L.W.width ≤ g.stride := by
    have h2 := Nat.mul_le_mul_left L.W.width (Nat.succ_le_of_lt ho)
    rw [Nat.mul_succ] at h2
    exact Nat.le_trans h2 hL.width
  have h3 := land_shift_pack hL.row_lt h1
  show Nat.land (Nat.shiftRight (stack g.stride L.W.rows) (L.W.width * o)) _ = _
  rw [stack_eq, hL.length, h3]
  simp only [lane_eq]

/-- The entry of `mix`. -/
def mixAt (L : Layer) (f h : Nat → Nat → Nat) (i e : Nat) : Nat :=
  biasedSum L.d_out L.W.bound (lane L.W.width (nth L.W.rows i)) (fun o => f o e) fun o => h o e

theorem mix_eq (hL : FitsLayer g L) (hp : Packed g L.d_out f p) (hn : Packed g L.d_out h n) :
    g.mix L p n = packGrid g.stride g.width L.d_in g.count (mixAt L f h) := by
  have h1 : (natSum L.d_out fun o => Nat.mul (g.column L.W L.d_in o) (p o)) =
      packGrid g.stride g.width L.d_in g.count fun i e =>
        natSum L.d_out fun o => lane L.W.width (nth L.W.rows i) o * f o e := by
    rw [packGrid_natSum]
    refine natSum_congr fun o ho => ?_
    rw [packGrid_outer, ← column_eq hL ho, hp o ho]
    rfl
  have h2 : natSum L.d_out n = pack g.width (fun e => natSum L.d_out fun o => h o e) g.count := by
    rw [← natSum_pack]
    exact natSum_congr hn
  have h3 : Nat.mul (Nat.mul L.W.bound (ones g.stride L.d_in)) (natSum L.d_out n) =
      packGrid g.stride g.width L.d_in g.count fun _ e => L.W.bound * natSum L.d_out fun o => h o e := by
    rw [packGrid_outer, pack_const, h2]
    rfl
  show Nat.add (natSum _ _) _ = _
  rw [h1, h3]
  exact (packGrid_add ..).symm

theorem minus_eq (hg : Fits g) {d : Nat} {s t : Nat → Nat → Nat} (hs : ∀ i e, i < d → e < g.count → s i e < 2 ^ (g.width - 1))
    (ht : ∀ i e, i < d → e < g.count → t i e < 2 ^ (g.width - 1)) :
    g.minus d (packGrid g.stride g.width d g.count s) (packGrid g.stride g.width d g.count t) =
      packGrid g.stride g.width d g.count fun i e => s i e - t i e := by
  have hw := two_pow_eq hg.width
  show keepGuarded g.width (2 ^ (g.width - 1) * gridOnes g.stride g.width d g.count)
    (packGrid g.stride g.width d g.count s + 2 ^ (g.width - 1) * gridOnes g.stride g.width d g.count - packGrid _ _ _ _ t) = _
  rw [← packGrid_const, ← packGrid_add, ← packGrid_sub fun i e hi he => by have := ht i e hi he; omega, packGrid_const,
    keepGuarded_packGrid hg.width hg.stride fun i e hi he => by have := hs i e hi he; omega]
  exact packGrid_congr fun i e hi he => by have := ht i e hi he; omega

theorem row_eq (hg : Fits g) {d : Nat} {s : Nat → Nat → Nat} (hs : ∀ i e, i < d → e < g.count → s i e < 2 ^ (g.width - 1))
    {i : Nat} (hi : i < d) : g.row (packGrid g.stride g.width d g.count s) i = pack g.width (s i) g.count := by
  have hw := two_pow_eq hg.width
  rw [row, field_eq]
  exact lane_pack (fun i hi => Nat.lt_of_lt_of_le (pack_lt fun e he => by have := hs i e hi he; omega)
    (Nat.pow_le_pow_right (by omega) hg.stride)) hi

/-- The coefficients of the numbers before a layer, positive part or negative one. -/
theorem row_minus_eq (hg : Fits g) (hL : FitsLayer g L) (hp : Packed g L.d_out f p) (hn : Packed g L.d_out h n) {top : Nat}
    (hf : ∀ o e, o < L.d_out → e < g.count → f o e ≤ top) (hh : ∀ o e, o < L.d_out → e < g.count → h o e ≤ top)
    (hlow : g.low (sumTop L.d_out L.W.bound top) = true) :
    Packed g L.d_in (fun i e => mixAt L f h i e - mixAt L h f i e) (g.row (g.minus L.d_in (g.mix L p n) (g.mix L n p))) := by
  have hlow : sumTop L.d_out L.W.bound top + 1 ≤ 2 ^ (g.width - 1) := Nat.le_of_ble_eq_true hlow
  have h1 : ∀ i e, i < L.d_in → e < g.count → mixAt L f h i e < 2 ^ (g.width - 1) := fun i e _ he =>
    Nat.lt_of_le_of_lt (biasedSum_le (fun o _ => L.W.lane_le i o) (fun o ho => hf o e ho he) fun o ho => hh o e ho he) hlow
  have h2 : ∀ i e, i < L.d_in → e < g.count → mixAt L h f i e < 2 ^ (g.width - 1) := fun i e _ he =>
    Nat.lt_of_le_of_lt (biasedSum_le (fun o _ => L.W.lane_le i o) (fun o ho => hh o e ho he) fun o ho => hf o e ho he) hlow
  intro i hi
  rw [mix_eq hL hp hn, mix_eq hL hn hp, minus_eq hg h1 h2,
    row_eq hg (fun i e hi he => by have := h1 i e hi he; omega) hi]

theorem mixAt_le {top : Nat} {e : Nat} (hf : ∀ o, o < L.d_out → f o e ≤ top) (hh : ∀ o, o < L.d_out → h o e ≤ top) (i : Nat) :
    mixAt L f h i e ≤ sumTop L.d_out L.W.bound top :=
  biasedSum_le (fun o _ => L.W.lane_le i o) hf hh

/-- Coefficients before a layer, from those after it. -/
theorem mixAt_sub (L : Layer) (f h : Nat → Nat → Nat) (i e : Nat) :
    ((mixAt L f h i e - mixAt L h f i e : Nat) : Int) - ((mixAt L h f i e - mixAt L f h i e : Nat) : Int) =
      sum L.d_out fun o => L.W.int i o * ((f o e : Int) - (h o e : Int)) := by
  rw [← sum_mul_sub L.d_out (L.W.int i) _ _ (lane L.W.width (nth L.W.rows i)) L.W.bound fun o => L.W.lane_row i o]
  show _ = ((mixAt L f h i e : Nat) : Int) - ((mixAt L h f i e : Nat) : Int)
  omega

/-- A lane of what the bias adds. -/
def offsetAt (L : Layer) (lift : Nat) (f h : Nat → Nat → Nat) (e : Nat) : Nat := L.offset lift (fun o => f o e) fun o => h o e

theorem offset_eq (lift : Nat) (hp : Packed g L.d_out f p) (hn : Packed g L.d_out h n) :
    L.offset lift p n = pack g.width (offsetAt L lift f h) g.count := by
  have h1 : (natSum L.d_out fun o => Nat.mul (field L.b.width (nth L.b.rows 0) o) (p o)) =
      pack g.width (fun e => natSum L.d_out fun o => field L.b.width (nth L.b.rows 0) o * f o e) g.count := by
    rw [← natSum_pack]
    refine natSum_congr fun o ho => ?_
    rw [hp o ho, pack_mul]
    rfl
  have h2 : natSum L.d_out n = pack g.width (fun e => natSum L.d_out fun o => h o e) g.count := by
    rw [← natSum_pack]
    exact natSum_congr hn
  show 2 ^ lift * (natSum _ _ + L.b.bound * natSum L.d_out n) = _
  rw [h2, ← pack_mul, show natSum L.d_out (fun o => Nat.mul (field L.b.width (nth L.b.rows 0) o) (p o)) = _ from h1, ← pack_add,
    ← pack_mul]
  rfl

theorem offsetAt_le {lift top e : Nat} (hf : ∀ o, o < L.d_out → f o e ≤ top) (hh : ∀ o, o < L.d_out → h o e ≤ top) :
    offsetAt L lift f h e ≤ 2 ^ lift * sumTop L.d_out L.b.bound top :=
  Nat.mul_le_mul_left _ (biasedSum_le (fun o _ => by rw [field_eq]; exact L.b.lane_le 0 o) hf hh)

theorem offsetAt_sub (L : Layer) (lift : Nat) (f h : Nat → Nat → Nat) (e : Nat) :
    (offsetAt L lift f h e : Int) - (offsetAt L lift h f e : Int) =
      ((2 ^ lift : Nat) : Int) * sum L.d_out fun o => L.b.int 0 o * ((f o e : Int) - (h o e : Int)) := by
  rw [← sum_mul_sub L.d_out (L.b.int 0) _ _ (field L.b.width (nth L.b.rows 0)) L.b.bound fun o => by
    rw [field_eq]; exact L.b.lane_row 0 o]
  show ((2 ^ lift * _ : Nat) : Int) - ((2 ^ lift * _ : Nat) : Int) = _
  rw [Int.natCast_mul, Int.natCast_mul, Int.mul_sub]

end Pass

end

end LeanBound
