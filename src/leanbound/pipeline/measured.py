"""The accuracy that PyTorch measured of a checkpoint: from its training record, else measured once and kept."""

import hashlib
from pathlib import Path
from typing import Any

from leanbound.claims.properties import OnTask
from leanbound.claims.verdict import Measured
from leanbound.errors import InputError
from leanbound.families.checkpoint import CheckpointOf
from leanbound.families.registry import token_family_of
from leanbound.files import read_json, write_file


def measured_accuracy(
    checkpoint: CheckpointOf[Any, Any], claimed: OnTask, cache: Path, progress: bool = False
) -> Measured:
    """The accuracy on the task of a claim, over every input, or over a sample where there are too many.

    `cache` is a directory for what was measured, by the digest of weights and task. Imports torch only to measure.
    """
    record, family = checkpoint.record, token_family_of(checkpoint.config)
    if record is not None and record.exhaustive and family.is_of(record, claimed):
        return Measured(correct=record.correct, inputs=record.inputs, exhaustive=True)
    task = claimed.with_bound(1).model_dump_json()
    path = cache / f"{hashlib.sha256(f'{checkpoint.digest} {task}'.encode()).hexdigest()}.json"
    try:
        return read_json(path, Measured)
    except InputError:
        found = family.measure(checkpoint, claimed, progress)
    measured = Measured(correct=found.correct, inputs=found.inputs, exhaustive=found.exhaustive)
    write_file(path, measured.model_dump_json().encode())
    return measured
