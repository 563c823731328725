"""A small repository of claims about MLPs on pairs of tokens, which are right in part."""

import shutil
from pathlib import Path

import pytest
from tests.corpus import ROOT
from tests.pairs.corpus import half_right

from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.families.checkpoint import save_checkpoint
from leanbound.tasks.pairs import modular_addition, symmetric_group

#: Claims, their models, and the options that give their tasks: the checkpoints have no training record.
CLAIMS = {
    "sums": ["models/sums", "--modulus", "5"],
    "products": ["models/products", "--table", "table.json"],
    "fewer-bits": ["models/sums", "--property", "agreement", "--other-bits", "4"],
    "all-but-some": ["models/sums", "--modulus", "5", "--property", "failures"],
    "by-weight": ["models/sums", "--modulus", "5", "--property", "weighted-accuracy", "--weights", "weights.json"],
    "small-loss": ["models/sums", "--modulus", "5", "--property", "loss"],
}


def make_pair_workspace(directory: Path) -> Workspace:
    """A claim of every property of sums modulo 5, and one about a table of six elements."""
    workspace = Workspace(directory)
    for name in ("templates", "lean"):
        shutil.copytree(ROOT / name, directory / name)
    workspace.proofs.mkdir()
    products = symmetric_group(3)
    (directory / "table.json").write_text(str([list(row) for row in products.targets()]))
    (directory / "weights.json").write_text("[[1, 2, 3, 4, 5], [5, 0, 1, 1, 2]]")
    for name, task in (("sums", modular_addition(5)), ("products", products)):
        made = half_right(task)
        save_checkpoint(directory / "models" / name, made.config, made.weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name, options in CLAIMS.items():
            assert main(["claim", name, *options]) == 0
    return workspace
