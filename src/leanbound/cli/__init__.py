"""The command line. Nothing heavy is imported until a command needs it."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from leanbound.cli.parser import build_parser
from leanbound.errors import ExitCode, LeanboundError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code. Errors that are foreseen become one message on standard error."""
    arguments = _parse(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return int(code)
    except LeanboundError as error:
        return _fail(error.message, error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", ExitCode.INTERRUPTED)
    except SystemExit as ended:  # of SIGTERM or SIGHUP, once Lean's processes have ended
        return _fail("stopped by a signal", ended.code) if isinstance(ended.code, int) else 1
    except BrokenPipeError:
        _discard_output()
        return 128 + 13
    except OSError as error:
        return _fail(_explain(error), ExitCode.USAGE)
    except MemoryError:
        return _fail("out of memory: use a smaller model, or a machine with more of it", ExitCode.USAGE)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    try:
        return build_parser().parse_args(argv)
    except SystemExit:  # after a help text, whose reader may be gone
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
        raise


def _discard_output() -> None:
    """Send what is left to be written nowhere, so that the flush at exit does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    print(f"leanbound: {message}", file=sys.stderr)
    return int(code)


def _explain(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}the disk is full. Free some space and run this again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where}cannot be written. Make it writable, or choose another place."
    return f"{where}{error.strerror or error}"
