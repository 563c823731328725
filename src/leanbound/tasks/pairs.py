"""Tasks on pairs of tokens, each a table: addition modulo p, and composition in a finite group."""

from itertools import permutations
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Row = Annotated[tuple[int, ...], Field(strict=False)]
Table = Annotated[tuple[Row, ...], Field(strict=False)]
"""Entry [a][b] is the right output for the tokens a and b."""

#: Most elements whose permutations are composed: 6! = 720 tokens.
MAX_SYMMETRIC: Final = 6


class PairTask(BaseModel):
    """Which output is right for a pair of tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["modular-addition", "group-composition"]
    modulus: int | None = Field(default=None, ge=2, le=4096, description="modular-addition: of the sum")
    table: Table | None = Field(default=None, description="group-composition: row by row")

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = (self.modulus is not None, self.table is not None)
        if given != (self.name == "modular-addition", self.name == "group-composition"):
            raise ValueError("modular-addition has a modulus and no table, group-composition a table and no modulus")
        if self.table is not None:
            size = len(self.table)
            if size < 2 or any(len(row) != size for row in self.table):
                raise ValueError(
                    f"table: expected as many entries in each row as there are rows, {size}, and 2 at least"
                )
            if any(not 0 <= entry < size for row in self.table for entry in row):
                raise ValueError(f"table: expected entries from 0 to {size - 1}")
        return self

    @property
    def d_vocab(self) -> int:
        """How many tokens there are, in and out."""
        return len(self.targets())

    def targets(self) -> Table:
        """The right output of every pair."""
        if self.table is not None:
            return self.table
        p = self.modulus or 0
        return tuple(tuple((a + b) % p for b in range(p)) for a in range(p))


def modular_addition(modulus: int) -> PairTask:
    """Addition modulo `modulus`."""
    return PairTask(name="modular-addition", modulus=modulus)


def symmetric_group(n: int) -> PairTask:
    """Composition of the permutations of n elements, numbered in lexicographic order: (a b)(x) = a(b(x))."""
    elements = list(permutations(range(n)))
    number = {element: i for i, element in enumerate(elements)}
    table = tuple(tuple(number[tuple(a[x] for x in b)] for b in elements) for a in elements)
    return PairTask(name="group-composition", table=table)
