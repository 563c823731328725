"""The tables that every strategy on max-of-K starts from: integers that Lean recomputes from the weights.

Mirrors `LeanBound.Strategies.Tables` entry by entry. Untrusted: a wrong entry makes the kernel's check fail.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import UnsupportedError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import Tables, slack

Integers = NDArray[np.object_]
"""An array of Python integers: no overflow."""

#: By default, bits of the smallest attention weight of any query, whose largest one is 2 ** P.
GUARD_BITS = 26
#: More bits than this only cost time.
MAX_PRECISION = 8192
#: Scores of one query may differ by this much; beyond it attention is hard, and the lanes would hold little but zeros.
MAX_SCORE_RANGE = 4096


def logit_lanes(tables: Tables, V: int) -> tuple[Integers, Integers, Integers]:
    """D [a, o], OP [i, o] and OE [t, o], offset included."""
    D, OP, OE = (unpack_lanes(rows, tables.w, V) for rows in (tables.D, tables.OP, tables.OE))
    return D, OP, OE


def attention_weights(tables: Tables, query: int, V: int, K: int) -> Integers:
    """[i, t]: attention weights of a query over 2 ** P, rounded down."""
    e = unpack_lanes([tables.eE[query]], tables.P + 1, V)[0]
    p = unpack_lanes([tables.eP[query]], tables.P + 1, K)[0]
    return np.array([[(x * y) >> tables.P for x in e] for y in p], dtype=object)


def pack(w: int, values: Sequence[int]) -> int:
    """`Σ_j values[j] * 2 ** (w * j)`; exact for signed values of any size."""
    total = 0
    for value in reversed(values):
        total = (total << w) + int(value)
    return total


def unpack_lanes(rows: Sequence[int], w: int, n: int) -> Integers:
    """[row, lane] of natural numbers packed with every entry below 2 ** w."""
    mask = (1 << w) - 1
    return np.array([[(row >> (w * j)) & mask for j in range(n)] for row in rows], dtype=object)


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
) -> Tables:
    """The tables of a one-head model, at lanes just wide enough for every check to pass.

    `precision` is P; by default enough for the smallest weight. Fewer bits make narrower lanes, and lose the inputs
    whose attention weights are all far below the largest one of the query. Raises UnsupportedError when scores differ
    by too much.
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
    room = (3 * K * (1 << (precision + r + 2)) + slack(K, err, r)).bit_length() + 1
    w = max(room, _crude_width(model, offset, r))
    half = 1 << (w - 1)

    columns: list[Integers] = [*x.T]
    return Tables(
        w=w,
        r=r,
        offset=offset,
        P=precision,
        squarings=squarings,
        consts=consts,
        err=err,
        uRows=_pack_rows(w, t["W_U"]),
        woRows=_pack_rows(w, woU),
        vRows=_pack_rows(w, vU),
        xtRows=_pack_rows(w, columns),
        kRows=_pack_rows(w, keys.T),
        gRows=_pack_rows(w, g.T),
        bRow=pack(w, list(b)),
        sRows=_pack_rows(w, scores),
        D=_pack_rows(w, direct + offset),
        OP=_pack_rows(w, oP + offset),
        OE=_pack_rows(w, oE + offset),
        maxE=tuple(s + half for s in maxE),
        maxP=tuple(s + half for s in maxP),
        eE=tuple(pack(precision + 1, [exp_neg(precision, consts, u) for u in row]) for row in exponents_E),
        eP=tuple(pack(precision + 1, [exp_neg(precision, consts, u) for u in row]) for row in exponents_P),
    )


def _pack_rows(w: int, rows: Sequence[Integers] | Integers) -> tuple[int, ...]:
    return tuple(pack(w, list(row)) for row in rows)


def _crude_width(model: QuantisedModel, offset: int, r: int) -> int:
    """The lane width at which `LeanBound.checkWidths` holds: a bound by the bit widths of the weights alone."""
    config = model.config
    d, h = config.d_model, config.d_head
    bound = {tensor.name: 1 << (tensor.width - 1) for tensor in model.tensors}
    shift = model["W_V"].frac + model["W_O"].frac
    embedding = bound["W_E"] + bound["W_pos"]
    key = d * embedding * bound["W_K"] + bound["b_K"]
    g = h * bound["W_Q"] * key
    b = h * bound["b_Q"] * key
    wo = d * bound["W_O"] * bound["W_U"]
    v = h * bound["W_V"] * wo
    moved = d * embedding * v + h * bound["b_V"] * wo
    direct = (1 << shift) * d * embedding * bound["W_U"] + d * bound["b_O"] * bound["W_U"] + bound["b_U"]
    score = d * embedding * g + b
    return max((score + 1).bit_length() + 1, (max(moved, direct) + offset + (1 << r) + 1).bit_length())
