"""The shape of a model of any family. Imports no torch, so that reading a config is cheap."""

from abc import ABC, abstractmethod
from math import prod
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Architecture(BaseModel, ABC):
    """The dimensions of a model, of any family."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    architecture: str

    @abstractmethod
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by name."""

    def weight_bytes(self) -> int:
        """Bytes of the weights in float32."""
        return 4 * sum(prod(shape) for shape in self.shapes().values())

    def size(self, name: str) -> int:
        """A size of the model's structures in Lean, by its name in `families.base.Structure`."""
        return int(getattr(self, name))

    def require_affordable(self) -> None:
        """Raise InputError when a model of this size would not fit in memory, or has too many inputs to be counted."""


class TokenArchitecture(Architecture):
    """The dimensions of a model that maps sequences of tokens to outputs."""

    d_vocab: int
    n_ctx: int
