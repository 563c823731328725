"""Outputs that attention never gives, after prefixes of any length: mixtures of other outputs that are ahead of them.

A logit is a mean over positions with the attention as weights. A mixture of outputs whose mean is ahead of output o
with the query, every token and at every position is ahead wherever the attention goes, so that o is never the output.
Where there is no such mixture, the best answer to all of them is a weighting of tokens under which o leads, and a
prefix that repeats these tokens is a counterexample (`leanbound.strategies.prefixes`).
Mirrors `LeanBound.Strategies.Convexity`. Untrusted: Lean refuses a mixture that is not ahead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from leanbound.claims.properties import require_tokens
from leanbound.errors import InconclusiveError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.game import Gaps, solve
from leanbound.strategies.never_certificate import Excluded, Mixture, NeverCertificate
from leanbound.strategies.prefixes import find_prefix
from leanbound.strategies.refuted import RefutedError
from leanbound.strategies.tables import Tables, build_tables

#: Weights of a mixture are integers that add up to about this, the coarsest that will do.
TOTALS: Final = (1, 16, 256, 4096, 65536)
#: No exponential is computed: as few bits of attention weights as a plan can have.
_PRECISION: Final = 8


def certify_never(
    model: QuantisedModel, queries: Sequence[int], tokens: Sequence[int], outputs: Sequence[int]
) -> NeverCertificate:
    """Mixtures for every output and query.

    Raises RefutedError with a prefix after which an output is given, InconclusiveError where neither is found, and
    InputError for numbers that are no tokens.
    """
    for name, numbers in (("queries", queries), ("tokens", tokens), ("outputs", outputs)):
        require_tokens(name, numbers, model.config.d_vocab)
    tables = build_tables(model, _PRECISION)
    found = {o: list(_mixtures(model, tables, o, queries, tokens)) for o in outputs}
    most = max(sum(weight for _, weight in item.weights) for items in found.values() for item in items)
    bits = tables.plan.narrow + 1 + most.bit_length() + 2
    return NeverCertificate(
        model_digest=model.digest,
        plan=tables.plan,
        queries=tuple(queries),
        tokens=tuple(tokens),
        bits=bits,
        excluded=tuple(
            Excluded(output=o, mixtures=tuple(item.certificate(bits) for item in items)) for o, items in found.items()
        ),
    )


@dataclass(frozen=True)
class _Found:
    """A mixture, and by how much it is ahead with each token and at each position, at least."""

    weights: tuple[tuple[int, int], ...]
    token: int
    position: int

    def certificate(self, bits: int) -> Mixture:
        half = 1 << (bits - 1)
        return Mixture(weights=self.weights, token=half - self.token, position=half - self.position)


@dataclass(frozen=True)
class _Exact:
    """What queries, tokens and positions put each output ahead of one by, in integers: [row, output]."""

    direct: Integers
    tokens: Integers
    own: Integers
    """By query: at full attention to itself, without its position."""
    positions: Integers

    def settled(self, weights: Sequence[tuple[int, int]]) -> tuple[_Found, NDArray[np.bool_]]:
        """The mixture, and for which queries it is ahead: `LeanBound.Plan.settled`."""
        direct, tokens, own, positions = (
            sum(weight * gaps[:, o] for o, weight in weights)
            for gaps in (self.direct, self.tokens, self.own, self.positions)
        )
        position = int(min(positions))
        token = int(min(tokens))
        ahead = (direct + token + position > 0) & (own + position > 0)
        return _Found(tuple(weights), token, position), np.array(ahead, dtype=bool)


def _mixtures(
    model: QuantisedModel, tables: Tables, o: int, queries: Sequence[int], tokens: Sequence[int]
) -> Iterator[_Found]:
    """Mixtures that are ahead of `o`, each for as many queries as it can be, until they are for all."""
    gaps = {name: rows - rows[:, [o]] for name, rows in (("D", tables.D), ("OE", tables.OE), ("OP", tables.OP))}
    left = np.array(queries)
    while len(left):
        exact = _Exact(gaps["D"][left], gaps["OE"][list(tokens)], gaps["D"][left] + gaps["OE"][left], gaps["OP"])
        found, ahead = _best(exact, o)
        if found is None or not ahead.any():
            _refute(model, exact, o, left.tolist(), tokens)
        yield found
        left = left[~ahead]


def _refute(model: QuantisedModel, exact: _Exact, o: int, queries: Sequence[int], tokens: Sequence[int]) -> NoReturn:
    """Raise RefutedError with a prefix after which one of the queries is answered by `o`, or else InconclusiveError."""
    for row, query in enumerate(queries):
        wanted = solve(_floats(exact, slice(row, row + 1), o)).tokens
        if (example := find_prefix(model, query, tokens, o, wanted)) is not None:
            raise RefutedError(example)
    raise InconclusiveError(
        f"output {o} after query {queries[0]}: neither a mixture of outputs that is ahead of it was found, nor a "
        "prefix after which it is given. Claim it of fewer tokens or queries."
    )


def _best(exact: _Exact, o: int) -> tuple[_Found | None, NDArray[np.bool_]]:
    """The mixture for the most queries, of single outputs and of what the game of all queries, then of one, gives."""
    best: tuple[_Found | None, NDArray[np.bool_]] = (None, np.zeros(len(exact.direct), dtype=bool))
    for weights in _candidates(exact, o):
        found, ahead = exact.settled(weights)
        if ahead.sum() > best[1].sum():
            best = (found, ahead)
        if best[1].all():
            break
    return best


def _candidates(exact: _Exact, o: int) -> Iterator[list[tuple[int, int]]]:
    for y in range(exact.direct.shape[1]):
        if y != o:
            yield [(y, 1)]
    for rows in (slice(None), slice(0, 1)):
        mixture = solve(_floats(exact, rows, o)).outputs
        for total in TOTALS[1:]:
            weights = np.rint(mixture * total).astype(int)
            yield [(int(y), int(weights[y])) for y in np.flatnonzero(weights) if y != o]


def _floats(exact: _Exact, rows: slice, o: int) -> Gaps:
    """The gaps as floats, for some of the queries; queries count as tokens too, and `o` is no help against itself."""
    direct, own, positions = exact.direct[rows], exact.own[rows], exact.positions
    tokens = np.concatenate([exact.tokens, own - direct])
    scale = float(max(1, *(abs(part).max() for part in (direct, tokens, positions))))
    parts = [part.astype(np.float64) / scale for part in (direct, tokens, positions)]
    for part in parts:
        part[:, o] = -1
    return Gaps(*parts)
