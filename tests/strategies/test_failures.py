"""Failures of max-of-K by list: the search against the exact evaluator, and the kernel's answer."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import config, quantised
from tests.rendered import kernel

from leanbound.claims.properties import Failures
from leanbound.errors import InputError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.rendering.render import render_claim
from leanbound.strategies import certify
from leanbound.strategies.failures import wrong_inputs
from leanbound.strategies.refuted import RefutedError
from leanbound.tasks.max_of_k import inputs


def failures(model: QuantisedModel) -> Failures:
    """What is true of a model."""
    table = exact.tables(model)
    every = inputs(model.config.d_vocab, model.config.n_ctx)
    exceptions = tuple(tokens for tokens in every if not exact.is_correct(table, tokens))
    return Failures(kind="failures", task="max-of-k", exceptions=exceptions)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(1, 3))
def test_lists_are_complete_or_refuted(seed: int, V: int, K: int) -> None:
    model = quantised(seed, 6, config(d_vocab=V, n_ctx=K))
    listed = failures(model).exceptions
    found = wrong_inputs(model, listed)
    assert [item.tokens for item in found] == list(listed)
    assert all(item.output != max(item.tokens) for item in found)
    for k, tokens in enumerate(listed):
        with pytest.raises(RefutedError) as caught:
            wrong_inputs(model, listed[:k] + listed[k + 1 :])
        assert caught.value.example.tokens == tokens


def test_an_input_that_is_right_is_no_failure() -> None:
    model = quantised(3, 6, config(d_vocab=3, n_ctx=2))
    listed = set(failures(model).exceptions)
    right = next(tokens for tokens in inputs(3, 2) if tokens not in listed)
    with pytest.raises(InputError, match="the model is right on"):
        wrong_inputs(model, (right,))


@pytest.mark.lean
def test_the_kernel_proves_the_list_and_no_shorter_one(tmp_path: Path) -> None:
    model = quantised(25, 6, config(d_vocab=3, n_ctx=2))
    claimed = failures(model)
    certificate = certify("exhaustive", model, claimed)
    assert 0 < len(claimed.exceptions) < 9
    rendered = render_claim("listed", model, claimed, certificate)
    rendered.write(tmp_path)
    shorter = claimed.model_copy(update={"exceptions": claimed.exceptions[1:]})
    wrong = render_claim("shorter", model, shorter, certificate)
    wrong.write(tmp_path)
    targets = [rendered.names.replay_module, wrong.names.proof_module]
    result = kernel(tmp_path, *targets)
    assert set(result.failures) == {wrong.names.proof_module}
