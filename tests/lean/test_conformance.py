"""What every provider must do, on a few lines of Lean. The native one is a `lean` that wraps the embedded one."""

from pathlib import Path

import pytest

from leanbound.lean.build import BuildResult, build
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.toolchain import Toolchain

pytestmark = pytest.mark.lean

SOURCES = {
    "Conf.Base": """\
module

@[expose] public section

/-- Twice. -/
def Conf.twice (n : Nat) : Nat := n + n
""",
    "Conf.Good": """\
module

public import Conf.Base

@[expose] public section

theorem Conf.twice_le (a b : Nat) (h : a ≤ b) : twice a ≤ twice b := by
  unfold twice; omega

theorem Conf.twice_big : twice 21 = 42 := by decide +kernel
""",
    "Conf.Bad": """\
module

public section

theorem Conf.wrong : 1 + 1 = 3 := by decide
""",
    "Conf.Open": """\
module

public section

theorem Conf.unproved : 1 + 1 = 2 := sorry
""",
}
DEEP = """\
module

@[expose] public section

theorem Conf.shallow : 1 + 1 = 2 := rfl

noncomputable def Conf.loop : Nat → Nat → Nat
  | 0, a => a
  | n + 1, a => loop n (Nat.add a 1)

theorem Conf.deep : Nat.ble (loop 20000 0) 20000 = true := by decide +kernel

theorem Conf.after : 1 + 1 = 2 := rfl
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sources")
    for name, text in (*SOURCES.items(), ("Conf.Deep", DEEP)):
        path = directory.joinpath(*name.split(".")).with_suffix(".lean")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return directory


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def result(real_toolchain: Toolchain, root: Path, out: Path) -> BuildResult:
    return build(["Conf.Good", "Conf.Bad", "Conf.Open"], roots=[root], toolchain=real_toolchain, out=out)


def test_a_proof_is_checked_and_its_artifact_written(result: BuildResult, real_toolchain: Toolchain) -> None:
    record = result.require("Conf.Good")
    assert record.artifact.read_bytes().startswith(b"olean")
    assert {".olean", ".olean.private", ".olean.server"} <= set(record.files)
    assert record.diagnostics == ()
    assert record.cpu_seconds > 0
    assert record.kernel_steps > 0
    assert record.max_rss_bytes < 2 << 30
    assert real_toolchain.version.startswith("4.28.0")
    assert real_toolchain.has_module("Init.Grind")


def test_a_false_theorem_is_rejected_with_its_place(result: BuildResult, root: Path) -> None:
    with pytest.raises(LeanRejectedError) as caught:
        result.require("Conf.Bad")
    place = f"{root / 'Conf/Bad.lean'}:5:37: error: Tactic `decide` proved that the proposition"
    assert place in caught.value.message
    assert "  | theorem Conf.wrong : 1 + 1 = 3 := by decide\n" in caught.value.message


def test_sorry_is_a_warning_in_the_record(result: BuildResult) -> None:
    warnings = result.require("Conf.Open").warnings
    assert [(item.line, item.kind) for item in warnings] == [(5, "hasSorry")]


def test_what_is_unchanged_is_not_checked_again(
    result: BuildResult, real_toolchain: Toolchain, root: Path, out: Path
) -> None:
    again = build(["Conf.Good"], roots=[root], toolchain=real_toolchain, out=out)
    assert all(record.reused for record in again.records.values())
    assert again.require("Conf.Good").sha256 == result.require("Conf.Good").sha256


def test_a_crash_names_the_theorem(
    real_toolchain: Toolchain, root: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if real_toolchain.kind != "embedded":
        pytest.skip("the wrapper dies as the embedded Lean does")
    monkeypatch.setenv("LEANBOUND_STACK_MB", "4")
    with pytest.raises(LeanCrashError, match="its stack overflowed") as caught:
        build(["Conf.Deep"], roots=[root], toolchain=real_toolchain, out=out).require("Conf.Deep")
    assert caught.value.declarations in (("Conf.deep",), ("Conf.loop", "Conf.deep"), ("Conf.deep", "Conf.after"))
    assert "while checking Conf.Deep" in caught.value.message
