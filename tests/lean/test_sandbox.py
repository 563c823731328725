"""Containment and limits, with small commands in place of Lean, and with Lean."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.lean.conftest import write_executable

from leanbound.cli import main
from leanbound.errors import InputError, ToolchainError
from leanbound.lean import sandbox
from leanbound.lean.build import build
from leanbound.lean.embedded import load_embedded
from leanbound.lean.failures import LeanCrashError
from leanbound.lean.limits import Limits, is_running, size
from leanbound.lean.process import Child, Command, Usage, run_contained
from leanbound.lean.sandbox import Containment, choose_containment, reduced_environment, works

STRONG = [kind for kind in Containment if kind.is_strong]
#: What is run tries one thing after the other, and prints what came of it.
ESCAPES = """
import os, socket, sys
inside, outside = sys.argv[1:]
def attempt(name, action):
    try:
        action()
        print(name, "done")
    except OSError as error:
        print(name, "refused")
attempt("inside", lambda: open(f"{inside}/new", "w").write("x"))
attempt("nowhere", lambda: open("/dev/null", "w").write("x"))
attempt("outside", lambda: open(f"{outside}/new", "w"))
attempt("overwrite", lambda: open(f"{outside}/kept", "w"))
attempt("truncate", lambda: os.truncate(f"{outside}/kept", 0))
attempt("remove", lambda: os.unlink(f"{outside}/kept"))
attempt("link", lambda: os.link(f"{outside}/kept", f"{inside}/linked"))
attempt("shared memory", lambda: open("/dev/shm/leanbound-escape", "w"))
attempt("internet", lambda: socket.socket())
attempt("unix socket", lambda: socket.socket(socket.AF_UNIX))
attempt("session", os.setsid)
attempt("parent", lambda: os.kill(int(sys.argv[3]), 9)) if len(sys.argv) > 3 else None
os.chmod(f"{outside}/kept", 0o777)
print("capabilities", *[line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
print("secret", os.environ.get("SECRET"))
"""
ALLOWED = ("inside", "nowhere")


@pytest.fixture(params=STRONG, ids=lambda kind: kind.name.lower())
def strong(request: pytest.FixtureRequest) -> Containment:
    if not works(request.param):
        pytest.skip(f"{request.param.name.lower()} does not work here")
    return request.param


@pytest.fixture(params=[*STRONG, Containment.LIMITS], ids=lambda kind: kind.name.lower())
def kind(request: pytest.FixtureRequest) -> Containment:
    if request.param.is_strong and not works(request.param):
        pytest.skip(f"{request.param.name.lower()} does not work here")
    return request.param


def command_in(folder: Path, *argv: str) -> Command:
    made = folder / "made"
    made.mkdir()
    return Command(argv, folder, reduced_environment(made), made)


def run(kind: Containment, folder: Path, *argv: str, limits: Limits | None = None) -> tuple[Usage, str]:
    return run_contained(command_in(folder, *argv), folder, limits or Limits(seconds=60), kind)


def test_nothing_gets_out(strong: Containment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    made = str(tmp_path / "made")
    usage, said = run(strong, tmp_path, sys.executable, "-IS", "-c", ESCAPES, made, str(outside))
    assert usage.returncode == 0, said
    results = dict(line.rsplit(" ", 1) for line in said.splitlines())
    assert results.pop("capabilities") == "0" * 16
    assert results.pop("secret") == "None"
    assert results == {name: "done" if name in ALLOWED else "refused" for name in results}
    assert len(results) == 11
    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "kept"
    assert (outside / "kept").stat().st_mode & 0o777 != 0o777


@pytest.mark.parametrize(("command", "code"), [("exit 7", 7), ("kill -9 $$", -9), ("kill -ABRT $$", -6)])
def test_how_it_ended_is_told(kind: Containment, tmp_path: Path, command: str, code: int) -> None:
    usage, _ = run(kind, tmp_path, "/bin/sh", "-c", command)
    assert (usage.returncode, usage.excess) == (code, None)


def test_what_it_used_is_told(kind: Containment, tmp_path: Path) -> None:
    code = "a = b'x' * (64 << 20); import time\nwhile time.process_time() < 0.3: pass"
    usage, _ = run(kind, tmp_path, sys.executable, "-IS", "-c", code)
    assert 0.3 <= usage.cpu_seconds < 3
    assert usage.max_rss_bytes > 64 << 20


ALLOCATE = "import time\na = []\nwhile True: a.append(b'x' * (8 << 20)); time.sleep(0.005)"
ORPHAN = f"import os\nif os.fork() == 0 and os.fork() == 0:\n exec({ALLOCATE!r})\nimport time; time.sleep(60)"


@pytest.mark.parametrize(
    ("command", "limits", "said"),
    [
        (("sleep", "60"), Limits(seconds=0.3), "after 0.3 s"),
        ((sys.executable, "-IS", "-c", ALLOCATE), Limits(memory=150 << 20), "at 150 MiB of memory"),
        ((sys.executable, "-IS", "-c", ORPHAN), Limits(memory=150 << 20), "at 150 MiB of memory"),
        (("yes",), Limits(output=1 << 20), "at 1 MiB of output"),
        (("head", "-c", "2M", "/dev/zero"), Limits(output=1 << 20), "at 1 MiB of output"),
        (("sh", "-c", "for i in 0 1 2 3 4 5 6 7 8 9; do sleep 60 & done; wait"), Limits(processes=8), "at 8 processes"),
        (("sh", "-c", "head -c 4M /dev/zero > $HOME/a; kill -XFSZ $$"), Limits(file=2 << 20), "at a file of 2 MiB"),
        (("sh", "-c", "head -c 4M /dev/zero > $HOME/a; sleep 60"), Limits(folder=2 << 20), "at 2 MiB of files"),
        (("sh", "-c", "cd $HOME; touch $(seq 2000); sleep 60"), Limits(), "at 1000 files"),
    ],
    ids=["time", "memory", "memory-of-an-orphan", "output", "output-at-once", "processes", "file", "folder", "files"],
)
def test_a_limit_ends_it(
    kind: Containment, tmp_path: Path, command: tuple[str, ...], limits: Limits, said: str
) -> None:
    started = time.monotonic()
    usage, output = run(kind, tmp_path, *command, limits=limits)
    assert usage.excess is not None, output
    assert usage.excess.what == said
    assert time.monotonic() - started < 30


def test_no_core_is_dumped(kind: Containment, tmp_path: Path) -> None:
    _, said = run(kind, tmp_path, "/bin/sh", "-c", "ulimit -c; ulimit -f")
    assert said.split()[0] == "0" and said.split()[1].isdigit()


@pytest.mark.parametrize("nested", ["sleep {}", "sh -c 'sleep {} & wait'"])
def test_the_end_reaches_every_descendant(kind: Containment, tmp_path: Path, nested: str) -> None:
    mark = f"300.{os.getpid()}{time.monotonic_ns()}"
    command = f"{nested} & {nested} & wait".format(mark, mark)
    outputs = tmp_path / "stdout", tmp_path / "stderr"
    child = Child(command_in(tmp_path, "/bin/sh", "-c", command), *outputs, Limits(), kind)
    wait_for(lambda: len(processes_with(mark, "sleep")) == 2)
    child.kill()
    assert not [pid for pid in processes_with(mark) if is_running(pid)]


ORPHANING = """
import sys, time
from pathlib import Path
from leanbound.lean.limits import Limits
from leanbound.lean.process import Child, Command
from leanbound.lean.sandbox import Containment, reduced_environment
folder, kind, mark = Path(sys.argv[1]), Containment[sys.argv[2]], sys.argv[3]
command = Command(("sleep", mark), folder, reduced_environment(folder), folder)
Child(command, folder / "stdout", folder / "stderr", Limits(), kind)
time.sleep(60)
"""


def test_lean_dies_with_its_parent(kind: Containment, tmp_path: Path) -> None:
    mark = f"300.{os.getpid()}{time.monotonic_ns()}"
    with subprocess.Popen([sys.executable, "-c", ORPHANING, str(tmp_path), kind.name, mark]) as parent:
        wait_for(lambda: processes_with(mark, "sleep"))
        parent.kill()
    wait_for(lambda: not [pid for pid in processes_with(mark) if is_running(pid)])


def processes_with(argument: str, command: str = "") -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if argument in words and (not command or words[0] == command):
            found.append(int(path.parent.name))
    return found


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_cpu_time_and_files_are_limits_of_the_system() -> None:
    limits = Limits(seconds=5)
    said = [limits.excess_of(number) for number in (24, 25, 9)]
    assert [item and item.what for item in said] == ["after 11 s of CPU time", "at a file of 2 GiB", None]
    assert (size(3 << 19), size(4 << 30)) == ("1.5 MiB", "4 GiB")


def test_limits_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEANBOUND_TIME_LIMIT", "LEANBOUND_MEMORY_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    assert Limits.from_env() == Limits()
    monkeypatch.setenv("LEANBOUND_TIME_LIMIT", "60")
    monkeypatch.setenv("LEANBOUND_MEMORY_LIMIT", "1.5")
    assert (Limits.from_env().seconds, Limits.from_env().memory) == (60, 3 << 29)
    for wrong in ("much", "-1", "0", "nan", "inf"):
        monkeypatch.setenv("LEANBOUND_MEMORY_LIMIT", wrong)
        with pytest.raises(InputError, match="LEANBOUND_MEMORY_LIMIT is"):
            Limits.from_env()


def test_the_choice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LEANBOUND_CONTAINMENT", "off")
    assert choose_containment() is Containment.OFF
    monkeypatch.setenv("LEANBOUND_CONTAINMENT", "nonsense")
    with pytest.raises(InputError, match="expected auto, require or off"):
        choose_containment()
    monkeypatch.setattr(sandbox, "_strongest", lambda _path: Containment.LIMITS)
    monkeypatch.setenv("LEANBOUND_CONTAINMENT", "auto")
    assert choose_containment() is Containment.LIMITS
    main(["doctor"])
    assert "containment: resource limits only: neither bubblewrap" in capsys.readouterr().out
    monkeypatch.setenv("LEANBOUND_CONTAINMENT", "require")
    with pytest.raises(ToolchainError, match="Lean cannot be contained"):
        choose_containment()
    assert main(["doctor"]) == 5
    monkeypatch.setattr(sandbox, "_strongest", lambda _path: Containment.LANDLOCK)
    assert choose_containment() is Containment.LANDLOCK


def test_a_bubblewrap_that_does_not_contain_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for script in ("exit 1", 'shift 30; while [ $# -gt 0 ] && [ "$1" != /bin/sh ]; do shift; done; exec "$@"'):
        write_executable(tmp_path / "bwrap", f"#!/bin/sh\n{script}\n")
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        assert not works(Containment.BUBBLEWRAP)


ENDLESS = """module
def steps (n : Nat) : List Nat := Nat.rec [] (fun m steps => {term}) n
theorem endless : (steps 100000000).length = 1 := by decide +kernel
"""


@pytest.mark.lean
@pytest.mark.parametrize(
    ("limits", "said"),
    [(Limits(seconds=6), "after 6 s"), (Limits(memory=600 << 20), "at 600 MiB of memory")],
    ids=["time", "memory"],
)
def test_a_proof_without_end_is_stopped(tmp_path: Path, limits: Limits, said: str) -> None:
    (tmp_path / "Endless.lean").write_text(ENDLESS.format(term="m :: steps"))
    toolchain = load_embedded(install=True)
    result = build(["Endless"], roots=[tmp_path], toolchain=toolchain, out=tmp_path / "out", limits=limits)
    with pytest.raises(LeanCrashError, match=f"Lean was stopped {said}, while checking Endless, in one of") as caught:
        result.require("Endless")
    assert "(0 s of CPU" not in caught.value.message
