"""Sub-cubic proof of max-of-K: pools of queries, one comparison for each pool and maximum.

The result is a certificate and exactly the number of inputs that Lean will count; it mirrors
`LeanBound.Strategies.SubCubic`. Untrusted: floats suggest the directions of rank one and the shifts, the rows around
them are exact, and Lean checks them.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies import tables as _tables
from leanbound.strategies.certificate import EmbeddingRanges, Envelope, Factors, Plan, PoolCertificate
from leanbound.strategies.factors import MAX_RATIO, Factoring, KeyScores, QKFactors, key_scores, least_narrow
from leanbound.strategies.key_ranges import embedding_ranges
from leanbound.strategies.tables import Tables, exp_neg, pack

#: Bits of an exponential, unless told otherwise: it bounds attention relative to that to the maximum.
PRECISION: Final = 24
#: Of a lane of an envelope: finer rows only make certificates longer.
ENVELOPE_BITS: Final = 20
#: The largest gap that is tried; a digit of a certificate holds up to 14.
MAX_GAP: Final = 14
#: Queries of a pool, unless told otherwise.
POOL: Final = 8

Direction = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From the rows of a circuit, [a, t], to scales [a] and a row [t]: near their product, but for a shift a query."""


def build_tables(model: QuantisedModel, precision: int | None = None) -> Tables:
    """The tables of a model, in lanes that also hold a rounded exponential times a loss."""
    found = _tables.build_tables(model, precision or PRECISION, least_narrow(model))
    plan = found.plan.model_copy(update={"w": max(found.plan.w, found.plan.e) + 3})
    return dataclasses.replace(found, plan=plan)


def certify_parts(
    model: QuantisedModel,
    tables: Tables,
    pool: int = POOL,
    attention: str = "svd+max_diff_exact",
    direct: str = "mean_query+max_diff_exact",
) -> Iterator[PoolCertificate | EmbeddingRanges]:
    """For each pool in turn, how many inputs are proved, and the bounds that prove it; first, what all pools use.

    `pool`: consecutive queries that share a proof; the last pool may be smaller.
    `attention`, `direct`: how the QK circuit and the path from embedding to unembedding are bounded.
    Raises InputError for an unknown name or an empty pool.
    """
    if pool < 1:
        raise InputError(f"pool is {pool}, expected at least 1 query")
    eu = _handling("direct", direct, DIRECT)
    bound_scores = _score_bounds(model, tables, attention)
    if attention in FACTORED and FACTORED[attention].recursive:
        yield embedding_ranges(model, tables.plan.bias)
    V, K = model.config.d_vocab, model.config.n_ctx
    losses = _Losses.of(tables, K)
    for start in range(0, V, pool):
        queries = range(start, min(V, start + pool))
        pooled = slice(queries.start, queries.stop)
        scores = bound_scores(pooled)
        path = _fitting_envelope(tables, tables.D[pooled], eu, tables.plan.r + 2, decreasing=False)
        gaps = _gaps(tables, losses, scores, path, queries)
        yield PoolCertificate(
            start=start,
            size=len(queries),
            proved=sum(pool_count(K, queries, m, m - gap) for m, gap in gaps.items()),
            attention=scores.rows.certificate(),
            spread=scores.spread,
            direct=path.certificate(),
            gaps=sum((gap + 1) << (4 * m) for m, gap in gaps.items()),
            factors=scores.factors,
        )


def pool_count(K: int, queries: range, m: int, s: int) -> int:
    """`LeanBound.poolCount`: inputs with a query of the pool, the largest token m, and others below s."""
    below = max(0, min(queries.stop, s) - queries.start)
    return int(below * ((s + 1) ** (K - 1) - s ** (K - 1)) + (m in queries) * (s + 1) ** (K - 1))


# Envelopes


@dataclass(frozen=True)
class Handling:
    """How a circuit is bounded."""

    direction: Direction
    by_token: bool
    """Whether what lies beside the direction is bounded for each token, or by its largest difference."""


