"""The reference evaluator: the quantised model in exact arithmetic, integers and `Fraction` only, never a float.

Scores are integers over 2 ** σ and logit contributions integers over 2 ** γ (`score_frac`, `logit_frac`). With query
token a, token t at position i and output o,

    score(a, t, i) = s / 2 ** σ,    logit(o) = Σ_i exp(score_i) · c(a, t_i, i, o) / (2 ** γ · Σ_i exp(score_i)),

and s = s_E[a, t] + s_P[a, i], c = direct[a, o] + o_E[t, o] + o_P[i, o].
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.families.quantised import FixedTensor
from leanbound.tasks.max_of_k import inputs, target


@dataclass(frozen=True)
class IntTables:
    """Everything that the model computes before the softmax, as exact integers. V tokens, K positions."""

    s_E: Integers
    """[a, t], at scale 2 ** σ"""
    s_P: Integers
    """[a, i], at scale 2 ** σ"""
    direct: Integers
    """[a, o], at scale 2 ** γ: what the last position adds to logit o"""
    o_E: Integers
    """[t, o], at scale 2 ** γ: what attention to token t adds to logit o"""
    o_P: Integers
    """[i, o], at scale 2 ** γ: what attention to position i adds to logit o, output biases included"""
    score_frac: int
    """σ"""
    logit_frac: int
    """γ"""

    def score(self, a: int, t: int, i: int) -> int:
        """The attention score of token t at position i for query token a, times 2 ** σ."""
        return int(self.s_E[a, t]) + int(self.s_P[a, i])

    def contribution(self, a: int, t: int, i: int, o: int) -> int:
        """What token t at position i would make logit o, if it had all the attention, times 2 ** γ."""
        return int(self.direct[a, o]) + int(self.o_E[t, o]) + int(self.o_P[i, o])


def tables(model: QuantisedModel) -> IntTables:
    """The tables of a model."""
    w = {tensor.name: _integers(tensor) for tensor in model.tensors}
    query = (w["W_E"] + w["W_pos"][-1]) @ w["W_Q"] + w["b_Q"]  # [a, j]
    shift = model["W_V"].frac + model["W_O"].frac
    return IntTables(
        s_E=query @ (w["W_E"] @ w["W_K"]).T,
        s_P=query @ (w["W_pos"] @ w["W_K"] + w["b_K"]).T,
        direct=((w["W_E"] + w["W_pos"][-1]) * (1 << shift)) @ w["W_U"],
        o_E=w["W_E"] @ w["W_V"] @ w["W_O"] @ w["W_U"],
        o_P=((w["W_pos"] @ w["W_V"] + w["b_V"]) @ w["W_O"] + w["b_O"]) @ w["W_U"] + w["b_U"],
        score_frac=model.score_frac,
        logit_frac=model.logit_frac,
    )


def _integers(tensor: FixedTensor) -> Integers:
    return np.array(tensor.ints, dtype=object)


def is_correct(table: IntTables, tokens: Sequence[int]) -> bool:
    """Whether the target's logit is above every other one; a tie is wrong. Always decided, exactly."""
    right = target(tokens)
    return all(margin_sign(table, tokens, right, o) > 0 for o in range(table.direct.shape[1]) if o != right)


def margin_sign(table: IntTables, tokens: Sequence[int], right: int, other: int) -> int:
    """The sign of logit `right` less logit `other`: -1, 0 or 1.

    Positions of equal score are put together. Exponentials of distinct rationals are linearly independent over the
    rationals (Lindemann-Weierstrass), so the margin is zero only if every coefficient is, and otherwise a fine enough
    enclosure finds its sign.
    """
    a = tokens[-1]
    coefficients: dict[int, int] = defaultdict(int)
    for i, t in enumerate(tokens):
        gap = table.contribution(a, t, i, right) - table.contribution(a, t, i, other)
        coefficients[table.score(a, t, i)] += gap
    terms = [(score, gap) for score, gap in coefficients.items() if gap != 0]
    if not terms:
        return 0
    top = max(score for score, _ in terms)
    bits = 64
    while True:
        low, high = _enclose_sum(terms, top, table.score_frac, bits)
        if low > 0 or high < 0:
            return 1 if low > 0 else -1
        bits *= 2


def _enclose_sum(terms: list[tuple[int, int]], top: int, frac: int, bits: int) -> tuple[Fraction, Fraction]:
    """Lower and upper bound of Σ gap · exp((score - top) / 2 ** frac)."""
    low = high = Fraction(0)
    for score, gap in terms:
        bounds = exp_enclosure(Fraction(score - top, 1 << frac), bits)
        products = (gap * bounds[0], gap * bounds[1])
        low += min(products)
        high += max(products)
    return low, high


@lru_cache(maxsize=65536)
def exp_enclosure(x: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    """Rational bounds low ≤ exp x ≤ high for x ≤ 0; their distance goes to 0 as `bits` grows.

    Raises ValueError when x > 0.
    """
    if x > 0:
        raise ValueError(f"x is {x}, expected at most 0")
    halvings = max(0, (-x.numerator // x.denominator).bit_length() + 1)
    bits += 2 * halvings
    reduced = -x / (1 << halvings)  # between 0 and 1/2
    low = high = term = Fraction(1)
    n = 0
    while term > Fraction(1, 1 << bits):  # the Taylor series alternates and its terms fall: partial sums enclose
        n += 1
        term = term * reduced / n
        if n % 2:
            low = high - term
        else:
            high = low + term
    low, high = _down(low, bits), _up(high, bits)
    for _ in range(halvings):
        low, high = _down(low * low, bits), _up(high * high, bits)
    return low, high


def _down(x: Fraction, bits: int) -> Fraction:
    """The largest multiple of 2 ** -bits that is at most x."""
    return Fraction((x.numerator << bits) // x.denominator, 1 << bits)


def _up(x: Fraction, bits: int) -> Fraction:
    """The smallest multiple of 2 ** -bits that is at least x."""
    return -_down(-x, bits)


def exact_count(model: QuantisedModel) -> int:
    """How many of all V ** K inputs the model gets right. Time V ** (K + 1): for small models."""
    table = tables(model)
    return sum(is_correct(table, tokens) for tokens in inputs(model.config.d_vocab, model.config.n_ctx))
