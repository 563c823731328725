"""What a Lean process may use, and watching that it and all that it started keep to it."""

import os
import resource
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from leanbound.errors import InputError

ENV_SECONDS: Final = "LEANBOUND_TIME_LIMIT"
ENV_MEMORY: Final = "LEANBOUND_MEMORY_LIMIT"
#: Lean reserves more than it uses, above all the embedded one: 2 GiB of stacks and heaps.
_RESERVED: Final = 4 << 30
_WATCH_SECONDS: Final = 0.1
_MOST_FILES: Final = 1000
_SMALLER: Final = "split the proof into smaller theorems"


@dataclass(frozen=True)
class Excess:
    """A limit that was passed: when or at what, as "after 900 s", and what to do."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Limits:
    """Of one Lean process with all that it starts. Sizes are in bytes."""

    seconds: float | None = 900.0
    """Of wall time; each process may use twice as much CPU time. None for no limit."""
    memory: int = 4 << 30
    """Resident, of all processes together."""
    output: int = 64 << 20
    """Standard output and error together."""
    file: int = 2 << 30
    folder: int = 4 << 30
    """All files in the folder that it may write."""
    processes: int = 64

    @classmethod
    def from_env(cls) -> Self:
        """The usual limits, but for what LEANBOUND_TIME_LIMIT (seconds) and LEANBOUND_MEMORY_LIMIT (GiB) say.

        Raises InputError when one of them is not a positive number.
        """
        return cls(seconds=_positive(ENV_SECONDS, 900.0), memory=int(_positive(ENV_MEMORY, 4.0) * 2**30))

    def apply(self) -> None:
        """Set what the system itself can enforce, as `limit_process` does."""
        wanted = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: self.file,
            resource.RLIMIT_DATA: self.memory + _RESERVED,
        }
        if self.seconds is not None:
            wanted[resource.RLIMIT_CPU] = int(2 * self.seconds) + 1
        limit_process(wanted)

    def excess_of(self, number: int) -> Excess | None:
        """The limit whose excess the system answers with this signal."""
        if number == signal.SIGXCPU and self.seconds is not None:
            return Excess(f"after {int(2 * self.seconds) + 1} s of CPU time", _more(ENV_SECONDS, "s"))
        if number == signal.SIGXFSZ:
            return Excess(f"at a file of {size(self.file)}", _SMALLER)
        return None


def limit_process(wanted: Mapping[int, int]) -> None:
    """Set limits of the system on the calling process and what it will start, for good."""
    for kind, value in wanted.items():
        hard = value + 1 if kind == resource.RLIMIT_CPU else value  # so that SIGXCPU comes first
        _, present = resource.getrlimit(kind)
        if present != resource.RLIM_INFINITY:
            hard = min(hard, present)
        resource.setrlimit(kind, (min(value, hard), hard))


def _positive(name: str, default: float) -> float:
    text = os.environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1e6:
        raise InputError(f"{name} is {text!r}, expected a number above 0, at most 1000000. Correct or unset it.")
    return value


def _more(variable: str, unit: str) -> str:
    return f"allow it more with {variable} ({unit}), or {_SMALLER}"


def size(count: int) -> str:
    """A number of bytes to be read: `4 GiB`."""
    unit, name = (2**30, "GiB") if count >= 2**30 else (2**20, "MiB")
    return f"{count / unit:.4g} {name}"


class Watch:
    """Whether a process and its descendants keep to their limits."""

    def __init__(self, pid: int, limits: Limits, outputs: Sequence[Path], folder: Path) -> None:
        self._pid = pid
        self._limits = limits
        self._outputs = tuple(outputs)
        self._folder = folder
        self._started = time.monotonic()
        self._next = 0.0

    def restart(self) -> None:
        """Measure the limit on time from now on."""
        self._started = time.monotonic()

    def excess(self) -> Excess | None:
        """The limit that is passed now. Cheap: memory and files are looked at ten times a second at most."""
        now = time.monotonic()
        if self._limits.seconds is not None and now > self._started + self._limits.seconds:
            return Excess(f"after {self._limits.seconds:g} s", _more(ENV_SECONDS, "s"))
        if (found := self.output_excess()) is not None or now < self._next:
            return found
        self._next = now + _WATCH_SECONDS
        return self._tree_excess() or self._folder_excess()

    def output_excess(self) -> Excess | None:
        """Whether too much was written to standard output and error."""
        if sum(path.stat().st_size for path in self._outputs) <= self._limits.output:
            return None
        return Excess(f"at {size(self._limits.output)} of output", "have it print less")

    def _tree_excess(self) -> Excess | None:
        processes = process_tree(self._pid)
        if len(processes) > self._limits.processes:
            return Excess(f"at {self._limits.processes} processes", "a proof needs none of its own")
        if sum(map(resident_bytes, processes)) > self._limits.memory:
            return Excess(f"at {size(self._limits.memory)} of memory", _more(ENV_MEMORY, "GiB"))
        return None

    def _folder_excess(self) -> Excess | None:
        count, total = _usage_of(self._folder)
        if count > _MOST_FILES:
            return Excess(f"at {_MOST_FILES} files", "a module has five at most")
        return Excess(f"at {size(self._limits.folder)} of files", _SMALLER) if total > self._limits.folder else None


def process_tree(pid: int) -> list[int]:
    """A process and its descendants, as far as the system tells."""
    found = [pid]
    for parent in found:
        try:
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        except OSError:  # ended meanwhile
            continue
    return found


def is_running(pid: int) -> bool:
    """Whether a process can still do something; one that only waits to be asked for its status cannot."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return False


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM; 0 if it has ended, or where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _usage_of(folder: Path) -> tuple[int, int]:
    """Files and bytes below a folder; counting ends soon after `_MOST_FILES`."""
    count = total = 0
    folders = [str(folder)]
    while folders and count <= _MOST_FILES:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    count += 1
                    total += entry.stat(follow_symlinks=False).st_size
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    if count > _MOST_FILES:
                        break
        except OSError:  # removed meanwhile
            continue
    return count, total
