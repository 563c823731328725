"""The training commands of MLPs on pairs."""

from pathlib import Path

import pytest

from leanbound.cli import main
from leanbound.families.pair_mlp.checkpoint import load_pair_checkpoint
from leanbound.tasks.pairs import symmetric_group


def test_train_modular_addition(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sums"
    argv = [
        "train",
        "modular-addition",
        "--modulus",
        "3",
        "--hidden",
        "4",
        "--shared",
        "--steps",
        "3",
        "--out",
        str(out),
    ]
    assert main(argv) == 0
    assert "of 9" in capsys.readouterr().out
    record = load_pair_checkpoint(out).record
    assert record is not None and record.config.task.modulus == 3
    assert main(argv) == 2
    assert "exists already" in capsys.readouterr().err


def test_train_group_composition_from_a_table(tmp_path: Path) -> None:
    table, out = tmp_path / "table.json", tmp_path / "model"
    table.write_text("[[0, 1], [1, 0]]")
    argv = ["train", "group-composition", "--table", str(table), "--hidden", "4", "--steps", "3", "--out", str(out)]
    assert main(argv) == 0
    record = load_pair_checkpoint(out).record
    assert record is not None and record.config.task == symmetric_group(2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["modular-addition", "--modulus", "1"], "modulus"),
        (["modular-addition", "--modulus", "5", "--hidden", "0"], "d_hidden"),
        (["group-composition", "--symmetric", "9"], "--symmetric is 9"),
        (["group-composition", "--table", "nowhere.json"], "nowhere.json"),
    ],
)
def test_training_that_is_refused(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *options, "--out", str(tmp_path / "model")]) == 2
    assert says in capsys.readouterr().err
