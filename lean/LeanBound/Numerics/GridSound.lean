module

public import LeanBound.Numerics.Grid
public import LeanBound.Numerics.StretchSound
public import LeanBound.Numerics.SumLemmas

/-! # Matrices in one number: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Vectors -/

/-- `x` holds `f 0, …, f (n - 1)` in lanes of `w` bits, with `b` added to each. -/
def Vec (w n b : Nat) (f : Nat → Int) (x : Nat) : Prop :=
  x = pack w (fun i => (f i + (b : Int)).toNat) n ∧ ∀ i, i < n → 0 ≤ f i + (b : Int)

section Vec

variable {w n a b x y : Nat} {f g : Nat → Int}

theorem Vec.congr (h : Vec w n b f x) (e : ∀ i, i < n → f i = g i) : Vec w n b g x :=
  ⟨h.1.trans (pack_congr fun i hi => by rw [e i hi]), fun i hi => by rw [← e i hi]; exact h.2 i hi⟩

theorem Vec.of_pack {v : Nat → Nat} (h : ∀ i, i < n → (v i : Int) = f i + (b : Int)) : Vec w n b f (pack w v n) :=
  ⟨pack_congr fun i hi => by have := h i hi; omega, fun i hi => by have := h i hi; omega⟩

theorem Vec.add (hx : Vec w n a f x) (hy : Vec w n b g y) : Vec w n (a + b) (fun i => f i + g i) (x + y) := by
  rw [hx.1, hy.1, ← pack_add]
  exact Vec.of_pack fun i hi => by
    have := hx.2 i hi
    have := hy.2 i hi
    omega

theorem Vec.scale (k : Nat) (hx : Vec w n b f x) : Vec w n (k * b) (fun i => (k : Int) * f i) (k * x) := by
  rw [hx.1, ← pack_mul]
  exact Vec.of_pack fun i hi => by
    rw [Int.natCast_mul, Int.natCast_mul, Int.toNat_of_nonneg (hx.2 i hi), Int.mul_add]

theorem Vec.const {v : Nat} {c : Int} (h : (v : Int) = c + (b : Int)) : Vec w n b (fun _ => c) (v * ones w n) := by
  rw [← pack_const]
  exact Vec.of_pack fun _ _ => h

theorem Vec.above {m : Nat} (hy : Vec w m b g y) (hx : Vec w n b f x) :
    Vec w (m + n) b (fun i => if i < m then g i else f (i - m)) (LeanBound.above w m x y) := by
  have e : LeanBound.above w m x y = y + x <<< (w * m) := rfl
  rw [e, Nat.shiftLeft_eq, hx.1, hy.1]
  refine ⟨?_, fun i hi => ?_⟩
  · rw [pack_append]
    congr 1
    · exact pack_congr fun i hi => by simp only [hi, if_true]
    · congr 1
      exact pack_congr fun i hi => by simp only [show ¬ m + i < m by omega, if_false, Nat.add_sub_cancel_left]
  · by_cases h : i < m
    · simp only [h, if_true]; exact hy.2 i h
    · simp only [h, if_false]; exact hx.2 _ (by omega)

theorem Vec.lane (hx : Vec w n b f x) (hw : ∀ i, i < n → f i + (b : Int) < (2 ^ w : Nat)) {i : Nat} (hi : i < n) :
    ((lane w x i : Nat) : Int) = f i + (b : Int) := by
  rw [hx.1, lane_pack (fun j hj => by have := hw j hj; have := hx.2 j hj; omega) hi]
  exact Int.toNat_of_nonneg (hx.2 i hi)

theorem two_pow_eq_mul_add (l d k : Nat) : ∃ q, 2 ^ ((l + d) * k) = 2 ^ (l * k) + (2 ^ d - 1) * q := by
  induction k with
  | zero => exact ⟨0, by simp⟩
  | succ k ih =>
    obtain ⟨q, hq⟩ := ih
    obtain ⟨D, hD⟩ : ∃ D, 2 ^ d = D + 1 := ⟨2 ^ d - 1, by have := Nat.two_pow_pos d; omega⟩
    refine ⟨(2 ^ (l * k) + q * 2 ^ d) * 2 ^ l, ?_⟩
    rw [Nat.mul_succ, Nat.pow_add, hq, Nat.mul_succ, Nat.pow_add _ (l * k), Nat.pow_add, hD, Nat.add_sub_cancel]
    grind

