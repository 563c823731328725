module

public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.SubCubic.ClassSound

/-! # Sub-cubic proof of max-of-K: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## Pools -/

/-- Of the inputs whose last token is one of `n` consecutive ones from `a` on, the model is right on at least `N`. -/
def ProvedQueries (M : AttentionOnly) (a n N : Nat) : Prop :=
  ∀ (F : Type) [ExpField F], N ≤ natSum n fun k =>
    count M.d_vocab (M.n_ctx - 1) fun y => M.classifier.Correct F (y ++ [a + k]) (maxToken (y ++ [a + k]))

/-- Classes that hold are right, so that their inputs count. -/
theorem classSum_le {M : AttentionOnly} {holds : Nat → Nat → Bool} {gaps a n : Nat} {p : List Nat → Prop}
    (h : ∀ m j k y, m < M.d_vocab → j + 2 < gapRows → holds m j = true → k < n → y ∈ sequences M.d_vocab (M.n_ctx - 1) →
      (∀ t ∈ y ++ [a + k], t = m ∨ t < m - j) → m ∈ y ++ [a + k] → p (y ++ [a + k])) :
    classSum M.d_vocab M.n_ctx holds gaps a n ≤
      natSum n fun k => count M.d_vocab (M.n_ctx - 1) fun y => p (y ++ [a + k]) := by
  refine pool_le_count (p := fun b y => p (y ++ [b])) fun m hm => ?_
  cases hd : gapDigit gaps m with
  | zero => exact .inl rfl
  | succ j =>
    cases hh : holds m j with
    | false => exact .inl (by show cond (holds m j) _ 0 = 0; rw [hh]; rfl)
    | true =>
      have hj : j + 2 < gapRows := by
        have : gapDigit gaps m ≤ 15 := Nat.and_le_right
        show j + 2 < 17
        omega
      refine .inr ⟨m - j, Nat.sub_le _ _, Nat.le_of_eq ?_, fun k hk y hy => h m j k y hm hj hh hk hy⟩
      show cond (holds m j) (poolCount M.n_ctx a n m (m - j)) 0 = _
      rw [hh]
      rfl

/-- The certificate of a pool proves as many inputs as the checker counts, if its bounds of scores follow from `attends`. -/
theorem pool_sound {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} (hv : Tables.ValidLogits M H C)
    (hX : Exponentials.Valid M H C X) {p : Pool} {a n N : Nat} {attends : Bool}
    (hA : p.attention.Fits C.w M.d_vocab → p.spread ≤ 2 ^ (C.w - 2) → a + n ≤ M.d_vocab → attends = true →
      p.attention.Attends M H p.spread a n)
    (h : Nat.ble N (poolSize C X M.d_vocab M.n_ctx attends p a n) = true) : ProvedQueries M a n N := by
  intro F _
  refine Nat.le_trans (Nat.le_of_ble_eq_true h) ?_
  unfold poolSize
  cases hc : both attends (p.check C M.d_vocab M.n_ctx a n) with
  | false => exact Nat.zero_le _
  | true =>
    have hp := Pool.check_sound hv hc hA
    exact classSum_le (p := fun x => M.classifier.Correct F x (maxToken x)) fun m j k y hm hj hh hk hy =>
      class_sound hv hX hp F hm hj hh hk hy

/-- The same with scores that are multiplied out. -/
theorem pool_of_scores {M : AttentionOnly} {H : Head} {C : Tables} {X : Exponentials} {scores : Nat → Nat}
    (hv : Tables.ValidLogits M H C) (hX : Exponentials.Valid M H C X) (hS : ScoresValid M H C X.bits scores) {p : Pool}
    {a n N : Nat} (h : Nat.ble N (poolSize C X M.d_vocab M.n_ctx (p.checkScores C X M.d_vocab M.n_ctx scores a n) p a n) = true) :
    ProvedQueries M a n N :=
  pool_sound hv hX (fun hE hs ha h => p.checkScores_sound hS rfl hE hs ha h) h

namespace ProvedQueries

variable {M : AttentionOnly}

/-- No queries. -/
theorem nil (a : Nat) : ProvedQueries M a 0 0 := fun _ _ => Nat.zero_le _

/-- Joins the queries from `a` on and those from `b` on. -/
theorem append {a n b k N L : Nat} (h : ProvedQueries M a n N) (hb : Nat.beq (Nat.add a n) b = true)
    (h' : ProvedQueries M b k L) : ProvedQueries M a (Nat.add n k) (Nat.add N L) := by
  intro F _
  obtain rfl : a + n = b := Nat.eq_of_beq_eq_true hb
  have h1 := h F
  have h2 := h' F
  show N + L ≤ natSum (n + k) _
  rw [natSum_append]
  simp only [Nat.add_assoc] at h2 ⊢
  exact Nat.add_le_add h1 h2

/-- All queries prove the accuracy. -/
theorem accuracy (hK : 0 < M.n_ctx) {n L N : Nat} (h : ProvedQueries M 0 n L) (hn : Nat.beq n M.d_vocab = true)
    (hN : Nat.ble N L = true) : M.classifier.AccuracyAtLeast maxToken N := by
  intro F _
  obtain ⟨k, hk⟩ : ∃ k, M.n_ctx = k + 1 := ⟨M.n_ctx - 1, by omega⟩
  have h' := h F
  rw [Nat.eq_of_beq_eq_true hn, hk] at h'
  show N ≤ count M.d_vocab M.n_ctx _
  rw [hk, count_snoc]
  simp only [Nat.zero_add] at h'
  exact Nat.le_trans (Nat.le_of_ble_eq_true hN) h'

end ProvedQueries

end

end LeanBound
