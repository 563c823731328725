module

public import LeanBound.Models.AttentionOnlyMargin
public import LeanBound.Properties.AnyLength

/-!
# Logits as means, at any length

A logit is the mean of the integers `cInt` with the attention as weights, which are positive. Where a mixture of outputs is ahead
of `o` at every position, one of its outputs is ahead of `o` (`exists_larger`), whatever the scores are.
-/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-- By how much a mixture of entries is ahead of entry `o`, times its total weight. -/
def mixedGap (weights : List (Nat × Nat)) (f : Nat → Int) (o : Nat) : Int :=
  weights.foldr (fun w s => (w.2 : Int) * (f w.1 - f o) + s) 0

theorem mixedGap_cons (w : Nat × Nat) (weights : List (Nat × Nat)) (f : Nat → Int) (o : Nat) :
    mixedGap (w :: weights) f o = (w.2 : Int) * (f w.1 - f o) + mixedGap weights f o := rfl

theorem mixedGap_add (weights : List (Nat × Nat)) (f g : Nat → Int) (o : Nat) :
    mixedGap weights (fun o => f o + g o) o = mixedGap weights f o + mixedGap weights g o := by
  induction weights with
  | nil => rfl
  | cons w weights ih =>
    rw [mixedGap_cons, mixedGap_cons, mixedGap_cons, ih]
    grind

theorem mixedGap_congr {weights : List (Nat × Nat)} {f g : Nat → Int} (h : ∀ o, f o = g o) (o : Nat) :
    mixedGap weights f o = mixedGap weights g o := by
  rw [show f = g from funext h]

namespace AttentionOnly

variable {M : AttentionOnly} {H : Head}

/-! ## Positive gaps -/

section Mean

variable {F : Type} [ExpField F] (hM : M.heads = [H]) (hA : Aligned M H) (hn : 0 < M.n_ctx)

include hn in
theorem pattern_pos (x : List Nat) (i : Nat) : 0 < (pattern M H x i : F) := by
  have h1 := Field.IsOrdered.inv_pos_iff.mpr (sum_exp_pos (F := F) (H := H) hn x)
  rw [pattern, Field.div_eq_mul_inv]
  exact OrderedRing.mul_pos (exp_pos _) h1

include hM hA hn

/-- The difference of two logits, times their scale, is a mean of integers. -/
theorem logit_sub (x : List Nat) (y o : Nat) : ((logit M x y : F) - logit M x o) * 2 ^ M.b_U.frac =
    sum M.n_ctx fun i => pattern M H x i * ((M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i y -
      M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i o : Int) : F) := by
  have hk := two_pow_ne (F := F) M.b_U.frac
  rw [logit_eq hM hA hn, logit_eq hM hA hn, ← sum_sub, ← sum_mul_right]
  refine sum_congr fun i _ => ?_
  rw [Ring.intCast_sub]
  grind

