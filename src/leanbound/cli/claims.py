"""The command that writes a claim: options become a property, and the search makes it as strong as can be proved."""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import RootModel, ValidationError

from leanbound.claims.properties import (
    Agreement,
    Counted,
    Failures,
    Loss,
    Never,
    NeverAtAnyLength,
    Numbers,
    OnTask,
    WeightedAccuracy,
)
from leanbound.claims.property import Property
from leanbound.claims.workspace import Workspace
from leanbound.errors import InconclusiveError, InputError, RejectedError
from leanbound.families.config import Architecture
from leanbound.files import RECORD_LIMIT, describe, read_json

if TYPE_CHECKING:
    from leanbound.claims.new_repository import ClaimedModel
    from leanbound.families.checkpoint import CheckpointOf
    from leanbound.families.quantised import Quantised

_ON_TASK: Final = ("accuracy", "weighted-accuracy", "failures", "loss")
#: Options, and the properties that they are for.
_ONLY_FOR: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "modulus": _ON_TASK,
        "table": _ON_TASK,
        "weights": ("weighted-accuracy",),
        "tokens": ("never", "never-at-any-length"),
        "outputs": ("never", "never-at-any-length"),
        "queries": ("never-at-any-length",),
        "other": ("agreement",),
        "other_bits": ("agreement",),
        "vnnlib": ("avoids",),
    }
)
#: More tokens than this are no list of them.
_MOST: Final = 1 << 20


def claim(arguments: argparse.Namespace) -> int:
    """Write a claim of as much as can be proved."""
    from leanbound.claims.new_repository import claim_text, write_claim
    from leanbound.families.registry import family_of
    from leanbound.strategies import Options
    from leanbound.strategies.refuted import RefutedError
    from leanbound.strategies.strongest import default_strategy, strongest

    _require_fit(arguments)
    workspace = Workspace.find(arguments.root)
    checkpoint, first, model = _quantised(workspace, arguments.model, arguments.bits)
    claimed = _asked(arguments, checkpoint)
    family = family_of(checkpoint.config)
    family.require_serves(checkpoint.config, claimed)
    second, other = _other(arguments, workspace, checkpoint.config) if claimed.compares else (None, None)
    strategy = arguments.strategy or default_strategy(family.strategy, family.architecture, claimed)
    options = Options() if arguments.fraction is None else Options(fraction=arguments.fraction)
    try:
        claimed, _ = strongest(strategy, model, claimed, options, weaken=arguments.outputs is None, other=other)
    except RefutedError as error:
        raise RejectedError(f"{error.message}. {family.replay(checkpoint, error.example)}") from None
    except InconclusiveError as error:
        remedy = "Use more --bits, another --strategy, or train the model further."
        raise InputError(f"{arguments.model} at {arguments.bits} bits: {error.message}. {remedy}") from None
    text = claim_text(first, claimed, strategy, options, second)
    path = write_claim(workspace, arguments.name, text)
    print(f"{path}: {_in_words(claimed, checkpoint.config)}, if Lean accepts it")
    return 0


def _require_fit(arguments: argparse.Namespace) -> None:
    """Raise InputError for an option that is for another property."""
    for name, kinds in _ONLY_FOR.items():
        if getattr(arguments, name) is not None and arguments.property not in kinds:
            raise InputError(
                f"--{name.replace('_', '-')} is for --property {' or '.join(kinds)}, not {arguments.property}. "
                "Leave it out."
            )


def _quantised(workspace: Workspace, path: Path, bits: int) -> "tuple[CheckpointOf[Any, Any], ClaimedModel, Quantised]":
    """A checkpoint of the repository, what a claim says of it, and its model in fixed point."""
    from leanbound.claims.new_repository import ClaimedModel
    from leanbound.families.quantisation import FixedQuantisation
    from leanbound.families.registry import family_of, load_model

    inside = workspace.inside(workspace.relative(path))
    checkpoint = load_model(inside)
    model = family_of(checkpoint.config).quantise(checkpoint, FixedQuantisation(mode="fixed", bits=bits))
    return checkpoint, ClaimedModel(workspace.relative(inside), checkpoint.digest, bits), model


