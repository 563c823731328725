"""Everything that must be refused: each folder of `reject/` is laid over a good repository and names the reason.

`case.toml` has the exit code, what is said, and the command if it is not `verify`. No Lean can be reached here.
"""

import shutil
import tomllib
from pathlib import Path

import pytest
from tests.workspaces import CLAIM, generated, make_workspace

from leanbound.cli import main
from leanbound.verdict import Verdict

CASES = sorted(path.parent for path in Path(__file__).parent.glob("reject/*/case.toml"))


@pytest.fixture(autouse=True)
def no_lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that gets as far as Lean ends with the exit code of a toolchain failure."""
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("ELAN_HOME", "/nonexistent")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_for_the_right_reason(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "repository")
    if (case / "files").is_dir():
        shutil.copytree(case / "files", workspace, dirs_exist_ok=True)
    monkeypatch.chdir(workspace)
    expected = tomllib.loads((case / "case.toml").read_text())

    assert main(expected.get("command", ["verify"])) == expected["exit"]

    said = "".join(capsys.readouterr())
    for fragment in expected["says"]:
        assert fragment in said
    assert "Traceback" not in said
    left = generated(workspace)
    assert not [name for name in left if name.endswith((".lean", ".olean")) or Path(name).name.startswith(".")]
    verdict = workspace / "build" / "claims" / CLAIM / "verdict.json"
    assert not verdict.exists() or Verdict.load(verdict).outcome.exit_code == expected["exit"]


def test_a_good_repository_gets_as_far_as_lean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path / "repository"))
    assert main(["verify"]) == 5
    assert "no `lean` on PATH" in capsys.readouterr().out
