"""Everything that must be refused: each folder of `reject/` is laid over a good repository and names the reason.

`case.toml` has the exit code, what is said (`{line}` is that of the last replacement), text to replace in good files,
the command if it is not `verify`, and whether Lean has to run. Where it has not, none can be reached. Under
`[certificate]` is how `certificate.json` is made: bits of the model, strategy, an entry to set, bytes to keep.
"""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.corpus import MODELS, certify
from tests.workspaces import CLAIM, checked_library, generated, make_workspace

from leanbound.claims.verdict import Verdict
from leanbound.cli import main
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.registry import load_model
from leanbound.gate.escape import indent

CASES = {
    path.parent: tomllib.loads(path.read_text()) for path in sorted(Path(__file__).parent.glob("reject/*/case.toml"))
}
QUICK = [case for case, expected in CASES.items() if "lean" not in expected and "base" not in expected]
WITH_LEAN = [case for case, expected in CASES.items() if "lean" in expected]


@pytest.fixture
def no_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that gets as far as Lean ends with the exit code of a toolchain failure."""
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("ELAN_HOME", "/nonexistent")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checked library, in a build directory apart from the one that `make verify` uses."""
    return checked_library(tmp_path_factory.mktemp("library") / "lean")


@pytest.mark.usefixtures("no_lean")
@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_refused_without_lean(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "repository")
    refuse(case, workspace, monkeypatch, capsys)
    left = generated(workspace)
    assert not [name for name in left if name.endswith((".lean", ".olean")) or Path(name).name.startswith(".")]


@pytest.mark.lean
@pytest.mark.parametrize("case", WITH_LEAN, ids=lambda case: case.name)
def test_refused_with_lean(
    case: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "embedded")
    workspace = make_workspace(tmp_path / "repository")
    (workspace / "build").mkdir()
    (workspace / "build" / "lean").symlink_to(library)
    refuse(case, workspace, monkeypatch, capsys)


def refuse(case: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Run the case's command, and hold exit code, reasons and the verdict left behind against what it expects."""
    expected = CASES[case]
    if (case / "files").is_dir():
        shutil.copytree(case / "files", workspace, dirs_exist_ok=True)
    line = 0
    for name, old, new in expected.get("replace", []):
        text = (workspace / name).read_text()
        assert old in text
        line = text[: text.index(old)].count("\n") + 1
        (workspace / name).write_text(text.replace(old, new))
    if "certificate" in expected:
        (workspace / "certificate.json").write_bytes(wrong_certificate(**expected["certificate"]))
    monkeypatch.chdir(workspace)
    for name, value in expected.get("env", {}).items():
        monkeypatch.setenv(name, value)
    assert main(expected.get("command", ["verify"])) == expected["exit"]
    said = "".join(capsys.readouterr())
    for fragment in expected["says"]:
        assert fragment.replace("{line}", str(line)) in said
    assert "Traceback" not in said
    verdict = workspace / "build" / "claims" / CLAIM / "verdict.json"
    assert not verdict.exists() or Verdict.load(verdict).outcome.exit_code == expected["exit"]
    if "command" not in expected:
        refuse_at_the_gate(expected, line, capsys)


def refuse_at_the_gate(expected: dict[str, Any], line: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The gate refuses it too, for the same reason, and prints no line that the repository has made up."""
    assert main(["gate"]) != 0
    said = capsys.readouterr().out
    for fragment in expected["says"]:
        assert indent(fragment.replace("{line}", str(line))) in said
    assert not {*expected.get("never", [])} & {*said.splitlines()}


def wrong_certificate(bits: int = 8, strategy: str = "exhaustive", **change: Any) -> bytes:
    """A certificate of the small model, changed."""
    model = quantize_fixed(load_model(MODELS / "max-of-2-v5"), bits)
    data = json.loads(certify(strategy, model).to_bytes())
    if "set" in change:
        (*path, last), value = change["set"]
        part = data
        for key in path:
            part = part[key]
        part[last] = value
    return json.dumps(data).encode()[: change.get("bytes")]


@pytest.mark.usefixtures("no_lean")
def test_a_good_repository_gets_as_far_as_lean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path / "repository"))
    assert main(["verify"]) == 5
    assert "no `lean` on PATH" in capsys.readouterr().out


@pytest.mark.lean
def test_a_good_repository_is_verified(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "embedded")
    workspace = make_workspace(tmp_path / "repository")
    (workspace / "build").mkdir()
    (workspace / "build" / "lean").symlink_to(library)
    monkeypatch.chdir(workspace)
    assert main(["verify"]) == 0
    said = capsys.readouterr().out
    assert "24 of 25 = 0.9600" in said and "propext" in said
    assert main(["verify"]) == 0
    assert "verified (unchanged)" in capsys.readouterr().out