theorem squeeze_pack {S l : Nat} {v : Nat → Nat} (hv : ∀ i, i < n → v i < 2 ^ l) (hS : l * n + l < S) :
    squeeze S l (pack S v n) = pack l v n := by
  obtain ⟨d, rfl⟩ := Nat.exists_eq_add_of_le (show l ≤ S by omega)
  have hq : ∃ q, pack (l + d) v n = pack l v n + (2 ^ d - 1) * q := by
    clear hv hS
    induction n with
    | zero => exact ⟨0, rfl⟩
    | succ n ih =>
      obtain ⟨q, hq⟩ := ih
      obtain ⟨r, hr⟩ := two_pow_eq_mul_add l d n
      exact ⟨q + v n * r, by rw [pack_succ, pack_succ, hq, hr]; grind⟩
  obtain ⟨q, hq⟩ := hq
  have hlt : pack l v n < 2 ^ d - 1 := by
    have h1 := pack_lt hv
    have h2 : 2 ^ (l * n + 1) ≤ 2 ^ d := Nat.pow_le_pow_right (by omega) (by omega)
    have h3 := Nat.two_pow_pos (l * n)
    rw [Nat.pow_succ] at h2
    omega
  show _ % (2 ^ (l + d - l) - 1) = _
  rw [Nat.add_sub_cancel_left, hq, Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt hlt]

theorem Vec.squeeze {S l : Nat} (hx : Vec S n b f x) (hl : ∀ i, i < n → f i + (b : Int) < (2 ^ l : Nat))
    (hS : l * n + l < S) : Vec l n b f (squeeze S l x) := by
  rw [hx.1, squeeze_pack (fun i hi => by have := hl i hi; have := hx.2 i hi; omega) hS]
  exact ⟨rfl, hx.2⟩

end Vec

/-! ## Tensors -/

theorem stack_eq (S : Nat) (xs : List Nat) : stack S xs = pack S (nth xs) xs.length := by
  induction xs with
  | nil => rfl
  | cons x xs ih =>
    show x + (stack S xs) <<< S = _
    rw [Nat.shiftLeft_eq, ih, List.length_cons, pack_succ_left]
    rfl

/-- One lane of `u` bits of each row. -/
theorem land_shift_pack {S n s u : Nat} {f : Nat → Nat} (hf : ∀ i, i < n → f i < 2 ^ S) (hs : s + u ≤ S) :
    Nat.land (Nat.shiftRight (pack S f n) s) (laneMask S u n) = pack S (fun i => f i >>> s % 2 ^ u) n := by
  have hu := Nat.two_pow_pos u
  have hmask : ∀ i, i < n → 2 ^ u - 1 < 2 ^ S := fun _ _ => by
    have : 2 ^ u ≤ 2 ^ S := Nat.pow_le_pow_right (by omega) (by omega)
    omega
  have hlane : ∀ i, i < n → f i >>> s % 2 ^ u < 2 ^ S := fun i hi => by
    have := Nat.mod_lt (f i >>> s) hu
    have := hmask i hi
    omega
  have high : ∀ {x b : Nat}, x < 2 ^ (S * n) → ¬ b < S * n → x.testBit b = false := fun hx hb =>
    Nat.testBit_lt_two_pow (Nat.lt_of_lt_of_le hx (Nat.pow_le_pow_right (by omega) (by omega)))
  rw [laneMask_eq]
  apply Nat.eq_of_testBit_eq
  intro b
  show (((pack S f n) >>> s) &&& _).testBit b = _
  rw [Nat.testBit_and, Nat.testBit_shiftRight]
  by_cases hb : b < S * n
  · have hS : 0 < S := Nat.pos_of_ne_zero fun h => by subst h; omega
    obtain ⟨i, c, rfl, hc⟩ : ∃ i c, b = S * i + c ∧ c < S := ⟨b / S, b % S, (Nat.div_add_mod b S).symm, Nat.mod_lt _ hS⟩
    have hi : i < n := Nat.lt_of_mul_lt_mul_left (a := S) (by omega)
    rw [testBit_pack hmask hi hc, testBit_pack hlane hi hc, Nat.testBit_two_pow_sub_one, Nat.testBit_mod_two_pow,
      Nat.testBit_shiftRight]
    by_cases hcu : c < u
    · rw [show s + (S * i + c) = S * i + (s + c) by omega, testBit_pack hf hi (by omega)]
      simp [hcu]
    · simp [hcu]
  · rw [high (pack_lt hmask) hb, high (pack_lt hlane) hb, Bool.and_false]

