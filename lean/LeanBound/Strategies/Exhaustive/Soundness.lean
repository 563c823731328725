module

public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Exhaustive.Towers

/-! # Every input of max-of-K: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem eager_eq (f : Nat → Nat) (n : Nat) : eager f n = f n := by cases n <;> rfl

/-- The entries `o` of the rows of the tokens `y` at the positions from `i` on, added up. -/
def entrySum (C : Tables) (a : Nat) (y : List Nat) (i o : Nat) : Nat :=
  match y with
  | [] => 0
  | t :: y => rowEntry C a i t o + entrySum C a y (i + 1) o

theorem entrySum_eq (C : Tables) (a : Nat) (y : List Nat) (i o : Nat) :
    entrySum C a y i o = natSum y.length fun j => rowEntry C a (i + j) (y.getD j 0) o := by
  induction y generalizing i with
  | nil => rfl
  | cons t y ih =>
    rw [entrySum, ih, List.length_cons, natSum_succ_left]
    simp only [List.getD_cons_succ, List.getD_cons_zero, Nat.add_zero, Nat.add_assoc, Nat.add_comm 1]

/-! ## Boxes -/

/-- All sequences of a box without a choice: one. -/
theorem rangeCount_single {A : List (Nat × Nat)} (h : single A = true) (p : List Nat → Prop) :
    rangeCount A p = indicator (p (A.map (·.1))) := by
  induction A generalizing p with
  | nil => rfl
  | cons r A ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    have h1 : r.2 = 1 := Nat.eq_of_beq_eq_true h1
    rw [rangeCount, h1, natSum_succ, natSum_zero, Nat.zero_add, ih h2]
    rfl

section Boxes

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

/-- All tokens of the box are below `V`. -/
def Below (V : Nat) (A : List (Nat × Nat)) : Prop := ∀ r ∈ A, ∀ t, r.1 ≤ t → t < r.1 + r.2 → t < V

theorem Below.tail {V : Nat} {r : Nat × Nat} {A : List (Nat × Nat)} (h : Below V (r :: A)) : Below V A :=
  fun r hr => h r (List.mem_cons_of_mem _ hr)

include hv ha

theorem firstRows_eq {A : List (Nat × Nat)} (h : single A = true) (hA : Below M.d_vocab A) (i : Nat)
    (hi : i + A.length < M.n_ctx) :
    firstRows C a A i = pack C.w (entrySum C a (A.map (·.1)) i) M.d_vocab := by
  induction A generalizing i with
  | nil => exact ((pack_const C.w M.d_vocab 0).trans (Nat.zero_mul _)).symm
  | cons r A ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    have h1 : r.2 = 1 := Nat.eq_of_beq_eq_true h1
    rw [List.length_cons] at hi
    have hr : r.1 < M.d_vocab := hA r (by simp) r.1 (Nat.le_refl _) (by omega)
    show row C a i r.1 + firstRows C a A (i + 1) =
      pack C.w (fun o => rowEntry C a i r.1 o + entrySum C a (A.map (·.1)) (i + 1) o) M.d_vocab
    rw [pack_add, ih h2 hA.tail (i + 1) (by omega), row_eq_pack hv ha (by omega) hr]

theorem entrySum_le {A : List (Nat × Nat)} (h : single A = true) (hA : Below M.d_vocab A) (i : Nat)
    (hi : i + A.length < M.n_ctx) {o : Nat} (ho : o < M.d_vocab) :
    entrySum C a (A.map (·.1)) i o ≤ A.length * C.top := by
  induction A generalizing i with
  | nil => exact Nat.zero_le _
  | cons r A ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    have h1 : r.2 = 1 := Nat.eq_of_beq_eq_true h1
    rw [List.length_cons] at hi ⊢
    have hr : r.1 < M.d_vocab := hA r (by simp) r.1 (Nat.le_refl _) (by omega)
    have h3 := rowEntry_lt_top hv ha (show i < M.n_ctx by omega) hr ho
    have h4 := ih h2 hA.tail (i + 1) (by omega)
    rw [Nat.succ_mul]
    show rowEntry C a i r.1 o + entrySum C a (A.map (·.1)) (i + 1) o ≤ _
    omega

include hm

