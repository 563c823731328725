"""Bounds of attention scores from queries and keys, which are not multiplied with each other.

Mirrors `LeanBound.Strategies.SubCubic.Factors`, and `Recursive` there. Untrusted: floats suggest the direction of keys
and the scales of queries; the bounds around them are exact, and Lean checks them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import Factors, Plan
from leanbound.strategies.key_ranges import Ranges, keys_by_embeddings
from leanbound.strategies.tables import pack

Floats = NDArray[np.float64]

#: Of a lane of the certificate, for weights of 8 bits.
BITS: Final = 22
_WEIGHT_BITS: Final = 8
#: Of the largest entry of the direction of keys, less one for every bit of a weight beyond 8.
_DIRECTION_BITS: Final = 8
#: Tried as the largest scale of a query: rounding is finer now in the scales and now in the centre.
_SCALE_BITS: Final = (8, 9, 10, 11, 12)
#: Where ranges of keys are wide, queries have to lie close to the centre.
_FINE_SCALE_BITS: Final = (*range(8), *_SCALE_BITS)
#: Scales of queries differ by this factor at most: a query beside the direction has a scale of its own.
MAX_RATIO: Final = 16


@dataclass(frozen=True)
class Factoring:
    """How scores are bounded from queries and keys."""

    scaled: bool
    """Whether queries have scales, as near a matrix of rank one."""
    recursive: bool = False
    """Whether keys are bounded by ranges of embeddings, and are not computed."""

    @property
    def directed(self) -> bool:
        """Whether a direction is taken off keys, which have to be computed for that."""
        return self.scaled and not self.recursive


@dataclass(frozen=True)
class QKFactors:
    """Queries and keys as exact integers, one coordinate more than the width of the head."""

    queries: Integers
    """[a, j]"""
    tokens: Integers
    """[t, j]: keys of tokens, without position and bias."""
    positions: Integers
    """[i, j]: keys of positions, with the bias."""
    direction: Integers
    """[j]: of keys; what the last coordinate stands for."""
    ranges: Ranges
    """Of keys."""
    bits: int
    """Of a lane of the certificate."""

    @classmethod
    def of(cls, model: QuantisedModel, factoring: Factoring) -> "QKFactors":
        """Where no direction is taken off keys, the last coordinate is zero."""
        t = {tensor.name: np.array(tensor.ints, dtype=object) for tensor in model.tensors}
        queries = (t["W_E"] + t["W_pos"][-1]) @ t["W_Q"] + t["b_Q"]
        tokens = t["W_E"] @ t["W_K"]
        positions = t["W_pos"] @ t["W_K"] + t["b_K"]
        direction = np.zeros(queries.shape[1], dtype=object)
        if factoring.directed:
            direction = _direction(queries.astype(np.float64), tokens.astype(np.float64), lane_bits(model))
        tokens, positions = _taken_apart(tokens, direction), _taken_apart(positions, direction)
        return cls(
            queries=_extended(queries, queries @ direction),
            tokens=tokens,
            positions=positions,
            direction=direction,
            ranges=keys_by_embeddings(model) if factoring.recursive else Ranges.of(tokens, positions),
            bits=lane_bits(model),
        )

    @property
    def along(self) -> list[int]:
        """Last coordinates of keys: tokens, then positions."""
        return [*self.tokens[:, -1].tolist(), *self.positions[:, -1].tolist()]


def lane_bits(model: QuantisedModel) -> int:
    """Bits of a lane of the certificate: keys and queries are products of two weights."""
    return BITS + 2 * max(0, max(tensor.width for tensor in model.tensors) - _WEIGHT_BITS)


def least_narrow(model: QuantisedModel) -> int:
    """The width of lanes of matrix products at which `LeanBound.Factors.checkRooms` holds."""
    d, h, R = model.config.d_model, model.config.d_head, 1 << lane_bits(model)
    bias = max(1 << (tensor.width - 1) for tensor in model.tensors)
    query = (d + 1) * bias * 2 * bias
    return ((h * R + 1) * query + (h + 8) * R * R - 1).bit_length() + 2


def _direction(queries: Floats, tokens: Floats, bits: int) -> Integers:
    """The first singular direction of keys, as queries see them; rounded."""
    keys = tokens - tokens.mean(axis=0)
    _, _, right = np.linalg.svd(queries @ keys.T, full_matrices=False)
    found = right[0] @ keys
    largest = float(np.abs(found).max())
    unit = (1 << (_DIRECTION_BITS + (bits - BITS) // 2)) / largest if largest > 0 else 0.0
    return np.array([round(value * unit) for value in found.tolist()], dtype=object)


def _along(keys: Integers, direction: Integers) -> Integers:
    """[t]: how far keys go along the direction, rounded, and moved so that none is negative."""
    square = int(direction @ direction)
    steps = [(2 * int(key @ direction) + square) // (2 * square) if square else 0 for key in keys]
    return np.array([step - min(steps) for step in steps], dtype=object)


def _taken_apart(keys: Integers, direction: Integers) -> Integers:
    """[t, j]: what keys are beside the direction, and last, along it."""
    along = _along(keys, direction)
    return _extended(keys - along[:, None] * direction, along)


def _extended(rows: Integers, last: Integers) -> Integers:
    return np.concatenate([rows, last[:, None]], axis=1)


@dataclass(frozen=True)
class KeyScores:
    """What the certificate says of the scores of a pool."""

    low: Integers
    """[t]: at most how far a key score lies below the top one; not increasing."""
    high: Integers
    """[t]: at least that, with what queries beside the centre and positions can add."""
    scales: tuple[int, ...]
    """By query: at least 1."""
    reach: int
    """What `high` has of that."""
    factors: Factors
    largest: int
    """Above every number that is in a lane of the certificate, with its bias."""


def key_scores(qk: QKFactors, plan: Plan, pooled: slice, factoring: Factoring) -> KeyScores:
    """Bounds for the queries of a pool. Raises UnsupportedError where their numbers do not fit into lanes."""
    found = [bound for bound in _candidates(qk, plan, pooled, factoring) if _fits(bound, plan)]
    if not found:
        raise UnsupportedError("queries and keys are too large for lanes: quantise the model to fewer bits")
    return min(found, key=lambda bound: min(bound.scales) * bound.reach)


def _fits(found: KeyScores, plan: Plan) -> bool:
    """Whether no number is too large for its lane."""
    bits = found.factors.bits
    envelope = int(max(found.low.max(), found.high.max())) < 1 << (2 * bits)
    return envelope and found.largest < 1 << bits and found.factors.top + found.reach < 1 << (plan.narrow - 1)


def _candidates(qk: QKFactors, plan: Plan, pooled: slice, factoring: Factoring) -> Iterator[KeyScores]:
    queries = qk.queries[pooled]
    if not factoring.scaled:
        yield _key_scores(qk, plan, queries, [1] * len(queries))
        return
    sizes = _sizes(queries[:, :-1].astype(np.float64), qk)
    for bits in _FINE_SCALE_BITS if factoring.recursive else _SCALE_BITS:
        largest = 1 << (bits + (qk.bits - BITS) // 2)
        yield _key_scores(qk, plan, queries, [max(1, round(size * largest)) for size in sizes])


def _sizes(queries: Floats, qk: QKFactors) -> list[float]:
    """By query: its part in the first singular direction of scores; the largest is 1."""
    direction = qk.direction.astype(np.float64)
    keys = qk.tokens[:, :-1].astype(np.float64) + qk.tokens[:, -1:].astype(np.float64) * direction
    left, _, _ = np.linalg.svd(queries @ (keys - keys.mean(axis=0)).T, full_matrices=False)
    sizes = left[:, 0] if left[:, 0].sum() >= 0 else -left[:, 0]
    largest = float(sizes.max())
    if largest <= 0:
        return [1.0] * len(queries)
    return [max(float(size) / largest, 1 / MAX_RATIO) for size in sizes]


def _key_scores(qk: QKFactors, plan: Plan, queries: Integers, scales: list[int]) -> KeyScores:
    """queries: [a, j]."""
    scale = np.array(scales, dtype=object)[:, None]
    low, high = (queries // scale).min(axis=0), (-(-queries // scale)).max(axis=0)
    centre = (low + high) // 2
    radius = (-(-abs(queries - scale * centre) // scale)).max(axis=0)
    tokens, positions = qk.tokens @ centre, qk.positions @ centre
    top, least, most = int(tokens.max()), int(positions.min()), int(positions.max())
    reach = int(radius @ qk.ranges.widths) + most - least
    bits, bias = qk.bits, 1 << (qk.bits - 1)
    inner = max(int(abs(rows).max()) for rows in (centre, qk.direction, *qk.ranges.rows))

    def biased(values: Integers) -> int:
        return pack(bits, [int(value) + bias for value in values])

    return KeyScores(
        low=np.minimum.accumulate(top - tokens),
        high=top + reach - tokens,
        scales=tuple(scales),
        reach=reach,
        largest=max(inner + bias, int(radius.max()), *scales, *qk.along),
        factors=Factors(
            bits=bits,
            centre=biased(centre),
            radius=pack(bits, radius.tolist()),
            direction=biased(qk.direction),
            along=pack(bits, qk.along),
            token_low=biased(qk.ranges.token_low),
            token_high=biased(qk.ranges.token_high),
            position_low=biased(qk.ranges.position_low),
            position_high=biased(qk.ranges.position_high),
            top=top + plan.quarter,
            least=least + plan.quarter,
            most=most + plan.quarter,
        ),
    )
