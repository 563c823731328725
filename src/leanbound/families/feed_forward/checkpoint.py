"""Checkpoints of feed-forward networks: a folder, a file with the state of a torch `Sequential`, or ONNX. No torch."""

import hashlib
from pathlib import Path
from typing import Any, TypeAlias

from leanbound.families.attention_only.config import MEMORY_LIMIT
from leanbound.families.checkpoint import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    CheckpointOf,
    Weights,
    check_weights,
    parse_safetensors,
    read_weights,
)
from leanbound.families.feed_forward.load import Array, from_onnx, from_state
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.families.feed_forward.quantize import Dense, widths_of
from leanbound.families.record import RecordOf
from leanbound.files import RECORD_LIMIT, read_bytes, read_json

#: Weights are those of a torch `Sequential`: see `FeedForwardConfig.shapes`. Such a network has no training record.
NetworkCheckpoint: TypeAlias = CheckpointOf[FeedForwardConfig, RecordOf[Any]]


def load_network(path: Path) -> NetworkCheckpoint:
    """Read a network. Raises InputError as `read_checkpoint` does, UnsupportedError for other than layers and ReLUs."""
    if path.is_dir():
        config = read_json(path / CONFIG_FILE, FeedForwardConfig, RECORD_LIMIT)
        return CheckpointOf(config, *read_weights(path / WEIGHTS_FILE, config))
    content = read_bytes(path, MEMORY_LIMIT)
    if path.suffix == ".onnx":
        layers = from_onnx(content, str(path))
    else:
        layers = from_state(parse_safetensors(path, content), str(path))
    config, weights = FeedForwardConfig(widths=widths_of(layers)), to_state(layers)
    check_weights(config, weights, str(path))
    return CheckpointOf(config, weights, hashlib.sha256(content).hexdigest())


def to_state(layers: list[Dense]) -> Weights:
    """Layers as the state of a torch `Sequential`."""
    state: dict[str, Array] = {}
    for k, layer in enumerate(layers):
        state |= {f"{2 * k}.weight": layer.W.T.copy(), f"{2 * k}.bias": layer.b}
    return state
