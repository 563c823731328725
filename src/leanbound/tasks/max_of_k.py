"""Max-of-K: the right output is the largest token of the sequence. Every sequence is an input, each once."""

from collections.abc import Iterator, Sequence
from itertools import product


def space_size(d_vocab: int, n_ctx: int) -> int:
    """How many inputs there are: V ** K, exactly."""
    return int(d_vocab**n_ctx)


def inputs(d_vocab: int, n_ctx: int) -> Iterator[tuple[int, ...]]:
    """Every input once, the first token varying slowest: the order of the Lean specification's `sequences`."""
    return product(range(d_vocab), repeat=n_ctx)


def target(tokens: Sequence[int]) -> int:
    """The right output for `tokens`."""
    return max(tokens)
