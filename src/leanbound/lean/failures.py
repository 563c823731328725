"""How the check of a module can fail, and the messages that say so."""

import re
from collections.abc import Sequence

from leanbound.errors import RejectedError, ToolchainError
from leanbound.lean.diagnostics import Diagnostic, declaration_at, declarations, errors_in, format_diagnostic
from leanbound.lean.modules import Module
from leanbound.lean.process import Usage

_SHOWN_ERRORS = 5
_SHOWN_LENGTH = 4000
_SIGNS = (
    (re.compile(r"Maximum call stack size exceeded|[Ss]tack overflow|deep recursion"), "its stack overflowed"),
    (
        re.compile(r"[Oo]ut of memory|memory access out of bounds|OOM|std::bad_alloc|Cannot enlarge memory"),
        "it ran out of memory",
    ),
)
_LAST_STEP = "linting took"
"""The profiler's last word on a command."""


class LeanRejectedError(RejectedError):
    """Raised when Lean refuses a module: an error in it, or a proof that does not hold."""

    def __init__(self, module: str, message: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(message)
        self.module = module
        self.diagnostics = tuple(diagnostics)


class LeanCrashError(ToolchainError):
    """Raised when Lean dies, or passes one of its limits, while it checks a module."""

    def __init__(self, module: str, message: str, declarations: Sequence[str]) -> None:
        super().__init__(message)
        self.module = module
        self.declarations = tuple(declarations)
        """The declaration it died in; several where that is not known, none where the module has none."""


def lean_errors(module: Module, diagnostics: Sequence[Diagnostic]) -> LeanRejectedError:
    """The failure of a module in which Lean found errors."""
    source = module.source.decode()
    errors = errors_in(diagnostics)
    shown = [format_diagnostic(item, source, str(module.path))[:_SHOWN_LENGTH] for item in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        shown.append(f"and {len(errors) - _SHOWN_ERRORS} more errors")
    names = dict.fromkeys(name for item in errors if (name := declaration_at(source, item.line)) is not None)
    where = f" in {_listed(list(names))}" if names else ""
    return LeanRejectedError(module.name, f"Lean rejects {module.name}{where}:\n" + "\n".join(shown), diagnostics)


def lean_crash(module: Module, usage: Usage, output: str, suspects: Sequence[str]) -> LeanCrashError:
    """The failure of a module on which Lean died, or was ended for passing a limit.

    Args:
        output: what Lean wrote to both streams.
        suspects: the declarations it may have died in.
    """
    where = f" in {suspects[0]}" if len(suspects) == 1 else f", in one of {_listed(suspects)}" if suspects else ""
    if usage.excess is not None:
        what, remedy = f"Lean was stopped {usage.excess.what}", usage.excess.remedy
    else:
        what = f"Lean died: {_cause(usage, output)}"
        remedy = "split the proof into smaller theorems or balance its recursion"
    used = f"{usage.cpu_seconds:.0f} s of CPU, {usage.max_rss_bytes / 2**20:.0f} MiB"
    return LeanCrashError(module.name, f"{what}, while checking {module.name}{where} ({used}); {remedy}", suspects)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _cause(usage: Usage, output: str) -> str:
    for pattern, meaning in _SIGNS:
        if pattern.search(output):
            return meaning
    if usage.returncode < 0:
        return f"it was killed by signal {-usage.returncode}"
    said = [line for line in output.splitlines() if line.strip() and not line.startswith(("[DEBUG", "{", "  "))]
    last = f", saying {said[-1][:200]!r}" if said else ""
    return f"it exited with status {usage.returncode} and reported no error{last}"


def suspects_from_source(module: Module) -> list[str]:
    """Every declaration of the module, for want of better knowledge."""
    return [name for _, name in declarations(module.source.decode())]


def suspects_from_profile(module: Module, diagnostics: Sequence[Diagnostic]) -> list[str]:
    """The declarations that Lean may have died in, from a run that reports every step of every command.

    Lean reports in the order of the file, but works ahead of what it reports: the declaration of the last step
    if the step is not its last one, and the one after it.
    """
    if not diagnostics:
        return []
    source = module.source.decode()
    last = diagnostics[-1]
    found = [] if last.message.startswith(_LAST_STEP) else [declaration_at(source, last.line)]
    found.append(next((name for line, name in declarations(source) if line > last.line), None))
    return [name for name in found if name is not None]
