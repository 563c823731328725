"""What the strategies for max-of-K share: tables, queries or pools of them, and how Lean's modules divide these.

Imports no numpy until a certificate is asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from leanbound.claims.properties import Failures, max_of_k
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.rendering.lean_source import natural
from leanbound.strategies.base import Proof, Strategy
from leanbound.strategies.certificate import (
    MODULE_BITS,
    Certificate,
    Counts,
    EmbeddingRanges,
    Envelope,
    MaximumCertificate,
    PoolCertificate,
    QueryCertificate,
    Split,
    split_bits,
)
from leanbound.strategies.shards import Theorem, theorems

MAX_QUERIES_PER_MODULE: Final = 32
#: Enough to share what all maxima use, few enough to run side by side.
MAX_MAXIMA_PER_MODULE: Final = 32
#: Enough to share what all pools use, few enough to fit into memory.
MAX_POOLS_PER_MODULE: Final = 32
#: Checked by one theorem, which evaluates once what they share: the tables; few enough to fit into memory.
POOLS_PER_THEOREM: Final = 16

Search = Callable[..., Iterator[MaximumCertificate | QueryCertificate | PoolCertificate | EmbeddingRanges]]
"""From a model, its tables and the options of the strategy, by name, to the parts of a certificate."""


@dataclass(frozen=True)
class Share:
    """What one Lean module checks: consecutive maxima, or queries, or pools of queries."""

    start: int
    """The first maximum or query."""
    maxima: Sequence[MaximumCertificate] = ()
    queries: Sequence[QueryCertificate] = ()
    pools: Sequence[PoolCertificate] = ()


@dataclass(frozen=True)
class MaxOfKStrategy(Strategy):
    """A way to prove a bound on the accuracy of max-of-K."""

    architecture = "attention-only"

    options: tuple[str, ...] = ("precision",)
    module: str = ""
    """Where `certify_parts` is, which finds the certificates of all maxima, queries, or pools."""
    module_inputs: int | None = None
    """At most this many inputs are checked in one Lean module, where the work grows with the inputs."""
    partial: bool = False
    """Whether it may leave queries unchecked, the last ones."""
    tables: str = "leanbound.strategies.tables"
    """The module whose `build_tables` makes the tables."""

    def search(
        self, model: QuantisedModel, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> Certificate:
        from tqdm import tqdm

        from leanbound.strategies.tables import MAX_PRECISION

        own = dict(options)
        precision = own.pop("precision", None)
        if precision is not None and not 8 <= precision <= MAX_PRECISION:
            raise InputError(f"precision is {precision}; expected 8 to {MAX_PRECISION} bits")
        tables = import_module(self.tables).build_tables(model, precision)
        certify_parts: Search = import_module(self.module).certify_parts
        found = certify_parts(model, tables, **own)
        parts = list(tqdm(found, desc=f"{self.name} certificate", unit="part", disable=not progress, leave=False))
        return Certificate(
            strategy=self.name,
            model_digest=model.digest,
            inputs=model.config.d_vocab**model.config.n_ctx,
            plan=tables.plan,
            maxima=tuple(part for part in parts if isinstance(part, MaximumCertificate)),
            queries=tuple(part for part in parts if isinstance(part, QueryCertificate)),
            pools=tuple(part for part in parts if isinstance(part, PoolCertificate)),
            embeddings=next((part for part in parts if isinstance(part, EmbeddingRanges)), None),
        )

    def load(self, path: Path) -> Certificate:
        return Certificate.load(path)

    def question(self, certificate: Certificate) -> Property:
        return max_of_k(1)

    def proof(self, model: QuantisedModel, certificate: Certificate) -> Proof:
        from leanbound.rendering.templating import Page

        name = "Maxima" if certificate.maxima else "Queries"
        shares = [(share, _theorems(certificate, share)) for share in self.shares(certificate)]
        modules = [Page("Tables", "proofs/tables/Tables.lean.j2")]
        for share, found in shares:
            more = {"start": share.start, "maxima": share.maxima, "queries": share.queries, "pools": share.pools}
            modules.append(
                Page(f"{name}{share.start}", f"proofs/{self.name}/{name}.lean.j2", more | {"theorems": found})
            )
        context = {
            "plan": certificate.plan,
            "splits": splits,
            "counts": counts,
            "envelope": envelope,
            "factors": factors,
            "embeddings": embeddings(certificate.embeddings) if certificate.embeddings else "",
            "pool_groups": pool_groups,
            "multiplied": certificate.multiplied,
            "starts": [share.start for share, _ in shares],
            "unit_starts": [theorem.start for _, found in shares for theorem in found],
            "pool_facts": [fact for share, _ in shares for group in pool_groups(share.pools) for fact in _facts(group)],
        }
        return Proof(context, modules)

    def shares(self, certificate: Certificate) -> list[Share]:
        """Enough for a module to share what all parts use; little enough to run side by side and fit into memory."""
        maxima, queries, pools = certificate.maxima, certificate.queries, certificate.pools
        shares = [Share(start, maxima=maxima[start:end]) for start, end in _runs(_maxima_starts(certificate))]
        shares += [Share(start, queries=queries[start:end]) for start, end in _runs(self._query_starts(certificate))]
        for first in range(0, len(pools), MAX_POOLS_PER_MODULE):
            shares.append(Share(pools[first].start, pools=pools[first : first + MAX_POOLS_PER_MODULE]))
        return [share for share in shares if not self.partial or any(query.parts for query in share.queries)]

    def _query_starts(self, certificate: Certificate) -> list[int]:
        most, V = MAX_QUERIES_PER_MODULE, len(certificate.queries)
        if self.module_inputs is not None:
            most = max(1, min(most, self.module_inputs * V // certificate.inputs))
        return list(range(0, V, most))


def _runs(starts: Sequence[int]) -> Iterator[tuple[int, int | None]]:
    """From each start to the next one."""
    return zip(starts, [*starts[1:], None][: len(starts)], strict=True)


def _maxima_starts(certificate: Certificate) -> list[int]:
    """Modules that take about as long as one another: larger maxima have more classes."""
    bits = [_kept_bits(m, item, certificate) for m, item in enumerate(certificate.maxima)]
    most = max(1, MODULE_BITS - certificate.plan.kept_bits(len(bits)))
    modules = max(-(-sum(bits) // most), -(-len(bits) // MAX_MAXIMA_PER_MODULE))
    starts: list[int] = []
    before = 0
    for m, more in enumerate(bits):
        full = bool(starts) and sum(bits[starts[-1] : m + 1]) > most
        if full or before * modules >= sum(bits) * len(starts):
            starts.append(m)
        before += more
    return starts


@dataclass(frozen=True)
class ExhaustiveStrategy(MaxOfKStrategy):
    """Every input by itself: it knows on which the model fails."""

    kinds = ("accuracy", "failures")

    def search(
        self, model: QuantisedModel, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> Certificate:
        from leanbound.strategies.failures import wrong_inputs

        wrong = wrong_inputs(model, claimed.exceptions) if isinstance(claimed, Failures) else ()
        return super().search(model, claimed, progress, options).model_copy(update={"wrong": wrong})

    def question(self, certificate: Certificate) -> Property:
        if not certificate.wrong:
            return super().question(certificate)
        exceptions = tuple(item.tokens for item in certificate.wrong)
        return Failures(kind="failures", task="max-of-k", exceptions=exceptions)

    def proof(self, model: QuantisedModel, certificate: Certificate) -> Proof:
        proof = super().proof(model, certificate)
        return Proof({**proof.context, "wrong": certificate.wrong}, proof.modules)


def _kept_bits(m: int, maximum: MaximumCertificate, certificate: Certificate) -> int:
    """As `split_bits`, of the check of a maximum: some sixty rows of V lanes for a class that holds whole."""
    V, w = len(certificate.maxima), certificate.plan.w
    sixths = 4 * (m + 1 - len(maximum.counts)) + sum(3 + item.near + len(item.allowed) for item in maximum.counts)
    return sixths * V * w // 6 + len(maximum.splits) * split_bits(V, certificate.n_ctx, w)


def _theorems(certificate: Certificate, share: Share) -> list[Theorem]:
    """For a strategy that divides queries into parts: the theorems of a module."""
    return theorems(certificate, share.start, len(share.queries))


def splits(items: Sequence[Split]) -> str:
    """Split classes of a maximum, each a query and the numerals of its patterns; the largest query first."""
    return "[" + ", ".join(f"({item.query}, {_numerals(item.excluded)})" for item in reversed(items)) + "]"


def counts(items: Sequence[Counts]) -> str:
    """Classes of a maximum taken apart by counts, each a query and its numbers; the largest query first."""
    parts = [f"({item.query}, {item.near}, {item.rest}, {list(item.allowed)})" for item in reversed(items)]
    return "[" + ", ".join(parts) + "]"


def envelope(item: Envelope) -> str:
    """The certificate of an envelope, an anonymous constructor in the order of the fields."""
    queries = ", ".join(f"({scale:#x}, {shift:#x})" for scale, shift in item.queries)
    numbers = ", ".join(f"({natural(value)})" for value in (item.low, item.high, item.least, item.most))
    return f"⟨{item.bits}, {numbers},\n    [{queries}]⟩"


def factors(pool: PoolCertificate) -> str:
    """The certificate of the factors of a pool, an anonymous constructor in the order of the fields."""
    item = pool.factors
    if item is None:
        raise InputError(f"pool {pool.start} has no factors")
    scales = sum(scale << (item.bits * j) for j, (scale, _) in enumerate(pool.attention.queries))
    queries = (1 << (item.bits - 1), scales, item.centre, item.radius)
    keys = (item.direction, item.along, item.token_low, item.token_high, item.position_low, item.position_high)
    numbers = (*queries, *keys, item.top, item.least, item.most)
    return f"⟨{item.bits}, " + ",\n    ".join(f"({natural(number)})" for number in numbers) + "⟩"


def embeddings(item: EmbeddingRanges) -> str:
    """The certificate of the ranges of embeddings, an anonymous constructor in the order of the fields."""
    numbers = (item.token_low, item.token_high, item.position_low, item.position_high)
    return f"⟨{item.bits}, " + ",\n    ".join(f"({natural(number)})" for number in numbers) + "⟩"


def pool_groups(pools: Sequence[PoolCertificate]) -> list[Sequence[PoolCertificate]]:
    """The pools of a module, by the theorem that checks them."""
    return [pools[first : first + POOLS_PER_THEOREM] for first in range(0, len(pools), POOLS_PER_THEOREM)]


def _facts(group: Sequence[PoolCertificate]) -> Iterator[str]:
    """What the theorem of a group says of each of its pools: a conjunction, taken apart."""
    rest = f"holds{group[0].start}"
    for _ in group[:-1]:
        yield f"(both_eq_true.1 {rest}).1"
        rest = f"(both_eq_true.1 {rest}).2"
    yield rest


def _numerals(values: Sequence[int]) -> str:
    return "[" + ", ".join(f"{value:#x}" if value else "0" for value in values) + "]"
