"""One-layer attention-only transformers, from training to Lean source."""
