"""Points of several models, rung by rung: medians with spread, and which rungs no other one beats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from leanbound.frontier.prove import Point

#: What a proof costs: field of a point -> how it is called, with its unit.
COSTS: Final = {
    "kernel_steps": "kernel steps",
    "check_seconds": "checking time, CPU s",
    "certificate_bytes": "certificate, bytes",
}


@dataclass(frozen=True)
class Spread:
    """Median, least and largest of a figure over the models."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class RungSummary:
    """A rung over all models."""

    rung: str
    baseline: bool
    points: tuple[Point, ...]
    """One a model."""

    @property
    def bound(self) -> Spread:
        """The share of inputs proved; what is vacuous or was refused counts as 0."""
        return Spread.of([point.bound for point in self.points])

    def cost(self, field: str) -> Spread | None:
        """A cost, over the models on which Lean was run; None if there is none."""
        found = [getattr(point, field) for point in self.points]
        values = [value for value in found if value is not None]
        return Spread.of(values) if values else None


def summarise(points: Sequence[Point]) -> list[RungSummary]:
    """By rung, in the order of the points."""
    rungs = dict.fromkeys(point.rung for point in points)
    of = {rung: tuple(point for point in points if point.rung == rung) for rung in rungs}
    return [RungSummary(rung, found[0].baseline, found) for rung, found in of.items()]


def frontier(rungs: Sequence[RungSummary], field: str) -> list[RungSummary]:
    """The rungs that no cheaper one matches, by falling cost; vacuous ones are not among them."""
    priced = [(cost.middle, rung) for rung in rungs if (cost := rung.cost(field)) and rung.bound.middle > 0]
    best: list[RungSummary] = []
    for _, rung in sorted(priced, key=_first):
        if not best or rung.bound.middle > best[-1].bound.middle:
            best.append(rung)
    return best[::-1]


def _first(pair: tuple[float, RungSummary]) -> float:
    return pair[0]


def baseline_rate(rungs: Sequence[RungSummary], field: str) -> float | None:
    """The bound that a unit of cost buys by checking inputs one by one: of the dearest such rung; None without one."""
    rates = [
        (cost.middle, rung.bound.middle / cost.middle)
        for rung in rungs
        if rung.baseline and (cost := rung.cost(field)) and cost.middle > 0
    ]
    return max(rates)[1] if rates else None


def over_models(points: Sequence[Point], figure: Callable[[Point], float]) -> Spread:
    """The spread of a figure that does not depend on the rung."""
    return Spread.of(list({point.model: figure(point) for point in points}.values()))
