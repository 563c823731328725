"""Every input of max-of-K, or the first part of them, each compared on its own.

Finds exactly the number of inputs that Lean will count. Mirrors `LeanBound.Strategies.Exhaustive`. Untrusted: a number
too high makes Lean refuse it.
"""

import math
import re
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import Part, QueryCertificate
from leanbound.strategies.shards import MAX_UNIT_BYTES, Work, query_parts
from leanbound.strategies.tables import FLOAT_MARGIN, Tables, require_floats

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

#: More inputs than this take Lean hours.
MAX_INPUTS = 1 << 26
#: Floats that are computed at a time.
_BLOCK_ENTRIES = 1 << 18


def certify_parts(model: QuantisedModel, tables: Tables, fraction: str = "1/1") -> Iterator[QueryCertificate]:
    """For each query in turn, how many inputs are right by more than the errors of the attention weights, part by part.

    `fraction`: how much of the inputs is checked, first queries and first tokens first; the others count as wrong.
    Raises UnsupportedError for more than MAX_INPUTS inputs to check, for parts that Lean has no memory for, or for
    weights too precise for the float64 of the search.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    part = _fraction(fraction)
    if part * V**K > MAX_INPUTS:
        raise UnsupportedError(
            f"exhaustive on {V} ** {K} = {V**K} inputs, expected at most {MAX_INPUTS}: "
            f"use the strategy cubic, or set the option fraction to 1/{math.ceil(Fraction(V**K, MAX_INPUTS))}"
        )
    require_floats(tables, K)
    work = Work(V, K, tables.plan.w)
    if (memory := work.memory(Part(units=1, proved=work.unit_inputs))) > MAX_UNIT_BYTES:
        raise UnsupportedError(
            f"exhaustive on {V} ** {K} inputs needs {memory >> 20} MiB for those of one query and one first token, "
            f"expected at most {MAX_UNIT_BYTES >> 20} MiB: use the strategy cubic, or fewer positions"
        )
    units_left = max(1, math.floor(part * V * V))
    for query in range(V):
        counts = _Query(tables, query, K).counts(min(V, units_left))
        units_left -= len(counts)
        parts = query_parts(work, [Part(units=1, proved=count) for count in counts])
        yield QueryCertificate(proved=sum(counts), parts=parts)


def _fraction(text: str) -> Fraction:
    found = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
    if found is None or not 0 < int(found[1]) <= int(found[2]):
        raise InputError(f"fraction is {text!r}; expected a positive fraction of at most one, such as 1/8")
    return Fraction(text)


class _Query:
    """The inputs with one last token."""

    def __init__(self, tables: Tables, query: int, K: int) -> None:
        self._tables = tables
        self._query = query
        self._K = K
        self._slack = tables.slack(K)
        rows = tables.weighted_rows(query)
        self._last: Floats = rows[K - 1, query]
        self._free: Floats = rows[: K - 1]  # [i, t, o]
        self._exact: Integers | None = None

    def counts(self, tokens: int) -> list[int]:
        """By first token below `tokens`, how many inputs are right; without a token before the query, it is token 0."""
        largest, index = np.array([self._query]), np.zeros(1, dtype=np.int64)
        if self._K == 1:
            return [self._right(self._last[None], largest, index, 0), *[0] * (tokens - 1)][:tokens]
        sums = self._last + self._free[0]  # [first token, o]
        return [self._right(sums[t : t + 1], np.maximum(largest, t), index + t, 1) for t in range(tokens)]

    def _right(self, sums: Floats, largest: Indices, index: Indices, i: int) -> int:
        """How many inputs are right, over all tokens of the positions from i on.

        sums: [prefix, o], of the rows of the prefix; largest: [prefix]; index: [prefix], its tokens, digits in base V.
        """
        if i == self._K - 1:
            return self._leading(sums, largest, index)
        V = sums.shape[1]
        right = 0
        step = max(1, _BLOCK_ENTRIES // (V * V))
        for start in range(0, len(sums), step):
            block = slice(start, start + step)
            right += self._right(
                (sums[block, None, :] + self._free[i]).reshape(-1, V),
                np.maximum(largest[block, None], np.arange(V)).reshape(-1),
                (index[block, None] * V + np.arange(V)).reshape(-1),
                i + 1,
            )
        return right

    def _leading(self, sums: Floats, largest: Indices, index: Indices) -> int:
        """How many inputs have their largest token in the lead by the slack; integers decide where floats cannot."""
        every = np.arange(len(sums))
        own = sums[every, largest]
        others = sums.copy()
        others[every, largest] = -np.inf
        best = others.max(axis=1)
        excess = own - best - float(self._slack)
        unsure = np.abs(excess) <= FLOAT_MARGIN * (np.maximum(own, best) + self._slack)
        right = int(np.count_nonzero((excess > 0) & ~unsure))
        return right + sum(self._is_right(int(number)) for number in index[unsure])

    def _is_right(self, number: int) -> bool:
        """Whether one input leads by the slack, in the checker's integers; `number`: its tokens, digits in base V."""
        if self._exact is None:
            self._exact = self._tables.exact_rows(self._query)
        V = self._exact.shape[1]
        tokens = [self._query]
        for _ in range(self._K - 1):
            tokens.insert(0, number % V)
            number //= V
        total = sum(self._exact[i, t] for i, t in enumerate(tokens))
        return bool((total[max(tokens)] - np.delete(total, max(tokens)) >= self._slack).all())
