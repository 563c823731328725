"""Training of small models, reproducible from a seed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from leanbound.families.attention_only.accuracy import measure
from leanbound.families.attention_only.model import AttentionOnly
from leanbound.families.checkpoint import Checkpoint, save_checkpoint
from leanbound.families.record import TrainConfig, TrainingRecord
from leanbound.families.training import fit, to_weights


def train_checkpoint(config: TrainConfig, path: Path, progress: bool = False) -> Checkpoint:
    """Train, measure on every input, and write a new checkpoint folder with its training record.

    Raises InputError when the model is too large, or the folder exists or cannot be written.
    """
    config.model.require_affordable()
    start = time.monotonic()
    model, loss = train_max_of_k(config, progress)
    seconds = time.monotonic() - start
    accuracy = measure(model, progress)
    record = TrainingRecord(
        config=config,
        torch_version=torch.__version__,
        final_loss=loss,
        correct=accuracy.correct,
        inputs=accuracy.inputs,
        exhaustive=accuracy.exhaustive,
        accuracy=accuracy.fraction,
        seconds=round(seconds, 1),
        safetensors_sha256="0" * 64,  # set by save_checkpoint
    )
    return save_checkpoint(path, config.model, to_weights(model), record)


def train_max_of_k(config: TrainConfig, progress: bool = False) -> tuple[AttentionOnly, float]:
    """Train on uniform i.i.d. sequences with AdamW and cross-entropy at the last position.

    Weights and batches are drawn on the CPU from one generator seeded with `config.seed`, so that they do not
    depend on the device. Returns the model, on the CPU, and the loss of the last batch. `progress` shows a bar on
    standard error.
    """
    generator = torch.Generator().manual_seed(config.seed)
    model = AttentionOnly(config.model, generator).to(config.device)
    shape = (config.batch_size, config.model.n_ctx)

    def loss() -> Tensor:
        tokens = torch.randint(config.model.d_vocab, shape, generator=generator).to(config.device)
        return cross_entropy(model(tokens), tokens.amax(dim=1))

    with _deterministic(config.device):
        last = fit(model, config, loss, progress)
    return model.to("cpu"), last


@contextmanager
def _deterministic(device: str) -> Iterator[None]:
    """Have torch use deterministic algorithms on a GPU inside the block; on one CPU thread they are so already."""
    if device == "cpu":
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is reproducible only with it
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
