"""Tiny MLPs on pairs that all tests of the family share."""

import numpy as np

from leanbound.families.pair_mlp.checkpoint import PairCheckpoint
from leanbound.families.pair_mlp.config import PairMlpConfig
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.pair_mlp.quantize import quantize_pairs
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


def half_right(task: PairTask, d_hidden: int = 12, seed: int = 0, shared: bool = False) -> PairCheckpoint:
    """A model with random hidden units, and output weights fitted to the task by least squares: right in part."""
    return fitted(task, random_pairs(seed, pair_config(task.d_vocab, d_hidden, shared)))


def blocks() -> tuple[PairTask, PairCheckpoint]:
    """A task of six tokens that come in twos, and a model in which the two of them differ little."""
    table = tuple(tuple(2 * ((a // 2 + b // 2) % 3) for b in range(6)) for a in range(6))
    task = PairTask(name="group-composition", table=table)
    made = random_pairs(2, pair_config(6, 12))
    near = {name: made.weights[name].repeat(2, axis=0)[:6] + 0.1 * made.weights[name] for name in ("W_A", "W_B")}
    return task, fitted(task, PairCheckpoint(made.config, {**made.weights, **near}, made.digest))


def fitted(task: PairTask, made: PairCheckpoint) -> PairCheckpoint:
    """The model with the output weights that least squares give for the task."""
    weights = {name: np.array(value) for name, value in made.weights.items()}
    first, second = (weights["W_E"] / 2,) * 2 if made.config.shared else (weights["W_A"], weights["W_B"])
    hidden = np.maximum(first[:, None] + second[None] + weights["b_H"], 0).reshape(-1, made.config.d_hidden)
    wanted = np.eye(task.d_vocab)[np.array(task.targets()).flatten()]
    solved = np.linalg.lstsq(np.column_stack([hidden, np.ones(len(hidden))]), wanted, rcond=None)[0]
    weights |= {"W_U": solved[:-1].astype(np.float32), "b_U": solved[-1].astype(np.float32)}
    return PairCheckpoint(made.config, weights, made.digest)