/-- What a tensor must fulfil to be read as a matrix of `n` rows and `m` columns, with the bias `b`. -/
structure Shaped (S b n m : Nat) (T : Tensor) : Prop where
  length : T.rows.length = n
  row_lt : ∀ i, i < n → nth T.rows i < 2 ^ (T.width * m)
  stride : T.width * m ≤ S
  bias : 2 ^ (T.width - 1) ≤ b

section Tensor

variable {S b n m : Nat} {T : Tensor} (hT : Shaped S b n m T)

theorem Tensor.lane_row (T : Tensor) (i j : Nat) :
    ((lane T.width (nth T.rows i) j : Nat) : Int) = T.int i j + ((2 ^ (T.width - 1) : Nat) : Int) := by
  rw [Tensor.int, lane_eq, nth_eq, Nat.shiftRight_eq_div_pow, Int.sub_add_cancel]

include hT in
theorem Shaped.biased (i j : Nat) : ((T.biased b i j : Nat) : Int) = T.int i j + (b : Int) := by
  have := hT.bias
  have h := T.lane_row i j
  show ((lane T.width (nth T.rows i) j + (b - 2 ^ (T.width - 1)) : Nat) : Int) = _
  omega

include hT in
theorem Shaped.column {c : Nat} (hc : c < m) : Vec S n b (fun i => T.int i c) (T.column S b n c) := by
  have h1 : T.width * c + T.width ≤ S := by
    have := Nat.mul_le_mul_left T.width (Nat.succ_le_of_lt hc)
    rw [Nat.mul_succ] at this
    exact Nat.le_trans this hT.stride
  have e : T.column S b n c = pack S (fun i => lane T.width (nth T.rows i) c) n +
      (b - 2 ^ (T.width - 1)) * ones S n := by
    show Nat.land (Nat.shiftRight (stack S T.rows) (T.width * c)) _ + _ = _
    rw [stack_eq, hT.length, land_shift_pack (fun i hi => Nat.lt_of_lt_of_le (hT.row_lt i hi)
      (Nat.pow_le_pow_right (by omega) hT.stride)) h1]
    simp only [lane_eq]
    rfl
  rw [e, ← pack_const, ← pack_add]
  exact Vec.of_pack fun i _ => hT.biased i c

include hT in
theorem Shaped.row {w i : Nat} (hw : T.width ≤ w) (hi : i < n) : Vec w m b (fun j => T.int i j) (T.row w b m i) := by
  have e : T.row w b m i = pack w (lane T.width (nth T.rows i)) m + (b - 2 ^ (T.width - 1)) * ones w m := by
    show stretch T.width w (Nat.log2 m + 1) (nth T.rows i) + _ = _
    rw [← stretch_pack (k := Nat.log2 m + 1) hw (Nat.le_of_lt Nat.lt_log2_self) fun j _ => lane_lt T.width (nth T.rows i) j,
      pack_lane (hT.row_lt i hi)]
    rfl
  rw [e, ← pack_const, ← pack_add]
  exact Vec.of_pack fun j _ => hT.biased i j

end Tensor

/-! ## Grids -/

/-- A matrix of natural numbers: rows `S` bits apart, lanes of `l` bits. -/
def packGrid (S l n m : Nat) (g : Nat → Nat → Nat) : Nat := pack S (fun i => pack l (g i) m) n

/-- `x` holds the matrix `T` of `n` rows and `m` columns, with `b` added to each entry. -/
def Grid (S l n m b : Nat) (T : Nat → Nat → Int) (x : Nat) : Prop :=
  x = packGrid S l n m (fun i o => (T i o + (b : Int)).toNat) ∧ ∀ i o, i < n → o < m → 0 ≤ T i o + (b : Int)

section Grid