/-- No more inputs of a box are counted than have lane `m` in the lead; `r` holds the lanes of all other positions. -/
theorem boxRight_le (A : List (Nat × Nat)) (hA : Below M.d_vocab A) (i : Nat) (hi : i + A.length < M.n_ctx) (r : Nat → Nat)
    (hr : ∀ o, o < M.d_vocab → r o ≤ (i + 1) * C.top) :
    boxRight C M.d_vocab M.n_ctx a m A i (pack C.w r M.d_vocab) ≤
      rangeCount A fun y => Leads C M.d_vocab M.n_ctx m fun o => r o + entrySum C a y i o := by
  induction A generalizing i r with
  | nil =>
    have hR : ∀ o, o < M.d_vocab → r o ≤ M.n_ctx * C.top := fun o ho =>
      Nat.le_trans (hr o ho) (Nat.mul_le_mul_right _ hi)
    show cond (leads C M.d_vocab M.n_ctx (pack C.w r M.d_vocab) m) 1 0 ≤ _
    cases h : leads C M.d_vocab M.n_ctx (pack C.w r M.d_vocab) m with
    | false => exact Nat.zero_le _
    | true =>
      exact Nat.le_of_eq (indicator_true fun o ho hom => leads_sound hv hm hR h o ho hom).symm
  | cons c A ih =>
    rw [List.length_cons] at hi
    have token : ∀ t, t < c.2 → c.1 + t < M.d_vocab := fun t ht => hA c (by simp) _ (by omega) (by omega)
    have e : boxRight C M.d_vocab M.n_ctx a m (c :: A) i (pack C.w r M.d_vocab) =
      cond (both (Nat.ble 2 c.2) (single A))
        (towerSize C M.d_vocab M.n_ctx a m i c.1 c.2 (pack C.w r M.d_vocab + firstRows C a A (i + 1)))
        (natSum c.2 fun t => boxRight C M.d_vocab M.n_ctx a m A (i + 1)
          (pack C.w r M.d_vocab + eager (row C a i) (c.1 + t))) := rfl
    rw [e, rangeCount]
    cases h : both (Nat.ble 2 c.2) (single A) with
    | true =>
      obtain ⟨h2, h1⟩ := both_eq_true.1 h
      have h2 : 2 ≤ c.2 := Nat.le_of_ble_eq_true h2
      have hs : c.1 + c.2 ≤ M.d_vocab := by have := token (c.2 - 1) (by omega); omega
      have hR : ∀ o, o < M.d_vocab → r o + entrySum C a (A.map (·.1)) (i + 1) o ≤ M.n_ctx * C.top := fun o ho => by
        have h3 := hr o ho
        have h4 := entrySum_le hv ha h1 hA.tail (i + 1) (by omega) ho
        have h5 : (i + 1 + A.length) * C.top ≤ M.n_ctx * C.top := Nat.mul_le_mul_right _ (by omega)
        rw [Nat.add_mul] at h5
        omega
      rw [cond_true, firstRows_eq hv ha h1 hA.tail (i + 1) (by omega), ← pack_add]
      refine Nat.le_trans (towerSize_le hv ha hm (by omega) hs hR) (natSum_le fun t _ => ?_)
      rw [rangeCount_single h1]
      refine indicator_le fun hl o ho hom => ?_
      have := hl o ho hom
      show r o + (rowEntry C a i (c.1 + t) o + entrySum C a (A.map (·.1)) (i + 1) o) + C.slack M.n_ctx ≤
        r m + (rowEntry C a i (c.1 + t) m + entrySum C a (A.map (·.1)) (i + 1) m)
      simp only at this
      omega
    | false =>
      rw [cond_false]
      refine natSum_le fun t ht => ?_
      rw [eager_eq, row_eq_pack hv ha (by omega) (token t ht), ← pack_add]
      refine Nat.le_trans (ih hA.tail (i + 1) (by omega) (fun o => r o + rowEntry C a i (c.1 + t) o) fun o ho => ?_)
        (Nat.le_of_eq ?_)
      · have h3 := hr o ho
        have h4 := rowEntry_lt_top hv ha (show i < M.n_ctx by omega) (token t ht) ho
        show r o + rowEntry C a i (c.1 + t) o ≤ (i + 1 + 1) * C.top
        rw [Nat.succ_mul]
        omega
      · simp only [entrySum, Nat.add_assoc]

end Boxes

/-! ## Classes and windows -/

section Windows

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) (F : Type) [ExpField F] {a m : Nat}
  (ha : a < M.d_vocab) (hm : m < M.d_vocab) (lo len : Nat)

include hv ha hm

