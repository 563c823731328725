"""The certificate of a network on a box: slopes and widths of lanes, by parts of the box. Imports no numpy.

Records are those of `lean/LeanBound/Strategies/Relaxation/Stages.lean`, field for field.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from leanbound.families.canonical import Canonical
from leanbound.families.feed_forward.properties import Avoids


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Depth(_Record):
    """`LeanBound.Depth`: how a pass backwards is made."""

    width: int = Field(ge=1, description="bits of a lane")
    stride: int = Field(ge=1, description="bits for all forms' coefficients of one number")
    deep: bool = Field(description="back to the inputs, or only through the last layer")


class Stage(_Record):
    """`LeanBound.Stage`: a hidden layer."""

    depth: Depth
    bits: int = Field(ge=0, description="slopes are integers over 2 ** bits")
    slopes: tuple[int, ...] = Field(description="of the lines below the ReLUs")
    range_top: int = Field(ge=0)
    const_top: int = Field(ge=0)

    @property
    def packed_slopes(self) -> int:
        """All slopes in one number, bits + 1 bits each."""
        return sum(slope << ((self.bits + 1) * i) for i, slope in enumerate(self.slopes))


class Relaxation(_Record):
    """`LeanBound.Relaxation`: a box that is not cut any further."""

    input_top: int = Field(ge=0)
    stages: tuple[Stage, ...]
    last: Depth
    form_top: int = Field(ge=0)
    outside: tuple[int, ...] = Field(description="of each polyhedron, a halfspace that no output is in")


class Split(_Record):
    """A box that is cut in two at threshold / 2 ** frac of an input."""

    input: int = Field(ge=0)
    threshold: int
    below: "Tree"
    above: "Tree"


Tree = Relaxation | Split


class BoxCertificate(Canonical):
    """A proof that a network avoids polyhedra on a box."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    strategy: Literal["interval", "linear-relaxation"]
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedNetwork")
    claimed: Avoids
    tree: Tree

    @property
    def leaves(self) -> list[tuple[str, Relaxation]]:
        """The parts of the box, `box` cut as in Lean, from the lowest to the highest."""
        return list(_leaves("box", self.tree))

    @property
    def inputs(self) -> int:
        """Polyhedra that are to be avoided."""
        return len(self.claimed.polyhedra)

    @property
    def proved(self) -> int:
        """All of them."""
        return self.inputs


def _leaves(box: str, tree: Tree) -> Iterator[tuple[str, Relaxation]]:
    if isinstance(tree, Relaxation):
        yield box, tree
    else:
        yield from _leaves(f"({box}.below {tree.input} ({tree.threshold}))", tree.below)
        yield from _leaves(f"({box}.above {tree.input} ({tree.threshold}))", tree.above)
