module

public import LeanBound.Strategies.AllPairs.PropertiesSound
public import LeanBound.Strategies.PairInterval.Bounds

/-! # Interval bounds of an MLP on groups of pairs: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem checkWinners_sound {n : Nat} {winners : List (List Nat)} (h : checkWinners n winners = true) (c e : Nat) :
    0 < n ∧ nth (tableRow winners c) e < n := by
  have key : 1 ≤ n ∧ ∀ ws ∈ winners, ∀ w ∈ ws, w ≤ n - 1 := by
    clear c e
    induction winners with
    | nil => exact ⟨Nat.le_of_ble_eq_true h, fun ws hws => absurd hws List.not_mem_nil⟩
    | cons ws winners ih =>
      obtain ⟨h1, h2⟩ := both_eq_true.1 (show both (allAtMost (n - 1) ws) (checkWinners n winners) = true from h)
      refine ⟨(ih h2).1, fun vs hvs => ?_⟩
      rcases List.mem_cons.1 hvs with rfl | hvs
      · exact allAtMost_sound h1
      · exact (ih h2).2 vs hvs
  have hrow : tableRow winners c = [] ∨ tableRow winners c ∈ winners := by
    rw [tableRow_eq, List.getD_eq_getElem?_getD]
    by_cases hc : c < winners.length
    · right; rw [List.getElem?_eq_getElem hc]; exact List.getElem_mem hc
    · left; rw [List.getElem?_eq_none (by omega)]; rfl
  refine ⟨key.1, ?_⟩
  by_cases he : e < (tableRow winners c).length
  · rcases hrow with h0 | hmem
    · rw [h0] at he; exact absurd he (Nat.not_lt_zero _)
    · have := key.2 _ hmem _ (nth_mem he)
      omega
  · rw [nth_eq, List.getD_eq_getElem?_getD, List.getElem?_eq_none (by omega)]
    exact key.1

namespace PairMlp

variable {p : PairLanes} {M : PairMlp} {g : Nat}

/-- What the checks of groups establish. -/
structure Groups (p : PairLanes) (M : PairMlp) (g : Nat) : Prop where
  pos : 1 ≤ g
  W_A : 2 * M.W_A.bound + 1 ≤ half p
  W_B : 2 * M.W_B.bound + 1 ≤ half p

theorem checkGroups_sound (h : checkGroups p M g = true) : Groups p M g := by
  simp only [checkGroups, both_eq_true] at h
  exact ⟨Nat.le_of_ble_eq_true h.1, Nat.le_of_ble_eq_true h.2.1, Nat.le_of_ble_eq_true h.2.2⟩

/-! ## Groups -/

theorem groupSize_eq (M : PairMlp) (g c : Nat) :
    groupSize M g c = (M.d_vocab - g * c) - ((M.d_vocab - g * c) - g) := rfl

theorem group_lt (hg : 1 ≤ g) {c i : Nat} (hc : c < groups M g) (hi : i ≤ groupSize M g c - 1) : g * c + i < M.d_vocab := by
  have h1 : groups M g = (M.d_vocab + (g - 1)) / g := rfl
  have h2 := Nat.mul_div_le (M.d_vocab + (g - 1)) g
  have h3 := Nat.mul_le_mul_left g (Nat.succ_le_of_lt hc)
  rw [Nat.mul_succ, h1] at h3
  rw [groupSize_eq] at hi
  omega

/-- All tokens, by groups. -/
theorem natSum_groups (m : Nat) (f : Nat → Nat) :
    natSum m (fun c => natSum (groupSize M g c) fun i => f (g * c + i)) ≤ natSum M.d_vocab f := by
  have key : natSum m (fun c => natSum (groupSize M g c) fun i => f (g * c + i)) = natSum (min (g * m) M.d_vocab) f := by
    induction m with
    | zero => rw [Nat.mul_zero, Nat.zero_min]; rfl
    | succ m ih =>
      rw [natSum_succ, ih, Nat.mul_succ, groupSize_eq]
      rcases Nat.le_total (g * m) M.d_vocab with h | h
      · rw [Nat.min_eq_left h, ← natSum_append]
        congr 1
        omega
      · rw [show M.d_vocab - g * m - (M.d_vocab - g * m - g) = 0 by omega, Nat.min_eq_right h, Nat.min_eq_right (by omega)]
        rfl
  rw [key]
  have e : M.d_vocab = min (g * m) M.d_vocab + (M.d_vocab - min (g * m) M.d_vocab) := by omega
  exact Nat.le_trans (Nat.le_add_right _ _) (Nat.le_of_eq ((natSum_append _ _ f).symm.trans (by rw [← e])))

