"""Kernel-checked accuracy theorems for trained transformers."""

__version__ = "0.1.0"
