"""The picture: bound against the length of the proof, three ways of measuring it side by side.

Bounds are on a logit scale, which tells 0.99 from 0.9999 as clearly as 0.1 from 0.5; costs are on a log scale.
"""

from collections.abc import Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leanbound.frontier.prove import Point
from leanbound.frontier.summary import COSTS, RungSummary, baseline_rate, frontier, over_models, summarise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Bounds outside are drawn on the edge.
_LEAST: Final = 1e-3
_MOST: Final = 1 - 1e-6
_TICKS: Final = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)
_WIDTH_INCHES: Final = 12.5
_PANEL_INCHES: Final = 4.2
_LEGEND_COLUMNS: Final = 4
_LEGEND_LINE_INCHES: Final = 0.19
#: Where numbers stand beside their points, in turn, so that those of neighbours do not cover each other.
_OFFSETS: Final = ((4, 4), (4, -11))
_DOTS_PER_INCH: Final = 150


def draw(points: Sequence[Point], paths: Sequence[Path]) -> None:
    """Write the picture to each of the paths, in the format of its suffix. Raises OSError."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rungs = summarise(points)
    with mpl.rc_context({"svg.hashsalt": "leanbound", "font.size": 10}):
        size = _WIDTH_INCHES, _PANEL_INCHES
        figure, axes = plt.subplots(1, len(COSTS), figsize=size, sharey=True, layout="constrained")
        for ax, (field, label) in zip(axes, COSTS.items(), strict=True):
            _panel(ax, rungs, field, label)
            _accuracy(ax, points)
        figure.suptitle(_title(points, rungs), fontsize=10)
        axes[0].set_ylabel("share of all inputs proved right")
        _legend(figure, *axes[0].get_legend_handles_labels())
        for path in paths:
            figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Date": None} if path.suffix == ".svg" else {})
        plt.close(figure)


def _legend(figure: "Figure", handles: list[Any], labels: list[str]) -> None:
    """Below the panels, in as many columns as fit beside each other; the figure grows by its lines."""
    for columns in range(_LEGEND_COLUMNS, 0, -1):
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            figure.set_figheight(_PANEL_INCHES + ceil(len(labels) / columns) * _LEGEND_LINE_INCHES)
            return
        legend.remove()


def _title(points: Sequence[Point], rungs: Sequence[RungSummary]) -> str:
    models = len({point.model for point in points})
    parts = [f"{points[0].inputs:,} inputs"]
    parts += [f"medians of {models} models, bars from least to most"] if models > 1 else [points[0].model]
    vacuous = [rung.rung for rung in rungs if rung.bound.most == 0]
    parts += [f"nothing proved by {', '.join(vacuous)}"] if vacuous else []
    return "; ".join(parts)


def _panel(ax: "Axes", rungs: Sequence[RungSummary], field: str, label: str) -> None:
    priced = [(rung, cost) for rung in rungs if (cost := rung.cost(field))]
    for number, (rung, cost) in enumerate(priced, 1):
        bound = rung.bound
        x, y = cost.middle, _clip(bound.middle)
        ax.errorbar(
            x,
            y,
            xerr=[[x - cost.least], [cost.most - x]],
            yerr=[[y - _clip(bound.least)], [_clip(bound.most) - y]],
            marker="s" if rung.baseline else "o",
            linestyle="none",
            capsize=2,
            color=f"C{number % 10}",
            label=f"{number} {rung.rung}",
        )
        ax.annotate(
            str(number), (x, y), xytext=_OFFSETS[number % len(_OFFSETS)], textcoords="offset points", fontsize=8
        )
    best = [(cost.middle, _clip(rung.bound.middle)) for rung in frontier(rungs, field) if (cost := rung.cost(field))]
    ax.plot(*zip(*best, strict=True), color="0.6", zorder=0, label="frontier") if best else None
    ax.set_xscale("log")
    if priced:
        limits = _decades([edge for _, cost in priced for edge in (cost.least, cost.most)])
        ax.set_xlim(*limits)
        _baseline(ax, rungs, field, limits)
    ax.set_yscale("logit")
    ax.set_ylim(_LEAST, _MOST)
    ax.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    ax.set_yticks([], minor=True)
    ax.set_xlabel(label)
    ax.grid(alpha=0.25)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Whole decades that hold the values, none of them on the edge."""
    positive = [value for value in values if value > 0] or [1.0]
    return 10.0 ** floor(log10(min(positive) / 1.2)), 10.0 ** ceil(log10(max(positive) * 1.2))


def _baseline(ax: "Axes", rungs: Sequence[RungSummary], field: str, limits: tuple[float, float]) -> None:
    """A share of the inputs one by one, claimed as that share; its certificate does not grow with it."""
    rate = baseline_rate(rungs, field)
    if rate is None or field == "certificate_bytes":
        return
    most = max(rung.bound.middle for rung in rungs if rung.baseline)
    low, high = max(limits[0], _LEAST / rate), most / rate
    if low < high:
        xs = [low * (high / low) ** (i / 200) for i in range(201)]
        ax.plot(xs, [_clip(rate * x) for x in xs], color="0.4", linestyle=":", label="linear baseline")


def _accuracy(ax: "Axes", points: Sequence[Point]) -> None:
    accuracy = over_models(points, lambda point: point.accuracy).middle
    ax.axhline(_clip(accuracy), color="k", linestyle="--", linewidth=1, label=f"accuracy measured, {accuracy:.6f}")


def _clip(bound: float) -> float:
    return min(max(bound, _LEAST), _MOST)
