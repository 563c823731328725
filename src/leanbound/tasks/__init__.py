"""Tasks: one module each, with its input space and its target."""