def _singular(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first singular vectors of the centred rows, with positive scales, the least of them 1."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    scales = left[:, 0] * sizes[0]
    if scales.sum() < 0:
        scales, right = -scales, -right
    largest = scales.max()
    if largest <= 0:
        return _mean(rows)
    scales = np.maximum(scales, largest / MAX_RATIO)
    return scales / scales.min(), right[0] * scales.min()


def _mean(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.ones(len(rows)), centred.mean(axis=0)


def _none(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.ones(len(rows)), np.zeros(rows.shape[1])


_DIRECTIONS: Final[Mapping[str, Direction]] = {"": _none, "mean_query+": _mean, "svd_query+": _singular}
#: Of the path from embedding to unembedding, by published names.
DIRECT: Final[Mapping[str, Handling]] = MappingProxyType(
    {
        f"{direction}max_diff{exact}": Handling(found, bool(exact))
        for direction, found in _DIRECTIONS.items()
        for exact in ("", "_exact")
    }
)
#: Of the QK circuit, by published names, where it is multiplied out.
ATTENTION: Final[Mapping[str, Handling]] = MappingProxyType(
    {
        f"{direction}max_diff{exact}": Handling(found, bool(exact))
        for direction, found in {"": _none, "mean+": _mean, "svd+": _singular}.items()
        for exact in ("", "_exact")
    }
)


#: The same where it is not: whether queries and keys have a direction that is taken apart.
FACTORED: Final[Mapping[str, Factoring]] = MappingProxyType(
    {
        "mean+max_diff_subproduct": Factoring(scaled=False),
        "svd+max_diff_subproduct": Factoring(scaled=True),
        "svd+max_diff_subproduct_recursive": Factoring(scaled=True, recursive=True),
    }
)


def _handling(option: str, name: str, known: Mapping[str, Handling], *others: str) -> Handling:
    if name not in known:
        raise InputError(f"{option} is {name!r}, expected one of {', '.join((*known, *others))}")
    return known[name]


# Scores


@dataclass(frozen=True)
class _ScoreBounds:
    """What a certificate says of the scores of a pool."""

    rows: "Rows"
    """How far token scores lie below a top one."""
    spread: int
    """At least the difference of two position scores of a query, as far as the rows leave it out."""
    factors: Factors | None = None


def _score_bounds(model: QuantisedModel, tables: Tables, attention: str) -> Callable[[slice], _ScoreBounds]:
    """From the queries of a pool to bounds of their scores."""
    if (factoring := FACTORED.get(attention)) is not None:
        qk = QKFactors.of(model, factoring)
        return lambda pooled: _factored(qk, tables, pooled, factoring)
    handling = _handling("attention", attention, ATTENTION, *FACTORED)
    return lambda pooled: _ScoreBounds(
        _fitting_envelope(tables, tables.uE[pooled], handling, tables.plan.w - 2, decreasing=True),
        spread=int(tables.uP[pooled].max()),
    )


def _factored(qk: QKFactors, tables: Tables, pooled: slice, factoring: Factoring) -> _ScoreBounds:
    found = key_scores(qk, tables.plan, pooled, factoring)
    return _ScoreBounds(key_rows(found, tables.plan), spread=0, factors=found.factors)


def key_rows(found: KeyScores, plan: Plan) -> "Rows":
    """The envelope of key scores. Raises UnsupportedError where it does not fit into lanes."""
    rows = Rows(found.low, found.high, found.scales, (0,) * len(found.scales))
    if max(rows.scales) << rows.bits > 1 << (plan.w - 2):
        raise UnsupportedError("scores are too large for lanes: quantise the model to fewer bits")
    return rows


@dataclass(frozen=True)
class Rows:
    """`LeanBound.Envelope`, unpacked."""

    low: Integers
    """[t]"""
    high: Integers
    """[t]"""
    scales: tuple[int, ...]
    shifts: tuple[int, ...]

    @property
    def bits(self) -> int:
        return max(1, int(max(self.low.max(), self.high.max())).bit_length())

    def certificate(self) -> Envelope:
        return Envelope(
            bits=self.bits,
            low=pack(self.bits, self.low.tolist()),
            high=pack(self.bits, self.high.tolist()),
            queries=tuple(zip(self.scales, self.shifts, strict=True)),
        )


def _envelope(rows: Integers, handling: Handling, decreasing: bool) -> Rows:
    """Bounds of the rows of a circuit, [a, t], of about ENVELOPE_BITS bits; `decreasing`: `low` does not increase."""
    unit = max(0, int(rows.max()).bit_length() - ENVELOPE_BITS)
    floats = (rows / (1 << unit)).astype(np.float64)
    factors, direction = handling.direction(floats)
    scales = [max(1, round(float(factor) * (1 << unit))) for factor in factors]
    beside = floats - factors[:, None] * direction
    offsets = beside.mean(axis=1) if handling.by_token else beside.min(axis=1)
    # What the rows become after their shifts: the direction plus a constant, large enough for natural numbers.
    base = max(float((offsets / factors).max()), -float(direction.min())) + 1
    shifts = [
        max(0, round((factor * base - offset) * (1 << unit)))
        for factor, offset in zip(factors.tolist(), offsets.tolist(), strict=True)
    ]
    shifted = rows + np.array(shifts, dtype=object)[:, None]
    scale = np.array(scales, dtype=object)[:, None]
    low, high = (shifted // scale).min(axis=0), (-(-shifted // scale)).max(axis=0)
    if not handling.by_token:
        row = np.array([round(value + base) for value in direction.tolist()], dtype=object)
        low, high = row - max(row - low), row + max(high - row)
        lift = max(0, -int(low.min()))
        # A constant more in both rows is a shift more of each query, by its scale.
        low, high = low + lift, high + lift
        shifts = [shift + lift * s for shift, s in zip(shifts, scales, strict=True)]
    if decreasing:
        low = np.minimum.accumulate(low)
    return Rows(low, high, tuple(scales), tuple(int(shift) for shift in shifts))


def _fitting_envelope(tables: Tables, rows: Integers, handling: Handling, limit: int, decreasing: bool) -> Rows:
    """An envelope below 2 ** limit: without a direction of its own where that makes it too large.

    Raises UnsupportedError when the rows are too large for lanes all the same.
    """
    for found in (handling, dataclasses.replace(handling, direction=_mean)):
        envelope = _envelope(rows, found, decreasing)
        if max(envelope.scales) << envelope.bits <= 1 << limit and max(envelope.shifts) <= 1 << (tables.plan.w - 2):
            return envelope
    raise UnsupportedError("queries of a pool differ by too much: set the option pool to fewer queries")


# Classes


@dataclass(frozen=True)
class _Losses:
    """What output o gains on output m, at most, in the exact integers of the checker less its biases."""

    position: Integers
    """[m, o], at any position."""
    token: Integers
    """[t, m, o], with token t."""
    any_token: Integers
    """[n, m, o], with any token below n: the outputs are bounded apart."""

    @classmethod
    def of(cls, tables: Tables, K: int) -> "_Losses":
        OE, OP = tables.OE, tables.OP
        V = len(OE)
        position = (OP[:K, None, :] - OP[:K, :, None]).max(axis=0)
        most = np.concatenate([np.zeros((1, V), dtype=object), np.maximum.accumulate(OE, axis=0)])
        least = np.concatenate([np.full((1, V), 1 << tables.plan.r, dtype=object), np.minimum.accumulate(OE, axis=0)])
        return cls(
            position=position,
            token=OE[:, None, :] - OE[:, :, None],
            any_token=most[:, None, :] - least[:, :, None],
        )


def _gaps(tables: Tables, losses: _Losses, scores: _ScoreBounds, direct: Rows, queries: range) -> dict[int, int]:
    """By maximum, the least gap with which its class holds, where there is one that counts inputs."""
    V, K = losses.position.shape[0], tables.OP.shape[0]
    base = losses.position + _direct_losses(direct)  # [m, o]
    found: dict[int, int] = {}
    for gap in range(MAX_GAP + 1):
        maxima = [m for m in range(gap + 2, V) if m not in found and pool_count(K, queries, m, m - gap)]
        for m in maxima:
            if _holds(tables, losses, base[m], scores, m, gap):
                found[m] = gap
    return dict(sorted(found.items()))


def _direct_losses(direct: Rows) -> Integers:
    """[m, o]: what output o gains on output m in the direct path, at most."""
    difference = direct.high[None, :] - direct.low[:, None]
    losses: Integers = max(direct.scales) * np.maximum(difference, 0) - min(direct.scales) * np.maximum(-difference, 0)
    return losses


def _holds(tables: Tables, losses: _Losses, base: Integers, scores: _ScoreBounds, m: int, gap: int) -> bool:
    """`LeanBound.classHolds`; base: [o]."""
    P, K = tables.plan.P, tables.OP.shape[0]
    rows, near = scores.rows, m - 1 - gap
    weights = []
    for t in (near, near - 1):
        difference = min(rows.scales) * max(0, rows.low[t] - rows.high[m]) - scores.spread
        if not 1 <= difference < 1 << len(tables.plan.consts):
            return False
        weights.append((K - 1) * (exp_neg(P, tables.plan.consts, difference) + tables.plan.err))
    gain = -(base + losses.token[m, m])
    lost = np.maximum(
        weights[0] * np.maximum(base + losses.token[near, m], 0),
        weights[1] * np.maximum(base + losses.any_token[near, m], 0),
    )
    enough = (gain >= 0) & (lost < (gain << P))
    enough[m] = True
    return bool(enough.all())
