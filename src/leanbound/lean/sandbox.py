"""Containment: Lean runs without a network, writes to one folder only, and leaves no process behind.

The strongest way that works here is found by trying. Resource limits (`limits.py`) hold in every case.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from leanbound.errors import InputError, ToolchainError
from leanbound.lean import confine

REMEDY: Final = "install bubblewrap, allow user namespaces, or use Linux 6.2 or later"
ENV_CONTAINMENT: Final = "LEANBOUND_CONTAINMENT"
_PROBE_SECONDS: Final = 20
_PROBE: Final = 'echo x > "$1/inside" && ! echo x > "$2/outside"'
#: What Lean and its interpreter are told of the user's environment.
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "LEANBOUND_STACK_MB")


class Containment(Enum):
    """How Lean is contained; the value says it in words."""

    BUBBLEWRAP = "bubblewrap: no network, writes only to the build folder"
    NAMESPACES = "namespaces by unshare: no network, writes only to the build folder"
    LANDLOCK = "Landlock and seccomp: no network, writes only to the build folder"
    LIMITS = "resource limits only: neither bubblewrap, nor user namespaces, nor Landlock work here"
    OFF = f"resource limits only, as {ENV_CONTAINMENT} says"

    @property
    def is_strong(self) -> bool:
        """Whether network and files are out of reach."""
        return self not in (Containment.LIMITS, Containment.OFF)

    @property
    def has_init(self) -> bool:
        """Whether Lean has a process namespace, so that a signal that ends it is told as 128 and its number."""
        return self in (Containment.BUBBLEWRAP, Containment.NAMESPACES)

    def wrap(self, argv: tuple[str, ...], cwd: Path, writes: Path) -> tuple[str, ...]:
        """The command that runs `argv` in `cwd` so contained; `writes` is the folder that it may write."""
        if not self.is_strong:
            return argv
        folder = str(writes.resolve())
        if self is Containment.BUBBLEWRAP:
            return (*_bubblewrap(folder, str(cwd.resolve())), *_confine(f"{_SECCOMP}init", folder), *argv)
        if self is Containment.NAMESPACES:
            return (*_UNSHARE, *_confine(f"mounts+{_SECCOMP}init", folder), *argv)
        return (*_confine("landlock+seccomp", folder), *argv)


#: Beside namespaces it shuts out what is left: sockets in the file system, memory that is nobody's.
_SECCOMP: Final = "seccomp+" if os.uname().machine in confine.CALLS else ""
_UNSHARE: Final = (
    *("unshare", "--user", "--map-root-user", "--net", "--ipc", "--uts"),
    *("--mount-proc", "--pid", "--fork", "--kill-child", "--"),
)


def _bubblewrap(folder: str, cwd: str) -> tuple[str, ...]:
    return (
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
        *("--as-pid-1", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/"),
        *("--dev", "/dev", "--remount-ro", "/dev", "--proc", "/proc", "--bind", folder, folder),
        *("--chdir", cwd, "--"),
    )


def _confine(how: str, folder: str) -> tuple[str, ...]:
    return (sys.executable, "-IS", confine.__file__, how, folder)


def choose_containment() -> Containment:
    """The strongest containment that works here, or what LEANBOUND_CONTAINMENT (auto, require, off) allows.

    Raises:
        InputError: when that variable has another value.
        ToolchainError: when it is `require`, and nothing but resource limits works.
    """
    wanted = os.environ.get(ENV_CONTAINMENT) or "auto"
    if wanted not in ("auto", "require", "off"):
        raise InputError(f"{ENV_CONTAINMENT} is {wanted!r}, expected auto, require or off. Correct or unset it.")
    if wanted == "off":
        return Containment.OFF
    found = _strongest(os.environ.get("PATH", ""))
    if wanted == "require" and not found.is_strong:
        raise ToolchainError(
            f"{ENV_CONTAINMENT} is require, but Lean cannot be contained: neither bubblewrap, nor user namespaces, nor "
            f"Landlock work here; {REMEDY}"
        )
    return found


@cache
def _strongest(_path: str) -> Containment:
    """What is found depends on PATH."""
    return next((kind for kind in Containment if kind.is_strong and works(kind)), Containment.LIMITS)


def works(kind: Containment) -> bool:
    """Whether a command contained so can write where it may, and not where it may not."""
    with tempfile.TemporaryDirectory(prefix="leanbound-probe-") as name:
        inside, outside = Path(name, "in"), Path(name, "out")
        inside.mkdir()
        outside.mkdir()
        argv = kind.wrap(("/bin/sh", "-c", _PROBE, "sh", str(inside), str(outside)), inside, inside)
        if shutil.which(argv[0]) is None:
            return False
        try:
            done = subprocess.run(
                argv,
                cwd=inside,
                env=reduced_environment(inside),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PROBE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and (inside / "inside").exists() and not (outside / "outside").exists()


def reduced_environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What is passed on of the user's environment, with `home` as home and for temporary files, and more."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "HOME": str(home), "TMPDIR": str(home), **(more or {})}
