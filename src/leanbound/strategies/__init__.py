"""Proof strategies: untrusted search for certificates, one module each, and the registry of them.

A strategy is registered here; its checker is `lean/LeanBound/Strategies/<Name>/`, its templates are
`templates/proofs/<name>/`.
Imports no numpy until a certificate is asked for.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.files import LARGE_LIMIT, read_json
from leanbound.strategies.base import AnyCertificate, Options, Strategy
from leanbound.strategies.boxes import BoxStrategy
from leanbound.strategies.inputs import EveryInput
from leanbound.strategies.max_of_k import ExhaustiveStrategy, MaxOfKStrategy
from leanbound.strategies.never import Convexity
from leanbound.strategies.pairs import AllPairs, PairInterval, Symmetry

__all__ = ["STRATEGIES", "AnyCertificate", "Options", "Strategy", "certify", "find_strategy"]
__all__ += ["load_certificate"]

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {
        strategy.name: strategy
        for strategy in (
            ExhaustiveStrategy(
                "exhaustive",
                "every input by itself; V ** K up to 2 ** 26",
                module="leanbound.strategies.exhaustive",
                module_inputs=1 << 19,
                partial=True,
                options=(
                    "precision",
                    "fraction",
                ),
            ),
            MaxOfKStrategy(
                "cubic",
                "classes by query and maximum, whole or split with safe sets",
                module="leanbound.strategies.cubic",
                options=(
                    "precision",
                    "classes",
                ),
            ),
            MaxOfKStrategy(
                "cubic-counts",
                "classes by query and maximum, whole or by how often they hold the maximum; any K",
                module="leanbound.strategies.cubic_counts",
            ),
            MaxOfKStrategy(
                "sub-cubic",
                "pools of queries, with the QK circuit and the direct path near matrices of rank one",
                module="leanbound.strategies.sub_cubic",
                tables="leanbound.strategies.sub_cubic",
                options=("precision", "pool", "attention", "direct"),
            ),
            MaxOfKStrategy(
                "linear",
                "pools of queries and the largest maxima; no circuit is multiplied out",
                module="leanbound.strategies.linear",
                tables="leanbound.strategies.linear",
                options=("precision", "pool", "maxima"),
            ),
            EveryInput(
                "every-input",
                "every input by itself, one after the other; for small models",
                options=("precision",),
            ),
            Convexity(
                "convexity",
                "mixtures of outputs that are ahead wherever the attention goes; prefixes of any length",
            ),
            AllPairs(
                "all-pairs",
                "every pair of tokens through an MLP, packed into few large numbers",
            ),
            Symmetry(
                "symmetry",
                "every unordered pair of tokens through an MLP of one embedding",
            ),
            PairInterval(
                "pair-interval",
                "rectangles of pairs of tokens through an MLP: ranges of hidden units and of logits",
                options=("pool",),
            ),
            BoxStrategy(
                "interval",
                "a feed-forward network on a box: ranges from layer to layer, with splits of the box",
                options=("parts",),
            ),
            BoxStrategy(
                "linear-relaxation",
                "a feed-forward network on a box: lines around ReLUs back to the inputs, with splits of the box",
                options=("parts",),
            ),
        )
    }
)


def certify(
    strategy: str, model: Any, claimed: Property, progress: bool = False, other: Any = None, **options: int | str
) -> AnyCertificate:
    """Search for a certificate; see `Strategy.search`, and `Strategy.compare` for a claim about two models.

    Raises InputError for an unknown strategy or option, or one that serves other models or properties.
    """
    found = find_strategy(strategy)
    found.require_options(options)
    found.require_serves(model.config.architecture, claimed)
    if claimed.compares:
        return found.compare(model, other, claimed, progress, options)
    return found.search(model, claimed, progress, options)


def find_strategy(name: str) -> Strategy:
    """The strategy of a name. Raises InputError when there is none."""
    if name not in STRATEGIES:
        raise InputError(f"unknown strategy {name!r}; expected one of {', '.join(STRATEGIES)}")
    return STRATEGIES[name]


def load_certificate(path: Path) -> AnyCertificate:
    """A certificate of any strategy. Raises InputError that names every field at fault."""
    return find_strategy(read_json(path, _Named, LARGE_LIMIT).strategy).load(path)


class _Named(BaseModel):
    """The one key by which certificates of different strategies are told apart."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    strategy: str
