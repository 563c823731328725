"""The exceptions that reach a user, and the exit codes they end in.

Every failure that leanbound foresees is a `LeanboundError`; anything else that escapes is a bug. A message
names the thing at fault (field, file, value), says what was expected, and what to do.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a leanbound command returns to its caller."""

    OK = 0
    REJECTED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    UNSUPPORTED = 4
    TOOLCHAIN = 5
    INTERRUPTED = 130


class LeanboundError(Exception):
    """Raised when leanbound cannot do what was asked; the root of all its errors."""

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, exit_code: ExitCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        if exit_code is not None:
            self.exit_code = exit_code


class InputError(LeanboundError):
    """Raised when a file, an argument or a value given by the user is malformed or out of range."""


class RejectedError(LeanboundError):
    """Raised when a claim is refused: its proof, statement, axioms or digests are not what they must be."""

    exit_code = ExitCode.REJECTED


class InconclusiveError(LeanboundError):
    """Raised when a certificate proves less than is claimed."""

    exit_code = ExitCode.INCONCLUSIVE


class UnsupportedError(LeanboundError):
    """Raised when the request is well formed but outside what leanbound handles."""

    exit_code = ExitCode.UNSUPPORTED


class ToolchainError(LeanboundError):
    """Raised when a Lean toolchain is missing, broken, of the wrong version, or dies."""

    exit_code = ExitCode.TOOLCHAIN
