"""The quantised feed-forward network: the exact rational weights that a theorem is about. Imports no torch or numpy."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from leanbound.families.config import Architecture
from leanbound.families.quantised import FixedTensor, Quantised


class FeedForwardConfig(Architecture):
    """Dimensions of affine layers with ReLUs between them."""

    architecture: Literal["feed-forward"] = "feed-forward"
    widths: tuple[int, ...] = Field(
        strict=False, min_length=2, max_length=1000, description="inputs, what comes out of each layer, outputs"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(not 1 <= width <= 4096 for width in self.widths):
            raise ValueError(f"widths are {list(self.widths)}, expected 1 to 4096 each")
        return self

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter by its name in the state of a torch `Sequential`; weights are [out, in]."""
        shapes: dict[str, tuple[int, ...]] = {}
        for k, (d_in, d_out) in enumerate(pairwise(self.widths)):
            shapes |= {f"{2 * k}.weight": (d_out, d_in), f"{2 * k}.bias": (d_out,)}
        return shapes

    def size(self, name: str) -> int:
        """`d_in_k` or `d_out_k`: how many numbers go into layer k, and come out."""
        kind, k = name.rsplit("_", 1)
        return self.widths[int(k) + (kind == "d_out")]


class QuantisedNetwork(Quantised):
    """All tensors of a feed-forward network. No bias is finer than the products of weights that it is added to."""

    config: FeedForwardConfig

    @model_validator(mode="after")
    def _check_biases(self) -> Self:
        frac = 0
        for W, b in self.pairs:
            frac += W.frac
            if b.frac > frac:
                raise ValueError(
                    f"{b.name}: frac is {b.frac}, expected at most {frac}, that of the products of weights"
                )
        return self

    @classmethod
    def names_of(cls, config: FeedForwardConfig) -> tuple[str, ...]:
        return tuple(name for k in range(len(config.widths) - 1) for name in (f"W_{k}", f"b_{k}"))

    def shape_of(self, name: str) -> tuple[int, int]:
        """That of W_k is [in, out]; b_k is one row."""
        kind, k = name.split("_")
        d_in, d_out = self.config.widths[int(k) : int(k) + 2]
        return (d_in, d_out) if kind == "W" else (1, d_out)

    def fracs_that_follow(self) -> dict[str, int]:
        return {}

    @property
    def pairs(self) -> tuple[tuple[FixedTensor, FixedTensor], ...]:
        """Weights and bias of each layer."""
        return tuple(zip(self.tensors[::2], self.tensors[1::2], strict=True))
