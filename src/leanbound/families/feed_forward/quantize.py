"""From the float32 weights of a feed-forward network to exact integers: fixed point, or exact dyadic. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError
from leanbound.families.feed_forward.network import FeedForwardConfig, QuantisedNetwork
from leanbound.families.fixed_point import (
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
from leanbound.families.quantised import FixedTensor


@dataclass(frozen=True)
class Dense:
    """An affine layer as it was read: x · W + b."""

    W: NDArray[np.float32]
    """[in, out]"""
    b: NDArray[np.float32]
    """[out]"""


def quantize_layers_as(
    layers: Sequence[Dense], digest: str, quantisation: FixedQuantisation | ExactQuantisation
) -> QuantisedNetwork:
    """The network that a claim is about. Raises InputError for widths by tensor, and as the functions below do."""
    if isinstance(quantisation, ExactQuantisation):
        return quantize_layers_exact(layers, digest)
    if not isinstance(quantisation.bits, int):
        raise InputError("[quantisation] bits is a table, expected one width for all tensors of a network of layers.")
    return quantize_layers(layers, digest, quantisation.bits)


def quantize_layers(layers: Sequence[Dense], digest: str, bits: int) -> QuantisedNetwork:
    """Round every entry to the nearest multiple of a power of two, ties to even; a scale of its own for each tensor.

    `digest` is the SHA-256 of the file that holds the weights.
    Raises InputError for bits out of range, weights too large for it, or layers that do not fit each other.
    """
    require_bits(bits)
    scaled: list[Scaled] = []
    total = 0
    for name, matrix in _matrices(layers):
        value = matrix.astype(np.float64)
        frac = finest_frac(name, value, bits)
        if name.startswith("W_"):
            total += frac
        else:
            frac = min(frac, total)
        scaled.append((round_to(value, frac), frac))
    return _assemble(layers, digest, "fixed", scaled)


def quantize_layers_exact(layers: Sequence[Dense], digest: str) -> QuantisedNetwork:
    """Take the float32 weights as the dyadic rationals that they are: no error.

    Raises UnsupportedError when a tensor would need more bits an entry than can be stored.
    """
    scaled = [dyadic(matrix) for _, matrix in _matrices(layers)]
    total = 0
    for k in range(0, len(scaled), 2):
        rows, frac = scaled[k]
        # Weights are stored as fine as their bias needs.
        more = max(0, scaled[k + 1][1] - total - frac)
        scaled[k] = ([[entry << more for entry in row] for row in rows], frac + more)
        total += frac + more
    return _assemble(layers, digest, "exact", scaled)


def layer_errors(layers: Sequence[Dense], model: QuantisedNetwork) -> list[TensorError]:
    """The error of every tensor."""
    return [tensor_error(model[name], matrix.astype(np.float64)) for name, matrix in _matrices(layers)]


def _matrices(layers: Sequence[Dense]) -> list[tuple[str, NDArray[np.float32]]]:
    """Tensors by name, as matrices. Raises InputError for entries that are not finite, or shapes that do not fit."""
    if not layers:
        raise InputError("the network has no layers, expected at least one")
    named = []
    width = layers[0].W.shape[0]
    for k, layer in enumerate(layers):
        if layer.W.ndim != 2 or layer.b.shape != layer.W.shape[1:] or layer.W.shape[0] != width:
            raise InputError(
                f"layer {k}: weights of shape {layer.W.shape} and bias of shape {layer.b.shape} do not follow {width} "
                "numbers. Give weights as [in, out]."
            )
        width = layer.W.shape[1]
        named += [(f"W_{k}", layer.W), (f"b_{k}", layer.b[None])]
    for name, matrix in named:
        if not np.isfinite(matrix).all():
            raise InputError(f"{name} has an entry that is not finite. Train the network again.")
    return named


def _assemble(
    layers: Sequence[Dense], digest: str, mode: Literal["fixed", "exact"], scaled: Sequence[Scaled]
) -> QuantisedNetwork:
    tensors = []
    for (name, _), (rows, frac) in zip(_matrices(layers), scaled, strict=True):
        ints = tuple(tuple(row) for row in rows)
        width = needed_width(ints)
        require_width(name, width)
        tensors.append(FixedTensor(name=name, shape=(len(ints), len(ints[0])), width=width, frac=frac, ints=ints))
    config = FeedForwardConfig(widths=widths_of(layers))
    return QuantisedNetwork(config=config, mode=mode, checkpoint_digest=digest, tensors=tuple(tensors))


def widths_of(layers: Sequence[Dense]) -> tuple[int, ...]:
    """Inputs, what comes out of each layer, outputs."""
    return (layers[0].W.shape[0], *(layer.W.shape[1] for layer in layers))
