"""The certificate of all pairs of tokens through an MLP. Imports no numpy."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.claims.properties import ClaimedProperty
from leanbound.families.canonical import Canonical
from leanbound.strategies.loss_plan import LossPlan


class PairLanes(BaseModel):
    """The certificate of `LeanBound.PairLanes`, field for field: widths in bits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: int = Field(ge=1, description="a lane of hidden units")
    logits: int = Field(ge=1, description="a lane of logits")
    stride: int = Field(ge=1, description="from the row of a second token to the next")


class OtherModel(BaseModel):
    """For agreement: the other model, and what both of them give."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    lanes: PairLanes
    outputs: tuple[tuple[int, ...], ...] = Field(description="by pair, what the model gives")


class PairCertificate(Canonical):
    """What holds of one quantised MLP on pairs, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[3] = 3
    strategy: Literal["all-pairs"] = "all-pairs"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    claimed: ClaimedProperty = Field(description="the property, without its bound")
    lanes: PairLanes
    counts: tuple[int, ...] = Field(
        description="by the first token: how many pairs pass, what the right ones weigh, or 2 ** (P + k) times losses"
    )
    inputs: int = Field(ge=1, description="how many pairs there are, or what they weigh")
    proved: int = Field(ge=0, description="of how many, or of what weight, it is proved; of the loss, nats / 10 ** 9")
    loss: LossPlan | None = None
    shifts: tuple[tuple[int, ...], ...] = Field(
        default=(), description="by pair, the shift of its loss over 2 ** k; what is left out is 0"
    )
    other: OtherModel | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(count < 0 for count in self.counts):
            raise ValueError("counts: expected no negative numbers")
        wanted = (self.claimed.kind == "loss", self.claimed.kind == "agreement")
        if wanted != (self.loss is not None, self.other is not None):
            raise ValueError("loss and other: expected with a claim of the loss, or of agreement, and only then")
        return self
