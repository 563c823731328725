"""Certificates of all inputs of an attention-only model, one search for each property.

Finds exactly the numbers that Lean will: see `LeanBound.Strategies.EveryInput`. Untrusted.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from leanbound.claims.properties import Agreement, Loss, WeightedAccuracy
from leanbound.claims.property import Property
from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.strategies.input_certificate import InputCertificate, InputLosses, OtherTables, Output, Shift
from leanbound.strategies.losses import best_shift, loss_plan, mean_bound
from leanbound.strategies.tables import Tables, build_tables, exp_neg
from leanbound.tasks.max_of_k import inputs, target

#: Lean goes through some hundred inputs a second; for the loss, through some dozens.
MAX_INPUTS: Final = 1 << 14
MAX_LOSS_INPUTS: Final = 1 << 12


def certify_inputs(
    model: QuantisedModel, claimed: Property, precision: int | None = None, other: QuantisedModel | None = None
) -> InputCertificate:
    """The certificate of a property; `other` is the second model of an agreement.

    Raises UnsupportedError for more than MAX_INPUTS inputs (MAX_LOSS_INPUTS for the loss), InputError for a property of
    another model.
    """
    config = model.config
    claimed.require_fits(config)
    most = MAX_LOSS_INPUTS if isinstance(claimed, Loss) else MAX_INPUTS
    if config.d_vocab**config.n_ctx > most:
        raise UnsupportedError(
            f"every-input proves {claimed.kind} on {config.d_vocab} ** {config.n_ctx} inputs, expected at most {most}: "
            "claim the accuracy, which the strategies for max-of-K prove of larger models"
        )
    tables = build_tables(model, precision)
    if isinstance(claimed, WeightedAccuracy):
        return _weighted(model, tables, claimed)
    if isinstance(claimed, Agreement):
        return _agreement(model, tables, claimed, other, precision)
    if isinstance(claimed, Loss):
        return _loss(model, tables, claimed)
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


def _loss(model: QuantisedModel, tables: Tables, claimed: Loss) -> InputCertificate:
    config, k = model.config, model.logit_frac
    leads, shifts = {}, {}
    for tokens, ahead, weight in _leads(model, tables):
        gaps = [0 if o == target(tokens) else gap // weight for o, gap in enumerate(ahead)]
        shifts[tokens] = best_shift(gaps, k)
        most = weight + len(tokens) * (3 * tables.plan.err + 2)
        leads[tokens] = [
            shifts[tokens] if o == target(tokens) else (gap + shifts[tokens] * weight) // most
            for o, gap in enumerate(ahead)
        ]
    plan = loss_plan(k, max(1, max(map(max, leads.values())).bit_length()))
    counts = [0] * config.d_vocab
    for tokens, row in leads.items():
        exps = sum(exp_neg(plan.P, plan.consts, lead) for lead in row)
        counts[tokens[0]] += (exps << k) + (shifts[tokens] << plan.P)
    inputs_ = config.d_vocab**config.n_ctx
    room = (inputs_ << plan.P) + 2
    return InputCertificate(
        model_digest=model.digest,
        claimed=claimed.with_bound(1),
        plan=tables.plan,
        counts=tuple(counts),
        inputs=inputs_,
        proved=mean_bound(sum(counts), plan, k, inputs_, config.d_vocab),
        loss=InputLosses(
            plan=plan,
            lane=max(2 * plan.P + 1, len(plan.consts), room.bit_length()),
            shifts=tuple(Shift(tokens=tokens, shift=shift) for tokens, shift in shifts.items() if shift),
        ),
    )


def _leads(model: QuantisedModel, tables: Tables) -> Iterator[tuple[tuple[int, ...], list[int], int]]:
    """Every input, by how much the right output leads each one at least, times 2 ** k and the sum of weights, and that.

    Raises UnsupportedError for attention weights that are all rounded to zero.
    """
    V, K = model.config.d_vocab, model.config.n_ctx
    rows = [tables.exact_rows(query) for query in range(V)]
    weights = [tables.attention_weights(query) for query in range(V)]
    for tokens in inputs(V, K):
        total = sum(rows[tokens[-1]][i, t] for i, t in enumerate(tokens))
        weight = sum(int(weights[tokens[-1]][i, t]) for i, t in enumerate(tokens))
        if not weight:
            raise UnsupportedError(
                f"all attention weights of the input {list(tokens)} are rounded to 0: more precision"
            )
        own = int(total[target(tokens)])
        yield tokens, [own - int(value) - tables.slack(K) for value in total], weight
