"""How much memory the exhaustive check takes, and how it is divided so that no Lean process takes too much.

Lean's kernel keeps every number that it has computed until the theorem is checked, and gives all of it back then.
Imports no numpy. Bytes are estimates, from measurements of the embedded Lean; nothing is proved by them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from leanbound.strategies.certificate import Certificate, Part

T = TypeVar("T")

#: What one theorem should take: with Lean itself, and what is not given back in full, 1.3 GB a process.
THEOREM_BYTES: Final = 550_000_000
#: What one unit may take.
MAX_UNIT_BYTES: Final = 1_200_000_000
#: Numbers as large as a tower that are computed for each output: its lanes moved, spread, and compared.
_TOWERS_PER_OUTPUT: Final = 10
#: Numbers of a row for each input of a comparison, and what counting adds where not all of them are right.
_ROWS_PER_INPUT: Final = 3
_ROWS_COUNTED: Final = 5
#: Terms of one comparison, whatever the numbers are.
_BYTES_PER_COMPARISON: Final = 12_000


@dataclass(frozen=True)
class Work:
    """What the kernel computes for a model of V tokens and K positions with lanes of w bits."""

    V: int
    K: int
    w: int

    @classmethod
    def of(cls, certificate: Certificate) -> Self:
        """The work of checking a certificate."""
        return cls(len(certificate.queries), certificate.n_ctx, certificate.plan.w)

    @property
    def unit_inputs(self) -> int:
        """Inputs with one query and one first token; one where there is no token before the query."""
        inputs: int = self.V ** max(self.K - 2, 0)
        return inputs

    def memory(self, part: Part) -> int:
        """Bytes that the kernel keeps for units of one query."""
        row = self.w * self.V // 8
        inputs = part.units * self.unit_inputs
        counted = min((inputs - min(part.proved, inputs)) * self.V, inputs)
        fixed = _TOWERS_PER_OUTPUT * self.V * row * (self.V if self.K > 2 else 1)
        compared = inputs * (_ROWS_PER_INPUT * row + 2 * _BYTES_PER_COMPARISON // self.V)
        return fixed + compared + counted * _ROWS_COUNTED * row


@dataclass(frozen=True)
class Theorem:
    """Consecutive parts that one theorem checks."""

    start: int
    """The first unit: V times the query, and the first token."""
    parts: Sequence[Part]


def joined(parts: Iterable[Part]) -> Part:
    """Units that follow one another, as one part."""
    parts = tuple(parts)
    return Part(units=sum(part.units for part in parts), proved=sum(part.proved for part in parts))


def query_parts(work: Work, units: Sequence[Part]) -> tuple[Part, ...]:
    """The units of one query in as few parts as memory allows."""
    return tuple(joined(run) for run in _runs(units, lambda run: work.memory(joined(run))))


def theorems(certificate: Certificate, start: int, queries: int) -> list[Theorem]:
    """The theorems that check the parts of some consecutive queries from `start` on, in order."""
    work = Work.of(certificate)
    numbered = []
    for query in range(start, start + queries):
        unit = query * work.V
        for part in certificate.queries[query].parts:
            numbered.append((unit, part))
            unit += part.units
    runs = _runs(numbered, lambda run: sum(work.memory(part) for _, part in run))
    return [Theorem(run[0][0], [part for _, part in run]) for run in runs]


def _runs(items: Iterable[T], memory: Callable[[Sequence[T]], int]) -> list[list[T]]:
    """Consecutive items in runs, each as long as its memory is within that of a theorem."""
    runs: list[list[T]] = []
    for item in items:
        if runs and memory([*runs[-1], item]) <= THEOREM_BYTES:
            runs[-1].append(item)
        else:
            runs.append([item])
    return runs
