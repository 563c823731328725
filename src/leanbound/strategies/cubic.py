"""Cubic proof of max-of-K: classes of inputs by query and maximum, whole where they hold, split where they do not.

The result is a certificate and exactly the number of inputs that Lean will count. Mirrors `LeanBound.Strategies.Cubic`.
Untrusted: a class that does not hold makes Lean count fewer inputs than claimed.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import MODULE_BITS, MaximumCertificate, Plan, Split, split_bits
from leanbound.strategies.tables import FLOAT_MARGIN, Tables, require_floats

T = TypeVar("T")

Pattern = tuple[bool, ...]
"""By free position 0 .. K - 2: does it hold the maximum?"""

#: Pairs of query and maximum: more would take Lean days.
MAX_CLASSES = 1 << 20
#: How classes are proved, and the comparisons that splitting may cost, at 2 ** (K - 1) patterns a class: the largest
#: classes are split first. Whole where they hold and split elsewhere; whole or not at all; or all of them split.
CLASSES = MappingProxyType({"whole+split": 4096, "whole": 0, "safe-sets": 1 << 15})


def patterns(n: int) -> Iterator[Pattern]:
    """All patterns of n positions."""
    return product((True, False), repeat=n)


def pattern_index(pattern: Pattern) -> int:
    """The number of a pattern: its bits, the first one highest."""
    index = 0
    for bit in pattern:
        index = 2 * index + bit
    return index


def certify_parts(model: QuantisedModel, tables: Tables, classes: str = "whole+split") -> Iterator[MaximumCertificate]:
    """For each maximum in turn, how many inputs are proved, and how the classes are split that do not hold whole.

    `classes`: a key of CLASSES. Raises InputError for another one, UnsupportedError for too many classes, or weights
    too precise for the float64 of the search.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    require_few_classes(V)
    require_floats(tables, K)
    if classes not in CLASSES:
        raise InputError(f"classes is {classes!r}, expected one of {', '.join(CLASSES)}")
    holds = np.zeros((V, V), dtype=np.bool_) if classes == "safe-sets" else whole_classes(tables, V, K)
    proved = [sum(class_count(K, query, m) for query in range(m + 1) if holds[query, m]) for m in range(V)]
    splits: list[list[Split]] = [[] for _ in range(V)]
    for query, maxima in _classes_to_split(holds, K, tables.plan, CLASSES[classes]).items():
        for m, size, numerals in _split(tables.weighted_rows(query), query, maxima, float(tables.slack(K))):
            # Lean takes a class whole that is not listed.
            if size or classes == "safe-sets":
                proved[m] += size
                splits[m].append(Split(query=query, excluded=numerals))
    for m in range(V):
        yield MaximumCertificate(proved=proved[m], splits=tuple(splits[m]))


# Whole classes


def require_few_classes(V: int) -> None:
    """Raise UnsupportedError for more pairs of query and maximum than MAX_CLASSES."""
    if V * V > MAX_CLASSES:
        raise UnsupportedError(
            f"cubic with V = {V} has V ** 2 = {V * V} classes, expected at most {MAX_CLASSES}: train on fewer tokens"
        )


def class_count(K: int, query: int, m: int) -> int:
    """How many inputs have this last token and this largest one."""
    return int((m + 1) ** (K - 1) - (m ** (K - 1) if m != query else 0))


