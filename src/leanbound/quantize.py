"""From float32 weights to exact integers: fixed point with chosen widths, or exact dyadic. Imports no torch.

`1 / √d_head` is folded into W_Q and b_Q first, in float64. A theorem is about the result, in exact arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from leanbound.claims import ExactQuantisation, FixedQuantisation
from leanbound.errors import InputError, UnsupportedError
from leanbound.models.checkpoint import Checkpoint, check_weights
from leanbound.quantised import (
    BIAS_NAMES,
    MAX_BIAS_WIDTH,
    MAX_WIDTH,
    MIN_WIDTH,
    TENSOR_NAMES,
    WEIGHT_NAMES,
    FixedTensor,
    QuantisedModel,
    aligned_fracs,
    matrix_shape,
)

__all__ = ["FixedTensor", "QuantisedModel", "TensorError", "folded_weights", "quantize_exact", "quantize_fixed"]
__all__ += ["quantize_as", "tensor_errors"]

#: Fixed-point scales are at most 2 ** 64: what is smaller than that is rounded to zero.
MAX_FIXED_FRAC: Final = 64
#: A bias that is zero throughout takes this many bits.
ZERO_WIDTH: Final = 4

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


def quantize_as(checkpoint: Checkpoint, quantisation: FixedQuantisation | ExactQuantisation) -> QuantisedModel:
    """The model that a claim is about. Raises as `quantize_fixed` and `quantize_exact` do."""
    if isinstance(quantisation, ExactQuantisation):
        return quantize_exact(checkpoint)
    return quantize_fixed(checkpoint, quantisation.bits)


def quantize_fixed(checkpoint: Checkpoint, bits: int | Mapping[str, int]) -> QuantisedModel:
    """Round every entry to the nearest multiple of a power of two, ties to even.

    `bits` is the width of an entry, for all tensors or by name (all seven weight matrices; a bias that is not named
    takes the width of W_E). A tensor's scale is the finest at which its largest entry fits, W_E and W_pos sharing one.
    Biases are then shifted to the scale of the sum that they enter, and stored that much wider.
    Raises InputError for a width out of range, an unknown name, or weights too large for it.
    """
    widths = _widths(bits)
    weights = folded_weights(checkpoint)
    fracs = {name: finest_frac(name, weights[name], widths[name]) for name in WEIGHT_NAMES}
    fracs["W_E"] = min(fracs["W_E"], fracs["W_pos"])
    targets = aligned_fracs(fracs)
    fracs["W_pos"] = targets["W_pos"]
    scaled: dict[str, Scaled] = {name: (round_to(weights[name], fracs[name]), fracs[name]) for name in WEIGHT_NAMES}
    for name in BIAS_NAMES:
        frac = min(targets[name], finest_frac(name, weights[name], widths[name]))
        scaled[name] = (round_to(weights[name], frac), frac)
    return _assemble(checkpoint, "fixed", scaled, widths)


def quantize_exact(checkpoint: Checkpoint) -> QuantisedModel:
    """Take the float32 weights as the dyadic rationals that they are: no error.

    Where 1 / √d_head is not a power of two, the float32 nearest to the folded product is what is taken.
    Raises UnsupportedError when a tensor would need more than 64 bits an entry.
    """
    weights = {name: value.astype(np.float32) for name, value in folded_weights(checkpoint).items()}
    return _assemble(checkpoint, "exact", {name: dyadic(weights[name]) for name in TENSOR_NAMES}, {})


def folded_weights(checkpoint: Checkpoint) -> dict[str, Matrix]:
    """All tensors of the quantised model before rounding, as float64 matrices; missing biases are zero.

    Raises InputError for weights that are not finite or of wrong shape, UnsupportedError for more than one head.
    """
    config = checkpoint.config
    check_weights(config, checkpoint.weights, "the model")
    if config.n_heads != 1:
        raise UnsupportedError(f"n_heads is {config.n_heads}, expected 1: only one head can be quantised so far.")
    folded: dict[str, Matrix] = {}
    for name in TENSOR_NAMES:
        shape = matrix_shape(config, name)
        value = checkpoint.weights.get(name)
        matrix = np.zeros(shape) if value is None else value.astype(np.float64).reshape(shape)
        folded[name] = matrix / sqrt(config.d_head) if name in ("W_Q", "b_Q") else matrix
    return folded


def folding_is_exact(d_head: int) -> bool:
    """Whether 1 / √d_head is a power of two, so that folding it into a float rounds nothing."""
    root = isqrt(d_head)
    return root * root == d_head and root & (root - 1) == 0


def tensor_errors(checkpoint: Checkpoint, model: QuantisedModel) -> list[TensorError]:
    """The error of every tensor against `folded_weights`."""
    return [tensor_error(model[name], trained) for name, trained in folded_weights(checkpoint).items()]


def tensor_error(tensor: FixedTensor, trained: Matrix) -> TensorError:
    """How far a quantised tensor is from a float64 matrix."""
    scale = 1 << tensor.frac
    value = np.array([[entry / scale for entry in row] for row in tensor.ints], dtype=np.float64)
    gap = np.abs(value - trained)
    relative = np.divide(gap, np.abs(trained), out=np.zeros_like(gap), where=trained != 0)
    return TensorError(tensor.name, tensor.width, tensor.frac, float(gap.max()), float(relative.max()))


def _widths(bits: int | Mapping[str, int]) -> dict[str, int]:
    """The width of every tensor. Raises InputError for unknown or missing names and widths out of range."""
    if isinstance(bits, int):
        widths = dict.fromkeys(TENSOR_NAMES, bits)
    else:
        unknown = [name for name in bits if name not in TENSOR_NAMES]
        missing = [name for name in WEIGHT_NAMES if name not in bits]
        if unknown or missing:
            raise InputError(f"bits: unknown tensors {unknown}, missing tensors {missing}. Name the weight matrices.")
        widths = {name: bits.get(name, bits["W_E"]) for name in TENSOR_NAMES}
    for name, width in widths.items():
        require_bits(width, f"bits of {name}")
    return widths


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


def _assemble(
    checkpoint: Checkpoint, mode: Literal["fixed", "exact"], scaled: dict[str, Scaled], widths: Mapping[str, int]
) -> QuantisedModel:
    """Shift tensors to the scales they share; `widths` are those before the shift, by default what the entries need."""
    fracs = {name: frac for name, (_, frac) in scaled.items()}
    fracs["W_E"] = _common_frac(fracs)
    fracs |= aligned_fracs(fracs)
    tensors = []
    for name in TENSOR_NAMES:
        rows, frac = scaled[name]
        shift = fracs[name] - frac
        ints = tuple(tuple(entry << shift for entry in row) for row in rows)
        width = needed_width(ints)
        if name in widths and any(any(row) for row in ints):
            width = widths[name] + shift
        elif name in WEIGHT_NAMES:
            width = widths.get(name, width)
        require_width(name, width)
        tensors.append(
            FixedTensor(name=name, shape=(len(ints), len(ints[0])), width=width, frac=fracs[name], ints=ints)
        )
    return QuantisedModel(
        config=checkpoint.config, mode=mode, checkpoint_digest=checkpoint.digest, tensors=tuple(tensors)
    )


def _common_frac(fracs: Mapping[str, int]) -> int:
    """The smallest frac of W_E at which W_E, W_pos and every bias are integers at the scales of `aligned_fracs`."""
    zero = aligned_fracs({**fracs, "W_E": 0})
    return max(fracs["W_E"], *(fracs[name] - zero[name] for name in zero))


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
