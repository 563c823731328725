"""Files: digests, locks, the cache directory, and what an operating system error means to a user."""

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from leanbound.errors import ToolchainError

_CHUNK = 1 << 20


def cache_dir() -> Path:
    """`$LEANBOUND_CACHE`, else `$XDG_CACHE_HOME/leanbound`, else `~/.cache/leanbound`; not created here."""
    own = os.environ.get("LEANBOUND_CACHE")
    if own:
        return Path(own).expanduser().resolve()
    xdg = os.environ.get("XDG_CACHE_HOME")
    base = Path(xdg).expanduser() if xdg else Path("~/.cache").expanduser()
    return (base / "leanbound").resolve()


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file to read, never waiting for anyone to write it. Raises OSError where it is no regular file."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise OSError(errno.EINVAL, f"it is {kind}, expected a regular file", str(path))
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises OSError where it is no regular file."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def explain_os_errors(what: str, directory: Path, instead: str = "set LEANBOUND_CACHE to") -> Iterator[None]:
    """Turn a full disk, a read-only directory and the like into a `ToolchainError` that says what to do.

    Args:
        what: what was being done, as "installing the embedded Lean".
        directory: where it was being done.
        instead: how to do it in another directory, as "set LEANBOUND_CACHE to".
    """
    try:
        yield
    except OSError as error:
        raise ToolchainError(f"{what} in {directory} failed: {_reason(error, instead)}") from error


def _reason(error: OSError, instead: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full; free some space, or {instead} a directory on another disk"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"the directory cannot be written; {instead} one that can"
    return str(error)


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold an advisory lock on `path`, waiting for it; freed by the system if the process dies."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(stream, fcntl.LOCK_UN)
