module

public import LeanBound.Strategies.Relaxation.PassSound
public import LeanBound.Strategies.Relaxation.ReluSound

/-! # Passes backwards: soundness -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

variable {F : Type} [ExpField F]

/-- Numbers that come out of a chain, with what is known of those on the way. -/
def Chain.Holds : Chain → (Nat → F) → Prop
  | first L lift R, y => ∃ x, R.Hold L.d_in x ∧ ∀ o, o < L.d_out → y o = L.scaled lift x o
  | next L lift R lines before, y => ∃ z, before.Holds z ∧ lines.Hold L.d_in z ∧ R.Hold L.d_in (fun i => relu (z i)) ∧
      ∀ o, o < L.d_out → y o = L.scaled lift (fun i => relu (z i)) o

theorem Chain.Holds.cut {c : Chain} {y : Nat → F} (h : c.Holds y) : c.cut.Holds y := by
  cases c with
  | first => exact h
  | next =>
    obtain ⟨z, _, _, h1, h2⟩ := h
    exact ⟨_, h1, h2⟩

theorem Chain.layer_cut (c : Chain) : c.cut.layer = c.layer := by cases c <;> rfl

namespace Pass

variable {g : Pass}

/-- The forms `f - h`, with the constants `u - v`, in lanes, and bounds of them. -/
structure Forms (g : Pass) (d top k : Nat) (p n : Nat → Nat) (kp kn : Nat) (f h : Nat → Nat → Nat) (u v : Nat → Nat) : Prop where
  p : Packed g d f p
  n : Packed g d h n
  kp : kp = pack g.width u g.count
  kn : kn = pack g.width v g.count
  f_le : ∀ o e, o < d → e < g.count → f o e ≤ top
  h_le : ∀ o e, o < d → e < g.count → h o e ≤ top
  u_le : ∀ e, e < g.count → u e ≤ k
  v_le : ∀ e, e < g.count → v e ≤ k

/-- The value of form `e`. -/
def value (d : Nat) (f h : Nat → Nat → Nat) (u v : Nat → Nat) (y : Nat → F) (e : Nat) : F :=
  (u e : F) - (v e : F) + sum d fun o => (((f o e : Int) - (h o e : Int) : Int) : F) * y o

/-- The coefficients before a layer, positive part; the negative one with `f` and `h` exchanged. -/
def coefficient (L : Layer) (f h : Nat → Nat → Nat) (i e : Nat) : Nat := mixAt L f h i e - mixAt L h f i e

theorem value_eq (L : Layer) (lift : Nat) {x y : Nat → F} (hy : ∀ o, o < L.d_out → y o = L.scaled lift x o)
    (f h : Nat → Nat → Nat) (u v : Nat → Nat) (e : Nat) :
    value L.d_out f h u v y e = value L.d_in (coefficient L f h) (coefficient L h f)
      (fun e => u e + offsetAt L lift f h e) (fun e => v e + offsetAt L lift h f e) x e := by
  have h1 := L.form_eq lift hy fun o => (f o e : Int) - (h o e : Int)
  have h2 := congrArg (fun z : Int => (z : F)) (offsetAt_sub L lift f h e)
  simp only [intCast_sub, intCast_natCast, intCast_mul] at h2
  have h3 : (sum L.d_in fun i => (((coefficient L f h i e : Int) - (coefficient L h f i e : Int) : Int) : F) * x i) =
      sum L.d_in fun i => ((sum L.d_out fun o => L.W.int i o * ((f o e : Int) - (h o e : Int)) : Int) : F) * x i :=
    sum_congr fun i _ => by rw [coefficient, coefficient, mixAt_sub]
  unfold value
  rw [h1, h3, natCast_add, natCast_add]
  grind

/-- Numbers of lanes, added up. -/
theorem natSum_two {d : Nat} {P N : Nat → Nat → Nat} {p n : Nat → Nat} (hp : Packed g d P p) (hn : Packed g d N n)
    (a b : Nat → Nat) :
    (natSum d fun i => Nat.add (Nat.mul (a i) (p i)) (Nat.mul (b i) (n i))) =
      pack g.width (fun e => natSum d fun i => a i * P i e + b i * N i e) g.count := by
  rw [← natSum_pack]
  refine natSum_congr fun i hi => ?_
  rw [pack_add, pack_mul, pack_mul, hp i hi, hn i hi]
  rfl

theorem natSum_one {d : Nat} {N : Nat → Nat → Nat} {n : Nat → Nat} (hn : Packed g d N n) (b : Nat → Nat) :
    (natSum d fun i => Nat.mul (b i) (n i)) = pack g.width (fun e => natSum d fun i => b i * N i e) g.count := by
  rw [← natSum_pack]
  refine natSum_congr fun i hi => ?_
  rw [pack_mul, hn i hi]
  rfl

section Step

variable {L : Layer} {top k : Nat} {p n : Nat → Nat} {kp kn : Nat} {f h : Nat → Nat → Nat} {u v : Nat → Nat}

