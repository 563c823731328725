"""The rows of the benchmark's table: what is measured, what is to be reached, and how it is told.

A measurement is made once, however many rows tell of it. To add a row, add its measurements and a `Row`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

from benchmarks.measure import Bench, Values

STRATEGY: Final = "cubic-counts"
SHIPPED: Final = "models/max-of-4-v64"
BY_K: Final = {4: SHIPPED} | {K: f"benchmarks/models/max-of-{K}-v64" for K in (5, 10, 20)}
BY_V: Final = {V: SHIPPED if V == 64 else f"benchmarks/models/max-of-4-v{V}" for V in (16, 32, 64, 128)}
SEEDS: Final = [SHIPPED, *(f"benchmarks/models/max-of-4-v64-seed{seed}" for seed in (1, 2, 3, 4))]
#: The largest model that the plain lists can do in 2 GiB.
PLAIN: Final = BY_V[16]
SMALL: Final = 10

Measured = Mapping[str, Values]
"""By the name of the measurement."""


def claim(path: str, strategy: str = STRATEGY) -> str:
    """The name of the measurement of a claim about a model."""
    return f"{strategy} {path}"


def _claim(path: str, strategy: str = STRATEGY) -> tuple[str, Callable[[Bench], Values]]:
    return claim(path, strategy), lambda bench: bench.claim(strategy, path)


MEASUREMENTS: Final[Mapping[str, Callable[[Bench], Values]]] = dict(
    [
        _claim(SHIPPED, "cubic"),
        *(_claim(path) for path in dict.fromkeys([*BY_K.values(), *BY_V.values(), *SEEDS])),
        ("plain lists", lambda bench: bench.plain_lists(PLAIN)),
        ("one small module", lambda bench: bench.small_modules(1)),
        (f"{SMALL} small modules", lambda bench: bench.small_modules(SMALL)),
    ]
)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    target: str
    needs: tuple[str, ...]
    """Measurements."""
    tell: Callable[[Measured], tuple[str, bool | None]]
    """What was measured, and whether it reaches the target; None where there is none."""


def exponent(points: Mapping[int, float]) -> float:
    """The slope of log y over log x, by least squares."""
    xs, ys = [log2(x) for x in points], [log2(y) for y in points.values()]
    x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / sum((x - x0) ** 2 for x in xs)


def beyond(measured: Measured, path: str, strategy: str = STRATEGY) -> float:
    """CPU seconds of a claim's modules beyond start-up."""
    return measured[claim(path, strategy)]["beyond_startup_cpu_seconds"]


def gap(values: Values) -> float:
    """How far the proved part of all inputs lies below the part that PyTorch measures."""
    return values["measured_correct"] / values["measured_inputs"] - values["proved"] / values["inputs"]


def _bound(values: Values) -> str:
    return f"{values['proved'] / values['inputs']:.6f} proved, {gap(values):.6f} below PyTorch's"


def _shipped(strategy: str, target: float) -> Row:
    name = claim(SHIPPED, strategy)

    def tell(measured: Measured) -> tuple[str, bool]:
        seconds = beyond(measured, SHIPPED, strategy)
        text = f"{seconds:.1f} s, {_bound(measured[name])}, {measured[name]['max_rss_gib']:.1f} GiB"
        return text, seconds <= target and gap(measured[name]) <= 0.002

    what = f"V = 64, K = 4, the shipped model: {strategy}"
    return Row(what, f"<= {target:.0f} s, within 0.002", (name,), tell)


def _length(K: int) -> Row:
    name = claim(BY_K[K])

    def tell(measured: Measured) -> tuple[str, bool]:
        ratio = beyond(measured, BY_K[K]) / beyond(measured, SHIPPED)
        text = f"{beyond(measured, BY_K[K]):.1f} s, {ratio:.1f} x K = 4, {_bound(measured[name])}"
        return text, ratio <= 10 and gap(measured[name]) <= 0.002

    return Row(f"V = 64, K = {K}: {STRATEGY}", "<= 10 x K = 4", (name, claim(SHIPPED)), tell)


def _vocabulary(V: int) -> Row:
    name = claim(BY_V[V])

    def tell(measured: Measured) -> tuple[str, None]:
        return (
            f"{beyond(measured, BY_V[V]):.1f} s in {measured[name]['modules']:.0f} modules, {_bound(measured[name])}",
            None,
        )

    return Row(f"V = {V}, K = 4: {STRATEGY}", "", (name,), tell)


def _exponent() -> Row:
    def tell(measured: Measured) -> tuple[str, bool]:
        points = {V: beyond(measured, path) for V, path in BY_V.items()}
        upper = {V: points[V] for V in (64, 128)}
        return f"{exponent(points):.2f}; from 64 to 128 {exponent(upper):.2f}", exponent(points) <= 2.3

    return Row("exponent of that in V, 16 to 128", "<= 2.3", tuple(map(claim, BY_V.values())), tell)


def _seeds() -> Row:
    def tell(measured: Measured) -> tuple[str, None]:
        seconds = [beyond(measured, path) for path in SEEDS]
        gaps = [gap(measured[claim(path)]) for path in SEEDS]
        return f"{min(seconds):.1f} to {max(seconds):.1f} s, {min(gaps):.6f} to {max(gaps):.6f} below PyTorch's", None

    return Row(f"V = 64, K = 4, five seeds: {STRATEGY}", "", tuple(map(claim, SEEDS)), tell)


def _plain_lists() -> Row:
    def tell(measured: Measured) -> tuple[str, None]:
        values = measured["plain lists"]
        lists, lanes = values["lists_beyond_startup_cpu_seconds"], values["lanes_beyond_startup_cpu_seconds"]
        return f"{lists / lanes:.0f} x: {lists:.1f} s against {lanes:.1f} s", None

    return Row("whole classes on lists of Int against lanes, V = 16, K = 4", "a figure", ("plain lists",), tell)


def _startup() -> Row:
    def tell(measured: Measured) -> tuple[str, bool]:
        values = measured["one small module"]
        return f"{values['wall_seconds']:.1f} s, {values['cpu_seconds']:.1f} s of CPU", values["wall_seconds"] <= 5

    return Row("one small module", "<= 5 s", ("one small module",), tell)


def _small_modules() -> Row:
    many, one = f"{SMALL} small modules", "one small module"

    def tell(measured: Measured) -> tuple[str, bool]:
        wall = measured[many]["wall_seconds"] / measured[one]["wall_seconds"]
        cpu = measured[many]["cpu_seconds"] / measured[one]["cpu_seconds"]
        return f"{wall:.1f} x wall, {cpu:.1f} x CPU", wall <= 3

    return Row(f"{SMALL} small modules against one", "<= 3 x", (many, one), tell)


def _preparation() -> Row:
    name = claim(SHIPPED)

    def tell(measured: Measured) -> tuple[str, bool]:
        seconds = measured[name]["prepare_cpu_seconds"]
        return f"{seconds:.1f} s of CPU", seconds <= 10

    return Row("certificate search and rendering, the shipped model", "<= 10 s", (name,), tell)


ROWS: Final = (
    _shipped("cubic", 15),
    _shipped(STRATEGY, 15),
    *(_length(K) for K in (5, 10, 20)),
    *(_vocabulary(V) for V in BY_V),
    _exponent(),
    _seeds(),
    _plain_lists(),
    _startup(),
    _small_modules(),
    _preparation(),
)