variable {S l n m a b x y : Nat} {T U : Nat → Nat → Int}

theorem packGrid_congr {g h : Nat → Nat → Nat} (e : ∀ i o, i < n → o < m → g i o = h i o) :
    packGrid S l n m g = packGrid S l n m h :=
  pack_congr fun i hi => pack_congr fun o ho => e i o hi ho

theorem packGrid_add (g h : Nat → Nat → Nat) :
    packGrid S l n m (fun i o => g i o + h i o) = packGrid S l n m g + packGrid S l n m h := by
  unfold packGrid
  rw [← pack_add]
  exact pack_congr fun i _ => pack_add ..

theorem packGrid_sub {g h : Nat → Nat → Nat} (e : ∀ i o, i < n → o < m → h i o ≤ g i o) :
    packGrid S l n m (fun i o => g i o - h i o) = packGrid S l n m g - packGrid S l n m h := by
  have : packGrid S l n m g = packGrid S l n m (fun i o => g i o - h i o) + packGrid S l n m h := by
    rw [← packGrid_add]
    exact packGrid_congr fun i o hi ho => by have := e i o hi ho; omega
  omega

/-- A column times a row. -/
theorem packGrid_outer (f g : Nat → Nat) : packGrid S l n m (fun i o => f i * g o) = pack S f n * pack l g m := by
  rw [← pack_mul_const]
  exact pack_congr fun i _ => pack_mul ..

theorem packGrid_const (c : Nat) : packGrid S l n m (fun _ _ => c) = c * gridOnes S l n m := by
  have h := packGrid_outer (S := S) (l := l) (n := n) (m := m) (fun _ => c) (fun _ => 1)
  rw [pack_const, pack_const] at h
  simp only [Nat.mul_one, Nat.one_mul] at h
  rw [h, Nat.mul_assoc]
  rfl

theorem packGrid_natSum (d : Nat) (g : Nat → Nat → Nat → Nat) :
    packGrid S l n m (fun i o => natSum d fun c => g c i o) = natSum d fun c => packGrid S l n m (g c) := by
  induction d with
  | zero => exact (packGrid_const 0).trans (Nat.zero_mul _)
  | succ d ih => simp only [natSum_succ, packGrid_add, ih]

theorem Grid.of_pack {g : Nat → Nat → Nat} (h : ∀ i o, i < n → o < m → (g i o : Int) = T i o + (b : Int)) :
    Grid S l n m b T (packGrid S l n m g) :=
  ⟨packGrid_congr fun i o hi ho => by have := h i o hi ho; omega, fun i o hi ho => by have := h i o hi ho; omega⟩

theorem Grid.congr (h : Grid S l n m b T x) (e : ∀ i o, i < n → o < m → T i o = U i o) : Grid S l n m b U x :=
  ⟨h.1.trans (packGrid_congr fun i o hi ho => by rw [e i o hi ho]), fun i o hi ho => by rw [← e i o hi ho]; exact h.2 i o hi ho⟩

/-- A larger bias. -/
theorem Grid.raise (h : Grid S l n m b T x) (c : Nat) : Grid S l n m (b + c) T (x + c * gridOnes S l n m) := by
  rw [h.1, ← packGrid_const, ← packGrid_add]
  exact Grid.of_pack fun i o hi ho => by have := h.2 i o hi ho; omega

/-- A smaller bias. -/
theorem Grid.lower {c : Nat} (h : Grid S l n m (b + c) T x) (hb : ∀ i o, i < n → o < m → 0 ≤ T i o + (b : Int)) :
    Grid S l n m b T (x - c * gridOnes S l n m) := by
  rw [h.1, ← packGrid_const, ← packGrid_sub fun i o hi ho => by have := hb i o hi ho; omega]
  exact Grid.of_pack fun i o hi ho => by have := hb i o hi ho; omega

theorem Grid.sub (hx : Grid S l n m a T x) (hy : Grid S l n m b U y)
    (h : ∀ i o, i < n → o < m → U i o + (b : Int) ≤ T i o + (a : Int)) :
    Grid S l n m a (fun i o => T i o - (U i o + (b : Int))) (x - y) := by
  rw [hx.1, hy.1, ← packGrid_sub fun i o hi ho => by have := h i o hi ho; omega]
  exact Grid.of_pack fun i o hi ho => by
    have := h i o hi ho
    have := hx.2 i o hi ho
    have := hy.2 i o hi ho
    omega

