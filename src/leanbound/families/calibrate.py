"""Quantisation by measured accuracy: the fewest bits that keep it, and a report of what was lost."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tqdm import tqdm

from leanbound.claims.properties import OnTask
from leanbound.errors import InputError
from leanbound.families.attention_only.accuracy import Accuracy
from leanbound.families.checkpoint import CheckpointOf
from leanbound.families.fixed_point import TensorError
from leanbound.families.quantisation import FixedQuantisation
from leanbound.families.quantised import Quantised
from leanbound.families.registry import family_of, token_family_of

#: The largest loss of accuracy that `quantize_auto` accepts unless told otherwise.
DEFAULT_TOLERANCE: Final = 0.0005
_FIRST_BITS: Final = 3
_LAST_BITS: Final = 32


@dataclass(frozen=True)
class QuantisationReport:
    """What quantisation changed: weights and accuracy."""

    tensors: tuple[TensorError, ...]
    before: Accuracy | None
    """Of the trained model, in float64; None for one without a task."""
    after: Accuracy | None
    """Of the quantised model, exactly."""
    exact_but: str | None
    """What was rounded before that, in words."""


def quantize_auto(
    checkpoint: CheckpointOf[Any, Any], claimed: OnTask, tolerance: float = DEFAULT_TOLERANCE, progress: bool = False
) -> Quantised:
    """Fixed point at the fewest bits, the same for all tensors, that lose at most `tolerance` of accuracy.

    Widths are tried from 3 upwards, each measured over the whole input space (a sample, where that is too large), so
    that no smaller width of those would have done. Raises InputError when 32 bits are not enough, or the tolerance
    is not between 0 and 1.
    """
    if not 0 <= tolerance <= 1:
        raise InputError(f"tolerance is {tolerance}, expected a loss of accuracy between 0 and 1.")
    family = token_family_of(checkpoint.config)
    before = family.measure(checkpoint, claimed, progress)
    allowed = before.inputs - before.correct + int(Fraction(tolerance) * before.inputs)
    for bits in tqdm(range(_FIRST_BITS, _LAST_BITS + 1), desc="widths", unit="width", disable=not progress):
        try:
            model = family.quantise(checkpoint, FixedQuantisation(mode="fixed", bits=bits))
        except InputError:  # too few bits for the largest weight
            continue
        after = family.measure_quantised(model, claimed, stop_after=allowed)
        if after.inputs - after.correct <= allowed:
            return model
    raise InputError(
        f"{_LAST_BITS} bits lose more than {tolerance:g} of accuracy. Choose the bits, a larger tolerance, or exact."
    )


def report(
    checkpoint: CheckpointOf[Any, Any], model: Quantised, claimed: OnTask | None, progress: bool = False
) -> QuantisationReport:
    """Errors of every tensor, and accuracy before and after. Raises InputError when the model is of other weights."""
    if model.checkpoint_digest != checkpoint.digest:
        raise InputError(
            f"checkpoint_digest is {model.checkpoint_digest}, but the checkpoint has {checkpoint.digest}. Quantise it."
        )
    before = after = None
    if claimed is not None:
        measured = token_family_of(checkpoint.config)
        before = measured.measure(checkpoint, claimed, progress)
        after = measured.measure_quantised(model, claimed, progress)
    family = family_of(checkpoint.config)
    return QuantisationReport(
        tensors=tuple(family.tensor_errors(checkpoint, model)),
        before=before,
        after=after,
        exact_but=family.exact_but(checkpoint),
    )
