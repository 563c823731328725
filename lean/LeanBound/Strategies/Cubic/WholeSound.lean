module

public import LeanBound.Properties.Maxima
public import LeanBound.Numerics.RunningMaxSound
public import LeanBound.Strategies.Cubic.Whole
public import LeanBound.Strategies.Tables.LogitsSound
public import LeanBound.Strategies.Tables.RowsSound

/-! # Cubic proof of max-of-K: soundness for whole classes -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Maxima and packs -/

/-- The largest of `f 0, …, f (n - 1)`. -/
def maxBelow (f : Nat → Nat) (n : Nat) : Nat := Nat.rec 0 (fun i ih => max (f i) ih) n

theorem maxBelow_succ (f : Nat → Nat) (n : Nat) : maxBelow f (n + 1) = max (f n) (maxBelow f n) := rfl

theorem le_maxBelow {f : Nat → Nat} {n i : Nat} (hi : i < n) : f i ≤ maxBelow f n := by
  induction n with
  | zero => omega
  | succ n ih =>
    rw [maxBelow_succ]
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
    · have := ih h; omega
    · omega

theorem maxBelow_lt {f : Nat → Nat} {n c : Nat} (hc : 0 < c) (h : ∀ i, i < n → f i < c) : maxBelow f n < c := by
  induction n with
  | zero => exact hc
  | succ n ih =>
    have h1 := ih fun i hi => h i (by omega)
    have h2 := h n (by omega)
    rw [maxBelow_succ]
    omega

theorem eq_zero_of_pack {w n : Nat} {f : Nat → Nat} (hf : ∀ j, j < n → f j < 2 ^ w) (h : pack w f n = 0) {j : Nat}
    (hj : j < n) : f j = 0 := by
  rw [← lane_pack hf hj, h, lane_eq, Nat.zero_shiftRight, Nat.zero_mod]

/-! ## The lanes of the checker -/

/-- Lane `o` of `lossOf C V x m`. -/
def lossEntry (C : Tables) (x m o : Nat) : Nat := lane C.w x o + (2 ^ C.r - lane C.w x m)

/-- All lanes up to a bound are below the running maximum there. -/
theorem maxTokenExp_spec {C : Tables} {V a n : Nat} (hle : ∀ t, t < V → tokenExp C a t ≤ 2 ^ C.P) (hn : n ≤ V) :
    maxTokenExp C V a n ≤ 2 ^ C.P ∧ ∀ t, t < n → tokenExp C a t ≤ maxTokenExp C V a n := by
  cases n with
  | zero => exact ⟨Nat.zero_le _, fun t ht => absurd ht (Nat.not_lt_zero _)⟩
  | succ n =>
    have e : maxTokenExp C V a (n + 1) =
      Bool.rec (motive := fun _ => Nat) (2 ^ C.P) (lane C.e (maxExps C V a) n) (Nat.ble (C.P + 2) C.e) := rfl
    rw [e]
    cases hP : Nat.ble (C.P + 2) C.e with
    | false => exact ⟨Nat.le_refl _, fun t ht => hle t (by omega)⟩
    | true =>
      have hP := Nat.le_of_ble_eq_true hP
      have hlt : ∀ t, t < V → tokenExp C a t < 2 ^ (C.e - 1) := fun t ht =>
        Nat.lt_of_le_of_lt (hle t ht) (Nat.pow_lt_pow_right (by omega) (by omega))
      have hrow : maxExps C V a = pack C.e (windowMax (tokenExp C a) (Nat.succ (Nat.log2 V))) V := by
        show runningMax C.e (guardBits C.e V) V _ (C.eE a &&& (2 ^ (C.e * V) - 1)) = _
        rw [Nat.and_two_pow_sub_one_eq_mod, ← pack_lane_mod]
        exact runningMax_pack (by omega) hlt
      have hmax : ∀ t, t < V → windowMax (tokenExp C a) (Nat.succ (Nat.log2 V)) t ≤ 2 ^ C.P := fun t ht =>
        windowMax_le hle ht
      show lane C.e (maxExps C V a) n ≤ _ ∧ ∀ t, t < n + 1 → _ ≤ lane C.e (maxExps C V a) n
      rw [hrow, lane_pack (fun t ht => Nat.lt_of_le_of_lt (hmax t ht) (Nat.pow_lt_pow_right (by omega) (by omega)))
        (by omega)]
      have hV : V < 2 ^ Nat.succ (Nat.log2 V) := Nat.lt_log2_self
      exact ⟨hmax n (by omega), fun t ht => le_windowMax (by omega) (by omega)⟩

/-- Lane `o` of `positionLoss C V K m`. -/
def positionEntry (C : Tables) (K m o : Nat) : Nat := maxBelow (fun i => lossEntry C (C.OP i) m o) (K - 1)

