module

public import LeanBound.Numerics.LaneSum
public import LeanBound.Strategies.AllPairs.Leads
public import LeanBound.Strategies.AllPairs.RowsSound

/-! # Which rows of a matrix have their target in the lead: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## One lane of each row -/

theorem foldRows_pack {S u n : Nat} {f : Nat → Nat} (hu : u ≤ S) (hf : ∀ i, i < n → f i < 2 ^ S) :
    foldRows S u n (pack S f n) = pack S (fun i => f i % 2 ^ u + f i / 2 ^ u) n := by
  have hlow : Nat.land (pack S f n) (spread S (2 ^ u - 1) n) = pack S (fun i => f i % 2 ^ u) n := by
    rw [spread_eq]; exact land_laneMask hu hf
  have hhigh : pack S f n - pack S (fun i => f i % 2 ^ u) n = 2 ^ u * pack S (fun i => f i / 2 ^ u) n := by
    rw [← pack_sub fun i _ => Nat.mod_le .., ← pack_mul]
    exact pack_congr fun i _ => by have := Nat.mod_add_div (f i) (2 ^ u); omega
  show Nat.land _ (spread S (2 ^ u - 1) n) + (pack S f n - Nat.land _ (spread S (2 ^ u - 1) n)) >>> u = _
  rw [hlow, hhigh, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ (Nat.two_pow_pos u), ← pack_add]

theorem onlyLane_pack {S l n : Nat} (k : Nat) {v t : Nat → Nat} (hk : ∀ j, j < k → l * 2 ^ j ≤ S)
    (hv : ∀ i, i < n → v i < 2 ^ l) (ht : ∀ i, i < n → t i < 2 ^ k) (hS : ∀ i, i < n → l * t i + l ≤ S) :
    onlyLane S l n k (pack S (fun i => v i * 2 ^ (l * t i)) n) = pack S v n := by
  induction k generalizing t with
  | zero =>
    show pack S _ n = _
    exact pack_congr fun i hi => by
      have := ht i hi
      rw [show t i = 0 by simpa using this, Nat.mul_zero, Nat.pow_zero, Nat.mul_one]
  | succ k ih =>
    have hlt : ∀ s c, c < 2 ^ l → c * 2 ^ (l * s) < 2 ^ (l * s + l) := fun s c hc => by
      rw [Nat.pow_add, Nat.mul_comm (2 ^ (l * s))]
      exact Nat.mul_lt_mul_of_pos_right hc (Nat.two_pow_pos _)
    show onlyLane S l n k (foldRows S (l * 2 ^ k) n _) = _
    rw [foldRows_pack (hk k (by omega)) fun i hi => Nat.lt_of_lt_of_le (hlt (t i) (v i) (hv i hi))
      (Nat.pow_le_pow_right (by omega) (hS i hi))]
    have hstep : ∀ i, i < n → v i * 2 ^ (l * t i) % 2 ^ (l * 2 ^ k) + v i * 2 ^ (l * t i) / 2 ^ (l * 2 ^ k) =
        v i * 2 ^ (l * (if t i < 2 ^ k then t i else t i - 2 ^ k)) := fun i hi => by
      by_cases h : t i < 2 ^ k
      · have hle := Nat.mul_le_mul_left l (Nat.succ_le_of_lt h)
        rw [Nat.mul_succ] at hle
        have : v i * 2 ^ (l * t i) < 2 ^ (l * 2 ^ k) :=
          Nat.lt_of_lt_of_le (hlt (t i) (v i) (hv i hi)) (Nat.pow_le_pow_right (by omega) hle)
        rw [if_pos h, Nat.mod_eq_of_lt this, Nat.div_eq_of_lt this, Nat.add_zero]
      · obtain ⟨s, hs⟩ := Nat.exists_eq_add_of_le (Nat.le_of_not_lt h)
        rw [if_neg h, hs, Nat.add_sub_cancel_left, Nat.mul_add, Nat.add_comm (l * 2 ^ k), Nat.pow_add, ← Nat.mul_assoc,
          Nat.mul_mod_left, Nat.zero_add, Nat.mul_div_cancel _ (Nat.two_pow_pos _)]
    rw [pack_congr hstep]
    refine ih (fun j hj => hk j (by omega)) (fun i hi => ?_) fun i hi => ?_
    · have := ht i hi
      rw [Nat.pow_succ] at this
      split <;> omega
    · refine Nat.le_trans (Nat.add_le_add_right (Nat.mul_le_mul_left l ?_) l) (hS i hi)
      have := Nat.two_pow_pos k
      split <;> omega

