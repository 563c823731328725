"""Running Lean as child processes that never outlive this one, and measuring what they use."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from leanbound.lean.limits import Excess, Limits, Watch, is_running, process_tree
from leanbound.lean.sandbox import Containment

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_END_SECONDS = 2.0
_END_POLL_SECONDS = 0.005
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Command:
    """What to run, where, with which environment (all of it), and the only folder that it may write."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    writes: Path


@dataclass(frozen=True)
class Usage:
    """What a finished child used."""

    cpu_seconds: float
    """User and system time of the child and its threads."""
    wall_seconds: float
    max_rss_bytes: int
    returncode: int
    """The exit status, or minus the signal that ended it."""
    excess: Excess | None = None
    """The limit that it was ended for."""


def child_setup() -> Callable[[], None]:
    """A `preexec_fn` that makes the system kill the child when its parent dies, by whatever signal.

    Orphans among its descendants become its own, so that what they use is seen.
    """
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def setup() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return setup


class Child:
    """A contained child in a process group of its own, writing standard output and error to files."""

    def __init__(
        self,
        command: Command,
        stdout: Path,
        stderr: Path,
        limits: Limits,
        containment: Containment,
        served: bool = False,
    ) -> None:
        """Start it. One that is `served` reads what `tell` writes; any other reads nothing."""
        self._started = time.monotonic()
        self._limits = limits
        self._containment = containment
        self._excess: Excess | None = None
        die_with_parent = child_setup()

        def setup() -> None:
            die_with_parent()
            limits.apply()

        with stdout.open("wb") as out, stderr.open("wb") as err:
            self._process = subprocess.Popen(
                containment.wrap(command.argv, command.cwd, command.writes),
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.PIPE if served else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=setup,
            )
        self._watch = Watch(self._process.pid, limits, (stdout, stderr), command.writes)

    def tell(self, line: str) -> None:
        """Write a line to its standard input, and measure its limits on time from now on; it may have ended."""
        self._watch.restart()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()

    def poll(self) -> Usage | None:
        """What the child used, once it has ended; None while it runs. Ends it when it passes a limit."""
        self.enforce()
        pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
        return None if pid == 0 else self._finish(status, used)

    def enforce(self) -> None:
        """End the child if it passes a limit now."""
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None and self._excess is None:
            self._excess = self._watch.excess()
            if self._excess is not None:
                self._end()

    def kill(self) -> None:
        """End the child and all of its group, and wait for it."""
        if self._process.returncode is None:
            self._end()
            with suppress(ChildProcessError):
                _, status, used = os.wait4(self._process.pid, 0)
                self._finish(status, used)

    def _finish(self, status: int, used: resource.struct_rusage) -> Usage:
        self._process.returncode = code = os.waitstatus_to_exitcode(status)
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._signal_group()
        if self._containment.has_init and code > 128:
            code = 128 - code
        unit = 1 if sys.platform == "darwin" else 1024
        return Usage(
            cpu_seconds=used.ru_utime + used.ru_stime,
            wall_seconds=time.monotonic() - self._started,
            max_rss_bytes=used.ru_maxrss * unit,
            returncode=code,
            excess=self._excess or self._limits.excess_of(-code) or self._watch.output_excess(),
        )

    def _end(self) -> None:
        """Kill the group, and wait until it has ended: it could still write.

        In a process namespace Lean goes first, and the two above it by themselves: they are told what it used.
        """
        processes = process_tree(self._process.pid)
        if self._containment.has_init and len(processes) > 2:
            for pid in processes[2:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _await_end(processes)
        self._signal_group()
        _await_end(processes)

    def _signal_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def run_contained(command: Command, folder: Path, limits: Limits, containment: Containment) -> tuple[Usage, str]:
    """Run a command to its end, in whatever way it ends, and say what it used and what it printed.

    Args:
        folder: where that is kept meanwhile; `command` should not be able to write there.
    """
    outputs = folder / "stdout", folder / "stderr"
    child = Child(command, *outputs, limits, containment)
    try:
        while (usage := child.poll()) is None:
            time.sleep(_POLL_SECONDS)
    finally:
        child.kill()
    return usage, "" if usage.excess else "".join(path.read_text(errors="replace") for path in outputs)


def _await_end(processes: Iterable[int]) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while any(map(is_running, processes)) and time.monotonic() < deadline:
        time.sleep(_END_POLL_SECONDS)


class Terminated(SystemExit):
    """Raised in the main thread when the process is asked to end, so that children are ended first."""


@contextmanager
def unwinding_on_sigterm() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise `Terminated` instead of ending the process at once; main thread only."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Terminated(128 + number)

    previous: dict[signal.Signals, object] = {}
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(ValueError):
                previous[number] = signal.signal(number, stop)
        yield
    finally:
        for number, handler in previous.items():
            if callable(handler) or isinstance(handler, (int, signal.Handlers)):
                signal.signal(number, handler)
