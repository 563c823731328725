"""The build, with a Lean made of a few lines of Python."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leanbound.errors import ExitCode, InputError, ToolchainError
from leanbound.lean.build import BuildResult, build
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.limits import Limits
from leanbound.lean.native import NativeToolchain
from leanbound.lean.progress import BuildEvent, EventKind, console_progress


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A diamond: Top imports Left and Right, which import Base."""
    directory = tmp_path / "src"
    directory.mkdir()
    write(directory, "Base", "def base := 1")
    write(directory, "Left", "import Base")
    write(directory, "Right", "import Base")
    write(directory, "Top", "import Left\nimport Right")
    return directory


def write(root: Path, name: str, text: str) -> None:
    path = root.joinpath(*name.split(".")).with_suffix(".lean")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def run(root: Path, tmp_path: Path, fake_toolchain: NativeToolchain):
    def call(*targets: str, **options) -> BuildResult:
        return build(targets or ("Top",), roots=[root], toolchain=fake_toolchain, out=tmp_path / "out", **options)

    return call


def checked(result: BuildResult) -> list[str]:
    return sorted(name for name, record in result.records.items() if not record.reused)


def test_checks_all_in_order_and_nothing_twice(run, fake_lean) -> None:
    first = run()
    assert list(first.records) == ["Base", "Left", "Right", "Top"]
    assert fake_lean.compiled()[0] == "Base.lean"
    assert fake_lean.compiled()[-1] == "Top.lean"
    top = first.require("Top")
    assert top.artifact.read_text().startswith("olean import Left")
    assert set(top.files) == {".olean", ".ir"}
    assert top.wall_seconds > 0
    assert top.max_rss_bytes > 1 << 20
    again = run()
    assert checked(again) == []
    assert again.require("Top").sha256 == top.sha256
    assert len(fake_lean.compiled()) == 4


def test_a_change_rechecks_what_depends_on_it(run, root: Path) -> None:
    run()
    write(root, "Right", "import Base\n-- changed")
    assert checked(run()) == ["Right", "Top"]
    write(root, "Base", "def base := 2")
    assert checked(run()) == ["Base", "Left", "Right", "Top"]


def test_options_and_toolchain_are_part_of_the_key(run, fake_lean, root: Path, tmp_path: Path) -> None:
    run("Base")
    assert checked(run("Base", options=["-DmaxRecDepth=1000"])) == ["Base"]
    library = fake_lean.directory / "prefix" / "lib" / "lean"
    executable = fake_lean.directory / "prefix" / "bin" / "lean"
    executable.parent.mkdir()
    executable.write_text("another lean")
    from leanbound.lean.native import load_native

    other = load_native()
    assert other.library == library
    result = build(["Base"], roots=[root], toolchain=other, out=tmp_path / "out", options=["-DmaxRecDepth=1000"])
    assert checked(result) == ["Base"]


@pytest.mark.parametrize("part", ["Right.olean", "Right.ir", "Right.olean.json"])
@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_tampered_artifact_is_made_again(run, part: str, how: str) -> None:
    good = run().require("Right")
    path = good.artifact.with_name(part)
    if how == "changed":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        path.unlink()
    again = run()
    assert checked(again) == ["Right"]
    assert again.require("Right").sha256 == good.sha256


def test_an_error_is_readable_and_stops_only_its_importers(run, root: Path) -> None:
    write(root, "Left", "import Base\n  theorem wrong : 1 = 2 :=\n-- fake: error does not hold")
    result = run("Top", "Right")
    assert sorted(result.records) == ["Base", "Right"]
    with pytest.raises(LeanRejectedError) as caught:
        result.require("Top")
    assert caught.value.exit_code is ExitCode.REJECTED
    assert f"{root / 'Left.lean'}:3:2: error: does not hold\n  | -- fake: error" in caught.value.message
    assert caught.value.module == "Left"
    assert checked(run("Right")) == []


def test_warnings_stay_in_the_record(run, root: Path) -> None:
    write(root, "Base", "-- fake: warning declaration uses `sorry`")
    for expected in (False, True):
        record = run("Base").require("Base")
        assert record.reused is expected
        assert [item.kind for item in record.warnings] == ["hasSorry"]