/-- All bits of the targets' lanes. -/
theorem targetMask_eq {S l m n : Nat} {t : Nat → Nat} (ht : ∀ i, i < n → t i < m) :
    (pack S (fun i => 2 ^ (l * t i)) n) <<< l - pack S (fun i => 2 ^ (l * t i)) n =
      packGrid S l n m fun i o => if o = t i then 2 ^ l - 1 else 0 := by
  rw [Nat.shiftLeft_eq, ← pack_mul_const, ← pack_sub fun i _ => Nat.le_mul_of_pos_right _ (Nat.two_pow_pos l)]
  refine pack_congr fun i hi => ?_
  rw [← Nat.mul_sub_one, ← pack_single l (t i) m (ht i hi), ← pack_mul_const]
  exact pack_congr fun o _ => by by_cases h : o = t i <;> simp [h]

/-- The targets' entries, one in each row. -/
theorem targetLanes_pack {S l m n : Nat} {t : Nat → Nat} {e : Nat → Nat → Nat} (hS : l * m ≤ S) (hm0 : 0 < m)
    (he : ∀ i o, i < n → o < m → e i o < 2 ^ l) (ht : ∀ i, i < n → t i < m) :
    targetLanes S l m n (pack S (fun i => 2 ^ (l * t i)) n) (packGrid S l n m e) = pack S (fun i => e i (t i)) n := by
  have hm : ∀ i, i < n → 2 ^ (l * t i) = pack l (fun o => if o = t i then 1 else 0) m := fun i hi =>
    (pack_single l (t i) m (ht i hi)).symm
  have hland : Nat.land (packGrid S l n m e) ((pack S (fun i => 2 ^ (l * t i)) n) <<< l - pack S (fun i => 2 ^ (l * t i)) n) =
      pack S (fun i => e i (t i) * 2 ^ (l * t i)) n := by
    rw [targetMask_eq ht]
    refine (packGrid_land hS he fun i o _ _ => by have := Nat.two_pow_pos l; split <;> omega).trans (pack_congr fun i hi => ?_)
    rw [hm i hi, ← pack_mul]
    refine pack_congr fun o ho => ?_
    show e i o &&& (if o = t i then 2 ^ l - 1 else 0) = _ * if o = t i then 1 else 0
    by_cases h : o = t i
    · rw [if_pos h, if_pos h, h, Nat.and_two_pow_sub_one_eq_mod, Nat.mod_eq_of_lt (he i _ hi (ht i hi)), Nat.mul_one]
    · rw [if_neg h, if_neg h, Nat.and_zero, Nat.mul_zero]
  have hle : ∀ i, i < n → l * t i + l ≤ S := fun i hi => by
    have := Nat.mul_le_mul_left l (Nat.succ_le_of_lt (ht i hi))
    rw [Nat.mul_succ] at this
    omega
  show onlyLane S l n (Nat.log2 m + 1) (Nat.land _ (_ <<< l - _)) = _
  rw [hland]
  refine onlyLane_pack _ (fun j hj => ?_) (fun i hi => he i _ hi (ht i hi)) (fun i hi => ?_) hle
  · refine Nat.le_trans (Nat.mul_le_mul_left l ?_) hS
    exact Nat.le_trans (Nat.pow_le_pow_right (by omega) (by omega)) (Nat.log2_self_le (by omega))
  · exact Nat.lt_of_lt_of_le (ht i hi) (Nat.le_of_lt Nat.lt_log2_self)

/-! ## Full rows -/

