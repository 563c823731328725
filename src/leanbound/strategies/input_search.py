"""Certificates of all inputs of an attention-only model, one search for each property.

Finds exactly the numbers that Lean will: see `LeanBound.Strategies.EveryInput`. Untrusted.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from leanbound.errors import InputError, UnsupportedError
from leanbound.properties import Agreement, Property, WeightedAccuracy
from leanbound.quantised import QuantisedModel
from leanbound.strategies.input_certificate import InputCertificate, OtherTables, Output
from leanbound.strategies.tables import Integers, Tables, build_tables
from leanbound.tasks.max_of_k import inputs, target

#: Lean goes through about a hundred inputs a second.
MAX_INPUTS: Final = 1 << 14


def certify_inputs(
    model: QuantisedModel, claimed: Property, precision: int | None = None, other: QuantisedModel | None = None
) -> InputCertificate:
    """The certificate of a property; `other` is the second model of an agreement.

    Raises UnsupportedError for more than MAX_INPUTS inputs, InputError for a property of another model.
    """
    config = model.config
    claimed.require_possible(config.d_vocab, config.n_ctx)
    if config.d_vocab**config.n_ctx > MAX_INPUTS:
        raise UnsupportedError(
            f"every-input on {config.d_vocab} ** {config.n_ctx} inputs, expected at most {MAX_INPUTS}: "
            "claim the accuracy, which the strategies for max-of-K prove of larger models"
        )
    tables = build_tables(model, precision)
    if isinstance(claimed, WeightedAccuracy):
        return _weighted(model, tables, claimed)
    if isinstance(claimed, Agreement):
        return _agreement(model, tables, claimed, other, precision)
    raise InputError(f"every-input does not prove {claimed.kind}. Choose another strategy.")


def leading(tables: Tables, tokens: Sequence[int], rows: Integers) -> int | None:
    """The output that leads every other one by the slack, if one does. `rows`: those of the last token, [i, t, o]."""
    total = sum(rows[i, t] for i, t in enumerate(tokens))
    best = max(range(len(total)), key=total.__getitem__)
    slack = tables.slack(len(tokens))
    return best if all(total[best] - total[o] >= slack for o in range(len(total)) if o != best) else None


def all_leading(model: QuantisedModel, tables: Tables) -> Iterator[tuple[tuple[int, ...], int | None]]:
    """Every input, and the output that leads there."""
    V = model.config.d_vocab
    rows = [tables.exact_rows(query) for query in range(V)]
    for tokens in inputs(V, model.config.n_ctx):
        yield tokens, leading(tables, tokens, rows[tokens[-1]])


def _weighted(model: QuantisedModel, tables: Tables, claimed: WeightedAccuracy) -> InputCertificate:
    counts = [0] * model.config.d_vocab
    for tokens, output in all_leading(model, tables):
        if output == target(tokens):
            counts[tokens[0]] += prod(row[t] for row, t in zip(claimed.weights, tokens, strict=True))
    return InputCertificate(
        model_digest=model.digest,
        claimed=claimed.with_bound(1),
        plan=tables.plan,
        counts=tuple(counts),
        inputs=claimed.total,
        proved=sum(counts),
    )


def _agreement(
    model: QuantisedModel, tables: Tables, claimed: Agreement, other: QuantisedModel | None, precision: int | None
) -> InputCertificate:
    config = model.config
    if other is None or (other.config.d_vocab, other.config.n_ctx) != (config.d_vocab, config.n_ctx):
        raise InputError(f"agreement: expected another model of {config.d_vocab} tokens at {config.n_ctx} positions")
    theirs = build_tables(other, precision)
    counts, outputs = [0] * config.d_vocab, []
    for (tokens, own), (_, their) in zip(all_leading(model, tables), all_leading(other, theirs), strict=True):
        if own is not None and own == their:
            counts[tokens[0]] += 1
            if own != target(tokens):
                outputs.append(Output(tokens=tokens, output=own))
    return InputCertificate(
        model_digest=model.digest,
        claimed=claimed.with_bound(1),
        plan=tables.plan,
        counts=tuple(counts),
        inputs=config.d_vocab**config.n_ctx,
        proved=sum(counts),
        other=OtherTables(digest=other.digest, plan=theirs.plan, outputs=tuple(outputs)),
    )
