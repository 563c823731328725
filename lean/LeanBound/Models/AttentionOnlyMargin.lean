module

public import LeanBound.Numerics.ExpLemmas
public import LeanBound.Numerics.SumLemmas
public import LeanBound.Models.AttentionOnly

/-!
# A model with one head in integers

Scores and logits of a model with one head are integer tables over powers of two, as functions of the weights alone:
`sInt a t i` is the score of position `i`, which holds token `t`, for the last token `a`, and `cInt a t i o` what
that position adds to the logit of `o` at full attention. The bias scales have to fit (`Aligned`).
-/

@[expose] public section

namespace LeanBound

universe u

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

namespace AttentionOnly

variable (M : AttentionOnly) (H : Head)

/-- Every bias has the scale of what it is added to. -/
structure Aligned : Prop where
  W_pos : M.W_pos.frac = M.W_E.frac
  b_Q : H.b_Q.frac = M.W_E.frac + H.W_Q.frac
  b_K : H.b_K.frac = M.W_E.frac + H.W_K.frac
  b_V : H.b_V.frac = M.W_E.frac + H.W_V.frac
  b_O : M.b_O.frac = M.W_E.frac + (H.W_V.frac + H.W_O.frac)
  b_U : M.b_U.frac = M.W_E.frac + (H.W_V.frac + H.W_O.frac) + M.W_U.frac

/-- `Aligned`, decided. -/
def aligned : Bool :=
  Nat.beq M.W_pos.frac M.W_E.frac && (Nat.beq H.b_Q.frac (M.W_E.frac + H.W_Q.frac) &&
  (Nat.beq H.b_K.frac (M.W_E.frac + H.W_K.frac) && (Nat.beq H.b_V.frac (M.W_E.frac + H.W_V.frac) &&
  (Nat.beq M.b_O.frac (M.W_E.frac + (H.W_V.frac + H.W_O.frac)) &&
   Nat.beq M.b_U.frac (M.W_E.frac + (H.W_V.frac + H.W_O.frac) + M.W_U.frac)))))

theorem aligned_sound (h : aligned M H = true) : Aligned M H := by
  simp only [aligned, Bool.and_eq_true, Nat.beq_eq] at h
  obtain ⟨h1, h2, h3, h4, h5, h6⟩ := h
  exact ⟨h1, h2, h3, h4, h5, h6⟩

/-- Token plus position embedding, over `2 ^ M.W_E.frac`. -/
def eInt (t i c : Nat) : Int := M.W_E.int t c + M.W_pos.int i c

/-- Query of the last position, over `2 ^ (M.W_E.frac + H.W_Q.frac)`. -/
def qInt (a j : Nat) : Int :=
  sum M.d_model (fun c => M.eInt a (M.n_ctx - 1) c * H.W_Q.int c j) + H.b_Q.int 0 j

/-- Key, over `2 ^ (M.W_E.frac + H.W_K.frac)`. -/
def kInt (t i j : Nat) : Int := sum M.d_model (fun c => M.eInt t i c * H.W_K.int c j) + H.b_K.int 0 j

/-- Value, over `2 ^ (M.W_E.frac + H.W_V.frac)`. -/
def vInt (t i j : Nat) : Int := sum M.d_model (fun c => M.eInt t i c * H.W_V.int c j) + H.b_V.int 0 j

/-- Attention score, over `2 ^ sFrac M H`. -/
def sInt (a t i : Nat) : Int := sum H.d_head fun j => M.qInt H a j * M.kInt H t i j

/-- The scale of scores. -/
def sFrac : Nat := (M.W_E.frac + H.W_Q.frac) + (M.W_E.frac + H.W_K.frac)

/-- What full attention to a position writes to the residual stream, over `2 ^ M.b_O.frac`. -/
def hInt (t i c : Nat) : Int := sum H.d_head fun j => M.vInt H t i j * H.W_O.int j c

/-- The residual stream of the last position at full attention to one position, over `2 ^ M.b_O.frac`. -/
def rInt (a t i c : Nat) : Int :=
  M.eInt a (M.n_ctx - 1) c * 2 ^ (H.W_V.frac + H.W_O.frac) + M.hInt H t i c + M.b_O.int 0 c

/-- Logit at full attention to one position, over `2 ^ M.b_U.frac`. -/
def cInt (a t i o : Nat) : Int := sum M.d_model (fun c => M.rInt H a t i c * M.W_U.int c o) + M.b_U.int 0 o

end AttentionOnly

section Scale

variable {F : Type u} [ExpField F]

theorem two_pow_ne (k : Nat) : (2 : F) ^ k ≠ 0 := by
  have := two_pow_pos (F := F) k
  grind

