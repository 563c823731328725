"""Checkpoints on disk: `model.safetensors`, `config.json` and, for a model trained here, `training.json`.

Imports no torch. Weights are float32 arrays in the shapes of `AttentionOnlyConfig.shapes`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from leanbound.errors import InputError
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.config import Architecture
from leanbound.families.record import RecordOf, TrainingRecord
from leanbound.files import RECORD_LIMIT, read_bytes, read_json, write_new_directory

WEIGHTS_FILE: Final = "model.safetensors"
CONFIG_FILE: Final = "config.json"
RECORD_FILE: Final = "training.json"
_HEADER_LIMIT: Final = 1 << 20

Weights = Mapping[str, NDArray[np.float32]]
C = TypeVar("C", bound=Architecture)
R = TypeVar("R", bound=RecordOf[Any])


@dataclass(frozen=True)
class CheckpointOf(Generic[C, R]):
    """A model as it was read: finite float32 weights of the shapes that `config` asks for."""

    config: C
    weights: Weights
    digest: str
    """SHA-256 of the file that holds the weights."""
    record: R | None = None


Checkpoint: TypeAlias = CheckpointOf[AttentionOnlyConfig, TrainingRecord]


def load_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint folder of an attention-only transformer; see `read_checkpoint`."""
    return read_checkpoint(path, AttentionOnlyConfig, TrainingRecord)


def read_checkpoint(path: Path, config_type: type[C], record_type: type[R]) -> CheckpointOf[C, R]:
    """Read a checkpoint folder.

    Raises InputError for files that are missing, truncated, pickles, or disagree with each other, and for weights
    of wrong name, shape or type, or that are not finite.
    """
    config = read_json(path / CONFIG_FILE, config_type, RECORD_LIMIT)
    config.require_affordable()
    weights, digest = read_weights(path / WEIGHTS_FILE, config)
    return CheckpointOf(config, weights, digest, _read_record(path, record_type, digest))


def read_weights(path: Path, config: Architecture) -> tuple[Weights, str]:
    """The weights in a file and its SHA-256. Raises InputError as `read_checkpoint` does."""
    content = read_bytes(path, config.weight_bytes() + _HEADER_LIMIT)
    weights = parse_safetensors(path, content)
    check_weights(config, weights, str(path))
    return weights, hashlib.sha256(content).hexdigest()


def _read_record(path: Path, kind: type[R], digest: str) -> R | None:
    """The training record of a checkpoint folder, if it has one. Raises InputError when it is of other weights."""
    if not (path / RECORD_FILE).exists():
        return None
    record = read_json(path / RECORD_FILE, kind, RECORD_LIMIT)
    if record.safetensors_sha256 != digest:
        raise InputError(
            f"{path / RECORD_FILE}: safetensors_sha256 is {record.safetensors_sha256}, "
            f"but {WEIGHTS_FILE} has {digest}. "
            "The record is of other weights: remove it, or bring the weights back."
        )
    return record


def save_checkpoint(path: Path, config: C, weights: Weights, record: R | None = None) -> CheckpointOf[C, R]:
    """Write a new checkpoint folder, all or nothing, and return what `read_checkpoint` will read.

    Raises InputError when the folder exists or cannot be written, or when the weights are not what `config` asks for.
    `record.safetensors_sha256` is set to the digest of the file.
    """
    check_weights(config, weights, str(path / WEIGHTS_FILE))
    content = weights_to_bytes(weights)
    digest = hashlib.sha256(content).hexdigest()
    files = {WEIGHTS_FILE: content, CONFIG_FILE: _json(config.model_dump())}
    if record is not None:
        record = record.model_copy(update={"safetensors_sha256": digest})
        files[RECORD_FILE] = _json(record.model_dump())
    write_new_directory(path, files)
    return CheckpointOf(config, weights, digest, record)


def weights_to_bytes(weights: Weights) -> bytes:
    """The safetensors file of these weights; the same weights give the same bytes."""
    return bytes(save_safetensors({name: np.ascontiguousarray(weights[name]) for name in sorted(weights)}))


def parse_safetensors(path: Path, content: bytes, ignored: tuple[str, ...] = ()) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a safetensors file. Names that end in one of `ignored` are left out.

    Raises InputError for a truncated file, a pickle, or other types.
    """
    # A header of safetensors begins at byte 8; its length, before that, may look like the first byte of a pickle.
    if content[:2] == b"PK" or (content[:1] == b"\x80" and content[8:9] != b"{"):
        raise InputError(
            f"{path}: is a pickle or a zip of pickles, not safetensors. Convert it with safetensors.torch."
        )
    try:
        tensors = load_safetensors(content)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not a whole safetensors file of float32 tensors: {error}. Write it again."
        ) from error
    tensors = {name: value for name, value in tensors.items() if not name.endswith(ignored)}
    for name, value in tensors.items():
        if value.dtype != np.float32:
            raise InputError(f"{path}: {name} has type {value.dtype}, expected float32. Convert it with `.float()`.")
    return tensors


def check_weights(config: Architecture, weights: Weights, where: str) -> None:
    """Raise InputError, naming every tensor at fault, unless the weights are finite and shaped as `config` asks."""
    shapes = config.shapes()
    faults = [f"{name}: missing, expected shape {list(shapes[name])}" for name in shapes if name not in weights]
    faults += [f"{name}: unknown, expected only {', '.join(shapes)}" for name in weights if name not in shapes]
    for name, shape in shapes.items():
        if name not in weights:
            continue
        if weights[name].shape != shape:
            faults.append(f"{name}: shape {list(weights[name].shape)}, expected {list(shape)}")
        else:
            faults += not_finite(name, weights[name])
    if faults:
        raise InputError(f"{where}: {'; '.join(faults)}. Make {CONFIG_FILE} and the weights agree.")


def not_finite(name: str, value: NDArray[np.floating]) -> list[str]:
    """What is wrong with a tensor that has a NaN or an infinity: its name, the first such index, and how many."""
    bad = np.argwhere(~np.isfinite(value))
    if len(bad) == 0:
        return []
    first = tuple(int(i) for i in bad[0])
    return [f"{name}{list(first)}: {value[first]}, expected a finite number ({len(bad)} such entries)"]


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