/-- A lead of lane `m` over all positions makes the model right. -/
theorem correct_of_leads {y : List Nat} (hy : y ∈ sequences M.d_vocab (M.n_ctx - 1)) (hmax : maxToken (y ++ [a]) = m)
    (h : Leads C M.d_vocab M.n_ctx m fun o => rowEntry C a (M.n_ctx - 1) a o + entrySum C a y 0 o) :
    M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) := by
  have hK := hv.n_ctx_pos
  rw [hmax]
  refine correct_of_lead hv F (snoc_mem_sequences hK ha hy) (getD_snoc hy a) hm fun o ho hom => ?_
  have sum : ∀ o, natSum M.n_ctx (fun i => rowEntry C a i ((y ++ [a]).getD i 0) o) =
      rowEntry C a (M.n_ctx - 1) a o + entrySum C a y 0 o := by
    intro o
    rw [natSum_snoc hK hy a fun i t => rowEntry C a i t o, entrySum_eq, (mem_sequences.1 hy).1, Nat.add_comm]
    simp only [Nat.zero_add]
  rw [sum, sum]
  exact h o ho hom

theorem windowRight_le {A : List (Nat × Nat)} (hlen : A.length = M.n_ctx - 1) (hA : ∀ r ∈ A, r.1 + r.2 ≤ m + 1)
    (hmax : ∀ y, InRanges A y → maxToken (y ++ [a]) = m) :
    windowRight C M.d_vocab M.n_ctx a m lo len A ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
      (M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ FirstIn lo len y) ∧ InRanges A y := by
  have hn := hv.n_ctx_pos
  have box : ∀ B : List (Nat × Nat), B.length = M.n_ctx - 1 → Below M.d_vocab B →
      (∀ y, InRanges B y → InRanges A y ∧ FirstIn lo len y) →
      boxRight C M.d_vocab M.n_ctx a m B 0 (row C a (M.n_ctx - 1) a) ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
        (M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ FirstIn lo len y) ∧ InRanges A y := by
    intro B hB hbelow hin
    rw [row_eq_pack hv ha (by omega) ha]
    refine Nat.le_trans (boxRight_le hv ha hm B hbelow 0 (by omega) _ fun o ho => ?_)
      (Nat.le_trans (rangeCount_le hbelow) ?_)
    · rw [Nat.zero_add, Nat.one_mul]
      exact Nat.le_of_lt (rowEntry_lt_top hv ha (by omega) ha ho)
    · rw [hB]
      refine count_mono fun y hy h => ?_
      obtain ⟨h1, h2⟩ := hin y h.1
      exact ⟨⟨correct_of_leads hv F ha hm hy (hmax y h1) h.2, h2⟩, h1⟩
  have below : ∀ r ∈ A, ∀ t, r.1 ≤ t → t < r.1 + r.2 → t < M.d_vocab := fun r hr t _ ht => by
    have := hA r hr
    omega
  cases A with
  | nil =>
    show cond (both (Nat.beq lo 0) (Nat.ble 1 len))
      (boxRight C M.d_vocab M.n_ctx a m [] 0 (row C a (M.n_ctx - 1) a)) 0 ≤ _
    cases h : both (Nat.beq lo 0) (Nat.ble 1 len) with
    | false => exact Nat.zero_le _
    | true =>
      obtain ⟨h1, h2⟩ := both_eq_true.1 h
      have h1 : lo = 0 := Nat.eq_of_beq_eq_true h1
      have h2 : 1 ≤ len := Nat.le_of_ble_eq_true h2
      refine box [] hlen below fun y hy => ⟨hy, ?_⟩
      cases y with
      | nil => exact ⟨by omega, by show 0 < _; omega⟩
      | cons => exact hy.elim
  | cons r A =>
    refine box (clip lo len r :: A) hlen (fun s hs t h1 h2 => ?_) fun y hy => ?_
    · rcases List.mem_cons.1 hs with rfl | hs
      · have h := (mem_clip h1 h2).1
        exact below r (by simp) t h.1 h.2
      · exact below s (by simp [hs]) t h1 h2
    · cases y with
      | nil => exact hy.elim
      | cons t y =>
        have h := mem_clip hy.1.1 hy.1.2
        exact ⟨⟨h.1, hy.2⟩, h.2⟩

theorem classRight_le (ham : a ≤ m) :
    classRight C M.d_vocab M.n_ctx a m lo len ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
      (M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ FirstIn lo len y) ∧ maxToken (y ++ [a]) = m := by
  show cond (Nat.beq a m) (windowRight C M.d_vocab M.n_ctx a m lo len (upTo m (M.n_ctx - 1)))
    (natSum (M.n_ctx - 1) fun j => windowRight C M.d_vocab M.n_ctx a m lo len (firstAt m j (M.n_ctx - 1))) ≤ _
  cases h : Nat.beq a m with
  | true =>
    obtain rfl := Nat.eq_of_beq_eq_true h
    exact Nat.le_trans (windowRight_le hv F ha hm lo len (length_upTo _ _) (fun _ => mem_upTo) fun _ => maxToken_of_upTo)
      (count_mono fun y _ hy => ⟨hy.1, maxToken_of_upTo hy.2⟩)
  | false =>
    refine Nat.le_trans (natSum_le fun j hj => windowRight_le hv F ha hm lo len (length_firstAt m hj)
      (fun _ => mem_firstAt) fun _ => maxToken_of_firstAt ham hj) ?_
    rw [natSum_eq]
    exact listSum_count_le List.nodup_range
      (fun j hj y _ hy => ⟨hy.1, maxToken_of_firstAt ham (List.mem_range.1 hj) hy.2⟩)
      fun i hi j hj y h h' => firstAt_unique (List.mem_range.1 hi) (List.mem_range.1 hj) h.2 h'.2

