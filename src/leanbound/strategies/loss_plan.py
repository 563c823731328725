"""How exponentials of leads are computed for the loss: what the certificates of several strategies hold. No numpy."""

from pydantic import BaseModel, ConfigDict, Field

from leanbound.strategies.certificate import Hex


class LossPlan(BaseModel):
    """The certificate of `LeanBound.LossPlan`, field for field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    P: int = Field(ge=1, description="exponentials are integers over 2 ** P")
    squarings: int = Field(ge=0)
    consts: tuple[Hex, ...] = Field(description="consts[b] <= 2 ** P * exp(-2 ** b / 2 ** k), with logits over 2 ** k")
    err: int = Field(ge=0, description="upper bound of the error of a computed exponential, over 2 ** P")
