"""Several modules in one process, with a Lean made of a few lines of Python."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from leanbound.lean.build import BuildResult, build
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.limits import Limits
from leanbound.lean.native import NativeToolchain, load_native
from leanbound.lean.process import Command

SERVER = """
import json, os, resource, subprocess, sys
lean, log = sys.argv[1:]
word = json.loads(sys.stdin.readline())
with open(log, "a") as file:
    file.write("started\\n")
for line in sys.stdin:
    code = subprocess.run([lean, *json.loads(line)]).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = dict(code=code, cpu=used.ru_utime + used.ru_stime, rss=used.ru_maxrss * 1024)
    print(f"\\n{word} {json.dumps(said)}", flush=True)
"""


class ServingToolchain(NativeToolchain):
    """The made-up Lean, behind a server."""

    def __init__(self, native: NativeToolchain, directory: Path) -> None:
        super().__init__(native.lean, native.lean, native.info, native.library)
        self._directory = directory
        directory.joinpath("server.py").write_text(SERVER)

    @property
    def serves(self) -> bool:
        return True

    def command(self, root: Path, folder: Path, search_path: Sequence[Path]) -> Command:
        native = super().command(root, folder, search_path)
        server = self._directory / "server.py"
        argv = (sys.executable, "-IS", str(server), *native.argv, str(self._directory / "log"))
        return Command(argv, native.cwd, native.env, native.writes)

    def started(self) -> int:
        """How many processes were started so far."""
        return len(self._directory.joinpath("log").read_text().split())


@pytest.fixture
def serving(fake_lean, tmp_path: Path) -> ServingToolchain:
    directory = tmp_path / "server"
    directory.mkdir()
    return ServingToolchain(load_native(), directory)


@pytest.fixture
def check(serving: ServingToolchain, tmp_path: Path):
    """Check modules given by their sources, one process at a time unless told otherwise."""

    def call(sources: dict[str, str], shared=lambda _module: "all", jobs: int = 1, **options) -> BuildResult:
        root = tmp_path / "src"
        root.mkdir()
        for name, text in sources.items():
            (root / f"{name}.lean").write_text(text)
        return build(
            list(sources), roots=[root], toolchain=serving, out=tmp_path / "out", jobs=jobs, shared=shared, **options
        )

    return call


def test_modules_share_a_process_if_they_may(check, serving: ServingToolchain) -> None:
    result = check({name: f"def {name} := 1" for name in ("A", "B", "C")})
    assert [record.first for record in result.records.values()] == [True, False, False]
    assert serving.started() == 1
    assert result.require("B").artifact.read_text() == "olean def B := 1"
    assert all(record.cpu_seconds > 0 for record in result.records.values())


def test_none_shares_a_process_by_default(check, serving: ServingToolchain) -> None:
    result = check(dict.fromkeys(("A", "B", "C"), ""), shared=str)
    assert all(record.first for record in result.records.values())
    assert serving.started() == 3


def test_no_more_processes_than_jobs(check, serving: ServingToolchain) -> None:
    result = check({f"M{i}": "" for i in range(6)}, shared=lambda name: "even" if int(name[1:]) % 2 == 0 else "odd")
    assert len(result.records) == 6
    assert serving.started() >= 2


def test_an_idle_process_goes_on_before_another_is_started(check, serving: ServingToolchain) -> None:
    names = [f"{owner}{i}" for i in range(3) for owner in ("A", "B")]
    result = check(dict.fromkeys(names, ""), shared=lambda name: name[0])
    assert serving.started() == 2
    assert [record.first for record in result.records.values()].count(True) == 2


def test_what_is_said_of_one_module_is_not_said_of_the_next(check, serving: ServingToolchain) -> None:
    result = check({"A": "-- fake: warning odd", "B": "", "C": "-- fake: error no", "D": ""})
    assert [len(result.require(name).warnings) for name in "ABD"] == [1, 0, 0]
    with pytest.raises(LeanRejectedError, match="error: no"):
        result.require("C")
    assert serving.started() == 1


def test_a_module_that_ends_a_shared_process_is_checked_again_alone(check, serving: ServingToolchain) -> None:
    dying = "theorem fine : True\n-- fake: parent\n"
    result = check({"A": "", "B": dying, "C": ""})
    assert sorted(result.records) == ["A", "C"]
    with pytest.raises(LeanCrashError, match="killed by signal 9, while checking B in fine"):
        result.require("B")
    assert result.require("A").first
    assert serving.started() == 3


def test_the_time_limit_is_that_of_a_module(check) -> None:
    sources = dict.fromkeys(("A", "B", "C"), "-- fake: sleep 0.6")
    assert len(check(sources, limits=Limits(seconds=1.5)).records) == 3


def test_a_module_is_stopped_without_harm_to_the_others(check) -> None:
    sources = {"A": "", "B": "theorem slow : True\n-- fake: sleep 60", "C": ""}
    result = check(sources, limits=Limits(seconds=1.0))
    assert sorted(result.records) == ["A", "C"]
    with pytest.raises(LeanCrashError, match=r"stopped after 1 s, while checking B in slow"):
        result.require("B")


def test_a_process_that_printed_much_is_not_used_again(check, serving: ServingToolchain) -> None:
    check({"A": "-- fake: warning " + "x" * 3000, "B": ""}, limits=Limits(output=4096))
    assert serving.started() == 2
