module

public import LeanBound.Properties.Maxima
public import LeanBound.Strategies.Cubic.Slots
public import LeanBound.Strategies.Cubic.WholeSound
public import LeanBound.Strategies.Maxima

/-! # Cubic proof of max-of-K: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Sums over a pattern -/

/-- Sum of the entries `o` of the rows of the positions of `c` that hold `m`; the first position is `i`. -/
def fixedEntry (C : Tables) (a m : Nat) : List Bool → Nat → Nat → Nat
  | [], _, _ => 0
  | true :: c, i, o => rowEntry C a i m o + fixedEntry C a m c (i + 1) o
  | false :: c, i, o => fixedEntry C a m c (i + 1) o

theorem natSum_of_matches {C : Tables} {a m : Nat} {c : List Bool} {y : List Nat} (hy : Matches m c y) (i o : Nat) :
    natSum y.length (fun j => rowEntry C a (i + j) (y.getD j 0) o) =
      fixedEntry C a m c i o + freeEntry C a c y i o := by
  induction c generalizing y i with
  | nil => cases y with
    | nil => rfl
    | cons => exact hy.elim
  | cons b c ih => cases y with
    | nil => exact hy.elim
    | cons t y =>
      have step : natSum y.length (fun j => rowEntry C a (i + (j + 1)) (y.getD j 0) o) = _ :=
        (natSum_congr fun j _ => by rw [show i + (j + 1) = i + 1 + j by omega]).trans (ih hy.2 (i + 1))
      rw [List.length_cons, natSum_succ_left]
      simp only [List.getD_cons_zero, List.getD_cons_succ, Nat.add_zero]
      rw [step]
      have hb := hy.1
      cases b with
      | true =>
        obtain rfl : t = m := by simpa using hb
        simp only [fixedEntry, freeEntry]; omega
      | false => simp only [fixedEntry, freeEntry]; omega

theorem freeCount_le (c : List Bool) : freeCount c ≤ c.length := by
  induction c with
  | nil => exact Nat.le_refl _
  | cons b c ih => cases b with
    | true => exact Nat.le_succ_of_le ih
    | false => exact Nat.succ_le_succ ih

theorem of_freeCount_eq_zero {c : List Bool} (hc : freeCount c = 0) :
    (∀ m, classSize m c [] = 1) ∧ ∀ C a y i o, freeEntry C a c y i o = 0 := by
  induction c with
  | nil => exact ⟨fun _ => rfl, fun _ _ _ _ _ => rfl⟩
  | cons b c ih => cases b with
    | true =>
      have ih := ih hc
      refine ⟨ih.1, fun C a y i o => ?_⟩
      cases y with
      | nil => rfl
      | cons t y => exact ih.2 C a y (i + 1) o
    | false => exact absurd hc (Nat.succ_ne_zero _)

/-! ## Classes -/

section Classes

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m : Nat} (ha : a < M.d_vocab)
  (hm : m < M.d_vocab)

include hv ha hm

theorem fixedRows_eq (c : List Bool) (i : Nat) (hi : i + c.length ≤ M.n_ctx) :
    fixedRows C a m c i = pack C.w (fixedEntry C a m c i) M.d_vocab := by
  induction c generalizing i with
  | nil => exact ((pack_const C.w M.d_vocab 0).trans (Nat.zero_mul _)).symm
  | cons b c ih =>
    rw [List.length_cons] at hi
    cases b with
    | true =>
      show row C a i m + fixedRows C a m c (i + 1) =
        pack C.w (fun o => rowEntry C a i m o + fixedEntry C a m c (i + 1) o) M.d_vocab
      rw [pack_add, ih (i + 1) (by omega), row_eq_pack hv ha (by omega) hm]
    | false => exact ih (i + 1) (by omega)

theorem fixedEntry_le {o : Nat} (ho : o < M.d_vocab) (c : List Bool) (i : Nat) (hi : i + c.length ≤ M.n_ctx) :
    fixedEntry C a m c i o ≤ c.length * C.top := by
  induction c generalizing i with
  | nil => exact Nat.zero_le _
  | cons b c ih =>
    rw [List.length_cons] at hi
    have ih := ih (i + 1) (by omega)
    rw [List.length_cons, Nat.succ_mul]
    cases b with
    | true =>
      have := rowEntry_lt_top hv ha (show i < M.n_ctx by omega) hm ho
      show rowEntry C a i m o + fixedEntry C a m c (i + 1) o ≤ _
      omega
    | false => exact Nat.le_trans ih (Nat.le_add_right _ _)

