"""The quantised MLP on pairs: the exact rational weights that a theorem is about. Imports neither torch nor numpy."""

from typing import Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from leanbound.canonical import Canonical
from leanbound.pairs.config import PairMlpConfig
from leanbound.quantised import FixedTensor

PAIR_TENSORS: Final = ("W_A", "W_B", "b_H", "W_U", "b_U")


class QuantisedPairMlp(Canonical):
    """All tensors of an MLP on pairs; W_A, W_B and b_H share one frac, and b_U has that of logits."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    config: PairMlpConfig
    mode: Literal["fixed", "exact"]
    checkpoint_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the weights it was made from")
    tensors: tuple[FixedTensor, ...] = Field(description="in the order of PAIR_TENSORS")

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = tuple(tensor.name for tensor in self.tensors)
        if names != PAIR_TENSORS:
            raise ValueError(f"tensors are {list(names)}, expected {list(PAIR_TENSORS)}")
        for tensor in self.tensors:
            expected = pair_shape(self.config, tensor.name)
            if tensor.shape != expected:
                raise ValueError(f"{tensor.name}: shape {tensor.shape}, expected {expected}")
        hidden = self["W_A"].frac
        for name, frac in (("W_B", hidden), ("b_H", hidden), ("b_U", hidden + self["W_U"].frac)):
            if self[name].frac != frac:
                raise ValueError(f"{name}: frac is {self[name].frac}, expected {frac} by the other scales")
        return self

    def __getitem__(self, name: str) -> FixedTensor:
        """The tensor `name`, one of PAIR_TENSORS."""
        return self.tensors[PAIR_TENSORS.index(name)]


def pair_shape(config: PairMlpConfig, name: str) -> tuple[int, int]:
    """Rows and columns of a tensor of the quantised model."""
    p, h = config.d_vocab, config.d_hidden
    return {"W_A": (p, h), "W_B": (p, h), "b_H": (1, h), "W_U": (h, p), "b_U": (1, p)}[name]
