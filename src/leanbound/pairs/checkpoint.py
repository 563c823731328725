"""Checkpoints of MLPs on pairs: the files of `leanbound.models.checkpoint`, with another config. Imports no torch."""

from dataclasses import dataclass
from pathlib import Path

from leanbound.models.checkpoint import CONFIG_FILE, Weights, read_record, read_weights, write_checkpoint
from leanbound.models.files import RECORD_LIMIT, read_json
from leanbound.pairs.config import PairMlpConfig, PairTrainingRecord


@dataclass(frozen=True)
class PairCheckpoint:
    """A model as it was read: finite float32 weights of the shapes that `config` asks for."""

    config: PairMlpConfig
    weights: Weights
    digest: str
    """SHA-256 of the file that holds the weights."""
    record: PairTrainingRecord | None = None


def load_pair_checkpoint(path: Path) -> PairCheckpoint:
    """Read a checkpoint folder. Raises InputError as `leanbound.models.checkpoint.load_checkpoint` does."""
    config = read_json(path / CONFIG_FILE, PairMlpConfig, RECORD_LIMIT)
    weights, digest = read_weights(path, config)
    return PairCheckpoint(config, weights, digest, read_record(path, PairTrainingRecord, digest))


def save_pair_checkpoint(
    path: Path, config: PairMlpConfig, weights: Weights, record: PairTrainingRecord | None = None
) -> PairCheckpoint:
    """Write a new checkpoint folder, as `leanbound.models.checkpoint.save_checkpoint` does."""
    digest, record = write_checkpoint(path, config, weights, record)
    return PairCheckpoint(config, weights, digest, record)
