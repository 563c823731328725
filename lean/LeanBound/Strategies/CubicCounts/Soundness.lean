module

public import LeanBound.Properties.Copies
public import LeanBound.Strategies.Cubic.Soundness
public import LeanBound.Strategies.CubicCounts.Checker
public import LeanBound.Strategies.Maxima

/-! # Cubic proof of max-of-K by counts: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Weights -/

theorem maxPositionExp_eq (C : Tables) (a n : Nat) : maxPositionExp C a n = maxBelow (positionExp C a) n := by
  induction n with
  | zero => rfl
  | succ n ih =>
    rw [maxBelow_succ, ← ih]
    show Bool.rec (motive := fun _ => Nat) _ _ (Nat.ble (maxPositionExp C a n) (positionExp C a n)) = _
    cases h : Nat.ble (maxPositionExp C a n) (positionExp C a n) with
    | true => exact (Nat.max_eq_left (Nat.le_of_ble_eq_true h)).symm
    | false =>
      have : ¬ maxPositionExp C a n ≤ positionExp C a n := fun h' => by
        rw [Nat.ble_eq_true_of_le h'] at h
        exact absurd h (by simp)
      exact (Nat.max_eq_right (Nat.le_of_not_le this)).symm

theorem mostWeight_spec (C : Tables) (K a e : Nat) {i : Nat} (hi : i < K - 1) :
    positionExp C a i * e ≤ 2 ^ C.P * mostWeight C K a e := by
  have hle : positionExp C a i ≤ maxPositionExp C a (K - 1) := by
    rw [maxPositionExp_eq]
    exact le_maxBelow hi
  show _ ≤ 2 ^ C.P * ((e * maxPositionExp C a (K - 1) + (2 ^ C.P - 1)) >>> C.P)
  rw [Nat.shiftRight_eq_div_pow]
  have hP := Nat.two_pow_pos C.P
  have h := Nat.mul_le_mul_right e hle
  rw [Nat.mul_comm (maxPositionExp C a (K - 1))] at h
  generalize e * maxPositionExp C a (K - 1) = N at h ⊢
  have h1 := Nat.div_add_mod (N + (2 ^ C.P - 1)) (2 ^ C.P)
  have h2 := Nat.mod_lt (N + (2 ^ C.P - 1)) hP
  omega

theorem mostWeight_le {C : Tables} {K a e : Nat} (he : e ≤ 2 ^ C.P)
    (hp : ∀ i, i < K - 1 → positionExp C a i ≤ 2 ^ C.P) : mostWeight C K a e ≤ 2 ^ C.P := by
  show (e * maxPositionExp C a (K - 1) + (2 ^ C.P - 1)) >>> C.P ≤ _
  have hP := Nat.two_pow_pos C.P
  have hmax : maxPositionExp C a (K - 1) ≤ 2 ^ C.P := by
    rw [maxPositionExp_eq]
    exact Nat.le_of_lt_succ (maxBelow_lt (Nat.succ_pos _) fun i hi => Nat.lt_succ_of_le (hp i hi))
  have h := Nat.mul_le_mul he hmax
  rw [Nat.shiftRight_eq_div_pow]
  refine Nat.le_of_lt_succ (Nat.div_lt_of_lt_mul ?_)
  rw [Nat.mul_succ]
  omega

/-! ## The lanes of the checker -/

/-- Lane `o` of `tokenUnit C V K a m t`. -/
def tokenUnitEntry (C : Tables) (K a m t o : Nat) : Nat :=
  mostWeight C K a (tokenExp C a t) * excess C a m o (tokenEntry C K m t o)

/-- Lane `o` of `farUnit C V K a m n`. -/
def farUnitEntry (C : Tables) (V K a m n o : Nat) : Nat :=
  mostWeight C K a (maxTokenExp C V a n) * excess C a m o (farEntry C K m n o)

/-- Lane `o` of `nearUnit C V K a m g`, over the first `k` of the `g` tokens. -/
def nearUnitEntry (C : Tables) (V K a m g k o : Nat) : Nat :=
  Nat.rec (farUnitEntry C V K a m (m - g) o) (fun i ih => max (tokenUnitEntry C K a m (m - 1 - i) o) ih) k

theorem nearUnitEntry_succ (C : Tables) (V K a m g k o : Nat) : nearUnitEntry C V K a m g (k + 1) o =
    max (tokenUnitEntry C K a m (m - 1 - k) o) (nearUnitEntry C V K a m g k o) := rfl

theorem far_le_near (C : Tables) (V K a m g k o : Nat) : farUnitEntry C V K a m (m - g) o ≤ nearUnitEntry C V K a m g k o := by
  induction k with
  | zero => exact Nat.le_refl _
  | succ k ih => exact Nat.le_trans ih (Nat.le_max_right _ _)

theorem token_le_near (C : Tables) (V K a m g o : Nat) {k i : Nat} (hi : i < k) :
    tokenUnitEntry C K a m (m - 1 - i) o ≤ nearUnitEntry C V K a m g k o := by
  induction k with
  | zero => omega
  | succ k ih =>
    rw [nearUnitEntry_succ]
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
    · exact Nat.le_trans (ih h) (Nat.le_max_right _ _)
    · exact Nat.le_max_left _ _

theorem top_eq_mul (C : Tables) : C.top = 2 ^ C.P * (2 ^ C.r * 4) := by
  show 2 ^ (C.P + (C.r + 2)) = _
  rw [Nat.pow_add, Nat.pow_add]

section Lanes

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m o : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

include hv

theorem top_lt_half : C.top < C.half := by
  have h1 := hv.room_le
  have h2 := C.slack_pos M.n_ctx
  have h3 : C.top ≤ M.n_ctx * C.top := Nat.le_mul_of_pos_left _ hv.n_ctx_pos
  omega

include ha

theorem mostWeight_mul_le {e x : Nat} (he : e ≤ 2 ^ C.P) (hx : x ≤ 3 * 2 ^ C.r) : mostWeight C M.n_ctx a e * x ≤ C.top := by
  rw [top_eq_mul]
  exact Nat.mul_le_mul (mostWeight_le he fun i hi => hv.eP_le a i ha (by omega)) (by omega)

theorem tokenUnitEntry_le {t : Nat} (ht : t < M.d_vocab) (ho : o < M.d_vocab) : tokenUnitEntry C M.n_ctx a m t o ≤ C.top :=
  mostWeight_mul_le hv ha (tokenExp_le hv ha ht) (excess_lt hv ha m ho (tokenEntry_lt hv m ht ho))

theorem farUnitEntry_le {n : Nat} (hn : n ≤ M.d_vocab) (ho : o < M.d_vocab) : farUnitEntry C M.d_vocab M.n_ctx a m n o ≤ C.top :=
  mostWeight_mul_le hv ha (maxTokenExp_le hv ha hn) (excess_lt hv ha m ho (farEntry_lt hv m hn ho))

theorem farUnit_eq {n : Nat} (hn : n ≤ M.d_vocab) :
    farUnit C M.d_vocab M.n_ctx a m n = pack C.w (farUnitEntry C M.d_vocab M.n_ctx a m n) M.d_vocab := by
  show mostWeight C M.n_ctx a (maxTokenExp C M.d_vocab a n) * positive C M.d_vocab a m (farLoss C M.d_vocab M.n_ctx m n) = _
  rw [farLoss_eq hv m hn, positive_eq hv ha m fun o ho => farEntry_lt hv m hn ho, ← pack_mul]
  rfl

theorem tokenUnit_eq {t : Nat} (ht : t < M.d_vocab) :
    tokenUnit C M.d_vocab M.n_ctx a m t = pack C.w (tokenUnitEntry C M.n_ctx a m t) M.d_vocab := by
  show mostWeight C M.n_ctx a (tokenExp C a t) * positive C M.d_vocab a m (tokenLoss C M.d_vocab M.n_ctx m t) = _
  rw [tokenLoss_eq hv m ht, positive_eq hv ha m fun o ho => tokenEntry_lt hv m ht ho, ← pack_mul]
  rfl

include hm

theorem nearUnitEntry_le (g k : Nat) (ho : o < M.d_vocab) : nearUnitEntry C M.d_vocab M.n_ctx a m g k o ≤ C.top := by
  induction k with
  | zero => exact farUnitEntry_le hv ha (by omega) ho
  | succ k ih => exact Nat.max_le.2 ⟨tokenUnitEntry_le hv ha (by omega) ho, ih⟩

theorem nearUnit_eq (g : Nat) :
    nearUnit C M.d_vocab M.n_ctx a m g = pack C.w (nearUnitEntry C M.d_vocab M.n_ctx a m g g) M.d_vocab := by
  have hlt := top_lt_half hv
  have key : ∀ k, Nat.rec (farUnit C M.d_vocab M.n_ctx a m (Nat.sub m g)) (fun i ih => laneMax C.w (C.guard M.d_vocab)
      (tokenUnit C M.d_vocab M.n_ctx a m (Nat.sub (Nat.sub m 1) i)) ih) k =
      pack C.w (nearUnitEntry C M.d_vocab M.n_ctx a m g k) M.d_vocab := by
    intro k
    induction k with
    | zero => exact farUnit_eq hv ha (n := m - g) (by omega)
    | succ k ih =>
      show laneMax C.w (guardBits C.w M.d_vocab) (tokenUnit C M.d_vocab M.n_ctx a m (m - 1 - k)) (Nat.rec _ _ k) = _
      rw [ih, tokenUnit_eq hv ha (by omega)]
      exact laneMax_pack hv.w_pos
        (fun o ho => Nat.lt_of_le_of_lt (tokenUnitEntry_le hv ha (by omega) ho) hlt)
        (fun o ho => Nat.lt_of_le_of_lt (nearUnitEntry_le hv ha hm g k ho) hlt)
  exact key g

theorem weighted_gain_le : leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o ≤ C.top := by
  rw [top_eq_mul]
  refine Nat.mul_le_mul (leastWeight_le_two_pow (tokenExp_le hv ha hm)) ?_
  unfold gainEntry
  omega

/-- What `settles` says of one output, where `m` loses nothing at its own token. -/
theorem settles_spec {g c n : Nat} (h1 : losesNothing C M.d_vocab M.n_ctx a m = true)
    (h : settles C M.d_vocab M.n_ctx a m g c n = true) (ho : o < M.d_vocab) (hom : o ≠ m) :
    c + n ≤ M.n_ctx - 1 ∧
      n * nearUnitEntry C M.d_vocab M.n_ctx a m g g o + (M.n_ctx - 1 - c - n) * farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o +
        (rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx) ≤
      c * (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o) + rowEntry C a (M.n_ctx - 1) a m := by
  obtain ⟨hcn, h2⟩ := both_eq_true.1 h
  have hcn : c + n ≤ M.n_ctx - 1 := Nat.le_of_ble_eq_true hcn
  refine ⟨hcn, ?_⟩
  have hn := hv.n_ctx_pos
  have hroom := hv.room_le
  have hhalf := hv.half_lt_two_pow
  have hslack := C.slack_pos M.n_ctx
  have hK : M.n_ctx * C.top = (M.n_ctx - 1) * C.top + C.top := by rw [← Nat.succ_mul]; congr 1; omega
  have hlast : ∀ o, o < M.d_vocab → rowEntry C a (M.n_ctx - 1) a o < C.top := fun o ho =>
    rowEntry_lt_top hv ha (by omega) ha ho
  have hrow : lastRow C M.n_ctx a = pack C.w (rowEntry C a (M.n_ctx - 1) a) M.d_vocab :=
    row_eq_pack hv ha (Nat.sub_lt hn Nat.one_pos) ha
  let k := M.n_ctx - 1 - c - n
  let X o := n * nearUnitEntry C M.d_vocab M.n_ctx a m g g o + k * farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o +
    (rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1))
  let Y o := c * (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o) + rowEntry C a (M.n_ctx - 1) a m
  have hX : n * nearUnit C M.d_vocab M.n_ctx a m g + k * farUnit C M.d_vocab M.n_ctx a m (m - g) +
      (lastRow C M.n_ctx a + C.slack M.n_ctx * (ones C.w M.d_vocab - 2 ^ (C.w * m))) = pack C.w X M.d_vocab := by
    rw [nearUnit_eq hv ha hm, farUnit_eq hv ha (by omega), hrow, others_eq_pack hm, ← pack_mul, ← pack_mul,
      ← pack_mul, ← pack_add, ← pack_add, ← pack_add]
  have hY : c * (leastWeight C M.n_ctx a m * ownGain C M.d_vocab M.n_ctx a m) +
      lane C.w (lastRow C M.n_ctx a) m * ones C.w M.d_vocab = pack C.w Y M.d_vocab := by
    rw [ownGain_eq hv ha hm h1, hrow, lane_pack (fun o ho => by have := hlast o ho; omega) hm, ← pack_mul, ← pack_mul,
      ← pack_const, ← pack_add]
  have hXlt : ∀ o, o < M.d_vocab → X o < C.half := fun o ho => by
    have e1 := Nat.mul_le_mul_left n (nearUnitEntry_le hv ha hm g g ho)
    have e2 := Nat.mul_le_mul_left k (farUnitEntry_le (m := m) (n := m - g) hv ha (by omega) ho)
    have e3 : (n + k) * C.top ≤ (M.n_ctx - 1) * C.top := Nat.mul_le_mul_right _ (by omega)
    have e4 := hlast o ho
    rw [Nat.add_mul] at e3
    show n * nearUnitEntry C M.d_vocab M.n_ctx a m g g o + k * farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o +
      (rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1)) < _
    split <;> omega
  have hYlt : ∀ o, o < M.d_vocab → Y o < C.half := fun o _ => by
    have e1 := Nat.mul_le_mul_left c (weighted_gain_le (o := o) hv ha hm)
    have e2 : c * C.top ≤ (M.n_ctx - 1) * C.top := Nat.mul_le_mul_right _ (by omega)
    have e3 := hlast m hm
    show c * (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o) + rowEntry C a (M.n_ctx - 1) a m < _
    omega
  have h2 : lanesLe (guardBits C.w M.d_vocab)
      (n * nearUnit C M.d_vocab M.n_ctx a m g + k * farUnit C M.d_vocab M.n_ctx a m (m - g) +
        (lastRow C M.n_ctx a + C.slack M.n_ctx * (ones C.w M.d_vocab - 2 ^ (C.w * m))))
      (c * (leastWeight C M.n_ctx a m * ownGain C M.d_vocab M.n_ctx a m) +
        lane C.w (lastRow C M.n_ctx a) m * ones C.w M.d_vocab) = true := h2
  rw [hX, hY] at h2
  have h3 := lanesLe_pack hv.w_pos hXlt hYlt h2 ho
  have h4 : n * nearUnitEntry C M.d_vocab M.n_ctx a m g g o + k * farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o +
    (rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1)) ≤
    c * (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o) + rowEntry C a (M.n_ctx - 1) a m := h3
  rwa [if_neg hom, Nat.mul_one] at h4

