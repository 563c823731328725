"""The certificate of all pairs of tokens through an MLP. Imports no numpy."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from leanbound.strategies.counted_certificate import CountedCertificate
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


class PairCertificate(CountedCertificate[LossPlan, OtherModel]):
    """What holds of one quantised MLP on pairs, with all that Lean needs to check it."""

    schema_version: Literal[3] = 3
    strategy: Literal["all-pairs"] = "all-pairs"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    lanes: PairLanes
    shifts: tuple[tuple[int, ...], ...] = Field(
        default=(), description="by pair, the shift of its loss over 2 ** k; what is left out is 0"
    )
