"""The tables that every strategy on max-of-K starts from, and the plan by which Lean computes them from the weights.

Mirrors `LeanBound.Strategies.Tables`. Untrusted: Lean sees the plan alone, and a wrong one makes its check fail.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.certificate import Plan

#: By default, bits of the smallest attention weight of any query, whose largest one is 2 ** P.
GUARD_BITS = 26
#: More bits than this only cost time.
MAX_PRECISION = 8192
#: Scores of one query may differ by this much; beyond it attention is hard, and the lanes would hold little but zeros.
MAX_SCORE_RANGE = 4096
#: Float comparisons must clear the slack by this much of what is compared; rounding errors are far below it.
FLOAT_MARGIN = 2.0**-44
#: Sums of rows must stay inside the range of float64.
MAX_SUM_BITS = 1000


@dataclass(frozen=True)
class Tables:
    """`LeanBound.Plan.tables`: integers, unpacked."""

    plan: Plan
    D: Integers
    """[a, o]: direct path to the logits by query, offset included."""
    OP: Integers
    """[i, o]: what a position adds to the logits, offset included."""
    OE: Integers
    """[t, o]: what a token adds to the logits, offset included."""
    eE: Integers
    """[a, t]: exponentials of token scores over 2 ** P, rounded down."""
    eP: Integers
    """[a, i]: exponentials of position scores over 2 ** P, rounded down."""
    uE: Integers
    """[a, t]: how far token scores lie below the largest one of the query, over 2 ** σ."""
    uP: Integers
    """[a, i]: how far position scores lie below the largest one of the query, over 2 ** σ."""

    @property
    def top(self) -> int:
        """Strictly above every entry of a weighted row."""
        return 1 << (self.plan.P + self.plan.r + 2)

    def slack(self, K: int) -> int:
        """A lead of this much between two sums of K weighted rows settles the comparison of the two logits."""
        return _slack(K, self.plan.err, self.plan.r)

    def attention_weights(self, query: int) -> Integers:
        """[i, t]: attention weights of a query over 2 ** P, rounded down."""
        weights: Integers = (self.eP[query][:, None] * self.eE[query][None, :]) >> self.plan.P
        return weights

    def logits(self, query: int) -> Integers:
        """[i, t, o]: logit contributions by position and token, offsets included."""
        found: Integers = (self.D[query] + self.OP)[:, None, :] + self.OE[None, :, :]
        return found

    def exact_rows(self, query: int) -> Integers:
        """[i, t, o]: attention weight times logit contributions."""
        rows: Integers = self.attention_weights(query)[:, :, None] * self.logits(query)
        return rows

    def weighted_rows(self, query: int) -> NDArray[np.float64]:
        """[i, t, o]: attention weight times logit contributions, rounded."""
        weights = self.attention_weights(query).astype(np.float64)
        rows: NDArray[np.float64] = weights[:, :, None] * self.logits(query).astype(np.float64)
        return rows


def require_floats(tables: Tables, K: int) -> None:
    """Raise UnsupportedError for weights too precise for sums of K rows in float64."""
    if (bits := (K * tables.top).bit_length()) > MAX_SUM_BITS:
        raise UnsupportedError(
            f"precision is {tables.plan.P}, which makes sums of {bits} bits, expected at most {MAX_SUM_BITS}: "
            f"set the option precision to {tables.plan.P - bits + MAX_SUM_BITS} or less"
        )


def _slack(K: int, err: int, r: int) -> int:
    """`LeanBound.Tables.slack`: what the errors of K attention weights can make up, and one."""
    return K * (3 * err + 2) * (1 << (r + 2)) + 1


def pack(w: int, values: Sequence[int]) -> int:
    """`Σ_j values[j] * 2 ** (w * j)`; exact for signed values of any size."""
    total = 0
    for value in reversed(values):
        total = (total << w) + int(value)
    return total


def exp_constants(P: int, sigma: int, squarings: int, n: int) -> list[tuple[int, int]]:
    """(lower bound, error) of 2 ** P * exp(-2 ** b / 2 ** sigma) for b < n: `LeanBound.expConsts`."""
    d = sigma + squarings
    Q = P + 2 * d
    c, e = (1 << Q) - (1 << (P + d)), 1 << P
    for _ in range(squarings):
        c, e = _square(Q, c, e)
    constants = []
    for _ in range(n):
        constants.append((c >> (2 * d), (e >> (2 * d)) + 2))
        c, e = _square(Q, c, e)
    return constants


def _square(Q: int, c: int, e: int) -> tuple[int, int]:
    return (c * c) >> Q, ((2 * c * e + e * e) >> Q) + 2


def exp_neg(P: int, constants: Sequence[int], u: int) -> int:
    """A lower bound of 2 ** P * exp(-u / 2 ** k): `LeanBound.expNeg`, rounding where it rounds."""
    value = 1 << P
    for bit in reversed(range(len(constants))):
        if u >> bit & 1:
            value = (constants[bit] * value) >> P
    return value


def build_tables(
    model: QuantisedModel,
    precision: int | None = None,
    least_narrow: int = 0,
) -> Tables:
    """The tables of a one-head model, and a plan of lanes just wide enough for every check to pass.

    `precision` is P; by default enough for the smallest weight. Fewer bits make narrower lanes, and lose the inputs
    whose attention weights are all far below the largest one of the query. `least_narrow`: at least the bits of a lane
    of a matrix product. Raises UnsupportedError when scores differ by too much.
    """
    config = model.config
    V, K = config.d_vocab, config.n_ctx
    t = {tensor.name: np.array(tensor.ints, dtype=object) for tensor in model.tensors}
    sigma = model.score_frac
    shift = model["W_V"].frac + model["W_O"].frac
    woU = t["W_O"] @ t["W_U"]
    vU = t["W_V"] @ woU
    x = np.concatenate([t["W_E"], t["W_pos"]])
    keys = x @ t["W_K"]
    keys[V:] = keys[V:] + t["b_K"]
    g = keys @ t["W_Q"].T
    b = keys @ t["b_Q"][0]
    query = t["W_E"] + t["W_pos"][K - 1]
    scores = query @ g.T + b
    oE = t["W_E"] @ vU
    oP = t["W_pos"] @ vU + t["b_V"] @ woU
    direct = (query @ t["W_U"]) * (1 << shift) + t["b_O"] @ t["W_U"] + t["b_U"]

    maxE = [max(row[:V]) for row in scores]
    maxP = [max(row[V:]) for row in scores]
    exponents_E = [[maxE[a] - s for s in scores[a][:V]] for a in range(V)]
    exponents_P = [[maxP[a] - s for s in scores[a][V:]] for a in range(V)]
    spread = max(max(e) + max(p) for e, p in zip(exponents_E, exponents_P, strict=True)) >> sigma
    if spread > MAX_SCORE_RANGE:
        raise UnsupportedError(
            f"attention scores of one query differ by {spread}, expected at most {MAX_SCORE_RANGE}: "
            "train with more weight decay, or scale W_Q down"
        )
    precision = precision or math.ceil((spread + 1) / math.log(2)) + GUARD_BITS
    bits = max(1, max(u for rows in (exponents_E, exponents_P) for row in rows for u in row).bit_length())
    squarings = max(0, precision - sigma)
    enclosures = exp_constants(precision, sigma, squarings, bits)
    consts = tuple(c for c, _ in enclosures)
    err = sum(e + 1 for _, e in enclosures)

    offset = max(0, -min(int(rows.min()) for rows in (direct, oP, oE)))
    r = max(1, max(int(rows.max()) + offset for rows in (direct, oP, oE)).bit_length())
    room = (3 * K * (1 << (precision + r + 2)) + _slack(K, err, r)).bit_length() + 1
    narrow = max(_narrow_width(model, offset), least_narrow, r, bits, *(tensor.width for tensor in model.tensors))
    quarter = 1 << (narrow - 2)
    plan = Plan(
        narrow=narrow,
        stride=max(narrow * (V + K + 2), *(tensor.width * tensor.shape[1] for tensor in model.tensors)),
        bias=_bias(model),
        w=max(room, narrow),
        e=max(2 * precision + 1, narrow),
        r=r,
        offset=offset,
        P=precision,
        squarings=squarings,
        consts=consts,
        err=err,
        maxE=pack(narrow - 1, [s + quarter for s in maxE]),
        maxP=pack(narrow - 1, [s + quarter for s in maxP]),
    )
    return Tables(
        plan=plan,
        D=direct + offset,
        OP=oP + offset,
        OE=oE + offset,
        eE=np.array([[exp_neg(precision, consts, u) for u in row] for row in exponents_E], dtype=object),
        eP=np.array([[exp_neg(precision, consts, u) for u in row] for row in exponents_P], dtype=object),
        uE=np.array(exponents_E, dtype=object),
        uP=np.array(exponents_P, dtype=object),
    )


def _bias(model: QuantisedModel) -> int:
    return max(1 << (tensor.width - 1) for tensor in model.tensors)


def _narrow_width(model: QuantisedModel, offset: int) -> int:
    """The lane width at which `LeanBound.checkWidths` holds: matrix products bounded by the largest weight alone."""
    d, h, u = model.config.d_model, model.config.d_head, _bias(model)
    wo = d * u * u
    v = h * u * wo
    moved = (d + 1) * u * v
    direct = (d + 1) * ((1 << (model["W_V"].frac + model["W_O"].frac)) * 2 * u + u) * u
    key = (d + 1) * u * u
    g = h * u * key
    score = (d + 1) * 2 * u * g
    return max(wo, v, moved, direct, key, g, score, offset).bit_length() + 2
