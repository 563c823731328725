"""Prefixes after which a model gives an output that a claim excludes: the counterexamples of `never` at any length."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from leanbound.families.attention_only.exact import IntTables, tables
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.strategies.game import Floats
from leanbound.strategies.refuted import Counterexample

#: Prefixes are tried up to this length.
_MAX_LENGTH: Final = 512
#: A lead of less than this, in logits, is not taken for one: rounding errors are far below it.
_CLEAR: Final = 1e-9


def find_prefix(
    model: QuantisedModel, query: int, tokens: Sequence[int], output: int, wanted: Floats
) -> Counterexample | None:
    """A prefix after which `output` has the largest logit, if one is found.

    `wanted`: how much of the attention each of the tokens should get, then others.
    """
    seen = _Seen(tables(model), query, tuple(tokens))
    for counts in seen.candidates(wanted[: len(tokens)]):
        if seen.gives(counts, output):
            return seen.prefix(counts, output)
    return None


class _Seen:
    """Attention weights and logit contributions as one query sees them, in floats."""

    def __init__(self, table: IntTables, query: int, tokens: tuple[int, ...]) -> None:
        self._query = query
        self._tokens = tokens
        scores = (table.s_E[query][list(tokens)][:, None] + table.s_P[query][None, :]) / 2**table.score_frac  # [t, i]
        own = int(table.s_E[query, query] + table.s_P[query, -1]) / 2**table.score_frac
        top = max(float(scores.max()), own)
        self._weights: Floats = np.exp(np.array(scores, dtype=np.float64) - top)
        self._own = float(np.exp(own - top))
        unit = 2**table.logit_frac
        moved = table.o_E[list(tokens)][:, None] + table.o_P[None]  # [t, i, o]
        self._moved: Floats = np.array(moved / unit, dtype=np.float64)
        self._direct: Floats = np.array(table.direct[query] / unit, dtype=np.float64)
        self._own_moved: Floats = np.array((table.o_E[query] + table.o_P[-1]) / unit, dtype=np.float64)

    def candidates(self, wanted: Floats) -> Iterator[Floats]:
        """Numbers of copies, [t, i]: of one token at one position, then so that attention is as wanted."""
        yield np.zeros(self._weights.shape)
        lengths = [2**k for k in range(_MAX_LENGTH.bit_length())]
        for length in lengths:
            for place in np.ndindex(self._weights.shape):
                counts = np.zeros(self._weights.shape)
                counts[place] = length
                yield counts
        copies = wanted[:, None] / np.maximum(self._weights, 1e-300)
        for position in range(self._weights.shape[1]):
            share = copies[:, position] / max(copies[:, position].sum(), 1e-300)
            for length in lengths:
                counts = np.zeros(self._weights.shape)
                counts[:, position] = np.rint(share * length)
                yield counts

    def gives(self, counts: Floats, output: int) -> bool:
        """Whether the output has the largest logit."""
        weights = counts * self._weights
        mean = (np.tensordot(weights, self._moved, 2) + self._own * self._own_moved) / (weights.sum() + self._own)
        logits = self._direct + mean
        return bool(logits[output] - np.delete(logits, output).max() > _CLEAR)

    def prefix(self, counts: Floats, output: int) -> Counterexample:
        """The prefix with these numbers of copies."""
        pairs = [(self._tokens[t], int(i)) for t, i in np.ndindex(counts.shape) for _ in range(int(counts[t, i]))]
        pairs.append((self._query, counts.shape[1] - 1))
        return Counterexample(tuple(t for t, _ in pairs), output, tuple(i for _, i in pairs))
