"""The frontier as data (CSV) and as a table (Markdown)."""

import csv
import io
from collections.abc import Callable, Sequence

from leanbound.claims.verdict import Outcome
from leanbound.frontier.prove import Point
from leanbound.frontier.summary import RungSummary, Spread, frontier, over_models, summarise


def to_csv(points: Sequence[Point]) -> str:
    """One line a rung and model; counts are exact."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Point.model_fields, "bound"], lineterminator="\n")
    writer.writeheader()
    for point in points:
        writer.writerow({**point.model_dump(mode="json"), "bound": f"{point.bound:.9f}"})
    return text.getvalue()


def to_markdown(points: Sequence[Point]) -> str:
    """One row a rung: medians, and in brackets the least and the largest where there are several models."""
    rungs = summarise(points)
    best = {rung.rung for rung in frontier(rungs, "kernel_steps")}
    accuracy = over_models(points, lambda point: point.accuracy)
    models = list(dict.fromkeys(point.model for point in points))
    lines = [
        f"Models: {', '.join(models)}. Accuracy measured by PyTorch, floats: {_spread(accuracy, _share)}.",
        "",
        "| rung | bound proved | kernel steps | checking, CPU s | certificate, bytes | modules | |",
        "|---|---|---|---|---|---|---|",
        *(_row(rung, rung.rung in best) for rung in rungs),
        "",
        "Kernel steps are definitions unfolded and recursors applied by Lean's kernel; checking time is beyond Lean's "
        "start-up. On the frontier: no rung of fewer steps proves as much.",
    ]
    return "\n".join(lines) + "\n"


def _row(rung: RungSummary, on_frontier: bool) -> str:
    costs = {field: rung.cost(field) for field in ("kernel_steps", "check_seconds", "certificate_bytes", "modules")}
    cells = [
        rung.rung,
        _spread(rung.bound, _share),
        *(_cost(cost, _seconds if name == "check_seconds" else _count) for name, cost in costs.items()),
        _remark(rung, on_frontier),
    ]
    return f"| {' | '.join(cells)} |"


def _remark(rung: RungSummary, on_frontier: bool) -> str:
    failed = [point for point in rung.points if point.outcome is not Outcome.VERIFIED]
    remarks = ["linear baseline"] if rung.baseline else []
    remarks += ["on the frontier"] if on_frontier else []
    remarks += list(dict.fromkeys(point.reason.splitlines()[0] for point in failed if point.reason))
    return "; ".join(remarks)


def _spread(found: Spread, show: Callable[[float], str]) -> str:
    middle = show(found.middle)
    if found.least == found.most:
        return middle
    return f"{middle} [{show(found.least)}, {show(found.most)}]"


def _cost(found: Spread | None, show: Callable[[float], str]) -> str:
    return "-" if found is None else _spread(found, show)


def _share(value: float) -> str:
    """Rounded down: what is shown is not more than what holds."""
    return f"{int(value * 10**7) / 10**7:.7f}"


def _seconds(value: float) -> str:
    return f"{value:,.1f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"
