"""The report of the gate for a reader: claims, numbers, reasons, and a sentence at the end."""

from collections.abc import Sequence
from typing import Final

from leanbound.claims.verdict import Outcome
from leanbound.gate.escape import indent, quote
from leanbound.gate.report import GateReport, MarkerEntry, Reason
from leanbound.report.table import part

_NONE: Final = "-"
_MOST: Final = 48
"""Characters of a bound text that are shown in the table."""


def render(report: GateReport) -> str:
    """The report as text. Every line that a message of several lines continues on is marked, see `escape.indent`."""
    parts = [_table(("claim", "verdict", "bound", "reason"), [_claim(report, i) for i in range(len(report.claims))])]
    if report.markers:
        rows = [_marker(report, marker) for marker in report.markers]
        parts.append(_table(("number", "in", "bound to", "stands"), rows))
    if report.reasons:
        parts.append("\n".join(["reasons:", *(_reason(reason) for reason in report.reasons)]))
    if report.updated:
        parts.append("\n".join(["updated:", *(f"  {quote(name)}" for name in report.updated)]))
    return "\n\n".join([*parts, f"checked: {report.checked}", report.summary]) + "\n"


def _claim(report: GateReport, i: int) -> tuple[str, ...]:
    claim = report.claims[i]
    kinds = ", ".join(dict.fromkeys(str(reason.kind) for reason in report.reasons_of(claim.name)))
    bound = part(claim.proved, claim.inputs) if claim.outcome is Outcome.VERIFIED else _NONE
    return quote(claim.name), str(claim.outcome), bound, kinds or _NONE


def _marker(report: GateReport, marker: MarkerEntry) -> tuple[str, ...]:
    text = marker.text if len(marker.text) <= _MOST else f"{marker.text[:_MOST]}..."
    was = "" if marker.was is None else f" (was {_shown(marker.was)})"
    stands = "yes" if marker.accepted else "NO"
    return f"{_shown(text)}{was}", f"{quote(marker.file)}:{marker.line}", quote(marker.claim), stands


def _shown(text: str) -> str:
    """Plain numbers as they are, anything else in quotes."""
    plain = text.replace(" of ", "").replace(" inputs", "")
    return text if plain and set(plain) <= set("0123456789.,%") else f'"{text}"'


def _reason(reason: Reason) -> str:
    claim = "" if reason.claim is None else f"{quote(reason.claim)}: "
    return f"  {quote(reason.file)}:{reason.line}: {reason.kind}: {claim}{indent(reason.message)}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])
