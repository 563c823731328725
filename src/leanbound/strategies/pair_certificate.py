"""The certificate of all pairs of tokens through an MLP. Imports no numpy."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.canonical import Canonical
from leanbound.tasks.pairs import PairTask


class PairLanes(BaseModel):
    """The certificate of `LeanBound.PairLanes`, field for field: widths in bits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hidden: int = Field(ge=1, description="a lane of hidden units")
    logits: int = Field(ge=1, description="a lane of logits")
    stride: int = Field(ge=1, description="from the row of a second token to the next")


class PairCertificate(Canonical):
    """A bound on the accuracy of one quantised MLP on pairs, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    strategy: Literal["all-pairs"] = "all-pairs"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="digest of the QuantisedPairMlp")
    task: PairTask
    lanes: PairLanes
    right: tuple[int, ...] = Field(description="pairs proved right, by the first token")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.right) != self.task.d_vocab or any(not 0 <= n <= self.task.d_vocab for n in self.right):
            raise ValueError(f"right: expected {self.task.d_vocab} numbers from 0 to {self.task.d_vocab}")
        return self

    @property
    def inputs(self) -> int:
        """How many pairs there are."""
        return self.task.d_vocab**2

    @property
    def proved(self) -> int:
        """Pairs proved right: what Lean will count, if it accepts the certificate."""
        return sum(self.right)