end Windows

/-! ## Units -/

/-- Of the inputs of `len` units from unit `u` on, the model is right on at least `n`. -/
def RightUnits (M : AttentionOnly) (u len n : Nat) : Prop :=
  ∀ (F : Type) [ExpField F],
    n ≤ natSum len fun i => unitCount M.d_vocab (M.n_ctx - 1) (fun x => M.classifier.Correct F x (maxToken x)) (u + i)

/-- How many units the parts have. -/
def partUnits (parts : List (Nat × Nat)) : Nat := List.rec 0 (fun r _ s => Nat.add r.1 s) parts

/-- How many inputs are proved of the parts. -/
def partInputs (parts : List (Nat × Nat)) : Nat := List.rec 0 (fun r _ s => Nat.add r.2 s) parts

/-- Units that follow one another. -/
theorem RightUnits.append {M : AttentionOnly} {u v k l n p : Nat} (h : RightUnits M u k n)
    (hv : Nat.beq (Nat.add u k) v = true) (h' : RightUnits M v l p) : RightUnits M u (Nat.add k l) (Nat.add n p) := by
  obtain rfl : u + k = v := Nat.eq_of_beq_eq_true hv
  intro F _
  have e := natSum_append k l fun i => unitCount M.d_vocab (M.n_ctx - 1) (fun x => M.classifier.Correct F x (maxToken x)) (u + i)
  simp only [← Nat.add_assoc u] at e
  show n + p ≤ natSum (k + l) _
  rw [e]
  exact Nat.add_le_add (h F) (h' F)

section Units

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C)

include hv

theorem queryRight_units {u len : Nat} (h : u % M.d_vocab + len ≤ M.d_vocab) :
    RightUnits M u len (queryRight C M.d_vocab M.n_ctx (u / M.d_vocab) (u % M.d_vocab) len) := fun F _ =>
  Nat.le_trans (maxima_le_count fun _ ham hm => classRight_le hv F (Nat.lt_of_le_of_lt ham hm) hm _ len ham)
    (count_firstIn_le (fun x => M.classifier.Correct F x (maxToken x)) h)

/-- Checked parts. -/
theorem checkParts_units {parts : List (Nat × Nat)} {u : Nat} (h : checkParts C M.d_vocab M.n_ctx parts u = true) :
    RightUnits M u (partUnits parts) (partInputs parts) := by
  induction parts generalizing u with
  | nil => exact fun F _ => Nat.le_refl _
  | cons r parts ih =>
    obtain ⟨h1, h⟩ := both_eq_true.1 h
    obtain ⟨h2, h3⟩ := both_eq_true.1 h
    have part : RightUnits M u r.1 r.2 := fun F _ => Nat.le_trans (Nat.le_of_ble_eq_true h2)
      (queryRight_units hv (Nat.le_of_ble_eq_true h1) F)
    exact part.append (Nat.beq_refl _) (ih h3)

end Units

/-- Units from the first one on prove the accuracy. -/
theorem exhaustive_accuracy {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {k n N : Nat}
    (h : RightUnits M 0 k n)
    (hk : Nat.ble k (Nat.mul M.d_vocab M.d_vocab) = true) (hN : Nat.ble N n = true) :
    M.classifier.AccuracyAtLeast maxToken N := by
  intro F _
  have hk : k ≤ M.d_vocab * M.d_vocab := Nat.le_of_ble_eq_true hk
  have h := h F
  simp only [Nat.zero_add] at h
  have part := natSum_part (s := 0) (n := k) (N := M.d_vocab * M.d_vocab)
    (unitCount M.d_vocab (M.n_ctx - 1) fun x => M.classifier.Correct F x (maxToken x)) fun i hi => by omega
  simp only [Nat.zero_add] at part
  have units := units_le_count M.d_vocab (M.n_ctx - 1) fun x => M.classifier.Correct F x (maxToken x)
  rw [Nat.sub_add_cancel hv.n_ctx_pos] at units
  exact Nat.le_trans (Nat.le_of_ble_eq_true hN) (Nat.le_trans h (Nat.le_trans part units))

end

end LeanBound
