"""Inputs of max-of-K on which a model is wrong, in exact arithmetic. Mirrors `LeanBound.Strategies.Failures`."""

from collections.abc import Iterator, Sequence
from typing import Final

from leanbound.errors import InputError
from leanbound.families.attention_only.exact import IntTables, is_correct, margin_sign, tables
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.strategies.certificate import WrongInput
from leanbound.strategies.refuted import Counterexample, RefutedError
from leanbound.tasks.max_of_k import inputs, target

#: Where there are more inputs, none is looked for that is missing from a list of failures.
_MOST: Final = 1 << 12


def wrong_inputs(model: QuantisedModel, listed: Sequence[tuple[int, ...]]) -> tuple[WrongInput, ...]:
    """What the model gives on the listed inputs.

    Raises InputError when it is right on one of them, RefutedError when it is wrong on another one.
    """
    table = tables(model)
    found = []
    for tokens in listed:
        output = _output(table, tokens)
        if output == target(tokens):
            raise InputError(f"exceptions: the model is right on {list(tokens)}. List only inputs that fail.")
        found.append(WrongInput(tokens=tokens, output=output))
    missing = [
        Counterexample(tokens, _output(table, tokens))
        for tokens in _others(model, set(listed))
        if not is_correct(table, tokens)
    ]
    if missing:
        raise RefutedError(missing[0], f"{target(missing[0].tokens)} is right", missing[1:])
    return tuple(found)


def _others(model: QuantisedModel, listed: set[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    if model.config.d_vocab**model.config.n_ctx <= _MOST:
        yield from (tokens for tokens in inputs(model.config.d_vocab, model.config.n_ctx) if tokens not in listed)


def _output(table: IntTables, tokens: Sequence[int]) -> int:
    """The output with the largest logit, the last one in a tie."""
    best = 0
    for output in range(1, table.direct.shape[1]):
        if margin_sign(table, tokens, output, best) >= 0:
            best = output
    return best
