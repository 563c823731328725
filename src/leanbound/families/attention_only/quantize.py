"""From float32 weights to exact integers: fixed point with chosen widths, or exact dyadic. Imports no torch.

`1 / √d_head` is folded into W_Q and b_Q first, in float64. A theorem is about the result, in exact arithmetic.
"""

from collections.abc import Mapping
from math import isqrt, sqrt
from typing import Literal

import numpy as np

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel, aligned_fracs, matrix_shape
from leanbound.families.checkpoint import Checkpoint, check_weights
from leanbound.families.fixed_point import (
    Matrix,
    Scaled,
    TensorError,
    dyadic,
    finest_frac,
    needed_width,
    require_bits,
    require_width,
    round_to,
    tensor_error,
)
from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
from leanbound.families.quantised import BIAS_NAMES, TENSOR_NAMES, WEIGHT_NAMES, FixedTensor


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
