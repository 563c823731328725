"""Tiny networks and properties that all tests of the family share."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Box, Halfspace
from leanbound.families.feed_forward.quantize import Dense, quantize_layers

#: Of a file that there is not.
DIGEST = "0" * 64


def random_layers(seed: int = 0, widths: tuple[int, ...] = (2, 4, 3, 2)) -> list[Dense]:
    """Layers with normal weights, the same for the same seed."""
    generator = np.random.default_rng(seed)
    return [
        Dense(
            (generator.standard_normal((d_in, d_out)) / np.sqrt(d_in)).astype(np.float32),
            (generator.standard_normal(d_out) / 4).astype(np.float32),
        )
        for d_in, d_out in pairwise(widths)
    ]


def random_network(seed: int = 0, widths: tuple[int, ...] = (2, 4, 3, 2), bits: int = 6) -> QuantisedNetwork:
    """A random network in fixed point."""
    return quantize_layers(random_layers(seed, widths), DIGEST, bits)


def cube(inputs: int = 2, half: Fraction = Fraction(1), frac: int = 12) -> Box:
    """Inputs of at most this absolute value."""
    return Box.around([-half] * inputs, [half] * inputs, frac)


def above(bound: Fraction, inputs: int = 2, outputs: int = 2, half: Fraction = Fraction(1)) -> Avoids:
    """On a cube, output 0 is above a bound, or output 1 above the same bound."""
    units = [[Fraction(int(o == i)) for o in range(outputs)] for i in range(2)]
    return Avoids(box=cube(inputs, half), polyhedra=(tuple(Halfspace.around(unit, bound) for unit in units),))