/-- Lane `o` of `tokenLoss C V K m t`. -/
def tokenEntry (C : Tables) (K m t o : Nat) : Nat := positionEntry C K m o + lossEntry C (C.OE t) m o

/-- Lane `o` of `farLoss C V K m n`. -/
def farEntry (C : Tables) (K m n o : Nat) : Nat :=
  positionEntry C K m o + maxBelow (fun t => lossEntry C (C.OE t) m o) n

/-- Lane `o` of `positive C V a m x`, where lane `o` of `x` is `y`. -/
def excess (C : Tables) (a m o y : Nat) : Nat := lossEntry C (C.D a) m o + y - 3 * 2 ^ C.r

/-- Lane `o` of `totalLoss C V K a m`. -/
def totalEntry (C : Tables) (V K a m o : Nat) : Nat :=
  max (totalWeight C K a (tokenExp C a (m - 1)) * excess C a m o (tokenEntry C K m (m - 1) o))
    (totalWeight C K a (maxTokenExp C V a (m - 1)) * excess C a m o (farEntry C K m (m - 1) o))

/-- Lane `o` of `ownGain C V K a m`. -/
def gainEntry (C : Tables) (K a m o : Nat) : Nat :=
  3 * 2 ^ C.r - (lossEntry C (C.D a) m o + tokenEntry C K m m o)

theorem lossOf_eq_pack {C : Tables} {V x : Nat} (hx : x < 2 ^ (C.w * V)) (m : Nat) :
    lossOf C V x m = pack C.w (lossEntry C x m) V := by
  show x + (2 ^ C.r - lane C.w x m) * ones C.w V = pack C.w (fun o => lane C.w x o + (2 ^ C.r - lane C.w x m)) V
  rw [pack_add, pack_lane hx, pack_const]

theorem lossEntry_lt {C : Tables} {x m o : Nat} (h : lane C.w x o < 2 ^ C.r) : lossEntry C x m o < 2 * 2 ^ C.r := by
  unfold lossEntry
  omega

theorem rowMax_eq_pack {C : Tables} {V n : Nat} {F : Nat → Nat} {f : Nat → Nat → Nat} (hw : 0 < C.w)
    (hF : ∀ i, i < n → F i = pack C.w (f i) V) (hf : ∀ i o, i < n → o < V → f i o < C.half) :
    rowMax C V F n = pack C.w (fun o => maxBelow (fun i => f i o) n) V := by
  induction n with
  | zero => exact ((pack_const C.w V 0).trans (Nat.zero_mul _)).symm
  | succ n ih =>
    show laneMax C.w (guardBits C.w V) (F n) (rowMax C V F n) = _
    rw [hF n (by omega), ih (fun i hi => hF i (by omega)) fun i o hi => hf i o (by omega)]
    exact laneMax_pack hw (fun o ho => hf n o (by omega) ho) fun o ho =>
      maxBelow_lt (Nat.two_pow_pos _) fun i hi => hf i o (by omega) ho

theorem others_eq_pack {w V m : Nat} (hm : m < V) :
    ones w V - 2 ^ (w * m) = pack w (fun o => if o = m then 0 else 1) V := by
  rw [← pack_single w m V hm, ones_eq, ← pack_sub fun o _ => by split <;> omega]
  exact pack_congr fun o _ => by split <;> rfl

/-! ## Exponentials -/

