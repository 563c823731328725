"""Inputs that show a claim to be false. Imports no numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from leanbound.errors import RejectedError


class Example(Protocol):
    """An input on which a model does what a claim excludes."""

    @property
    def outcome(self) -> str:
        """What the model does there, in words."""


@dataclass(frozen=True)
class Counterexample:
    """A sequence of tokens on which a model does what a claim excludes."""

    tokens: tuple[int, ...]
    output: int
    """What the model gives, or one of several in a tie."""
    positions: tuple[int, ...] | None = None
    """The model's position as which each is embedded, if not its own: see `LeanBound.AttentionOnly.placed`."""

    def __str__(self) -> str:
        """For a message."""
        if self.positions is None:
            return f"the input {list(self.tokens)}"
        *prefix, query = zip(self.tokens, self.positions, strict=True)
        runs: dict[tuple[int, int], int] = {}
        for pair in prefix:
            runs[pair] = runs.get(pair, 0) + 1
        parts = [f"{count} × token {token} at position {position}" for (token, position), count in runs.items()]
        return f"{', '.join(parts) or 'nothing'}, then token {query[0]}"

    @property
    def outcome(self) -> str:
        return f"after {self} the output is {self.output}"


class RefutedError(RejectedError):
    """Raised when a claim is false: an input shows it."""

    def __init__(
        self, example: Example, why: str = "which the claim excludes", more: Sequence[Counterexample] = ()
    ) -> None:
        """`more`: the others that were found with it."""
        super().__init__(f"{example.outcome}, {why}")
        self.example = example
        self.examples = (example, *more)


def pair(first: int, second: int, logits: Sequence[int]) -> Counterexample:
    """A pair of tokens, and its largest output."""
    return Counterexample((first, second), max(range(len(logits)), key=logits.__getitem__))