end Lanes

/-! ## All positions but the last -/

/-- A sum over positions that counts a token. -/
theorem natSum_copies (y : List Nat) (t v : Nat) :
    natSum y.length (fun i => if y.getD i 0 = t then v else 0) = y.count t * v := by
  induction y with
  | nil => simp [natSum_zero]
  | cons s y ih =>
    rw [List.length_cons, natSum_succ_left]
    simp only [List.getD_cons_succ, List.getD_cons_zero]
    rw [ih]
    by_cases h : s = t
    · subst h; rw [if_pos rfl, List.count_cons_self, Nat.succ_mul, Nat.add_comm]
    · rw [if_neg h, List.count_cons_of_ne h, Nat.zero_add]

/-- A sum over positions that counts the tokens with a property. -/
theorem natSum_countP (y : List Nat) (p : Nat → Bool) (v : Nat) :
    natSum y.length (fun i => if p (y.getD i 0) = true then v else 0) = y.countP p * v := by
  induction y with
  | nil => simp [natSum_zero]
  | cons s y ih =>
    rw [List.length_cons, natSum_succ_left]
    simp only [List.getD_cons_succ, List.getD_cons_zero]
    rw [ih]
    by_cases h : p s = true
    · rw [if_pos h, List.countP_cons_of_pos h, Nat.succ_mul, Nat.add_comm]
    · rw [if_neg h, List.countP_cons_of_neg h, Nat.zero_add]