theorem coefficient_le {e : Nat} (H : Forms g L.d_out top k p n kp kn f h u v) (he : e < g.count) (i : Nat) :
    coefficient L f h i e ≤ sumTop L.d_out L.W.bound top ∧ coefficient L h f i e ≤ sumTop L.d_out L.W.bound top := by
  have h1 := mixAt_le (L := L) (fun o ho => H.f_le o e ho he) (fun o ho => H.h_le o e ho he) i
  have h2 := mixAt_le (L := L) (fun o ho => H.h_le o e ho he) (fun o ho => H.f_le o e ho he) i
  unfold coefficient
  omega

/-- Forms through a layer. -/
theorem Forms.through (lift : Nat) (hg : Fits g) (hL : FitsLayer g L) (H : Forms g L.d_out top k p n kp kn f h u v)
    (hlow : g.low (sumTop L.d_out L.W.bound top) = true) :
    Forms g L.d_in (sumTop L.d_out L.W.bound top) (k + 2 ^ lift * sumTop L.d_out L.b.bound top)
      (g.row (g.minus L.d_in (g.mix L p n) (g.mix L n p))) (g.row (g.minus L.d_in (g.mix L n p) (g.mix L p n)))
      (kp + L.offset lift p n) (kn + L.offset lift n p) (coefficient L f h) (coefficient L h f)
      (fun e => u e + offsetAt L lift f h e) (fun e => v e + offsetAt L lift h f e) where
  p := row_minus_eq hg hL H.p H.n H.f_le H.h_le hlow
  n := row_minus_eq hg hL H.n H.p H.h_le H.f_le hlow
  kp := by rw [H.kp, offset_eq lift H.p H.n, ← pack_add]
  kn := by rw [H.kn, offset_eq lift H.n H.p, ← pack_add]
  f_le i e _ he := (coefficient_le H he i).1
  h_le i e _ he := (coefficient_le H he i).2
  u_le e he := Nat.add_le_add (H.u_le e he) (offsetAt_le (fun o ho => H.f_le o e ho he) fun o ho => H.h_le o e ho he)
  v_le e he := Nat.add_le_add (H.v_le e he) (offsetAt_le (fun o ho => H.h_le o e ho he) fun o ho => H.f_le o e ho he)

end Step

/-- What a pass says of the forms that it starts from: `bits` is the power of two by which bounds are scaled. -/
def Bounds (g : Pass) (r : Nat × Nat) (bits : Nat) (forms : Nat → F) : Prop :=
  ∃ u v : Nat → Nat, r.1 = pack g.width u g.count ∧ r.2 = pack g.width v g.count ∧ ∀ e, e < g.count →
    u e < 2 ^ (g.width - 1) ∧ v e < 2 ^ (g.width - 1) ∧ (u e : F) - (v e : F) ≤ ((2 ^ bits : Nat) : F) * forms e

theorem low_sound {x : Nat} (h : g.low x = true) : x < 2 ^ (g.width - 1) := Nat.le_of_ble_eq_true h

