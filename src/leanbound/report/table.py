"""The table of verdicts that `leanbound verify` ends with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from leanbound.audit.theorem import LIBRARY_ASSUMPTION
from leanbound.claims.verdict import Measured, Verdict
from leanbound.pipeline.run import ClaimResult

NOTES = (
    "A bound is about the quantised model, evaluated in exact real arithmetic; the accuracy measured is PyTorch's, of "
    "the float model. A tie is wrong.",
    f"Axioms are those that the proof and all modules of ours use; {LIBRARY_ASSUMPTION}.",
    "Kernel steps are definitions unfolded and recursors applied by Lean's kernel on the claim's modules, as Lean "
    "counts them; checking time is Lean's CPU time on these modules beyond its start-up, once for each module.",
)
_NONE = "-"


def render_table(results: Sequence[ClaimResult], root: Path, width: int | None = None) -> str:
    """One row a claim; where that is wider than `width` columns, one block of lines a claim. Then notes and reasons."""
    rows = [row(result, root) for result in results]
    text = _table(rows)
    if width is not None and max((len(line) for line in text.splitlines()), default=0) > width:
        text = _blocks(rows)
    return "\n\n".join([text, *_reasons(results), "\n".join(NOTES)]) + "\n"


def row(result: ClaimResult, root: Path) -> dict[str, str]:
    """The cells of a claim, by the heading of their column. Paths are shown below `root`."""
    verdict = result.verdict
    verdict_text = f"{result.outcome} (unchanged)" if result.reused else str(result.outcome)
    cells = {"claim": result.name, "verdict": verdict_text}
    return cells | (_cells(verdict, root) if verdict is not None else {})


def _cells(verdict: Verdict, root: Path) -> dict[str, str]:
    toolchain, costs = verdict.toolchain, verdict.costs
    other = verdict.other
    more = "" if other is None else f", with {Path(other.model).name} {other.model_digest[:12]}, {other.quantisation}"
    return {
        "model": f"{Path(verdict.model).name} {verdict.model_digest[:12]}",
        "property": f"{verdict.property} on {verdict.task}, {verdict.quantisation}{more}",
        "proved bound": part(verdict.proved, verdict.inputs),
        "bound claimed": part(verdict.at_least, verdict.inputs),
        "measured (PyTorch)": _measured(verdict.measured),
        "strategy": verdict.strategy,
        "Lean": _NONE if toolchain is None else f"{toolchain.kind} {toolchain.version} {toolchain.commit[:8]}",
        "axioms": _NONE if verdict.axioms is None else ", ".join(verdict.axioms) or "none",
        "certificate": _NONE if costs is None else _size(costs.certificate_bytes),
        "kernel steps": _NONE if costs is None else f"{costs.kernel_steps:,}",
        "checking": _NONE if costs is None else _seconds(costs.beyond_startup_cpu_seconds),
        ".olean": _NONE if verdict.artifact is None else str(root / verdict.artifact),
    }


def part(count: int | None, inputs: int | None) -> str:
    """`24 of 25 = 0.9600`, rounded down, so that what is shown is not more than what holds."""
    if count is None:
        return _NONE
    if inputs is None:
        return f"{count:,}"
    digits = max(4, len(str(inputs)) - 1)
    scaled = 10**digits * count // inputs
    return f"{count:,} of {inputs:,} = {scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"


def _measured(measured: Measured | None) -> str:
    if measured is None:
        return _NONE
    text = part(measured.correct, measured.inputs)
    return text if measured.exhaustive else f"{text} (sample)"


def _seconds(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{seconds:.1f} s"


def _size(count: int) -> str:
    return f"{count / 1000:,.1f} kB"


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """Columns of equal width, by the longest row of cells."""
    headings = max((list(row) for row in rows), key=len, default=[])
    cells = [headings, *([row.get(heading, _NONE) for heading in headings] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _blocks(rows: Sequence[Mapping[str, str]]) -> str:
    width = max(len(heading) for row in rows for heading in row)
    return "\n\n".join("\n".join(f"{heading:{width}}  {cell}" for heading, cell in row.items()) for row in rows)


def _reasons(results: Sequence[ClaimResult]) -> list[str]:
    """Why claims are not verified, one paragraph each."""
    return [
        f"{result.name}: {result.outcome}:\n" + "\n".join(_indented(reason) for reason in result.reasons)
        for result in results
        if result.reasons
    ]


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
