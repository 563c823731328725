module

public import LeanBound.Numerics.ExpLemmas
public import LeanBound.Properties.OnBox

/-! # Boxes cut in two: what holds on both parts holds on the whole -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Ring.intCast

noncomputable section

/-- The part of a box in which input `i` is at most `t / 2 ^ frac`. -/
def Box.below (B : Box) (i : Nat) (t : Int) : Box where
  frac := B.frac
  lower := B.lower
  upper := B.upper.set i t

/-- The part of a box in which input `i` is at least `t / 2 ^ frac`. -/
def Box.above (B : Box) (i : Nat) (t : Int) : Box where
  frac := B.frac
  lower := B.lower.set i t
  upper := B.upper

theorem getD_set (xs : List Int) (i j : Nat) (t : Int) :
    (xs.set i t).getD j 0 = t ∧ i = j ∨ (xs.set i t).getD j 0 = xs.getD j 0 := by
  simp only [List.getD_eq_getElem?_getD, List.getElem?_set]
  by_cases h : i = j
  · by_cases hl : i < xs.length
    · left; simp [h, h ▸ hl]
    · right; subst h; simp [hl]
  · right; simp [h]

variable {F : Type} [ExpField F] {B : Box} {x : Nat → F} {i : Nat} {t : Int}

theorem Box.Contains.below (h : B.Contains x) (ht : x i ≤ (t : F) / (2 : F) ^ B.frac) : (B.below i t).Contains x := by
  intro j hj
  refine ⟨(h j hj).1, ?_⟩
  show x j ≤ ((B.upper.set i t).getD j 0 : F) / (2 : F) ^ B.frac
  rcases getD_set B.upper i j t with ⟨e, rfl⟩ | e
  · rw [e]; exact ht
  · rw [e]; exact (h j hj).2

theorem Box.Contains.above (h : B.Contains x) (ht : (t : F) / (2 : F) ^ B.frac ≤ x i) : (B.above i t).Contains x := by
  intro j hj
  have hj : j < B.lower.length := by
    have e : (B.above i t).lower.length = B.lower.length := List.length_set ..
    omega
  refine ⟨?_, (h j hj).2⟩
  show ((B.lower.set i t).getD j 0 : F) / (2 : F) ^ B.frac ≤ x j
  rcases getD_set B.lower i j t with ⟨e, rfl⟩ | e
  · rw [e]; exact ht
  · rw [e]; exact (h j hj).1

/-- A property of both parts of a box. -/
theorem Avoids.split {layers : List Layer} {polyhedra : List (List Halfspace)} (i : Nat) (t : Int)
    (below : Avoids layers (B.below i t) polyhedra) (above : Avoids layers (B.above i t) polyhedra) :
    Avoids layers B polyhedra := by
  intro F _ x hx
  rcases Std.le_total (a := x i) (b := (t : F) / (2 : F) ^ B.frac) with h | h
  · exact below F x (hx.below h)
  · exact above F x (hx.above h)

end

end LeanBound