/-- If no output of a mixture is ahead of `o`, its mean gap is not positive. -/
theorem sum_mixedGap_le {x : List Nat} {o : Nat} {weights : List (Nat × Nat)}
    (h : ∀ w ∈ weights, (logit M x w.1 : F) ≤ logit M x o) :
    (sum M.n_ctx fun i => pattern M H x i *
      ((mixedGap weights (M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i) o : Int) : F)) ≤ 0 := by
  induction weights with
  | nil =>
    have h0 : ∀ i, pattern M H x i * (((0 : Int)) : F) = 0 := fun i => by rw [Ring.intCast_zero]; grind
    show (sum M.n_ctx fun i => pattern M H x i * (((0 : Int)) : F)) ≤ 0
    rw [sum_congr fun i _ => h0 i, sum_zero]
    exact Std.le_refl _
  | cons w weights ih =>
    have ih := ih fun v hv => h v (List.mem_cons_of_mem _ hv)
    have hw : ((logit M x w.1 : F) - logit M x o) * 2 ^ M.b_U.frac ≤ 0 := by
      have h1 := h w List.mem_cons_self
      have h2 := two_pow_pos (F := F) M.b_U.frac
      have h3 := OrderedRing.mul_nonneg (show 0 ≤ (logit M x o : F) - logit M x w.1 by grind) (Std.le_of_lt h2)
      grind
    have hc : 0 ≤ (((w.2 : Nat) : Int) : F) := intCast_nonneg (by omega)
    have h1 := OrderedRing.mul_nonneg hc (show 0 ≤ -(((logit M x w.1 : F) - logit M x o) * 2 ^ M.b_U.frac) by grind)
    have e : (sum M.n_ctx fun i => pattern M H x i *
        ((mixedGap (w :: weights) (M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i) o : Int) : F)) =
        (((w.2 : Nat) : Int) : F) * (((logit M x w.1 : F) - logit M x o) * 2 ^ M.b_U.frac) +
        sum M.n_ctx fun i => pattern M H x i *
          ((mixedGap weights (M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i) o : Int) : F) := by
      rw [logit_sub hM hA hn, ← sum_mul_left, ← sum_add]
      refine sum_congr fun i _ => ?_
      rw [mixedGap_cons, Ring.intCast_add, Ring.intCast_mul]
      grind
    rw [e]
    grind

/-- If a mixture of outputs is ahead of `o` wherever the attention goes, one of them is ahead of `o`. -/
theorem exists_larger {x : List Nat} {o : Nat} {weights : List (Nat × Nat)} (hw : ∀ w ∈ weights, w.1 < M.d_vocab)
    (h : ∀ i, i < M.n_ctx → 0 < mixedGap weights (M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i) o) :
    M.classifier.Excludes F x o := by
  apply Classical.byContradiction
  intro hno
  have hle : ∀ w ∈ weights, (logit M x w.1 : F) ≤ logit M x o := fun w hw' =>
    Std.not_lt.1 fun hlt => hno ⟨w.1, hw w hw', hlt⟩
  have h1 := sum_mixedGap_le hM hA hn hle
  have h2 : 0 < sum M.n_ctx fun i => pattern M H x i *
      ((mixedGap weights (M.cInt H (x.getD (M.n_ctx - 1) 0) (x.getD i 0) i) o : Int) : F) :=
    sum_pos hn fun i hi => by
      have h3 := intCast_lt (F := F) (h i hi)
      rw [Ring.intCast_zero] at h3
      exact OrderedRing.mul_pos (pattern_pos hn x i) h3
  grind

end Mean

/-! ## Other lengths -/

section Placed

variable (M H) (ps : List Nat)

/-- The position of `M` as which position `i` is embedded. -/
def placeOf (i : Nat) : Nat := (ps ++ [M.n_ctx - 1]).getD i 0

variable {M H ps}

theorem placed_eInt {i : Nat} (hi : i < ps.length + 1) (t c : Nat) :
    (M.placed ps).eInt t i c = M.eInt t (M.placeOf ps i) c := by
  have h : ((ps ++ [M.n_ctx - 1]).map fun p => M.W_pos.rows.getD p 0).getD i 0 = M.W_pos.rows.getD (M.placeOf ps i) 0 := by
    rw [placeOf, List.getD_eq_getElem?_getD, List.getElem?_map, List.getD_eq_getElem?_getD (l := ps ++ [M.n_ctx - 1]),
      List.getElem?_eq_getElem (by simpa using hi)]
    rfl
  show M.W_E.int t c + Tensor.int _ i c = M.W_E.int t c + M.W_pos.int _ c
  rw [Tensor.int, Tensor.int]
  show _ + ((((List.map _ _).getD i 0 / _ % _ : Nat) : Int) - _) = _
  rw [h]
  rfl

theorem placeOf_last : M.placeOf ps ps.length = M.n_ctx - 1 := by
  rw [placeOf, List.getD_eq_getElem?_getD, List.getElem?_append_right (Nat.le_refl _)]
  simp