theorem Grid.entry_lt (h : Grid S l n m b T x) (hl : ∀ i o, i < n → o < m → T i o + (b : Int) < (2 ^ l : Nat)) (i o : Nat)
    (hi : i < n) (ho : o < m) : (T i o + (b : Int)).toNat < 2 ^ l := by
  have := h.2 i o hi ho
  have := hl i o hi ho
  omega

/-- A row. -/
theorem Grid.row (h : Grid S l n m b T x) (hl : ∀ i o, i < n → o < m → T i o + (b : Int) < (2 ^ l : Nat)) (hS : l * m ≤ S)
    {i : Nat} (hi : i < n) : Vec l m b (T i) (lane S x i) := by
  have hrow : ∀ i, i < n → pack l (fun o => (T i o + (b : Int)).toNat) m < 2 ^ S := fun i hi =>
    Nat.lt_of_lt_of_le (pack_lt fun o ho => h.entry_lt hl i o hi ho) (Nat.pow_le_pow_right (by omega) hS)
  rw [h.1, packGrid, lane_pack hrow hi]
  exact ⟨rfl, fun o ho => h.2 i o hi ho⟩

theorem natSum_biased (d a b : Nat) (A B : Nat → Int) (hA : ∀ c, c < d → 0 ≤ A c + (a : Int))
    (hB : ∀ c, c < d → 0 ≤ B c + (b : Int)) :
    ((natSum d (fun c => (A c + (a : Int)).toNat * (B c + (b : Int)).toNat) + d * (a * b) : Nat) : Int) =
      sum d (fun c => A c * B c) +
        ((a * natSum d (fun c => (B c + (b : Int)).toNat) + natSum d (fun c => (A c + (a : Int)).toNat) * b : Nat) : Int) := by
  induction d with
  | zero => simp [natSum_zero, sum_zero_left]
  | succ d ih =>
    have ih := ih (fun c hc => hA c (by omega)) fun c hc => hB c (by omega)
    have h1 := Int.toNat_of_nonneg (hA d (by omega))
    have h2 := Int.toNat_of_nonneg (hB d (by omega))
    rw [natSum_succ, natSum_succ, natSum_succ, sum_succ]
    generalize (A d + (a : Int)).toNat = p at *
    generalize (B d + (b : Int)).toNat = q at *
    have e1 : A d = (p : Int) - (a : Int) := by omega
    have e2 : B d = (q : Int) - (b : Int) := by omega
    rw [e1, e2]
    simp only [Int.natCast_add, Int.natCast_mul, Int.natCast_succ] at ih ⊢
    grind

