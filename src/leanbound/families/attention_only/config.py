"""The shape of an attention-only transformer. Imports no torch, so that reading a config is cheap."""

from typing import Final, Literal

from pydantic import Field

from leanbound.errors import InputError
from leanbound.families.config import TokenArchitecture

#: Most bytes that the weights, and the tables of scores and logit contributions, may need together.
MEMORY_LIMIT: Final = 2**31
#: Most bits of V ** K: larger numbers could not even be printed.
MAX_INPUT_BITS: Final = 4096
_MOST: Final = 1 << 40
_INTEGER_BYTES: Final = 64  # a Python integer of a hundred bits or so, and the reference to it


class AttentionOnlyConfig(TokenArchitecture):
    """Dimensions of a one-layer attention-only transformer with learned positions, no layer norm and no MLP."""

    architecture: Literal["attention-only"] = "attention-only"
    d_vocab: int = Field(ge=2, le=_MOST, description="tokens, in and out: V")
    n_ctx: int = Field(ge=1, le=_MOST, description="tokens of every input sequence: K")
    d_model: int = Field(ge=1, le=_MOST)
    d_head: int = Field(ge=1, le=_MOST)
    n_heads: int = Field(default=1, ge=1, le=_MOST)
    biases: bool = False

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by name, in TransformerLens order; biases only where the model has them."""
        heads, d, h = self.n_heads, self.d_model, self.d_head
        shapes: dict[str, tuple[int, ...]] = {
            "W_E": (self.d_vocab, d),
            "W_pos": (self.n_ctx, d),
            "W_Q": (heads, d, h),
            "W_K": (heads, d, h),
            "W_V": (heads, d, h),
            "W_O": (heads, h, d),
            "W_U": (d, self.d_vocab),
        }
        if self.biases:
            shapes |= {"b_Q": (heads, h), "b_K": (heads, h), "b_V": (heads, h), "b_O": (d,), "b_U": (self.d_vocab,)}
        return shapes

    def memory(self) -> int:
        """Bytes of the weights in float64, and of the exact scores [a, t, i] and logit contributions [t, i, o]."""
        tables = 2 * self.n_heads * self.n_ctx * self.d_vocab**2
        return 2 * self.weight_bytes() + _INTEGER_BYTES * tables

    def require_affordable(self) -> None:
        """Raise InputError when a model of this size would not fit in memory, or has too many inputs to be counted."""
        if self.n_ctx * self.d_vocab.bit_length() > MAX_INPUT_BITS:
            raise InputError(
                f"a model of d_vocab {self.d_vocab}, n_ctx {self.n_ctx} has {self.d_vocab} ** {self.n_ctx} inputs, a "
                f"number of more bits than {MAX_INPUT_BITS}. Use a smaller model."
            )
        if self.memory() > MEMORY_LIMIT:
            sides = f"d_vocab {self.d_vocab}, n_ctx {self.n_ctx}, d_model {self.d_model}, d_head {self.d_head}"
            raise InputError(
                f"a model of {sides}, n_heads {self.n_heads} would need {self.memory() / 2**30:.1f} GiB "
                f"for its weights and tables, expected at most {MEMORY_LIMIT / 2**30:.0f} GiB. Use a smaller model."
            )
