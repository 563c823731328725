"""The quantised feed-forward network: the exact rational weights that a theorem is about. Imports no torch or numpy."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.canonical import Canonical
from leanbound.quantised import FixedTensor


class FeedForwardConfig(BaseModel):
    """Dimensions of affine layers with ReLUs between them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    architecture: Literal["feed-forward"] = "feed-forward"
    widths: tuple[int, ...] = Field(min_length=2, description="inputs, what comes out of each layer, outputs")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(not 1 <= width <= 4096 for width in self.widths):
            raise ValueError(f"widths are {list(self.widths)}, expected 1 to 4096 each")
        return self

    @property
    def n_ctx(self) -> int:
        """Numbers of an input."""
        return self.widths[0]

    @property
    def layers(self) -> int:
        """How many affine layers there are."""
        return len(self.widths) - 1

    def shapes(self) -> dict[str, tuple[int, int]]:
        """The shape of every tensor, by name: W_k is [in, out], b_k one row."""
        shapes: dict[str, tuple[int, int]] = {}
        for k, (d_in, d_out) in enumerate(pairwise(self.widths)):
            shapes |= {f"W_{k}": (d_in, d_out), f"b_{k}": (1, d_out)}
        return shapes


class QuantisedNetwork(Canonical):
    """All tensors of a feed-forward network. No bias is finer than the products of weights that it is added to."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    config: FeedForwardConfig
    mode: Literal["fixed", "exact"]
    checkpoint_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the weights it was made from")
    tensors: tuple[FixedTensor, ...] = Field(description="W_0, b_0, W_1, ...")

    @model_validator(mode="after")
    def _check(self) -> Self:
        shapes = self.config.shapes()
        names = [tensor.name for tensor in self.tensors]
        if names != list(shapes):
            raise ValueError(f"tensors are {names}, expected {list(shapes)}")
        for tensor in self.tensors:
            if tensor.shape != shapes[tensor.name]:
                raise ValueError(f"{tensor.name}: shape {tensor.shape}, expected {shapes[tensor.name]}")
        frac = 0
        for W, b in self.pairs:
            frac += W.frac
            if b.frac > frac:
                raise ValueError(
                    f"{b.name}: frac is {b.frac}, expected at most {frac}, that of the products of weights"
                )
        return self

    @property
    def pairs(self) -> tuple[tuple[FixedTensor, FixedTensor], ...]:
        """Weights and bias of each layer."""
        return tuple(zip(self.tensors[::2], self.tensors[1::2], strict=True))
