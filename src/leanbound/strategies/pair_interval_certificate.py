"""The certificate of interval bounds of an MLP on groups of pairs. Imports no numpy."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from leanbound.claims.properties import Accuracy
from leanbound.families.canonical import Canonical
from leanbound.strategies.pair_certificate import PairLanes


class PairIntervalCertificate(Canonical):
    """On how many pairs interval bounds prove a model right, by groups, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    strategy: Literal["pair-interval"] = "pair-interval"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    claimed: Accuracy = Field(description="the property, without its bound")
    lanes: PairLanes
    group: int = Field(ge=1, description="consecutive tokens that share bounds; the last group may be smaller")
    winners: tuple[tuple[int, ...], ...] = Field(
        min_length=1, description="by groups of first and of second tokens: the output whose lower bound leads, or any"
    )
    counts: tuple[int, ...] = Field(description="by group of first tokens: on how many pairs the model is proved right")
    inputs: int = Field(ge=1, description="how many pairs there are")

    @model_validator(mode="after")
    def _check(self) -> Self:
        groups = len(self.winners)
        if len(self.counts) != groups or any(len(row) != groups for row in self.winners):
            raise ValueError(f"counts and winners: expected {groups} rows of {groups} winners, and a count for each")
        if min(self.counts) < 0 or sum(self.counts) > self.inputs:
            raise ValueError(f"counts: expected no negative numbers, and no more than {self.inputs} together")
        return self

    @property
    def proved(self) -> int:
        """On how many pairs the model is proved right."""
        return sum(self.counts)