/-- A bound of the pre-activation of unit `j` on the rectangle `(c, e)`, by minima or by maxima. -/
def preBoundInt (M : PairMlp) (g : Nat) (op : Int → Int → Int) (c e j : Nat) : Int :=
  foldInt op (fun i => M.W_A.int i j) (g * c) (groupSize M g c - 1) +
    foldInt op (fun i => M.W_B.int i j) (g * e) (groupSize M g e - 1) + M.b_H.int 0 j

theorem preInt_between {c e i k : Nat} (hi : i < groupSize M g c) (hk : k < groupSize M g e) (j : Nat) :
    preBoundInt M g min c e j ≤ M.preInt (g * c + i) (g * e + k) j ∧
      M.preInt (g * c + i) (g * e + k) j ≤ preBoundInt M g max c e j := by
  have h1 := foldInt_min_le (f := fun i => M.W_A.int i j) (a := g * c) (n := groupSize M g c - 1) (i := i) (by omega)
  have h2 := foldInt_min_le (f := fun i => M.W_B.int i j) (a := g * e) (n := groupSize M g e - 1) (i := k) (by omega)
  have h3 := le_foldInt_max (f := fun i => M.W_A.int i j) (a := g * c) (n := groupSize M g c - 1) (i := i) (by omega)
  have h4 := le_foldInt_max (f := fun i => M.W_B.int i j) (a := g * e) (n := groupSize M g e - 1) (i := k) (by omega)
  dsimp only at h1 h2 h3 h4
  unfold preBoundInt preInt
  omega

namespace Checked

variable (h : Checked p M) (hg : Groups p M g)

section Operation

variable {op : Int → Int → Int} {lanes : Nat → Nat → Nat → Nat → Nat} (hchoice : ∀ x y, op x y = x ∨ op x y = y)
  (hop : ∀ {b : Nat} {f g : Nat → Int} {x y : Nat}, Vec p.hidden M.d_hidden b f x → Vec p.hidden M.d_hidden b g y →
    Low p.hidden M.d_hidden b f → Low p.hidden M.d_hidden b g →
      Vec p.hidden M.d_hidden b (fun j => op (f j) (g j)) (lanes p.hidden (guardBits p.hidden M.d_hidden) x y))

include hchoice

include h in
theorem preBoundInt_lt (c e j : Nat) : preBoundInt M g op c e j < (2 ^ (p.hidden - 1) : Nat) := by
  have h1 := foldInt_all hchoice (f := fun i => M.W_A.int i j) (a := g * c) (n := groupSize M g c - 1)
    (P := fun z => z ≤ (M.W_A.bound : Int)) fun i _ => by
      have := M.W_A.natAbs_int_le (g * c + i) j
      show M.W_A.int (g * c + i) j ≤ _
      omega
  have h2 := foldInt_all hchoice (f := fun i => M.W_B.int i j) (a := g * e) (n := groupSize M g e - 1)
    (P := fun z => z ≤ (M.W_B.bound : Int)) fun i _ => by
      have := M.W_B.natAbs_int_le (g * e + i) j
      show M.W_B.int (g * e + i) j ≤ _
      omega
  have h3 := M.b_H.natAbs_int_le 0 j
  have h4 : M.W_B.bound + (M.W_A.bound + M.b_H.bound) + 1 ≤ 2 ^ (p.hidden - 1) := h.pre
  unfold preBoundInt
  omega

include hop hg

theorem group_row {T : Tensor} (hT : Shaped (T.width * M.d_hidden) T.bound M.d_vocab M.d_hidden T) (hw : T.width ≤ p.hidden)
    (hb : 2 * T.bound + 1 ≤ half p) {c : Nat} (hc : c < groups M g) : Vec p.hidden M.d_hidden T.bound
      (fun j => foldInt op (fun i => T.int i j) (g * c) (groupSize M g c - 1)) (groupRow p M g lanes T c) :=
  Vec.fold hop hchoice (T := fun i j => T.int i j) (fun _ hi => hT.row hw (group_lt hg.pos hc hi)) fun i _ j _ => by
    have h1 := T.natAbs_int_le (g * c + i) j
    have h2 : 2 * T.bound + 1 ≤ 2 ^ (p.hidden - 1) := hb
    show T.int (g * c + i) j + (T.bound : Int) < _
    omega

