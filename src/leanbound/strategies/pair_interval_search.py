"""Interval bounds of an MLP on groups of pairs: which output's lower bound leads, and how many pairs that proves.

Counts exactly what `LeanBound.PairMlp.wonPairs` counts. Untrusted.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from leanbound.claims.properties import Accuracy
from leanbound.errors import InputError
from leanbound.families.fixed_point import Integers
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.strategies.all_pairs import WORD, choose_lanes, tensor_arrays
from leanbound.strategies.pair_certificate import PairLanes
from leanbound.strategies.pair_interval_certificate import PairIntervalCertificate
from leanbound.strategies.pair_search import require_tokens

#: Tokens of a group, unless told otherwise: a rectangle of one pair is no interval at all.
GROUP: Final = 2


def certify_intervals(model: QuantisedPairMlp, claimed: Accuracy, group: int = GROUP) -> PairIntervalCertificate:
    """The certificate of groups of `group` consecutive tokens.

    Raises InputError for empty groups, or a task of other tokens.
    """
    if group < 1:
        raise InputError(f"pool is {group}, expected at least 1")
    require_tokens(model, claimed)
    targets = np.array(claimed.pair_task().targets())
    starts = range(0, model.config.d_vocab, group)
    winners, counts = [], []
    for start, (lower, upper) in zip(starts, _bounds(model, group), strict=True):
        best = lower.argmax(axis=1)  # [second group]
        lead = np.take_along_axis(lower, best[:, None], axis=1)
        others = upper.copy()
        np.put_along_axis(others, best[:, None], lead, axis=1)
        won = (others >= lead).sum(axis=1) == 1
        rows = targets[start : start + group]
        own = rows == np.repeat(np.where(won, best, -1), group)[: len(targets)]
        winners.append(tuple(int(o) for o in np.where(won, best, 0)))
        counts.append(int(own.sum()))
    return PairIntervalCertificate(
        model_digest=model.digest,
        claimed=claimed.model_copy(update={"at_least": 1}),
        lanes=_lanes(model),
        group=group,
        winners=tuple(winners),
        counts=tuple(counts),
        inputs=len(targets) ** 2,
    )


def _bounds(model: QuantisedPairMlp, group: int) -> list[tuple[Integers, Integers]]:
    """By group of first tokens: lower and upper bounds of logits, both [second group, output], exact integers."""
    w = tensor_arrays(model, choose_lanes(model))
    positive, negative = np.maximum(w["W_U"], 0), np.maximum(-w["W_U"], 0)
    low_a, low_b = (_by_group(w[name], group, np.minimum.reduce) for name in ("W_A", "W_B"))
    high_a, high_b = (_by_group(w[name], group, np.maximum.reduce) for name in ("W_A", "W_B"))
    found = []
    for low, high in zip(low_a, high_a, strict=True):
        least = np.maximum(low + low_b + w["b_H"], 0)
        most = np.maximum(high + high_b + w["b_H"], 0)
        found.append((least @ positive - most @ negative + w["b_U"], most @ positive - least @ negative + w["b_U"]))
    return found


def _by_group(rows: Integers, group: int, reduce: Callable[[Integers], Integers]) -> Integers:
    """Rows of consecutive tokens reduced to one."""
    return np.array([reduce(rows[start : start + group]) for start in range(0, len(rows), group)])


def _lanes(model: QuantisedPairMlp) -> PairLanes:
    """Lanes of hidden units hold any entry of an embedding below their highest bit."""
    chosen = choose_lanes(model)
    hidden = max(chosen.hidden, *(model[name].width + 2 for name in ("W_A", "W_B")))
    if hidden == chosen.hidden:
        return chosen
    logits = chosen.logits + hidden - chosen.hidden
    p, h = model.config.d_vocab, model.config.d_hidden
    return PairLanes(hidden=hidden, logits=logits, stride=WORD * -(-max(hidden * h, logits * p) // WORD))