/-- The losses of all positions: `N` at the `g` tokens below `m`, `F` below those, none at `m`. -/
theorem natSum_losses {y : List Nat} {m g c n F N : Nat} (hF : F ≤ N) (hc : c ≤ y.count m)
    (hn : y.countP (isNear m g) ≤ n) (hcn : c + n ≤ y.length) :
    natSum y.length (fun i => if y.getD i 0 = m then 0 else if isNear m g (y.getD i 0) = true then N else F) ≤
      n * N + (y.length - c - n) * F := by
  have h : natSum y.length (fun i => if y.getD i 0 = m then 0 else if isNear m g (y.getD i 0) = true then N else F) +
      y.count m * F = y.length * F + y.countP (isNear m g) * (N - F) := by
    rw [← natSum_copies, ← natSum_countP, ← natSum_const, ← natSum_add, ← natSum_add]
    refine natSum_congr fun i _ => ?_
    by_cases h1 : y.getD i 0 = m
    · have h2 : ¬ isNear m g (y.getD i 0) = true := by rw [h1]; simp [isNear]
      rw [if_pos h1, if_pos h1, if_neg h2]
      omega
    · rw [if_neg h1, if_neg h1]
      by_cases h2 : isNear m g (y.getD i 0) = true
      · rw [if_pos h2, if_pos h2]; omega
      · rw [if_neg h2, if_neg h2]
  have e0 := Nat.mul_le_mul_right F hc
  have e1 := Nat.mul_le_mul_right (N - F) hn
  have e2 : y.length * F = c * F + n * F + (y.length - c - n) * F := by
    rw [← Nat.add_mul, ← Nat.add_mul]; congr 1; omega
  have e3 : n * N = n * F + n * (N - F) := by rw [← Nat.mul_add]; congr 1; omega
  omega