include h in
theorem pre_bounds {c : Nat} (hc : c < groups M g) :
    Grid p.stride p.hidden (groups M g) M.d_hidden (2 ^ (p.hidden - 1)) (preBoundInt M g op c) (preBounds p M g lanes c) := by
  have hB := Grid.of_rows (S := p.stride) fun e he => group_row hg hchoice hop h.W_B h.W_B_width hg.W_B he
  have hA := (group_row hg hchoice hop h.W_A h.W_A_width hg.W_A hc).add h.offset_row
  rw [← h.bound_eq]
  exact (hB.add (hA.repeated (n := groups M g))).congr fun e j _ _ => by rw [preBoundInt]; omega

end Operation

include h

/-! ## Output weights by their sign -/

theorem weight_lt {j o : Nat} (hj : j < M.d_hidden) :
    (M.W_U.int j o + (M.W_U.bound : Int)).toNat < 2 ^ (p.logits - 1) ∧ M.W_U.bound < 2 ^ (p.logits - 1) := by
  have h1 := M.W_U.natAbs_int_le j o
  have h2 : M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound + 1 ≤ 2 ^ (p.logits - 1) := h.logits
  have h3 : 2 * M.W_U.bound ≤ half p * (2 * M.W_U.bound) := Nat.le_mul_of_pos_left _ (Nat.two_pow_pos _)
  have h4 : half p * (2 * M.W_U.bound) ≤ M.d_hidden * (half p * (2 * M.W_U.bound)) := Nat.le_mul_of_pos_left _ (by omega)
  have h5 : 0 < M.b_U.bound := Nat.two_pow_pos _
  omega

theorem positive_row {j : Nat} (hj : j < M.d_hidden) :
    positiveRow p M j = pack p.logits (fun o => (M.W_U.int j o).toNat) M.d_vocab := by
  rw [positiveRow, (h.W_U.row h.W_U_width hj).1]
  show monus _ _ _ (M.W_U.bound * ones p.logits M.d_vocab) = _
  rw [← pack_const, monus_pack h.logits_pos (fun o _ => (h.weight_lt hj).1) fun _ _ => (h.weight_lt (o := 0) hj).2]
  exact pack_congr fun o _ => by have := M.W_U.natAbs_int_le j o; omega

theorem negative_row {j : Nat} (hj : j < M.d_hidden) :
    negativeRow p M j = pack p.logits (fun o => (-M.W_U.int j o).toNat) M.d_vocab := by
  rw [negativeRow, (h.W_U.row h.W_U_width hj).1]
  show monus _ _ (M.W_U.bound * ones p.logits M.d_vocab) _ = _
  rw [← pack_const, monus_pack h.logits_pos (fun _ _ => (h.weight_lt (o := 0) hj).2) fun o _ => (h.weight_lt hj).1]
  exact pack_congr fun o _ => by have := M.W_U.natAbs_int_le j o; omega

/-! ## Bounds of logits -/

omit h in
/-- A bound of a logit with offsets: units `x` for output weights above zero, `y` for those below. -/
def logitBound' (p : PairLanes) (M : PairMlp) (x y : Nat → Int) (o : Nat) : Nat :=
  natSum M.d_hidden (fun j => (x j).toNat * (M.W_U.int j o).toNat) + sumBound p M -
    natSum M.d_hidden (fun j => (y j).toNat * (-M.W_U.int j o).toNat) + (M.b_U.int 0 o + (M.b_U.bound : Int)).toNat

omit h in
theorem weighted_le {x : Nat → Int} (hx : ∀ j, x j < (2 ^ (p.hidden - 1) : Nat)) {u : Nat → Nat}
    (hu : ∀ j, u j ≤ M.W_U.bound) : natSum M.d_hidden (fun j => (x j).toNat * u j) ≤ sumBound p M :=
  natSum_le_mul fun j _ => Nat.mul_le_mul (by
    have h1 := hx j
    have h2 : half p = 2 ^ (p.hidden - 1) := rfl
    have := Nat.two_pow_pos (p.hidden - 1)
    omega) (hu j)

omit h in
theorem positive_le (M : PairMlp) (o j : Nat) : (M.W_U.int j o).toNat ≤ M.W_U.bound := by
  have := M.W_U.natAbs_int_le j o
  omega

omit h in
theorem negative_le (M : PairMlp) (o j : Nat) : (-M.W_U.int j o).toNat ≤ M.W_U.bound := by
  have := M.W_U.natAbs_int_le j o
  omega