/-- A class that is proved has a box of that size in which `m` leads every other output by the slack. -/
theorem provedSize_spec {c : List Bool} (hc : c.length + 1 = M.n_ctx) (E : Nat) :
    provedSize C M.d_vocab M.n_ctx a m c E = 0 ∨
    ∃ Es, provedSize C M.d_vocab M.n_ctx a m c E ≤ classSize m c Es ∧
      ∀ y, InBox (classBox m c (Es.map (safeTokens m))) y → ∀ o, o < M.d_vocab → o ≠ m →
        fixedEntry C a m c 0 o + freeEntry C a c y 0 o + rowEntry C a (M.n_ctx - 1) a o + C.slack M.n_ctx ≤
          fixedEntry C a m c 0 m + freeEntry C a c y 0 m + rowEntry C a (M.n_ctx - 1) a m := by
  let R o := rowEntry C a (M.n_ctx - 1) a o + fixedEntry C a m c 0 o
  have hR : ∀ o, o < M.d_vocab → R o ≤ M.n_ctx * C.top := fun o ho => by
    have h1 := fixedEntry_le hv ha hm ho c 0 (by omega)
    have h2 := rowEntry_lt_top hv ha (show M.n_ctx - 1 < M.n_ctx by omega) ha ho
    have h3 : M.n_ctx * C.top = c.length * C.top + C.top := by rw [← hc, Nat.succ_mul]
    show rowEntry C a (M.n_ctx - 1) a o + fixedEntry C a m c 0 o ≤ _
    omega
  have hpack : row C a (M.n_ctx - 1) a + fixedRows C a m c 0 = pack C.w R M.d_vocab := by
    rw [fixedRows_eq hv ha hm c 0 (by omega), row_eq_pack hv ha (by omega) ha, ← pack_add]
  have e : provedSize C M.d_vocab M.n_ctx a m c E =
      classSizeOf C M.d_vocab M.n_ctx a m (pack C.w R M.d_vocab) (freeCount c) c E := by
    rw [← hpack]; rfl
  have hn := freeCount_le c
  rw [e]
  cases hfree : freeCount c with
  | zero =>
    have hz := of_freeCount_eq_zero hfree
    have e0 : classSizeOf C M.d_vocab M.n_ctx a m (pack C.w R M.d_vocab) 0 c E =
      cond (leads C M.d_vocab M.n_ctx (pack C.w R M.d_vocab) m) 1 0 := rfl
    rw [e0]
    cases hl : leads C M.d_vocab M.n_ctx (pack C.w R M.d_vocab) m with
    | false => exact .inl rfl
    | true =>
      refine .inr ⟨[], Nat.le_of_eq (hz.1 m).symm, fun y _ o ho hom => ?_⟩
      have : rowEntry C a (M.n_ctx - 1) a o + fixedEntry C a m c 0 o + C.slack M.n_ctx ≤
        rowEntry C a (M.n_ctx - 1) a m + fixedEntry C a m c 0 m := leads_sound hv hm hR hl o ho hom
      rw [hz.2, hz.2]; omega
  | succ n =>
    have e1 : classSizeOf C M.d_vocab M.n_ctx a m (pack C.w R M.d_vocab) (n + 1) c E =
        slots C M.d_vocab a (n + 1) m
          (lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx (n + 1)) m * ones (C.w * M.d_vocab) m) c 0 E := by
      show slots C M.d_vocab a (n + 1) m
        (spread (C.w * M.d_vocab) (lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx (n + 1)) m) m) c 0 E = _
      rw [spread_eq]
    rw [e1]
    obtain ⟨Es, hle, hbox⟩ := slots_spec hv hm (n := n + 1) (by omega) hR ha c 0 E (by omega)
    refine .inr ⟨Es, hle, fun y hy o ho hom => ?_⟩
    have hb := hbox y hy o ho hom
    rw [hfree, ← Nat.mul_add, ← Nat.mul_add] at hb
    have : freeEntry C a c y 0 o + (rowEntry C a (M.n_ctx - 1) a o + fixedEntry C a m c 0 o + C.slack M.n_ctx) ≤
      freeEntry C a c y 0 m + (rowEntry C a (M.n_ctx - 1) a m + fixedEntry C a m c 0 m) :=
        Nat.le_of_mul_le_mul_left hb (by omega)
    omega

end Classes

/-! ## Counts -/

