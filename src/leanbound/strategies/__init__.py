"""Proof strategies: untrusted search for certificates, one module each, and the registry of them.

A strategy is registered here; its checker is `lean/LeanBound/Strategies/<Name>/`, its templates are
`templates/proofs/<name>/`.
Imports no numpy until a certificate is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final

from leanbound.errors import InputError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import Certificate, Plan, PoolCertificate, QueryCertificate

__all__ = ["STRATEGIES", "Certificate", "Plan", "PoolCertificate", "QueryCertificate", "Strategy", "certify"]

MAX_QUERIES_PER_MODULE: Final = 32

Part = QueryCertificate | PoolCertificate
Search = Callable[..., Iterator[Part]]
"""From a model, its tables and the options of the strategy, by name, to the parts of a certificate."""


@dataclass(frozen=True)
class Strategy:
    """A way to prove a bound on the accuracy of max-of-K."""

    name: str
    summary: str
    module: str
    module_inputs: int | None = None
    """At most this many inputs are checked in one Lean module, where the work grows with the inputs."""
    tables: str = "leanbound.strategies.tables"
    """The module whose `build_tables` makes the tables."""
    options: tuple[str, ...] = ()
    """What the search can be told, beside `precision`."""

    def queries_per_module(self, inputs_per_query: int) -> int:
        """How many consecutive queries one theorem checks, in a module of its own.

        Enough to share what all queries use; few enough to run side by side and to fit into memory.
        """
        if self.module_inputs is None:
            return MAX_QUERIES_PER_MODULE
        return max(1, min(MAX_QUERIES_PER_MODULE, self.module_inputs // inputs_per_query))

    def search(self) -> Search:
        """The function that finds the certificates of all queries."""
        found: Search = import_module(self.module).certify_queries
        return found

    def require_options(self, names: Iterable[str]) -> None:
        """Raise InputError for an option that the strategy does not take."""
        known = ("precision", *self.options)
        if unknown := sorted(set(names).difference(known)):
            raise InputError(f"{self.name} does not take {', '.join(unknown)}; its options are {', '.join(known)}")


STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        strategy.name: strategy
        for strategy in (
            Strategy(
                "brute-force", "every input by itself; V ** K up to 65,536", "leanbound.strategies.brute_force", 2048
            ),
            Strategy(
                "cubic",
                "classes by query and maximum, whole or split with safe sets",
                "leanbound.strategies.cubic",
                options=("classes",),
            ),
            Strategy(
                "sub-cubic",
                "pools of queries, with the QK circuit and the direct path near matrices of rank one",
                "leanbound.strategies.sub_cubic",
                tables="leanbound.strategies.sub_cubic",
                options=("pool", "attention", "direct"),
            ),
        )
    }
)


def certify(
    strategy: str,
    model: QuantisedModel,
    progress: bool = False,
    precision: int | None = None,
    **options: int | str,
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
    V, K = model.config.d_vocab, model.config.n_ctx
    parts = list(tqdm(found, desc=f"{strategy} certificate", unit="part", disable=not progress, leave=False))
    return Certificate(
        strategy=strategy,
        model_digest=model.digest,
        inputs=V**K,
        plan=tables.plan,
        queries=tuple(part for part in parts if isinstance(part, QueryCertificate)),
        pools=tuple(part for part in parts if isinstance(part, PoolCertificate)),
    )
