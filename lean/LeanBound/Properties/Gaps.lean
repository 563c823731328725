module

public import LeanBound.Properties.Maxima

/-!
# Counting inputs of max-of-K by maximum and gap

Inputs with the largest token `m` whose other tokens are all below `s`, for one last token and for consecutive ones.
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- How many inputs of `K` tokens have the last token `a`, the largest token `m`, and others below `s`. -/
def gapCount (K m s a : Nat) : Nat :=
  if a = m then (s + 1) ^ (K - 1) else if a < s then (s + 1) ^ (K - 1) - s ^ (K - 1) else 0

/-- How many inputs have a last token from `a` on, of `n` consecutive ones, the largest token `m`, and others below `s`. -/
def poolCount (K a n m s : Nat) : Nat :=
  Nat.add
    (Nat.mul (Nat.sub (cond (Nat.ble (Nat.add a n) s) (Nat.add a n) s) a)
      (Nat.sub (Nat.pow (Nat.succ s) (Nat.sub K 1)) (Nat.pow s (Nat.sub K 1))))
    (cond (Nat.ble a m) (cond (Nat.ble (Nat.succ m) (Nat.add a n)) (Nat.pow (Nat.succ s) (Nat.sub K 1)) 0) 0)

theorem cond_ble (a b : Nat) (x y : α) : cond (Nat.ble a b) x y = if a ≤ b then x else y := by
  cases h : Nat.ble a b with
  | true => exact (if_pos (Nat.le_of_ble_eq_true h)).symm
  | false => exact (if_neg fun h' => by rw [Nat.ble_eq_true_of_le h'] at h; exact Bool.noConfusion h).symm

theorem poolCount_eq (K a n m s : Nat) : poolCount K a n m s =
    ((if a + n ≤ s then a + n else s) - a) * ((s + 1) ^ (K - 1) - s ^ (K - 1)) +
      if a ≤ m then if m + 1 ≤ a + n then (s + 1) ^ (K - 1) else 0 else 0 := by
  rw [← cond_ble, ← cond_ble, ← cond_ble]
  rfl

/-- The pool's number is the sum of those of its queries. -/
theorem poolCount_le {K a n m s : Nat} (hs : s ≤ m) : poolCount K a n m s ≤ natSum n fun j => gapCount K m s (a + j) := by
  rw [poolCount_eq]
  generalize hx : (s + 1) ^ (K - 1) = x
  generalize hy : x - s ^ (K - 1) = y
  induction n with
  | zero =>
    have h1 : (if a + 0 ≤ s then a + 0 else s) - a = 0 := by split <;> omega
    rw [h1, Nat.zero_mul, Nat.zero_add]
    split
    · rw [if_neg (by omega)]; exact Nat.zero_le _
    · exact Nat.zero_le _
  | succ n ih =>
    rw [natSum_succ]
    refine Nat.le_trans ?_ (Nat.add_le_add_right ih _)
    unfold gapCount
    rw [hx, hy]
    by_cases h1 : a + n = m
    · rw [if_pos h1, if_pos (show a ≤ m by omega), if_pos (show a ≤ m by omega), if_pos (show m + 1 ≤ a + (n + 1) by omega),
        if_neg (show ¬ m + 1 ≤ a + n by omega), show (if a + (n + 1) ≤ s then a + (n + 1) else s) = s by split <;> omega,
        show (if a + n ≤ s then a + n else s) = s by split <;> omega]
      omega
    · rw [if_neg h1]
      have e : (if a ≤ m then if m + 1 ≤ a + (n + 1) then x else 0 else 0) =
          if a ≤ m then if m + 1 ≤ a + n then x else 0 else 0 := by
        by_cases h2 : a ≤ m
        · simp only [h2, if_true]
          by_cases h3 : m + 1 ≤ a + n
          · rw [if_pos h3, if_pos (by omega)]
          · rw [if_neg h3, if_neg (by omega)]
        · simp only [h2, if_false]
      rw [e]
      by_cases h2 : a + n < s
      · rw [if_pos h2, if_pos (show a + (n + 1) ≤ s by omega), if_pos (show a + n ≤ s by omega),
          show a + (n + 1) - a = (a + n - a) + 1 by omega, Nat.succ_mul]
        omega
      · rw [if_neg h2, show (if a + (n + 1) ≤ s then a + (n + 1) else s) = s by split <;> omega,
          show (if a + n ≤ s then a + n else s) = s by split <;> omega]
        omega

