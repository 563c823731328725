"""Feed-forward networks as torch modules."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from leanbound.families.feed_forward.checkpoint import NetworkCheckpoint
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.families.training import with_weights


def sequential(config: FeedForwardConfig) -> nn.Sequential:
    """Linear, ReLU, Linear, ..., Linear."""
    layers: list[nn.Module] = []
    for d_in, d_out in pairwise(config.widths):
        layers += [nn.Linear(d_in, d_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def outputs(checkpoint: NetworkCheckpoint, x: Sequence[float]) -> list[float]:
    """The outputs of an input, in float64."""
    model = with_weights(sequential(checkpoint.config), checkpoint.weights).double()
    with torch.no_grad():
        found = model(torch.tensor([list(x)], dtype=torch.float64))[0]
    return [float(value) for value in found]
