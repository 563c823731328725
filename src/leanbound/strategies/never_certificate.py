"""Certificates of outputs that attention never gives. Imports no numpy."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.families.canonical import Canonical
from leanbound.strategies.certificate import Hex, Plan


class Mixture(BaseModel):
    """The certificate of `LeanBound.Mixture`, field for field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: tuple[tuple[int, int], ...] = Field(min_length=1, description="outputs and their weights")
    token: Hex = Field(ge=0, description="2 ** (bits - 1), less what a token puts the mean ahead by, at least")
    position: Hex = Field(ge=0, description="2 ** (bits - 1), less what a position puts the mean ahead by, at least")


class Excluded(BaseModel):
    """An output that is never given, and mixtures that are ahead of it, each for some queries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    output: int = Field(ge=0)
    mixtures: tuple[Mixture, ...]


class NeverCertificate(Canonical):
    """Outputs that a model never gives after prefixes of some tokens, with all that Lean needs to check it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    strategy: Literal["convexity"] = "convexity"
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="QuantisedModel.digest")
    plan: Plan
    queries: tuple[int, ...] = Field(description="last tokens")
    tokens: tuple[int, ...] = Field(description="tokens before them")
    bits: int = Field(ge=2, description="of a comparison")
    excluded: tuple[Excluded, ...] = Field(min_length=1, description="in the order of the claim")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.queries or not self.tokens:
            raise ValueError("queries and tokens: expected at least one of each")
        return self

    @property
    def inputs(self) -> int:
        """Pairs of a query and an output."""
        return len(self.queries) * len(self.excluded)

    @property
    def proved(self) -> int:
        """Of these, how many are proved never to go together: all."""
        return self.inputs

    @property
    def outputs(self) -> tuple[int, ...]:
        """The outputs that are never given."""
        return tuple(item.output for item in self.excluded)
