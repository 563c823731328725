"""Proof of max-of-K whose work is linear in the vocabulary: no circuit is multiplied out, and few maxima are looked at.

The result is a certificate and exactly the number of inputs that Lean will count; it mirrors
`LeanBound.Strategies.Linear`. Untrusted: Lean checks the bounds.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from leanbound.errors import InputError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies import tables as _tables
from leanbound.strategies.certificate import LogitFactors, Plan, PoolCertificate
from leanbound.strategies.factors import Factoring, KeyScores, QKFactors, key_scores, least_narrow
from leanbound.strategies.sub_cubic import MAX_GAP, PRECISION, key_rows, pool_count
from leanbound.strategies.tables import Tables, exp_neg, pack

#: Into how many pools the queries are divided, unless told otherwise: a number that does not grow with the vocabulary.
POOLS: Final = 16
#: How many of the largest tokens are looked at as maxima, unless told otherwise.
MAXIMA: Final = 8
#: Bits of a wide lane beyond those of a matrix product: sums of three rows and of what they must gain.
_HEADROOM: Final = 4


@dataclass(frozen=True)
class LogitParts:
    """What logits are made of, as exact integers at the scale of logits, but for the residual streams and `value`."""

    residual: Integers
    """[a, c]: residual streams before attention, with b_O."""
    unembed: Integers
    """[c, o]"""
    bias: Integers
    """[o]"""
    value: Integers
    """[c, o]: W_V W_O W_U."""
    embedding: Integers
    """[t, c]"""
    position: Integers
    """[i, o]: what a position adds."""

    @classmethod
    def of(cls, model: QuantisedModel) -> "LogitParts":
        """The parts of a model."""
        t = {tensor.name: np.array(tensor.ints, dtype=object) for tensor in model.tensors}
        shift = model["W_V"].frac + model["W_O"].frac
        woU = t["W_O"] @ t["W_U"]
        value = t["W_V"] @ woU
        return cls(
            residual=(t["W_E"] + t["W_pos"][-1]) * (1 << shift) + t["b_O"],
            unembed=t["W_U"],
            bias=t["b_U"][0],
            value=value,
            embedding=t["W_E"],
            position=t["W_pos"] @ value + t["b_V"] @ woU,
        )

    @property
    def bits(self) -> int:
        """Of a lane of the certificate, which holds these numbers with a bias."""
        largest = max(int(abs(rows).max()) for rows in (self.residual, self.unembed, self.value))
        return max(1, largest).bit_length() + 1


def build_tables(model: QuantisedModel, precision: int | None = None) -> Tables:
    """The tables of a model, in lanes that hold sums of three rows; nothing in the plan is about scores of a query."""
    parts = LogitParts.of(model)
    bias = max(1 << (tensor.width - 1) for tensor in model.tensors)
    centre = ((model.config.d_model + 1) * (bias << parts.bits) - 1).bit_length() + 2
    found = _tables.build_tables(model, precision or PRECISION, max(least_narrow(model), centre))
    width = max(found.plan.w, found.plan.e) + _HEADROOM
    return dataclasses.replace(found, plan=found.plan.model_copy(update={"w": width, "maxE": 0, "maxP": 0}))


def certify_parts(
    model: QuantisedModel, tables: Tables, pool: int | None = None, maxima: int = MAXIMA
) -> Iterator[PoolCertificate]:
    """For each pool in turn, how many inputs are proved, and the bounds that prove it.

    `pool`: consecutive queries that share a proof; a sixteenth of them by default. `maxima`: how many of the largest
    tokens are looked at as maxima. Raises InputError for an empty pool or no maxima.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    pool = -(-V // POOLS) if pool is None else pool
    for name, number in (("pool", pool), ("maxima", maxima)):
        if number < 1:
            raise InputError(f"{name} is {number}, expected at least 1")
    factoring = Factoring(scaled=True)
    parts, qk = LogitParts.of(model), QKFactors.of(model, factoring)
    for start in range(0, V, pool):
        queries = range(start, min(V, start + pool))
        pooled = slice(queries.start, queries.stop)
        scores = key_scores(qk, tables.plan, pooled, factoring)
        search = _Pool.of(parts, tables.plan, scores, pooled, range(max(0, V - maxima), V))
        gaps = search.gaps(queries, K)
        yield PoolCertificate(
            start=start,
            size=len(queries),
            proved=sum(pool_count(K, queries, m, m - gap) for m, gap in gaps.items()),
            attention=key_rows(scores, tables.plan).certificate(),
            spread=0,
            gaps=sum((gap + 1) << (4 * m) for m, gap in gaps.items()),
            factors=scores.factors,
            logits=search.certificate(),
        )


@dataclass(frozen=True)
class _Pool:
    """Bounds of the logits of a pool."""

    parts: LogitParts
    plan: Plan
    scores: KeyScores
    maxima: range
    centre: Integers
    """[c]: of the residual streams."""
    radius: Integers
    """[c]: how far they lie from it."""
    base: Integers
    """[i, o]: what the centre and a position add to a logit."""

    @classmethod
    def of(cls, parts: LogitParts, plan: Plan, scores: KeyScores, pooled: slice, maxima: range) -> "_Pool":
        rows = parts.residual[pooled]
        centre = (rows.min(axis=0) + rows.max(axis=0)) // 2
        radius = np.maximum(rows.max(axis=0) - centre, centre - rows.min(axis=0))
        return cls(parts, plan, scores, maxima, centre, radius, centre @ parts.unembed + parts.bias + parts.position)

    @property
    def loss(self) -> int:
        """At least what any output gains on a maximum by the centre and a position."""
        return max(int((self.base.max(axis=1) - self.base[:, m]).max()) for m in self.maxima)

    @property
    def direct_reach(self) -> int:
        """How far differences of logits of the direct path may lie from those of the centre."""
        return int(self.radius @ _range(self.parts.unembed))

    def gaps(self, queries: range, K: int) -> dict[int, int]:
        """By maximum, the least gap with which its class holds, where there is one that counts inputs."""
        reach, loss = self.direct_reach, self.loss
        lost = reach + self.plan.bias * int(_range(self.parts.value).sum()) + loss
        found = {}
        for m in self.maxima:
            gain = self._gain(m)
            for gap in range(min(MAX_GAP, m - 1) + 1):
                weight = self._weight(m, gap + 1, K)
                if weight is None or not pool_count(K, queries, m, m - gap):
                    continue
                needed = reach + ((weight * lost) >> self.plan.P) + 1
                if needed <= min(gain, 1 << (self.plan.w - 2)):
                    found[m] = gap
                    break
        return found

    def _gain(self, m: int) -> int:
        """What a copy of m gains on any other output, at least, but for queries beside the centre."""
        rows = self.base + self.parts.embedding[m] @ self.parts.value
        others = np.delete(rows, m, axis=1)
        return int((rows[:, m] - others.max(axis=1)).min())

    def _weight(self, m: int, j: int, K: int) -> int | None:
        """`LeanBound.relativeWeight` of tokens of m - j at most; None where nothing is known of it."""
        difference = min(self.scores.scales) * int(self.scores.low[m - j] - self.scores.high[m])
        if not 1 <= difference < 1 << len(self.plan.consts):
            return None
        return (K - 1) * (exp_neg(self.plan.P, self.plan.consts, difference) + self.plan.err)

    def certificate(self) -> LogitFactors:
        parts, bits = self.parts, self.parts.bits
        bias = 1 << (bits - 1)

        def biased(values: Integers) -> int:
            return pack(bits, [int(value) + bias for value in values])

        return LogitFactors(
            bits=bits,
            centre=biased(self.centre),
            radius=pack(bits, self.radius.tolist()),
            unembed_low=biased(parts.unembed.min(axis=1)),
            unembed_high=biased(parts.unembed.max(axis=1)),
            value_low=biased(parts.value.min(axis=1)),
            value_high=biased(parts.value.max(axis=1)),
            loss=self.loss,
        )


def _range(rows: Integers) -> Integers:
    """[c]: how far the entries of a row differ."""
    found: Integers = rows.max(axis=1) - rows.min(axis=1)
    return found