theorem fullRows_packGrid {S l m n : Nat} {d : Nat → Nat → Nat} (hl : 1 < l) (hm : 0 < m) (hS : l * m ≤ S)
    (hd : ∀ i o, i < n → o < m → d i o < 2 ^ l) :
    fullRows S l m n (packGrid S l n m d) = pack S (fun i => indicator (∀ o, o < m → 2 ^ (l - 1) ≤ d i o)) n := by
  have hl0 : 0 < l := by omega
  have hpos : 0 < S := Nat.lt_of_lt_of_le (Nat.mul_pos hl0 hm) hS
  have hp := Nat.two_pow_pos (l - 1)
  have h2 := two_pow_eq hl0
  have hS2 := two_pow_eq hpos
  let c i o := if 2 ^ (l - 1) ≤ d i o then 1 else 0
  let g i := pack l (fun o => 1 - c i o) m
  have hc : ∀ i o, c i o ≤ 1 := fun i o => by show (if _ then 1 else 0) ≤ 1; split <;> omega
  have hguard : Nat.land (packGrid S l n m d) (spread S (guardBits l m) n) = 2 ^ (l - 1) * packGrid S l n m c := by
    have e : spread S (guardBits l m) n = packGrid S l n m fun _ _ => 2 ^ (l - 1) := by
      rw [spread_eq, packGrid_const, gridOnes]
      show 2 ^ (l - 1) * ones l m * ones S n = 2 ^ (l - 1) * (ones S n * ones l m)
      rw [Nat.mul_assoc, Nat.mul_comm (ones l m)]
    rw [e, ← packGrid_mul]
    refine (packGrid_land hS hd fun _ _ _ _ => by omega).trans (packGrid_congr fun i o hi ho => ?_)
    rw [land_top hl0 (hd i o hi ho)]
    show _ = 2 ^ (l - 1) * if _ then _ else _
    split <;> simp
  have hrow : ∀ i, pack l (c i) m = ones l m - g i := fun i => by
    rw [ones_eq, ← pack_sub fun o _ => by omega]
    exact pack_congr fun o _ => by have := hc i o; omega
  have hg : ∀ i, g i ≤ ones l m := fun i => by
    have : pack l (c i) m + g i = ones l m := by
      rw [ones_eq, ← pack_add]; exact pack_congr fun o _ => by have := hc i o; omega
    omega
  have hones : 2 * ones l m < 2 ^ S := by
    rw [← pack_const]
    exact Nat.lt_of_lt_of_le (pack_lt fun _ _ => by
      have := Nat.pow_lt_pow_right (a := 2) (by omega) hl
      omega) (Nat.pow_le_pow_right (by omega) hS)
  have hzero : ∀ i, g i = 0 ↔ ∀ o, o < m → 2 ^ (l - 1) ≤ d i o := fun i => by
    constructor
    · intro h o ho
      have e : lane l (g i) o = 1 - c i o := lane_pack (fun o _ => Nat.lt_of_le_of_lt (Nat.sub_le 1 _) (by omega)) ho
      have e0 : lane l 0 o = 0 := by rw [lane_eq, Nat.zero_shiftRight, Nat.zero_mod]
      rw [h, e0] at e
      refine Classical.byContradiction fun hno => ?_
      have : c i o = 0 := if_neg hno
      omega
    · intro h
      refine (pack_congr (g := fun _ => 0) fun o ho => ?_).trans ((pack_const ..).trans (Nat.zero_mul _))
      rw [show c i o = 1 from if_pos (h o ho)]
  have hsum : (Nat.land (packGrid S l n m d) (spread S (guardBits l m) n)) >>> (l - 1) +
      spread S (2 ^ (S - 1) - ones l m) n = pack S (fun i => 2 ^ (S - 1) - g i) n := by
    rw [hguard, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ hp, spread_eq, ← pack_const, packGrid, ← pack_add]
    exact pack_congr fun i _ => by rw [hrow]; have := hg i; omega
  have hP : 0 < 2 ^ (S - 1) := Nat.two_pow_pos _
  have htop : Nat.land (spread S (2 ^ (S - 1)) n) (pack S (fun i => 2 ^ (S - 1) - g i) n) =
      2 ^ (S - 1) * pack S (fun i => indicator (∀ o, o < m → 2 ^ (l - 1) ≤ d i o)) n := by
    rw [spread_eq, ← pack_const, ← pack_mul]
    refine (Nat.and_comm ..).trans ((land_pack (fun i _ => by omega) fun _ _ => by omega).trans (pack_congr fun i _ => ?_))
    rw [land_top hpos (by omega)]
    by_cases h : g i = 0
    · rw [h, if_pos (by omega), indicator_true ((hzero i).1 h), Nat.mul_one]
    · rw [if_neg (by omega), indicator_false fun hall => h ((hzero i).2 hall), Nat.mul_zero]
  show (Nat.land (spread S (2 ^ (S - 1)) n) (_ >>> (l - 1) + spread S (2 ^ (S - 1) - ones l m) n)) >>> (S - 1) = _
  rw [hsum, htop, Nat.shiftRight_eq_div_pow, Nat.mul_div_cancel_left _ hP]

