module

public import LeanBound.Properties.FailureLemmas
public import LeanBound.Strategies.Failures.Checker
public import LeanBound.Strategies.Tables.RowsSound
public import LeanBound.Strategies.Tables.ShapesSound
public import LeanBound.Tasks.MaxOfK

/-! # Inputs on which a model is wrong: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

theorem largest_eq (x : List Nat) : largest x = maxToken x := by
  induction x with
  | nil => rfl
  | cons t x ih =>
    show cond (Nat.ble (largest x) t) t (largest x) = max t (maxToken x)
    rw [ih]
    cases h : Nat.ble (maxToken x) t with
    | true => have := Nat.le_of_ble_eq_true h; rw [cond_true]; omega
    | false =>
      have : ¬ maxToken x ≤ t := fun hle => by rw [Nat.ble_eq_true_of_le hle] at h; exact absurd h (by simp)
      rw [cond_false]
      omega

theorem pack_natSum (w V n : Nat) (f : Nat → Nat → Nat) :
    pack w (fun o => natSum n fun i => f i o) V = natSum n fun i => pack w (f i) V := by
  induction n with
  | zero => exact (pack_const w V 0).trans (Nat.zero_mul _)
  | succ n ih => rw [natSum_succ, ← ih, ← pack_add]; rfl

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C)

include hv

/-- An output that leads is the model's. -/
theorem correct_of_inputRow {x : List Nat} (hx : x ∈ sequences M.d_vocab M.n_ctx) {y : Nat} (hy : y < M.d_vocab)
    (h : leads C M.d_vocab M.n_ctx (inputRow C M.n_ctx x) y = true) (F : Type) [ExpField F] :
    M.classifier.Correct F x y := by
  have hn := hv.n_ctx_pos
  have ht : ∀ i, i < M.n_ctx → nth x i < M.d_vocab := fun i hi => by rw [nth_eq]; exact getD_lt hx hi
  have hrow : inputRow C M.n_ctx x = pack C.w (fun o => natSum M.n_ctx fun i =>
      rowEntry C (nth x (M.n_ctx - 1)) i (nth x i) o) M.d_vocab := by
    rw [pack_natSum]
    exact natSum_congr fun i hi => row_eq_pack hv (ht (M.n_ctx - 1) (by omega)) hi (ht i hi)
  rw [hrow] at h
  have lead := leads_sound hv hy (fun o ho => natSum_le_mul fun i hi =>
    Nat.le_of_lt (rowEntry_lt_top hv (ht _ (by omega)) hi (ht i hi) ho)) h
  simp only [nth_eq] at lead
  exact correct_of_lead hv F hx rfl hy lead

/-- Where another output leads, the model is wrong. -/
theorem isWrong_sound {e : List Nat × Nat} (h : isWrong C M.d_vocab M.n_ctx e = true) : e.1 ∈ sequences M.d_vocab M.n_ctx ∧
    ∀ (F : Type) [ExpField F], ¬ M.classifier.Correct F e.1 (maxToken e.1) := by
  simp only [isWrong, both_eq_true] at h
  obtain ⟨h1, h2, h3, h4, h5⟩ := h
  have h1 : e.1.length = M.n_ctx := Nat.eq_of_beq_eq_true h1
  have h3 : e.2 < M.d_vocab := Nat.le_of_ble_eq_true h3
  have h4 : maxToken e.1 ≠ e.2 := fun hne => by
    rw [largest_eq, hne, Nat.beq_refl, cond_true] at h4
    exact absurd h4 (by simp)
  have hx : e.1 ∈ sequences M.d_vocab M.n_ctx := mem_sequences.2 ⟨h1, fun t ht => by
    have : t ≤ M.d_vocab - 1 := allAtMost_sound h2 t ht
    omega⟩
  refine ⟨hx, fun F _ hcorrect => ?_⟩
  have hright := correct_of_inputRow hv hx h3 h5 F
  have hmax : maxToken e.1 < M.d_vocab := by
    have hle : ∀ x : List Nat, (∀ t ∈ x, t < M.d_vocab) → maxToken x < M.d_vocab := fun x => by
      induction x with
      | nil => exact fun _ => by show 0 < M.d_vocab; omega
      | cons t x ih =>
        intro hx
        have := ih fun s hs => hx s (List.mem_cons_of_mem _ hs)
        have := hx t List.mem_cons_self
        show max t (maxToken x) < M.d_vocab
        omega
    exact hle _ (mem_sequences.1 hx).2
  have a := hright _ hmax h4
  have b := hcorrect _ h3 fun h => h4 h.symm
  exact Std.not_lt.2 (Std.le_of_lt a) b

theorem areWrong_sound {es : List (List Nat × Nat)} (h : areWrong C M.d_vocab M.n_ctx es = true) :
    ∀ x ∈ wrongInputs es, x ∈ sequences M.d_vocab M.n_ctx ∧
      ∀ (F : Type) [ExpField F], ¬ M.classifier.Correct F x (maxToken x) := by
  induction es with
  | nil => exact fun x hx => absurd hx List.not_mem_nil
  | cons e es ih =>
    obtain ⟨h1, h2⟩ := both_eq_true.1 h
    intro x hx
    rcases List.mem_cons.1 hx with rfl | hx
    · exact isWrong_sound hv h1
    · exact ih h2 x hx

/-- The accuracy and the inputs that fail prove where the model is right. -/
theorem failures_of_accuracy {N : Nat} (hN : M.classifier.AccuracyAtLeast maxToken N) {es : List (List Nat × Nat)}
    (h : areWrong C M.d_vocab M.n_ctx es = true) (hes : (wrongInputs es).Nodup)
    (hall : Nat.ble (Nat.pow M.d_vocab M.n_ctx) (Nat.add N (wrongInputs es).length) = true) :
    M.classifier.RightExceptOn maxToken (wrongInputs es) :=
  rightExceptOn_of_accuracy hN hes (fun x hx => (areWrong_sound hv h x hx).1)
    (fun F _ x hx => (areWrong_sound hv h x hx).2 F) (Nat.le_of_ble_eq_true hall)

end

end LeanBound