theorem lower_sound (hg : Fits g) (c : Chain) {y : Nat → F} (hy : c.Holds y) {top k : Nat} {p n : Nat → Nat} {kp kn : Nat}
    {f h : Nat → Nat → Nat} {u v : Nat → Nat} (H : Forms g c.layer.d_out top k p n kp kn f h u v) (hc : g.fits c top k = true) :
    Bounds g (g.lower c p n kp kn) c.bits (value c.layer.d_out f h u v y) := by
  induction c generalizing y top k p n kp kn f h u v with
  | first L lift R =>
    have hc : both _ (both _ _) = true := hc
    rw [both_eq_true, both_eq_true] at hc
    obtain ⟨hL, hlow, hk⟩ := hc
    have H' := H.through lift hg (fitsLayer_sound hL) hlow
    obtain ⟨x, hx, hy⟩ := hy
    have hk : k + 2 ^ lift * sumTop L.d_out L.b.bound top + L.d_in * (2 * R.top * sumTop L.d_out L.W.bound top) < _ :=
      low_sound hk
    refine ⟨fun e => u e + offsetAt L lift f h e +
        natSum L.d_in fun i => R.lp i * coefficient L f h i e + R.un i * coefficient L h f i e,
      fun e => v e + offsetAt L lift h f e +
        natSum L.d_in fun i => R.ln i * coefficient L f h i e + R.up i * coefficient L h f i e, ?_, ?_, fun e he => ?_⟩
    · show Nat.add _ _ = _
      rw [natSum_two H'.p H'.n, pack_add, ← H'.kp]
      rfl
    · show Nat.add _ _ = _
      rw [natSum_two H'.p H'.n, pack_add, ← H'.kn]
      rfl
    · have hco : ∀ i, coefficient L f h i e ≤ sumTop L.d_out L.W.bound top ∧
          coefficient L h f i e ≤ sumTop L.d_out L.W.bound top := coefficient_le H he
      have hle : ∀ a b : Nat → Nat, (∀ i, i < L.d_in → a i ≤ R.top ∧ b i ≤ R.top) →
          (natSum L.d_in fun i => a i * coefficient L f h i e + b i * coefficient L h f i e) ≤
            L.d_in * (2 * R.top * sumTop L.d_out L.W.bound top) := fun a b hab => natSum_le_mul fun i hi => by
        have h1 : _ ≤ R.top * sumTop L.d_out L.W.bound top := Nat.mul_le_mul (hab i hi).1 (hco i).1
        have h2 : _ ≤ R.top * sumTop L.d_out L.W.bound top := Nat.mul_le_mul (hab i hi).2 (hco i).2
        rw [Nat.mul_assoc]
        omega
      have h1 := hle R.lp R.un fun i hi => by have := hx i hi; omega
      have h2 := hle R.ln R.up fun i hi => by have := hx i hi; omega
      have h3 := H'.u_le e he
      have h4 := H'.v_le e he
      refine ⟨by show _ + _ + _ < _; omega, by show _ + _ + _ < _; omega, ?_⟩
      have h5 := hx.least (fun i => coefficient L f h i e) fun i => coefficient L h f i e
      have h6 : ((2 ^ (Chain.first L lift R).bits : Nat) : F) = 1 := natCast_one
      show _ ≤ _ * value L.d_out f h u v y e
      rw [h6, value_eq L lift hy, value, natCast_add, natCast_add (v e + _)]
      grind
  | next L lift R lines before ih =>
    have hc : both _ (both _ (both _ _)) = true := hc
    rw [both_eq_true, both_eq_true, both_eq_true] at hc
    obtain ⟨hL, hlow, hd, hc⟩ := hc
    have hd : before.layer.d_out = L.d_in := Nat.eq_of_beq_eq_true hd
    have H' := H.through lift hg (fitsLayer_sound hL) hlow
    obtain ⟨z, hz, hlines, _, hy⟩ := hy
    have hconst : ∀ e, e < g.count → (natSum L.d_in fun i => lines.const i * coefficient L h f i e) ≤
        L.d_in * (lines.top * sumTop L.d_out L.W.bound top) := fun e he => natSum_le_mul fun i hi =>
      Nat.mul_le_mul (hlines i hi).2.2.1 (coefficient_le H he i).2
    have H'' : Forms g before.layer.d_out _ _
        (fun i => lines.lower i * g.row (g.minus L.d_in (g.mix L p n) (g.mix L n p)) i)
        (fun i => lines.upper i * g.row (g.minus L.d_in (g.mix L n p) (g.mix L p n)) i)
        (2 ^ lines.bits * (kp + L.offset lift p n))
        (2 ^ lines.bits * (kn + L.offset lift n p) +
          natSum L.d_in fun i => Nat.mul (lines.const i) (g.row (g.minus L.d_in (g.mix L n p) (g.mix L p n)) i))
        (fun i e => lines.lower i * coefficient L f h i e)
        (fun i e => lines.upper i * coefficient L h f i e) (fun e => 2 ^ lines.bits * (u e + offsetAt L lift f h e))
        (fun e => 2 ^ lines.bits * (v e + offsetAt L lift h f e) +
          natSum L.d_in fun i => lines.const i * coefficient L h f i e) :=
      { p := fun i hi => by rw [hd] at hi; rw [pack_mul, ← H'.p i hi]
        n := fun i hi => by rw [hd] at hi; rw [pack_mul, ← H'.n i hi]
        kp := by rw [pack_mul, ← H'.kp]
        kn := by rw [pack_add, pack_mul, ← H'.kn, ← natSum_one H'.n]
        f_le := fun i e hi he => by
          rw [hd] at hi
          exact Nat.mul_le_mul (hlines i hi).1 (coefficient_le H he i).1
        h_le := fun i e hi he => by
          rw [hd] at hi
          exact Nat.mul_le_mul (hlines i hi).2.1 (coefficient_le H he i).2
        u_le := fun e he => Nat.le_trans (Nat.mul_le_mul_left _ (H'.u_le e he)) (Nat.le_add_right ..)
        v_le := fun e he => Nat.add_le_add (Nat.mul_le_mul_left _ (H'.v_le e he)) (hconst e he) }
    obtain ⟨u', v', hu, hv, hb⟩ := ih hz H'' hc
    refine ⟨u', v', hu, hv, fun e he => ⟨(hb e he).1, (hb e he).2.1, Std.le_trans (hb e he).2.2 ?_⟩⟩
    have h1 := hlines.relaxed (fun i => coefficient L f h i e) fun i => coefficient L h f i e
    have h2 : (2 ^ (Chain.next L lift R lines before).bits : Nat) = 2 ^ before.bits * 2 ^ lines.bits := by
      rw [← Nat.pow_add, Nat.add_comm]
      rfl
    show _ ≤ _ * value L.d_out f h u v y e
    rw [value_eq L lift hy, h2, natCast_mul, Semiring.mul_assoc]
    have h3 := natCast_nonneg (F := F) (2 ^ before.bits)
    refine mul_le_mul_left ?_ h3
    unfold value
    rw [hd, natCast_mul, natCast_add (2 ^ lines.bits * _), natCast_mul]
    grind

end Pass

end

end LeanBound
