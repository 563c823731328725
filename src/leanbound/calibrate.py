"""Quantisation by measured accuracy: the fewest bits that keep it, and a report of what was lost."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tqdm import tqdm

from leanbound.accuracy import Accuracy, measure, measure_quantised
from leanbound.errors import InputError
from leanbound.models.attention_only import from_weights
from leanbound.models.checkpoint import Checkpoint
from leanbound.quantised import QuantisedModel
from leanbound.quantize import TensorError, folding_is_exact, quantize_fixed, tensor_errors

#: The largest loss of accuracy that `quantize_auto` accepts unless told otherwise.
DEFAULT_TOLERANCE: Final = 0.0005
_FIRST_BITS: Final = 3
_LAST_BITS: Final = 32


@dataclass(frozen=True)
class QuantisationReport:
    """What quantisation changed: weights and accuracy."""

    tensors: tuple[TensorError, ...]
    before: Accuracy
    """Of the trained model, in float64."""
    after: Accuracy
    """Of the quantised model, exactly."""
    folding_is_exact: bool
    """Whether 1 / √d_head is a power of two; if not, the folded W_Q and b_Q were rounded, in exact mode to float32."""


def quantize_auto(
    checkpoint: Checkpoint, tolerance: float = DEFAULT_TOLERANCE, progress: bool = False
) -> QuantisedModel:
    """Fixed point at the fewest bits, the same for all tensors, that lose at most `tolerance` of accuracy.

    Widths are tried from 3 upwards, each measured over the whole input space (a sample, where that is too large), so
    that no smaller width of those would have done. Raises InputError when 32 bits are not enough, or the tolerance
    is not between 0 and 1.
    """
    if not 0 <= tolerance <= 1:
        raise InputError(f"tolerance is {tolerance}, expected a loss of accuracy between 0 and 1.")
    before = measure(from_weights(checkpoint.config, checkpoint.weights), progress)
    allowed = before.inputs - before.correct + int(Fraction(tolerance) * before.inputs)
    for bits in tqdm(range(_FIRST_BITS, _LAST_BITS + 1), desc="widths", unit="width", disable=not progress):
        try:
            model = quantize_fixed(checkpoint, bits)
        except InputError:  # too few bits for the largest weight
            continue
        after = measure_quantised(model, stop_after=allowed)
        if after.inputs - after.correct <= allowed:
            return model
    raise InputError(
        f"{_LAST_BITS} bits lose more than {tolerance:g} of accuracy. Choose the bits, a larger tolerance, or exact."
    )


def report(checkpoint: Checkpoint, model: QuantisedModel, progress: bool = False) -> QuantisationReport:
    """Errors of every tensor, and accuracy before and after. Raises InputError when the model is of other weights."""
    if model.checkpoint_digest != checkpoint.digest:
        raise InputError(
            f"checkpoint_digest is {model.checkpoint_digest}, but the checkpoint has {checkpoint.digest}. Quantise it."
        )
    return QuantisationReport(
        tensors=tuple(tensor_errors(checkpoint, model)),
        before=measure(from_weights(checkpoint.config, checkpoint.weights), progress),
        after=measure_quantised(model, progress),
        folding_is_exact=folding_is_exact(checkpoint.config.d_head),
    )
