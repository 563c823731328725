"""The certificate of all inputs of an attention-only model, one after the other. Imports no numpy."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from leanbound.strategies.certificate import Hex, Plan
from leanbound.strategies.counted_certificate import CountedCertificate
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


class InputCertificate(CountedCertificate[InputLosses, OtherTables]):
    """What holds of one quantised attention-only model, with all that Lean needs to check it."""

    schema_version: Literal[1] = 1
    strategy: Literal["every-input"] = "every-input"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="QuantisedModel.digest")
    plan: Plan
