"""Training of MLPs on all pairs of tokens, reproducible from a seed."""

import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from leanbound.families.checkpoint import save_checkpoint
from leanbound.families.pair_mlp.checkpoint import PairCheckpoint
from leanbound.families.pair_mlp.config import PairTrainConfig, PairTrainingRecord
from leanbound.families.pair_mlp.model import PairMlp
from leanbound.families.threads import single_thread
from leanbound.families.training import fit, to_weights


def train_pair_checkpoint(config: PairTrainConfig, path: Path, progress: bool = False) -> PairCheckpoint:
    """Train, measure on every pair, and write a new checkpoint folder with its training record.

    Raises InputError when the folder exists or cannot be written.
    """
    start = time.monotonic()
    model, loss = train_pair_mlp(config, progress)
    seconds = time.monotonic() - start
    correct, inputs = measure_pairs(model, torch.tensor(config.task.targets())), config.task.d_vocab**2
    record = PairTrainingRecord(
        config=config,
        torch_version=torch.__version__,
        final_loss=loss,
        correct=correct,
        inputs=inputs,
        accuracy=correct / inputs,
        seconds=round(seconds, 1),
        safetensors_sha256="0" * 64,  # set by save_pair_checkpoint
    )
    return save_checkpoint(path, config.model, to_weights(model), record)


def train_pair_mlp(config: PairTrainConfig, progress: bool = False) -> tuple[PairMlp, float]:
    """Train on all pairs at every step, with AdamW and cross-entropy.

    Weights are drawn from a generator seeded with `config.seed`; nothing else is random. Returns the model and the loss
    of the last step. `progress` shows a bar on standard error.
    """
    model = PairMlp(config.model, torch.Generator().manual_seed(config.seed))
    targets = torch.tensor(config.task.targets()).flatten()  # [p * p]
    loss = fit(model, config, lambda: cross_entropy(model.all_logits().flatten(0, 1), targets), progress)
    return model, loss


def measure_pairs(model: PairMlp, targets: Tensor) -> int:
    """On how many pairs the model is right, in float64; a tie is wrong. `targets` is [d_vocab, d_vocab]."""
    with torch.no_grad(), single_thread():
        logits = _in_double(model).all_logits()  # [p, p, p]
        right = logits.gather(2, targets[:, :, None])
        others = logits.scatter(2, targets[:, :, None], float("-inf")).amax(dim=2, keepdim=True)
        return int((right > others).sum())


def _in_double(model: PairMlp) -> PairMlp:
    """A copy of the model with float64 weights."""
    copy = PairMlp(model.config)
    copy.load_state_dict(model.state_dict())
    return copy.double()
