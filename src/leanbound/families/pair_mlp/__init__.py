"""The MLP on pairs of tokens: logits = relu(W_A[x] + W_B[y] + b_H) · W_U + b_U, from training to Lean source."""
