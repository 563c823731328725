"""Bounds of the loss: plans of exponentials, and shifts with which little is lost. Mirrors `LeanBound.Strategies.Loss`.

With the right output ahead of output o by g_o, the cross-entropy is log Σ exp(-g_o), at most s + Σ exp(-g_o - s) - 1
for every shift s, with equality at the cross-entropy itself.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from leanbound.claims.properties import NANO
from leanbound.strategies.loss_plan import LossPlan
from leanbound.strategies.tables import exp_constants

#: Bits of an exponential: a mean loss is proved to about 2 ** -PRECISION, times the number of outputs.
PRECISION: Final = 40
#: A bound without a shift is taken if it is worse than the best one by at most this, in nats.
_TOLERANCE: Final = 1e-5


def loss_plan(k: int, bits: int) -> LossPlan:
    """A plan for leads below 2 ** bits, over 2 ** k."""
    squarings = max(0, PRECISION - k)
    enclosures = exp_constants(PRECISION, k, squarings, bits)
    err = sum(e + 1 for _, e in enclosures)
    return LossPlan(P=PRECISION, squarings=squarings, consts=tuple(c for c, _ in enclosures), err=err)


def best_shift(gaps: Sequence[int], k: int) -> int:
    """A shift, over 2 ** k, for an input on which the right output is ahead of each one by these, over 2 ** k.

    At least as large as the right output is behind any other one.
    """
    least = max(0, -min(gaps))
    unit = 1 << k
    top = least / unit
    total = sum(math.exp(-gap / unit - top) for gap in gaps)  # of exp(-gap), less the factor exp(top)
    entropy = top + math.log(total)
    if not least and total - 1 - entropy <= _TOLERANCE:
        return 0
    return max(least, round(entropy * unit))


def mean_bound(total: int, plan: LossPlan, k: int, inputs: int, outputs: int) -> int:
    """The mean loss that is proved, in nats / 10 ** 9, rounded up.

    `total`: 2 ** k times the computed exponentials plus 2 ** P times the shifts, of all inputs.
    """
    mean = Fraction(total + inputs * outputs * plan.err * 2**k, inputs << (plan.P + k)) - 1
    return math.ceil(mean * NANO)
