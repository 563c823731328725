"""Lean: toolchains, the build of a module graph, diagnostics, and the reader of compiled artifacts."""
