"""Architectures: one module each, and the checkpoints they are read from and written to."""