/-! ## Leading rows -/

/-- A row's one says that its target is above every other entry. -/
theorem leadingRows_packGrid {S l m n : Nat} {t : Nat → Nat} {e : Nat → Nat → Nat} (hl : 1 < l) (hS : l * m ≤ S)
    (hm : 0 < m) (he : ∀ i o, i < n → o < m → e i o < 2 ^ (l - 1)) (ht : ∀ i, i < n → t i < m) :
    leadingRows S l m n (pack S (fun i => 2 ^ (l * t i)) n) (packGrid S l n m e) =
      pack S (fun i => indicator (∀ o, o < m → o ≠ t i → e i o < e i (t i))) n := by
  have h2 := two_pow_eq (show 0 < l by omega)
  have hp := Nat.two_pow_pos (l - 1)
  have hlead : leadRows S l m n (pack S (fun i => 2 ^ (l * t i)) n) (packGrid S l n m e) =
      packGrid S l n m fun i o => e i (t i) + (2 ^ (l - 1) - 1) + (if o = t i then 1 else 0) - e i o := by
    have hT : pack S (fun i => 2 ^ (l * t i)) n = packGrid S l n m fun i o => if o = t i then 1 else 0 :=
      pack_congr fun i hi => (pack_single l (t i) m (ht i hi)).symm
    have hhalf : spread S ((2 ^ (l - 1) - 1) * ones l m) n = packGrid S l n m fun _ _ => 2 ^ (l - 1) - 1 := by
      rw [spread_eq, packGrid_const, gridOnes, Nat.mul_assoc, Nat.mul_comm (ones l m)]
      rfl
    have hown : ones l m * pack S (fun i => e i (t i)) n = packGrid S l n m fun i _ => e i (t i) := by
      rw [Nat.mul_comm, ones_eq, ← packGrid_outer]
      exact packGrid_congr fun _ _ _ _ => Nat.mul_one _
    have htl := targetLanes_pack (e := e) hS hm (fun i o hi ho => by have := he i o hi ho; omega) ht
    show ones l m * targetLanes S l m n _ _ + spread S ((2 ^ (l - 1) - 1) * ones l m) n + _ - _ = _
    rw [htl, hown, hhalf, hT, ← packGrid_add, ← packGrid_add]
    exact (packGrid_sub fun i o hi ho => by have := he i o hi ho; omega).symm
  rw [leadingRows, hlead, fullRows_packGrid hl hm hS fun i o hi ho => by
    have := he i _ hi (ht i hi)
    split <;> omega]
  refine pack_congr fun i hi => Nat.le_antisymm (indicator_le fun h o ho hne => ?_) (indicator_le fun h o ho => ?_)
  · have h := h o ho
    rw [if_neg hne] at h
    omega
  · by_cases hne : o = t i
    · rw [if_pos hne, hne]; omega
    · have h := h o ho hne
      rw [if_neg hne]; omega

/-- No more rows are counted than there are ones. -/
theorem countRows_le (S n : Nat) (f : Nat → Nat) : countRows S (pack S f n) ≤ natSum n f := by
  have h := pack_mod_ones S 1 n f
  rw [Nat.mul_one] at h
  show pack S f n % (2 ^ S - 1) ≤ _
  rw [h]
  exact Nat.mod_le ..

end

end LeanBound