/-! ## One query -/

theorem count_tokens {V n : Nat} {S : List Nat} (hS : S.Nodup) (hV : ∀ t ∈ S, t < V) :
    count V n (fun y => ∀ t ∈ y, t ∈ S) = S.length ^ n := by
  have hbox := count_inBox (V := V) (K := n) (A := List.replicate n S) List.length_replicate
    (fun T hT => (List.mem_replicate.1 hT).2 ▸ hS) fun T hT => (List.mem_replicate.1 hT).2 ▸ hV
  rw [boxSize_replicate] at hbox
  rw [← hbox]
  exact count_congr fun y hy => (inBox_replicate (mem_sequences.1 hy).1).symm

/-- The tokens below `s`, and `m`. -/
theorem count_gap {V n m s : Nat} (hs : s ≤ m) (hm : m < V) :
    count V n (fun y => ∀ t ∈ y, t = m ∨ t < s) = (s + 1) ^ n := by
  have h := count_tokens (V := V) (n := n) (S := m :: List.range s)
    (List.nodup_cons.2 ⟨fun h => by have := List.mem_range.1 h; omega, List.nodup_range⟩)
    fun t ht => by
      rcases List.mem_cons.1 ht with h | h
      · omega
      · have := List.mem_range.1 h; omega
  rw [List.length_cons, List.length_range] at h
  rw [← h]
  exact count_congr fun y _ => by simp only [List.mem_cons, List.mem_range]

/-- The same, with `m` among them. -/
theorem count_gap_mem {V n m s : Nat} (hs : s ≤ m) (hm : m < V) :
    (s + 1) ^ n - s ^ n ≤ count V n fun y => (∀ t ∈ y, t = m ∨ t < s) ∧ m ∈ y := by
  have h : count V n (fun y => ∀ t ∈ y, t = m ∨ t < s) ≤
      count V n (fun y => (∀ t ∈ y, t = m ∨ t < s) ∧ m ∈ y) + count V n fun y => ∀ t ∈ y, t < s := by
    rw [count_eq, count_eq, count_eq, ← listSum_add]
    refine listSum_le fun y _ => ?_
    by_cases hy : ∀ t ∈ y, t = m ∨ t < s
    · by_cases hmem : m ∈ y
      · rw [indicator_true hy, indicator_true ⟨hy, hmem⟩]; omega
      · have : ∀ t ∈ y, t < s := fun t ht => (hy t ht).resolve_left fun e => hmem (e ▸ ht)
        rw [indicator_true hy, indicator_true this]; omega
    · rw [indicator_false hy]; exact Nat.zero_le _
  rw [count_gap hs hm, count_below (by omega)] at h
  omega

/-- The largest token of an input with a gap. -/
theorem maxToken_of_gap {a m s : Nat} {y : List Nat} (hs : s ≤ m) (hy : ∀ t ∈ y ++ [a], t = m ∨ t < s) (hm : m ∈ y ++ [a]) :
    maxToken (y ++ [a]) = m := by
  have h1 : maxToken (y ++ [a]) ≤ m := maxToken_append_le.2 ⟨by
    have := hy a (by simp)
    omega, fun t ht => by have := hy t (by simp [ht]); omega⟩
  have h2 := maxToken_append_le.1 (Nat.le_refl (maxToken (y ++ [a])))
  rcases List.mem_append.1 hm with h | h
  · have := h2.2 m h; omega
  · have := List.mem_singleton.1 h; omega

