"""Python values as Lean source, for templates: numerals, lists of them, and joins of many proofs. Imports no numpy."""

from collections.abc import Iterable, Sequence
from typing import Final

from leanbound.families.quantised import FixedTensor

#: Longer numerals are written in pieces of this many bits.
PIECE_BITS: Final = 3072


def natural(value: int) -> str:
    """A natural number as the literal that the kernel computes with, without a type-class instance around it.

    A long one is written in pieces, lowest first, because Lean reads a numeral in time quadratic in its digits.
    """
    if value.bit_length() <= PIECE_BITS:
        return f"nat_lit {value:#x}"
    low = value & ((1 << PIECE_BITS) - 1)
    return f"cat {PIECE_BITS} (nat_lit {low:#x}) ({natural(value >> PIECE_BITS)})"


def naturals(values: Sequence[int]) -> str:
    """A list of natural numbers, one to a line, long ones in pieces."""
    return _lines(natural(value) for value in values)


def plain_numerals(values: Sequence[int]) -> str:
    """A list of natural numbers, one to a line, each a single numeral: what a reader of a statement wants."""
    return _lines(f"{value:#x}" for value in values)


def numbers(values: Sequence[int]) -> str:
    """A list of small natural numbers, in decimal."""
    return "[" + ", ".join(map(str, values)) + "]"


def rows_of_numbers(rows: Sequence[Sequence[int]]) -> str:
    """A list of lists of small natural numbers, one to a line."""
    return _lines(numbers(row) for row in rows)


def pairs(items: Iterable[Sequence[int]]) -> str:
    """A list of pairs of natural numbers."""
    return "[" + ", ".join(f"({left}, {right})" for left, right in items) + "]"


def _lines(items: Iterable[str]) -> str:
    return "[" + ",\n    ".join(items) + "]"


def join(lemma: str, prefix: str, starts: Sequence[int | str], meet: str = "(by decide +kernel)") -> str:
    """`(lemma t0 meet t1)`, for facts about consecutive ranges: the prefix, and where each starts, or what tells it.

    `meet` proves that one range begins where the other ends, if that has to be proved.

    In a balanced tree: Lean runs out of stack for hundreds of them in a row.
    """
    if len(starts) == 1:
        return f"({prefix}{starts[0]})"
    half = len(starts) // 2
    left, right = (join(lemma, prefix, part, meet) for part in (starts[:half], starts[half:]))
    return "(" + "\n  ".join(part for part in (lemma, left, meet, right) if part) + ")"


def tensor_rows(tensor: FixedTensor) -> dict[str, object]:
    """A tensor with its rows as numerals."""
    rows = [tensor.numeral(i) for i in range(tensor.shape[0])]
    return {"name": tensor.name, "shape": tensor.shape, "width": tensor.width, "frac": tensor.frac, "rows": rows}
