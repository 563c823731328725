module

public import LeanBound.Models.AttentionOnlyDecomp
public import LeanBound.Strategies.Tables.Rows

/-! # What valid tables say -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-- The tables of logits are those of the model, and small enough to be added up in lanes. -/
structure Tables.ValidLogits (M : AttentionOnly) (H : Head) (C : Tables) : Prop where
  heads : M.heads = [H]
  aligned : AttentionOnly.Aligned M H
  n_ctx_pos : 0 < M.n_ctx
  w_pos : 0 < C.w
  D_lt : ∀ a, a < M.d_vocab → C.D a < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (C.D a) o < 2 ^ C.r
  OP_lt : ∀ i, i < M.n_ctx → C.OP i < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (C.OP i) o < 2 ^ C.r
  OE_lt : ∀ t, t < M.d_vocab → C.OE t < 2 ^ (C.w * M.d_vocab) ∧ ∀ o, o < M.d_vocab → lane C.w (C.OE t) o < 2 ^ C.r
  logits : ∀ a i t o, a < M.d_vocab → i < M.n_ctx → t < M.d_vocab → o < M.d_vocab →
    ((lane C.w (C.D a) o + lane C.w (C.OP i) o + lane C.w (C.OE t) o : Nat) : Int) =
      M.cInt H a t i o + 3 * (C.offset : Int)
  room : checkRoom C M.n_ctx = true

/-- All tables are those of the model. -/
structure Tables.Valid (M : AttentionOnly) (H : Head) (C : Tables) : Prop extends Tables.ValidLogits M H C where
  eE_le : ∀ a t, a < M.d_vocab → t < M.d_vocab → lane C.e (C.eE a) t ≤ 2 ^ C.P
  eP_le : ∀ a i, a < M.d_vocab → i < M.n_ctx → lane C.e (C.eP a) i ≤ 2 ^ C.P
  weights : ∀ (F : Type) [ExpField F] (a : Nat), a < M.d_vocab → ∃ s : F, 0 < s ∧ ∀ i t, i < M.n_ctx → t < M.d_vocab →
    (weight C a i t : F) ≤ s * exp ((M.sInt H a t i : F) / 2 ^ AttentionOnly.sFrac M H) ∧
    s * exp ((M.sInt H a t i : F) / 2 ^ AttentionOnly.sFrac M H) ≤ (weight C a i t : F) + (C.weightErr : F)

theorem Tables.Valid.weight_le {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) (a i t : Nat)
    (ha : a < M.d_vocab) (hi : i < M.n_ctx) (ht : t < M.d_vocab) : weight C a i t ≤ 2 ^ C.P := by
  show (lane C.e (C.eE a) t * lane C.e (C.eP a) i) >>> C.P ≤ 2 ^ C.P
  rw [Nat.shiftRight_eq_div_pow]
  exact Nat.div_le_of_le_mul (Nat.mul_le_mul (hv.eE_le a t ha ht) (hv.eP_le a i ha hi))

/-- Entry `o` of `row C a i t`. -/
def rowEntry (C : Tables) (a i t o : Nat) : Nat :=
  weight C a i t * (lane C.w (C.D a) o + lane C.w (C.OP i) o + lane C.w (C.OE t) o)

end

end LeanBound
