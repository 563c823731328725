"""What the certificates of all inputs, or of all pairs, have in common. Imports no numpy."""

from typing import Generic, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator

from leanbound.claims.properties import ClaimedProperty
from leanbound.families.canonical import Canonical

L = TypeVar("L")
M = TypeVar("M")


class CountedCertificate(Canonical, Generic[L, M]):
    """Counts by the first token; `L` is what a loss needs besides, `M` what the agreement with another model does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claimed: ClaimedProperty = Field(description="the property, without its bound")
    counts: tuple[int, ...] = Field(
        description="by the first token: how many inputs pass, what the right ones weigh, or 2 ** (P + k) times losses"
    )
    inputs: int = Field(ge=1, description="how many inputs there are, or what they weigh")
    proved: int = Field(ge=0, description="of how many, or of what weight, it is proved; of the loss, nats / 10 ** 9")
    loss: L | None = None
    other: M | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(count < 0 for count in self.counts):
            raise ValueError("counts: expected no negative numbers")
        wanted = (self.claimed.kind == "loss", self.claimed.kind == "agreement")
        if wanted != (self.loss is not None, self.other is not None):
            raise ValueError("loss and other: expected with a claim of the loss, or of agreement, and only then")
        return self
