"""The benchmark's bookkeeping: nothing is measured twice, and a row is told from what was measured."""

import json
from pathlib import Path

import pytest
from benchmarks import bench, rows
from benchmarks.measure import Bench, Values
from tests.corpus import ROOT

from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError
from leanbound.lean.embedded import load_embedded
from leanbound.lean.toolchain import Toolchain

CLAIM = {
    "beyond_startup_cpu_seconds": 10.0,
    "proved": 998,
    "inputs": 1000,
    "measured_correct": 999,
    "measured_inputs": 1000,
    "modules": 6,
    "max_rss_gib": 1.0,
    "prepare_cpu_seconds": 0.5,
}


@pytest.fixture
def toolchain() -> Toolchain:
    return load_embedded(install=True)


def test_the_exponent_of_a_power_is_its_exponent() -> None:
    assert rows.exponent({V: 3.0 * V**2.5 for V in (16, 32, 64, 128)}) == pytest.approx(2.5)


def test_rows_need_only_what_is_measured() -> None:
    assert {name for row in rows.ROWS for name in row.needs} == set(rows.MEASUREMENTS)
    assert all((ROOT / path / "model.safetensors").is_file() for path in (*rows.BY_K.values(), *rows.SEEDS))


def test_a_table_has_the_rows_whose_measurements_are_there(toolchain: Toolchain) -> None:
    text = bench.table(list(rows.ROWS), {rows.claim(rows.SHIPPED): CLAIM}, toolchain)
    assert "| <= 15 s, within 0.002 | 10.0 s, 0.998000 proved, 0.001000 below PyTorch's, 1.0 GiB | yes |" in text
    assert "exponent" not in text


def test_what_was_measured_is_kept_until_the_code_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toolchain: Toolchain
) -> None:
    made: list[str] = []

    def fails(_bench: Bench) -> Values:
        raise InputError("no such model")

    def works(_bench: Bench) -> Values:
        made.append("works")
        return CLAIM

    monkeypatch.setattr(bench, "MEASUREMENTS", {rows.claim(rows.SHIPPED): works, "fails": fails})
    place = Bench(Workspace(ROOT), toolchain, lambda _event: None)
    assert bench.run(place, "", False, tmp_path) == ["fails"]
    assert bench.run(place, "", False, tmp_path) == ["fails"]
    assert len(made) == 1
    assert (
        json.loads((tmp_path / "bench.json").read_text())["measurements"][rows.claim(rows.SHIPPED)]["values"] == CLAIM
    )
    bench.run(place, "", True, tmp_path)
    monkeypatch.setattr(bench, "digest", lambda *_: "of other code")
    bench.run(place, "", False, tmp_path)
    assert len(made) == 3