theorem classCount_eq {V K a m : Nat} (ham : a ≤ m) (hm : m < V) :
    classCount K a m = count V (K - 1) fun y => maxToken (y ++ [a]) = m := by
  rw [count_maximum ham hm]
  show Bool.rec (motive := fun _ => Nat) ((m + 1) ^ (K - 1) - m ^ (K - 1)) ((m + 1) ^ (K - 1)) (Nat.beq a m) = _
  cases h : Nat.beq a m with
  | false => rw [if_neg (Nat.ne_of_beq_eq_false h)]
  | true => rw [if_pos (Nat.eq_of_beq_eq_true h)]

section Counts

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) (F : Type) [ExpField F] {a m : Nat}
  (ha : a < M.d_vocab)

include hv ha

/-- What is proved pattern by pattern is right, whatever is excluded. -/
theorem splitSize_le_count (ham : a ≤ m) (hm : m < M.d_vocab) (Es : List Nat) :
    splitSize C M.d_vocab M.n_ctx a m Es ≤
      count M.d_vocab (M.n_ctx - 1) fun y =>
        M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  have hK := hv.n_ctx_pos
  refine patterns_le_count ham fun c hc hmax => ?_
  have hc : c.length = M.n_ctx - 1 := mem_patterns.1 hc
  rcases provedSize_spec hv ha hm (c := c) (by omega) (nth Es (patternIndex c)) with
    h0 | ⟨Ts, hle, hbox⟩
  · exact Nat.le_trans (Nat.le_of_eq h0) (Nat.zero_le _)
  · refine Nat.le_trans hle (classSize_le_count hm hc fun y hy hin => ?_)
    have hmatch : Matches m c y := matches_of_inBox (fun T hT t ht => by
      obtain ⟨_, _, rfl⟩ := List.mem_map.1 hT
      exact (mem_safeTokens.1 ht).1) hin
    have total : ∀ o, natSum M.n_ctx (fun i => rowEntry C a i ((y ++ [a]).getD i 0) o) =
        fixedEntry C a m c 0 o + freeEntry C a c y 0 o + rowEntry C a (M.n_ctx - 1) a o := by
      intro o
      rw [natSum_snoc hK hy a fun i t => rowEntry C a i t o, ← natSum_of_matches hmatch, (mem_sequences.1 hy).1]
      simp only [Nat.zero_add]
      rfl
    rw [maxToken_of_matches hmatch ham hmax]
    refine correct_of_lead hv F (snoc_mem_sequences hK ha hy) (getD_snoc hy a) hm fun o ho hom => ?_
    rw [total, total]
    exact hbox y hin o ho hom

/-- If a class is whole, all its inputs are right. -/
theorem classCount_le_count (ham : a ≤ m) (hm : m < M.d_vocab) (h : whole C M.d_vocab M.n_ctx a m = true) :
    classCount M.n_ctx a m ≤
      count M.d_vocab (M.n_ctx - 1) fun y =>
        M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  rw [classCount_eq ham hm]
  exact count_mono fun y hy hmax => ⟨whole_sound hv F ha hm h hy hmax, hmax⟩

/-- A class that need not be whole. -/
theorem wholeSize_le_count (ham : a ≤ m) (hm : m < M.d_vocab) :
    Bool.rec (motive := fun _ => Nat) 0 (classCount M.n_ctx a m) (whole C M.d_vocab M.n_ctx a m) ≤
      count M.d_vocab (M.n_ctx - 1) fun y =>
        M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  cases h : whole C M.d_vocab M.n_ctx a m with
  | false => exact Nat.zero_le _
  | true => exact classCount_le_count hv F ha ham hm h

theorem cubicSize_le_count (ham : a ≤ m) (hm : m < M.d_vocab) (split : Option (List Nat)) :
    cubicSize C M.d_vocab M.n_ctx a m split ≤
      count M.d_vocab (M.n_ctx - 1) fun y =>
        M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m := by
  cases split with
  | none => exact wholeSize_le_count hv F ha ham hm
  | some Es => exact splitSize_le_count hv F ha ham hm Es

end Counts

/-- Chunks that cover all maxima prove the accuracy. -/
theorem cubic_accuracy {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {ns : List Nat}
    (hc : Covered (ProvedSize (cubicSize C M.d_vocab M.n_ctx)) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat} (hN : Nat.ble N (total ns) = true) :
    M.classifier.AccuracyAtLeast maxToken N :=
  accuracy_of_maxima hv.n_ctx_pos (fun F _ _ _ split ha ham hm => cubicSize_le_count hv F ha ham hm split) hc hlen hN

end

end LeanBound
