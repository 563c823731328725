"""Bounds of a network on a box in floats, to choose slopes, splits and halfspaces by. Untrusted, as a search is."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Box

#: Steps of the optimiser of slopes, and its rate.
STEPS = 20
RATE = 0.25


@dataclass(frozen=True)
class Bounds:
    """Lower bounds of the forms of a property, less the bounds of their halfspaces: positive ones are proved."""

    margins: Tensor
    """[halfspace], all polyhedra one after the other"""
    inputs: Tensor
    """[halfspace, input]: the form in the inputs"""


class Floats:
    """A network and a property in floats."""

    def __init__(self, model: QuantisedNetwork, claimed: Avoids, deep: bool) -> None:
        self._deep = deep
        self._layers = [
            (
                torch.tensor(W.ints, dtype=torch.float64) / 2.0**W.frac,
                torch.tensor(b.ints[0], dtype=torch.float64) / 2.0**b.frac,
            )
            for W, b in model.pairs
        ]
        halfspaces = [halfspace for polyhedron in claimed.polyhedra for halfspace in polyhedron]
        self._forms = torch.tensor([halfspace.coefficients for halfspace in halfspaces], dtype=torch.float64)
        self._limits = torch.tensor([float(halfspace.bound / 2**halfspace.frac) for halfspace in halfspaces])
        self._starts = [0]
        for polyhedron in claimed.polyhedra:
            self._starts.append(self._starts[-1] + len(polyhedron))

    def best(self, margins: Tensor) -> list[int]:
        """Of each polyhedron, the halfspace of largest margin, numbered within it."""
        pairs = zip(self._starts, self._starts[1:], strict=False)
        return [int(margins[start:end].argmax()) for start, end in pairs]

    def worst(self, margins: Tensor) -> tuple[Tensor, int]:
        """The margin of the polyhedron that is the hardest, and its best halfspace, numbered over all."""
        chosen = [start + i for start, i in zip(self._starts, self.best(margins), strict=False)]
        values = margins.detach().tolist()
        row = min(chosen, key=lambda i: values[i])
        return margins[row], row

    def outputs(self, x: Tensor) -> Tensor:
        """The outputs [batch, output] of inputs [batch, input]."""
        for k, (W, b) in enumerate(self._layers):
            x = (torch.relu(x) if k else x) @ W + b
        return x

    def excess(self, x: Tensor) -> Tensor:
        """How far inputs [batch, input] are from a counterexample: negative or zero for one."""
        gaps = self.outputs(x) @ self._forms.T - self._limits
        pairs = zip(self._starts, self._starts[1:], strict=False)
        return torch.stack([gaps[:, start:end].amax(dim=1) for start, end in pairs], dim=1).amin(dim=1)

    def bounds(self, box: Box, slopes: Sequence[Tensor] | None) -> Bounds:
        """The bounds on a box, with lines of these slopes below; by default those of the smaller triangles."""
        low, high = ends(box)
        ranges: list[tuple[Tensor, Tensor]] = []
        for k in range(len(self._layers) - 1):
            width = self._layers[k][1].shape[0]
            unit = torch.eye(width, dtype=torch.float64)
            found, _ = self._lower(torch.cat([unit, -unit]), k, low, high, ranges, slopes)
            ranges.append((found[:width], -found[width:]))
        found, inputs = self._lower(self._forms, len(self._layers) - 1, low, high, ranges, slopes)
        return Bounds(found - self._limits, inputs)

    def _lower(
        self,
        forms: Tensor,
        layer: int,
        low: Tensor,
        high: Tensor,
        ranges: Sequence[tuple[Tensor, Tensor]],
        slopes: Sequence[Tensor] | None,
    ) -> tuple[Tensor, Tensor]:
        """Lower bounds of forms in the numbers after a layer, and the forms where they were bounded."""
        least = torch.zeros(forms.shape[0], dtype=torch.float64)
        while True:
            W, b = self._layers[layer]
            least = least + forms @ b
            forms = forms @ W.T
            if layer == 0 or not self._deep:
                if layer:
                    low, high = (torch.relu(end) for end in ranges[layer - 1])
                return least + torch.relu(forms) @ low - torch.relu(-forms) @ high, forms
            bottom, top = ranges[layer - 1]
            lowest, highest = torch.relu(bottom), torch.relu(top)
            chord = torch.where(top > bottom, (highest - lowest) / (top - bottom).clamp(min=1e-300), 0.0)
            const = torch.maximum(highest - chord * top, lowest - chord * bottom)
            below = default_slopes(bottom, top) if slopes is None else slopes[layer - 1]
            below = torch.where(bottom >= 0, 1.0, torch.where(top <= 0, 0.0, below))
            least = least - torch.relu(-forms) @ const
            forms = torch.relu(forms) * below - torch.relu(-forms) * chord
            layer -= 1

    def slopes(self, box: Box, steps: int) -> list[Tensor]:
        """Slopes for a box: those of the smaller triangles, made better by `steps` of an optimiser."""
        low, high = ends(box)
        start: list[Tensor] = []
        ranges: list[tuple[Tensor, Tensor]] = []
        for k in range(len(self._layers) - 1):
            width = self._layers[k][1].shape[0]
            unit = torch.eye(width, dtype=torch.float64)
            found, _ = self._lower(torch.cat([unit, -unit]), k, low, high, ranges, start)
            ranges.append((found[:width], -found[width:]))
            start.append(default_slopes(*ranges[-1]))
        if not self._deep or steps == 0:
            return start
        free = [torch.where(slope > 0, 2.0, -2.0).requires_grad_() for slope in start]
        optimiser = torch.optim.Adam(free, lr=RATE)
        best, kept = -torch.inf, start
        for _ in range(steps):
            optimiser.zero_grad()
            slopes = [torch.sigmoid(slope) for slope in free]
            margin, _ = self.worst(self.bounds(box, slopes).margins)
            if float(margin.detach()) > best:
                best, kept = float(margin.detach()), [slope.detach() for slope in slopes]
            if best > 0:
                break
            (-margin).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        found, _ = self.worst(self.bounds(box, start).margins)
        return start if float(found) >= best else kept


def default_slopes(low: Tensor, high: Tensor) -> Tensor:
    """Slopes below ReLUs on ranges: one or zero, whichever leaves the smaller triangle."""
    return (high > -low).double()


def ends(box: Box) -> tuple[Tensor, Tensor]:
    """Lowest and highest inputs of a box."""
    scale = 2.0**box.frac
    low, high = (torch.tensor([float(x) for x in bound], dtype=torch.float64) for bound in (box.lower, box.upper))
    return low / scale, high / scale
