"""Cubic proof of max-of-K: classes of inputs by query, maximum and the positions that hold it.

Work V ** 3 a query, vectorised; the result is a certificate and exactly the number of inputs that Lean will count.
Mirrors `LeanBound.Strategies.Cubic`. Untrusted: a class that does not hold makes Lean count fewer inputs than claimed.
"""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import UnsupportedError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import QueryCertificate, Tables
from leanbound.strategies.tables import Integers, attention_weights, logit_lanes

T = TypeVar("T")

Pattern = tuple[bool, ...]
"""By free position 0 .. K - 2: does it hold the maximum?"""

#: Float comparisons must clear the slack by this much of what is compared; rounding errors are far below it.
FLOAT_MARGIN = 2.0**-44


#: Classes of all queries: more would take Lean days.
MAX_CLASSES = 1 << 20
#: Sums of rows must stay inside the range of float64.
MAX_SUM_BITS = 1000


def patterns(n: int) -> Iterator[Pattern]:
    """All patterns of n positions."""
    return product((True, False), repeat=n)


def pattern_index(pattern: Pattern) -> int:
    """The number of a pattern: its bits, the first one highest."""
    index = 0
    for bit in pattern:
        index = 2 * index + bit
    return index


def certify_queries(model: QuantisedModel, tables: Tables) -> Iterator[QueryCertificate]:
    """For each query in turn, the classes that hold, and the tokens to exclude from those that hold in part.

    Raises UnsupportedError for too many classes, or weights too precise for the float64 of the search.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    if V * V * 2 ** (K - 1) > MAX_CLASSES:
        raise UnsupportedError(
            f"cubic with V = {V}, K = {K} has V ** 2 * 2 ** (K - 1) = {V * V * 2 ** (K - 1)} classes, "
            f"expected at most {MAX_CLASSES}: train on fewer tokens or shorter sequences"
        )
    if (bits := (K * tables.top).bit_length()) > MAX_SUM_BITS:
        raise UnsupportedError(
            f"precision is {tables.P}, which makes sums of {bits} bits, expected at most {MAX_SUM_BITS}: "
            f"set the option precision to {tables.P - bits + MAX_SUM_BITS} or less"
        )
    lanes = logit_lanes(tables, V)
    for query in range(V):
        rows = _weighted_rows(lanes, attention_weights(tables, query, V, K), query)
        yield _certify_query(rows, query, float(tables.slack(K)))


def _certify_query(rows: NDArray[np.float64], query: int, slack: float) -> QueryCertificate:
    K, V, _ = rows.shape
    free = rows[: K - 1]
    last = rows[K - 1, query]
    proved = 0
    numerals = [[0] * 2 ** (K - 1) for _ in range(V - query)]
    for pattern in patterns(K - 1):
        fixed = last + sum((free[i] for i, held in enumerate(pattern) if held), np.zeros_like(last))  # [m, o] or [o]
        fixed = np.broadcast_to(fixed, (V, V))
        safe = _safe_tokens(slack, fixed, [free[i] for i, held in enumerate(pattern) if not held])
        for m in range(query, V):
            if m != query and not any(pattern):
                continue
            size, numeral = _class(safe[:, m, :m], V) if len(safe) else (int(_leads(slack, fixed[m], m)), 0)
            proved += size
            numerals[m - query][pattern_index(pattern)] = numeral
    return QueryCertificate(proved=proved, excluded=_trimmed(tuple(_trimmed(tuple(row)) for row in numerals)))


def _weighted_rows(lanes: tuple[Integers, Integers, Integers], weights: Integers, query: int) -> NDArray[np.float64]:
    """[i, t, o]: attention weight times logit contributions."""
    D, OP, OE = lanes
    logits = (D[query] + OP)[:, None, :] + OE[None, :, :]
    rows: NDArray[np.float64] = weights.astype(np.float64)[:, :, None] * logits.astype(np.float64)
    return rows


def _safe_tokens(slack: float, fixed: NDArray[np.float64], free: list[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """[free position, m, t]: n * (L t m - L t o) + (R m - R o) >= slack for every o except m."""
    V, n = len(fixed), len(free)
    right = np.diagonal(fixed)[:, None]  # R m, by m
    lead = right - fixed - FLOAT_MARGIN * fixed.max(axis=1, keepdims=True)  # [m, o]
    np.fill_diagonal(lead, np.inf)
    safe = np.zeros((n, V, V), dtype=np.bool_)
    for index, row in enumerate(free):  # row: [t, o]
        lowered = row + FLOAT_MARGIN * row.max(axis=1, keepdims=True)
        for m in range(V):
            gap = n * (row[:m, m, None] - lowered[:m]) + lead[m]
            safe[index, m, :m] = (gap >= slack).all(axis=1)
    return safe


def _class(safe: NDArray[np.bool_], V: int) -> tuple[int, int]:
    """Size and numeral of a class with free positions; safe: [free position, t] for t < m."""
    size = prod(int(count) for count in safe.sum(axis=1))
    if not size:
        return 0, V + 1
    digits: list[int] = []
    for row in safe:
        digits += [int(t) + 1 for t in np.flatnonzero(~row)]
        digits.append(0)
    numeral = 0
    for digit in reversed(digits):
        numeral = numeral * (V + 2) + digit
    return size, numeral


def _leads(slack: float, row: NDArray[np.float64], m: int) -> bool:
    others = np.delete(row, m)
    return bool((row[m] - others - FLOAT_MARGIN * row.max() >= slack).all())


def _trimmed(items: tuple[T, ...]) -> tuple[T, ...]:
    """Without the zeros or empty tuples at the end."""
    while items and not items[-1]:
        items = items[:-1]
    return items
