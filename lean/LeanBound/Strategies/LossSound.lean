module

public import LeanBound.Numerics.ExpRowSound
public import LeanBound.Numerics.LaneSum
public import LeanBound.Properties.Copies
public import LeanBound.Properties.Loss
public import LeanBound.Strategies.Loss
public import LeanBound.Strategies.Tables.RowsSound

/-! # The loss: soundness of what strategies have in common -/

@[expose] public section

namespace LeanBound

open Lean.Grind
attribute [local instance] Semiring.natCast Ring.intCast

noncomputable section

/-! ## Rows of lanes -/

/-- Rows right after each other. -/
theorem pack_pack (l m n : Nat) (f : Nat → Nat → Nat) :
    pack (l * m) (fun i => pack l (f i) m) n = pack l (fun j => f (j / m) (j % m)) (n * m) := by
  rw [← pack_blocks]
  refine pack_congr fun i _ => pack_congr fun o ho => ?_
  rw [show i * m + o = o + m * i by rw [Nat.mul_comm, Nat.add_comm], Nat.add_mul_div_left _ _ (by omega),
    Nat.add_mul_mod_self_left, Nat.mod_eq_of_lt ho, Nat.div_eq_of_lt ho, Nat.zero_add]

/-! ## One input -/

/-- Lower bounds of how far `y` leads, with the shift, bound the cross-entropy. -/
theorem crossEntropy_of_leads {C : Classifier} {F : Type} [ExpField F] {x : List Nat} {y : Nat} {c : LossPlan} {k m : Nat}
    {u : Nat → Nat} (hexps : expCheck c.P k c.squarings c.consts.length c.consts c.err = true)
    (hu : ∀ o, o < C.d_out → u o < 2 ^ c.consts.length)
    (hle : ∀ o, o < C.d_out → (u o : F) / 2 ^ k ≤ C.logit F x y + (m : F) / 2 ^ k - C.logit F x o) :
    C.CrossEntropyAtMost F x y ((m : F) / 2 ^ k +
      ((natSum C.d_out fun o => expNeg c.P c.consts (u o) + c.err : Nat) : F) / 2 ^ c.P - 1) := by
  have hP := two_pow_pos (F := F) c.P
  have hE := exp_nonneg (C.logit F x y + (m : F) / 2 ^ k)
  have one : ∀ o, o < C.d_out → (2 : F) ^ c.P * exp (C.logit F x o) ≤
      ((expNeg c.P c.consts (u o) + c.err : Nat) : F) * exp (C.logit F x y + (m : F) / 2 ^ k) := fun o ho => by
    have he := (expNeg_enclosure_of_check (F := F) hexps (hu o ho)).2
    rw [← natCast_add] at he
    have h1 : exp (C.logit F x o) ≤ exp (-((u o : F) / 2 ^ k)) * exp (C.logit F x y + (m : F) / 2 ^ k) := by
      rw [← exp_add]
      exact exp_le_exp (by have := hle o ho; grind)
    have h2 := mul_le_mul_left h1 (Std.le_of_lt hP)
    have h3 := mul_le_mul_right he hE
    grind
  have all : (2 : F) ^ c.P * sum C.d_out (fun o => exp (C.logit F x o)) ≤
      ((natSum C.d_out fun o => expNeg c.P c.consts (u o) + c.err : Nat) : F) * exp (C.logit F x y + (m : F) / 2 ^ k) := by
    rw [natCast_natSum, ← sum_mul_left, ← sum_mul_right]
    exact sum_le_sum one
  show sum C.d_out (fun o => exp (C.logit F x o)) ≤ exp _ * exp (C.logit F x y)
  generalize ((natSum C.d_out fun o => expNeg c.P c.consts (u o) + c.err : Nat) : F) = n at *
  have e : exp ((m : F) / 2 ^ k + n / 2 ^ c.P - 1) * exp (C.logit F x y) =
      exp (n / 2 ^ c.P - 1) * exp (C.logit F x y + (m : F) / 2 ^ k) := by
    rw [← exp_add, ← exp_add]
    exact congrArg exp (by grind)
  rw [e]
  have h1 := mul_le_mul_right (one_add_le_exp (n / 2 ^ c.P - 1)) hE
  have h2 : (1 + (n / 2 ^ c.P - 1)) * exp (C.logit F x y + (m : F) / 2 ^ k) * 2 ^ c.P =
      n * exp (C.logit F x y + (m : F) / 2 ^ k) := by
    have := two_pow_ne (F := F) c.P
    grind
  refine Std.le_trans (le_of_mul_le_mul_right (c := 2 ^ c.P) ?_ hP) h1
  rw [h2]
  grind

/-! ## The mean -/

theorem length_eq_listSum (l : List α) : l.length = listSum l fun _ => 1 := by
  induction l with
  | nil => rfl
  | cons a l ih => rw [List.length_cons, listSum_cons, ← ih, Nat.add_comm]

theorem length_sequences (V K : Nat) : (sequences V K).length = V ^ K := by
  induction K with
  | zero => rfl
  | succ K ih =>
    rw [length_eq_listSum, sequences, listSum_flatMap, ← natSum_eq]
    simp only [← length_eq_listSum, List.length_map, ih]
    rw [natSum_const, Nat.pow_succ, Nat.mul_comm]

section Mean

variable {F : Type} [ExpField F]

