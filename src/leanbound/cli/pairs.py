"""The commands about MLPs on pairs: training."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from leanbound.cli.models import report_training, require_new
from leanbound.errors import InputError
from leanbound.files import describe

if TYPE_CHECKING:
    from leanbound.tasks.pairs import PairTask


def train_modular_addition(arguments: argparse.Namespace) -> int:
    """Train an MLP on addition modulo a number."""
    from leanbound.tasks.pairs import modular_addition

    return _train(arguments, lambda: modular_addition(arguments.modulus))


def train_group_composition(arguments: argparse.Namespace) -> int:
    """Train an MLP on the multiplication table of a group."""
    from leanbound.cli.tasks import read_table
    from leanbound.tasks.pairs import MAX_SYMMETRIC, PairTask, symmetric_group

    if arguments.table is not None:
        table = read_table(arguments.table)
        return _train(arguments, lambda: PairTask(name="group-composition", table=table))
    if not 2 <= arguments.symmetric <= MAX_SYMMETRIC:
        raise InputError(f"--symmetric is {arguments.symmetric}, expected 2 to {MAX_SYMMETRIC}. Choose another group.")
    return _train(arguments, lambda: symmetric_group(arguments.symmetric))


def _train(arguments: argparse.Namespace, make_task: "Callable[[], PairTask]") -> int:
    from leanbound.families.pair_mlp.config import PairMlpConfig, PairTrainConfig

    require_new(arguments.out)
    try:
        task = make_task()
        model = PairMlpConfig(d_vocab=task.d_vocab, d_hidden=arguments.hidden, shared=arguments.shared)
        config = PairTrainConfig(
            task=task,
            model=model,
            seed=arguments.seed,
            steps=arguments.steps,
            learning_rate=arguments.learning_rate,
            weight_decay=arguments.weight_decay,
        )
    except ValidationError as error:
        raise InputError(f"train: {describe(error)}") from error
    from leanbound.families.pair_mlp.train import train_pair_checkpoint

    checkpoint = train_pair_checkpoint(config, arguments.out, progress=True)
    report_training(checkpoint.record, arguments.out, checkpoint.digest)
    return 0
