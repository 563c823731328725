"""Cubic proof of max-of-K by counts: classes by query and maximum, whole or by how often they hold the maximum.

A class that does not hold whole is taken apart by the number c of copies of the maximum m and the number of copies of
its predecessor: for each c the certificate has the largest number n of predecessors at which the inputs still hold. At
most K comparisons of V outputs a class. Mirrors `LeanBound.Strategies.CubicCounts`, in the same integers. Untrusted: a
number too high makes Lean count fewer inputs than claimed.
"""

from collections.abc import Iterator
from math import comb

import numpy as np

from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import QueryCertificate, Split
from leanbound.strategies.cubic import class_count, require_few_classes, whole_classes
from leanbound.strategies.tables import Integers, Tables


def certify_queries(model: QuantisedModel, tables: Tables) -> Iterator[QueryCertificate]:
    """For each query in turn, how many inputs are proved, and the numbers of the classes that do not hold whole.

    Raises UnsupportedError for too many classes.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    require_few_classes(V)
    holds = whole_classes(tables, V, K)
    tokens = [_Tokens(tables, K, m) for m in range(V)]
    for query in range(V):
        proved = sum(class_count(K, query, m) for m in range(query, V) if holds[query, m])
        splits = []
        for m in range(max(query, 1), V):
            if not holds[query, m] and any(allowed := _allowed(tables, K, query, tokens[m])):
                proved += sum(_size(K, m, c, j - 1) for c, j in enumerate(allowed) if j)
                splits.append(Split(maximum=m, excluded=allowed))
        yield QueryCertificate(proved=proved, splits=tuple(splits))


class _Tokens:
    """What every output gains on output m, for all queries: [o], a position of the largest loss."""

    def __init__(self, tables: Tables, K: int, m: int) -> None:
        OP, OE = tables.OP[: K - 1], tables.OE
        self.m = m
        lowest = np.full(OE.shape[1], -(1 << tables.plan.r), dtype=object)
        position = (OP - OP[:, m, None]).max(axis=0) if K > 1 else lowest
        losses = OE[: m + 1] - OE[: m + 1, m, None]  # [t, o]
        self.own = position + losses[m]
        self.near = position + losses[m - 1]
        self.far = position + (losses[: m - 1].max(axis=0) if m > 1 else lowest)


def _allowed(tables: Tables, K: int, query: int, tokens: _Tokens) -> tuple[int, ...]:
    """[c]: one more than the number of predecessors allowed beside c copies of the maximum; 0 where none is."""
    P, m = tables.plan.P, tokens.m
    e, p = tables.eE[query], tables.eP[query]
    direct = tables.D[query] - tables.D[query, m]
    gain = ((int(e[m]) * min(p[: K - 1], default=1 << P)) >> P) * -(direct + tokens.own)
    if K < 2 or (gain < 0).any():
        return ()
    largest = max(p[: K - 1])
    far = _ceiling(max(e[: m - 1], default=0) * largest, P) * np.maximum(direct + tokens.far, 0)
    near = np.maximum(far, _ceiling(e[m - 1] * largest, P) * np.maximum(direct + tokens.near, 0))
    last = ((e[query] * p[K - 1]) >> P) * (tables.D[query] + tables.OP[K - 1] + tables.OE[query])
    lead = last[m] - last - tables.slack(K)
    others = np.arange(len(lead)) != m
    columns = [column[others] for column in (lead, gain, far, near - far)]
    allowed = [0 if c < (query != m) else 1 + _most(K - 1, c, *columns) for c in range(K)]
    while allowed and not allowed[-1]:
        allowed.pop()
    return tuple(allowed)


def _most(free: int, c: int, lead: Integers, gain: Integers, far: Integers, more: Integers) -> int:
    """The largest n <= free - c with lead + c * gain - (free - c) * far - n * more >= 0 for all outputs, or -1."""
    room = lead + c * gain - (free - c) * far
    if (room < 0).any():
        return -1
    return min([free - c, *(int(x // y) for x, y in zip(room, more, strict=True) if y)])


def _ceiling(product: int, P: int) -> int:
    return (product + (1 << P) - 1) >> P


def _size(K: int, m: int, c: int, n: int) -> int:
    """How many sequences of K - 1 tokens up to m hold m exactly c times, and m - 1 at most n times."""
    free = K - 1 - c
    return comb(K - 1, c) * sum(comb(free, k) * (m - 1) ** (free - k) for k in range(min(n, free) + 1))
