"""The quantised MLP on pairs: the exact rational weights that a theorem is about. Imports neither torch nor numpy."""

from typing import Final

from leanbound.families.pair_mlp.config import PairMlpConfig
from leanbound.families.quantised import Quantised

PAIR_TENSORS: Final = ("W_A", "W_B", "b_H", "W_U", "b_U")


class QuantisedPairMlp(Quantised):
    """All tensors of an MLP on pairs; W_A, W_B and b_H share one frac, and b_U has that of logits."""

    config: PairMlpConfig

    @classmethod
    def names_of(cls, config: PairMlpConfig) -> tuple[str, ...]:
        return PAIR_TENSORS

    def shape_of(self, name: str) -> tuple[int, int]:
        return pair_shape(self.config, name)

    def fracs_that_follow(self) -> dict[str, int]:
        hidden = self["W_A"].frac
        return {"W_B": hidden, "b_H": hidden, "b_U": hidden + self["W_U"].frac}


def pair_shape(config: PairMlpConfig, name: str) -> tuple[int, int]:
    """Rows and columns of a tensor of the quantised model."""
    p, h = config.d_vocab, config.d_hidden
    return {"W_A": (p, h), "W_B": (p, h), "b_H": (1, h), "W_U": (h, p), "b_U": (1, p)}[name]