def whole_classes(tables: Tables, V: int, K: int) -> NDArray[np.bool_]:
    """[query, m]: `LeanBound.whole`, in the same integers."""
    P, r, slack = tables.plan.P, tables.plan.r, tables.slack(K)
    D, OP, OE, e, p = tables.D, tables.OP, tables.OE, tables.eE, tables.eP
    # The weights of the last position, and sums and minima over the others.
    last = np.array([(e[a, a] * p[a, K - 1]) >> P for a in range(V)], dtype=object)
    total = p[:, : K - 1].sum(axis=1) if K > 1 else np.zeros(V, dtype=object)
    least = np.array([min(row[: K - 1], default=1 << P) for row in p], dtype=object)
    holds = np.zeros((V, V), dtype=np.bool_)
    largest = np.zeros(V, dtype=object)  # of e below m - 1
    for m in range(V):
        if m >= 2:
            largest = np.maximum(largest, e[:, m - 2])
        near = max(m - 1, 0)
        position = (OP[: K - 1] - OP[: K - 1, m, None]).max(axis=0) if K > 1 else -(1 << r)
        tokens = OE - OE[:, m, None]  # [t, o]
        far = tokens[:near].max(axis=0) if near else tokens[near] * 0 - (1 << r)
        a = np.arange(m + 1)
        base = D[a] - D[a, m, None] + position  # [a, o]
        gain = -(base + tokens[m])
        loss = np.maximum(
            _ceiling(e[a, near] * total[a], P)[:, None] * np.maximum(base + tokens[near], 0),
            _ceiling(largest[a] * total[a], P)[:, None] * np.maximum(base + far, 0),
        )
        own = last[a][:, None] * (D[a] + OP[K - 1] + OE[a])
        lead = ((e[a, m] * least[a]) >> P)[:, None] * gain
        lead[m] = 0
        lead = lead + own[:, m, None] - own - loss
        lead[:, m] = slack
        holds[a, m] = ((gain >= 0) & (lead >= slack)).all(axis=1)
    return holds


def _ceiling(products: Integers, P: int) -> Integers:
    rounded: Integers = (products + ((1 << P) - 1)) >> P
    return rounded


# Classes that do not hold whole


def _classes_to_split(holds: NDArray[np.bool_], K: int, plan: Plan, limit: int) -> Mapping[int, Sequence[int]]:
    """By query, in order, the maxima of the largest classes that do not hold.

    Of at most `limit` patterns together, and of one maximum no more than fit into the memory of one module.
    """
    V = len(holds)
    failed = [(query, m) for query in range(V) for m in range(query, V) if not holds[query, m]]
    failed.sort(key=lambda pair: -class_count(K, *pair))
    room = MODULE_BITS - plan.kept_bits(V) - V * V * plan.w
    most = max(0, room) // max(1, split_bits(V, K, plan.w))
    chosen: dict[int, list[int]] = {query: [] for query in range(V)}
    of_maximum = [0] * V
    for query, m in failed[: limit >> (K - 1)]:
        if of_maximum[m] < most:
            of_maximum[m] += 1
            chosen[query].append(m)
    return {query: sorted(maxima) for query, maxima in chosen.items() if maxima}


def _split(
    rows: NDArray[np.float64], query: int, maxima: Sequence[int], slack: float
) -> Iterator[tuple[int, int, tuple[int, ...]]]:
    """For each maximum, the inputs proved and the excluded tokens by pattern, as `LeanBound.slot` reads them."""
    K, V, _ = rows.shape
    free = rows[: K - 1]
    for m in maxima:
        proved = 0
        numerals = [0] * 2 ** (K - 1)
        for pattern in patterns(K - 1):
            if m != query and not any(pattern):
                continue
            fixed = rows[K - 1, query] + sum(
                (free[i, m] for i, held in enumerate(pattern) if held), np.zeros_like(rows[K - 1, query])
            )
            safe = _safe_tokens(slack, fixed, m, [free[i] for i, held in enumerate(pattern) if not held])
            size, numeral = _class(safe, V) if len(safe) else (int(_leads(slack, fixed, m)), 0)
            proved += size
            numerals[pattern_index(pattern)] = numeral
        yield m, proved, _trimmed(tuple(numerals))


def _safe_tokens(
    slack: float, fixed: NDArray[np.float64], m: int, free: list[NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """[free position, t < m]: n * (L t m - L t o) + (R m - R o) >= slack for every o except m; fixed: R [o]."""
    n = len(free)
    lead = fixed[m] - fixed - FLOAT_MARGIN * fixed.max()  # [o]
    lead[m] = np.inf
    safe = np.zeros((n, m), dtype=np.bool_)
    for index, row in enumerate(free):  # row: [t, o]
        lowered = row[:m] + FLOAT_MARGIN * row[:m].max(axis=1, keepdims=True)
        safe[index] = (n * (row[:m, m, None] - lowered) + lead >= slack).all(axis=1)
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
    """Without the zeros at the end."""
    while items and not items[-1]:
        items = items[:-1]
    return items
