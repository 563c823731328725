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


LADDER: Final = (
    Rung("exhaustive", "exhaustive", "every input by itself", baseline=True, work=20),
    Rung("exhaustive-1-8", "exhaustive", "an eighth of the inputs", Options(fraction="1/8"), baseline=True, work=3),
    Rung("exhaustive-1-64", "exhaustive", "a part in 64 of the inputs", Options(fraction="1/64"), baseline=True),
    Rung("cubic", "cubic", "classes by query and maximum, whole or split", work=1),
)


def choose(names: Iterable[str]) -> tuple[Rung, ...]:
    """The rungs of these names, in the order of the ladder; all of them for no names. Raises InputError."""
    wanted = set(names)
    known = [rung.name for rung in LADDER]
    for name in sorted(wanted.difference(known)):
        raise InputError(f"--rung is {name!r}, expected one of {', '.join(known)}.")
    return tuple(rung for rung in LADDER if not wanted or rung.name in wanted)
