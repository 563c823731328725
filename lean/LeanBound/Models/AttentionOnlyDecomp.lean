module

public import LeanBound.Models.AttentionOnlyMargin

/-!
# The integer tables as sums over tokens and positions

A score is one form in the token of a position plus one in the position (`sInt_decomp`), and a logit contribution
splits into the direct path, the token and the position (`cInt_decomp`).
-/

@[expose] public section

namespace LeanBound

noncomputable section

/-- An affine map and then a linear one, with the inner products the other way round. -/
theorem sum_affine_mul {R : Type u} [Lean.Grind.Ring R] (n m : Nat) (x b k : Nat → R) (W : Nat → Nat → R) :
    (sum m fun j => (sum n (fun c => x c * W c j) + b j) * k j) =
      sum n (fun c => x c * sum m fun j => W c j * k j) + sum m fun j => b j * k j := by
  have h : (sum n fun c => x c * sum m fun j => W c j * k j) = sum m fun j => (sum n fun c => x c * W c j) * k j := by
    simp only [← sum_mul_left, ← sum_mul_right, Lean.Grind.Semiring.mul_assoc]
    exact sum_swap ..
  rw [h, ← sum_add]
  exact sum_congr fun j _ => Lean.Grind.Semiring.right_distrib ..

namespace AttentionOnly

variable (M : AttentionOnly) (H : Head)

/-- Key of a token, without position and bias. -/
def kE (t j : Nat) : Int := sum M.d_model fun c => M.W_E.int t c * H.W_K.int c j

/-- Key of a position, with the bias. -/
def kP (i j : Nat) : Int := sum M.d_model (fun c => M.W_pos.int i c * H.W_K.int c j) + H.b_K.int 0 j

/-- Column of the QK circuit for the key `kE t`. -/
def gE (t c : Nat) : Int := sum H.d_head fun j => H.W_Q.int c j * M.kE H t j

/-- Column of the QK circuit for the key `kP i`. -/
def gP (i c : Nat) : Int := sum H.d_head fun j => H.W_Q.int c j * M.kP H i j

/-- The query bias with the key `kE t`. -/
def bE (t : Nat) : Int := sum H.d_head fun j => H.b_Q.int 0 j * M.kE H t j

/-- The query bias with the key `kP i`. -/
def bP (i : Nat) : Int := sum H.d_head fun j => H.b_Q.int 0 j * M.kP H i j

/-- What token `t` adds to the score, for the last token `a`. -/
def sE (a t : Nat) : Int := sum M.d_model (fun c => M.eInt a (M.n_ctx - 1) c * M.gE H t c) + M.bE H t

/-- What position `i` adds to the score, for the last token `a`. -/
def sP (a i : Nat) : Int := sum M.d_model (fun c => M.eInt a (M.n_ctx - 1) c * M.gP H i c) + M.bP H i

/-- Output weights and unembedding in one. -/
def woU (j o : Nat) : Int := sum M.d_model fun c => H.W_O.int j c * M.W_U.int c o

/-- The OV circuit up to the unembedding. -/
def vU (c o : Nat) : Int := sum H.d_head fun j => H.W_V.int c j * M.woU H j o

/-- What token `t` adds to the logit of `o`. -/
def oE (t o : Nat) : Int := sum M.d_model fun c => M.W_E.int t c * M.vU H c o

/-- What position `i` adds to the logit of `o`, with the value bias. -/
def oP (i o : Nat) : Int :=
  sum M.d_model (fun c => M.W_pos.int i c * M.vU H c o) + sum H.d_head fun j => H.b_V.int 0 j * M.woU H j o

/-- What the last token `a` adds to the logit of `o` past the head, with the output biases. -/
def dir (a o : Nat) : Int :=
  2 ^ (H.W_V.frac + H.W_O.frac) * sum M.d_model (fun c => M.eInt a (M.n_ctx - 1) c * M.W_U.int c o) +
    sum M.d_model (fun c => M.b_O.int 0 c * M.W_U.int c o) + M.b_U.int 0 o

theorem kInt_decomp (t i j : Nat) : M.kInt H t i j = M.kE H t j + M.kP H i j := by
  have h : M.kInt H t i j = sum M.d_model (fun c => M.W_E.int t c * H.W_K.int c j + M.W_pos.int i c * H.W_K.int c j) +
      H.b_K.int 0 j :=
    congrArg (· + _) (sum_congr fun c _ => Int.add_mul ..)
  rw [h, sum_add, kE, kP]
  exact Int.add_assoc ..

/-- A score is a part of the token plus a part of the position. -/
theorem sInt_decomp (a t i : Nat) : M.sInt H a t i = M.sE H a t + M.sP H a i := by
  have hE : (sum H.d_head fun j => M.qInt H a j * M.kE H t j) = M.sE H a t :=
    sum_affine_mul _ _ (M.eInt a (M.n_ctx - 1)) (H.b_Q.int 0) (M.kE H t) H.W_Q.int
  have hP : (sum H.d_head fun j => M.qInt H a j * M.kP H i j) = M.sP H a i :=
    sum_affine_mul _ _ (M.eInt a (M.n_ctx - 1)) (H.b_Q.int 0) (M.kP H i) H.W_Q.int
  rw [← hE, ← hP, ← sum_add, sInt]
  exact sum_congr fun j _ => by rw [kInt_decomp]; exact Int.mul_add ..

/-- The head's part of a logit is a part of the token plus a part of the position. -/
theorem hInt_decomp (t i o : Nat) :
    (sum M.d_model fun c => M.hInt H t i c * M.W_U.int c o) = M.oE H t o + M.oP H i o := by
  have h1 : (sum M.d_model fun c => M.hInt H t i c * M.W_U.int c o) =
      sum H.d_head fun j => M.vInt H t i j * M.woU H j o := by
    simp only [hInt, woU, ← sum_mul_left, ← sum_mul_right, Int.mul_assoc]
    exact sum_swap ..
  have h2 : (sum H.d_head fun j => M.vInt H t i j * M.woU H j o) =
      sum M.d_model (fun c => M.eInt t i c * M.vU H c o) + sum H.d_head fun j => H.b_V.int 0 j * M.woU H j o :=
    sum_affine_mul _ _ (M.eInt t i) (H.b_V.int 0) (fun j => M.woU H j o) H.W_V.int
  have h3 : (sum M.d_model fun c => M.eInt t i c * M.vU H c o) =
      sum M.d_model fun c => M.W_E.int t c * M.vU H c o + M.W_pos.int i c * M.vU H c o :=
    sum_congr fun c _ => Int.add_mul ..
  rw [h1, h2, h3, sum_add, oE, oP]
  exact Int.add_assoc ..

/-- A logit contribution is the direct path plus a part of the token plus a part of the position. -/
theorem cInt_decomp (a t i o : Nat) : M.cInt H a t i o = M.dir H a o + M.oE H t o + M.oP H i o := by
  have h : (sum M.d_model fun c => M.rInt H a t i c * M.W_U.int c o) = sum M.d_model fun c =>
      2 ^ (H.W_V.frac + H.W_O.frac) * (M.eInt a (M.n_ctx - 1) c * M.W_U.int c o) + M.hInt H t i c * M.W_U.int c o +
        M.b_O.int 0 c * M.W_U.int c o :=
    sum_congr fun c _ => by rw [rInt]; grind
  rw [cInt, h, sum_add, sum_add, sum_mul_left, hInt_decomp, dir]
  grind

end AttentionOnly

end

end LeanBound
