"""The command line. Nothing heavy is imported until a command needs it."""

import errno
import os
import sys
from collections.abc import Sequence

from leanbound.cli.parser import build_parser
from leanbound.errors import ExitCode, LeanboundError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code. Errors that are foreseen become one message on standard error."""
    arguments = build_parser().parse_args(argv)
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit does not fail too
        return 128 + 13
    except OSError as error:
        return _fail(_explain(error), ExitCode.USAGE)
    except MemoryError:
        return _fail("out of memory: use a smaller model, or a machine with more of it", ExitCode.USAGE)


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