/-- The sum of the bounds of single inputs. -/
theorem foldr_add_bounds (k P : Nat) (m n : List Nat → Nat) (l : List (List Nat)) :
    ((l.map fun x => (m x : F) / 2 ^ k + (n x : F) / 2 ^ P - 1).foldr (· + ·) 0) =
      ((listSum l fun x => n x * 2 ^ k + m x * 2 ^ P : Nat) : F) / 2 ^ (P + k) - (l.length : F) := by
  have hP := two_pow_ne (F := F) P
  have hk := two_pow_ne (F := F) k
  induction l with
  | nil =>
    show (0 : F) = ((0 : Nat) : F) / 2 ^ (P + k) - ((0 : Nat) : F)
    rw [natCast_zero]
    grind
  | cons x l ih =>
    rw [List.map_cons, List.foldr_cons, ih, listSum_cons, List.length_cons]
    simp only [natCast_add, natCast_mul, natCast_two_pow, natCast_one, Semiring.pow_add]
    grind

end Mean

/-- Bounds of all inputs bound their mean. -/
theorem loss_of_sum {C : Classifier} {target : List Nat → Nat} {c : LossPlan} {k : Nat} {m n : List Nat → Nat}
    (h : ∀ (F : Type) [ExpField F], ∀ x ∈ sequences C.d_vocab C.n_ctx, C.CrossEntropyAtMost F x (target x)
      ((m x : F) / 2 ^ k + (n x : F) / 2 ^ c.P - 1)) {inputs outputs num den s : Nat}
    (hinputs : inputs = C.d_vocab ^ C.n_ctx) (hmean : checkMean c k inputs outputs num den s = true)
    (hs : (listSum (sequences C.d_vocab C.n_ctx) fun x => n x * 2 ^ k + m x * 2 ^ c.P) ≤
      s + inputs * (outputs * c.err) * 2 ^ k) : C.LossAtMost target num den := by
  intro F _
  obtain ⟨hden, hmean⟩ := both_eq_true.1 hmean
  have hd : (0 : F) < (den : F) := natCast_pos (Nat.le_of_ble_eq_true hden)
  have hP := two_pow_pos (F := F) (c.P + k)
  refine ⟨fun x => (m x : F) / 2 ^ k + (n x : F) / 2 ^ c.P - 1, h F, ?_⟩
  rw [foldr_add_bounds, length_sequences, ← hinputs]
  have cast := natCast_le (F := F) (Nat.le_trans (Nat.mul_le_mul_left den hs) (Nat.le_of_ble_eq_true hmean))
  have e : ((Nat.mul (Nat.mul (Nat.add num den) inputs) (Nat.pow 2 (Nat.add c.P k)) : Nat) : F) =
      ((num : F) + den) * inputs * 2 ^ (c.P + k) := by
    rw [← natCast_two_pow, ← natCast_add, ← natCast_mul, ← natCast_mul]
    rfl
  rw [e, natCast_mul] at cast
  generalize ((listSum (sequences C.d_vocab C.n_ctx) fun x => n x * 2 ^ k + m x * 2 ^ c.P : Nat) : F) = t at *
  refine le_of_mul_le_mul_right (c := (den : F) * 2 ^ (c.P + k)) ?_ (mul_pos hd hP)
  have n1 : (den : F) ≠ 0 := by grind
  have n2 := two_pow_ne (F := F) (c.P + k)
  have l : (t / 2 ^ (c.P + k) - (inputs : F)) * ((den : F) * 2 ^ (c.P + k)) = den * t - inputs * den * 2 ^ (c.P + k) := by grind
  have r : (num : F) / den * (inputs : F) * ((den : F) * 2 ^ (c.P + k)) = num * inputs * 2 ^ (c.P + k) := by grind
  rw [l, r]
  grind

/-- What a chunk says of a first token and its number. -/
def ProvedLoss (good : Nat → Bool) (size : Nat → Nat) (a n : Nat) : Prop := good a = true ∧ size a ≤ n

/-- A chunk of numbers, checked. -/
theorem lossesFrom_covered {good : Nat → Bool} {size : Nat → Nat} {a : Nat} {ns : List Nat}
    (h : lossesFrom good size a ns = true) : Covered (ProvedLoss good size) a ns := by
  induction ns generalizing a with
  | nil => exact .nil a
  | cons n ns ih =>
    obtain ⟨h1, h⟩ := both_eq_true.1 (show both _ (both _ (lossesFrom good size (a + 1) ns)) = true from h)
    obtain ⟨h2, h3⟩ := both_eq_true.1 h
    exact .cons ⟨h1, Nat.le_of_ble_eq_true h2⟩ (ih h3)

/-- Chunks that cover all first tokens: their shifts are good, and their sizes add up to at most the total. -/
theorem losses_of_covered {good : Nat → Bool} {size : Nat → Nat} {V : Nat} {ns : List Nat}
    (hns : Covered (ProvedLoss good size) 0 ns) (hlen : Nat.beq ns.length V = true) :
    (∀ a, a < V → good a = true) ∧ natSum V size ≤ total ns := by
  have hlen : ns.length = V := Nat.eq_of_beq_eq_true hlen
  have cover : ∀ a, a < V → ProvedLoss good size a (ns.getD a 0) := fun a ha => by
    have := hns.getD a (by omega)
    rwa [Nat.zero_add] at this
  refine ⟨fun a ha => (cover a ha).1, ?_⟩
  rw [total_eq, hlen]
  exact natSum_le fun a ha => (cover a ha).2

end

end LeanBound
