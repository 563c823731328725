"""The quantised model: the exact rational weights that a theorem is about. Imports neither torch nor numpy."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leanbound.families.canonical import Canonical
from leanbound.families.config import Architecture

#: Fewest and most bits of an entry of a weight matrix.
MIN_WIDTH: Final = 2
MAX_WIDTH: Final = 64
#: Most bits of an entry of a bias, which is shifted to the scale of what it is added to.
MAX_BIAS_WIDTH: Final = 512
#: Every power-of-two scale is at most this: 2 ** -1074 is the smallest float64.
MAX_FRAC: Final = 4 * 1074

TENSOR_NAMES: Final = ("W_E", "W_pos", "W_Q", "b_Q", "W_K", "b_K", "W_V", "b_V", "W_O", "b_O", "W_U", "b_U")
WEIGHT_NAMES: Final = tuple(name for name in TENSOR_NAMES if name.startswith("W_"))
BIAS_NAMES: Final = tuple(name for name in TENSOR_NAMES if name.startswith("b_"))
#: The tensors of the MLP on pairs (`families.pair_mlp`), besides W_U and b_U.
PairName = Literal["W_A", "W_B", "b_H"]
#: The tensors of layers, by number (`families.feed_forward`).
LayerName = Annotated[str, Field(pattern=r"^[Wb]_(0|[1-9][0-9]{0,2})$")]


class FixedTensor(BaseModel):
    """A matrix of rationals `int / 2 ** frac`; every integer fits `width` bits in two's complement."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: (
        Literal["W_E", "W_pos", "W_Q", "b_Q", "W_K", "b_K", "W_V", "b_V", "W_O", "b_O", "W_U", "b_U"]
        | PairName
        | LayerName
    )
    shape: tuple[int, int] = Field(description="rows, columns; a bias is one row")
    width: int = Field(ge=MIN_WIDTH, le=MAX_BIAS_WIDTH)
    frac: int = Field(ge=0, le=MAX_FRAC)
    ints: tuple[tuple[int, ...], ...] = Field(description="row by row")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name.startswith("W_") and self.width > MAX_WIDTH:
            raise ValueError(f"{self.name}: width is {self.width}, expected at most {MAX_WIDTH}")
        rows, columns = self.shape
        if len(self.ints) != rows or any(len(row) != columns for row in self.ints):
            raise ValueError(f"{self.name}: the integers do not form {rows} rows of {columns}")
        bound = 1 << (self.width - 1)
        for i, row in enumerate(self.ints):
            for j, value in enumerate(row):
                if not -bound <= value < bound:
                    raise ValueError(f"{self.name}[{i}, {j}]: {value} does not fit {self.width} bits")
        return self

    def numeral(self, row: int) -> int:
        """A row as one natural number: entry j, plus 2 ** (width - 1), is bits width * j to width * (j + 1) - 1."""
        offset = 1 << (self.width - 1)
        return sum((value + offset) << (self.width * j) for j, value in enumerate(self.ints[row]))


def entries(numeral: int, width: int, columns: int) -> tuple[int, ...]:
    """The integers of a row that `FixedTensor.numeral` made: the inverse of it, and what Lean's `Tensor.int` means."""
    mask, offset = (1 << width) - 1, 1 << (width - 1)
    return tuple(((numeral >> (width * j)) & mask) - offset for j in range(columns))


class Quantised(Canonical, ABC):
    """All tensors of a model, of any family, as exact rationals."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    config: Architecture
    mode: Literal["fixed", "exact"]
    checkpoint_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the weights it was made from")
    tensors: tuple[FixedTensor, ...] = Field(description="in the order of names_of")

    @classmethod
    @abstractmethod
    def names_of(cls, config: Any) -> tuple[str, ...]:
        """The tensors of a model of these dimensions, by name."""

    @abstractmethod
    def shape_of(self, name: str) -> tuple[int, int]:
        """Rows and columns of a tensor."""

    @abstractmethod
    def fracs_that_follow(self) -> dict[str, int]:
        """The scales of tensors that the scales of others fix."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        names, expected = tuple(tensor.name for tensor in self.tensors), self.names_of(self.config)
        if names != expected:
            raise ValueError(f"tensors are {list(names)}, expected {list(expected)}")
        for tensor in self.tensors:
            shape = self.shape_of(tensor.name)
            if tensor.shape != shape:
                raise ValueError(f"{tensor.name}: shape {tensor.shape}, expected {shape}")
        for name, frac in self.fracs_that_follow().items():
            if self[name].frac != frac:
                raise ValueError(f"{name}: frac is {self[name].frac}, expected {frac} by the other scales")
        return self

    def __getitem__(self, name: str) -> FixedTensor:
        """A tensor by its name."""
        return self.tensors[self.names_of(self.config).index(name)]
