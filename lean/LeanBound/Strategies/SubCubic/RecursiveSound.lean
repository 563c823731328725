module

public import LeanBound.Strategies.SubCubic.EmbeddingsSound
public import LeanBound.Strategies.SubCubic.FactorsAround

/-! # Bounds of scores from ranges of embeddings: soundness -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly Plan

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head} {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H)
  (hw : Plan.Widths p M H)

include hs hw

/-- Inner products of embeddings with `W_K` times the centre are those of keys with the centre. -/
theorem recursiveScores_valid (hr : F.Rooms p M H E n) :
    F.ValidScores p M (fun t => sum H.d_head fun j => F.centreInt j * kExt M H j t) (F.recursiveScores p M H) := by
  have hq := hr.quarter
  have hR2 := F.square_pos
  have hbias := hw.bias
  have hstride : p.narrow * 1 ≤ p.stride := by
    have := hw.stride
    rw [Nat.mul_add] at this
    omega
  let W (c j : Nat) : Int := if c < M.d_model then H.W_K.int c j else H.b_K.int (c - M.d_model) j
  have hroom : (M.d_model + 1) * ((H.d_head * (p.bias * 2 ^ F.bits)) * p.bias) ≤ H.d_head * (2 ^ F.bits * queryBound p M) := by
    have e : H.d_head * (2 ^ F.bits * queryBound p M) =
        2 * ((M.d_model + 1) * ((H.d_head * (p.bias * 2 ^ F.bits)) * p.bias)) := by
      show H.d_head * (2 ^ F.bits * ((M.d_model + 1) * (p.bias * (p.bias + p.bias)))) = _
      grind
    omega
  have hinner : H.d_head * (p.bias * 2 ^ F.bits) ≤ (M.d_model + 1) * ((H.d_head * (p.bias * 2 ^ F.bits)) * p.bias) := by
    have h1 : H.d_head * (p.bias * 2 ^ F.bits) * 1 ≤ H.d_head * (p.bias * 2 ^ F.bits) * p.bias := Nat.mul_le_mul_left _ hbias
    have h2 : 1 * (H.d_head * (p.bias * 2 ^ F.bits) * p.bias) ≤ (M.d_model + 1) * (H.d_head * (p.bias * 2 ^ F.bits) * p.bias) :=
      Nat.mul_le_mul_right _ (by omega)
    omega
  obtain ⟨g, gb⟩ := hw.times (n := M.d_model + 1) (m := 1) (d := H.d_head) (a := p.bias) (b := F.bias) (A := W)
    (B := fun j _ => F.centreInt j) (row := lane F.bits F.centre) (α := p.bias) (β := 2 ^ F.bits)
    (fun j hj => (hs.W_K.shaped.column hj).above (hs.b_K.shaped.column hj))
    (fun j _ => Vec.single (by unfold centreInt; omega)) (fun c j _ _ => by
      simp only [W]
      split
      · exact hs.W_K.abs_le _ _
      · exact hs.b_K.abs_le _ _) (fun j _ _ _ => centreInt_le hr j) (by omega)
  obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab + M.n_ctx) (d := M.d_model + 1) (a := p.quarter) (b := p.bias)
    (A := fun _ c => sum H.d_head fun j => W c j * F.centreInt j) (B := embedOne M) (col := p.rowOf (F.centreGrid p M H))
    (row := p.embeddingRow M) (α := H.d_head * (p.bias * 2 ^ F.bits)) (β := p.bias)
    (fun c hc => Vec.single (g.row (fun c i hc hi => hw.lt_two_pow (Nat.le_trans (gb c i hc hi) (by omega))) hstride hc).entry)
    (fun c hc => embeddingRow_vec hs hw hc) (fun _ c _ hc => gb c 0 hc (by omega)) (fun c t _ _ => embedOne_le hs hw c t)
    (by omega)
  have e : ∀ t, (sum (M.d_model + 1) fun c => (sum H.d_head fun j => W c j * F.centreInt j) * embedOne M c t) =
      sum H.d_head fun j => F.centreInt j * kExt M H j t := fun t => by
    simp only [kExt_eq, ← sum_mul_right, ← sum_mul_left]
    rw [sum_swap]
    exact sum_congr fun j _ => sum_congr fun c _ => by simp only [W]; grind
  have hle := fun i t hi ht => rb i t hi ht
  exact ⟨(hw.row r (fun i t hi ht => Nat.le_trans (rb i t hi ht) (by omega)) (Nat.le_refl _) (show 0 < 1 by omega)).congr
    fun t _ => e t, fun t ht => by
      rw [← e]
      exact Nat.le_trans (rb 0 t (by omega) ht) (by omega)⟩

/-- The bounds of scores that ranges of embeddings establish. -/
theorem checkRecursive_sound {R : EmbeddingRanges} {a spread : Nat} (hlow : E.low < 2 ^ (E.bits * M.d_vocab))
    (hhigh : E.high < 2 ^ (E.bits * M.d_vocab)) (ha : a + n ≤ M.d_vocab) (h : F.checkRecursive p M H R E a n = true) :
    E.Attends M H spread a n := by
  refine checkAround_sound (k := kExt M H) hs hw hlow hhigh ha (Nat.le_succ _) (fun b t => sum_congr fun j hj => ?_)
    (fun _ hk j m t i i' hj hm ht hi hi' => ?_) (fun hr _ => recursiveScores_valid hs hw hr) h
  · simp only [qExt, show j ≠ H.d_head by omega, if_false]
  · obtain ⟨h1, h2⟩ := both_eq_true.1 hk
    exact Int.le_trans (EmbeddingRanges.key_range hs hw h1 hj hm ht hi hi')
      (Int.ofNat_le.2 (Nat.le_of_ble_eq_true (allBelow_sound h2 hj)))

end Factors

end

end LeanBound
