"""The certificate of unordered pairs of tokens through an MLP. Imports no numpy."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from leanbound.claims.properties import Accuracy
from leanbound.families.canonical import Canonical
from leanbound.strategies.pair_certificate import PairLanes


class SymmetryCertificate(Canonical):
    """On how many pairs a model with one embedding is right, by diagonals, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    strategy: Literal["symmetry"] = "symmetry"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    claimed: Accuracy = Field(description="the property, without its bound")
    lanes: PairLanes
    counts: tuple[int, ...] = Field(
        min_length=1, description="by diagonal d: of the pairs (i, i + d) and their mirror images, how many are right"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        tokens = len(self.counts)
        for d, count in enumerate(self.counts):
            pairs = (tokens - d) * (2 if d else 1)
            if not 0 <= count <= pairs:
                raise ValueError(f"counts[{d}] is {count}, expected 0 to {pairs}")
        return self

    @property
    def inputs(self) -> int:
        """Pairs, in order."""
        return len(self.counts) ** 2

    @property
    def proved(self) -> int:
        """Of these, on how many the model is right."""
        return sum(self.counts)
