module

public import LeanBound.Properties.Classes
public import LeanBound.Numerics.RowTable
public import LeanBound.Strategies.Accuracy
public import LeanBound.Strategies.Tables.Rows

/-!
# Chunks of maxima

Classes of inputs, by last token `a` and largest token `m`, are checked by maximum: what a token other than `m` can gain depends on
`m`, not on `a`. A claim about a maximum is a number of inputs and, for some of the queries, what the check of the class needs
to know, of type `σ`. A strategy is a function `size` from `a`, `m` and that to a number of inputs of the class which it proves.
-/

@[expose] public section

namespace LeanBound

noncomputable section

variable {σ : Type} (size : Nat → Nat → Option σ → Nat)

/-- How many inputs of maximum `m` are proved whose last token is below `n`; `splits` holds what the check of a query needs to
know, for those that need something, the largest query first. -/
def sizeBelow (m n : Nat) (splits : List (Nat × σ)) : Nat :=
  Nat.rec (fun _ => nat_lit 0)
    (fun a ih splits => List.rec (Nat.add (size a m none) (ih []))
      (fun s rest _ => Bool.rec (Nat.add (size a m none) (ih splits)) (Nat.add (size a m (some s.2)) (ih rest))
        (Nat.beq s.1 a)) splits) n splits

/-- How many inputs of maximum `m` are proved, whatever their last token. -/
def sizeOfMaximum (m : Nat) (splits : List (Nat × σ)) : Nat := sizeBelow size m (Nat.succ m) splits

/-- Of the maximum `m + j`, at least as many inputs are proved as the `j`-th claim says. -/
def checkMaxima (m : Nat) (claims : List (Nat × List (Nat × σ))) : Bool :=
  List.rec (fun _ => true)
    (fun c _ ih m => both (Nat.ble c.1 (forced (fun m => sizeOfMaximum size m c.2) m)) (ih (Nat.succ m))) claims m

/-- The numbers of a list of claims. -/
def claimedSizes (claims : List (Nat × List (Nat × σ))) : List Nat := List.rec [] (fun c _ ns => c.1 :: ns) claims

/-- What a chunk says of a maximum and its number. -/
def ProvedSize (m n : Nat) : Prop := ∃ split : Nat → Option σ, n ≤ natSum (m + 1) fun a => size a m (split a)

variable {size}

/-- Some of the queries are split, the others not. -/
theorem sizeBelow_eq (m n : Nat) (splits : List (Nat × σ)) :
    ∃ split : Nat → Option σ, sizeBelow size m n splits = natSum n fun a => size a m (split a) := by
  induction n generalizing splits with
  | zero => exact ⟨fun _ => none, rfl⟩
  | succ n ih =>
    have step : ∀ (o : Option σ) (rest : List (Nat × σ)), ∃ split : Nat → Option σ,
        size n m o + sizeBelow size m n rest = natSum (n + 1) fun a => size a m (split a) := fun o rest => by
      obtain ⟨split, h⟩ := ih rest
      refine ⟨fun a => if a = n then o else split a, ?_⟩
      rw [natSum_succ, h, Nat.add_comm]
      dsimp only
      rw [if_pos rfl]
      congr 1
      exact natSum_congr fun a ha => by rw [if_neg (by omega)]
    cases splits with
    | nil => exact step none []
    | cons s rest =>
      show ∃ split : Nat → Option σ, Bool.rec (motive := fun _ => Nat) (size n m none + sizeBelow size m n (s :: rest))
        (size n m (some s.2) + sizeBelow size m n rest) (Nat.beq s.1 n) = natSum (n + 1) fun a => size a m (split a)
      cases Nat.beq s.1 n with
      | false => exact step none (s :: rest)
      | true => exact step (some s.2) rest

/-- A chunk of maxima, checked. -/
theorem checkMaxima_covered {m : Nat} {claims : List (Nat × List (Nat × σ))} (h : checkMaxima size m claims = true) :
    Covered (ProvedSize size) m (claimedSizes claims) := by
  induction claims generalizing m with
  | nil => exact .nil m
  | cons c claims ih =>
    have h : both (Nat.ble c.1 (forced (fun m => sizeOfMaximum size m c.2) m)) (checkMaxima size (m + 1) claims) = true := h
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    rw [forced_eq] at h1
    obtain ⟨split, hs⟩ := sizeBelow_eq (size := size) m (m + 1) c.2
    exact .cons ⟨split, hs ▸ Nat.le_of_ble_eq_true h1⟩ (ih h2)

theorem natSum_mono {m n : Nat} (f : Nat → Nat) (h : m ≤ n) : natSum m f ≤ natSum n f := by
  induction h with
  | refl => exact Nat.le_refl _
  | step _ ih => rw [natSum_succ]; exact Nat.le_trans ih (Nat.le_add_right _ _)

/-- Chunks that cover all maxima prove the accuracy, as `size` bounds the count of each class from below. -/
theorem accuracy_of_maxima {M : AttentionOnly} (hK : 0 < M.n_ctx)
    (hsize : ∀ (F : Type) [ExpField F] (a m : Nat) (s : Option σ), a < M.d_vocab → a ≤ m → m < M.d_vocab →
      size a m s ≤ count M.d_vocab (M.n_ctx - 1) fun y =>
        M.classifier.Correct F (y ++ [a]) (maxToken (y ++ [a])) ∧ maxToken (y ++ [a]) = m)
    {ns : List Nat} (hc : Covered (ProvedSize size) 0 ns) (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat}
    (hN : Nat.ble N (total ns) = true) : M.classifier.AccuracyAtLeast maxToken N := by
  intro F _
  have hlen : ns.length = M.d_vocab := Nat.eq_of_beq_eq_true hlen
  obtain ⟨k, hk⟩ : ∃ k, M.n_ctx = k + 1 := ⟨M.n_ctx - 1, by omega⟩
  have hk' : M.n_ctx - 1 = k := by omega
  let p (x : List Nat) : Prop := M.classifier.Correct F x (maxToken x)
  let q (m : Nat) (x : List Nat) : Prop := p x ∧ maxToken x = m
  show N ≤ count M.d_vocab M.n_ctx p
  have hq : ∀ m, m < M.d_vocab → ns.getD m 0 ≤ count M.d_vocab M.n_ctx (q m) := by
    intro m hm
    obtain ⟨split, hs⟩ := hc.getD m (by omega)
    rw [Nat.zero_add] at hs
    rw [hk, count_snoc]
    refine Nat.le_trans hs (Nat.le_trans (natSum_le (g := fun a => count M.d_vocab k fun y => q m (y ++ [a]))
      fun a ha => ?_) (natSum_mono _ hm))
    have h := hsize F a m (split a) (by omega) (by omega) hm
    rwa [hk'] at h
  refine Nat.le_trans (Nat.le_of_ble_eq_true hN) ?_
  rw [total_eq, hlen]
  refine Nat.le_trans (natSum_le hq) ?_
  rw [natSum_eq]
  exact listSum_count_le List.nodup_range (fun m _ x _ hx => hx.1) fun m _ m' _ x hx hx' => hx.2.symm.trans hx'.2

end

end LeanBound
