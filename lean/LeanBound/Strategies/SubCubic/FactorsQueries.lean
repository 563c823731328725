module

public import LeanBound.Strategies.SubCubic.FactorsMeaning

/-! # Bounds of scores from the factors of the QK circuit: queries -/

@[expose] public section

namespace LeanBound

noncomputable section

open AttentionOnly

namespace Plan

variable {p : Plan} {M : AttentionOnly} {H : Head} (hs : Shapes p M H) (hw : Widths p M H)

include hs hw

theorem q_grid (hq : (M.d_model + 1) * (p.bias * (p.bias + p.bias)) ≤ p.quarter) :
    Grid p.stride p.narrow H.d_head M.d_vocab p.quarter (fun j a => M.qInt H a j) (p.qGrid M H) ∧
      ∀ j a, j < H.d_head → a < M.d_vocab → (M.qInt H a j).natAbs ≤ (M.d_model + 1) * (p.bias * (p.bias + p.bias)) := by
  let A (j c : Nat) : Int := if c = M.d_model then H.b_Q.int 0 j else H.W_Q.int c j
  let B (c a : Nat) : Int := if c = M.d_model then 1 else M.eInt a (M.n_ctx - 1) c
  have e : ∀ j a, (sum (M.d_model + 1) fun c => A j c * B c a) = M.qInt H a j := fun j a => by
    have h1 : (sum M.d_model fun c => A j c * B c a) = sum M.d_model fun c => M.eInt a (M.n_ctx - 1) c * H.W_Q.int c j :=
      sum_congr fun c hc => by
        simp only [A, B, show c ≠ M.d_model by omega, if_false]
        exact Int.mul_comm ..
    rw [sum_succ, h1]
    simp only [A, B, if_true, Int.mul_one]
    rfl
  have hb := hw.bias
  have hB : ∀ c a, (B c a).natAbs ≤ p.bias + p.bias := fun c a => by
    have h1 := hs.W_E.abs_le a c
    have h2 := hs.W_pos.abs_le (M.n_ctx - 1) c
    simp only [B, eInt]
    split
    · simp only [Int.natAbs_one]; omega
    · omega
  have hstride : p.narrow * M.d_vocab + p.narrow < p.stride := by
    have h1 := hw.stride
    have h2 := hw.narrow
    rw [Nat.mul_add, Nat.mul_add] at h1
    omega
  have hS : p.narrow ≤ p.stride := by omega
  have h2 := hw.two_pow
  have hbq : p.bias + p.bias ≤ p.quarter := by
    have h3 : 1 * (p.bias + p.bias) ≤ p.bias * (p.bias + p.bias) := Nat.mul_le_mul_right _ hb
    have h4 : 1 * (p.bias * (p.bias + p.bias)) ≤ (M.d_model + 1) * (p.bias * (p.bias + p.bias)) :=
      Nat.mul_le_mul_right _ (by omega)
    omega
  obtain ⟨r, rb⟩ := hw.times (A := A) (B := B) (α := p.bias) (β := p.bias + p.bias) (a := p.bias) (b := p.bias + p.bias)
    (col := fun c => cond (Nat.beq c M.d_model) (H.b_Q.row p.stride p.bias H.d_head 0) (H.W_Q.row p.stride p.bias H.d_head c))
    (row := fun c => cond (Nat.beq c M.d_model) (Nat.mul (Nat.succ (Nat.add p.bias p.bias)) (ones p.narrow M.d_vocab))
      (squeeze p.stride p.narrow
        (Nat.add (M.W_E.column p.stride p.bias M.d_vocab c) (Nat.mul (p.lastPosition M c) (ones p.stride M.d_vocab)))))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      unfold A
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact hs.b_Q.shaped.row (Nat.le_trans hs.b_Q.width hS) (by omega)
      · simp only [hd, if_false]; exact hs.W_Q.shaped.row (Nat.le_trans hs.W_Q.width hS) (by omega))
    (fun c hc => by
      dsimp only
      rw [cond_beq]
      unfold B
      by_cases hd : c = M.d_model
      · simp only [hd, if_true]; exact Vec.const (by simp; omega)
      · simp only [hd, if_false]
        refine ((hs.W_E.shaped.column (show c < M.d_model by omega)).add
          (Vec.const (hs.W_pos.shaped.biased (M.n_ctx - 1) c))).squeeze (fun a _ => ?_) hstride
        have := hB c a
        simp only [B, hd, if_false, eInt] at this
        omega)
    (fun j c _ _ => by
      simp only [A]
      split
      · exact hs.b_Q.abs_le _ _
      · exact hs.W_Q.abs_le _ _) (fun c a _ _ => hB c a) hq
  exact ⟨r.congr fun j a _ _ => e j a, fun j a hj ha => by rw [← e]; exact rb j a hj ha⟩

end Plan

namespace Factors

variable {F : Factors} {p : Plan} {M : AttentionOnly} {H : Head}

variable {E : Envelope} {n : Nat} (hs : Plan.Shapes p M H) (hw : Plan.Widths p M H) (hr : F.Rooms p M H E n)

include hs hw hr

