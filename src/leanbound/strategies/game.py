"""Zero-sum games in floats: the mixture of outputs that is furthest ahead in the worst case, and that worst case."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS: Final = 2000
#: Of a player against gains between -1 and 1.
_RATE: Final = 0.5


@dataclass(frozen=True)
class Gaps:
    """What a query, a token and a position each put an output ahead by: [row, output], between -1 and 1."""

    queries: Floats
    tokens: Floats
    positions: Floats


@dataclass(frozen=True)
class Solution:
    """Near-optimal mixed strategies, each adding up to 1."""

    outputs: Floats
    queries: Floats
    tokens: Floats
    positions: Floats


def solve(gaps: Gaps) -> Solution:
    """Mean strategies of optimistic multiplicative weights.

    One player mixes outputs, to be ahead; the others mix queries, tokens and positions, against it. With the rounds
    growing, the mean strategies come near to optimal ones, at the rate of one over the rounds.
    """
    matrices = (gaps.queries, gaps.tokens, gaps.positions)
    outputs = _Player(matrices[0].shape[1])
    others = [_Player(len(matrix)) for matrix in matrices]
    for _ in range(_ROUNDS):
        mixture = outputs.strategy()
        moves = [player.strategy() for player in others]
        outputs.learn(np.sum([move @ matrix for move, matrix in zip(moves, matrices, strict=True)], axis=0) / 3)
        for player, matrix in zip(others, matrices, strict=True):
            player.learn(-(matrix @ mixture))
    return Solution(outputs.mean(), *(player.mean() for player in others))


class _Player:
    """A player that raises the odds of what gained, and of what gained last once more."""

    def __init__(self, choices: int) -> None:
        self._gains = np.zeros(choices)
        self._last = np.zeros(choices)
        self._played = np.zeros(choices)

    def strategy(self) -> Floats:
        odds = _RATE * (self._gains + self._last)
        weights = np.exp(odds - odds.max())
        strategy: Floats = weights / weights.sum()
        self._played += strategy
        return strategy

    def learn(self, gains: Floats) -> None:
        self._gains += gains
        self._last = gains

    def mean(self) -> Floats:
        mean: Floats = self._played / self._played.sum()
        return mean
