module

public import LeanBound.Strategies.Relaxation.RangesSound

/-! # Bounds of a ReLU network on a box by linear relaxation: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

variable {F : Type} [ExpField F]

/-! ## Scales -/

theorem relu_mul {a : F} (ha : 0 < a) (z : F) : relu (a * z) = a * relu z := by
  by_cases h : 0 ≤ z
  · rw [relu_of_nonneg h, relu_of_nonneg (mul_nonneg (Std.le_of_lt ha) h)]
  · have := mul_pos ha (show 0 < -z by grind)
    rw [relu_of_neg (by grind), relu_of_neg (by grind)]
    grind

/-- A layer, at the scale of its products. -/
theorem Layer.scaled_eq {L : Layer} {frac : Nat} (h : L.checkScale (Nat.add frac L.W.frac) = true) (x : Nat → F) (o : Nat) :
    L.scaled (Nat.sub (Nat.add frac L.W.frac) L.b.frac) (fun i => (2 : F) ^ frac * x i) o =
      (2 : F) ^ (Nat.add frac L.W.frac) * L.apply x o := by
  have hle : L.b.frac ≤ frac + L.W.frac := Nat.le_of_ble_eq_true h
  obtain ⟨d, hd⟩ := Nat.exists_eq_add_of_le hle
  have e1 : Nat.sub (Nat.add frac L.W.frac) L.b.frac = d := by
    show frac + L.W.frac - L.b.frac = d
    omega
  have e2 : (2 : F) ^ (Nat.add frac L.W.frac) = 2 ^ frac * 2 ^ L.W.frac := Semiring.pow_add ..
  have e3 : (2 : F) ^ (Nat.add frac L.W.frac) = 2 ^ L.b.frac * 2 ^ d := by
    rw [← Semiring.pow_add, ← hd]
    rfl
  have h1 := two_pow_pos (F := F) L.W.frac
  have h2 := two_pow_pos (F := F) L.b.frac
  have hsum : (sum L.d_in fun i => (2 : F) ^ frac * x i * (L.W.int i o : F)) =
      (2 : F) ^ (Nat.add frac L.W.frac) * sum L.d_in fun i => x i * L.W.entry i o := by
    rw [← sum_mul_left, e2]
    refine sum_congr fun i _ => ?_
    rw [Tensor.entry]
    grind
  rw [scaled, apply, affine, e1, hsum, natCast_two_pow, Semiring.left_distrib, e3, Tensor.entry]
  grind

/-! ## From layer to layer -/

/-- What the layers make of the numbers `z` before a ReLU. -/
def afterLayers : List Layer → (Nat → F) → Nat → F
  | [], z => z
  | L :: Ls, z => afterLayers Ls (L.apply fun i => relu (z i))

theorem feedForward_cons (L : Layer) (Ls : List Layer) (x : Nat → F) :
    feedForward (L :: Ls) x = afterLayers Ls (L.apply x) := by
  induction Ls generalizing L x with
  | nil => rfl
  | cons L' Ls ih => exact ih L' _

theorem Depth.chain_holds (d : Depth) {c : Chain} {y : Nat → F} (h : c.Holds y) : (d.chain c).Holds y := by
  rw [chain]
  cases d.deep
  · exact h.cut
  · exact h

theorem Depth.layer_chain (d : Depth) (c : Chain) : (d.chain c).layer = c.layer := by
  rw [chain]
  cases d.deep
  · exact c.layer_cut
  · rfl

