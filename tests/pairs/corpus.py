"""Tiny MLPs on pairs that all tests of the family share."""

import numpy as np

from leanbound.pairs.checkpoint import PairCheckpoint
from leanbound.pairs.config import PairMlpConfig
from leanbound.pairs.quantised import QuantisedPairMlp
from leanbound.pairs.quantize import quantize_pairs
from leanbound.tasks.pairs import PairTask


def pair_config(d_vocab: int = 5, d_hidden: int = 6, shared: bool = False) -> PairMlpConfig:
    """The dimensions of a tiny model: 25 pairs unless told otherwise."""
    return PairMlpConfig(d_vocab=d_vocab, d_hidden=d_hidden, shared=shared)


def random_pairs(seed: int = 0, shape: PairMlpConfig | None = None, scale: float = 1.0) -> PairCheckpoint:
    """A model with normal weights of standard deviation `scale`, the same for the same seed."""
    shape = shape or pair_config()
    generator = np.random.default_rng(seed)
    weights = {
        name: (scale * generator.standard_normal(sides)).astype(np.float32) for name, sides in shape.shapes().items()
    }
    return PairCheckpoint(shape, weights, f"{seed:064x}")


def quantised_pairs(seed: int = 0, bits: int = 6, shape: PairMlpConfig | None = None) -> QuantisedPairMlp:
    """A random model in fixed point."""
    return quantize_pairs(random_pairs(seed, shape), bits)


def half_right(task: PairTask, d_hidden: int = 12, seed: int = 0) -> PairCheckpoint:
    """A model with random hidden units, and output weights fitted to the task by least squares: right in part."""
    shape = pair_config(task.d_vocab, d_hidden)
    weights = {name: np.array(value) for name, value in random_pairs(seed, shape).weights.items()}
    hidden = np.maximum(weights["W_A"][:, None] + weights["W_B"][None] + weights["b_H"], 0).reshape(-1, d_hidden)
    wanted = np.eye(task.d_vocab)[np.array(task.targets()).flatten()]
    fitted = np.linalg.lstsq(np.column_stack([hidden, np.ones(len(hidden))]), wanted, rcond=None)[0]
    weights |= {"W_U": fitted[:-1].astype(np.float32), "b_U": fitted[-1].astype(np.float32)}
    return PairCheckpoint(shape, weights, f"{seed:064x}")