theorem minPositionExp_succ (C : Tables) (a n : Nat) :
    minPositionExp C a (n + 1) = min (minPositionExp C a n) (positionExp C a n) := by
  show Bool.rec (motive := fun _ => Nat) _ _ (Nat.ble (minPositionExp C a n) (positionExp C a n)) = _
  cases h : Nat.ble (minPositionExp C a n) (positionExp C a n) with
  | true => have := Nat.le_of_ble_eq_true h; exact (Nat.min_eq_left this).symm
  | false =>
    have : ¬ minPositionExp C a n ≤ positionExp C a n := fun h' => by
      rw [Nat.ble_eq_true_of_le h'] at h; exact absurd h (by simp)
    exact (Nat.min_eq_right (Nat.le_of_not_le this)).symm

theorem minPositionExp_le_two_pow (C : Tables) (a n : Nat) : minPositionExp C a n ≤ 2 ^ C.P := by
  induction n with
  | zero => exact Nat.le_refl _
  | succ n ih => rw [minPositionExp_succ]; omega

theorem minPositionExp_le (C : Tables) (a : Nat) {n i : Nat} (hi : i < n) : minPositionExp C a n ≤ positionExp C a i := by
  induction n with
  | zero => omega
  | succ n ih =>
    rw [minPositionExp_succ]
    rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
    · have := ih h; omega
    · omega

theorem totalWeight_spec (C : Tables) (K a e : Nat) :
    natSum (K - 1) (positionExp C a) * e ≤ 2 ^ C.P * totalWeight C K a e := by
  show natSum (K - 1) (positionExp C a) * e ≤
    2 ^ C.P * ((e * natSum (K - 1) (positionExp C a) + (2 ^ C.P - 1)) >>> C.P)
  rw [Nat.shiftRight_eq_div_pow, Nat.mul_comm _ e]
  have hP := Nat.two_pow_pos C.P
  generalize e * natSum (K - 1) (positionExp C a) = N
  have h1 := Nat.div_add_mod (N + (2 ^ C.P - 1)) (2 ^ C.P)
  have h2 := Nat.mod_lt (N + (2 ^ C.P - 1)) hP
  omega

theorem totalWeight_le {C : Tables} {K a e : Nat} (he : e ≤ 2 ^ C.P)
    (hp : ∀ i, i < K - 1 → positionExp C a i ≤ 2 ^ C.P) : totalWeight C K a e ≤ (K - 1) * 2 ^ C.P := by
  show (e * natSum (K - 1) (positionExp C a) + (2 ^ C.P - 1)) >>> C.P ≤ _
  have hP := Nat.two_pow_pos C.P
  have h := Nat.mul_le_mul he (natSum_le_mul hp)
  rw [Nat.shiftRight_eq_div_pow]
  refine Nat.le_of_lt_succ (Nat.div_lt_of_lt_mul ?_)
  rw [Nat.mul_succ]
  omega

theorem weight_mul_le (C : Tables) (a i t : Nat) :
    2 ^ C.P * weight C a i t ≤ positionExp C a i * tokenExp C a t := by
  show 2 ^ C.P * ((tokenExp C a t * positionExp C a i) >>> C.P) ≤ _
  rw [Nat.shiftRight_eq_div_pow, Nat.mul_comm (tokenExp C a t)]
  exact Nat.mul_div_le _ _

theorem leastWeight_le (C : Tables) (a m : Nat) {K i : Nat} (hi : i < K - 1) : leastWeight C K a m ≤ weight C a i m := by
  show (tokenExp C a m * minPositionExp C a (K - 1)) >>> C.P ≤ (tokenExp C a m * positionExp C a i) >>> C.P
  rw [Nat.shiftRight_eq_div_pow, Nat.shiftRight_eq_div_pow]
  exact Nat.div_le_div_right (Nat.mul_le_mul_left _ (minPositionExp_le C a hi))

theorem leastWeight_le_two_pow {C : Tables} {K a m : Nat} (h : tokenExp C a m ≤ 2 ^ C.P) :
    leastWeight C K a m ≤ 2 ^ C.P := by
  show (tokenExp C a m * minPositionExp C a (K - 1)) >>> C.P ≤ _
  rw [Nat.shiftRight_eq_div_pow]
  exact Nat.div_le_of_le_mul (Nat.mul_le_mul h (minPositionExp_le_two_pow C a _))

/-! ## What the checker says about one output -/

section Lanes

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m o : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

include hv

theorem positionEntry_lt (m : Nat) (ho : o < M.d_vocab) : positionEntry C M.n_ctx m o < 2 * 2 ^ C.r :=
  maxBelow_lt (Nat.mul_pos (by omega) (Nat.two_pow_pos _)) fun i hi => lossEntry_lt ((hv.OP_lt i (by omega)).2 o ho)

theorem positionLoss_eq (m : Nat) :
    positionLoss C M.d_vocab M.n_ctx m = pack C.w (positionEntry C M.n_ctx m) M.d_vocab := by
  refine rowMax_eq_pack hv.w_pos (fun i hi => lossOf_eq_pack (hv.OP_lt i ?_).1 m) fun i o hi ho => ?_
  · exact Nat.lt_of_lt_of_le hi (Nat.sub_le _ _)
  · have h1 := hv.bias_room
    have h2 := lossEntry_lt (m := m) ((hv.OP_lt i (Nat.lt_of_lt_of_le hi (Nat.sub_le _ _))).2 o ho)
    omega

theorem tokenLoss_eq (m : Nat) {t : Nat} (ht : t < M.d_vocab) :
    tokenLoss C M.d_vocab M.n_ctx m t = pack C.w (tokenEntry C M.n_ctx m t) M.d_vocab := by
  show positionLoss C M.d_vocab M.n_ctx m + lossOf C M.d_vocab (C.OE t) m = _
  rw [positionLoss_eq hv, lossOf_eq_pack (hv.OE_lt t ht).1, ← pack_add]
  rfl

theorem farLoss_eq (m : Nat) {n : Nat} (hn : n ≤ M.d_vocab) :
    farLoss C M.d_vocab M.n_ctx m n = pack C.w (farEntry C M.n_ctx m n) M.d_vocab := by
  show positionLoss C M.d_vocab M.n_ctx m + rowMax C M.d_vocab (fun t => lossOf C M.d_vocab (C.OE t) m) n = _
  rw [positionLoss_eq hv, rowMax_eq_pack hv.w_pos (fun t ht => lossOf_eq_pack (hv.OE_lt t (by omega)).1 m) fun t o ht ho => by
    have h1 := hv.bias_room
    have h2 := lossEntry_lt (m := m) ((hv.OE_lt t (by omega)).2 o ho)
    omega, ← pack_add]
  rfl

theorem tokenEntry_lt (m : Nat) {t : Nat} (ht : t < M.d_vocab) (ho : o < M.d_vocab) :
    tokenEntry C M.n_ctx m t o < 4 * 2 ^ C.r := by
  have h1 := positionEntry_lt hv m ho
  have h2 := lossEntry_lt (m := m) ((hv.OE_lt t ht).2 o ho)
  unfold tokenEntry
  omega

theorem farEntry_lt (m : Nat) {n : Nat} (hn : n ≤ M.d_vocab) (ho : o < M.d_vocab) :
    farEntry C M.n_ctx m n o < 4 * 2 ^ C.r := by
  have h1 := positionEntry_lt hv m ho
  have h2 : maxBelow (fun t => lossEntry C (C.OE t) m o) n < 2 * 2 ^ C.r :=
    maxBelow_lt (Nat.mul_pos (by omega) (Nat.two_pow_pos _)) fun t ht => lossEntry_lt ((hv.OE_lt t (by omega)).2 o ho)
  unfold farEntry
  omega

include ha

theorem excess_lt (m : Nat) (ho : o < M.d_vocab) {y : Nat} (hy : y < 4 * 2 ^ C.r) : excess C a m o y ≤ 3 * 2 ^ C.r := by
  have h1 := lossEntry_lt (m := m) ((hv.D_lt a ha).2 o ho)
  unfold excess
  omega

theorem positive_eq (m : Nat) {f : Nat → Nat} (hf : ∀ o, o < M.d_vocab → f o < 4 * 2 ^ C.r) :
    positive C M.d_vocab a m (pack C.w f M.d_vocab) = pack C.w (fun o => excess C a m o (f o)) M.d_vocab := by
  have hB := hv.bias_room
  show monus C.w (guardBits C.w M.d_vocab) (lossOf C M.d_vocab (C.D a) m + pack C.w f M.d_vocab)
    (3 * 2 ^ C.r * ones C.w M.d_vocab) = _
  rw [lossOf_eq_pack (hv.D_lt a ha).1, ← pack_add, ← pack_const]
  refine monus_pack hv.w_pos (fun o ho => ?_) fun o ho => ?_
  · have h1 := lossEntry_lt (m := m) ((hv.D_lt a ha).2 o ho)
    have h2 := hf o ho
    show lossEntry C (C.D a) m o + f o < C.half
    omega
  · show 3 * 2 ^ C.r < C.half
    omega

theorem tokenExp_le {t : Nat} (ht : t < M.d_vocab) : tokenExp C a t ≤ 2 ^ C.P := hv.eE_le a t ha ht

theorem maxTokenExp_le {n : Nat} (hn : n ≤ M.d_vocab) : maxTokenExp C M.d_vocab a n ≤ 2 ^ C.P :=
  (maxTokenExp_spec (fun t ht => tokenExp_le hv ha ht) hn).1

theorem tokenExp_le_max {n t : Nat} (hn : n ≤ M.d_vocab) (ht : t < n) : tokenExp C a t ≤ maxTokenExp C M.d_vocab a n :=
  (maxTokenExp_spec (fun t ht => tokenExp_le hv ha ht) hn).2 t ht


/-- A product of a total weight and a loss. -/
theorem totalWeight_mul_le {e x : Nat} (he : e ≤ 2 ^ C.P) (hx : x ≤ 3 * 2 ^ C.r) :
    totalWeight C M.n_ctx a e * x ≤ (M.n_ctx - 1) * C.top := by
  have h := totalWeight_le (K := M.n_ctx) he fun i hi => hv.eP_le a i ha (by omega)
  have ht : C.top = 2 ^ C.P * (2 ^ C.r * 4) := by
    show 2 ^ (C.P + (C.r + 2)) = _
    rw [Nat.pow_add, Nat.pow_add]
  rw [ht, ← Nat.mul_assoc]
  exact Nat.mul_le_mul h (by omega)

include hm

theorem totalEntry_le (ho : o < M.d_vocab) : totalEntry C M.d_vocab M.n_ctx a m o ≤ (M.n_ctx - 1) * C.top :=
  Nat.max_le.2 ⟨totalWeight_mul_le hv ha (tokenExp_le hv ha (by omega))
      (excess_lt hv ha m ho (tokenEntry_lt hv m (by omega) ho)),
    totalWeight_mul_le hv ha (maxTokenExp_le hv ha (by omega))
      (excess_lt hv ha m ho (farEntry_lt hv m (by omega) ho))⟩

theorem totalLoss_eq :
    totalLoss C M.d_vocab M.n_ctx a m = pack C.w (totalEntry C M.d_vocab M.n_ctx a m) M.d_vocab := by
  have hlt : (M.n_ctx - 1) * C.top < C.half := by
    have h1 := hv.room_le
    have h2 := C.slack_pos M.n_ctx
    have h3 : (M.n_ctx - 1) * C.top ≤ M.n_ctx * C.top := Nat.mul_le_mul_right _ (Nat.sub_le _ _)
    omega
  show laneMax C.w (guardBits C.w M.d_vocab)
    (totalWeight C M.n_ctx a (tokenExp C a (m - 1)) * positive C M.d_vocab a m (tokenLoss C M.d_vocab M.n_ctx m (m - 1)))
    (totalWeight C M.n_ctx a (maxTokenExp C M.d_vocab a (m - 1)) * positive C M.d_vocab a m (farLoss C M.d_vocab M.n_ctx m (m - 1))) = _
  rw [tokenLoss_eq hv m (by omega), farLoss_eq hv m (by omega),
    positive_eq hv ha m fun o ho => tokenEntry_lt hv m (by omega) ho,
    positive_eq hv ha m fun o ho => farEntry_lt hv m (by omega) ho, ← pack_mul, ← pack_mul]
  exact laneMax_pack hv.w_pos
    (fun o ho => Nat.lt_of_le_of_lt (Nat.le_trans (Nat.le_max_left _ _) (totalEntry_le hv ha hm ho)) hlt)
    (fun o ho => Nat.lt_of_le_of_lt (Nat.le_trans (Nat.le_max_right _ _) (totalEntry_le hv ha hm ho)) hlt)

/-- `m` loses nothing at its own token. -/
theorem own_of_losesNothing (h : losesNothing C M.d_vocab M.n_ctx a m = true) (ho : o < M.d_vocab) :
    lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o ≤ 3 * 2 ^ C.r := by
  have hB := hv.bias_room
  have h : lanesLe (guardBits C.w M.d_vocab) (lossOf C M.d_vocab (C.D a) m + tokenLoss C M.d_vocab M.n_ctx m m)
    (3 * 2 ^ C.r * ones C.w M.d_vocab) = true := h
  rw [lossOf_eq_pack (hv.D_lt a ha).1, tokenLoss_eq hv m hm, ← pack_add, ← pack_const] at h
  refine lanesLe_pack hv.w_pos (fun o ho => ?_) (fun o _ => ?_) h ho
  · have h1 := lossEntry_lt (m := m) ((hv.D_lt a ha).2 o ho)
    have h2 := tokenEntry_lt hv m hm ho
    show lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o < C.half
    omega
  · show 3 * 2 ^ C.r < C.half
    omega

theorem ownGain_eq (h : losesNothing C M.d_vocab M.n_ctx a m = true) :
    ownGain C M.d_vocab M.n_ctx a m = pack C.w (gainEntry C M.n_ctx a m) M.d_vocab := by
  show 3 * 2 ^ C.r * ones C.w M.d_vocab -
    (lossOf C M.d_vocab (C.D a) m + tokenLoss C M.d_vocab M.n_ctx m m) = _
  rw [lossOf_eq_pack (hv.D_lt a ha).1, tokenLoss_eq hv m hm, ← pack_add, ← pack_const]
  exact (pack_sub fun o ho => own_of_losesNothing hv ha hm h ho).symm

/-- The total loss, the slack and the last position, against the gain of one copy of weight `W`. -/
theorem whole_spec (h : whole C M.d_vocab M.n_ctx a m = true) (ho : o < M.d_vocab) :
    lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o ≤ 3 * 2 ^ C.r ∧
    (o ≠ m → totalEntry C M.d_vocab M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx ≤
      copyWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o +
        rowEntry C a (M.n_ctx - 1) a m) := by
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  refine ⟨own_of_losesNothing hv ha hm h1 ho, fun hom => ?_⟩
  have hn := hv.n_ctx_pos
  have hroom := hv.room_le
  have hhalf := hv.half_lt_two_pow
  have hK : M.n_ctx * C.top = (M.n_ctx - 1) * C.top + C.top := by rw [← Nat.succ_mul]; congr 1; omega
  have hlast : ∀ o, o < M.d_vocab → rowEntry C a (M.n_ctx - 1) a o < C.top := fun o ho =>
    rowEntry_lt_top hv ha (by omega) ha ho
  have hrow : lastRow C M.n_ctx a = pack C.w (rowEntry C a (M.n_ctx - 1) a) M.d_vocab :=
    row_eq_pack hv ha (Nat.sub_lt hn Nat.one_pos) ha
  let W := copyWeight C M.n_ctx a m
  have hW : W ≤ 2 ^ C.P := by
    show Bool.rec (motive := fun _ => Nat) (leastWeight C M.n_ctx a m) 0 (Nat.beq a m) ≤ _
    cases Nat.beq a m
    · exact leastWeight_le_two_pow (tokenExp_le hv ha hm)
    · exact Nat.zero_le _
  have hgain : ∀ o, W * gainEntry C M.n_ctx a m o ≤ C.top := fun o => by
    show _ ≤ 2 ^ (C.P + (C.r + 2))
    rw [Nat.pow_add]
    refine Nat.mul_le_mul hW ?_
    unfold gainEntry
    rw [Nat.pow_add]
    omega
  let X o := totalEntry C M.d_vocab M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1)
  let Y o := W * gainEntry C M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a m
  have hX : totalLoss C M.d_vocab M.n_ctx a m + lastRow C M.n_ctx a +
      C.slack M.n_ctx * (ones C.w M.d_vocab - 2 ^ (C.w * m)) = pack C.w X M.d_vocab := by
    rw [totalLoss_eq hv ha hm, hrow, others_eq_pack hm, pack_add, pack_add, pack_mul]
  have hY : W * ownGain C M.d_vocab M.n_ctx a m + lane C.w (lastRow C M.n_ctx a) m * ones C.w M.d_vocab =
      pack C.w Y M.d_vocab := by
    rw [ownGain_eq hv ha hm h1, hrow, lane_pack (fun o ho => by have := hlast o ho; omega) hm, pack_add, pack_mul, pack_const]
  have hXlt : ∀ o, o < M.d_vocab → X o < C.half := fun o ho => by
    have e1 := totalEntry_le hv ha hm ho
    have e2 := hlast o ho
    show totalEntry C M.d_vocab M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1) < _
    split <;> omega
  have hYlt : ∀ o, o < M.d_vocab → Y o < C.half := fun o _ => by
    have e1 := hgain o
    have e2 := hlast m hm
    have e3 := C.slack_pos M.n_ctx
    show W * gainEntry C M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a m < _
    omega
  have h2 : lanesLe (guardBits C.w M.d_vocab) (totalLoss C M.d_vocab M.n_ctx a m + lastRow C M.n_ctx a +
      C.slack M.n_ctx * (ones C.w M.d_vocab - 2 ^ (C.w * m)))
      (W * ownGain C M.d_vocab M.n_ctx a m + lane C.w (lastRow C M.n_ctx a) m * ones C.w M.d_vocab) = true := h2
  rw [hX, hY] at h2
  have h3 := lanesLe_pack hv.w_pos hXlt hYlt h2 ho
  have h4 : totalEntry C M.d_vocab M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx * (if o = m then 0 else 1) ≤
    W * gainEntry C M.n_ctx a m o + rowEntry C a (M.n_ctx - 1) a m := h3
  rwa [if_neg hom, Nat.mul_one] at h4

