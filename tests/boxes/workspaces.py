"""A small repository of claims about feed-forward networks on boxes."""

import shutil
from pathlib import Path

import pytest
from tests.boxes.corpus import random_layers
from tests.corpus import ROOT

from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.families.checkpoint import save_checkpoint
from leanbound.families.feed_forward.checkpoint import to_state
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.families.feed_forward.quantize import widths_of

#: On [-1, 1]^2 output 0 is above a bound, or output 1 above another one.
ABOVE = """(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (and (>= X_0 -1) (<= X_0 1)))
(assert (and (>= X_1 -1) (<= X_1 1)))
(assert (<= Y_0 {}))
(assert (<= Y_1 {}))
"""
#: Of claims: the bounds of the outputs, and the strategy. The first one needs a split of the box.
CLAIMS = {"above": ("0.1", "0.125", "linear-relaxation"), "weaker": ("-0.5", "-0.5", "interval")}
#: Bounds that the network does not keep.
FALSE = ABOVE.format("0.5", "0.5")


def make_box_workspace(directory: Path) -> Workspace:
    """Two claims about one network of three layers, and the file of a false one."""
    workspace = Workspace(directory)
    for name in ("templates", "lean"):
        shutil.copytree(ROOT / name, directory / name)
    workspace.proofs.mkdir()
    layers = random_layers(1)
    save_checkpoint(directory / "models" / "net", FeedForwardConfig(widths=widths_of(layers)), to_state(layers))
    (directory / "false.vnnlib").write_text(FALSE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name, (first, second, strategy) in CLAIMS.items():
            (directory / f"{name}.vnnlib").write_text(ABOVE.format(first, second))
            asked = ["--property", "avoids", "--vnnlib", f"{name}.vnnlib", "--strategy", strategy]
            assert main(["claim", name, "models/net", "--bits", "6", *asked]) == 0
    return workspace
