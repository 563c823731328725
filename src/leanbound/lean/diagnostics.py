"""What Lean says, as data: its JSON messages, made readable, and the theorems of a source file by line."""

import bisect
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_DECLARATION = re.compile(
    r"^\s*(?:@\[[^\]]*\]\s*)?(?:(?:private|protected|public|noncomputable|local|scoped)\s+)*(?:theorem|lemma|def|instance|abbrev)\s+"
    r"([^\s:({\[]+)",
)
_EXCERPT_WIDTH = 160

COUNT_STEPS = ("-Ddiagnostics=true", "-Ddiagnostics.threshold=0")
"""Options by which Lean says after each declaration how often its kernel unfolded what."""
_COUNTS = re.compile(r"\[\w+\] Diagnostics\n")
_KERNEL_COUNT = re.compile(r"^ *\[kernel\] \S+ ↦ (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Diagnostic:
    """One message of Lean. Lines count from 1, columns from 0, as Lean counts them."""

    severity: str
    """`error`, `warning` or `information`."""
    file: str
    line: int
    column: int
    message: str
    kind: str = ""
    """Lean's tag of the message, as `hasSorry`."""

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "Diagnostic":
        return Diagnostic(**data)


def parse_diagnostics(output: str) -> list[Diagnostic]:
    """The messages among the lines that Lean wrote with `--json`; every other line is left out."""
    found = []
    for line in output.splitlines():
        if line.startswith("{"):
            message = _parse_line(line)
            if message is not None:
                found.append(message)
    return found


def _parse_line(line: str) -> Diagnostic | None:
    try:
        data = json.loads(line)
        position = data["pos"]
        return Diagnostic(
            severity=str(data["severity"]),
            file=str(data["fileName"]),
            line=int(position["line"]),
            column=int(position["column"]),
            message=str(data["data"]).rstrip(),
            kind=str(data.get("kind", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def split_counts(diagnostics: Sequence[Diagnostic]) -> tuple[int, list[Diagnostic]]:
    """The kernel's steps, as reported under `COUNT_STEPS`, and the messages that are no such report.

    A step is a definition unfolded or a recursor applied; results that the kernel has in its cache count once.
    """
    counts = [item for item in diagnostics if _COUNTS.match(item.message)]
    steps = sum(int(count) for item in counts for count in _KERNEL_COUNT.findall(item.message))
    return steps, [item for item in diagnostics if item not in counts]


def format_diagnostic(diagnostic: Diagnostic, source: str, path: str | None = None) -> str:
    """`file:line:col: error: message`, then the line of the source with a caret under the place."""
    head = (
        f"{path or diagnostic.file}:{diagnostic.line}:{diagnostic.column}: {diagnostic.severity}: {diagnostic.message}"
    )
    lines = source.splitlines()
    if not 1 <= diagnostic.line <= len(lines):
        return head
    text = lines[diagnostic.line - 1]
    start = max(0, diagnostic.column - _EXCERPT_WIDTH // 2)
    excerpt = text[start : start + _EXCERPT_WIDTH]
    return f"{head}\n  | {excerpt}\n  | {' ' * (diagnostic.column - start)}^"


def declarations(source: str) -> list[tuple[int, str]]:
    """`(line, name)` of the declarations of a source file, in order; found by their keywords, not by parsing."""
    found = []
    for number, line in enumerate(source.splitlines(), start=1):
        match = _DECLARATION.match(line)
        if match is not None:
            found.append((number, match.group(1)))
    return found


def declaration_at(source: str, line: int) -> str | None:
    """The name of the declaration that a line belongs to: the last one that begins at or before it."""
    found = declarations(source)
    index = bisect.bisect_right([number for number, _ in found], line) - 1
    return found[index][1] if index >= 0 else None


def errors_in(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    return [item for item in diagnostics if item.is_error]
