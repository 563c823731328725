"""Brute force on max-of-K: every input, one comparison of packed logits each.

Counts exactly what `LeanBound.bruteQuerySize` counts. Untrusted: a count too high makes Lean refuse it.
"""

from collections.abc import Iterator

import numpy as np

from leanbound.errors import UnsupportedError
from leanbound.quantised import QuantisedModel
from leanbound.strategies.certificate import QueryCertificate
from leanbound.strategies.tables import Integers, Tables

#: More inputs than this take Lean hours; the cubic strategy is made for them.
MAX_INPUTS = 1 << 16


def certify_queries(model: QuantisedModel, tables: Tables) -> Iterator[QueryCertificate]:
    """For each query in turn, how many inputs are right by more than the errors of the attention weights.

    Raises UnsupportedError when there are more than MAX_INPUTS inputs.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    if V**K > MAX_INPUTS:
        raise UnsupportedError(
            f"brute force on {V} ** {K} = {V**K} inputs, expected at most {MAX_INPUTS}: use the strategy cubic"
        )
    for query in range(V):
        weights = tables.attention_weights(query)
        rows = weights[:, :, None] * ((tables.D[query] + tables.OP)[:, None, :] + tables.OE[None, :, :])  # [i, t, o]
        yield QueryCertificate(proved=_count(rows, K - 1, rows[K - 1, query], query, tables.slack(K)))


def _count(rows: Integers, k: int, total: Integers, largest: int, slack: int) -> int:
    """Over all tokens of positions 0 .. k - 1, given the sum of the rows and the maximum of the others."""
    if k == 0:
        others = np.delete(total, largest)
        return int(bool((total[largest] - others >= slack).all()))
    return sum(_count(rows, k - 1, total + rows[k - 1, t], max(largest, t), slack) for t in range(rows.shape[1]))