CRASHING = "theorem fine : True := trivial\ntheorem deep : True := by\n  loop\n-- fake: {}\ntheorem later : True"


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("crash", "its stack overflowed"),
        ("signal", "it was killed by signal 9"),
        ("silent", "it exited with status 0 and reported no error"),
        ("link", "it exited with status 0 and reported no error"),
    ],
)
def test_a_crash_names_module_and_theorem(run, root: Path, what: str, cause: str) -> None:
    write(root, "Base", CRASHING.format(what))
    with pytest.raises(LeanCrashError) as caught:
        run("Base").require("Base")
    assert caught.value.exit_code is ExitCode.TOOLCHAIN
    assert f"Lean died: {cause}, while checking Base, in one of deep, later (" in caught.value.message
    assert not list((root.parent / "out").rglob("*.olean"))


def test_a_time_limit(run, root: Path, fake_lean) -> None:
    write(root, "Base", "theorem slow : True\n-- fake: sleep 60")
    started = time.monotonic()
    with pytest.raises(LeanCrashError, match=r"stopped after 0\.5 s, while checking Base in slow"):
        run("Base", limits=Limits(seconds=0.5)).require("Base")
    assert time.monotonic() - started < 20


def test_missing_module_is_an_input_error(run, root: Path) -> None:
    write(root, "Top", "import Nowhere")
    with pytest.raises(InputError, match="Nowhere, imported by Top"):
        run()


def test_independent_modules_run_side_by_side(run, root: Path) -> None:
    for name in ("Left", "Right"):
        write(root, name, "import Base\n-- fake: sleep 1")
    events: list[BuildEvent] = []
    run(jobs=2, on_event=events.append)
    kinds = [(event.kind, event.module) for event in events]
    both = {kinds.index((EventKind.STARTED, name)) for name in ("Left", "Right")}
    ends = {kinds.index((EventKind.CHECKED, name)) for name in ("Left", "Right")}
    assert max(both) < min(ends)
    assert (events[-1].done, events[-1].total) == (4, 4)


def test_progress_without_a_terminal_is_lines(run, capsys: pytest.CaptureFixture[str]) -> None:
    with console_progress() as listen:
        run("Base", on_event=listen)
        run("Base", on_event=listen)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("[1/1] checked Base (")


def test_a_build_directory_that_cannot_be_made_is_explained(root: Path, tmp_path: Path, fake_toolchain) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ToolchainError, match=r"building in .* failed"):
        build(["Base"], roots=[root], toolchain=fake_toolchain, out=tmp_path / "file")


def test_a_failed_build_leaves_no_scratch(run, root: Path) -> None:
    write(root, "Base", "-- fake: error no")
    run()
    assert [path.name for path in (root.parent / "out").glob("*/*")] == [".lock"]


BUILD_SCRIPT = """
import sys
from pathlib import Path
from leanbound.lean.build import build
from leanbound.lean.native import load_native
build(["Base"], roots=[Path(sys.argv[1])], toolchain=load_native(), out=Path(sys.argv[2]))
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_child_outlives_an_interrupted_build(root: Path, tmp_path: Path, fake_lean, number: int) -> None:
    pids = tmp_path / "pids"
    write(root, "Base", f"-- fake: child {pids}\n-- fake: sleep 300")
    argv = [sys.executable, "-c", BUILD_SCRIPT, str(root), str(tmp_path / "out")]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        children = [int(word) for word in pids.read_text().split()]
        assert all(alive(pid) for pid in children)
        process.send_signal(number)
        assert process.wait(20) != 0
    wait_for(lambda: not any(alive(pid) for pid in children))
    assert not list((tmp_path / "out").glob("*/.work-*"))


def test_lean_dies_with_a_build_that_is_killed(root: Path, tmp_path: Path, fake_lean) -> None:
    pids = tmp_path / "pids"
    write(root, "Base", f"-- fake: child {pids}\n-- fake: sleep 300")
    argv = [sys.executable, "-c", BUILD_SCRIPT, str(root), str(tmp_path / "out")]
    with subprocess.Popen(argv) as process:
        wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        process.kill()
    lean, grandchild = (int(word) for word in pids.read_text().split())
    wait_for(lambda: not alive(lean))
    os.kill(grandchild, signal.SIGKILL)


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_the_record_is_plain_json(run) -> None:
    record = run("Base").require("Base")
    data = json.loads(record.artifact.with_name("Base.olean.json").read_text())
    assert data["key"] == record.key
    assert data["files"][".olean"] == record.sha256
