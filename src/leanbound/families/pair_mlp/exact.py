"""The reference evaluator of MLPs on pairs: exact integers, one pair at a time, and no cleverness."""

from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.tasks.pairs import Table


def logits(model: QuantisedPairMlp, first: int, second: int) -> list[int]:
    """The logits of a pair, by output, times 2 ** (frac of b_U)."""
    w_a, w_b, w_u = model["W_A"].ints[first], model["W_B"].ints[second], model["W_U"].ints
    hidden = [max(0, a + b + bias) for a, b, bias in zip(w_a, w_b, model["b_H"].ints[0], strict=True)]
    outputs = zip(model["b_U"].ints[0], zip(*w_u, strict=True), strict=True)
    return [sum(h * u for h, u in zip(hidden, column, strict=True)) + bias for bias, column in outputs]


def is_right(model: QuantisedPairMlp, first: int, second: int, target: int) -> bool:
    """Whether the target's logit is above every other one; a tie is wrong."""
    values = logits(model, first, second)
    return all(value < values[target] for o, value in enumerate(values) if o != target)


def right_by_first(model: QuantisedPairMlp, targets: Table) -> list[int]:
    """On how many pairs the model is right, by the first token."""
    return [
        sum(is_right(model, first, second, target) for second, target in enumerate(row))
        for first, row in enumerate(targets)
    ]
