"""What training has in common, whatever the model: the optimiser, the schedule, the loop, and weights as arrays."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from leanbound.families.threads import single_thread

M = TypeVar("M", bound=nn.Module)


class Schedule(Protocol):
    """What a training config says of the optimiser."""

    @property
    def steps(self) -> int:
        """How many there are."""

    @property
    def learning_rate(self) -> float:
        """At its peak."""

    @property
    def warm_up(self) -> int:
        """Steps over which the learning rate rises."""

    @property
    def betas(self) -> tuple[float, float]:
        """Of AdamW."""

    @property
    def weight_decay(self) -> float:
        """Of AdamW."""


def fit(model: nn.Module, config: Schedule, loss_of_step: Callable[[], Tensor], progress: bool) -> float:
    """Minimise with AdamW, on one thread; returns the last loss. `progress` shows a bar on standard error."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, config))
    loss = torch.zeros(())
    with single_thread(), tqdm(total=config.steps, desc="train", unit="step", disable=not progress) as bar:
        for _ in range(config.steps):
            loss = loss_of_step()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            bar.update()
    return float(loss.item())


def _rate(step: int, config: Schedule) -> float:
    """The learning rate of step `step`, as a part of its peak: linear up, then linear down to zero."""
    return min(1.0, (step + 1) / config.warm_up) * (1 - step / config.steps)


def with_weights(model: M, weights: Mapping[str, NDArray[np.float32]]) -> M:
    """The module, with these weights in place of its own (checked by whoever read them)."""
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return model


def to_weights(model: nn.Module) -> dict[str, NDArray[np.float32]]:
    """The weights of a module, as float32 arrays."""
    return {name: value.detach().cpu().float().numpy().copy() for name, value in model.named_parameters()}
