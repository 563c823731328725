"""The task of a model, as the command line or its training record gives it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import RootModel, ValidationError

from leanbound.claims.properties import OnTask, on_pairs
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.families.config import Architecture
from leanbound.families.registry import family_of, token_family_of
from leanbound.files import RECORD_LIMIT, describe, read_json
from leanbound.tasks.pairs import PairTask, Table, modular_addition

if TYPE_CHECKING:
    from leanbound.families.record import RecordOf


def claimed_property(
    arguments: argparse.Namespace, config: Architecture, record: "RecordOf[Any] | None" = None
) -> OnTask:
    """What is claimed of a model, so far of one input: on the task of the options, else on that of its record.

    Raises InputError for options that make no sense, or no task of the model's family.
    """
    family = token_family_of(config)
    claimed = family.default_property(record) if (task := _given(arguments)) is None else on_pairs(task, 1)
    family.require_serves(config, claimed)
    return claimed


def asked_property(arguments: argparse.Namespace, config: Architecture) -> Property:
    """That of the VNN-LIB file, where one is given, else on the task of the options; see `claimed_property`."""
    if arguments.vnnlib is None:
        return claimed_property(arguments, config)
    from leanbound.families.feed_forward.vnnlib import read_vnnlib

    claimed = read_vnnlib(arguments.vnnlib)
    family_of(config).require_serves(config, claimed)
    return claimed


def _given(arguments: argparse.Namespace) -> PairTask | None:
    try:
        if arguments.modulus is not None:
            return modular_addition(arguments.modulus)
        if arguments.table is not None:
            return PairTask(name="group-composition", table=read_table(arguments.table))
    except ValidationError as error:
        raise InputError(f"the task: {describe(error)}") from error
    return None


class _Table(RootModel[Table]):
    """A multiplication table in a file."""


def read_table(path: Path) -> Table:
    """A list of rows in JSON. Raises InputError for anything else."""
    return read_json(path, _Table, RECORD_LIMIT).root
