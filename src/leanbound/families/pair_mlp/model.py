"""The MLP on pairs of tokens as a torch module."""

import math

import torch
from torch import Tensor, nn

from leanbound.families.pair_mlp.config import PairMlpConfig


class PairMlp(nn.Module):
    """One hidden layer of ReLUs; what the two tokens add to it is looked up."""

    def __init__(self, config: PairMlpConfig, generator: torch.Generator | None = None) -> None:
        """Draw weights from a normal distribution of standard deviation 1 / √d_hidden; biases start at zero."""
        super().__init__()
        self.config = config
        for name, shape in config.shapes().items():
            value = torch.zeros(shape)
            if name.startswith("W_"):
                value.normal_(0.0, 1 / math.sqrt(config.d_hidden), generator=generator)
            self.register_parameter(name, nn.Parameter(value))

    def embeddings(self) -> tuple[Tensor, Tensor]:
        """W_A and W_B, both [d_vocab, d_hidden]."""
        if self.config.shared:
            half = self.get_parameter("W_E") / 2
            return half, half
        return self.get_parameter("W_A"), self.get_parameter("W_B")

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits: `tokens` is an integer tensor [batch, 2], the result [batch, d_vocab]."""
        first, second = self.embeddings()
        return self._output(first[tokens[:, 0]] + second[tokens[:, 1]])

    def all_logits(self) -> Tensor:
        """Logits of all pairs, [d_vocab, d_vocab, d_vocab], by the first token, the second one and the output."""
        first, second = self.embeddings()
        return self._output(first[:, None] + second[None])

    def _output(self, embedded: Tensor) -> Tensor:
        hidden = torch.relu(embedded + self.get_parameter("b_H"))
        logits: Tensor = hidden @ self.get_parameter("W_U") + self.get_parameter("b_U")
        return logits
