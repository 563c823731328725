"""The one-layer attention-only transformer as a torch module."""

import math

import torch
from torch import Tensor, nn

from leanbound.families.attention_only.config import AttentionOnlyConfig


class AttentionOnly(nn.Module):
    """Token and position embeddings, one layer of attention, unembedding; parameters in TransformerLens shape.

    The forward pass computes the last position only, which is the one that predicts.
    """

    def __init__(self, config: AttentionOnlyConfig, generator: torch.Generator | None = None) -> None:
        """Draw weights from a normal distribution of standard deviation 0.8 / √d_model; biases start at zero."""
        super().__init__()
        self.config = config
        std = 0.8 / math.sqrt(config.d_model)
        for name, shape in config.shapes().items():
            value = torch.zeros(shape)
            if name.startswith("W_"):
                value.normal_(0.0, std, generator=generator)
            self.register_parameter(name, nn.Parameter(value))

    def weight(self, name: str) -> Tensor:
        """The parameter `name`; a bias that the model does not have is a zero, which broadcasts."""
        value: Tensor | None = self._parameters.get(name)
        return self.get_parameter("W_E").new_zeros(()) if value is None else value

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits at the last position: `tokens` is an integer tensor [batch, n_ctx], the result [batch, d_vocab]."""
        x = self.weight("W_E")[tokens] + self.weight("W_pos")  # [B, K, d]
        last = x[:, -1]  # [B, d]
        b_q, b_k, b_v = (_per_head(self.weight(name)) for name in ("b_Q", "b_K", "b_V"))  # [H, 1, h]
        q = last @ self.weight("W_Q") + b_q  # [H, B, h]
        flat, sides = x.flatten(0, 1), (-1, *x.shape[:2], self.config.d_head)  # [B * K, d]
        k = (flat @ self.weight("W_K") + b_k).reshape(sides)  # [H, B, K, h]
        v = (flat @ self.weight("W_V") + b_v).reshape(sides)  # [H, B, K, h]
        scores = (q.unsqueeze(2) * k).sum(-1) / math.sqrt(self.config.d_head)  # [H, B, K]
        mixed = (scores.softmax(-1).unsqueeze(3) * v).sum(2)  # [H, B, h]
        attention = (mixed @ self.weight("W_O")).sum(0)  # [B, d]
        logits: Tensor = (last + attention + self.weight("b_O")) @ self.weight("W_U") + self.weight("b_U")
        return logits


def _per_head(bias: Tensor) -> Tensor:
    """A bias [H, h] as [H, 1, h], to be added at every position; a zero stays a zero."""
    return bias.unsqueeze(-2) if bias.ndim else bias
