"""Search for certificates of networks on boxes: slopes of lines, and splits of the box where they are not enough."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, Literal

import torch
from tqdm import tqdm

from leanbound.errors import InconclusiveError
from leanbound.families.feed_forward.exact import BoxExample, is_counterexample, outputs
from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Box
from leanbound.families.threads import single_thread
from leanbound.strategies.box_floats import STEPS, Floats, ends
from leanbound.strategies.refuted import RefutedError
from leanbound.strategies.relaxation import Walk
from leanbound.strategies.relaxation_certificate import BoxCertificate, Relaxation, Split, Tree

#: Slopes are integers over two to this power.
SLOPE_BITS: Final = 8
#: Parts into which a box is cut, unless another number is given.
MAX_LEAVES: Final = 1024
#: Points from which a counterexample is looked for, and steps from each.
STARTS, ATTACK_STEPS = 64, 40


def certify_box(
    model: QuantisedNetwork,
    claimed: Avoids,
    strategy: Literal["interval", "linear-relaxation"],
    max_leaves: int = MAX_LEAVES,
    progress: bool = False,
) -> BoxCertificate:
    """Search for a certificate, cutting the box into at most `max_leaves` parts.

    Raises RefutedError with an input that refutes the property, InconclusiveError when more parts would be needed.
    """
    claimed.require_fits(model.config)
    search = _Search(model, claimed, strategy == "linear-relaxation", max_leaves)
    layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    with single_thread(), tqdm(total=1.0, desc="box", disable=not progress, bar_format=layout) as bar:
        search.attack(claimed.box, STARTS)
        tree = search.tree(claimed.box, 1.0, bar)
    return BoxCertificate(strategy=strategy, model_digest=model.digest, claimed=claimed, tree=tree)


class _Search:
    def __init__(self, model: QuantisedNetwork, claimed: Avoids, deep: bool, max_leaves: int) -> None:
        self._model = model
        self._claimed = claimed
        self._deep = deep
        self._left = max_leaves
        self._floats = Floats(model, claimed, deep)
        self._generator = torch.Generator().manual_seed(0)

    def tree(self, box: Box, share: float, bar: "tqdm[None]") -> Tree:
        """The certificate of a part of the box that makes up this share of it."""
        slopes = self._floats.slopes(box, 0)
        bounds = self._floats.bounds(box, slopes)
        margin, row = self._floats.worst(bounds.margins)
        if self._deep and float(margin) <= 0:
            slopes = self._floats.slopes(box, STEPS)
            bounds = self._floats.bounds(box, slopes)
            margin, row = self._floats.worst(bounds.margins)
        if float(margin) > 0 and (leaf := self._leaf(box, slopes, bounds.margins)) is not None:
            self._left -= 1
            bar.update(share)
            return leaf
        self.attack(box, 2)
        if self._left < 2:
            raise InconclusiveError(
                "the box would have to be cut into more parts than are allowed. Allow more by the option parts, or use "
                "a stronger strategy."
            )
        i, threshold = self._cut(box, bounds.inputs[row])
        below = self.tree(box.below(i, threshold), share / 2, bar)
        above = self.tree(box.above(i, threshold), share / 2, bar)
        return Split(input=i, threshold=threshold, below=below, above=above)

    def _leaf(self, box: Box, slopes: Sequence[torch.Tensor], margins: torch.Tensor) -> Relaxation | None:
        """The certificate of a box that is not cut, if it holds exactly."""
        walk = Walk(self._model, box, self._deep)
        for slope in slopes:
            bits = SLOPE_BITS if self._deep else 0
            chosen = slope if self._deep else torch.zeros_like(slope)
            walk.step([int(value) for value in (chosen * 2**bits).round().tolist()], bits)
        relaxation, proved = walk.finish(self._claimed, self._floats.best(margins))
        return relaxation if all(proved) else None

    def _cut(self, box: Box, form: torch.Tensor) -> tuple[int, int]:
        """The input that matters most to a form, and the middle of its range."""
        low, high = ends(box)
        widths = high - low
        weights = form.abs() * widths if len(form) == len(low) else widths
        open_ = [i for i in range(len(low)) if box.upper[i] - box.lower[i] > 1]
        if not open_:
            raise InconclusiveError("the box cannot be cut any further. State it over a larger power of two.")
        i = max(open_, key=lambda i: float(weights[i]))
        return i, (box.lower[i] + box.upper[i]) // 2

    def attack(self, box: Box, starts: int) -> None:
        """Look for a counterexample by descent from random points. Raises RefutedError, exactly confirmed."""
        low, high = ends(box)
        x = low + (high - low) * torch.rand(starts, len(low), generator=self._generator, dtype=torch.float64)
        x.requires_grad_()
        for step in range(ATTACK_STEPS):
            excess = self._floats.excess(x)
            best = int(excess.argmin())
            if float(excess[best].detach()) <= 0:
                self._confirm(box, x[best].tolist())
            (gradient,) = torch.autograd.grad(excess.sum(), x)
            rate = 0.2 * (1 - step / ATTACK_STEPS)
            with torch.no_grad():
                x.copy_(torch.minimum(torch.maximum(x - rate * (high - low) * gradient.sign(), low), high))

    def _confirm(self, box: Box, point: Sequence[float]) -> None:
        """Raise RefutedError when a point, put onto the coarsest grid on which it is one, is a counterexample."""
        for frac in range(box.frac + 1):
            x = [Fraction(round(value * 2**frac), 2**frac) for value in point]
            if box.contains(x) and is_counterexample(self._model, self._claimed, x):
                raise RefutedError(BoxExample(tuple(x), tuple(outputs(self._model, x))))
