"""The native toolchain: a `lean` found on PATH or where elan puts it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leanbound.errors import ToolchainError
from leanbound.lean.files import sha256_file
from leanbound.lean.limits import Limits
from leanbound.lean.pins import NATIVE_RECOMMENDED, NATIVE_SUPPORTED
from leanbound.lean.process import Command, child_setup, run_contained
from leanbound.lean.sandbox import choose_containment, reduced_environment
from leanbound.lean.toolchain import Finding, Toolchain, ToolchainInfo

KIND = "native"
_ANSWER_SECONDS = 60
_REPLAY_SECONDS = 3600.0
_VERSION = re.compile(r"Lean \(version (\d+)\.(\d+)\.(\d+)([^,)]*)[^)]*?commit ([0-9a-f]+)")
_SUPPORTED_TEXT = " or ".join(f"{major}.{minor}" for major, minor in NATIVE_SUPPORTED)
_REMEDY = f"install it with elan: `elan toolchain install {NATIVE_RECOMMENDED}`, or use --toolchain embedded"


@dataclass(frozen=True)
class _Version:
    text: str
    key: tuple[int, int]
    commit: str


class NativeToolchain(Toolchain):
    """A Lean of the machine's own."""

    def __init__(self, lean: Path, executable: Path, info: ToolchainInfo, library: Path) -> None:
        super().__init__(info, library)
        self.lean = lean
        self._executable = executable

    def command(self, root: Path, folder: Path, search_path: Sequence[Path]) -> Command:
        paths = ":".join(str(path.resolve()) for path in search_path)
        folder = folder.resolve()
        return Command(
            (str(self._executable),), root.resolve(), reduced_environment(folder, {"LEAN_PATH": paths}), writes=folder
        )

    def replay(self, modules: Sequence[str], directory: Path) -> str | None:
        checker = self._leanchecker()
        if checker is None:
            return None
        limits = replace(Limits.from_env(), seconds=_REPLAY_SECONDS)
        with tempfile.TemporaryDirectory(prefix="leanbound-replay-") as name:
            home = Path(name, "home")
            home.mkdir()
            env = reduced_environment(home, {"LEAN_PATH": str(directory.resolve())})
            command = Command((str(checker), *modules), home, env, writes=home)
            try:
                usage, said = run_contained(command, Path(name), limits, choose_containment())
            except OSError as error:
                raise ToolchainError(f"{checker} cannot be run: {error.strerror}; {_REMEDY}") from error
        if usage.excess is not None:
            return f"it was stopped {usage.excess.what}"
        return "" if usage.returncode == 0 else said.strip()[-500:] or f"it exits {usage.returncode}"

    def _leanchecker(self) -> Path | None:
        """`leanchecker` beside `lean`, where the release has one."""
        beside = self._executable.resolve().parent / "leanchecker"
        return beside if os.access(beside, os.X_OK) else None


def find_lean() -> Path | None:
    """`lean` on PATH, else in elan's directory."""
    on_path = shutil.which("lean")
    if on_path is not None:
        return Path(on_path)
    elan_home = Path(os.environ.get("ELAN_HOME") or "~/.elan").expanduser()
    return next((path for path in (elan_home / "bin" / "lean",) if os.access(path, os.X_OK)), None)


def load_native() -> NativeToolchain:
    """The native toolchain.

    Raises:
        ToolchainError: when there is none, or it is too old, too new, or does not work.
    """
    lean = find_lean()
    if lean is None:
        raise ToolchainError(f"no `lean` on PATH, nor under ~/.elan; {_REMEDY}")
    version = _parse_version(lean, _ask(lean, "--version"))
    _require_supported(lean, version)
    prefix = Path(_ask(lean, "--print-prefix").strip())
    library = prefix / "lib" / "lean"
    if not (library / "Init.olean").is_file():
        raise ToolchainError(f"{lean} is broken: its library has no {library / 'Init.olean'}; {_REMEDY}")
    executable = prefix / "bin" / "lean"
    digest = sha256_file(executable if executable.is_file() else lean)
    info = ToolchainInfo(KIND, version.text, version.commit, digest)
    # Where elan's `lean` would start another, that one is run: it needs no network and no home.
    return NativeToolchain(lean, executable if os.access(executable, os.X_OK) else lean, info, library)


def examine_native() -> Finding:
    """What is there."""
    try:
        found = load_native()
    except ToolchainError as error:
        return Finding(KIND, False, error.message.removesuffix(f"; {_REMEDY}"), _REMEDY)
    return Finding(KIND, True, f"Lean {found.version} at {found.lean}")


def _ask(lean: Path, question: str) -> str:
    try:
        done = subprocess.run(
            [str(lean), question],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
            preexec_fn=child_setup(),
        )
    except subprocess.TimeoutExpired:
        raise ToolchainError(f"`{lean} {question}` did not answer within {_ANSWER_SECONDS} s; {_REMEDY}") from None
    except OSError as error:
        raise ToolchainError(f"{lean} cannot be run: {error.strerror}; {_REMEDY}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise ToolchainError(f"{lean} is broken: `lean {question}` exits {done.returncode}, saying {said!r}; {_REMEDY}")
    return done.stdout


def _parse_version(lean: Path, text: str) -> _Version:
    match = _VERSION.search(text)
    if match is None:
        raise ToolchainError(f"{lean} is broken: `lean --version` says {text.strip()[:200]!r}; {_REMEDY}")
    major, minor, patch, suffix, commit = match.groups()
    return _Version(f"{major}.{minor}.{patch}{suffix}", (int(major), int(minor)), commit)


def _require_supported(lean: Path, version: _Version) -> None:
    if version.key in NATIVE_SUPPORTED:
        return
    age = "old" if version.key < min(NATIVE_SUPPORTED) else "new"
    raise ToolchainError(
        f"{lean} is Lean {version.text}, which is too {age}: leanbound supports {_SUPPORTED_TEXT}; {_REMEDY}"
    )
