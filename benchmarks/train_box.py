"""Train the network of benchmarks/boxes.md: 5 inputs, 5 hidden layers of 50, 5 outputs; a minute on one core.

python benchmarks/train_box.py models/mine    a new checkpoint folder
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from leanbound.families.checkpoint import save_checkpoint
from leanbound.families.feed_forward.model import sequential
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.families.training import to_weights

CONFIG = FeedForwardConfig(widths=(5, 50, 50, 50, 50, 50, 5))
STEPS = 4000


def advisory(x: Tensor) -> Tensor:
    """Scores of five advisories for a point of [-1, 1]^5, smooth and of size about one: [batch, 5]."""
    range_, bearing, heading, own, other = x.unbind(1)
    threat = torch.exp(-2 * (range_ + 1)) * (1 + 0.5 * torch.cos(3 * heading))
    turn = torch.tanh(2 * bearing + 0.5 * (other - own))
    weak, strong = 0.6 - 0.5 * threat, 0.9 - threat
    return torch.stack([threat, weak + 0.4 * turn, weak - 0.4 * turn, strong + 0.8 * turn, strong - 0.8 * turn], dim=1)


def train() -> nn.Sequential:
    """The trained network, the same for the same version of torch."""
    torch.manual_seed(0)
    model = sequential(CONFIG)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        x = torch.rand(512, 5) * 2 - 1
        loss = nn.functional.mse_loss(model(x), advisory(x))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    print(f"mean squared error {loss.item():.2g}")
    return model


if __name__ == "__main__":
    torch.set_num_threads(1)
    save_checkpoint(Path(sys.argv[1]), CONFIG, to_weights(train()))
