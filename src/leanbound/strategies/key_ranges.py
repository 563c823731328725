"""Ranges of the coordinates of keys: those of the keys themselves, or from ranges of embeddings.

The second way mirrors `LeanBound.EmbeddingRanges`. Exact; untrusted: Lean checks the ranges.
"""

from dataclasses import dataclass

import numpy as np

from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import EmbeddingRanges
from leanbound.strategies.tables import pack


@dataclass(frozen=True)
class Ranges:
    """[j]: at most, and at least, coordinate j of any token and of any position."""

    token_low: Integers
    token_high: Integers
    position_low: Integers
    position_high: Integers

    @classmethod
    def of(cls, tokens: Integers, positions: Integers) -> "Ranges":
        """The least ones. tokens: [t, j], positions: [i, j]."""
        return cls(tokens.min(axis=0), tokens.max(axis=0), positions.min(axis=0), positions.max(axis=0))

    def times(self, weights: Integers, bias: Integers) -> "Ranges":
        """[k]: of the sums of coordinates times weights, [j, k]; positions have the bias, [k]."""
        least, most = np.minimum(weights, 0), np.maximum(weights, 0)
        return Ranges(
            token_low=self.token_low @ most + self.token_high @ least,
            token_high=self.token_high @ most + self.token_low @ least,
            position_low=self.position_low @ most + self.position_high @ least + bias,
            position_high=self.position_high @ most + self.position_low @ least + bias,
        )

    def extended(self) -> "Ranges":
        """One coordinate more, which is zero."""
        return Ranges(*(np.append(row, 0) for row in self.rows))

    @property
    def rows(self) -> tuple[Integers, Integers, Integers, Integers]:
        """In the order of the fields."""
        return self.token_low, self.token_high, self.position_low, self.position_high

    @property
    def widths(self) -> Integers:
        """[j]: how far tokens and positions vary, together."""
        found: Integers = self.token_high - self.token_low + self.position_high - self.position_low
        return found


def keys_by_embeddings(model: QuantisedModel) -> Ranges:
    """Of the keys of a model, and a last coordinate that is zero: from ranges of its embeddings."""
    weights, bias = (np.array(model[name].ints, dtype=object) for name in ("W_K", "b_K"))
    return _embeddings(model).times(weights, bias[0]).extended()


def embedding_ranges(model: QuantisedModel, bias: int) -> EmbeddingRanges:
    """What the certificate says of embeddings; `bias`: of weights."""
    bits = bias.bit_length()
    token_low, token_high, position_low, position_high = (
        pack(bits, [int(value) + bias for value in row]) for row in _embeddings(model).rows
    )
    return EmbeddingRanges(
        bits=bits,
        token_low=token_low,
        token_high=token_high,
        position_low=position_low,
        position_high=position_high,
    )


def _embeddings(model: QuantisedModel) -> Ranges:
    return Ranges.of(*(np.array(model[name].ints, dtype=object) for name in ("W_E", "W_pos")))
