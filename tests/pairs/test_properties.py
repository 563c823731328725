"""Properties of MLPs on pairs beside accuracy: searches, golden files, and what the kernel makes of them."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pairs.corpus import half_right, pair_config, quantised_pairs
from tests.rendered import assert_golden, kernel

from leanbound.claims.properties import Agreement, Failures, Loss, Never, WeightedAccuracy
from leanbound.claims.property import Property
from leanbound.errors import InconclusiveError, InputError
from leanbound.families.pair_mlp import exact
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.rendering.render import RenderedClaim, render_claim
from leanbound.strategies.pair_certificate import PairCertificate
from leanbound.strategies.pair_search import certify_property
from leanbound.strategies.refuted import RefutedError
from leanbound.tasks.pairs import modular_addition

SUMS = modular_addition(5)
WEIGHTS = ((1, 2, 3, 4, 5), (5, 0, 1, 1, 2))


def right_pairs(model: QuantisedPairMlp) -> set[tuple[int, int]]:
    """The pairs whose sum the model gives."""
    targets = SUMS.targets()
    return {(a, b) for a in range(5) for b in range(5) if exact.is_right(model, a, b, targets[a][b])}


def failures(model: QuantisedPairMlp) -> Failures:
    """What is true of a model."""
    wrong = [(a, b) for a in range(5) for b in range(5) if (a, b) not in right_pairs(model)]
    return Failures(kind="failures", task="modular-addition", modulus=5, exceptions=tuple(wrong))


def weighted(model: QuantisedPairMlp) -> WeightedAccuracy:
    """What is true of a model."""
    right = sum(WEIGHTS[0][a] * WEIGHTS[1][b] for a, b in right_pairs(model))
    return WeightedAccuracy(
        kind="weighted-accuracy", task="modular-addition", modulus=5, weights=WEIGHTS, at_least=max(right, 1)
    )


def never(model: QuantisedPairMlp) -> Never:
    """What is true of a model."""
    given_there = {max(range(5), key=exact.logits(model, a, b).__getitem__) for a in (0, 1) for b in (2, 4)}
    outputs = tuple(o for o in range(5) if o not in given_there)
    return Never(kind="never", tokens=((0, 1), (2, 4)), outputs=outputs)


def loss(model: QuantisedPairMlp) -> Loss:
    """What is true of a model."""
    wanted = Loss(kind="loss", task="modular-addition", modulus=5, at_most="9")
    bound = wanted.with_bound(certify_property(model, wanted).proved)
    assert isinstance(bound, Loss)
    return bound


def half() -> QuantisedPairMlp:
    """A model that is right in part."""
    return quantize_pairs(half_right(SUMS), 8)


def whole() -> QuantisedPairMlp:
    """A model that is always right."""
    return quantize_pairs(half_right(SUMS, 40), 10)


TRUE: dict[str, tuple[Callable[[], QuantisedPairMlp], Callable[[QuantisedPairMlp], Property]]] = {
    "failures": (half, failures),
    "weighted-accuracy": (half, weighted),
    "never": (half, never),
    "loss": (whole, loss),
    "loss-with-errors": (half, loss),
}


def rendered_claim(kind: str) -> tuple[RenderedClaim, PairCertificate]:
    """A true claim of each kind."""
    if kind == "agreement":
        model, other = half(), quantize_pairs(half_right(SUMS), 5)
        asked = Agreement(kind="agreement", at_least=1)
        certificate = certify_property(model, asked, other)
        claimed = asked.with_bound(certificate.proved)
        return render_claim(kind, model, claimed, certificate, other=other), certificate
    make, state = TRUE[kind]
    model = make()
    claimed_of = state(model)
    certificate = certify_property(model, claimed_of)
    claimed_of.require_proved(certificate.proved, certificate.inputs)
    return render_claim(kind, model, claimed_of, certificate), certificate


@pytest.mark.parametrize("kind", [*TRUE, "agreement"])
def test_rendered_lean_is_the_golden_one(kind: str) -> None:
    rendered, certificate = rendered_claim(kind)
    assert PairCertificate.model_validate_json(certificate.to_bytes()) == certificate
    assert_golden(rendered, kind)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(5, 12))
def test_searches_find_what_the_reference_finds(seed: int, bits: int) -> None:
    model = quantised_pairs(seed, bits)
    assert certify_property(model, weighted(model)).proved == sum(
        WEIGHTS[0][a] * WEIGHTS[1][b] for a, b in right_pairs(model)
    )
    listed = failures(model)
    assert certify_property(model, listed).proved == 25
    for k in range(len(listed.exceptions)):
        fewer = listed.model_copy(update={"exceptions": listed.exceptions[:k] + listed.exceptions[k + 1 :]})
        with pytest.raises(RefutedError) as caught:
            certify_property(model, fewer)
        assert caught.value.example.tokens == listed.exceptions[k]
    other = quantised_pairs(seed + 1, bits)
    agreed = certify_property(model, Agreement(kind="agreement", at_least=1), other)
    assert agreed.proved == sum(
        exact.is_right(model, a, b, o) and exact.is_right(other, a, b, o)
        for a in range(5)
        for b in range(5)
        for o in range(5)
    )


@settings(deadline=None, max_examples=20)
@given(st.sampled_from([half(), whole()]) | st.builds(quantised_pairs, st.integers(0, 10**6), st.integers(5, 12)))
def test_the_loss_is_an_upper_bound_and_close(model: QuantisedPairMlp) -> None:
    entropies = []
    for a in range(5):
        for b in range(5):
            row = [value / 2 ** model["b_U"].frac for value in exact.logits(model, a, b)]
            top = max(row)
            entropies.append(top + math.log(sum(math.exp(value - top) for value in row)) - row[(a + b) % 5])
    mean = sum(entropies) / 25
    assert mean <= certify_property(model, loss(model)).proved / 10**9 <= mean + 1.2e-5 + 4.0 ** -model["b_U"].frac


def test_an_output_that_is_given_refutes_never() -> None:
    model = half()
    claimed = Never(kind="never", tokens=((0,), (1,)), outputs=tuple(range(5)))
    with pytest.raises(RefutedError, match=r"after the input \[0, 1\] the output is"):
        certify_property(model, claimed)


def test_what_cannot_be_claimed_is_refused() -> None:
    with pytest.raises(InputError, match="another model of 5 tokens"):
        certify_property(half(), Agreement(kind="agreement", at_least=1), quantised_pairs(shape=pair_config(6)))
    with pytest.raises(InputError, match="no input"):
        failures(half()).model_copy(update={"exceptions": ((1,),)}).require_possible(5, 2)
    with pytest.raises(InputError, match="2 rows of 6"):
        weighted(half()).require_possible(6, 2)
    with pytest.raises(InputError, match="weigh 135"):
        weighted(half()).with_bound(136).require_possible(5, 2)
    with pytest.raises(InconclusiveError, match="mean loss"):
        Loss(kind="loss", task="modular-addition", modulus=5, at_most="0.5").require_proved(500_000_001, 25)


@pytest.mark.lean
def test_the_kernel_proves_all_properties(tmp_path: Path) -> None:
    targets = []
    for kind in [*TRUE, "agreement"]:
        rendered, _ = rendered_claim(kind)
        rendered.write(tmp_path)
        targets.append(rendered.names.replay_module)
    kernel(tmp_path, *targets).raise_failures()


#: The first token's losses, with shifts and bounds.
LOSSES = (
    "lossesFrom (shiftsReach lanes model (addMod 5) {shifts})"
    " (pairLosses lanes model lossPlan (addMod 5) {shifts}) 0 {counts}"
)


@pytest.mark.lean
def test_the_kernel_refuses_more_than_is_so(tmp_path: Path) -> None:
    sources = []
    wrong = {
        "failures": "countsFrom (rightOrExcepted lanes model (addMod 5) (excepted.tail)) 0 [{all}]",
        "weighted-accuracy": "countsFrom (rightWeight lanes model (addMod 5) firstWeights secondWeights) 0 [{more}]",
        "never": "countsFrom (neverPairs lanes model firsts seconds [0, 1, 2, 3, 4]) 0 [{all}]",
        "agreement": "countsFrom (agreedPairs lanes model otherLanes Other.model (tableEntry agreed)) 0 [{more}]",
        "loss": LOSSES.format(shifts="(tableEntry shifts)", counts="[{less}]"),
        "loss-with-errors": LOSSES.format(shifts="(fun _ _ => 0)", counts="[{most}]"),
    }
    for kind, term in wrong.items():
        rendered, certificate = rendered_claim(kind)
        rendered.write(tmp_path)
        numbers = {
            "all": "5, 5, 5, 5, 5",
            "more": str(certificate.counts[0] + 1),
            "less": str(certificate.counts[0] - 1),
            "most": str(2**200),
        }
        namespace = rendered.names.namespace
        sources.append((f"{namespace}.Lanes", namespace, term.format(**numbers)))
    text = "module\n" + "".join(f"public import {module}\n" for module, _, _ in sources)
    text += "@[expose] public section\nset_option Elab.async false\nnoncomputable section\nopen LeanBound\n"
    for _, namespace, term in sources:
        text += f"namespace {namespace}\ntheorem wrong : {term} = false := by decide +kernel\nend {namespace}\n"
    (tmp_path / "Claims" / "Wrong.lean").write_text(text + "end\n")
    kernel(tmp_path, "Claims.Wrong").raise_failures()