/-- One more layer. -/
theorem Stage.step_sound {s : Stage} {c : Chain} {frac : Nat} {L : Layer} {rest : Chain → Bool} {z : Nat → F}
    (hz : c.Holds fun i => (2 : F) ^ frac * z i) (h : s.step c frac L rest = true) :
    ∃ c' : Chain, rest c' = true ∧
      c'.Holds fun o => (2 : F) ^ (Nat.add frac L.W.frac) * L.apply (fun i => relu (z i)) o := by
  simp only [step, both_eq_true] at h
  obtain ⟨hd, hscale, hready, hsmall, hlines, h⟩ := h
  have hd : c.layer.d_out = L.d_in := Nat.eq_of_beq_eq_true hd
  have hin : ∀ i, i < L.d_in → ((s.ranges c).lp i : F) - ((s.ranges c).ln i : F) ≤ (2 : F) ^ frac * z i ∧
      (2 : F) ^ frac * z i ≤ ((s.ranges c).up i : F) - ((s.ranges c).un i : F) := fun i hi =>
    Pass.ranges_sound (s.depth.chain_holds hz) rfl hready s.rangeTop (by rw [s.depth.layer_chain, hd]; exact hi)
  refine ⟨_, h, _, hz, s.lines_sound hlines hin, Ranges.relu_sound hsmall hin, fun o _ => ?_⟩
  simp only [relu_mul (two_pow_pos (F := F) frac)]
  exact (Layer.scaled_eq hscale _ o).symm

/-- The chain of all layers. -/
theorem checkLayers_sound {last : Chain → Nat → Bool} (Ls : List Layer) {stages : List Stage} {c : Chain} {frac : Nat}
    {z : Nat → F} (hz : c.Holds fun i => (2 : F) ^ frac * z i) (h : checkLayers last Ls stages c frac = true) :
    ∃ (c' : Chain) (frac' : Nat), last c' frac' = true ∧ c'.Holds fun o => (2 : F) ^ frac' * afterLayers Ls z o := by
  induction Ls generalizing stages c frac z with
  | nil => exact ⟨c, frac, h, hz⟩
  | cons L Ls ih =>
    cases stages with
    | nil => exact absurd h (by show ¬ false = true; simp)
    | cons s stages =>
      have h : s.step c frac L (fun c => checkLayers last Ls stages c (Nat.add frac L.W.frac)) = true := h
      obtain ⟨c', h, hz⟩ := Stage.step_sound hz h
      exact ih hz h

/-! ## The claim -/

theorem nthHalfspace_mem {P : List Halfspace} {i : Nat} (h : i < P.length) : nthHalfspace P i ∈ P := by
  induction P generalizing i with
  | nil => exact absurd h (Nat.not_lt_zero _)
  | cons H P ih =>
    cases i with
    | zero => exact List.mem_cons_self ..
    | succ i => exact List.mem_cons_of_mem _ (ih (Nat.lt_of_succ_lt_succ h))

theorem exists_nthHalfspace {P : List Halfspace} {H : Halfspace} (h : H ∈ P) : ∃ e, e < P.length ∧ nthHalfspace P e = H := by
  induction h with
  | head P => exact ⟨0, Nat.succ_pos _, rfl⟩
  | tail _ _ ih =>
    obtain ⟨e, he, h⟩ := ih
    exact ⟨e + 1, Nat.succ_lt_succ he, h⟩

/-- Of each polyhedron, a halfspace is chosen. -/
theorem checkChosen_sound {polyhedra : List (List Halfspace)} {outside : List Nat} (h : checkChosen polyhedra outside = true) :
    ∀ P, P ∈ polyhedra → ∃ H, H ∈ P ∧ H ∈ chosen polyhedra outside := by
  induction polyhedra generalizing outside with
  | nil => intro P hP; exact absurd hP (List.not_mem_nil)
  | cons Q polyhedra ih =>
    cases outside with
    | nil => exact absurd h (by show ¬ false = true; simp)
    | cons i outside =>
      have h : both (Nat.ble (Nat.succ i) Q.length) (checkChosen polyhedra outside) = true := h
      rw [both_eq_true] at h
      intro P hP
      rcases List.mem_cons.1 hP with rfl | hP
      · exact ⟨_, nthHalfspace_mem (Nat.le_of_ble_eq_true h.1), List.mem_cons_self ..⟩
      · obtain ⟨H, h1, h2⟩ := ih h.2 P hP
        exact ⟨H, h1, List.mem_cons_of_mem _ h2⟩

theorem positive_sub_negative (z : Int) : (positive z : Int) - (negative z : Int) = z := by
  cases z with
  | ofNat n =>
    show (n : Int) - (0 : Nat) = _
    simp
  | negSucc n =>
    show ((0 : Nat) : Int) - ((n + 1 : Nat) : Int) = _
    omega