end Lanes

/-! ## What one position adds -/

section Position

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m o i t : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab) (ho : o < M.d_vocab) (hi : i < M.n_ctx - 1)

include hv ha hm hi

/-- The losses bound what output `o` gains on output `m`. -/
theorem laneSum_le (ht : t < M.d_vocab) {y : Nat} (hy : tokenEntry C M.n_ctx m t o ≤ y) :
    laneSum C a i t o ≤ laneSum C a i t m + excess C a m o y := by
  have h1 := (hv.D_lt a ha).2 m hm
  have h2 := (hv.OP_lt i (by omega)).2 m hm
  have h3 := (hv.OE_lt t ht).2 m hm
  have h4 : lossEntry C (C.OP i) m o ≤ positionEntry C M.n_ctx m o :=
    le_maxBelow (f := fun i => lossEntry C (C.OP i) m o) hi
  unfold tokenEntry at hy
  unfold lossEntry at hy h4
  unfold laneSum excess lossEntry
  omega

/-- A position that holds `m` gains. -/
theorem rowEntry_own (h : lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o ≤ 3 * 2 ^ C.r) :
    rowEntry C a i m o + leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o ≤ rowEntry C a i m m := by
  have h1 := (hv.D_lt a ha).2 m hm
  have h2 := (hv.OP_lt i (by omega)).2 m hm
  have h3 := (hv.OE_lt m hm).2 m hm
  have h4 : lossEntry C (C.OP i) m o ≤ positionEntry C M.n_ctx m o :=
    le_maxBelow (f := fun i => lossEntry C (C.OP i) m o) hi
  have h5 : laneSum C a i m o + gainEntry C M.n_ctx a m o ≤ laneSum C a i m m := by
    unfold tokenEntry at h
    unfold lossEntry at h h4
    unfold laneSum gainEntry tokenEntry lossEntry
    omega
  have h6 := Nat.mul_le_mul_left (weight C a i m) h5
  have h7 := Nat.mul_le_mul_right (gainEntry C M.n_ctx a m o) (leastWeight_le C a m hi)
  rw [Nat.mul_add] at h6
  exact Nat.le_trans (Nat.add_le_add_left h7 _) h6

