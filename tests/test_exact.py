"""The reference evaluator against the definitions, against torch, and on ties."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import SMALL, config, quantised, random_checkpoint, shipped

from leanbound.families.attention_only import exact
from leanbound.families.attention_only.accuracy import measure, measure_quantised
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.attention_only.model import AttentionOnly
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_exact, quantize_fixed
from leanbound.families.checkpoint import Checkpoint
from leanbound.families.training import with_weights
from leanbound.tasks.max_of_k import inputs, target

shapes = st.builds(
    config, d_vocab=st.integers(2, 4), n_ctx=st.integers(1, 3), d_model=st.integers(1, 4), d_head=st.integers(1, 3)
)


def dequantised(model: QuantisedModel) -> AttentionOnly:
    """The quantised model as a float64 torch module; the factor 1 / √d_head, which is in W_Q already, is undone."""
    shape = model.config.model_copy(update={"biases": True})
    module = AttentionOnly(shape).double()
    for name, parameter in module.named_parameters():
        value = torch.tensor([[n / 2 ** model[name].frac for n in row] for row in model[name].ints])
        factor = math.sqrt(shape.d_head) if name in ("W_Q", "b_Q") else 1.0
        parameter.data = value.double().reshape(parameter.shape) * factor
    return module


def margins(module: AttentionOnly) -> dict[tuple[int, ...], float]:
    """Logit of the target less the largest other one, by the plain forward pass, for every input."""
    tokens = torch.tensor(list(inputs(module.config.d_vocab, module.config.n_ctx)))
    with torch.no_grad():
        logits = module(tokens)
    right = tokens.amax(1, keepdim=True)
    gap = logits.gather(1, right).squeeze(1) - logits.scatter(1, right, -math.inf).amax(1)
    return dict(zip(map(tuple, tokens.tolist()), gap.tolist(), strict=True))


@settings(deadline=None)
@given(st.integers(0, 10**6), shapes)
def test_tables_are_the_definitions(seed: int, shape: AttentionOnlyConfig) -> None:
    model = quantised(seed, 5, shape)
    table = exact.tables(model)
    w = {tensor.name: [[Fraction(n, 2**tensor.frac) for n in row] for row in tensor.ints] for tensor in model.tensors}

    def affine(x: list[Fraction], weight: str, bias: str) -> list[Fraction]:
        columns = zip(*w[weight], strict=True)
        return [sum(map(Fraction.__mul__, x, column), b) for column, b in zip(columns, w[bias][0], strict=True)]

    def residual(t: int, i: int) -> list[Fraction]:
        return list(map(Fraction.__add__, w["W_E"][t], w["W_pos"][i]))

    for a, t, i in product(range(shape.d_vocab), range(shape.d_vocab), range(shape.n_ctx)):
        last = residual(a, shape.n_ctx - 1)
        query, key = affine(last, "W_Q", "b_Q"), affine(residual(t, i), "W_K", "b_K")
        assert Fraction(table.score(a, t, i), 2**table.score_frac) == sum(map(Fraction.__mul__, query, key))
        head = affine(affine(residual(t, i), "W_V", "b_V"), "W_O", "b_O")
        logits = affine(list(map(Fraction.__add__, last, head)), "W_U", "b_U")
        found = [Fraction(table.contribution(a, t, i, o), 2**table.logit_frac) for o in range(shape.d_vocab)]
        assert found == logits


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), shapes, st.integers(4, 12))
def test_agrees_with_torch(seed: int, shape: AttentionOnlyConfig, bits: int) -> None:
    model = quantised(seed, bits, shape)
    table = exact.tables(model)
    for tokens, margin in margins(dequantised(model)).items():
        if abs(margin) > 1e-9:
            assert exact.is_correct(table, tokens) == (margin > 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), shapes)
def test_measured_accuracies_are_those_of_the_forward_pass(seed: int, shape: AttentionOnlyConfig) -> None:
    checkpoint = random_checkpoint(seed, shape)
    module = with_weights(AttentionOnly(shape), checkpoint.weights)
    assert measure(module).correct == sum(margin > 0 for margin in margins(module.double()).values())
    model = quantize_fixed(checkpoint, 5)
    found = measure_quantised(model)
    assert (found.correct, found.inputs) == (exact.exact_count(model), shape.d_vocab**shape.n_ctx)
    assert found.exhaustive


@pytest.mark.parametrize("name", SMALL)
def test_shipped_models(name: str) -> None:
    checkpoint = shipped(name)
    assert checkpoint.record is not None
    assert (
        measure(with_weights(AttentionOnly(checkpoint.config), checkpoint.weights)).correct == checkpoint.record.correct
    )
    for model in (quantize_fixed(checkpoint, 4), quantize_exact(checkpoint)):
        assert exact.exact_count(model) == measure_quantised(model).correct


def zeros(**changes: np.ndarray) -> QuantisedModel:
    """A model of 2 tokens, 2 positions and width 2 whose weights are zero but for the changes."""
    shape = config(d_vocab=2, n_ctx=2, d_model=2, d_head=1)
    weights = {name: np.zeros(sides, np.float32) for name, sides in shape.shapes().items()}
    for name, value in changes.items():
        weights[name] = np.array(value, np.float32).reshape(weights[name].shape)
    return quantize_exact(Checkpoint(shape, weights, "0" * 64))


def test_a_tie_is_wrong() -> None:
    table = exact.tables(zeros())
    assert exact.margin_sign(table, (0, 1), 1, 0) == 0
    assert exact.exact_count(zeros()) == 0
    assert measure_quantised(zeros()).correct == 0


def test_a_tie_by_cancellation_of_equal_scores() -> None:
    eye = np.eye(2)
    model = zeros(W_E=2 * eye, W_V=[1, -1], W_O=[-1, 1], b_O=[2, 0], W_U=eye)
    assert exact.margin_sign(exact.tables(model), (0, 1), 1, 0) == 0  # opposite values cancel, and 2 = 2
    model = zeros(W_E=2 * eye, W_V=[1, -1], W_O=[-1, 1], b_O=[2, 1], W_U=eye)
    assert exact.margin_sign(exact.tables(model), (0, 1), 1, 0) == 1


def test_a_margin_far_below_float_precision_is_decided() -> None:
    """Attention to the first position is exp(-800) of the whole, and alone tells the outputs apart."""
    far = zeros(
        W_E=np.zeros(4), W_pos=[[-800, 1], [0, 0]], b_Q=[1], W_K=[1, 0], W_V=[0, 1], W_O=[1, 0], W_U=[-1, 0, 0, 0]
    )
    table = exact.tables(far)
    assert exact.margin_sign(table, (0, 1), 1, 0) == 1
    assert exact.margin_sign(table, (0, 1), 0, 1) == -1
    assert measure_quantised(far).correct == exact.exact_count(far) == 3


@settings(deadline=None)
@given(st.fractions(-50, 0), st.integers(8, 200))
def test_enclosures_of_exp(x: Fraction, bits: int) -> None:
    low, high = exact.exp_enclosure(x, bits)
    finer = exact.exp_enclosure(x, 300)
    assert 0 <= low <= finer[0] <= finer[1] <= high
    assert float(finer[0]) == pytest.approx(math.exp(x), rel=1e-12)
    assert high - low <= Fraction(1, 2 ** (bits - 4))


def test_exp_of_a_positive_number_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 0"):
        exact.exp_enclosure(Fraction(1), 10)


def test_a_large_space_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = shipped("max-of-3-v8")
    monkeypatch.setattr("leanbound.families.attention_only.accuracy.MAX_EXHAUSTIVE", 100)
    monkeypatch.setattr("leanbound.families.attention_only.accuracy.SAMPLE_SIZE", 1000)
    found = measure(with_weights(AttentionOnly(checkpoint.config), checkpoint.weights))
    assert not found.exhaustive
    assert found.inputs == 1000
    assert found.fraction > 0.98
    assert measure_quantised(quantize_fixed(checkpoint, 8)).fraction == found.fraction


def test_the_target_is_the_largest_token() -> None:
    assert [target(tokens) for tokens in [(0, 0), (2, 1), (0, 3)]] == [0, 2, 3]
    assert list(inputs(2, 2)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
