"""Accuracy on max-of-K, measured: of a torch model in float64, and of a quantised model exactly.

An input space of up to 2 ** 26 sequences is walked in full, a larger one is sampled, and the result says which.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from leanbound.families.attention_only import exact, exhaustive
from leanbound.families.attention_only.exhaustive import Block, Tables
from leanbound.families.attention_only.model import AttentionOnly
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.families.threads import single_thread
from leanbound.tasks.max_of_k import space_size

#: Largest input space that is walked in full.
MAX_EXHAUSTIVE: Final = 2**26
#: Inputs of a sample, drawn uniformly with seed 0.
SAMPLE_SIZE: Final = 2**20
_SAMPLE_ENTRIES: Final = 2**22  # float64 entries at a time
#: Margins below this part of the largest possible one are left to exact arithmetic. Rounding errors are below
#: 1e-13 for weights above 1e-300, since scores enter as exact differences.
_UNSURE: Final = 1e-10
_TINY_TOTAL: Final = 1e-200


@dataclass(frozen=True)
class Accuracy:
    """How many inputs were right. A tie is wrong."""

    correct: int
    inputs: int
    exhaustive: bool
    """Whether `inputs` are all V ** K of them; if not, they are a uniform sample."""

    @property
    def fraction(self) -> float:
        """correct / inputs, rounded to float64."""
        return self.correct / self.inputs


def measure(model: AttentionOnly, progress: bool = False) -> Accuracy:
    """The accuracy of a torch model with one head, in float64. `progress` shows a bar on standard error."""
    correct = size = 0
    with torch.no_grad(), single_thread():
        table = exhaustive.tables(model)
        for block in _blocks(table, progress):
            correct += int((block.margins > 0).sum())
            size += block.margins.numel()
    return Accuracy(correct, size, _is_exhaustive(table))


def measure_quantised(model: QuantisedModel, progress: bool = False, stop_after: int | None = None) -> Accuracy:
    """The accuracy of a quantised model: float64 decides the clear margins, exact arithmetic the others.

    Stops early once more than `stop_after` inputs are wrong; `inputs` are then those that were run.
    """
    table = exact.tables(model)
    correct = size = 0
    with torch.no_grad(), single_thread():
        rounded = _round_tables(table)
        scale = float(rounded.direct.abs().max() + rounded.moved.abs().max())
        for block in _blocks(rounded, progress):
            correct += _count(block, table, scale)
            size += block.margins.numel()
            if stop_after is not None and size - correct > stop_after:
                break
    return Accuracy(correct, size, _is_exhaustive(rounded))


def _count(block: Block, table: exact.IntTables, scale: float) -> int:
    """How many inputs of the block are right, exactly."""
    threshold = _UNSURE * scale * block.totals
    unsure = (block.margins.abs() <= threshold) | (block.totals < _TINY_TOTAL) | ~block.margins.isfinite()
    correct = int(((block.margins > 0) & ~unsure).sum())
    for index in unsure.nonzero().tolist():
        correct += exact.is_correct(table, block.tokens(tuple(index)))
    return correct


def _round_tables(table: exact.IntTables) -> Tables:
    """The exact tables in float64: scores less the largest one of their query, exactly, and then rounded."""
    scores = table.s_E[:, None, :] + table.s_P[:, :, None]  # [a, i, t]
    gaps = _to_float(scores - scores.max(axis=(1, 2), keepdims=True), table.score_frac)
    moved = _to_float(table.o_P[:, None, :] + table.o_E[None, :, :], table.logit_frac)  # [i, t, o]
    return Tables(gaps.exp(), _to_float(table.direct, table.logit_frac), moved)


def _to_float(values: Integers, frac: int) -> Tensor:
    """Integers over 2 ** frac, each rounded to the nearest float64."""
    scale = 1 << frac
    return torch.from_numpy(np.vectorize(lambda value: value / scale, otypes=[np.float64])(values))


def _is_exhaustive(table: Tables) -> bool:
    d_vocab, n_ctx = table.weights.shape[0], table.weights.shape[1]
    return space_size(d_vocab, n_ctx) <= MAX_EXHAUSTIVE


def _blocks(table: Tables, progress: bool) -> Iterator[Block]:
    """Every input, or a sample of them."""
    if _is_exhaustive(table):
        yield from exhaustive.blocks(table, progress)
        return
    d_vocab, n_ctx = table.weights.shape[0], table.weights.shape[1]
    generator = torch.Generator().manual_seed(0)
    sequences = torch.randint(d_vocab, (SAMPLE_SIZE, n_ctx), generator=generator)
    for part in torch.split(sequences, max(1, _SAMPLE_ENTRIES // (d_vocab * n_ctx))):
        yield exhaustive.sample_block(table, part)