/-- `product` is the product of two matrices. -/
theorem product_grid {d g : Nat} {A B : Nat → Nat → Int} {col row : Nat → Nat}
    (hcol : ∀ c, c < d → Vec S n a (fun i => A i c) (col c)) (hrow : ∀ c, c < d → Vec l m b (B c) (row c))
    (hg : ∀ i o, i < n → o < m → (sum d fun c => A i c * B c o).natAbs ≤ g) :
    Grid S l n m g (fun i o => sum d fun c => A i c * B c o) (product S l n m d a b g col row) := by
  let p c i := (A i c + (a : Int)).toNat
  let q c o := (B c o + (b : Int)).toNat
  let t i o := ((sum d fun c => A i c * B c o) + (g : Int)).toNat
  have ht : ∀ i o, i < n → o < m → (t i o : Int) = (sum d fun c => A i c * B c o) + (g : Int) := fun i o hi ho => by
    have := hg i o hi ho
    exact Int.toNat_of_nonneg (by omega)
  have hsum : ∀ {f : Nat → Nat} {d w k : Nat} {v : Nat → Nat → Nat}, (∀ c, c < d → f c = pack w (v c) k) →
      natSum d f = pack w (fun i => natSum d fun c => v c i) k := fun {f d w k v} h => by
    induction d with
    | zero => exact (Nat.zero_mul _).symm.trans (pack_const w k 0).symm
    | succ d ih => rw [natSum_succ, ih fun c hc => h c (by omega), h d (by omega), ← pack_add]; rfl
  have houter : (natSum d fun c => Nat.mul (col c) (row c)) =
      packGrid S l n m fun i o => natSum d fun c => p c i * q c o := by
    rw [packGrid_natSum]
    clear ht hsum hg t
    induction d with
    | zero => rfl
    | succ d ih =>
      rw [natSum_succ, natSum_succ, ih (fun c hc => hcol c (by omega)) fun c hc => hrow c (by omega), packGrid_outer,
        (hcol d (by omega)).1, (hrow d (by omega)).1]
      rfl
  have key : (natSum d fun c => Nat.mul (col c) (row c)) + (g + d * (a * b)) * gridOnes S l n m =
      packGrid S l n m t + (a * ones S n * natSum d row + b * ones l m * natSum d col) := by
    rw [houter, hsum fun c hc => (hcol c hc).1, hsum fun c hc => (hrow c hc).1, ← pack_const S n a,
      ← pack_const l m b, Nat.mul_comm (pack l _ m), ← packGrid_outer, ← packGrid_outer, ← packGrid_const, ← packGrid_add,
      ← packGrid_add, ← packGrid_add]
    refine packGrid_congr fun i o hi ho => ?_
    have h1 : ((natSum d (fun c => p c i * q c o) + d * (a * b) : Nat) : Int) = sum d (fun c => A i c * B c o) +
        ((a * natSum d (fun c => q c o) + natSum d (fun c => p c i) * b : Nat) : Int) :=
      natSum_biased d a b (fun c => A i c) (fun c => B c o) (fun c hc => (hcol c hc).2 i hi) fun c hc => (hrow c hc).2 o ho
    have h2 := ht i o hi ho
    show natSum d (fun c => p c i * q c o) + (g + d * (a * b)) =
      t i o + (a * natSum d (fun c => q c o) + natSum d (fun c => p c i) * b)
    omega
  have e : product S l n m d a b g col row = packGrid S l n m t := by
    show (natSum d fun c => Nat.mul (col c) (row c)) + (g + d * (a * b)) * gridOnes S l n m -
      (a * ones S n * natSum d row + b * ones l m * natSum d col) = _
    rw [key, Nat.add_sub_cancel]
  rw [e]
  exact Grid.of_pack ht

theorem packGrid_land {g h : Nat → Nat → Nat} (hS : l * m ≤ S) (hg : ∀ i o, i < n → o < m → g i o < 2 ^ l)
    (hh : ∀ i o, i < n → o < m → h i o < 2 ^ l) :
    packGrid S l n m g &&& packGrid S l n m h = packGrid S l n m fun i o => g i o &&& h i o := by
  have row_lt {f : Nat → Nat → Nat} (hf : ∀ i o, i < n → o < m → f i o < 2 ^ l) (i : Nat) (hi : i < n) :
      pack l (f i) m < 2 ^ S :=
    Nat.lt_of_lt_of_le (pack_lt fun o ho => hf i o hi ho) (Nat.pow_le_pow_right (by omega) hS)
  unfold packGrid
  rw [land_pack (row_lt hg) (row_lt hh)]
  exact pack_congr fun i hi => land_pack (fun o ho => hg i o hi ho) fun o ho => hh i o hi ho

theorem packGrid_inj {g h : Nat → Nat → Nat} (hS : l * m ≤ S) (hg : ∀ i o, i < n → o < m → g i o < 2 ^ l)
    (hh : ∀ i o, i < n → o < m → h i o < 2 ^ l) (e : packGrid S l n m g = packGrid S l n m h) :
    ∀ i o, i < n → o < m → g i o = h i o := by
  have row_lt {f : Nat → Nat → Nat} (hf : ∀ i o, i < n → o < m → f i o < 2 ^ l) (i : Nat) (hi : i < n) :
      pack l (f i) m < 2 ^ S :=
    Nat.lt_of_lt_of_le (pack_lt fun o ho => hf i o hi ho) (Nat.pow_le_pow_right (by omega) hS)
  intro i o hi ho
  have e1 : pack l (g i) m = pack l (h i) m := by
    rw [← lane_pack (row_lt hg) hi, ← lane_pack (row_lt hh) hi]
    exact congrArg (fun x => LeanBound.lane S x i) e
  rw [← lane_pack (fun o ho => hg i o hi ho) ho, ← lane_pack (fun o ho => hh i o hi ho) ho, e1]

