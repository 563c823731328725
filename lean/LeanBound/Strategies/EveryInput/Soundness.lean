module

public import LeanBound.Properties.Agreement
public import LeanBound.Properties.WeightedSums
public import LeanBound.Strategies.EveryInput.Checker
public import LeanBound.Strategies.Failures.Soundness

/-! # Inputs of an attention-only model, one after the other: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem inputSum_eq (V n : Nat) (f : List Nat → Nat) : inputSum V n f = listSum (sequences V n) f := by
  induction n generalizing f with
  | zero => rfl
  | succ n ih =>
    show (natSum V fun t => inputSum V n fun x => f (t :: x)) = _
    simp only [ih, natSum_eq, sequences, listSum_flatMap, listSum_map]

theorem inputWeight_eq (weights : List (List Nat)) (x : List Nat) : inputWeight weights x = weightOf weights x := by
  induction weights generalizing x with
  | nil => cases x <;> rfl
  | cons u weights ih =>
    cases x with
    | nil => rfl
    | cons t x =>
      show nth u t * inputWeight weights x = _
      rw [ih, nth_eq]
      rfl

/-- What is added up by first token is added up over all inputs. -/
theorem total_le_inputSum {V K : Nat} (hK : 0 < K) {g f : List Nat → Nat} (hf : ∀ x ∈ sequences V K, g x ≤ f x)
    {ns : List Nat} (hc : Covered (fun t n => n ≤ inputSum V (Nat.sub K 1) fun x => g (List.cons t x)) 0 ns)
    (hlen : Nat.beq ns.length V = true) {N : Nat} (hN : Nat.ble N (total ns) = true) : N ≤ listSum (sequences V K) f := by
  obtain ⟨k, rfl⟩ : ∃ k, K = k + 1 := ⟨K - 1, by omega⟩
  refine Nat.le_trans (total_le_of_covered (fun _ _ => Nat.le_refl _) hc hlen hN) ?_
  show inputSum V (k + 1) g ≤ _
  rw [inputSum_eq]
  exact listSum_le hf

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C)

include hv

theorem inputLeads_sound {x : List Nat} (hx : x ∈ sequences M.d_vocab M.n_ctx) {y : Nat}
    (h : inputLeads C M.d_vocab M.n_ctx y x = true) (F : Type) [ExpField F] : y < M.d_vocab ∧ M.classifier.Correct F x y := by
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have h1 : y < M.d_vocab := Nat.le_of_ble_eq_true h1
  exact ⟨h1, correct_of_inputRow hv hx h1 h2 F⟩

/-- The weights of all inputs, by first token, prove the weighted accuracy. -/
theorem everyInput_weighted {weights : List (List Nat)} {ns : List Nat}
    (hc : Covered (fun t n => n ≤ leadingWeight C M.d_vocab M.n_ctx weights t) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N all : Nat} (hN : Nat.ble N (total ns) = true)
    (hall : Nat.beq (inputSum M.d_vocab M.n_ctx (inputWeight weights)) all = true) :
    M.classifier.WeightedAccuracyAtLeast maxToken weights N all := by
  refine ⟨?_, fun F _ => ?_⟩
  · show weighted M.d_vocab M.n_ctx _ _ = all
    rw [← Nat.eq_of_beq_eq_true hall, inputSum_eq, weighted_eq]
    exact listSum_congr fun x _ => by rw [inputWeight_eq, indicator_true trivial, Nat.mul_one]
  · show N ≤ weighted M.d_vocab M.n_ctx _ _
    rw [weighted_eq]
    refine total_le_inputSum hv.n_ctx_pos (g := fun x => cond (inputLeads C M.d_vocab M.n_ctx (largest x) x)
      (inputWeight weights x) (nat_lit 0)) (fun x hx => ?_) hc hlen hN
    show cond (inputLeads C M.d_vocab M.n_ctx (largest x) x) (inputWeight weights x) 0 ≤ _
    cases h : inputLeads C M.d_vocab M.n_ctx (largest x) x with
    | false => exact Nat.zero_le _
    | true =>
      rw [largest_eq] at h
      rw [cond_true, inputWeight_eq, indicator_true (inputLeads_sound hv hx h F).2, Nat.mul_one]
      exact Nat.le_refl _

/-- The inputs on which two models give the same output, by first token, prove their agreement. -/
theorem everyInput_agreement {M' : AttentionOnly} {H' : Head} {C' : Tables} (hv' : Tables.Valid M' H' C')
    (hV : Nat.beq M'.d_vocab M.d_vocab = true) (hK : Nat.beq M'.n_ctx M.n_ctx = true) {es : List (List Nat × Nat)}
    {ns : List Nat} (hc : Covered (fun t n => n ≤ agreedInputs C M.d_vocab M.n_ctx C' es t) 0 ns)
    (hlen : Nat.beq ns.length M.d_vocab = true) {N : Nat} (hN : Nat.ble N (total ns) = true) :
    M.classifier.AgreementAtLeast M'.classifier N := by
  have hV : M'.d_vocab = M.d_vocab := Nat.eq_of_beq_eq_true hV
  have hK : M'.n_ctx = M.n_ctx := Nat.eq_of_beq_eq_true hK
  refine ⟨⟨hV.symm, hK.symm, hV.symm⟩, fun F _ => ?_⟩
  show N ≤ count M.d_vocab M.n_ctx _
  rw [count_eq]
  refine total_le_inputSum hv.n_ctx_pos (g := fun x =>
    cond (bothLead C M.d_vocab M.n_ctx C' (listed es (largest x) x) x) (nat_lit 1) (nat_lit 0)) (fun x hx => ?_) hc hlen hN
  show cond _ 1 0 ≤ _
  cases h : bothLead C M.d_vocab M.n_ctx C' (listed es (largest x) x) x with
  | false => exact Nat.zero_le _
  | true =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    rw [← hV, ← hK] at h2
    have hx' : x ∈ sequences M'.d_vocab M'.n_ctx := by rw [hV, hK]; exact hx
    obtain ⟨hy, h1⟩ := inputLeads_sound hv hx h1 F
    exact Nat.le_of_eq (indicator_true ⟨_, hy, h1, (inputLeads_sound hv' hx' h2 F).2⟩).symm

end

end LeanBound
