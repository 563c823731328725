"""Proof strategies: untrusted search for certificates, one module each, and the registry of them.

A strategy is registered here; its checker is `lean/LeanBound/Strategies/<Name>/`, its templates are
`templates/proofs/<name>/`.
Imports no numpy until a certificate is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final, TypedDict

from leanbound.errors import InputError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import (
    MODULE_BITS,
    Certificate,
    Plan,
    PoolCertificate,
    QueryCertificate,
    split_bits,
)

__all__ = ["STRATEGIES", "Certificate", "Options", "Plan", "PoolCertificate", "QueryCertificate", "Share", "Strategy"]
__all__ += ["certify"]

MAX_QUERIES_PER_MODULE: Final = 32
MAX_POOLS_PER_MODULE: Final = 32


class Options(TypedDict, total=False):
    """What a search can be told; which of it a strategy takes stands in `Strategy.options`."""

    precision: int
    """Bits of the largest attention weight of a query; by default so many that the smallest one is kept too."""
    fraction: str
    classes: str
    pool: int
    attention: str
    direct: str
    maxima: int


Search = Callable[..., Iterator[QueryCertificate | PoolCertificate]]
"""From a model, its tables and the options of the strategy, by name, to the parts of a certificate."""


@dataclass(frozen=True)
class Share:
    """What one Lean module checks: consecutive queries, or pools of them."""

    start: int
    """The first query."""
    queries: Sequence[QueryCertificate] = ()
    pools: Sequence[PoolCertificate] = ()


@dataclass(frozen=True)
class Strategy:
    """A way to prove a bound on the accuracy of max-of-K."""

    name: str
    summary: str
    module: str
    module_inputs: int | None = None
    """At most this many inputs are checked in one Lean module, where the work grows with the inputs."""
    partial: bool = False
    """Whether it may leave queries unchecked, the last ones."""
    tables: str = "leanbound.strategies.tables"
    """The module whose `build_tables` makes the tables."""
    options: tuple[str, ...] = ()
    """What the search can be told, beside `precision`."""

    def modules(self, certificate: Certificate) -> list[Share]:
        """Enough for a module to share what all queries use; little enough to run side by side and fit into memory."""
        starts = self._module_starts(certificate) if certificate.queries else []
        shares = [
            Share(start, queries=certificate.queries[start:end])
            for start, end in zip(starts, [*starts[1:], None], strict=False)
        ]
        pools = certificate.pools
        for first in range(0, len(pools), MAX_POOLS_PER_MODULE):
            shares.append(Share(pools[first].start, pools=pools[first : first + MAX_POOLS_PER_MODULE]))
        return [share for share in shares if not self.partial or any(query.parts for query in share.queries)]

    def _module_starts(self, certificate: Certificate) -> list[int]:
        V = len(certificate.queries)
        most = MAX_QUERIES_PER_MODULE
        if self.module_inputs is not None:
            most = max(1, min(most, self.module_inputs * V // certificate.inputs))
        starts = [0]
        used = 0
        for query, item in enumerate(certificate.queries):
            bits = _kept_bits(item, certificate)
            if query - starts[-1] == most or (used and used + bits > MODULE_BITS):
                starts.append(query)
                used = 0
            used += bits
        return starts

    def search(self) -> Search:
        """The function that finds the certificates of all queries."""
        found: Search = import_module(self.module).certify_queries
        return found

    def require_options(self, names: Iterable[str]) -> None:
        """Raise InputError for an option that the strategy does not take."""
        known = ("precision", *self.options)
        if unknown := sorted(set(names).difference(known)):
            raise InputError(f"{self.name} does not take {', '.join(unknown)}; its options are {', '.join(known)}")


def _kept_bits(query: QueryCertificate, certificate: Certificate) -> int:
    """A measure of what Lean keeps of the check of a query: rows of V lanes for each maximum, more for a split one."""
    V, row = len(certificate.queries), certificate.plan.w * len(certificate.queries)
    rows = V + sum(item.near + len(item.allowed) + 1 for item in query.counts)
    return rows * row + len(query.splits) * split_bits(V, certificate.n_ctx, certificate.plan.w)


STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        strategy.name: strategy
        for strategy in (
            Strategy(
                "exhaustive",
                "every input by itself; V ** K up to 2 ** 26",
                "leanbound.strategies.exhaustive",
                1 << 19,
                partial=True,
                options=("fraction",),
            ),
            Strategy(
                "cubic",
                "classes by query and maximum, whole or split with safe sets",
                "leanbound.strategies.cubic",
                options=("classes",),
            ),
            Strategy(
                "cubic-counts",
                "classes by query and maximum, whole or by how often they hold the maximum; any K",
                "leanbound.strategies.cubic_counts",
            ),
            Strategy(
                "sub-cubic",
                "pools of queries, with the QK circuit and the direct path near matrices of rank one",
                "leanbound.strategies.sub_cubic",
                tables="leanbound.strategies.sub_cubic",
                options=("pool", "attention", "direct"),
            ),
            Strategy(
                "linear",
                "pools of queries and the largest maxima; no circuit is multiplied out",
                "leanbound.strategies.linear",
                tables="leanbound.strategies.linear",
                options=("pool", "maxima"),
            ),
        )
    }
)


def certify(
    strategy: str, model: QuantisedModel, progress: bool = False, precision: int | None = None, **options: int | str
) -> Certificate:
    """Search for a certificate. Its `proved` is exactly the number of inputs that Lean will count.

    `precision`: bits of the largest attention weight of a query; by default so many that the smallest one is kept too.
    Fewer make Lean's check faster, and may prove less. `options`: those of the strategy.
    Raises InputError for an unknown strategy or option, UnsupportedError when the model is out of the strategy's reach.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"unknown strategy {strategy!r}; expected one of {', '.join(STRATEGIES)}")
    from tqdm import tqdm

    from leanbound.strategies.tables import MAX_PRECISION

    STRATEGIES[strategy].require_options(options)
    if precision is not None and not 8 <= precision <= MAX_PRECISION:
        raise InputError(f"precision is {precision}; expected 8 to {MAX_PRECISION} bits")
    tables = import_module(STRATEGIES[strategy].tables).build_tables(model, precision)
    found = STRATEGIES[strategy].search()(model, tables, **options)
    parts = list(tqdm(found, desc=f"{strategy} certificate", unit="part", disable=not progress, leave=False))
    return Certificate(
        strategy=strategy,
        model_digest=model.digest,
        inputs=model.config.d_vocab**model.config.n_ctx,
        plan=tables.plan,
        queries=tuple(part for part in parts if isinstance(part, QueryCertificate)),
        pools=tuple(part for part in parts if isinstance(part, PoolCertificate)),
    )
