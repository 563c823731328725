"""The accuracy that PyTorch measured of a checkpoint: from its training record, else measured once and kept."""

from pathlib import Path

from leanbound.errors import InputError
from leanbound.models.checkpoint import Checkpoint
from leanbound.models.files import read_json, write_file
from leanbound.verdict import Measured


def measured_accuracy(checkpoint: Checkpoint, cache: Path, progress: bool = False) -> Measured:
    """The accuracy over every input, or over a sample where there are too many. Imports torch only to measure.

    `cache` is a directory for what was measured, by the digest of the weights.
    """
    record = checkpoint.record
    if record is not None and record.exhaustive:
        return Measured(correct=record.correct, inputs=record.inputs, exhaustive=True)
    path = cache / f"{checkpoint.digest}.json"
    try:
        return read_json(path, Measured)
    except InputError:
        found = _measure(checkpoint, progress)
    write_file(path, found.model_dump_json().encode())
    return found


def _measure(checkpoint: Checkpoint, progress: bool) -> Measured:
    from leanbound.accuracy import measure
    from leanbound.models.attention_only import from_weights

    accuracy = measure(from_weights(checkpoint.config, checkpoint.weights), progress)
    return Measured(correct=accuracy.correct, inputs=accuracy.inputs, exhaustive=accuracy.exhaustive)