/-- The bits from `r` on are those of a multiple of `2 ^ r`. -/
theorem lt_of_land {l r c y : Nat} (hr : r ≤ l) (hy : y < 2 ^ l) (h : y &&& (2 ^ l - 2 ^ r) = c) : c ≤ y ∧ y < c + 2 ^ r := by
  refine ⟨h ▸ Nat.and_le_left, ?_⟩
  obtain ⟨d, rfl⟩ := Nat.exists_eq_add_of_le hr
  have hp := Nat.two_pow_pos r
  have e : (2 ^ (r + d) - 2 ^ r) / 2 ^ r = 2 ^ d - 1 := by
    rw [Nat.pow_add, ← Nat.mul_sub_one, Nat.mul_div_cancel_left _ hp]
  have h1 : c / 2 ^ r = y / 2 ^ r := by
    rw [← h, Nat.and_div_two_pow, e, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt]
    rw [Nat.pow_add] at hy
    exact Nat.div_lt_of_lt_mul hy
  have h2 := Nat.div_add_mod y (2 ^ r)
  have h3 := Nat.mod_lt y hp
  have h4 := Nat.div_add_mod c (2 ^ r)
  rw [h1] at h4
  omega

/-- What `inRange` says of a matrix. -/
theorem Grid.inRange {r : Nat} (h : Grid S l n m b T x) (hl : ∀ i o, i < n → o < m → T i o + (b : Int) < (2 ^ l : Nat))
    (hS : l * m ≤ S) (h0 : 0 < l) (hr : r ≤ l) (hc : inRange S l r n m x = true) (i o : Nat) (hi : i < n) (ho : o < m) :
    ((2 ^ (l - 1) : Nat) : Int) ≤ T i o + (b : Int) ∧ T i o + (b : Int) < ((2 ^ (l - 1) + 2 ^ r : Nat) : Int) := by
  have hx := h.entry_lt hl
  have hp := Nat.two_pow_pos r
  have hpl := Nat.two_pow_pos l
  have hhalf : 2 ^ (l - 1) < 2 ^ l := Nat.pow_lt_pow_right (by omega) (by omega)
  have hc : x &&& ((2 ^ l - 2 ^ r) * gridOnes S l n m) = 2 ^ (l - 1) * gridOnes S l n m := Nat.eq_of_beq_eq_true hc
  rw [h.1, ← packGrid_const, ← packGrid_const, packGrid_land hS hx fun _ _ _ _ => by omega] at hc
  have e := packGrid_inj hS (fun i o hi ho => Nat.lt_of_le_of_lt Nat.and_le_left (hx i o hi ho)) (fun _ _ _ _ => hhalf) hc
    i o hi ho
  have := lt_of_land hr (hx i o hi ho) e
  have := h.2 i o hi ho
  omega

theorem Grid.lt (h : Grid S l n m b T x) (hl : ∀ i o, i < n → o < m → T i o + (b : Int) < (2 ^ l : Nat)) (hS : l * m ≤ S) :
    x < 2 ^ (S * n) := by
  rw [h.1]
  exact pack_lt fun i hi => Nat.lt_of_lt_of_le (pack_lt fun o ho => h.entry_lt hl i o hi ho)
    (Nat.pow_le_pow_right (by omega) hS)

end Grid

/-! ## Rows of rows -/

theorem lane_mod_two_pow {S x g i : Nat} (hi : i < g) : lane S (x % 2 ^ (S * g)) i = lane S x i := by
  apply Nat.eq_of_testBit_eq
  intro b
  rw [testBit_lane, testBit_lane, Nat.testBit_mod_two_pow]
  by_cases hb : b < S
  · have := Nat.mul_le_mul_left S (Nat.succ_le_of_lt hi)
    rw [Nat.mul_succ] at this
    simp [show S * i + b < S * g by omega]
  · simp [hb]

theorem lane_shiftRight (S x g i : Nat) : lane S (x >>> (S * g)) i = lane S x (g + i) := by
  rw [lane_eq, lane_eq, ← Nat.shiftRight_add, Nat.mul_add]

end

end LeanBound
