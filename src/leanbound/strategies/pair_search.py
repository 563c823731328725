"""Certificates of all pairs of tokens through an MLP, one search for each property.

Finds exactly the numbers that Lean will: see `LeanBound.Strategies.AllPairs`. Untrusted. A claim that is false is
refuted by a pair.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from leanbound.claims.properties import (
    Accuracy,
    Agreement,
    Failures,
    Loss,
    Never,
    OnTask,
    WeightedAccuracy,
    on_pairs,
)
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.strategies.all_pairs import all_logits, choose_lanes, count_right, leads
from leanbound.strategies.losses import PRECISION, best_shift, loss_plan, mean_bound
from leanbound.strategies.pair_certificate import OtherModel, PairCertificate, PairLanes
from leanbound.strategies.refuted import RefutedError, pair
from leanbound.strategies.tables import exp_neg
from leanbound.tasks.pairs import PairTask


def certify_pairs(model: QuantisedPairMlp, task: PairTask) -> PairCertificate:
    """The certificate of all pairs that the model is right about. Raises InputError for a task of other tokens."""
    return certify_property(model, on_pairs(task, 1))


def certify_property(
    model: QuantisedPairMlp, claimed: Property, other: QuantisedPairMlp | None = None
) -> PairCertificate:
    """The certificate of a property; `other` is the second model of an agreement.

    Raises RefutedError where an input shows that it is false, InputError for a property of other tokens.
    """
    require_tokens(model, claimed)
    if isinstance(claimed, Agreement):
        return _agreement(model, claimed, other)
    found = _SEARCHES[type(claimed)](model, claimed, choose_lanes(model))
    question: Any = claimed.with_bound(1)
    return PairCertificate(model_digest=model.digest, claimed=question, **found)


def require_tokens(model: QuantisedPairMlp, claimed: Property) -> None:
    """Raise InputError for a property of other tokens, or of more inputs than there are."""
    tokens = claimed.pair_task().d_vocab if isinstance(claimed, OnTask) else model.config.d_vocab
    if tokens != model.config.d_vocab:
        raise InputError(f"the task has {tokens} tokens, but d_vocab is {model.config.d_vocab}. Choose another task.")
    claimed.require_fits(model.config)


def _accuracy(model: QuantisedPairMlp, claimed: Accuracy, lanes: PairLanes) -> dict[str, Any]:
    counts = count_right(model, claimed.pair_task().targets(), lanes)
    return {"lanes": lanes, "counts": counts, "inputs": model.config.d_vocab**2, "proved": sum(counts)}


def _weighted(model: QuantisedPairMlp, claimed: WeightedAccuracy, lanes: PairLanes) -> dict[str, Any]:
    firsts, seconds = claimed.weights
    rows = zip(all_logits(model, lanes), claimed.pair_task().targets(), firsts, strict=True)
    counts = [
        weight * sum(seconds[int(second)] for second in np.flatnonzero(leads(logits, row)))
        for logits, row, weight in rows
    ]
    return {"lanes": lanes, "counts": counts, "inputs": claimed.total, "proved": sum(counts)}


def _failures(model: QuantisedPairMlp, claimed: Failures, lanes: PairLanes) -> dict[str, Any]:
    exceptions = set(claimed.exceptions)
    found = []
    for first, (logits, row) in enumerate(zip(all_logits(model, lanes), claimed.pair_task().targets(), strict=True)):
        for second in map(int, np.flatnonzero(~leads(logits, row))):
            if (first, second) not in exceptions:
                found.append((pair(first, second, logits[second].tolist()), row[second]))
    if found:
        (example, right), *more = found
        raise RefutedError(example, f"{right} is right", [item for item, _ in more])
    return _every_pair(model, lanes)


def _never(model: QuantisedPairMlp, claimed: Never, lanes: PairLanes) -> dict[str, Any]:
    firsts, seconds = map(set, claimed.tokens)
    for first, logits in enumerate(all_logits(model, lanes)):
        if first not in firsts:
            continue
        largest = logits == logits.max(axis=1, keepdims=True)
        for second in seconds:
            if any(largest[second, o] for o in claimed.outputs):
                raise RefutedError(pair(first, second, logits[second].tolist()))
    return _every_pair(model, lanes)


def _every_pair(model: QuantisedPairMlp, lanes: PairLanes) -> dict[str, Any]:
    p = model.config.d_vocab
    return {"lanes": lanes, "counts": [p] * p, "inputs": p * p, "proved": p * p}


def _loss(model: QuantisedPairMlp, claimed: Loss, lanes: PairLanes) -> dict[str, Any]:
    p, k = model.config.d_vocab, model["b_U"].frac
    lanes = _loss_lanes(lanes, p, model.config.d_hidden, k)
    plan = loss_plan(k, lanes.logits - 1)
    counts, shifts = [], []
    for logits, row in zip(all_logits(model, lanes), claimed.pair_task().targets(), strict=True):
        gaps = np.take_along_axis(logits, np.array(row)[:, None], axis=1) - logits  # [second, output]
        own = [best_shift([int(gap) for gap in of_pair], k) for of_pair in gaps]
        exps = sum(
            exp_neg(plan.P, plan.consts, int(gap) + shift)
            for of_pair, shift in zip(gaps, own, strict=True)
            for gap in of_pair
        )
        counts.append((exps << k) + (sum(own) << plan.P))
        shifts.append(own)
    return {
        "lanes": lanes,
        "counts": counts,
        "inputs": p * p,
        "proved": mean_bound(sum(counts), plan, k, p * p, p),
        "loss": plan,
        "shifts": _trimmed([_trimmed(own, 0) for own in shifts], []),
    }


def _trimmed(items: list[Any], last: Any) -> list[Any]:
    """Without what it ends with, if that is `last`."""
    end = len(items)
    while end and items[end - 1] == last:
        end -= 1
    return items[:end]


def _loss_lanes(lanes: PairLanes, p: int, h: int, k: int) -> PairLanes:
    """Lanes that exponentials and shifted logits fit into, one row right after the other."""
    room = (p * p << PRECISION) + 2
    shifted = (1 << (lanes.logits - 1)) + (p.bit_length() << k)  # log p < bits of p
    logits = max(shifted.bit_length() + 1, 2 * PRECISION + 1, room.bit_length(), -(-lanes.hidden * h // p))
    return PairLanes(hidden=lanes.hidden, logits=logits, stride=logits * p)


def _agreement(model: QuantisedPairMlp, claimed: Agreement, other: QuantisedPairMlp | None) -> PairCertificate:
    if other is None or other.config.d_vocab != model.config.d_vocab:
        raise InputError(f"agreement: expected another model of {model.config.d_vocab} tokens")
    lanes, theirs = choose_lanes(model), choose_lanes(other)
    outputs, counts = [], []
    for own, their in zip(all_logits(model, lanes), all_logits(other, theirs), strict=True):
        row = [int(o) for o in own.argmax(axis=1)]
        outputs.append(tuple(row))
        counts.append(int((leads(own, row) & leads(their, row)).sum()))
    return PairCertificate(
        model_digest=model.digest,
        claimed=claimed.with_bound(1),
        lanes=lanes,
        counts=tuple(counts),
        inputs=model.config.d_vocab**2,
        proved=sum(counts),
        other=OtherModel(digest=other.digest, lanes=theirs, outputs=tuple(outputs)),
    )


_SEARCHES: Final[Mapping[type, Callable[[QuantisedPairMlp, Any, PairLanes], dict[str, Any]]]] = MappingProxyType(
    {Accuracy: _accuracy, WeightedAccuracy: _weighted, Failures: _failures, Never: _never, Loss: _loss}
)
