"""Every input of small attention-only models: searches against the exact evaluator, and the kernel's answer."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import config, quantised, random_checkpoint
from tests.rendered import assert_golden, kernel

from leanbound.claims.properties import Agreement, Loss, Property, WeightedAccuracy, max_of_k
from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.rendering.render import RenderedClaim, render_claim
from leanbound.strategies.input_certificate import InputCertificate
from leanbound.strategies.input_search import certify_inputs
from leanbound.tasks.max_of_k import inputs

Shape = tuple[int, int]
SHAPES = st.tuples(st.integers(2, 3), st.integers(1, 3))
LOSS = Loss(kind="loss", task="max-of-k", at_most="9")
AGREEMENT = Agreement(kind="agreement", at_least=1)


def every(model: QuantisedModel) -> list[tuple[int, ...]]:
    """All inputs."""
    return list(inputs(model.config.d_vocab, model.config.n_ctx))


def weights(model: QuantisedModel) -> WeightedAccuracy:
    """Different weights of all tokens at all positions."""
    V, K = model.config.d_vocab, model.config.n_ctx
    rows = tuple(tuple((3 * i + 2 * t) % 5 for t in range(V)) for i in range(K))
    return WeightedAccuracy(kind="weighted-accuracy", task="max-of-k", weights=rows, at_least=1)


def only_output(model: QuantisedModel, tokens: tuple[int, ...]) -> int | None:
    """The output with the largest logit, if it is the only one; by the exact evaluator."""
    table, V = exact.tables(model), model.config.d_vocab
    return next(
        (y for y in range(V) if all(exact.margin_sign(table, tokens, y, o) > 0 for o in range(V) if o != y)), None
    )


def entropy(model: QuantisedModel, tokens: tuple[int, ...]) -> float:
    """The cross-entropy of an input, in floats from exact tables."""
    table = exact.tables(model)
    a, places = tokens[-1], list(enumerate(tokens))
    scores = [table.score(a, t, i) / 2**table.score_frac for i, t in places]
    attention = [math.exp(score - max(scores)) for score in scores]
    row = [
        sum(w * table.contribution(a, t, i, o) for w, (i, t) in zip(attention, places, strict=True))
        / (sum(attention) * 2**table.logit_frac)
        for o in range(model.config.d_vocab)
    ]
    return max(row) + math.log(sum(math.exp(value - max(row)) for value in row)) - row[max(tokens)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), SHAPES)
def test_weights_of_right_inputs_are_added_up(seed: int, shape: Shape) -> None:
    model = quantised(seed, 6, config(*shape))
    claimed, table = weights(model), exact.tables(model)
    right = [tokens for tokens in every(model) if exact.is_correct(table, tokens)]
    found = certify_inputs(model, claimed)
    assert found.inputs == claimed.total
    assert found.proved == sum(math.prod(row[t] for row, t in zip(claimed.weights, x, strict=True)) for x in right)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), SHAPES, st.integers(4, 8))
def test_agreement_is_counted_right_or_wrong(seed: int, shape: Shape, bits: int) -> None:
    checkpoint = random_checkpoint(seed, config(*shape))
    model, other = quantize_fixed(checkpoint, 8), quantize_fixed(checkpoint, bits)
    outputs = [(only_output(model, tokens), only_output(other, tokens)) for tokens in every(model)]
    found = certify_inputs(model, AGREEMENT, other=other)
    assert found.proved == sum(own is not None and own == their for own, their in outputs)
    assert found.other is not None
    assert [(item.tokens, item.output) for item in found.other.outputs] == [
        (x, own)
        for x, (own, their) in zip(every(model), outputs, strict=True)
        if own == their and own not in (None, max(x))
    ]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), SHAPES, st.floats(0.1, 3))
def test_the_loss_is_an_upper_bound_and_close(seed: int, shape: Shape, scale: float) -> None:
    model = quantize_fixed(random_checkpoint(seed, config(*shape), scale), 8)
    mean = sum(entropy(model, tokens) for tokens in every(model)) / len(every(model))
    found = certify_inputs(model, LOSS).proved / 10**9
    # Attention weights are known to some 20 bits, shifts to those of logits.
    assert mean - 1e-9 <= found <= mean * (1 + 1e-4) + 1.2e-5 + 4.0**-model.logit_frac


def test_what_is_out_of_reach() -> None:
    with pytest.raises(UnsupportedError, match=r"agreement on 26 \*\* 3 inputs, expected at most 16384"):
        certify_inputs(quantised(shape=config(26, 3)), AGREEMENT)
    with pytest.raises(UnsupportedError, match=r"loss on 17 \*\* 3 inputs, expected at most 4096"):
        certify_inputs(quantised(shape=config(17, 3)), LOSS)
    with pytest.raises(UnsupportedError, match="rounded to 0"):
        certify_inputs(quantize_fixed(random_checkpoint(2, config(3, 3)), 8), LOSS, precision=8)
    with pytest.raises(InputError, match="another model of 4 tokens at 3 positions"):
        certify_inputs(quantised(), AGREEMENT, other=quantised(shape=config(4, 2)))
    with pytest.raises(InputError, match="does not prove accuracy"):
        certify_inputs(quantised(), max_of_k(1))


def small() -> QuantisedModel:
    """A model that is right in part, and wrong in the same way at fewer bits."""
    return quantize_fixed(random_checkpoint(4, config(3, 2)), 8)


CLAIMS: dict[str, Callable[[QuantisedModel], Property]] = {
    "every-input-weighted": weights,
    "every-input-agreement": lambda _: AGREEMENT,
    "every-input-loss": lambda _: LOSS,
}


def rendered_claim(folder: str) -> tuple[RenderedClaim, InputCertificate]:
    """The strongest true claim of each kind."""
    model, other = small(), quantize_fixed(random_checkpoint(4, config(3, 2)), 5)
    asked = CLAIMS[folder](model)
    certificate = certify_inputs(model, asked, other=other if asked.compares else None)
    claimed = asked.with_bound(certificate.proved)
    rendered = render_claim(folder, model, claimed, certificate, other=other if asked.compares else None)
    return rendered, certificate


@pytest.mark.parametrize("folder", CLAIMS)
def test_rendered_lean_is_the_golden_one(folder: str) -> None:
    rendered, certificate = rendered_claim(folder)
    assert InputCertificate.model_validate_json(certificate.to_bytes()) == certificate
    assert certificate.proved > 0
    assert_golden(rendered, folder)


@pytest.mark.lean
def test_the_kernel_proves_all_properties(tmp_path: Path) -> None:
    targets = []
    for folder in CLAIMS:
        rendered, _ = rendered_claim(folder)
        rendered.write(tmp_path)
        targets.append(rendered.names.replay_module)
    kernel(tmp_path, *targets).raise_failures()


@pytest.mark.lean
def test_the_kernel_refuses_more_than_is_so(tmp_path: Path) -> None:
    size = "tables model.d_vocab model.n_ctx"
    loss = f"lossesFrom (inputsReach {size} {{shifts}} lossPlan)"
    loss += f" (inputLosses {size} {{shifts}} lossPlan {{lane}} model.b_U.frac) 0 [{{count}}]"
    agreed = f"countsFrom (agreedInputs {size} Other.tables {{outputs}}) 0 [{{count}}]"
    text = ""
    for folder in CLAIMS:
        rendered, certificate = rendered_claim(folder)
        rendered.write(tmp_path)
        text += f"public import {rendered.names.replay_module}\n"
    text += "@[expose] public section\nset_option Elab.async false\nnoncomputable section\nopen LeanBound\n"
    for folder in CLAIMS:
        rendered, certificate = rendered_claim(folder)
        count = certificate.counts[0]
        if certificate.loss is not None:
            lane, most = certificate.loss.lane, 2 ** (3 * certificate.loss.lane)
            wrong = [
                loss.format(shifts="shifts", lane=lane, count=count - 1),
                loss.format(shifts="[]", lane=lane, count=most),
                f"checkInputPlan model.d_vocab model.n_ctx lossPlan {lane - 1} model.b_U.frac",
            ]
        elif certificate.other is not None:
            listed = [(list(item.tokens), item.output) for item in certificate.other.outputs]
            assert any(tokens[0] == 0 for tokens, _ in listed)
            wrong = [agreed.format(outputs=listed, count=count + 1), agreed.format(outputs=[], count=count)]
        else:
            wrong = [f"countsFrom (leadingWeight {size} weights) 0 [{count + 1}]"]
        text += f"namespace {rendered.names.namespace}\n"
        text += "".join(f"theorem wrong{n} : {term} = false := by decide +kernel\n" for n, term in enumerate(wrong))
        text += f"end {rendered.names.namespace}\n"
    (tmp_path / "Claims" / "Wrong.lean").write_text(f"module\n{text}end\n")
    kernel(tmp_path, "Claims.Wrong").raise_failures()