/-- No output is in the halfspaces. -/
theorem checkOutside_sound {g : Pass} {top frac : Nat} {c : Chain} {Hs : List Halfspace} {y : Nat → F} (hg : g.count = Hs.length)
    (hy : c.Holds fun o => (2 : F) ^ frac * y o) (h : checkOutside g top frac c Hs = true) :
    ∀ H, H ∈ Hs → ¬ H.Contains y := by
  simp only [checkOutside, both_eq_true] at h
  obtain ⟨hHs, hready, h⟩ := h
  have hpart : ∀ o e, o < c.layer.d_out → e < g.count → part positive Hs o e ≤ top ∧ part negative Hs o e ≤ top :=
    fun o e ho he => by
      have h1 := allBelow_sound hHs e (by omega)
      rw [both_eq_true] at h1
      have h2 := allBelow_sound h1.2 o ho
      rw [both_eq_true] at h2
      exact ⟨Nat.le_of_ble_eq_true h2.1, Nat.le_of_ble_eq_true h2.2⟩
  obtain ⟨hfit, hfits⟩ := Pass.ready_sound hready
  have forms : Pass.Forms g c.layer.d_out top 0 (fun o => pack g.width (part positive Hs o) g.count)
      (fun o => pack g.width (part negative Hs o) g.count) 0 0 (part positive Hs) (part negative Hs) (fun _ => 0) fun _ => 0 :=
    { p := fun _ _ => rfl
      n := fun _ _ => rfl
      kp := by rw [pack_const, Nat.zero_mul]
      kn := by rw [pack_const, Nat.zero_mul]
      f_le := fun o e ho he => (hpart o e ho he).1
      h_le := fun o e ho he => (hpart o e ho he).2
      u_le := fun _ _ => Nat.le_refl _
      v_le := fun _ _ => Nat.le_refl _ }
  obtain ⟨u, v, hu, hv, hb⟩ := Pass.lower_sound hfit c hy forms hfits
  intro H hH hin
  obtain ⟨e, he, rfl⟩ := exists_nthHalfspace hH
  have hcount : e < g.count := by omega
  have h1 := allBelow_sound hHs e he
  rw [both_eq_true] at h1
  have hlen : (nthHalfspace Hs e).coefficients.length = c.layer.d_out := Nat.eq_of_beq_eq_true h1.1
  have h2 := Nat.le_of_ble_eq_true (allBelow_sound h e he)
  have hw := two_pow_eq hfit.width
  have hu' : field g.width (g.forms c Hs).1 e = u e := by
    rw [show (g.forms c Hs).1 = _ from hu, field_eq]
    exact lane_pack (fun j hj => by have := (hb j hj).1; omega) hcount
  have hv' : field g.width (g.forms c Hs).2 e = v e := by
    rw [show (g.forms c Hs).2 = _ from hv, field_eq]
    exact lane_pack (fun j hj => by have := (hb j hj).2.1; omega) hcount
  rw [hu', hv'] at h2
  have h3 := (hb e hcount).2.2
  rw [Halfspace.Contains, hlen] at hin
  have hvalue : Pass.value c.layer.d_out (part positive Hs) (part negative Hs) (fun _ => 0) (fun _ => 0)
      (fun o => (2 : F) ^ frac * y o) e =
      (2 : F) ^ frac * sum c.layer.d_out fun o => ((nthHalfspace Hs e).coefficients.getD o 0 : F) * y o := by
    rw [Pass.value, natCast_zero, ← sum_mul_left, sum_congr fun o _ =>
      show (((part positive Hs o e : Int) - (part negative Hs o e : Int) : Int) : F) * ((2 : F) ^ frac * y o) =
        (2 : F) ^ frac * (((nthHalfspace Hs e).coefficients.getD o 0 : F) * y o) by
          rw [part, part, positive_sub_negative, nthInt_eq]; grind]
    grind
  rw [hvalue, natCast_two_pow] at h3
  generalize (sum c.layer.d_out fun o => ((nthHalfspace Hs e).coefficients.getD o 0 : F) * y o) = S at hin h3
  have h4 : (2 : F) ^ (nthHalfspace Hs e).frac * (v e : F) + 2 ^ (c.bits + frac) * (positive (nthHalfspace Hs e).bound : F) <
      (2 : F) ^ (nthHalfspace Hs e).frac * (u e : F) + 2 ^ (c.bits + frac) * (negative (nthHalfspace Hs e).bound : F) := by
    have h5 := natCast_lt (F := F) (Nat.lt_of_succ_le h2)
    have e1 : ∀ a b p q : Nat, ((Nat.add (Nat.mul (Nat.pow 2 a) p) (Nat.mul (Nat.pow 2 b) q) : Nat) : F) =
        (2 : F) ^ a * (p : F) + 2 ^ b * (q : F) := fun a b p q => by
      show ((2 ^ a * p + 2 ^ b * q : Nat) : F) = _
      rw [natCast_add, natCast_mul, natCast_mul, natCast_two_pow, natCast_two_pow]
    rwa [e1, e1] at h5
  have h6 := congrArg (fun z : Int => (z : F)) (positive_sub_negative (nthHalfspace Hs e).bound)
  simp only [intCast_sub, intCast_natCast] at h6
  have hf := two_pow_pos (F := F) (nthHalfspace Hs e).frac
  rw [le_div_iff hf] at hin
  have hk := two_pow_pos (F := F) (c.bits + frac)
  have h7 := mul_le_mul_left hin (Std.le_of_lt hk)
  have h8 := mul_le_mul_left h3 (Std.le_of_lt hf)
  rw [Semiring.pow_add] at h4 h7
  rw [← h6] at h7
  grind

