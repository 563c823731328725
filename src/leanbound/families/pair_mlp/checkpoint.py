"""Checkpoints of MLPs on pairs: the files of `leanbound.families.checkpoint`, with another config. Imports no torch."""

from pathlib import Path
from typing import TypeAlias

from leanbound.families.checkpoint import CheckpointOf, read_checkpoint
from leanbound.families.pair_mlp.config import PairMlpConfig, PairTrainingRecord

PairCheckpoint: TypeAlias = CheckpointOf[PairMlpConfig, PairTrainingRecord]


def load_pair_checkpoint(path: Path) -> PairCheckpoint:
    """Read a checkpoint folder; see `read_checkpoint`."""
    return read_checkpoint(path, PairMlpConfig, PairTrainingRecord)
