module

public import LeanBound.Properties.Boxes
public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.BruteForce.Checker
public import LeanBound.Strategies.Tables.RowsSound

/-! # Brute force on max-of-K: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

variable {C : Tables} {V K a : Nat}

/-- The rows of the tokens `x` at the positions from `i` on, added up. -/
def sumRows (C : Tables) (a : Nat) (x : List Nat) (i : Nat) : Nat :=
  match x with
  | [] => 0
  | t :: x => row C a i t + sumRows C a x (i + 1)

/-- The test of one input. -/
def bruteCheck (C : Tables) (V K a : Nat) (x : List Nat) : Bool := leads C V K (sumRows C a x 0) (maxToken x)

theorem sumRows_eq (x : List Nat) (i : Nat) :
    sumRows C a x i = natSum x.length fun j => row C a (i + j) (x.getD j 0) := by
  induction x generalizing i with
  | nil => rfl
  | cons t x ih =>
    rw [sumRows, ih, List.length_cons, natSum_succ_left]
    simp only [List.getD_cons_succ, List.getD_cons_zero, Nat.add_zero, Nat.add_assoc, Nat.add_comm 1]

theorem maxToken_step (t : Nat) (x : List Nat) :
    maxToken (t :: x) = cond (Nat.ble t (maxToken x)) (maxToken x) t := by
  have hm : maxToken (t :: x) = max t (maxToken x) := rfl
  rw [hm]
  cases h : Nat.ble t (maxToken x) with
  | true => have := Nat.le_of_ble_eq_true h; simp only [cond_true]; omega
  | false =>
    have : ¬ t ≤ maxToken x := fun hle => by rw [Nat.ble_eq_true_of_le hle] at h; contradiction
    simp only [cond_false]; omega

theorem maxToken_lt {x : List Nat} (hV : 0 < V) (hx : ∀ t ∈ x, t < V) : maxToken x < V := by
  induction x with
  | nil => exact hV
  | cons t x ih =>
    have h1 := ih fun s hs => hx s (by simp [hs])
    have h2 := hx t (by simp)
    have hm : maxToken (t :: x) = max t (maxToken x) := rfl
    omega

theorem rec_eq_natSum (n : Nat) (f : Nat → Nat) :
    (Nat.rec 0 (fun t s => Nat.add s (f t)) n : Nat) = natSum n f := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg (· + f n) ih

theorem countRows_eq (k : Nat) (x : List Nat) :
    countRows C V K a k (sumRows C a x k) (maxToken x) = countFrom V (bruteCheck C V K a) k x := by
  induction k generalizing x with
  | zero =>
    show cond (bruteCheck C V K a x) 1 0 = Bool.rec 0 1 (bruteCheck C V K a x)
    cases bruteCheck C V K a x <;> rfl
  | succ k ih =>
    rw [countFrom_succ]
    refine (rec_eq_natSum V _).trans (natSum_congr fun t _ => ?_)
    rw [← ih, maxToken_step]
    rfl

variable {M : AttentionOnly} {H : Head}

/-- The model is right about an input that passes the test. -/
theorem bruteCheck_sound (hv : Tables.Valid M H C) (F : Type) [ExpField F] {x : List Nat}
    (hx : x ∈ sequences M.d_vocab M.n_ctx) (ha : x.getD (M.n_ctx - 1) 0 = a)
    (h : bruteCheck C M.d_vocab M.n_ctx a x = true) : Correct F M x (maxToken x) := by
  have hn := hv.n_ctx_pos
  have haV : a < M.d_vocab := ha ▸ getD_lt hx (by omega)
  have hm : maxToken x < M.d_vocab := maxToken_lt (by omega) (mem_sequences.1 hx).2
  have hR : sumRows C a x 0 =
      pack C.w (fun o => natSum M.n_ctx fun i => rowEntry C a i (x.getD i 0) o) M.d_vocab := by
    rw [sumRows_eq, (mem_sequences.1 hx).1, ← natSum_pack]
    refine natSum_congr fun i hi => ?_
    rw [Nat.zero_add]
    exact row_eq_pack hv haV hi (getD_lt hx hi)
  rw [bruteCheck, hR] at h
  exact correct_of_lead hv F hx ha hm (leads_sound hv hm
    (fun o ho => natSum_le_mul fun i hi => Nat.le_of_lt (rowEntry_lt_top hv haV hi (getD_lt hx hi) ho)) h)

/-- The number of inputs proved of a query is a lower bound on those that the model is right about. -/
theorem bruteQuerySize_le_count (hv : Tables.Valid M H C) (F : Type) [ExpField F] (ha : a < M.d_vocab) :
    bruteQuerySize C M.d_vocab M.n_ctx a ≤
      count M.d_vocab (M.n_ctx - 1) fun y => Correct F M (y ++ [a]) (maxToken (y ++ [a])) := by
  have h := countRows_eq (C := C) (V := M.d_vocab) (K := M.n_ctx) (a := a) (M.n_ctx - 1) [a]
  have hm : maxToken [a] = a := Nat.max_eq_left (Nat.zero_le a)
  rw [hm] at h
  have h' : bruteQuerySize C M.d_vocab M.n_ctx a = _ := h
  rw [h', countFrom_eq]
  refine count_mono fun y hy hc => ?_
  exact bruteCheck_sound hv F (snoc_mem_sequences hv.n_ctx_pos ha hy) (getD_snoc hy a) hc

/-- A chunk of queries, checked. -/
theorem bruteQueries_covered {ns : List Nat} (h : bruteQueries C V K a ns = true) :
    Covered (fun a n => n ≤ bruteQuerySize C V K a) a ns := by
  induction ns generalizing a with
  | nil => exact .nil a
  | cons n ns ih =>
    have h : both (Nat.ble n (bruteQuerySize C V K a)) (bruteQueries C V K (a + 1) ns) = true := h
    cases hb : Nat.ble n (bruteQuerySize C V K a) with
    | false => rw [hb] at h; exact absurd h (by simp [both])
    | true => rw [hb] at h; exact .cons (Nat.le_of_ble_eq_true hb) (ih h)

/-- Brute force proves the accuracy. -/
theorem brute_accuracy (hv : Tables.Valid M H C) {ns : List Nat}
    (hc : Covered (fun a n => n ≤ bruteQuerySize C M.d_vocab M.n_ctx a) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat} (hN : Nat.ble N (total ns) = true) :
    AccuracyAtLeast M maxToken N :=
  accuracy_of_covered hv.n_ctx_pos (fun F _ _ _ ha hn => Nat.le_trans hn (bruteQuerySize_le_count hv F ha)) hc hlen hN

end

end LeanBound
