"""Bounds of a network on a box, exactly as Lean computes them: integers, all forms of a pass at once.

Mirrors `lean/LeanBound/Strategies/Relaxation`: numbers after a layer are integers over a power of two that grows from
layer to layer, and the lower bounds of forms in them are found backwards. Every bound is a true one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Box, Halfspace
from leanbound.families.fixed_point import Integers
from leanbound.strategies.relaxation_certificate import Depth, Relaxation, Stage

#: Lanes and strides are whole words of the kernel's numbers.
WORD = 32


@dataclass(frozen=True)
class Lines:
    """Lines around ReLUs, times 2 ** bits: lower · z below, upper · z + const above."""

    bits: int
    lower: Integers
    upper: Integers
    const: Integers


@dataclass(frozen=True)
class Link:
    """A layer of a chain, with what is known of the numbers that go into it."""

    W: Integers
    """[in, out]"""
    b: Integers
    """[out], at the scale of the products"""
    W_width: int
    b_width: int
    lift: int
    low: Integers
    high: Integers
    top: int
    lines: Lines | None
    """Around the ReLUs before it; none before the first layer."""


Chain = tuple[Link, ...]


def reach(chain: Chain, deep: bool) -> Chain:
    """The links that a pass goes through."""
    return chain if deep else chain[-1:]


def lower(chain: Chain, forms: Integers, deep: bool) -> Integers:
    """Lower bounds of forms [form, out] in the numbers after a chain, times 2 ** `bits`."""
    passed = reach(chain, deep)
    least: Any = 0
    for link in reversed(passed):
        least = least + forms @ link.b
        before = forms @ link.W.T
        positive, negative = np.maximum(before, 0), np.maximum(-before, 0)
        if link is passed[0]:
            return np.asarray(least + positive @ link.low - negative @ link.high)
        lines = _lines(link)
        least = (least << lines.bits) - negative @ lines.const
        forms = positive * lines.lower - negative * lines.upper
    raise AssertionError("a chain has a first link")  # pragma: no cover


def bits(chain: Chain, deep: bool) -> int:
    """Bounds of a pass come out times two to this power."""
    return sum(_lines(link).bits for link in reach(chain, deep)[1:])


def depth(chain: Chain, count: int, top: int, deep: bool) -> Depth:
    """How wide a pass of `count` forms with coefficients up to `top` is packed: `LeanBound.Pass.fits`."""
    passed = reach(chain, deep)
    largest = constant = 0
    for link in reversed(passed):
        d_in, d_out = link.W.shape
        constant += 2**link.lift * _sum_top(d_out, link.b_width, top)
        top = _sum_top(d_out, link.W_width, top)
        largest = max(largest, top)
        if link is passed[0]:
            largest = max(largest, constant + 2 * d_in * link.top * top)
        else:
            lines = _lines(link)
            constant = 2**lines.bits * constant + d_in * int(lines.const.max(initial=0)) * top
            top <<= lines.bits
    width = _words(largest.bit_length() + 1)
    rows = max(link.W_width * link.W.shape[1] for link in passed)
    return Depth(width=width, stride=_words(max(width * count, rows)), deep=deep)


def _sum_top(d: int, width: int, top: int) -> int:
    return int(d * 3 * 2 ** (width - 1) * top)


def _words(size: int) -> int:
    return WORD * -(-size // WORD)


def _lines(link: Link) -> Lines:
    if link.lines is None:
        raise AssertionError("only the first link has no ReLUs before it")  # pragma: no cover
    return link.lines


class Walk:
    """From the box through the network, layer after layer, finding ranges and the certificate as it goes."""

    def __init__(self, model: QuantisedNetwork, box: Box, deep: bool) -> None:
        """`deep` passes go back to the inputs; others through one layer."""
        self._pairs = model.pairs
        self._deep = deep
        self._frac = box.frac
        low, high = np.array(box.lower, dtype=object), np.array(box.upper, dtype=object)
        self.input_top = int(max(abs(low).max(), abs(high).max()))
        self.stages: list[Stage] = []
        self.chain: Chain = ()
        self._extend(low, high, self.input_top, None)

    @property
    def frac(self) -> int:
        """Numbers after the chain are over 2 ** frac."""
        return self._frac

    def _extend(self, low: Integers, high: Integers, top: int, lines: Lines | None) -> None:
        W, b = self._pairs[len(self.chain)]
        self._frac += W.frac
        lift = self._frac - b.frac
        bias = np.array([entry << lift for entry in b.ints[0]], dtype=object)
        link = Link(np.array(W.ints, dtype=object), bias, W.width, b.width, lift, low, high, top, lines)
        self.chain = (*self.chain, link)

    def step(self, slopes: Sequence[int], slope_bits: int) -> None:
        """Through the ReLUs after the chain, with these slopes below, and the layer that follows."""
        d = self.chain[-1].W.shape[1]
        unit = np.array([[int(i == j) for j in range(d)] for i in range(d)], dtype=object)
        found = lower(self.chain, np.concatenate([unit, -unit]), self._deep)
        shift = bits(self.chain, self._deep)
        low, high = found[:d] >> shift, -(found[d:] >> shift)
        lines = around(low, high, slopes, slope_bits)
        range_top = int(max(abs(low).max(), abs(high).max()))
        self.stages.append(
            Stage(
                depth=depth(self.chain, 2 * d, 1, self._deep),
                bits=slope_bits,
                slopes=tuple(slopes),
                range_top=range_top,
                const_top=int(lines.const.max()),
            )
        )
        self._extend(np.maximum(low, 0), np.maximum(high, 0), range_top, lines)

    def finish(self, claimed: Avoids, outside: Sequence[int]) -> tuple[Relaxation, list[bool]]:
        """The certificate, and of each polyhedron whether its halfspace `outside` is proved to hold no output."""
        chosen = [polyhedron[i] for polyhedron, i in zip(claimed.polyhedra, outside, strict=True)]
        forms = np.array([halfspace.coefficients for halfspace in chosen], dtype=object)
        found = lower(self.chain, forms, self._deep)
        scale = bits(self.chain, self._deep) + self._frac
        form_top = int(abs(forms).max())
        relaxation = Relaxation(
            input_top=self.input_top,
            stages=tuple(self.stages),
            last=depth(self.chain, len(chosen), form_top, self._deep),
            form_top=form_top,
            outside=tuple(outside),
        )
        return relaxation, [_exceeds(int(bound), scale, half) for bound, half in zip(found, chosen, strict=True)]


def around(low: Integers, high: Integers, slopes: Sequence[int], slope_bits: int) -> Lines:
    """Lines around ReLUs on ranges: the chord above, rounded down in slope and moved up to both ends."""
    one = 1 << slope_bits
    rise = np.maximum(high, 0) - np.maximum(low, 0)
    width = high - low
    upper = np.array([one * int(r) // int(w) if w else 0 for r, w in zip(rise, width, strict=True)], dtype=object)
    ends = [np.maximum(one * np.maximum(end, 0) - upper * end, 0) for end in (high, low)]
    return Lines(slope_bits, np.array(slopes, dtype=object), upper, np.maximum(*ends))


def _exceeds(bound: int, scale: int, halfspace: Halfspace) -> bool:
    """Whether a lower bound over 2 ** scale is above the bound of a halfspace."""
    return bound << halfspace.frac > halfspace.bound << scale
