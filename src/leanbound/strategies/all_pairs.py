"""All pairs of tokens through an MLP: the widths of lanes, exact logits, and on how many pairs the model is right.

Counts exactly what `LeanBound.rightPairs` counts. Untrusted: Lean refuses lanes too narrow and counts too high.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from leanbound.families.fixed_point import Integers
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.quantised import FixedTensor
from leanbound.strategies.pair_certificate import PairLanes
from leanbound.tasks.pairs import Table

#: Bits of a word of the embedded Lean's numbers: entries at multiples of it make its multiplication skip the most.
WORD: Final = 32


def choose_lanes(model: QuantisedPairMlp) -> PairLanes:
    """The narrowest lanes that `LeanBound.PairMlp.checkLanes` accepts, in rows of whole words."""
    p, h = model.config.d_vocab, model.config.d_hidden
    pre_bound = sum(_bound(model[name]) for name in ("W_A", "W_B", "b_H"))
    hidden = max(_lane(pre_bound), *(model[name].width for name in ("W_A", "W_B", "b_H")))
    logit_bound = h * 2 ** (hidden - 1) * 2 * _bound(model["W_U"]) + 2 * _bound(model["b_U"])
    logits = max(_lane(logit_bound), model["W_U"].width, model["b_U"].width)
    words = -(-max(hidden * h, logits * p) // WORD)
    return PairLanes(hidden=hidden, logits=logits, stride=WORD * words)


def all_logits(model: QuantisedPairMlp, lanes: PairLanes) -> Iterator[Integers]:
    """Of each first token in turn: the logits, [second, output], times 2 ** (frac of b_U)."""
    w = tensor_arrays(model, lanes)
    for first in w["W_A"]:
        hidden = np.maximum(first + w["W_B"] + w["b_H"], 0)  # [second, unit]
        yield hidden @ w["W_U"] + w["b_U"]


def tensor_arrays(model: QuantisedPairMlp, lanes: PairLanes) -> dict[str, Integers]:
    """The integers of every tensor, by name, in a type that holds the logits."""
    # A sum of logits stays below 2 ** lanes.logits in absolute value: int64 is exact up to there.
    kind = np.int64 if lanes.logits < 64 else object
    return {tensor.name: np.array(tensor.ints, dtype=kind) for tensor in model.tensors}


def leads(logits: Integers, outputs: Sequence[int]) -> NDArray[np.bool_]:
    """By second token, whether an output is above every other one; `logits` is [second, output]."""
    own = np.take_along_axis(logits, np.array(outputs)[:, None], axis=1)
    return np.array((logits >= own).sum(axis=1) == 1, dtype=bool)


def count_right(model: QuantisedPairMlp, targets: Table, lanes: PairLanes) -> tuple[int, ...]:
    """On how many pairs the model is right, by the first token; a tie is wrong."""
    return tuple(int(leads(logits, row).sum()) for logits, row in zip(all_logits(model, lanes), targets, strict=True))


def _bound(tensor: FixedTensor) -> int:
    """`LeanBound.Tensor.bound`: no entry is larger in absolute value."""
    return int(2 ** (tensor.width - 1))


def _lane(bound: int) -> int:
    """The fewest bits of a lane whose highest bit stays free above `bound`."""
    return bound.bit_length() + 1