/-- What `checkRelaxation` accepts is true. -/
theorem relaxation_sound {layers : List Layer} {B : Box} {polyhedra : List (List Halfspace)} {r : Relaxation}
    (h : checkRelaxation layers B polyhedra r = true) : Avoids layers B polyhedra := by
  intro F _ x hx P hP hin
  rw [checkRelaxation, both_eq_true] at h
  obtain ⟨hchosen, h⟩ := h
  cases layers with
  | nil => exact absurd h (by show ¬ false = true; simp)
  | cons L Ls =>
    simp only [both_eq_true] at h
    obtain ⟨hlen, hsmall, hscale, h⟩ := h
    have hlen : B.lower.length = L.d_in := Nat.eq_of_beq_eq_true hlen
    have hfirst : (Chain.first L (Nat.sub (Nat.add B.frac L.W.frac) L.b.frac) (B.ranges r.inputTop)).Holds
        fun o => (2 : F) ^ (Nat.add B.frac L.W.frac) * L.apply x o := by
      refine ⟨fun i => (2 : F) ^ B.frac * x i, fun i hi => ?_, fun o _ => (Layer.scaled_eq hscale x o).symm⟩
      have hs := allBelow_sound hsmall i hi
      simp only [both_eq_true] at hs
      obtain ⟨h1, h2⟩ := hx i (by omega)
      have hp := two_pow_pos (F := F) B.frac
      rw [div_le_iff hp] at h1
      rw [le_div_iff hp] at h2
      have e : ∀ z : Int, (positive z : F) - (negative z : F) = (z : F) := fun z => by
        have := congrArg (fun z : Int => (z : F)) (positive_sub_negative z)
        simpa only [intCast_sub, intCast_natCast] using this
      refine ⟨?_, ?_, Nat.le_of_ble_eq_true hs.1, Nat.le_of_ble_eq_true hs.2.1, Nat.le_of_ble_eq_true hs.2.2.1,
        Nat.le_of_ble_eq_true hs.2.2.2⟩
      · show (positive (nthInt B.lower i) : F) - (negative (nthInt B.lower i) : F) ≤ _
        rw [e, nthInt_eq]
        grind
      · show _ ≤ (positive (nthInt B.upper i) : F) - (negative (nthInt B.upper i) : F)
        rw [e, nthInt_eq]
        grind
    obtain ⟨c, frac, hlast, hc⟩ := checkLayers_sound Ls hfirst h
    obtain ⟨H, h1, h2⟩ := checkChosen_sound hchosen P hP
    refine checkOutside_sound rfl (r.last.chain_holds hc) hlast H h2 ?_
    rw [← feedForward_cons]
    exact hin H h1

end

end LeanBound
