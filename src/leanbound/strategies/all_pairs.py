"""All pairs of tokens through an MLP: the widths of lanes, and the count that Lean will find.

Counts exactly what `LeanBound.rightPairs` counts. Untrusted: Lean refuses lanes too narrow and counts too high.
"""

from typing import Final

import numpy as np

from leanbound.errors import InputError
from leanbound.exact import Integers
from leanbound.pairs.quantised import QuantisedPairMlp
from leanbound.quantised import FixedTensor
from leanbound.strategies.pair_certificate import PairCertificate, PairLanes
from leanbound.tasks.pairs import PairTask, Table

#: Bits of a word of the embedded Lean's numbers: entries at multiples of it make its multiplication skip the most.
WORD: Final = 32


def certify_pairs(model: QuantisedPairMlp, task: PairTask) -> PairCertificate:
    """The certificate of all pairs that the model is right about. Raises InputError for a task of other tokens."""
    if task.d_vocab != model.config.d_vocab:
        raise InputError(
            f"the task has {task.d_vocab} tokens, but d_vocab is {model.config.d_vocab}. Choose another task."
        )
    lanes = choose_lanes(model)
    right = count_right(model, task.targets(), lanes)
    return PairCertificate(model_digest=model.digest, task=task, lanes=lanes, right=right)


def choose_lanes(model: QuantisedPairMlp) -> PairLanes:
    """The narrowest lanes that `LeanBound.PairMlp.checkLanes` accepts, in rows of whole words."""
    p, h = model.config.d_vocab, model.config.d_hidden
    pre_bound = sum(_bound(model[name]) for name in ("W_A", "W_B", "b_H"))
    hidden = max(_lane(pre_bound), *(model[name].width for name in ("W_A", "W_B", "b_H")))
    logit_bound = h * 2 ** (hidden - 1) * 2 * _bound(model["W_U"]) + 2 * _bound(model["b_U"])
    logits = max(_lane(logit_bound), model["W_U"].width, model["b_U"].width)
    words = -(-max(hidden * h, logits * p) // WORD)
    return PairLanes(hidden=hidden, logits=logits, stride=WORD * words)


def count_right(model: QuantisedPairMlp, targets: Table, lanes: PairLanes) -> tuple[int, ...]:
    """On how many pairs the model is right, by the first token; a tie is wrong."""
    # A sum of logits stays below 2 ** lanes.logits in absolute value: int64 is exact up to there.
    kind = np.int64 if lanes.logits < 64 else object
    w: dict[str, Integers] = {tensor.name: np.array(tensor.ints, dtype=kind) for tensor in model.tensors}
    counts = []
    for first, row in enumerate(targets):
        hidden = np.maximum(w["W_A"][first] + w["W_B"] + w["b_H"], 0)  # [second, unit]
        logits = hidden @ w["W_U"] + w["b_U"]  # [second, output]
        right = np.take_along_axis(logits, np.array(row)[:, None], axis=1)
        counts.append(int(((logits >= right).sum(axis=1) == 1).sum()))
    return tuple(counts)


def _bound(tensor: FixedTensor) -> int:
    """`LeanBound.Tensor.bound`: no entry is larger in absolute value."""
    return int(2 ** (tensor.width - 1))


def _lane(bound: int) -> int:
    """The fewest bits of a lane whose highest bit stays free above `bound`."""
    return bound.bit_length() + 1