/-- Coordinate `j` of queries. -/
theorem queryRow_vec {j : Nat} (hj : j < H.d_head + 1) :
    Vec p.narrow M.d_vocab p.quarter (F.qExt M H j) (F.queryRow p M H j) ∧
      ∀ a, a < M.d_vocab → (F.qExt M H j a).natAbs ≤ p.quarter - 8 * (2 ^ F.bits * 2 ^ F.bits) := by
  have hq := hr.quarter
  have hR2 := F.square_pos
  have hQ : queryBound p M = (M.d_model + 1) * (p.bias * (p.bias + p.bias)) := rfl
  obtain ⟨g, gb⟩ := Plan.q_grid hs hw (by omega)
  have hrow : ∀ i, i < H.d_head → Vec p.narrow M.d_vocab p.quarter (fun a => M.qInt H a i) (p.rowOf (p.qGrid M H) i) :=
    fun i hi => hw.row g (fun j t hj ht => Nat.le_trans (gb j t hj ht) (by omega)) (by omega) hi
  show Vec _ _ _ _ (cond (Nat.beq j H.d_head) _ _) ∧ _
  rw [cond_beq]
  by_cases hd : j = H.d_head
  · obtain ⟨r, rb⟩ := hw.times (n := 1) (m := M.d_vocab) (d := H.d_head) (a := F.bias) (b := p.quarter)
      (A := fun _ i => F.dirInt i) (B := fun i a => M.qInt H a i) (col := lane F.bits F.direction)
      (row := p.rowOf (p.qGrid M H)) (α := 2 ^ F.bits) (β := queryBound p M)
      (fun i _ => Vec.single (by unfold dirInt; omega)) hrow (fun _ i _ _ => dirInt_le hr i)
      (fun i a hi ha => gb i a hi ha) (by omega)
    refine ⟨?_, fun a ha => ?_⟩
    · rw [if_pos hd]
      refine (hw.row r (fun i a hi ha => Nat.le_trans (rb i a hi ha) (by omega)) (by omega) (show 0 < 1 by omega)).congr
        fun a _ => ?_
      simp only [qExt, hd, if_true]
    · have := rb 0 a (by omega) ha
      simp only [qExt, hd, if_true]
      omega
  · refine ⟨?_, fun a ha => ?_⟩
    · rw [if_neg hd]
      exact (hrow j (by omega)).congr fun a _ => by simp only [qExt, hd, if_false]
    · have := gb j a (by omega) ha
      simp only [qExt, hd, if_false]
      omega

/-- Coordinate `j` of the queries of a pool lies around multiples of the centre. -/
theorem query_range {a j : Nat} (hj : j < H.d_head + 1) (ha : a + n ≤ M.d_vocab)
    (h : F.checkQuery p n (widen p.narrow n F.bits F.scales) (slice p.narrow a n (F.queryRow p M H j)) j = true) {k : Nat}
    (hk : k < n) :
    -((lane F.bits F.scales k : Int) * (lane F.bits F.radius j : Int)) ≤
        F.qExt M H j (a + k) - (lane F.bits F.scales k : Int) * F.centreInt j ∧
      F.qExt M H j (a + k) - (lane F.bits F.scales k : Int) * F.centreInt j ≤
        (lane F.bits F.scales k : Int) * (lane F.bits F.radius j : Int) := by
  have hhalf := hw.half_eq
  have h2p := hw.two_pow
  have hh : (2 : Nat) ^ (p.narrow - 1) = p.half := rfl
  have hq := hr.quarter
  have hR2 := F.square_pos
  have h0 : 0 < p.narrow := by have := hw.narrow; omega
  obtain ⟨hv, hb⟩ := queryRow_vec hs hw hr hj
  have hv := hv.slice (m := a) (n := n) (fun i hi => by have := hb i hi; omega) ha
  have hA := scales_vec (p := p) hr
  obtain ⟨h1, h2⟩ := both_eq_true.1 h
  have hquarter := Vec.const (w := p.narrow) (n := n) (c := (p.quarter : Int)) (b := 0) (v := p.quarter) (by omega)
  have hc := fun i => F.lane_mul_le F.centre F.scales j i
  have hd := fun i => F.lane_mul_le F.radius F.scales j i
  have hB := fun i => bias_mul_le hr F.scales i
  have hqa := fun i (hi : i < n) => hb (a + i) (by omega)
  have e1 := ((hA.scale (lane F.bits F.centre j)).add hquarter).le_of_atMost h0
    (hv.add (hA.scale (F.bias + lane F.bits F.radius j)))
    (fun i _ => by have := hc i; rw [← Int.natCast_mul]; omega)
    (fun i hi => by have := hd i; have := hB i; have := hqa i hi; rw [← Int.natCast_mul, Nat.add_mul]; omega) h1 hk
  have e2 := (hv.add (hA.scale F.bias)).le_of_atMost h0
    ((hA.scale (lane F.bits F.centre j + lane F.bits F.radius j)).add hquarter)
    (fun i hi => by have := hB i; have := hqa i hi; rw [← Int.natCast_mul]; omega)
    (fun i _ => by have := hc i; have := hd i; rw [← Int.natCast_mul, Nat.add_mul]; omega) h2 hk
  simp only [Int.natCast_add, Nat.mul_zero] at e1 e2
  unfold centreInt
  constructor <;> grind

end Factors

end

end LeanBound
