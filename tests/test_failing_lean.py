"""Whole runs of the command with a Lean that fails: what is said, the exit code, and that no process is left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.lean.conftest import FakeLean
from tests.workspaces import CLAIM, generated, make_workspace

from leanbound.cli import main

NAMESPACE = "Claims.MaxOf2V5BruteForce"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one claim, and a native Lean that obeys comments."""
    fake = FakeLean(tmp_path / "fake")
    fake.use(monkeypatch)
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    directory = make_workspace(tmp_path / "repository")
    library = tmp_path / "fake" / "prefix" / "lib" / "lean"
    for module in ("Init.Grind", "Init.Data.List.Basic", "Init.Data.Nat.Basic"):
        path = library.joinpath(*module.split(".")).with_suffix(".olean")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("core")
    monkeypatch.chdir(directory)
    return directory


def obey(workspace: Path, template: str, comment: str) -> None:
    """Have Lean do something when it comes to the module of a template."""
    path = workspace / "templates" / "proofs" / template
    path.write_text(f"{path.read_text()}-- fake: {comment}\n")


@pytest.mark.parametrize(
    ("comment", "code", "said"),
    [
        ("error unsolved goals", 1, f"Lean rejects {NAMESPACE}.Queries0"),
        ("error unsolved goals", 1, "is rendered from proofs/exhaustive/Queries.lean.j2"),
        ("crash", 5, f"its stack overflowed, while checking {NAMESPACE}.Queries0"),
        ("signal", 5, f"it was killed by signal 9, while checking {NAMESPACE}.Queries0"),
        ("silent", 5, "it exited with status 0 and reported no error"),
    ],
)
def test_lean_fails(workspace: Path, capsys: pytest.CaptureFixture[str], comment: str, code: int, said: str) -> None:
    obey(workspace, "exhaustive/Queries.lean.j2", comment)
    assert main(["verify", "--jobs", "1"]) == code
    assert said in capsys.readouterr().out


def test_lean_writes_nonsense(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 1
    said = capsys.readouterr().out
    assert "rejected" in said and "Replay.olean" in said


def test_a_build_directory_that_is_a_file(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "build").write_text("in the way")
    assert main(["verify"]) in (2, 5)
    assert "cannot be written" in "".join(capsys.readouterr())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_everything(workspace: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    note = tmp_path / "pids"
    obey(workspace, "exhaustive/Queries.lean.j2", f"child {note}\n-- fake: sleep 300")
    command = [sys.executable, "-m", "leanbound", "verify", CLAIM, "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 120
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = [int(word) for word in note.read_text().split()]
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code
    assert out == "" and "Traceback" not in err
    assert not [pid for pid in pids if _running(pid)]
    assert not [name for name in generated(workspace) if ".work-" in name or name.endswith("verdict.json")]


def _running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
