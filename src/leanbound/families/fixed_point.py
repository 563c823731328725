"""Rounding of matrices to fixed point, and how far they end from the trained ones. Imports no torch."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.quantised import (
    MAX_BIAS_WIDTH,
    MAX_WIDTH,
    MIN_WIDTH,
    FixedTensor,
)

#: Fixed-point scales are at most 2 ** 64: what is smaller than that is rounded to zero.
MAX_FIXED_FRAC: Final = 64


#: A bias that is zero throughout takes this many bits.
ZERO_WIDTH: Final = 4


Integers = NDArray[np.object_]
"""An array of Python integers: no overflow."""
Matrix = NDArray[np.float64]


Scaled = tuple[list[list[int]], int]
"""Rows of integers, and the frac that they are at."""


@dataclass(frozen=True)
class TensorError:
    """How far a quantised tensor is from the float64 value of the trained one, 1 / √d_head folded in."""

    name: str
    width: int
    frac: int
    max_abs: float
    """The largest |quantised - trained| over the entries, rounded to float64."""
    max_relative: float
    """The largest |quantised - trained| / |trained| over the entries that are not zero, rounded to float64."""


def tensor_error(tensor: FixedTensor, trained: Matrix) -> TensorError:
    """How far a quantised tensor is from a float64 matrix."""
    scale = 1 << tensor.frac
    value = np.array([[entry / scale for entry in row] for row in tensor.ints], dtype=np.float64)
    gap = np.abs(value - trained)
    relative = np.divide(gap, np.abs(trained), out=np.zeros_like(gap), where=trained != 0)
    return TensorError(tensor.name, tensor.width, tensor.frac, float(gap.max()), float(relative.max()))


def finest_frac(name: str, value: Matrix, width: int) -> int:
    """The largest frac at which every entry, rounded, fits `width` bits. Raises InputError when there is none."""
    low, high = -(2.0 ** (width - 1)), 2.0 ** (width - 1) - 1
    for frac in range(MAX_FIXED_FRAC, -1, -1):
        rounded = np.rint(np.ldexp(value, frac))
        if rounded.min() >= low and rounded.max() <= high:
            return frac if value.any() else 0
    largest = float(np.abs(value).max())
    raise InputError(f"bits of {name} is {width}, too few for an entry of {largest:g}. Choose a larger width.")


def round_to(value: Matrix, frac: int) -> list[list[int]]:
    """The entries times 2 ** frac, rounded to the nearest integer, ties to even."""
    return [[int(entry) for entry in row] for row in np.rint(np.ldexp(value, frac))]


def dyadic(value: NDArray[np.float32]) -> Scaled:
    """The entries as integers at the smallest frac that leaves no error."""
    ratios = [[float(entry).as_integer_ratio() for entry in row] for row in value]
    frac = max(denominator.bit_length() - 1 for row in ratios for _, denominator in row)
    return [[n * ((1 << frac) // denominator) for n, denominator in row] for row in ratios], frac


def needed_width(ints: tuple[tuple[int, ...], ...]) -> int:
    """Fewest bits that hold every entry in two's complement, and at least ZERO_WIDTH."""
    return max(ZERO_WIDTH, *(1 + max(entry, -entry - 1).bit_length() for row in ints for entry in row))


def require_bits(bits: int, what: str = "bits") -> None:
    """Raise InputError for bits of a weight that cannot be stored."""
    if not MIN_WIDTH <= bits <= MAX_WIDTH:
        raise InputError(f"{what} is {bits}, expected {MIN_WIDTH} to {MAX_WIDTH}. Choose another width.")


def require_width(name: str, width: int) -> None:
    """Raise UnsupportedError when a tensor is too wide to be stored."""
    limit = MAX_WIDTH if name.startswith("W_") else MAX_BIAS_WIDTH
    if width > limit:
        raise UnsupportedError(
            f"{name} would need {width} bits an entry, expected at most {limit}: "
            "its entries are too far apart in size. Quantise to fixed point instead."
        )
