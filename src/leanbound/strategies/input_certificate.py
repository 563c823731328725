"""The certificate of all inputs of an attention-only model, one after the other. Imports no numpy."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.claims.properties import ClaimedProperty
from leanbound.families.canonical import Canonical
from leanbound.strategies.certificate import Hex, Plan
from leanbound.strategies.loss_plan import LossPlan


class Output(BaseModel):
    """An input, and what two models both give for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[int, ...]
    output: int = Field(ge=0, description="not the largest token")


class OtherTables(BaseModel):
    """For agreement: the other model, and where both are wrong in the same way."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedModel")
    plan: Plan
    outputs: tuple[Output, ...] = Field(description="inputs on which both give this; on others, the largest token")


class Shift(BaseModel):
    """An input, and the shift of its loss."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[int, ...]
    shift: Hex = Field(ge=1, description="over 2 ** k, with logits over 2 ** k")


class InputLosses(BaseModel):
    """For the loss: how exponentials are computed, and the shifts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: LossPlan
    lane: int = Field(ge=1, description="bits of a lane of exponentials")
    shifts: tuple[Shift, ...] = Field(description="of inputs; of others, 0")


class InputCertificate(Canonical):
    """What holds of one quantised attention-only model, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    strategy: Literal["every-input"] = "every-input"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="QuantisedModel.digest")
    claimed: ClaimedProperty = Field(description="the property, without its bound")
    plan: Plan
    counts: tuple[int, ...] = Field(
        description="by the first token: how many inputs pass, what the right ones weigh, or 2 ** (P + k) times losses"
    )
    inputs: int = Field(ge=1, description="how many inputs there are, or what they weigh")
    proved: int = Field(ge=0, description="of how many, or of what weight, it is proved; of the loss, nats / 10 ** 9")
    loss: InputLosses | None = None
    other: OtherTables | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(count < 0 for count in self.counts):
            raise ValueError("counts: expected no negative numbers")
        wanted = (self.claimed.kind == "loss", self.claimed.kind == "agreement")
        if wanted != (self.loss is not None, self.other is not None):
            raise ValueError("loss and other: expected with a claim of the loss, or of agreement, and only then")
        return self