/-- If `p` holds for the inputs with a gap, it counts at least as many. -/
theorem gapCount_le_count {V K a m s : Nat} (hs : s ≤ m) (hm : m < V) {p : List Nat → Prop}
    (hp : ∀ y ∈ sequences V (K - 1), (∀ t ∈ y ++ [a], t = m ∨ t < s) → m ∈ y ++ [a] → p y) :
    gapCount K m s a ≤ count V (K - 1) fun y => p y ∧ maxToken (y ++ [a]) = m := by
  unfold gapCount
  by_cases h1 : a = m
  · rw [if_pos h1, ← count_gap hs hm]
    refine count_mono fun y hy h => ?_
    have hall : ∀ t ∈ y ++ [a], t = m ∨ t < s := fun t ht => by
      rcases List.mem_append.1 ht with h' | h'
      · exact h t h'
      · exact .inl ((List.mem_singleton.1 h').trans h1)
    have hmem : m ∈ y ++ [a] := by simp [h1]
    exact ⟨hp y hy hall hmem, maxToken_of_gap hs hall hmem⟩
  · rw [if_neg h1]
    by_cases h2 : a < s
    · rw [if_pos h2]
      refine Nat.le_trans (count_gap_mem hs hm) (count_mono fun y hy h => ?_)
      have hall : ∀ t ∈ y ++ [a], t = m ∨ t < s := fun t ht => by
        rcases List.mem_append.1 ht with h' | h'
        · exact h.1 t h'
        · exact .inr ((List.mem_singleton.1 h').symm ▸ h2)
      have hmem : m ∈ y ++ [a] := List.mem_append.2 (.inl h.2)
      exact ⟨hp y hy hall hmem, maxToken_of_gap hs hall hmem⟩
    · rw [if_neg h2]
      exact Nat.zero_le _

theorem natSum_comm (n k : Nat) (f : Nat → Nat → Nat) :
    natSum n (fun i => natSum k (f i)) = natSum k fun j => natSum n fun i => f i j := by
  simp only [natSum_eq]
  exact listSum_comm ..

/-- Numbers that are proved by maximum, for consecutive queries, add up to a lower bound on the counts of those queries. -/
theorem pool_le_count {V K a n : Nat} {p : Nat → List Nat → Prop} {size : Nat → Nat}
    (h : ∀ m, m < V → size m = 0 ∨ ∃ s, s ≤ m ∧ size m ≤ poolCount K a n m s ∧ ∀ j, j < n → ∀ y ∈ sequences V (K - 1),
      (∀ t ∈ y ++ [a + j], t = m ∨ t < s) → m ∈ y ++ [a + j] → p (a + j) y) :
    natSum V size ≤ natSum n fun j => count V (K - 1) (p (a + j)) := by
  have key : ∀ m, ∃ c : Nat → Nat, m < V → size m ≤ natSum n c ∧ ∀ j, j < n →
      c j ≤ cond (Nat.ble (a + j) m) (c j) 0 ∧
      c j ≤ count V (K - 1) fun y => p (a + j) y ∧ maxToken (y ++ [a + j]) = m := fun m => by
    by_cases hm : m < V
    · rcases h m hm with h0 | ⟨s, hs, hle, hp⟩
      · exact ⟨fun _ => 0, fun _ => ⟨Nat.le_trans (Nat.le_of_eq h0) (Nat.zero_le _), fun j _ => ⟨Nat.zero_le _, Nat.zero_le _⟩⟩⟩
      · refine ⟨fun j => gapCount K m s (a + j), fun _ => ⟨Nat.le_trans hle (poolCount_le hs), fun j hj => ⟨?_, ?_⟩⟩⟩
        · rw [cond_ble]
          by_cases haj : a + j ≤ m
          · rw [if_pos haj]; exact Nat.le_refl _
          · show gapCount K m s (a + j) ≤ _
            unfold gapCount
            rw [if_neg haj, if_neg (by omega), if_neg (by omega)]
            exact Nat.le_refl _
        · exact gapCount_le_count hs hm fun y hy => hp j hj y hy
    · exact ⟨fun _ => 0, fun h => absurd h hm⟩
  refine Nat.le_trans (natSum_le (g := fun m => natSum n (Classical.choose (key m))) fun m hm =>
    (Classical.choose_spec (key m) hm).1) ?_
  rw [natSum_comm]
  refine natSum_le fun j hj => ?_
  refine Nat.le_trans (natSum_le fun m hm => ((Classical.choose_spec (key m) hm).2 j hj).1)
    (maxima_le_count fun m _ hm => ((Classical.choose_spec (key m) hm).2 j hj).2)

end

end LeanBound
