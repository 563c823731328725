"""Toolchains for the tests: a Lean made of a few lines of Python, and real ones that are set up once a session."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leanbound.lean.embedded import NODE_FLAGS, load_embedded
from leanbound.lean.install import ensure_install
from leanbound.lean.native import NativeToolchain, load_native
from leanbound.lean.node import find_node
from leanbound.lean.toolchain import Toolchain

FAKE_LEAN = """\
#!{python} -IS
import json, os, signal, subprocess, sys, time
args = sys.argv[1:]
if args == ["--version"]:
    print({version!r})
    sys.exit(0)
if args == ["--print-prefix"]:
    print({prefix!r})
    sys.exit(0)
source = open(args[-1]).read()
out = args[args.index("-o") + 1]
with open({log!r}, "a") as log:
    log.write(args[-1] + "\\n")
def say(severity, line, message, kind="[anonymous]"):
    pos = dict(line=line, column=2)
    message = dict(severity=severity, fileName=args[-1], pos=pos, data=message, kind=kind)
    print(json.dumps(message), flush=True)
print("[DEBUG] noise")
for number, line in enumerate(source.splitlines(), start=1):
    if "-Dprofiler=true" in args and line.startswith("theorem"):
        say("information", number, "elaboration took 1ms")
    if not line.startswith("-- fake: "):
        continue
    what, *rest = line.removeprefix("-- fake: ").split()
    if what in ("error", "warning"):
        say(what, number, " ".join(rest) or "no", kind="hasSorry" if what == "warning" else "[anonymous]")
    elif what == "crash":
        print("RangeError: Maximum call stack size exceeded", file=sys.stderr)
        sys.exit(7)
    elif what == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "parent":
        os.kill(os.getppid(), signal.SIGKILL)
    elif what == "silent":
        sys.exit(0)
    elif what == "child":
        child = subprocess.Popen(["sleep", "300"])
        open(rest[0], "w").write(f"{{os.getpid()}} {{child.pid}}")
    elif what == "link":
        os.symlink("/etc/passwd", out)
        sys.exit(0)
    elif what == "sleep":
        time.sleep(float(rest[0]))
if "-- fake: error" in source:
    sys.exit(1)
open(out, "w").write("olean " + source)
open(out.removesuffix(".olean") + ".ir", "w").write("ir")
"""

NATIVE_VERSION = "Lean (version 4.28.0, x86_64-unknown-linux-gnu, commit 0123456789abcdef, Release)"


@dataclass
class FakeLean:
    """A `lean` on PATH that obeys `-- fake:` comments in what it compiles. It writes a log, so it is not contained."""

    directory: Path

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Install it, and have it found and run."""
        self.install()
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("LEANBOUND_CONTAINMENT", "off")

    def install(self, version: str = NATIVE_VERSION) -> None:
        prefix = self.directory / "prefix"
        library = prefix / "lib" / "lean"
        library.mkdir(parents=True, exist_ok=True)
        (library / "Init.olean").write_text("core")
        text = FAKE_LEAN.format(python=sys.executable, version=version, prefix=str(prefix), log=str(self.log))
        write_executable(self.bin / "lean", text)

    @property
    def bin(self) -> Path:
        return self.directory / "bin"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def compiled(self) -> list[str]:
        """The files compiled so far, in order."""
        return self.log.read_text().splitlines() if self.log.exists() else []


def write_executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def fake_lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeLean:
    fake = FakeLean(tmp_path / "fake")
    fake.use(monkeypatch)
    return fake


@pytest.fixture
def fake_toolchain(fake_lean: FakeLean) -> NativeToolchain:
    return load_native()


@pytest.fixture
def no_lean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No native Lean, whatever the machine has."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ELAN_HOME", str(tmp_path / "elan"))


@pytest.fixture(scope="session", params=["embedded", "native"])
def real_toolchain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolchain]:
    """Each provider; the native one is a `lean` on PATH that wraps the embedded one."""
    embedded = load_embedded(install=True)
    if request.param == "embedded":
        yield embedded
        return
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("native")
        _wrap_embedded(directory)
        patch.setenv("PATH", f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}")
        yield load_native()


def _wrap_embedded(directory: Path) -> None:
    install = ensure_install()
    (directory / "lib").mkdir()
    (directory / "lib" / "lean").symlink_to(install.library)
    write_executable(
        directory / "bin" / "lean",
        f"""#!/bin/sh
case "$1" in
--version) echo '{NATIVE_VERSION}'; exit 0 ;;
--print-prefix) echo '{directory}'; exit 0 ;;
esac
export LEAN_PATH="$LEAN_PATH:{install.library}"
export LEANBOUND_MOUNTS="$(printf '%s\\n' {install.directory} "$PWD" "$LEAN_PATH" | tr ':' '\\n' \\
  | cut -d/ -f1,2 | sort -u | paste -sd: -)"
exec {find_node().node} {" ".join(NODE_FLAGS)} {install.lean_js} -j1 "$@"
""",
    )
