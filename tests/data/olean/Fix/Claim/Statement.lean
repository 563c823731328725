module

public import Fix.Spec

@[expose] public section

namespace Fix.Claim

noncomputable section

/-- Rows of two entries of 8 bits: -128 + 0x81, ... -/
def W_E : LeanBound.Tensor := { width := 8, frac := 3, rows := [0x8081, 0x7fff, 0x0180] }
def zero : LeanBound.Tensor := { width := 8, frac := 0, rows := [0x8080] }
def wide : LeanBound.Tensor := { width := 40, frac := 3, rows := [0x123456789abcdef0123, 0x80000000008000000000] }

def model : LeanBound.AttentionOnly :=
  { d_vocab := 3, n_ctx := 2, d_model := 2, W_E := W_E, W_pos := wide
    heads := [{ d_head := 2, W_Q := wide, b_Q := zero, W_K := wide, b_K := zero, W_V := wide, b_V := zero, W_O := wide }]
    b_O := zero, W_U := wide, b_U := zero }

def Claim : Prop := LeanBound.AccuracyAtLeast model LeanBound.maxToken 9

end

end Fix.Claim