theorem logitBound_lt {x : Nat → Int} (y : Nat → Int) (hx : ∀ j, x j < (2 ^ (p.hidden - 1) : Nat)) (o : Nat) :
    logitBound' p M x y o < 2 ^ (p.logits - 1) := by
  have h1 := weighted_le (M := M) hx (positive_le M o)
  have h2 := M.b_U.natAbs_int_le 0 o
  have h3 : M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound + 1 ≤ 2 ^ (p.logits - 1) := h.logits
  have h4 : sumBound p M = M.d_hidden * (half p * M.W_U.bound) := rfl
  rw [Nat.mul_left_comm (half p), Nat.mul_left_comm M.d_hidden, ← h4] at h3
  unfold logitBound'
  omega

theorem logit_bounds {n x y : Nat} {T U : Nat → Nat → Int}
    (hx : Grid p.stride p.hidden n M.d_hidden (2 ^ (p.hidden - 1)) T x) (hT : ∀ r j, T r j < (2 ^ (p.hidden - 1) : Nat))
    (hy : Grid p.stride p.hidden n M.d_hidden (2 ^ (p.hidden - 1)) U y) (hU : ∀ r j, U r j < (2 ^ (p.hidden - 1) : Nat)) :
    logitBounds p M n x y = packGrid p.stride p.logits n M.d_vocab fun r o => logitBound' p M (T r) (U r) o := by
  have hpos := h.unit_sum hx hT fun j hj => h.positive_row hj
  have hneg := h.unit_sum hy hU fun j hj => h.negative_row hj
  have hroom : spread p.stride (sumBound p M * ones p.logits M.d_vocab) n =
      packGrid p.stride p.logits n M.d_vocab fun _ _ => sumBound p M := by
    rw [spread_eq, packGrid_const, gridOnes, Nat.mul_assoc, Nat.mul_comm (ones p.logits M.d_vocab)]
    rfl
  have hbias := ((h.b_U.row h.b_U_width Nat.zero_lt_one).repeated (S := p.stride) (n := n)).1
  show unitSum p M _ n x + spread p.stride (sumBound p M * ones p.logits M.d_vocab) n - unitSum p M _ n y +
    spread p.stride _ n = _
  rw [hroom, hpos, hneg, spread_eq, Nat.mul_comm (M.b_U.row ..), hbias, ← packGrid_add,
    ← packGrid_sub fun r o _ _ => Nat.le_trans (weighted_le (hU r) (negative_le M o)) (Nat.le_add_left ..), ← packGrid_add]
  rfl

