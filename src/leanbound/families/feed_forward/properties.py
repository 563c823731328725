"""What a claim says of a network on a box of inputs, as data. Stated in `lean/LeanBound/Properties/OnBox.lean`.

Imports neither torch nor numpy.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from leanbound.claims.property import Argument, ListOf, Property, Record
from leanbound.errors import InputError
from leanbound.families.config import Architecture
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.section import Section

#: Bounds that are not dyadic are rounded outwards to this many bits behind the point.
FRAC: Final = 32
_INTEGERS: Final = ListOf("Int")
_BOX: Final = Record("LeanBound.Box", (("frac", "Nat"), ("lower", _INTEGERS), ("upper", _INTEGERS)))
_HALFSPACE: Final = Record("LeanBound.Halfspace", (("coefficients", _INTEGERS), ("bound", "Int"), ("frac", "Nat")))

Integers = Annotated[tuple[int, ...], Field(strict=False, min_length=1)]


class Box(Section):
    """Inputs between `lower` and `upper`, both over 2 ** frac."""

    frac: int = Field(ge=0, le=1024)
    lower: Integers
    upper: Integers

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.lower) != len(self.upper):
            raise ValueError(f"upper has {len(self.upper)} numbers, expected {len(self.lower)} as lower has")
        for i, (low, high) in enumerate(zip(self.lower, self.upper, strict=True)):
            if low > high:
                raise ValueError(f"input {i}: lower is {low}, expected at most {high}, which is upper")
        return self

    @classmethod
    def around(cls, lower: Sequence[Fraction], upper: Sequence[Fraction], frac: int = FRAC) -> Self:
        """The smallest box over 2 ** frac that holds all inputs between two bounds."""
        scale = 1 << frac
        return cls(
            frac=frac,
            lower=tuple(floor(bound * scale) for bound in lower),
            upper=tuple(ceil(bound * scale) for bound in upper),
        )

    def contains(self, x: Sequence[Fraction]) -> bool:
        """Whether it holds an input."""
        scaled = [value * 2**self.frac for value in x]
        return all(a <= v <= b for a, v, b in zip(self.lower, scaled, self.upper, strict=True))

    def below(self, i: int, threshold: int) -> Self:
        """The part in which input i is at most threshold / 2 ** frac."""
        return self.model_copy(update={"upper": (*self.upper[:i], threshold, *self.upper[i + 1 :])})

    def above(self, i: int, threshold: int) -> Self:
        """The part in which input i is at least threshold / 2 ** frac."""
        return self.model_copy(update={"lower": (*self.lower[:i], threshold, *self.lower[i + 1 :])})


class Halfspace(Section):
    """Outputs y with Σ coefficients[o] · y[o] ≤ bound / 2 ** frac."""

    coefficients: Integers
    bound: int
    frac: int = Field(ge=0, le=1024)

    @classmethod
    def around(cls, coefficients: Sequence[Fraction], bound: Fraction, frac: int = FRAC) -> Self:
        """The smallest halfspace over 2 ** frac that holds Σ coefficients · y ≤ bound, over the least such power."""
        factor = lcm(*(coefficient.denominator for coefficient in coefficients))
        rounded = Fraction(ceil(bound * factor * (1 << frac)), 1 << frac)
        return cls(
            coefficients=tuple(int(coefficient * factor) for coefficient in coefficients),
            bound=rounded.numerator,
            frac=rounded.denominator.bit_length() - 1,
        )


Polyhedron = Annotated[tuple[Halfspace, ...], Field(strict=False, min_length=1)]
"""An intersection of halfspaces; without any it would hold every output."""


class Avoids(Property):
    """No input of the box has outputs in any of the polyhedra."""

    architecture: ClassVar[str | None] = "feed-forward"

    kind: Literal["avoids"] = "avoids"
    box: Box
    polyhedra: tuple[Polyhedron, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({len(halfspace.coefficients) for polyhedron in self.polyhedra for halfspace in polyhedron}) > 1:
            raise ValueError("polyhedra: halfspaces differ in how many outputs they are about")
        return self

    def require_fits(self, config: Architecture) -> None:
        """Raise InputError when it is about another number of inputs or outputs, or about no numbers at all."""
        if not isinstance(config, FeedForwardConfig):
            raise InputError(
                f"[property] kind is {self.kind}, which is about boxes of numbers, but the model is "
                f"{config.architecture}. Choose another property, or another model."
            )
        for what, found, expected in (
            ("inputs", len(self.box.lower), config.widths[0]),
            ("outputs", len(self.polyhedra[0][0].coefficients), config.widths[-1]),
        ):
            if found != expected:
                raise InputError(
                    f"[property] is about {found} {what}, but the network has {expected}. Choose another network."
                )

    def asked_of(self, config: Architecture) -> tuple[int, int]:
        """Polyhedra that are avoided."""
        return len(self.polyhedra), len(self.polyhedra)

    def arguments(self) -> tuple[Argument, ...]:
        polyhedra = tuple(tuple((h.coefficients, h.bound, h.frac) for h in polyhedron) for polyhedron in self.polyhedra)
        return (
            Argument("box", (self.box.frac, self.box.lower, self.box.upper), _BOX),
            Argument("polyhedra", polyhedra, ListOf(ListOf(_HALFSPACE))),
        )

    def words(self) -> str:
        count = len(self.polyhedra)
        return f"avoids {count} {'polyhedron' if count == 1 else 'polyhedra'}"


def robust(box: Box, label: int, outputs: int) -> Avoids:
    """On the whole box, output `label` is the largest; a tie is wrong."""
    polyhedra = []
    for other in range(outputs):
        if other != label:
            signs = [int(o == label) - int(o == other) for o in range(outputs)]
            polyhedra.append((Halfspace(coefficients=tuple(signs), bound=0, frac=0),))
    return Avoids(box=box, polyhedra=tuple(polyhedra))


def between(box: Box, output: int, outputs: int, low: Fraction, high: Fraction) -> Avoids:
    """On the whole box, an output is above `low` and below `high`."""
    unit = [Fraction(int(o == output)) for o in range(outputs)]
    return Avoids(
        box=box,
        polyhedra=((Halfspace.around(unit, low),), (Halfspace.around([-u for u in unit], -high),)),
    )
