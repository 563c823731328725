"""Running Lean as child processes that never outlive this one, and measuring what they use."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Command:
    """What to run, where, and with which environment (all of it)."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]


@dataclass(frozen=True)
class Usage:
    """What a finished child used."""

    cpu_seconds: float
    """User and system time of the child and its threads."""
    wall_seconds: float
    max_rss_bytes: int
    returncode: int
    """The exit status, or minus the signal that ended it."""
    timed_out: bool = False


def child_setup() -> Callable[[], None]:
    """A `preexec_fn` that makes the system kill the child when its parent dies, by whatever signal."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def setup() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return setup


class Child:
    """A child in a process group of its own, writing standard output and error to files."""

    def __init__(self, command: Command, stdout: Path, stderr: Path, time_limit: float | None) -> None:
        self._started = time.monotonic()
        self._deadline = None if time_limit is None else self._started + time_limit
        self._timed_out = False
        with stdout.open("wb") as out, stderr.open("wb") as err:
            self._process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=child_setup(),
            )

    def poll(self) -> Usage | None:
        """What the child used, once it has ended; None while it runs. Ends it when its time is up."""
        if self._deadline is not None and time.monotonic() > self._deadline and not self._timed_out:
            self._timed_out = True
            self._signal_group()
        pid, status, used = os.wait4(self._process.pid, os.WNOHANG)
        return None if pid == 0 else self._finish(status, used)

    def kill(self) -> None:
        """End the child and all of its group, and wait for it."""
        if self._process.returncode is None:
            self._signal_group()
            with suppress(ChildProcessError):
                _, status, used = os.wait4(self._process.pid, 0)
                self._finish(status, used)

    def _finish(self, status: int, used: resource.struct_rusage) -> Usage:
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._signal_group()
        unit = 1 if sys.platform == "darwin" else 1024
        return Usage(
            cpu_seconds=used.ru_utime + used.ru_stime,
            wall_seconds=time.monotonic() - self._started,
            max_rss_bytes=used.ru_maxrss * unit,
            returncode=self._process.returncode,
            timed_out=self._timed_out,
        )

    def _signal_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


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