/-- A position whose token has a loss `y` and an exponential `e` at most. -/
theorem rowEntry_other (ht : t < M.d_vocab) {e y : Nat} (hy : tokenEntry C M.n_ctx m t o ≤ y) (he : tokenExp C a t ≤ e) :
    2 ^ C.P * rowEntry C a i t o ≤ 2 ^ C.P * rowEntry C a i t m + positionExp C a i * (e * excess C a m o y) := by
  have h1 := Nat.mul_le_mul_left (2 ^ C.P * weight C a i t) (laneSum_le hv ha hm hi ht hy)
  have h2 := Nat.mul_le_mul_right (excess C a m o y)
    (Nat.le_trans (weight_mul_le C a i t) (Nat.mul_le_mul_left (positionExp C a i) he))
  rw [Nat.mul_add, Nat.mul_assoc, Nat.mul_assoc _ _ (laneSum C a i t m)] at h1
  rw [Nat.mul_assoc (positionExp C a i)] at h2
  exact Nat.le_trans h1 (Nat.add_le_add_left h2 _)

end Position

/-- The most that a position with exponential one can lose, times `2 ^ P`, with a token below `m`. -/
def unitLoss (C : Tables) (V K a m o : Nat) : Nat :=
  max (tokenExp C a (m - 1) * excess C a m o (tokenEntry C K m (m - 1) o))
    (maxTokenExp C V a (m - 1) * excess C a m o (farEntry C K m (m - 1) o))

