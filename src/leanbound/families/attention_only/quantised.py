"""The quantised attention-only transformer: the exact rational weights that a theorem is about. Imports no torch."""

from typing import Self

from pydantic import model_validator

from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.quantised import TENSOR_NAMES, Quantised


class QuantisedModel(Quantised):
    """All tensors of a one-head attention-only transformer, 1 / √d_head folded into W_Q and b_Q, at aligned scales.

    With e = frac of W_E: frac of W_pos is e, and every bias has the frac of the product that it is added to, so that
    scores and logit contributions are integers over one power of two each (`score_frac`, `logit_frac`).
    """

    config: AttentionOnlyConfig

    @model_validator(mode="after")
    def _check_heads(self) -> Self:
        if self.config.n_heads != 1:
            raise ValueError(f"config.n_heads is {self.config.n_heads}, expected 1")
        return self

    @classmethod
    def names_of(cls, config: AttentionOnlyConfig) -> tuple[str, ...]:
        return TENSOR_NAMES

    def shape_of(self, name: str) -> tuple[int, int]:
        return matrix_shape(self.config, name)

    def fracs_that_follow(self) -> dict[str, int]:
        return aligned_fracs({tensor.name: tensor.frac for tensor in self.tensors})

    @property
    def score_frac(self) -> int:
        """σ: an attention score is an integer divided by 2 ** σ."""
        return 2 * self["W_E"].frac + self["W_Q"].frac + self["W_K"].frac

    @property
    def logit_frac(self) -> int:
        """γ: a logit contribution is an integer divided by 2 ** γ."""
        return self["b_U"].frac


def matrix_shape(config: AttentionOnlyConfig, name: str) -> tuple[int, int]:
    """Rows and columns of a tensor of the quantised model."""
    d, h, d_vocab = config.d_model, config.d_head, config.d_vocab
    shapes = {"W_E": (d_vocab, d), "W_pos": (config.n_ctx, d), "W_O": (h, d), "W_U": (d, d_vocab)}
    shapes |= {"W_Q": (d, h), "W_K": (d, h), "W_V": (d, h), "b_Q": (1, h), "b_K": (1, h), "b_V": (1, h)}
    shapes |= {"b_O": (1, d), "b_U": (1, d_vocab)}
    return shapes[name]


def aligned_fracs(fracs: dict[str, int]) -> dict[str, int]:
    """The scales that follow from those of the weight matrices: W_pos shares that of W_E, a bias that of its sum."""
    e = fracs["W_E"]
    b_o = e + fracs["W_V"] + fracs["W_O"]
    return {
        "W_pos": e,
        "b_Q": e + fracs["W_Q"],
        "b_K": e + fracs["W_K"],
        "b_V": e + fracs["W_V"],
        "b_O": b_o,
        "b_U": b_o + fracs["W_U"],
    }
