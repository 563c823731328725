"""The reference evaluator of feed-forward networks: `Fraction` only, one input at a time, and no cleverness."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Halfspace


def outputs(model: QuantisedNetwork, x: Sequence[Fraction]) -> list[Fraction]:
    """The outputs of an input."""
    values = list(x)
    for k, (W, b) in enumerate(model.pairs):
        if k:
            values = [max(Fraction(0), value) for value in values]
        columns = zip(*W.ints, strict=True)
        sums = [sum((v * w for v, w in zip(values, column, strict=True)), Fraction(0)) for column in columns]
        values = [total / 2**W.frac + Fraction(bias, 2**b.frac) for total, bias in zip(sums, b.ints[0], strict=True)]
    return values


def holds(halfspace: Halfspace, y: Sequence[Fraction]) -> bool:
    """Whether outputs are in a halfspace."""
    form = sum((c * v for c, v in zip(halfspace.coefficients, y, strict=True)), Fraction(0))
    return form <= Fraction(halfspace.bound, 2**halfspace.frac)


def is_counterexample(model: QuantisedNetwork, claimed: Avoids, x: Sequence[Fraction]) -> bool:
    """Whether an input of the box has outputs in a polyhedron."""
    y = outputs(model, x)
    return claimed.box.contains(x) and any(
        all(holds(halfspace, y) for halfspace in polyhedron) for polyhedron in claimed.polyhedra
    )


@dataclass(frozen=True)
class BoxExample:
    """A counterexample, exactly."""

    x: tuple[Fraction, ...]
    y: tuple[Fraction, ...]
    """The outputs there."""

    @property
    def outcome(self) -> str:
        """For a message: the input as exact fractions."""
        point = ", ".join(map(str, self.x))
        return f"at the input [{point}] of the box the outputs are {shown(self.y)}"


def shown(y: Sequence[float | Fraction]) -> str:
    """Outputs for a message, rounded."""
    return f"[{', '.join(f'{float(value):.6g}' for value in y)}]"
