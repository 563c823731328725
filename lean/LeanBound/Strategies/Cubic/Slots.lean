module

public import LeanBound.Properties.ClassBoxes
public import LeanBound.Strategies.Cubic.Checker
public import LeanBound.Strategies.Tables.TowersSound

/-! # Cubic proof of max-of-K: the free positions of a class -/

@[expose] public section

namespace LeanBound

noncomputable section

/-! ## One free position -/

theorem slot_succ (C : Tables) (V m : Nat) (k : Nat → Nat) (fuel E X size : Nat) :
    slot C V m k (fuel + 1) E X size = cond (Nat.beq (E % (V + 2)) 0)
      (cond (Nat.beq (X &&& classGuards C V m m) (classGuards C V m m)) (size * k (E / (V + 2))) 0)
      (cond (Nat.beq (E % (V + 2)) (V + 1)) 0
        (slot C V m k fuel (E / (V + 2)) (X ||| guards C V m <<< (C.w * V * (E % (V + 2) - 1))) (size - 1))) := rfl

section Slots

variable {M : AttentionOnly} {H : Head} {C : Tables} (hv : Tables.Valid M H C) {a m n : Nat}

include hv

/-- If a slot does not fail, every token but those it excludes has all its guard bits. -/
theorem slot_spec {V : Nat} (hm : m < V) (k : Nat → Nat) (fuel E X size : Nat) : slot C V m k fuel E X size = 0 ∨
    ∃ (L : List Nat) (E' : Nat), slot C V m k fuel E X size = (size - L.length) * k E' ∧
      ∀ t o, t < m → t ∉ L → o < V → o ≠ m → X.testBit (C.w * V * t + (C.w * o + (C.w - 1))) = true := by
  have hw := hv.w_pos
  induction fuel generalizing E X size with
  | zero => exact .inl rfl
  | succ fuel ih =>
    rw [slot_succ]
    cases Nat.beq (E % (V + 2)) 0 with
    | true =>
      cases hX : Nat.beq (X &&& classGuards C V m m) (classGuards C V m m) with
      | false => exact .inl rfl
      | true => exact .inr ⟨[], _, rfl, fun t o ht _ ho hom =>
          testBit_of_land (Nat.eq_of_beq_eq_true hX) (testBit_classGuards hv hm ht ho hom)⟩
    | false =>
      cases Nat.beq (E % (V + 2)) (V + 1) with
      | true => exact .inl rfl
      | false =>
        rcases ih (E / (V + 2)) (X ||| guards C V m <<< (C.w * V * (E % (V + 2) - 1))) (size - 1) with
          h0 | ⟨L, E', hs, hL⟩
        · exact .inl h0
        · refine .inr ⟨(E % (V + 2) - 1) :: L, E', ?_, fun t o ht htL ho hom => ?_⟩
          · rw [cond_false, cond_false, hs, Nat.sub_sub, List.length_cons, Nat.add_comm 1]
          · have hb := hL t o ht (fun hmem => htL (List.mem_cons_of_mem _ hmem)) ho hom
            have hd : t ≠ E % (V + 2) - 1 := fun e => htL (e ▸ List.mem_cons_self)
            rwa [Nat.testBit_or, testBit_shiftLeft_row (guards_lt hv hm) hd (lane_bit_lt ho (by omega)),
              Bool.or_false] at hb

variable {R : Nat → Nat} (hm : m < M.d_vocab) (hn : n ≤ M.n_ctx) (hR : ∀ o, o < M.d_vocab → R o ≤ M.n_ctx * C.top)

include hm hn hR

/-- The lead of the fixed rows `R`, once for every token. -/
theorem base_eq : lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx n) m * ones (C.w * M.d_vocab) m =
    grid C.w M.d_vocab (fun _ o => R m + (C.half - C.slack M.n_ctx - n * C.top) - R o) m := by
  have hroom := hv.room_le
  have h2 := hv.two_pow_w
  have hnt := Nat.mul_le_mul_right C.top hn
  have hhalf := C.half_pos
  rw [grid_const]
  congr 1
  exact lead_eq_pack hm (fun o ho => by have := hR o ho; omega) fun o ho => by
    have := hR o ho
    show R o ≤ R m + (C.half - C.slack M.n_ctx - n * C.top)
    omega

