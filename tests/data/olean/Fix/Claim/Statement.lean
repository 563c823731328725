module

public import Fix.Spec

@[expose] public section

namespace Fix.Claim

noncomputable section

/-- Three rows of two entries of 8 bits, in eighths: 1 0, 127 -1, 0 -127. -/
def W_E : LeanBound.Tensor := { width := 8, frac := 3, rows := [0x8081, 0x7fff, 0x0180] }
def wide : LeanBound.Tensor := { width := 40, frac := 3, rows := [0x123456789abcdef0123, 0x80000000008000000000] }
def W_U : LeanBound.Tensor :=
  { width := 40, frac := 3, rows := [0x123456789abcdef0123456789abcd, 0x800000000080000000008000000000] }
def zero (frac : Nat) : LeanBound.Tensor := { width := 8, frac := frac, rows := [0x8080] }
def b_Q : LeanBound.Tensor := { width := 8, frac := 6, rows := [0x8080] }
def b_O : LeanBound.Tensor := { width := 8, frac := 9, rows := [0x8080] }
def b_U : LeanBound.Tensor := { width := 8, frac := 12, rows := [0x818283] }

def model : LeanBound.AttentionOnly :=
  { d_vocab := 3, n_ctx := 2, d_model := 2, W_E := W_E, W_pos := wide
    heads := [{ d_head := 2, W_Q := wide, b_Q := b_Q, W_K := wide, b_K := b_Q, W_V := wide, b_V := b_Q, W_O := wide }]
    b_O := b_O, W_U := W_U, b_U := b_U }

/-- Not written out, so it cannot be read back. -/
def computed : LeanBound.AttentionOnly := { model with b_O := zero 9 }

def Claim : Prop := model.classifier.AccuracyAtLeast LeanBound.maxToken 9

end

end Fix.Claim
