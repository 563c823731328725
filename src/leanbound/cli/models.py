"""The commands about models: train and quantize."""

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from leanbound.errors import InputError
from leanbound.files import describe

if TYPE_CHECKING:
    from leanbound.claims.properties import OnTask
    from leanbound.families.calibrate import QuantisationReport
    from leanbound.families.checkpoint import CheckpointOf
    from leanbound.families.quantised import Quantised
    from leanbound.families.record import RecordOf, TrainConfig


def train(arguments: argparse.Namespace) -> int:
    """Train a model and write its checkpoint."""
    config = _train_config(arguments)
    config.model.require_affordable()
    require_new(arguments.out)
    from leanbound.families.attention_only.train import train_checkpoint

    _require_device(arguments.device)
    checkpoint = train_checkpoint(config, arguments.out, progress=True)
    report_training(checkpoint.record, arguments.out, checkpoint.digest)
    return 0


def report_training(record: "RecordOf[Any] | None", out: Path, digest: str) -> None:
    """Say what was trained and where it is."""
    from leanbound.report.table import part

    if record is not None:
        what = "all inputs" if record.exhaustive else "a sample"
        print(f"right on {part(record.correct, record.inputs)}, of {what}; trained in {record.seconds:.0f} s")
    print(f"{out}: weights have SHA-256 {digest}")


def require_new(out: Path) -> None:
    """Raise InputError when there is something already where a checkpoint is to be written."""
    if out.exists():
        raise InputError(f"{out}: exists already. Choose another path, or remove it first.")


def _train_config(arguments: argparse.Namespace) -> "TrainConfig":
    from leanbound.families.attention_only.config import AttentionOnlyConfig
    from leanbound.families.record import TrainConfig

    try:
        model = AttentionOnlyConfig(
            d_vocab=arguments.vocab,
            n_ctx=arguments.length,
            d_model=arguments.d_model,
            d_head=arguments.d_model if arguments.d_head is None else arguments.d_head,
            biases=arguments.biases,
        )
        return TrainConfig(
            model=model,
            seed=arguments.seed,
            steps=arguments.steps,
            batch_size=arguments.batch_size,
            learning_rate=arguments.learning_rate,
            weight_decay=arguments.weight_decay,
            device=arguments.device,
        )
    except ValidationError as error:
        raise InputError(f"train: {describe(error)}") from error


def _require_device(device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device is cuda, but torch finds no CUDA device. Use --device cpu.")


def quantize(arguments: argparse.Namespace) -> int:
    """Quantise a model and report errors and accuracy."""
    bits = parse_bits(arguments.bits)
    if arguments.tolerance is not None and bits != "auto":
        raise InputError("--tolerance is only for --bits auto. Leave it out.")
    from leanbound.cli.tasks import claimed_property
    from leanbound.families import calibrate
    from leanbound.families.base import TokenFamily
    from leanbound.families.registry import family_of, load_model

    checkpoint = load_model(arguments.model, arguments.n_ctx)
    has_task = isinstance(family_of(checkpoint.config), TokenFamily)
    claimed = claimed_property(arguments, checkpoint.config, checkpoint.record) if has_task else None
    model = _quantised(checkpoint, claimed, bits, arguments.tolerance)
    report = calibrate.report(checkpoint, model, claimed, progress=True)
    model.save(arguments.out)
    if arguments.json:
        print(json.dumps({"digest": model.digest, **asdict(report)}, indent=1))
    else:
        print(report_text(report))
        print(f"{arguments.out}: quantised model, SHA-256 {model.digest}")
    return 0


def parse_bits(text: str) -> int | dict[str, int] | str:
    """A width, widths by tensor, `auto` or `exact`. Raises InputError for anything else."""
    if text in ("auto", "exact"):
        return text
    if re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    if re.fullmatch(r"\w+=\d{1,9}(,\w+=\d{1,9})*", text):
        pairs = [item.split("=") for item in text.split(",")]
        if len({name for name, _ in pairs}) == len(pairs):
            return {name: int(width) for name, width in pairs}
    raise InputError(f"--bits is {text!r}: expected a number, NAME=BITS,NAME=BITS,..., auto or exact.")


def _quantised(
    checkpoint: "CheckpointOf[Any, Any]",
    claimed: "OnTask | None",
    bits: int | dict[str, int] | str,
    tolerance: float | None,
) -> "Quantised":
    from leanbound.families import calibrate
    from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
    from leanbound.families.registry import family_of

    family = family_of(checkpoint.config)
    if bits == "exact":
        return family.quantise(checkpoint, ExactQuantisation(mode="exact"))
    if isinstance(bits, str):
        if claimed is None:
            raise InputError("--bits is auto, but the model has no task whose accuracy could be kept. Choose the bits.")
        allowed = calibrate.DEFAULT_TOLERANCE if tolerance is None else tolerance
        print("trying widths from 3 bits upwards", file=sys.stderr)
        return calibrate.quantize_auto(checkpoint, claimed, allowed, progress=True)
    try:
        return family.quantise(checkpoint, FixedQuantisation(mode="fixed", bits=bits))
    except ValidationError as error:
        raise InputError(f"--bits: {describe(error)}") from error


def report_text(report: "QuantisationReport") -> str:
    """Errors of every tensor, and accuracy before and after."""
    from leanbound.report.table import part

    lines = ["tensor  bits  scale    largest error  largest relative error"]
    for item in report.tensors:
        lines.append(
            f"{item.name:6}  {item.width:4}  {f'2^-{item.frac}':7}  {item.max_abs:13.3g}  {item.max_relative:22.3g}"
        )
    for when, accuracy in (("before", report.before), ("after", report.after)):
        if accuracy is None:
            continue
        sample = "" if accuracy.exhaustive else " (a sample)"
        lines.append(f"accuracy {when}: {part(accuracy.correct, accuracy.inputs)}{sample}")
    if report.exact_but is not None:
        lines.append(report.exact_but)
    return "\n".join(lines)