theorem two_pow_lt_sizeWidth (V : Nat) {K k : Nat} (hk : k < K) : (2 ^ Nat.succ (Nat.log2 V)) ^ k < 2 ^ sizeWidth V K := by
  show _ < 2 ^ (K * (Nat.log2 V + 1))
  rw [← Nat.pow_mul, Nat.mul_comm]
  exact Nat.pow_lt_pow_right (by omega) (Nat.mul_lt_mul_of_pos_right hk (Nat.succ_pos _))

/-- The inputs of query `a` and maximum `m` that are right and have `c` copies of `m` before the last position. -/
def RightCopies (M : AttentionOnly) (F : Type) [ExpField F] (a m c : Nat) (y : List Nat) : Prop :=
  (M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m) ∧ y.count m = c

/-- Numbers of copies that no position can have count nothing. -/
theorem count_rightCopies_beyond {M : AttentionOnly} (hK : 0 < M.n_ctx) (F : Type) [ExpField F] (a m : Nat) {c : Nat}
    (hc : M.n_ctx ≤ c) : count M.d_vocab (M.n_ctx - 1) (RightCopies M F a m c) = 0 := by
  rw [count_eq, listSum_congr (g := fun _ => 0) fun y hy => indicator_false fun hq => ?_, listSum_zero]
  have h1 := List.count_le_length (a := m) (l := y)
  have h2 := (mem_sequences.1 hy).1
  have h3 := hq.2
  omega