/-- An inner product of scaled integers. -/
theorem sum_mul_scaled (n : Nat) (u v : Nat → Int) (a b : Nat) :
    sum n (fun c => ((u c : F) / 2 ^ a) * ((v c : F) / 2 ^ b)) =
      ((sum n fun c => u c * v c : Int) : F) / 2 ^ (a + b) := by
  have ha := two_pow_ne (F := F) a
  have hb := two_pow_ne (F := F) b
  rw [intCast_sum, Field.div_eq_mul_inv, ← sum_mul_right]
  refine sum_congr fun c _ => ?_
  rw [Ring.intCast_mul, Semiring.pow_add]
  grind

theorem affine_scaled (n : Nat) (x : Nat → F) (u : Nat → Int) (a : Nat) (W b : Tensor) (j : Nat)
    (hx : ∀ c, c < n → x c = (u c : F) / 2 ^ a) (hb : b.frac = a + W.frac) :
    affine n x W b j = ((sum n (fun c => u c * W.int c j) + b.int 0 j : Int) : F) / 2 ^ (a + W.frac) := by
  have h : sum n (fun c => x c * W.entry c j) = sum n fun c => ((u c : F) / 2 ^ a) * ((W.int c j : F) / 2 ^ W.frac) :=
    sum_congr fun c hc => by rw [hx c hc, Tensor.entry]
  rw [affine, h, sum_mul_scaled, Tensor.entry, hb, Ring.intCast_add]
  grind

end Scale

namespace AttentionOnly

variable {F : Type u} [ExpField F] {M : AttentionOnly} {H : Head}

theorem resid_pre_eq (hA : Aligned M H) (x : List Nat) (i c : Nat) :
    (resid_pre M x i c : F) = (M.eInt (x.getD i 0) i c : F) / 2 ^ M.W_E.frac := by
  rw [resid_pre, Tensor.entry, Tensor.entry, hA.W_pos, eInt, Ring.intCast_add]
  grind

/-- Scores are integers over `2 ^ sFrac M H`. -/
theorem score_eq (hA : Aligned M H) (x : List Nat) (i : Nat) :
    (score M H x i : F) = (M.sInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i : F) / 2 ^ sFrac M H := by
  rw [score, sInt, sFrac, ← sum_mul_scaled]
  refine sum_congr fun j _ => ?_
  rw [affine_scaled _ _ _ _ _ _ _ (fun c _ => resid_pre_eq hA x (M.n_ctx - 1) c) hA.b_Q,
    affine_scaled _ _ _ _ _ _ _ (fun c _ => resid_pre_eq hA x i c) hA.b_K]
  rfl

theorem head_term_eq (hA : Aligned M H) (x : List Nat) (i c : Nat) :
    sum H.d_head (fun j => affine M.d_model (resid_pre M x i : Nat → F) H.W_V H.b_V j * H.W_O.entry j c) =
      (M.hInt H (x.getD i 0) i c : F) / 2 ^ M.b_O.frac := by
  rw [hInt, hA.b_O, ← Nat.add_assoc, ← sum_mul_scaled]
  refine sum_congr fun j _ => ?_
  rw [affine_scaled _ _ _ _ _ _ _ (fun c _ => resid_pre_eq hA x i c) hA.b_V]
  rfl

theorem sum_exp_pos (hn : 0 < M.n_ctx) (x : List Nat) : 0 < sum M.n_ctx fun i => (exp (score M H x i) : F) :=
  sum_pos hn fun _ _ => exp_pos _

theorem sum_pattern (hn : 0 < M.n_ctx) (x : List Nat) : sum M.n_ctx (pattern M H x : Nat → F) = 1 := by
  have h : sum M.n_ctx (pattern M H x : Nat → F) =
      sum M.n_ctx fun i => exp (score M H x i) * (sum M.n_ctx fun j => (exp (score M H x j) : F))⁻¹ :=
    sum_congr fun i _ => by rw [pattern, Field.div_eq_mul_inv]
  have := sum_exp_pos (F := F) (H := H) hn x
  rw [h, sum_mul_right, Field.mul_inv_cancel]
  grind

