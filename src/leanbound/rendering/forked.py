"""Work on what others wrote, in a forked child with limits; what it finds comes back through a pipe, as JSON.

A fork starts in milliseconds where a new interpreter would import for a second, and large inputs need no copy.
"""

import json
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leanbound.lean import confine
from leanbound.lean.limits import limit_process, size
from leanbound.lean.process import child_setup

_CHUNK: Final = 1 << 20
_PATIENCE: Final = 5.0
_REAP_SECONDS: Final = 0.002
_NO_MEMORY: Final = 3
_DONE: Final = b"null"


@dataclass(frozen=True)
class ForkLimits:
    """Of one child. Sizes are in bytes."""

    cpu_seconds: int = 60
    seconds: float = 600.0
    """Of wall time; a machine may be busy."""
    memory: int = 2 << 30
    """Beyond what the parent has."""
    output: int = 256 << 20


def collect(produce: Callable[[], Iterable[object]], limits: ForkLimits) -> tuple[list[Any], str]:
    """What `produce` yields in a child, as JSON gives it back, and how that ended early, if it did.

    The child writes no files and opens no sockets, where the kernel can forbid it. `produce` should catch its errors.

    Returns:
        What it yielded; and "", or words such as "after 60 s of CPU time".
    """
    reading, writing = os.pipe()
    die_with_parent = child_setup()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the threads of torch are of no concern to the child
        child = os.fork()
    if child == 0:
        os.close(reading)
        die_with_parent()
        _become_producer(produce, writing, limits)
    os.close(writing)
    patience = 0.0
    try:
        content, ended = _read(reading, limits)
        patience = 0.0 if ended else _PATIENCE
    finally:
        os.close(reading)
        status = _reap(child, patience)
    *lines, _partial = content.split(b"\n")
    if lines and lines[-1] == _DONE:
        return [json.loads(line) for line in lines[:-1]], ""
    return [json.loads(line) for line in lines], ended or _cause(status, limits)


def _become_producer(produce: Callable[[], Iterable[object]], writing: int, limits: ForkLimits) -> None:
    """Never returns: whatever happens in the child, none of the parent's code runs on in it."""
    status = 1
    try:
        _limit(limits)
        with os.fdopen(writing, "wb") as pipe:
            for item in produce():
                pipe.write(json.dumps(item).encode() + b"\n")
                pipe.flush()
            pipe.write(_DONE + b"\n")
        status = 0
    except MemoryError:
        status = _NO_MEMORY
    finally:
        os._exit(status)


def _limit(limits: ForkLimits) -> None:
    for step in (confine.landlock, confine.seccomp):
        with suppress(OSError):
            step()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    memory = _data_bytes() + limits.memory
    limit_process({resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: limits.cpu_seconds, resource.RLIMIT_DATA: memory})


def _data_bytes() -> int:
    """What the process has allocated so far; 0 where the system does not tell, and does not limit it either."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def _read(reading: int, limits: ForkLimits) -> tuple[bytes, str]:
    """What the child writes, and the limit that it passed, if it did."""
    deadline = time.monotonic() + limits.seconds
    parts: list[bytes] = []
    total = 0
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return b"".join(parts), f"after {limits.seconds:g} s"
        part = os.read(reading, _CHUNK)
        if not part:
            return b"".join(parts), ""
        parts.append(part)
        total += len(part)
        if total > limits.output:
            return b"".join(parts), f"at {size(limits.output)} of output"


def _reap(child: int, patience: float) -> int:
    """The exit status of the child, or minus the signal that ended it: after `patience` seconds that is SIGKILL."""
    deadline = time.monotonic() + patience
    while (found := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(_REAP_SECONDS)
    return os.waitstatus_to_exitcode(found[1])


def _cause(status: int, limits: ForkLimits) -> str:
    if status == -signal.SIGXCPU:
        return f"after {limits.cpu_seconds} s of CPU time"
    if status == _NO_MEMORY:
        return f"at {size(limits.memory)} of memory"
    return f"by signal {-status}" if status < 0 else "by an error in leanbound"