section Sound

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m o : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

include hv ha hm

theorem rowEntry_loss (g : Nat) {i t : Nat} (hi : i < M.n_ctx - 1) (ht : t < m) :
    rowEntry C a i t o ≤ rowEntry C a i t m + if isNear m g t = true then nearUnitEntry C M.d_vocab M.n_ctx a m g g o
      else farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o := by
  have weighed {e y : Nat} (hy : tokenEntry C M.n_ctx m t o ≤ y) (he : tokenExp C a t ≤ e) :
      rowEntry C a i t o ≤ rowEntry C a i t m + mostWeight C M.n_ctx a e * excess C a m o y := by
    refine Nat.le_of_mul_le_mul_left ?_ (Nat.two_pow_pos C.P)
    rw [Nat.mul_add, ← Nat.mul_assoc]
    refine Nat.le_trans (rowEntry_other hv ha hm hi (by omega) hy he) (Nat.add_le_add_left ?_ _)
    rw [← Nat.mul_assoc]
    exact Nat.mul_le_mul_right _ (mostWeight_spec C M.n_ctx a e hi)
  by_cases h : m ≤ t + g
  · rw [if_pos (by simp [isNear]; omega)]
    have hunit := token_le_near C M.d_vocab M.n_ctx a m g o (k := g) (i := m - 1 - t) (by omega)
    rw [show m - 1 - (m - 1 - t) = t by omega] at hunit
    exact Nat.le_trans (weighed (Nat.le_refl _) (Nat.le_refl _)) (Nat.add_le_add_left hunit _)
  · rw [if_neg (by simp [isNear]; omega)]
    have ht' : t < m - g := by omega
    have he := tokenExp_le_max hv ha (show m - g ≤ M.d_vocab by omega) ht'
    exact weighed (Nat.add_le_add_left (le_maxBelow (f := fun t => lossEntry C (C.OE t) m o) ht') _) he

/-- All positions but the last: the losses against the gains. -/
theorem natSum_rows_counts (g : Nat) {x : Nat → Nat} (hx : ∀ i, i < M.n_ctx - 1 → x i ≤ m)
    (hown : lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o ≤ 3 * 2 ^ C.r) :
    natSum (M.n_ctx - 1) (fun i => rowEntry C a i (x i) o) +
      natSum (M.n_ctx - 1) (fun i => if x i = m then leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o else 0) ≤
    natSum (M.n_ctx - 1) (fun i => rowEntry C a i (x i) m) + natSum (M.n_ctx - 1) fun i =>
      if x i = m then 0 else if isNear m g (x i) = true then nearUnitEntry C M.d_vocab M.n_ctx a m g g o
        else farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o := by
  rw [← natSum_add, ← natSum_add]
  refine natSum_le fun i hi => ?_
  by_cases h : x i = m
  · rw [if_pos h, if_pos h, h, Nat.add_zero]
    exact rowEntry_own hv ha hm hi hown
  · have := hx i hi
    rw [if_neg h, if_neg h, Nat.add_zero]
    exact rowEntry_loss hv ha hm g hi (by omega)

/-- An input with `c` copies of `m` or more and at most `n` of the `g` tokens below it is right. -/
theorem settles_sound (F : Type) [ExpField F] {g c d n : Nat} (ham : a ≤ m) (hc : leastCopies a m ≤ c) (hcd : c ≤ d)
    (h1 : losesNothing C M.d_vocab M.n_ctx a m = true)
    (h : settles C M.d_vocab M.n_ctx a m g c n = true) {y : List Nat} (hy : y ∈ sequences M.d_vocab (M.n_ctx - 1))
    (hholds : Holds m g d n y) :
    M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  have hK := hv.n_ctx_pos
  have hlen : y.length = M.n_ctx - 1 := (mem_sequences.1 hy).1
  obtain ⟨hym, hcount, hnear⟩ := hholds
  have hmax : maxToken (y ++ [a]) = m := by
    refine Nat.le_antisymm (maxToken_append_le.2 ⟨ham, hym⟩) ?_
    obtain ⟨hlow, hall⟩ := maxToken_append_le.1 (Nat.le_refl (maxToken (y ++ [a])))
    by_cases hne : a = m
    · omega
    · have hb : leastCopies a m = 1 := by
        show Bool.rec (motive := fun _ => Nat) 1 0 (Nat.beq a m) = 1
        cases hb : Nat.beq a m with
        | false => rfl
        | true => exact absurd (Nat.eq_of_beq_eq_true hb) hne
      exact hall m (List.count_pos_iff.1 (by omega))
  refine ⟨?_, hmax⟩
  rw [hmax]
  refine correct_of_lead hv F (snoc_mem_sequences hK ha hy) (getD_snoc hy a) hm fun o ho hom => ?_
  rw [natSum_snoc hK hy a fun i t => rowEntry C a i t o, natSum_snoc hK hy a fun i t => rowEntry C a i t m]
  obtain ⟨hcn, hlead⟩ := settles_spec hv ha hm h1 h ho hom
  have hle : ∀ i, i < M.n_ctx - 1 → y.getD i 0 ≤ m := fun i hi => by
    have e : y.getD i 0 = y[i]'(by omega) := by
      rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem (by omega), Option.getD_some]
    exact e ▸ hym _ (List.getElem_mem _)
  have hrows := natSum_rows_counts hv ha hm g (x := fun i => y.getD i 0) (o := o) hle (own_of_losesNothing hv ha hm h1 ho)
  have hgain := natSum_copies y m (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o)
  have hloss := natSum_losses (y := y) (g := g) (F := farUnitEntry C M.d_vocab M.n_ctx a m (m - g) o)
    (N := nearUnitEntry C M.d_vocab M.n_ctx a m g g o)
    (far_le_near C M.d_vocab M.n_ctx a m g g o) (c := c) (by omega) hnear (by omega)
  have hmore := Nat.mul_le_mul_right (leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o) hcd
  rw [hlen] at hgain hloss
  rw [hcount] at hgain
  simp only [hgain] at hrows
  omega

/-! ## Counts -/

theorem holdsCount_eq {g c n : Nat} (hg : g ≤ m) :
    holdsCount M.d_vocab M.n_ctx m g c n = count M.d_vocab (M.n_ctx - 1) (Holds m g c n) := by
  have hK := hv.n_ctx_pos
  have hV : M.d_vocab < 2 ^ Nat.succ (Nat.log2 M.d_vocab) := Nat.lt_log2_self
  rw [count_holds hg hm _ (Nat.le_refl n)]
  show choose _ (M.n_ctx - 1) c * pascalSum _ (m - g) g (M.n_ctx - 1 - c) n = _
  rw [choose_eq, pascalSum_eq]
  · refine Nat.lt_of_le_of_lt (Nat.pow_le_pow_left (Nat.le_of_lt (Nat.lt_of_le_of_lt ?_ hV)) _)
      (two_pow_lt_sizeWidth _ (k := M.n_ctx - 1 - c) (by omega))
    omega
  · refine Nat.lt_of_le_of_lt (Nat.pow_le_pow_left ?_ _) (two_pow_lt_sizeWidth _ (k := M.n_ctx - 1) (by omega))
    omega

section Copies

variable (F : Type) [ExpField F] (ham : a ≤ m) {g : Nat} (hg : g ≤ m)
  (h1 : losesNothing C M.d_vocab M.n_ctx a m = true)

include ham hg h1

theorem holdsCount_le_count {c d n : Nat} (hc : leastCopies a m ≤ c) (hcd : c ≤ d)
    (h : settles C M.d_vocab M.n_ctx a m g c n = true) :
    holdsCount M.d_vocab M.n_ctx m g d n ≤ count M.d_vocab (M.n_ctx - 1) (RightCopies M F a m d) := by
  rw [holdsCount_eq hv ha hm hg]
  exact count_mono fun y hy hh => ⟨settles_sound hv ha hm F ham hc hcd h1 h hy hh, hh.2.1⟩

theorem copiesSize_le_count {c : Nat} (hc : leastCopies a m ≤ c) (j : Nat) :
    copiesSize C M.d_vocab M.n_ctx a m g c j ≤ count M.d_vocab (M.n_ctx - 1) (RightCopies M F a m c) := by
  show Bool.rec (motive := fun _ => Nat) (Bool.rec (motive := fun _ => Nat) 0 (holdsCount M.d_vocab M.n_ctx m g c (j - 1))
    (settles C M.d_vocab M.n_ctx a m g c (j - 1))) 0 (Nat.beq j 0) ≤ _
  cases Nat.beq j 0 with
  | true => exact Nat.zero_le _
  | false =>
    cases h : settles C M.d_vocab M.n_ctx a m g c (j - 1) with
    | false => exact Nat.zero_le _
    | true => exact holdsCount_le_count hv ha hm F ham hg h1 hc (Nat.le_refl c) h

theorem restSize_le_count {c : Nat} (hc : leastCopies a m ≤ c) (j : Nat) :
    restSize C M.d_vocab M.n_ctx a m g c j ≤
      natSum (M.n_ctx - c) fun i => count M.d_vocab (M.n_ctx - 1) (RightCopies M F a m (c + i)) := by
  show Bool.rec (motive := fun _ => Nat) (Bool.rec (motive := fun _ => Nat) 0
    (natSum (M.n_ctx - c) fun i => holdsCount M.d_vocab M.n_ctx m g (c + i) (j - 1))
    (settles C M.d_vocab M.n_ctx a m g c (j - 1))) 0 (Nat.beq j 0) ≤ _
  cases Nat.beq j 0 with
  | true => exact Nat.zero_le _
  | false =>
    cases h : settles C M.d_vocab M.n_ctx a m g c (j - 1) with
    | false => exact Nat.zero_le _
    | true => exact natSum_le fun i _ => holdsCount_le_count hv ha hm F ham hg h1 hc (Nat.le_add_right c i) h

theorem copiesSum_le_count (last : Nat) (js : List Nat) {c : Nat} (hc : leastCopies a m ≤ c) :
    copiesSum C M.d_vocab M.n_ctx a m g last js c ≤
      natSum (M.n_ctx - c) fun i => count M.d_vocab (M.n_ctx - 1) (RightCopies M F a m (c + i)) := by
  induction js generalizing c with
  | nil =>
    show forced (restSize C M.d_vocab M.n_ctx a m g c) last ≤ _
    rw [forced_eq]
    exact restSize_le_count hv ha hm F ham hg h1 hc last
  | cons j js ih =>
    show copiesSize C M.d_vocab M.n_ctx a m g c j + copiesSum C M.d_vocab M.n_ctx a m g last js (c + 1) ≤ _
    have e1 := copiesSize_le_count hv ha hm F ham hg h1 hc j
    have e2 := ih (c := c + 1) (by omega)
    by_cases h : c < M.n_ctx
    · rw [show M.n_ctx - c = M.n_ctx - (c + 1) + 1 by omega, natSum_succ_left]
      refine Nat.add_le_add e1 (Nat.le_trans e2 (Nat.le_of_eq (natSum_congr fun i _ => ?_)))
      rw [show c + 1 + i = c + (i + 1) by omega]
    · rw [count_rightCopies_beyond hv.n_ctx_pos F a m (by omega)] at e1
      rw [show M.n_ctx - (c + 1) = 0 by omega, natSum_zero] at e2
      omega

end Copies

/-- What is proved by counts is right, whatever the numbers. -/
theorem countsSize_le_count (F : Type) [ExpField F] (ham : a ≤ m) (g last : Nat) (js : List Nat) :
    countsSize C M.d_vocab M.n_ctx a m g last js ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
      M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  show Bool.rec (motive := fun _ => Nat) 0
    (forced (copiesSum C M.d_vocab M.n_ctx a m g last js) (leastCopies a m))
    (both (Nat.ble g m) (losesNothing C M.d_vocab M.n_ctx a m)) ≤ _
  cases h : both (Nat.ble g m) (losesNothing C M.d_vocab M.n_ctx a m) with
  | false => exact Nat.zero_le _
  | true =>
    obtain ⟨h0, h1⟩ := both_eq_true.1 h
    show forced (copiesSum C M.d_vocab M.n_ctx a m g last js) (leastCopies a m) ≤ _
    rw [forced_eq]
    refine Nat.le_trans (copiesSum_le_count hv ha hm F ham (Nat.le_of_ble_eq_true h0) h1 last js
      (Nat.le_refl _)) ?_
    rw [natSum_eq]
    exact listSum_count_le List.nodup_range (fun c _ y _ hy => hy.1) fun c _ c' _ y hy hy' => by
      have := hy.2.symm.trans hy'.2
      omega

theorem countedSize_le_count (F : Type) [ExpField F] (ham : a ≤ m) (split : Option (Nat × Nat × List Nat)) :
    countedSize C M.d_vocab M.n_ctx a m split ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
      M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  cases split with
  | none => exact wholeSize_le_count hv F ha ham hm
  | some s =>
    show forced (fun g => countsSize C M.d_vocab M.n_ctx a m g s.2.1 s.2.2) s.1 ≤ _
    rw [forced_eq]
    exact countsSize_le_count hv ha hm F ham s.1 s.2.1 s.2.2

end Sound

/-- Chunks that cover all maxima prove the accuracy. -/
theorem counts_accuracy {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {ns : List Nat}
    (hc : Covered (ProvedSize (countedSize C M.d_vocab M.n_ctx)) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat} (hN : Nat.ble N (total ns) = true) :
    M.classifier.AccuracyAtLeast maxToken N :=
  accuracy_of_maxima hv.n_ctx_pos (fun F _ _ _ split ha ham hm => countedSize_le_count hv ha hm F ham split) hc hlen hN

end

end LeanBound
