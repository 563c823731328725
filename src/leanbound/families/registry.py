"""The families by the architecture that a config names. Imports neither torch nor numpy."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from leanbound.errors import InputError
from leanbound.families.attention_only.family import AttentionOnlyFamily
from leanbound.families.base import Family, TokenFamily
from leanbound.families.config import Architecture
from leanbound.families.feed_forward.family import FeedForwardFamily, holds_layers
from leanbound.families.pair_mlp.family import PairMlpFamily
from leanbound.families.quantised import Quantised
from leanbound.files import LARGE_LIMIT, RECORD_LIMIT, read_bytes, read_json

if TYPE_CHECKING:
    from leanbound.families.checkpoint import CheckpointOf


FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {family.architecture: family for family in (AttentionOnlyFamily(), PairMlpFamily(), FeedForwardFamily())}
)
CONFIG_FILE: Final = "config.json"
_DEFAULT: Final = AttentionOnlyFamily.architecture  # of a config that names none


class _Named(BaseModel):
    """The one key by which files of different families are told apart."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    architecture: str = _DEFAULT


def family_of(config: Architecture) -> Family:
    """The family of a model."""
    return FAMILIES[config.architecture]


def token_family_of(config: Architecture) -> TokenFamily:
    """The family of a model that has a task. Raises InputError for a model on boxes of numbers."""
    family = family_of(config)
    if not isinstance(family, TokenFamily):
        raise InputError(
            f"the model is {config.architecture}, which has no task to be right or wrong on. Claim that it avoids "
            "outputs: --property avoids --vnnlib FILE."
        )
    return family


def parse_config(value: object) -> Architecture:
    """A config of any family, from its data. Raises ValueError for one of none."""
    if isinstance(value, Architecture):
        return value
    return _find(_Named.model_validate(value).architecture).config_type.model_validate(value)


def require_comparable(config: Architecture, other: Architecture) -> None:
    """Raise InputError when two models are not of one family, or not of the same inputs and outputs."""
    for field in ("architecture", "d_vocab", "n_ctx"):
        ours, theirs = getattr(config, field), getattr(other, field)
        if ours != theirs:
            raise InputError(
                f"[other] {field} is {theirs}, but that of the first model is {ours}. Compare models of one kind."
            )


def load_model(path: Path, n_ctx: int | None = None) -> "CheckpointOf[Any, Any]":
    """A checkpoint folder of any family, a file of layers (see `holds_layers`), or else a TransformerLens state dict.

    `n_ctx` shortens the inputs of a state dict; the others say their own. Raises InputError or UnsupportedError as the
    loaders of the families and `load_transformer_lens` do.
    """
    if path.is_file() and holds_layers(path):
        if n_ctx is not None:
            raise InputError(f"{path}: holds layers without tokens, but n_ctx is {n_ctx}. Leave it out.")
        return FeedForwardFamily().load(path)
    if path.is_file():
        from leanbound.families.attention_only.transformer_lens import load_transformer_lens

        return load_transformer_lens(path, n_ctx)
    config = path / CONFIG_FILE
    try:
        return _find(read_json(config, _Named, RECORD_LIMIT).architecture).load(path)
    except ValueError as error:
        raise InputError(f"{config}: {error}") from error


def load_quantised(path: Path) -> Quantised:
    """A quantised model of any family. Raises InputError that names every field at fault."""
    try:
        data = json.loads(read_bytes(path, LARGE_LIMIT))
        family = _find(_Named.model_validate(data["config"]).architecture)
    except (ValueError, KeyError, TypeError, ValidationError, RecursionError) as error:
        raise InputError(f"{path}: not a quantised model: {error}. Make one with `leanbound quantize`.") from error
    return family.quantised_type.load(path)


def _find(architecture: str) -> Family:
    """Raises ValueError when there is none."""
    if architecture not in FAMILIES:
        raise ValueError(f"architecture is {architecture!r}, expected one of {', '.join(FAMILIES)}")
    return FAMILIES[architecture]
