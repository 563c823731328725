"""Cubic proof of max-of-K by counts: classes by query and maximum, whole or by how often they hold the maximum.

A class that does not hold whole is taken apart by the number c of copies of the maximum m, and by how many of the g
tokens next below m it holds: for each c the certificate says up to which number n of them the inputs hold, and one
entry is for all c from which on every input holds. At most K comparisons of V outputs a class. Mirrors
`LeanBound.Strategies.CubicCounts`, in the same integers. Untrusted: a number too high makes Lean count fewer inputs
than claimed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import Counts, MaximumCertificate
from leanbound.strategies.cubic import class_count, require_few_classes, whole_classes
from leanbound.strategies.tables import Tables

#: The most tokens next below the maximum that are told from those below them.
MAX_NEAR = 4


def certify_parts(model: QuantisedModel, tables: Tables) -> Iterator[MaximumCertificate]:
    """For each maximum in turn, how many inputs are proved, and the numbers of the classes that do not hold whole.

    Raises UnsupportedError for too many classes.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    require_few_classes(V)
    holds = whole_classes(tables, V, K)
    for m in range(V):
        proved = sum(class_count(K, query, m) for query in range(m + 1) if holds[query, m])
        losses = _losses(tables, K, m)
        counts = []
        for query in range(m + 1):
            if K > 1 and not holds[query, m]:
                size, best = max(_by_counts(tables, K, query, losses), key=lambda found: found[0], default=(0, None))
                if best is not None and size:
                    proved += size
                    counts.append(best)
        yield MaximumCertificate(proved=proved, counts=tuple(counts))


@dataclass(frozen=True)
class _Losses:
    """What every output gains on output m before attention, at the worst position but the last, for all queries."""

    m: int
    tokens: Integers
    """[t, o], for t <= m"""
    below: Integers
    """[n, o]: the largest over the tokens below n, for n <= m"""


def _losses(tables: Tables, K: int, m: int) -> _Losses:
    OP, OE = tables.OP[: K - 1], tables.OE[: m + 1]
    lowest = np.full((1, OE.shape[1]), -(1 << tables.plan.r), dtype=object)
    position = np.concatenate([lowest, OP - OP[:, m, None]]).max(axis=0)
    tokens = OE - OE[:, m, None]
    below = np.maximum.accumulate(np.concatenate([lowest, tokens[:-1]]))
    return _Losses(m, position + tokens, position + below)


def _by_counts(tables: Tables, K: int, query: int, losses: _Losses) -> Iterator[tuple[int, Counts]]:
    """Sizes and certificates of a class, one for each number of near tokens; none where m itself may lose."""
    P, m = tables.plan.P, losses.m
    e, p = tables.eE[query], tables.eP[query]
    direct = tables.D[query] - tables.D[query, m]
    gain = ((e[m] * min(p[: K - 1])) >> P) * -(direct + losses.tokens[m])
    if (gain < 0).any():
        return
    largest = max(p[: K - 1])

    def unit(exponential: int, loss: Integers) -> Integers:
        """The most that one position loses, [o]; attention weights are rounded up."""
        weight = (exponential * largest + (1 << P) - 1) >> P
        found: Integers = weight * np.maximum(direct + loss, 0)
        return found

    last = ((e[query] * p[K - 1]) >> P) * (tables.D[query] + tables.OP[K - 1] + tables.OE[query])
    lead = last[m] - last - tables.slack(K)
    others = np.arange(len(lead)) != m
    for g in range(1, min(m, MAX_NEAR) + 1):
        far = unit(max(e[: m - g], default=0), losses.below[m - g])
        near = np.maximum.reduce([far, *(unit(e[t], losses.tokens[t]) for t in range(m - g, m))])
        columns = [column[others] for column in (lead, gain, far, near - far)]
        start = int(query != m)  # an input with another query must hold m before the last position
        allowed = [1 + _most(K - 1 - c, c, *columns) for c in range(start, K)]
        size = sum(_size(K, m, g, c, j - 1) for c, j in enumerate(allowed, start) if j)
        yield size, _shortened(query, g, start, K, allowed)


def _shortened(query: int, g: int, start: int, K: int, allowed: list[int]) -> Counts:
    """The certificate with one entry for all numbers of copies from which on every input holds."""
    full = [c for c, j in enumerate(allowed, start) if j == K - c]
    first = min(full, default=K)
    return Counts(query=query, near=g, rest=K - first, allowed=tuple(allowed[: first - start]))


def _most(free: int, c: int, lead: Integers, gain: Integers, far: Integers, more: Integers) -> int:
    """The largest n <= free with lead + c * gain - free * far - n * more >= 0 for all outputs, or -1."""
    room = lead + c * gain - free * far
    if (room < 0).any():
        return -1
    return min([free, *(int(x) // int(y) for x, y in zip(room, more, strict=True) if y)])


def _size(K: int, m: int, g: int, c: int, n: int) -> int:
    """How many sequences of K - 1 tokens up to m hold m exactly c times, and the g tokens below it at most n times."""
    free = K - 1 - c
    return comb(K - 1, c) * sum(comb(free, k) * int(g**k * (m - g) ** (free - k)) for k in range(min(n, free) + 1))
