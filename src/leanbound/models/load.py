"""Any model that can be read, by its path."""

from pathlib import Path

from leanbound.models.checkpoint import Checkpoint, load_checkpoint
from leanbound.models.transformer_lens import load_transformer_lens


def load_model(path: Path, n_ctx: int | None = None) -> Checkpoint:
    """A checkpoint folder, or a file with a TransformerLens state dict (`.safetensors`, or a pickle of tensors only).

    `n_ctx` shortens the inputs of a state dict; a folder says its own. Raises InputError or UnsupportedError as
    `load_checkpoint` and `load_transformer_lens` do.
    """
    return load_transformer_lens(path, n_ctx) if path.is_file() else load_checkpoint(path)