omit h in
/-- The logit of a pair, with offsets, as long as its hidden units lie between the others. -/
theorem logitInt_between {a b : Nat} {x y : Nat → Int} (hx : ∀ j, x j ≤ M.preInt a b j) (hy : ∀ j, M.preInt a b j ≤ y j)
    (hlt : ∀ j, y j < (2 ^ (p.hidden - 1) : Nat)) (o : Nat) :
    (logitBound' p M x y o : Int) ≤ M.logitInt a b o + (sumBound p M + M.b_U.bound : Nat) ∧
      M.logitInt a b o + (sumBound p M + M.b_U.bound : Nat) ≤ logitBound' p M y x o := by
  have hb := M.b_U.natAbs_int_le 0 o
  have mono : ∀ {x y : Nat → Int} (u : Nat → Nat), (∀ j, x j ≤ y j) →
      natSum M.d_hidden (fun j => (x j).toNat * u j) ≤ natSum M.d_hidden fun j => (y j).toNat * u j := fun {x y} u hxy =>
    natSum_le fun j _ => Nat.mul_le_mul_right _ (by have := hxy j; omega)
  have p1 := mono (fun j => (M.W_U.int j o).toNat) hx
  have p2 := mono (fun j => (M.W_U.int j o).toNat) hy
  have n1 := mono (fun j => (-M.W_U.int j o).toNat) hx
  have n2 := mono (fun j => (-M.W_U.int j o).toNat) hy
  have room := weighted_le (M := M) hlt (negative_le M o)
  have sign := sum_by_sign M.d_hidden (fun j => (M.preInt a b j).toNat) fun j => M.W_U.int j o
  dsimp only at p1 p2 n1 n2
  rw [logitInt, sign]
  unfold logitBound'
  constructor <;> omega

include hg

/-- A one says that the winner's lower bound is above the upper bounds of the others. -/
theorem won_rows {ws : List Nat} (hws : ∀ e, nth ws e < M.d_vocab) {c : Nat} (hc : c < groups M g) :
    wonRows p M g ws c = pack p.stride (fun e => indicator (∀ o, o < M.d_vocab → o ≠ nth ws e →
      logitBound' p M (preBoundInt M g max c e) (preBoundInt M g min c e) o <
        logitBound' p M (preBoundInt M g min c e) (preBoundInt M g max c e) (nth ws e))) (groups M g) := by
  have hpos := Nat.lt_of_succ_lt h.hidden_pos
  have hl : 1 < p.logits := by
    have h1 := h.logits
    have h2 : 0 < M.b_U.bound := Nat.two_pow_pos _
    have h3 : logitBound p M = M.d_hidden * (half p * (2 * M.W_U.bound)) + 2 * M.b_U.bound := rfl
    have := (Nat.pow_lt_pow_iff_right (a := 2) (n := 0) (m := p.logits - 1) (by omega)).1 (by rw [Nat.pow_zero]; omega)
    omega
  have h2 := two_pow_eq (show 0 < p.logits by omega)
  have cmin : ∀ x y : Int, min x y = x ∨ min x y = y := fun x y => by omega
  have cmax : ∀ x y : Int, max x y = x ∨ max x y = y := fun x y => by omega
  have low := h.pre_bounds hg cmin (lanes := laneMin) (fun hx hy hf hg => hx.laneMin hpos hy hf hg) hc
  have high := h.pre_bounds hg cmax (lanes := laneMax) (fun hx hy hf hg => hx.laneMax hpos hy hf hg) hc
  have lowLt := fun e j => h.preBoundInt_lt (g := g) cmin c e j
  have highLt := fun e j => h.preBoundInt_lt (g := g) cmax c e j
  have lower := fun e o => h.logitBound_lt (x := preBoundInt M g min c e) (preBoundInt M g max c e) (lowLt e) o
  have upper := fun e o => h.logitBound_lt (x := preBoundInt M g max c e) (preBoundInt M g min c e) (highLt e) o
  have hsplice : contested p M g (pack p.stride (fun e => 2 ^ (p.logits * nth ws e)) (groups M g)) c =
      packGrid p.stride p.logits (groups M g) M.d_vocab fun e o => if o = nth ws e then
        logitBound' p M (preBoundInt M g min c e) (preBoundInt M g max c e) o else
        logitBound' p M (preBoundInt M g max c e) (preBoundInt M g min c e) o := by
    rw [contested, h.logit_bounds low lowLt high highLt, h.logit_bounds high highLt low lowLt]
    exact splice_packGrid h.logits_stride (fun e o _ _ => by have := lower e o; omega)
      (fun e o _ _ => by have := upper e o; omega) fun e _ => hws e
  show leadingRows _ _ _ _ (pack p.stride (fun e => 2 ^ (p.logits * nth ws e)) _) (contested p M g _ c) = _
  rw [show contested p M g (pack p.stride (fun e => Nat.pow 2 (Nat.mul p.logits (nth ws e))) (groups M g)) c = _ from hsplice,
    leadingRows_packGrid hl h.logits_stride (Nat.lt_of_le_of_lt (Nat.zero_le _) (hws 0)) (fun e o _ _ => by
      split
      · exact lower e o
      · exact upper e o) fun e _ => hws e]
  refine pack_congr fun e _ => Nat.le_antisymm (indicator_le fun hall o ho hne => ?_) (indicator_le fun hall o ho hne => ?_)
  · have := hall o ho hne
    rwa [if_neg hne, if_pos rfl] at this
  · rw [if_neg hne, if_pos rfl]
    exact hall o ho hne

/-- What the kernel counts is a lower bound on the pairs of these first tokens that the model is right on. -/
theorem wonPairs_le (t : Nat → Nat → Nat) {winners : List (List Nat)} (hw : checkWinners M.d_vocab winners = true)
    (F : Type) [ExpField F] {c : Nat} (hc : c < groups M g) : wonPairs p M g t winners c ≤
      natSum (groupSize M g c) fun i => natSum M.d_vocab fun b =>
        indicator (M.classifier.Correct F [g * c + i, b] (t (g * c + i) b)) := by
  have hws := fun e => (checkWinners_sound hw c e).2
  have hrows := h.won_rows hg hws hc
  generalize hq : (fun e => indicator (∀ o, o < M.d_vocab → o ≠ nth (tableRow winners c) e →
      logitBound' p M (preBoundInt M g max c e) (preBoundInt M g min c e) o <
        logitBound' p M (preBoundInt M g min c e) (preBoundInt M g max c e) (nth (tableRow winners c) e))) = q at hrows
  have hq1 : ∀ e, q e ≤ 1 := fun e => by rw [← hq]; exact indicator_le_one _
  have hV : 0 < M.d_vocab := (checkWinners_sound hw 0 0).1
  have hS : 0 < p.stride := Nat.lt_of_lt_of_le (Nat.mul_pos h.logits_pos hV) h.logits_stride
  have hbit : ∀ e, e < groups M g →
      Nat.land (Nat.shiftRight (wonRows p M g (tableRow winners c) c) (Nat.mul p.stride e)) 1 = q e := fun e he => by
    have hlane : lane p.stride (pack p.stride q (groups M g)) e = q e := lane_pack (fun e _ => by
      have := hq1 e
      have := Nat.pow_lt_pow_right (a := 2) (by omega) hS
      omega) he
    rw [hrows]
    show pack p.stride q (groups M g) >>> (p.stride * e) &&& (2 ^ 1 - 1) = q e
    rw [Nat.and_two_pow_sub_one_eq_mod, ← Nat.mod_mod_of_dvd _ (Nat.pow_dvd_pow 2 hS), ← lane_eq, hlane]
    exact Nat.mod_eq_of_lt (Nat.lt_of_le_of_lt (hq1 e) (by decide))
  refine natSum_le fun i hi => Nat.le_trans (natSum_le fun e he => ?_)
    (natSum_groups (g := g) (groups M g) fun b => indicator (M.classifier.Correct F [g * c + i, b] (t (g * c + i) b)))
  rw [hbit e he]
  show q e * natSum (groupSize M g e) _ ≤ _
  by_cases hqe : q e = 0
  · rw [hqe, Nat.zero_mul]; exact Nat.zero_le _
  · have hqe : q e = 1 := by have := hq1 e; omega
    rw [hqe, Nat.one_mul]
    refine natSum_le fun k hk => ?_
    show cond (Nat.beq (t (g * c + i) (g * e + k)) (nth (tableRow winners c) e)) 1 0 ≤ _
    cases hb : Nat.beq (t (g * c + i) (g * e + k)) (nth (tableRow winners c) e) with
    | false => exact Nat.zero_le _
    | true =>
      have hwin : ∀ o, o < M.d_vocab → o ≠ nth (tableRow winners c) e →
          logitBound' p M (preBoundInt M g max c e) (preBoundInt M g min c e) o <
            logitBound' p M (preBoundInt M g min c e) (preBoundInt M g max c e) (nth (tableRow winners c) e) :=
        Classical.byContradiction fun hno => by
          have e0 : q e = 0 := by rw [← hq]; exact indicator_false hno
          omega
      have cmax : ∀ x y : Int, max x y = x ∨ max x y = y := fun x y => by omega
      have between := logitInt_between (fun j => (preInt_between hi hk j).1) (fun j => (preInt_between hi hk j).2)
        fun j => h.preBoundInt_lt (g := g) cmax c e j
      rw [cond_true, Nat.eq_of_beq_eq_true hb, indicator_true]
      · exact Nat.le_refl _
      refine correct_of_logitInt h.aligned F fun o ho hne => ?_
      have h1 := hwin o ho hne
      have h2 := (between o).2
      have h3 := (between (nth (tableRow winners c) e)).1
      omega

end Checked

end PairMlp

/-- Chunks that cover all groups of first tokens prove the accuracy. -/
theorem pairInterval_accuracy {p : PairLanes} {M : PairMlp} {g : Nat} {target : List Nat → Nat} {t : Nat → Nat → Nat}
    (hM : M.checkPairMlp p = true) (hg : M.checkGroups p g = true) {winners : List (List Nat)}
    (hw : checkWinners M.d_vocab winners = true) (ht : ∀ a b, target [a, b] = t a b) {ns : List Nat}
    (hc : Covered (fun c n => n ≤ M.wonPairs p g t winners c) 0 ns) (hlen : Nat.beq ns.length (M.groups g) = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : M.classifier.AccuracyAtLeast target N := by
  intro F _
  show N ≤ count M.d_vocab 2 _
  simp only [count_succ, count_zero, ht]
  refine Nat.le_trans (total_le_of_covered (fun c hc => (PairMlp.checked hM).wonPairs_le (PairMlp.checkGroups_sound hg) t hw F hc)
    hc hlen hN) ?_
  exact PairMlp.natSum_groups (M.groups g) fun a => natSum M.d_vocab fun b => indicator (M.classifier.Correct F [a, b] (t a b))

end

end LeanBound
