"""Proof strategies: untrusted search for certificates, one module each, and the registry of them.

A strategy is registered here; its checker is `lean/LeanBound/Strategies/<Name>/`, its templates are
`templates/proofs/<name>/`.
Imports no numpy until a certificate is asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from types import MappingProxyType
from typing import Final, TypedDict

from leanbound.errors import InputError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import MODULE_BITS, Certificate, Plan, QueryCertificate, split_bits

__all__ = ["STRATEGIES", "Certificate", "Options", "Plan", "QueryCertificate", "Strategy", "certify"]

MAX_QUERIES_PER_MODULE: Final = 32


class Options(TypedDict, total=False):
    """What a search can be told; see `certify`."""

    precision: int
    fraction: str


Search = Callable[..., Iterator[QueryCertificate]]
"""Of a model and its tables; a partial strategy also takes `fraction`."""


@dataclass(frozen=True)
class Strategy:
    """A way to prove a bound on the accuracy of max-of-K."""

    name: str
    summary: str
    module: str
    module_inputs: int | None = None
    """At most this many inputs are checked in one Lean module, where the work grows with the inputs."""
    partial: bool = False
    """Whether it can be told to check a fraction of the inputs only."""

    def modules(self, certificate: Certificate) -> list[tuple[int, Sequence[QueryCertificate]]]:
        """The consecutive queries that each Lean module checks, with the number of the first one.

        Enough queries to share what all use; few enough to run side by side and to fit into memory. A partial strategy
        leaves queries unchecked, the last ones.
        """
        starts = self._module_starts(certificate)
        chunks = [
            (start, certificate.queries[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)
        ]
        return [chunk for chunk in chunks if not self.partial or any(query.parts for query in chunk[1])]

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
            ),
            Strategy(
                "cubic", "classes by query and maximum, whole or split with safe sets", "leanbound.strategies.cubic"
            ),
            Strategy(
                "cubic-counts",
                "classes by query and maximum, whole or by how often they hold the maximum; any K",
                "leanbound.strategies.cubic_counts",
            ),
        )
    }
)


def certify(
    strategy: str,
    model: QuantisedModel,
    progress: bool = False,
    precision: int | None = None,
    fraction: str | None = None,
) -> Certificate:
    """Search for a certificate. Its `proved` is exactly the number of inputs that Lean will count.

    `precision`: bits of the largest attention weight of a query; by default so many that the smallest one is kept too.
    Fewer make Lean's check faster, and may prove less.
    `fraction`: such as 1/8, of the inputs that are checked; the others count as wrong. By default all are.
    Raises InputError for an unknown strategy or option, UnsupportedError when the model is out of the strategy's reach.
    """
    if strategy not in STRATEGIES:
        raise InputError(f"unknown strategy {strategy!r}; expected one of {', '.join(STRATEGIES)}")
    from tqdm import tqdm

    from leanbound.strategies.tables import MAX_PRECISION, build_tables

    if precision is not None and not 8 <= precision <= MAX_PRECISION:
        raise InputError(f"precision is {precision}; expected 8 to {MAX_PRECISION} bits")
    more = {} if fraction is None else {"fraction": _fraction(STRATEGIES[strategy], fraction)}
    tables = build_tables(model, precision)
    found = STRATEGIES[strategy].search()(model, tables, **more)
    V, K = model.config.d_vocab, model.config.n_ctx
    queries = tuple(
        tqdm(found, total=V, desc=f"{strategy} certificate", unit="query", disable=not progress, leave=False)
    )
    return Certificate(strategy=strategy, model_digest=model.digest, inputs=V**K, plan=tables.plan, queries=queries)


def _fraction(strategy: Strategy, text: str) -> Fraction:
    if not strategy.partial:
        able = ", ".join(name for name, other in STRATEGIES.items() if other.partial)
        raise InputError(f"{strategy.name} takes no fraction of the inputs; remove the option, or use {able}")
    found = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
    if found is None or not 0 < int(found[1]) <= int(found[2]):
        raise InputError(f"fraction is {text!r}; expected a positive fraction of at most one, such as 1/8")
    return Fraction(text)
