"""From the float32 weights of an MLP on pairs to exact integers: fixed point, or exact dyadic. Imports no torch."""

from collections.abc import Mapping

import numpy as np

from leanbound.errors import InputError
from leanbound.families.checkpoint import check_weights
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
from leanbound.families.pair_mlp.checkpoint import PairCheckpoint
from leanbound.families.pair_mlp.quantised import PAIR_TENSORS, QuantisedPairMlp, pair_shape
from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
from leanbound.families.quantised import FixedTensor


def quantize_pairs_as(
    checkpoint: PairCheckpoint, quantisation: FixedQuantisation | ExactQuantisation
) -> QuantisedPairMlp:
    """The model that a claim is about. Raises InputError for widths by tensor, and as the functions below do."""
    if isinstance(quantisation, ExactQuantisation):
        return quantize_pairs_exact(checkpoint)
    if not isinstance(quantisation.bits, int):
        raise InputError("[quantisation] bits is a table, expected one width for all tensors of an MLP on pairs.")
    return quantize_pairs(checkpoint, quantisation.bits)


def quantize_pairs(checkpoint: PairCheckpoint, bits: int) -> QuantisedPairMlp:
    """Round every entry to the nearest multiple of a power of two, ties to even.

    Every tensor is rounded to `bits` bits, at the finest scale at which its largest entry fits; W_A and W_B share one.
    Biases are then shifted to the scale of the sum that they enter, and stored that much wider.
    Raises InputError for bits out of range, or weights too large for it.
    """
    require_bits(bits)
    weights = pair_matrices(checkpoint)
    fracs = {name: finest_frac(name, value, bits) for name, value in weights.items()}
    hidden = min(fracs["W_A"], fracs["W_B"])
    fracs |= {"W_A": hidden, "W_B": hidden, "b_H": min(fracs["b_H"], hidden)}
    fracs["b_U"] = min(fracs["b_U"], hidden + fracs["W_U"])
    scaled = {name: (round_to(value, fracs[name]), fracs[name]) for name, value in weights.items()}
    return _assemble(checkpoint, "fixed", scaled)


def quantize_pairs_exact(checkpoint: PairCheckpoint) -> QuantisedPairMlp:
    """Take the float32 weights as the dyadic rationals that they are: no error.

    Raises UnsupportedError when a tensor would need more bits an entry than can be stored.
    """
    weights = {name: value.astype(np.float32) for name, value in pair_matrices(checkpoint).items()}
    return _assemble(checkpoint, "exact", {name: dyadic(value) for name, value in weights.items()})


def pair_matrices(checkpoint: PairCheckpoint) -> dict[str, Matrix]:
    """All tensors of the quantised model before rounding, as float64 matrices; W_A = W_B = W_E / 2 where it is shared.

    Raises InputError for weights that are not finite or of wrong shape.
    """
    check_weights(checkpoint.config, checkpoint.weights, "the model")
    weights = {name: value.astype(np.float64) for name, value in checkpoint.weights.items()}
    if checkpoint.config.shared:
        weights["W_A"] = weights["W_B"] = weights["W_E"] / 2
    return {name: weights[name].reshape(pair_shape(checkpoint.config, name)) for name in PAIR_TENSORS}


def pair_errors(checkpoint: PairCheckpoint, model: QuantisedPairMlp) -> list[TensorError]:
    """The error of every tensor against `pair_matrices`."""
    return [tensor_error(model[name], trained) for name, trained in pair_matrices(checkpoint).items()]


def _assemble(checkpoint: PairCheckpoint, mode: str, scaled: Mapping[str, Scaled]) -> QuantisedPairMlp:
    """Shift tensors to the scales they share; each is as wide as its entries need."""
    fracs = {name: frac for name, (_, frac) in scaled.items()}
    hidden = max(fracs["W_A"], fracs["W_B"], fracs["b_H"], fracs["b_U"] - fracs["W_U"])
    fracs |= {"W_A": hidden, "W_B": hidden, "b_H": hidden, "b_U": hidden + fracs["W_U"]}
    tensors = []
    for name, (rows, frac) in scaled.items():
        ints = tuple(tuple(entry << (fracs[name] - frac) for entry in row) for row in rows)
        width = needed_width(ints)
        require_width(name, width)
        shape = pair_shape(checkpoint.config, name)
        tensors.append({"name": name, "shape": shape, "width": width, "frac": fracs[name], "ints": ints})
    return QuantisedPairMlp(
        config=checkpoint.config,
        mode="fixed" if mode == "fixed" else "exact",
        checkpoint_digest=checkpoint.digest,
        tensors=tuple(FixedTensor.model_validate(tensor) for tensor in tensors),
    )
