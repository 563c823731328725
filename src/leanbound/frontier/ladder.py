"""The ladder: strategies with their options, from the longest proof to the shortest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from leanbound.errors import InputError
from leanbound.strategies import Options


@dataclass(frozen=True)
class Rung:
    """One way to prove a bound, on any model of the family."""

    name: str
    """Lower-case letters, digits and dashes; part of the name of a claim."""
    strategy: str
    summary: str
    options: Options = field(default_factory=Options)
    baseline: bool = False
    """Whether it is the linear baseline: a share of the inputs, each by itself."""
    work: float = 1.0
    """How long it takes, by experience, against the others; for the estimate of the time left."""


_SUBPRODUCT: Final = "svd+max_diff_subproduct"
_RECURSIVE: Final = "svd+max_diff_subproduct_recursive"
#: What is usual, and not said in names.
_ATTENTION: Final = "svd+max_diff_exact"
_DIRECT: Final = "mean_query+max_diff_exact"


def _sub_cubic(pool: int, attention: str = _ATTENTION, direct: str = _DIRECT) -> Rung:
    """Pools of so many queries, and how circuits are bounded; the names say it where it is not the usual way."""
    unusual = [how for how, usual in ((attention, _ATTENTION), (direct, _DIRECT)) if how != usual]
    name = "-".join([f"sub-cubic-{pool}", *unusual]).replace("+", "-").replace("_", "-")
    options = Options(pool=pool, attention=attention, direct=direct)
    summary = f"pools of {pool} queries; attention: {attention}; direct path: {direct}"
    return Rung(name, "sub-cubic", summary, options, work=0.2 + 0.6 / pool)


LADDER: Final = (
    Rung("exhaustive", "exhaustive", "every input by itself", baseline=True, work=20),
    Rung("exhaustive-1-8", "exhaustive", "an eighth of the inputs", Options(fraction="1/8"), baseline=True, work=3),
    Rung("exhaustive-1-64", "exhaustive", "a part in 64 of the inputs", Options(fraction="1/64"), baseline=True),
    Rung("cubic-safe-sets", "cubic", "classes by query and maximum, all split", Options(classes="safe-sets"), work=8),
    Rung("cubic", "cubic", "classes by query and maximum, whole or split", work=1),
    Rung(
        "cubic-whole", "cubic", "classes by query and maximum, whole or not at all", Options(classes="whole"), work=0.8
    ),
    *(_sub_cubic(pool) for pool in (1, 2, 4, 8, 16, 32, 64)),
    *(
        _sub_cubic(64, attention, direct)
        for attention, direct in (
            ("svd+max_diff", "mean_query+max_diff"),
            ("svd+max_diff", "svd_query+max_diff"),
            ("svd+max_diff", "max_diff"),
            ("mean+max_diff", "mean_query+max_diff"),
            ("max_diff", "max_diff"),
        )
    ),
    *(_sub_cubic(pool, _SUBPRODUCT) for pool in (1, 8, 64)),
    *(_sub_cubic(pool, _RECURSIVE) for pool in (1, 2, 4, 8)),
    Rung(
        "linear-each-query",
        "linear",
        "each query by itself, the 64 largest maxima; no circuit is multiplied out",
        Options(pool=1, maxima=64),
        work=1.5,
    ),
    Rung("linear", "linear", "16 pools of queries, the 8 largest maxima; no circuit is multiplied out", work=0.6),
    Rung(
        "linear-one-pool",
        "linear",
        "one pool of 64 queries, the 8 largest maxima; no circuit is multiplied out",
        Options(pool=64),
        work=0.2,
    ),
)


def choose(names: Iterable[str]) -> tuple[Rung, ...]:
    """The rungs of these names, in the order of the ladder; all of them for no names. Raises InputError."""
    wanted = set(names)
    known = [rung.name for rung in LADDER]
    for name in sorted(wanted.difference(known)):
        raise InputError(f"--rung is {name!r}, expected one of {', '.join(known)}.")
    return tuple(rung for rung in LADDER if not wanted or rung.name in wanted)