def _other(
    arguments: argparse.Namespace, workspace: Workspace, config: Architecture
) -> "tuple[ClaimedModel, Quantised]":
    """The second model: the checkpoint and the bits of the first one, where no others are given."""
    from leanbound.families.registry import require_comparable

    if arguments.other is None and arguments.other_bits is None:
        raise InputError("agreement is of two models. Give --other MODEL, --other-bits N, or both.")
    bits = arguments.bits if arguments.other_bits is None else arguments.other_bits
    checkpoint, second, model = _quantised(workspace, arguments.other or arguments.model, bits)
    require_comparable(config, checkpoint.config)
    return second, model


def _asked(arguments: argparse.Namespace, checkpoint: "CheckpointOf[Any, Any]") -> Property:
    """The property of the options, without its bound: the strongest like it is to be found."""
    config, kind = checkpoint.config, arguments.property
    if kind in _ON_TASK:
        return _on_task(arguments, checkpoint)
    if kind == "avoids":
        return _on_box(arguments)
    if kind == "agreement":
        return Agreement(kind="agreement", at_least=1)
    every = tuple(range(config.d_vocab))
    rows = [_numbers("tokens", text) for text in arguments.tokens or []] or [every]
    outputs = every if arguments.outputs is None else _numbers("outputs", arguments.outputs)
    if kind == "never":
        tokens = tuple(rows * config.n_ctx if len(rows) == 1 else rows)
        return Never(kind="never", tokens=tokens, outputs=outputs)
    if len(rows) != 1:
        raise InputError(f"--tokens is given {len(rows)} times, expected once: all positions have the same tokens.")
    queries = every if arguments.queries is None else _numbers("queries", arguments.queries)
    return NeverAtAnyLength(kind="never-at-any-length", queries=queries, tokens=rows[0], outputs=outputs)


def _on_box(arguments: argparse.Namespace) -> Property:
    from leanbound.families.feed_forward.vnnlib import read_vnnlib

    if arguments.vnnlib is None:
        raise InputError("avoids needs --vnnlib FILE, bounds of inputs and constraints on outputs.")
    return read_vnnlib(arguments.vnnlib)


def _on_task(arguments: argparse.Namespace, checkpoint: "CheckpointOf[Any, Any]") -> OnTask:
    from leanbound.cli.tasks import claimed_property

    accuracy = claimed_property(arguments, checkpoint.config, checkpoint.record)
    task = {name: getattr(accuracy, name) for name in OnTask.model_fields if name != "kind"}
    if arguments.property == "failures":
        return Failures(kind="failures", exceptions=(), **task)
    if arguments.property == "loss":
        return Loss(kind="loss", at_most="0", **task)
    if arguments.property == "weighted-accuracy":
        if arguments.weights is None:
            raise InputError("weighted-accuracy needs --weights FILE, a row of numbers for each position, in JSON.")
        weights = read_json(arguments.weights, _Weights, RECORD_LIMIT).root
        try:
            return WeightedAccuracy(kind="weighted-accuracy", weights=weights, at_least=1, **task)
        except ValidationError as error:
            raise InputError(f"{arguments.weights}: {describe(error)}") from error
    return accuracy


class _Weights(RootModel[tuple[Numbers, ...]]):
    """By position, the weight of each token, in a file."""


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """The tokens of a list such as 0-7,9. Raises InputError for anything else."""
    if not re.fullmatch(r"\d{1,7}(-\d{1,7})?(,\d{1,7}(-\d{1,7})?)*", text, re.ASCII):
        raise InputError(f"--{option} is {text!r}: expected numbers and ranges of them, such as 0-7,9.")
    found: list[int] = []
    for item in text.split(","):
        first, _, last = item.partition("-")
        found += range(int(first), int(last or first) + 1)
    if not 0 < len(found) <= _MOST:
        raise InputError(
            f"--{option} is {text!r}: expected 1 to {_MOST} numbers. Put the smaller end of a range first."
        )
    return tuple(dict.fromkeys(found))


def _in_words(claimed: Property, config: Architecture) -> str:
    """What was found, for a reader."""
    from leanbound.report.table import part

    if isinstance(claimed, Counted):
        return f"{claimed.words()}: {part(*claimed.asked_of(config))}"
    shown = _shown(claimed)
    return f"{claimed.words()}: {shown}" if shown else claimed.words()


def _shown(claimed: Property) -> str:
    """The exceptions, or the outputs."""
    listed: Sequence[object] = ()
    if isinstance(claimed, Failures):
        listed = [list(tokens) for tokens in claimed.exceptions]
    elif isinstance(claimed, Never | NeverAtAnyLength):
        listed = claimed.outputs
    more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    return ", ".join(map(str, listed[:8])) + more