/-- A guard bit of a token says that its row, with its share of the fixed rows, leads by the slack. -/
theorem lead_of_testBit {i t o : Nat} (ha : a < M.d_vocab) (hi : i < M.n_ctx) (ht : t < m) (ho : o < M.d_vocab)
    (hb : (n * gaps C M.d_vocab (tower C M.d_vocab a i) m m +
      lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx n) m * ones (C.w * M.d_vocab) m).testBit
        (C.w * M.d_vocab * t + (C.w * o + (C.w - 1))) = true) :
    n * rowEntry C a i t o + (R o + C.slack M.n_ctx) ≤ n * rowEntry C a i t m + R m := by
  have hroom := hv.room_le
  have h2 := hv.two_pow_w
  have hnt := Nat.mul_le_mul_right C.top hn
  have hw := hv.w_pos
  have hhalf := C.half_pos
  have lanes : ∀ t o, t < m → o < M.d_vocab → n * (rowEntry C a i t m + C.top - rowEntry C a i t o) +
      (R m + (C.half - C.slack M.n_ctx - n * C.top) - R o) < 2 ^ C.w := by
    intro t o ht ho
    have hRm := hR m hm
    have h1 := rowEntry_lt_top hv ha hi (show t < M.d_vocab by omega) hm
    have h3 : n * (rowEntry C a i t m + C.top - rowEntry C a i t o) ≤ n * (2 * C.top) :=
      Nat.mul_le_mul_left n (by omega)
    rw [Nat.mul_left_comm] at h3
    omega
  rw [base_eq hv hm hn hR, gaps_eq hv ha hi hm (Nat.le_of_lt hm), ← grid_mul, ← grid_add, testBit_grid lanes ht ho (by omega),
    testBit_top hw (lanes t o ht ho)] at hb
  have hb : C.half ≤ n * (rowEntry C a i t m + C.top - rowEntry C a i t o) +
      (R m + (C.half - C.slack M.n_ctx - n * C.top) - R o) := of_decide_eq_true hb
  have hRo := hR o ho
  have h1 := Nat.mul_le_mul_left n (Nat.le_of_lt (rowEntry_lt_top hv ha hi (show t < M.d_vocab by omega) ho))
  rw [Nat.mul_sub, Nat.mul_add] at hb
  omega

omit hv hm hn hR

/-! ## All free positions -/

/-- Sum of the entries `o` of the rows of the free positions of `c`, for the tokens of `y`; `i` is the first one. -/
def freeEntry (C : Tables) (a : Nat) : List Bool → List Nat → Nat → Nat → Nat
  | false :: c, t :: y, i, o => rowEntry C a i t o + freeEntry C a c y (i + 1) o
  | true :: c, _ :: y, i, o => freeEntry C a c y (i + 1) o
  | [], _, _, _ => 0
  | _ :: _, [], _, _ => 0

include hv hm hn hR

/-- What the product of the slots proves: a box of sequences in which the leads of the free positions add up. -/
theorem slots_spec (ha : a < M.d_vocab) (c : List Bool) (i E : Nat) (hi : i + c.length ≤ M.n_ctx) : ∃ Es,
    slots C M.d_vocab a n m (lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx n) m * ones (C.w * M.d_vocab) m)
      c i E ≤ classSize m c Es ∧
    ∀ y, InBox (classBox m c (Es.map (safeTokens m))) y → ∀ o, o < M.d_vocab → o ≠ m →
      n * freeEntry C a c y i o + freeCount c * (R o + C.slack M.n_ctx) ≤
        n * freeEntry C a c y i m + freeCount c * R m := by
  induction c generalizing i E with
  | nil => exact ⟨[], Nat.le_refl _, fun y _ o _ _ => by simp [freeEntry, freeCount]⟩
  | cons b c ih =>
    rw [List.length_cons] at hi
    cases b with
    | true =>
      obtain ⟨Es, hle, hbox⟩ := ih (i + 1) E (by omega)
      refine ⟨Es, hle, fun y hy o ho hom => ?_⟩
      cases y with
      | nil => exact hy.elim
      | cons t y => exact hbox y hy.2 o ho hom
    | false =>
      let base := lead C M.d_vocab (pack C.w R M.d_vocab) (C.lift M.n_ctx n) m * ones (C.w * M.d_vocab) m
      rcases slot_spec hv hm (slots C M.d_vocab a n m base c (i + 1)) (m + 1) E
        (n * gaps C M.d_vocab (tower C M.d_vocab a i) m m + base) m with h0 | ⟨L, E', hs, hL⟩
      · refine ⟨[], Nat.le_trans (Nat.le_of_eq h0) (Nat.zero_le _), fun y hy => ?_⟩
        cases y with
        | nil => exact hy.elim
        | cons t y => exact absurd hy.1 (by simp)
      · obtain ⟨Es, hle, hbox⟩ := ih (i + 1) E' (by omega)
        refine ⟨L :: Es, Nat.le_trans (Nat.le_of_eq hs) (Nat.mul_le_mul_left _ hle), fun y hy o ho hom => ?_⟩
        cases y with
        | nil => exact hy.elim
        | cons t y =>
          have ht := mem_safeTokens.1 hy.1
          have rest := hbox y hy.2 o ho hom
          have here := lead_of_testBit hv hm hn hR ha (by omega) ht.1 ho (hL t o ht.1 ht.2 ho hom)
          show n * (rowEntry C a i t o + freeEntry C a c y (i + 1) o) + (freeCount c + 1) * (R o + C.slack M.n_ctx) ≤
            n * (rowEntry C a i t m + freeEntry C a c y (i + 1) m) + (freeCount c + 1) * R m
          rw [Nat.mul_add, Nat.mul_add n, Nat.add_mul, Nat.add_mul, Nat.one_mul, Nat.one_mul]
          omega

end Slots

end

end LeanBound