theorem unitLoss_spec (C : Tables) (V K a m o : Nat) :
    natSum (K - 1) (positionExp C a) * unitLoss C V K a m o ≤ 2 ^ C.P * totalEntry C V K a m o := by
  have step (e x : Nat) : natSum (K - 1) (positionExp C a) * (e * x) ≤ 2 ^ C.P * (totalWeight C K a e * x) := by
    rw [← Nat.mul_assoc, ← Nat.mul_assoc]
    exact Nat.mul_le_mul_right _ (totalWeight_spec C K a e)
  unfold unitLoss totalEntry
  rw [← Nat.mul_max_mul_left, ← Nat.mul_max_mul_left]
  exact Nat.max_le.2 ⟨Nat.le_trans (step _ _) (Nat.le_max_left _ _), Nat.le_trans (step _ _) (Nat.le_max_right _ _)⟩

section Sound

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m o : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

include hv ha hm

theorem rowEntry_below {i t : Nat} (hi : i < M.n_ctx - 1) (ht : t < m) :
    2 ^ C.P * rowEntry C a i t o ≤ 2 ^ C.P * rowEntry C a i t m + positionExp C a i * unitLoss C M.d_vocab M.n_ctx a m o := by
  unfold unitLoss
  by_cases h : t = m - 1
  · subst h
    exact Nat.le_trans (rowEntry_other hv ha hm hi (by omega) (Nat.le_refl _) (Nat.le_refl _))
      (Nat.add_le_add_left (Nat.mul_le_mul_left _ (Nat.le_max_left _ _)) _)
  · have ht' : t < m - 1 := by omega
    have hy : tokenEntry C M.n_ctx m t o ≤ farEntry C M.n_ctx m (m - 1) o :=
      Nat.add_le_add_left (le_maxBelow (f := fun t => lossEntry C (C.OE t) m o) ht') _
    have he := tokenExp_le_max hv ha (show m - 1 ≤ M.d_vocab by omega) ht'
    exact Nat.le_trans (rowEntry_other hv ha hm hi (by omega) hy he)
      (Nat.add_le_add_left (Nat.mul_le_mul_left _ (Nat.le_max_right _ _)) _)

/-- All positions but the last, holding tokens of `m` at most: the losses against the gains. -/
theorem natSum_rows_le {x : Nat → Nat} (hx : ∀ i, i < M.n_ctx - 1 → x i ≤ m)
    (hown : lossEntry C (C.D a) m o + tokenEntry C M.n_ctx m m o ≤ 3 * 2 ^ C.r) :
    natSum (M.n_ctx - 1) (fun i => rowEntry C a i (x i) o) +
      natSum (M.n_ctx - 1) (fun i => if x i = m then leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o else 0) ≤
    natSum (M.n_ctx - 1) (fun i => rowEntry C a i (x i) m) + totalEntry C M.d_vocab M.n_ctx a m o := by
  refine Nat.le_of_mul_le_mul_left ?_ (Nat.two_pow_pos C.P)
  rw [← natSum_add, Nat.mul_add, Nat.mul_comm, Nat.mul_comm (2 ^ C.P) (natSum _ _), ← natSum_mul_const, ← natSum_mul_const]
  refine Nat.le_trans ?_ (Nat.add_le_add_left (unitLoss_spec C M.d_vocab M.n_ctx a m o) _)
  rw [← natSum_mul_const, ← natSum_add]
  refine natSum_le fun i hi => ?_
  by_cases h : x i = m
  · rw [if_pos h, h]
    exact Nat.le_trans (Nat.mul_le_mul_right _ (rowEntry_own hv ha hm hi hown)) (Nat.le_add_right _ _)
  · have := hx i hi
    rw [if_neg h, Nat.add_zero, Nat.mul_comm, Nat.mul_comm (rowEntry _ _ _ _ _)]
    exact rowEntry_below hv ha hm hi (by omega)

end Sound

/-- A class that passes the check is right. -/
theorem whole_sound {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) (F : Type) [ExpField F]
    {a m : Nat} (ha : a < M.d_vocab) (hm : m < M.d_vocab) (h : whole C M.d_vocab M.n_ctx a m = true) {y : List Nat}
    (hy : y ∈ sequences M.d_vocab (M.n_ctx - 1)) (hmax : maxToken (y ++ [a]) = m) :
    M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) := by
  have hK := hv.n_ctx_pos
  have hlen : y.length = M.n_ctx - 1 := (mem_sequences.1 hy).1
  have entry : ∀ i, i < M.n_ctx - 1 → ∃ hi : i < y.length, y.getD i 0 = y[i] := fun i hi =>
    ⟨by omega, by rw [List.getD_eq_getElem?_getD, List.getElem?_eq_getElem (by omega), Option.getD_some]⟩
  obtain ⟨ham, hym⟩ := maxToken_append_le.1 (Nat.le_of_eq hmax)
  have hle : ∀ i, i < M.n_ctx - 1 → y.getD i 0 ≤ m := fun i hi => by
    obtain ⟨hi, e⟩ := entry i hi
    exact e ▸ hym _ (List.getElem_mem hi)
  rw [hmax]
  refine correct_of_lead hv F (snoc_mem_sequences hK ha hy) (getD_snoc hy a) hm fun o ho hom => ?_
  rw [natSum_snoc hK hy a fun i t => rowEntry C a i t o, natSum_snoc hK hy a fun i t => rowEntry C a i t m]
  obtain ⟨hown, hall⟩ := whole_spec hv ha hm h ho
  have hrows := natSum_rows_le hv ha hm hle hown
  have hgain : copyWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o ≤
      natSum (M.n_ctx - 1) fun i =>
        if y.getD i 0 = m then leastWeight C M.n_ctx a m * gainEntry C M.n_ctx a m o else 0 := by
    unfold copyWeight
    cases hb : Nat.beq a m with
    | true => exact Nat.le_trans (Nat.le_of_eq (Nat.zero_mul _)) (Nat.zero_le _)
    | false =>
      have hne : a ≠ m := Nat.ne_of_beq_eq_false hb
      have hmem : m ∈ y := Classical.byContradiction fun hn => by
        have : maxToken (y ++ [a]) ≤ m - 1 := maxToken_append_le.2 ⟨by omega, fun t ht => by
          have h1 := hym t ht
          have h2 : t ≠ m := fun e => hn (e ▸ ht)
          omega⟩
        omega
      obtain ⟨i, hi, e⟩ := List.getElem_of_mem hmem
      have hi' : i < M.n_ctx - 1 := by omega
      refine Nat.le_trans (Nat.le_of_eq ?_) (le_natSum _ hi')
      exact (if_pos ((entry i hi').2.trans e)).symm
  have := hall hom
  omega

end

end LeanBound