/-- The residual stream is a mean, with the attention as weights. -/
theorem resid_post_eq (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx) (x : List Nat) (c : Nat) :
    (resid_post M x c : F) = sum M.n_ctx fun i => pattern M H x i *
      ((M.rInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i c : F) / 2 ^ M.b_O.frac) := by
  have h (i : Nat) : pattern M H x i * ((M.rInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i c : F) / 2 ^ M.b_O.frac) =
      pattern M H x i * ((M.eInt (x.getD (M.n_ctx - 1) 0) (M.n_ctx - 1) c : F) / 2 ^ M.W_E.frac + M.b_O.entry 0 c) +
      pattern M H x i * ((M.hInt H (x.getD i 0) i c : F) / 2 ^ M.b_O.frac) := by
    have h1 := two_pow_ne (F := F) M.W_E.frac
    have h2 := two_pow_ne (F := F) (H.W_V.frac + H.W_O.frac)
    rw [rInt, Tensor.entry, Ring.intCast_add, Ring.intCast_add, Ring.intCast_mul, intCast_two_pow, hA.b_O,
      Semiring.pow_add 2 M.W_E.frac]
    grind
  have h' : (head_out M H x c : F) = sum M.n_ctx fun i => pattern M H x i *
      ((M.hInt H (x.getD i 0) i c : F) / 2 ^ M.b_O.frac) := by
    rw [head_out]
    exact sum_congr fun i _ => by rw [head_term_eq hA]
  simp only [h]
  rw [sum_add, sum_mul_right, sum_pattern hn, ← h', resid_post, hM, resid_pre_eq hA]
  simp only [List.foldr]
  grind

/-- A logit is a mean of integers over `2 ^ M.b_U.frac`, with the attention as weights. -/
theorem logit_eq (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx) (x : List Nat) (o : Nat) :
    (logit M x o : F) = sum M.n_ctx fun i => pattern M H x i *
      ((M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i o : F) / 2 ^ M.b_U.frac) := by
  have h (i : Nat) : pattern M H x i * ((M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i o : F) / 2 ^ M.b_U.frac) =
      (sum M.d_model fun c => pattern M H x i *
        ((M.rInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i c : F) / 2 ^ M.b_O.frac) * M.W_U.entry c o) +
      pattern M H x i * M.b_U.entry 0 o := by
    have h1 : M.b_U.frac = M.b_O.frac + M.W_U.frac := by rw [hA.b_U, hA.b_O]
    rw [cInt, h1, ← affine_scaled M.d_model _ _ _ _ _ _ (fun _ _ => rfl) h1, affine, Semiring.left_distrib,
      ← sum_mul_left]
    simp only [Semiring.mul_assoc]
  simp only [h]
  rw [sum_add, sum_swap, sum_mul_right, sum_pattern hn, logit, affine, Semiring.one_mul]
  refine congrArg (· + _) (sum_congr fun c _ => ?_)
  rw [resid_post_eq hM hA hn, ← sum_mul_right]

/-- Positive margins of the integer tables, under the unnormalised attention weights, make the model right. -/
theorem correct_of_margin {F : Type} [ExpField F] (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx)
    (x : List Nat) (y a : Nat) (ha : x.getD (M.n_ctx - 1) 0 = a)
    (h : ∀ o, o < M.d_vocab → o ≠ y → 0 < sum M.n_ctx fun i =>
      exp ((M.sInt H a (x.getD i 0) i : F) / 2 ^ sFrac M H) *
        ((M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o : Int) : F)) : M.classifier.Correct F x y := by
  intro o ho hne
  show (M.logit x o : F) < M.logit x y
  have hm := h o ho hne
  have hS := sum_exp_pos (F := F) (H := H) hn x
  have hk := two_pow_pos (F := F) M.b_U.frac
  have hd : (logit M x y : F) - logit M x o = (sum M.n_ctx fun i =>
      exp ((M.sInt H a (x.getD i 0) i : F) / 2 ^ sFrac M H) *
        ((M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o : Int) : F)) *
      ((sum M.n_ctx fun i => (exp (score M H x i) : F))⁻¹ * ((2 : F) ^ M.b_U.frac)⁻¹) := by
    rw [logit_eq hM hA hn, logit_eq hM hA hn, ← sum_sub, ← sum_mul_right]
    refine sum_congr fun i _ => ?_
    rw [pattern, score_eq hA, Ring.intCast_sub, ha]
    grind
  have h1 := Field.IsOrdered.inv_pos_iff.mpr hS
  have h2 := Field.IsOrdered.inv_pos_iff.mpr hk
  have h3 := OrderedRing.mul_pos hm (OrderedRing.mul_pos h1 h2)
  rw [← hd] at h3
  grind

/-- `correct_of_margin` with all weights divided by one exponential: with `r` the largest score, none is above `1`. -/
theorem correct_of_shifted_margin {F : Type} [ExpField F] (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx)
    (x : List Nat) (y a : Nat) (r : Int) (ha : x.getD (M.n_ctx - 1) 0 = a)
    (h : ∀ o, o < M.d_vocab → o ≠ y → 0 < sum M.n_ctx fun i =>
      exp (-(((r - M.sInt H a (x.getD i 0) i : Int) : F) / 2 ^ sFrac M H)) *
        ((M.cInt H a (x.getD i 0) i y - M.cInt H a (x.getD i 0) i o : Int) : F)) : M.classifier.Correct F x y := by
  refine correct_of_margin hM hA hn x y a ha fun o ho hne => ?_
  have h1 := OrderedRing.mul_pos (exp_pos ((r : F) / 2 ^ sFrac M H)) (h o ho hne)
  rw [← sum_mul_left] at h1
  suffices he : sum M.n_ctx _ = sum M.n_ctx _ by rwa [he] at h1
  refine sum_congr fun i _ => ?_
  rw [← Semiring.mul_assoc, ← ExpField.exp_add, Ring.intCast_sub r]
  refine congrArg (fun z => exp z * _) ?_
  grind

end AttentionOnly

end

end LeanBound