theorem placeOf_lt (hK : 0 < M.n_ctx) (hps : ∀ p ∈ ps, p < M.n_ctx) {i : Nat} (hi : i < ps.length + 1) :
    M.placeOf ps i < M.n_ctx := by
  have hlen : i < (ps ++ [M.n_ctx - 1]).length := by simpa using hi
  rw [placeOf, List.getD_eq_getElem?_getD, List.getElem?_eq_getElem hlen, Option.getD_some]
  rcases List.mem_append.1 (List.getElem_mem hlen) with h | h
  · exact hps _ h
  · rw [List.mem_singleton.1 h]; omega

theorem placed_cInt {i : Nat} (hi : i < ps.length + 1) (a t o : Nat) :
    (M.placed ps).cInt H a t i o = M.cInt H a t (M.placeOf ps i) o := by
  have hlast := fun c => placed_eInt (M := M) (ps := ps) (Nat.lt_succ_self _) a c
  rw [placeOf_last] at hlast
  have hv : ∀ j, (M.placed ps).vInt H t i j = M.vInt H t (M.placeOf ps i) j := fun j =>
    congrArg (· + H.b_V.int 0 j) (sum_congr fun c _ => congrArg (· * H.W_V.int c j) (placed_eInt hi t c))
  have hr : ∀ c, (M.placed ps).rInt H a t i c = M.rInt H a t (M.placeOf ps i) c := fun c => by
    show (M.placed ps).eInt a ps.length c * _ + (M.placed ps).hInt H t i c + M.b_O.int 0 c = _
    rw [hlast, show (M.placed ps).hInt H t i c = M.hInt H t (M.placeOf ps i) c from sum_congr fun j _ => by rw [hv]]
    rfl
  exact congrArg (· + M.b_U.int 0 o) (sum_congr fun c _ => congrArg (· * M.W_U.int c o) (hr c))

theorem Aligned.placed (hA : Aligned M H) (ps : List Nat) : Aligned (M.placed ps) H :=
  ⟨hA.W_pos, hA.b_Q, hA.b_K, hA.b_V, hA.b_O, hA.b_U⟩

/-- Gaps with every token and at every position keep `o` from being the output, at any length. -/
theorem excludes_of_gaps {F : Type} [ExpField F] (hM : M.heads = [H]) (hA : Aligned M H) (hK : 0 < M.n_ctx) {x : List Nat}
    (hx : x.length = ps.length) (hps : ∀ p ∈ ps, p < M.n_ctx) {q o : Nat} {weights : List (Nat × Nat)}
    (hw : ∀ w ∈ weights, w.1 < M.d_vocab) (htoken : ∀ t ∈ x, ∀ i, i < M.n_ctx → 0 < mixedGap weights (M.cInt H q t i) o)
    (hown : 0 < mixedGap weights (M.cInt H q q (M.n_ctx - 1)) o) : (M.placed ps).classifier.Excludes F (x ++ [q]) o := by
  have hlast : (x ++ [q]).getD ps.length 0 = q := by
    rw [← hx, List.getD_eq_getElem?_getD, List.getElem?_append_right (Nat.le_refl _)]; simp
  refine exists_larger (M := M.placed ps) hM (hA.placed ps) (Nat.succ_pos _) hw fun i hi => ?_
  have hi : i < ps.length + 1 := hi
  show 0 < mixedGap weights ((M.placed ps).cInt H ((x ++ [q]).getD ps.length 0) ((x ++ [q]).getD i 0) i) o
  rw [hlast, mixedGap_congr (placed_cInt hi q _)]
  rcases Nat.lt_or_eq_of_le (Nat.le_of_lt_succ hi) with h | rfl
  · rw [List.getD_eq_getElem?_getD, List.getElem?_append_left (by omega), List.getElem?_eq_getElem (by omega), Option.getD_some]
    exact htoken _ (List.getElem_mem _) _ (placeOf_lt hK hps hi)
  · rw [hlast, placeOf_last]
    exact hown

end Placed

end AttentionOnly

end

end LeanBound
