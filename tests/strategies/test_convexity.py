"""Outputs that attention never gives: certificates against exact evaluation, and what the kernel makes of them."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import config, quantised, random_checkpoint
from tests.rendered import assert_golden, kernel_accepts

from leanbound.claims.properties import NeverAtAnyLength
from leanbound.errors import InconclusiveError, InputError
from leanbound.families.attention_only.exact import IntTables, tables
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.registry import family_of
from leanbound.rendering.render import render_claim
from leanbound.strategies.convexity import certify_never
from leanbound.strategies.game import Gaps, solve
from leanbound.strategies.never_certificate import NeverCertificate
from leanbound.strategies.refuted import RefutedError


def logits(table: IntTables, tokens: tuple[int, ...], positions: tuple[int, ...]) -> list[float]:
    """Of a sequence whose tokens stand at any positions of the model; the last token at its last one."""
    a = tokens[-1]
    places = list(zip(tokens, (*positions, table.s_P.shape[1] - 1), strict=True))
    scores = np.array([table.score(a, t, i) / 2**table.score_frac for t, i in places])
    weights = np.exp(scores - scores.max())
    outputs = range(table.direct.shape[1])
    rows = np.array([[table.contribution(a, t, i, o) / 2**table.logit_frac for o in outputs] for t, i in places])
    found: list[float] = (weights @ rows / weights.sum()).tolist()
    return found


def claim_of(certificate: NeverCertificate) -> NeverAtAnyLength:
    """What a certificate proves."""
    return NeverAtAnyLength(
        kind="never-at-any-length",
        queries=certificate.queries,
        tokens=certificate.tokens,
        outputs=certificate.outputs,
    )


def model_that_never() -> tuple[QuantisedModel, NeverCertificate]:
    """A model of four tokens, and the outputs that it never gives after a token 0 or 1."""
    model = quantised(5, 8, config(d_vocab=4, n_ctx=2))
    found = []
    for output in range(4):
        try:
            certify_never(model, (0, 1), (0, 1), (output,))
        except (RefutedError, InconclusiveError):
            continue
        found.append(output)
    return model, certify_never(model, (0, 1), (0, 1), found)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 3))
def test_what_is_proved_holds_and_what_is_refuted_does_not(seed: int, V: int, K: int) -> None:
    model = quantised(seed, 6, config(d_vocab=V, n_ctx=K))
    table, tokens = tables(model), tuple(range(V))
    for output in tokens:
        try:
            certify_never(model, tokens, tokens, (output,))
        except RefutedError as error:
            example = error.example
            assert example.positions is not None and example.positions[-1] == K - 1
            found = logits(table, example.tokens, example.positions[:-1])
            assert example.output == output == int(np.argmax(found))
            continue
        except InconclusiveError:
            continue
        for length in range(3):
            for sequence in product(tokens, repeat=length + 1):
                for positions in product(range(K), repeat=length):
                    assert int(np.argmax(logits(table, sequence, positions))) != output


def test_the_game_is_solved() -> None:
    gaps = Gaps(np.zeros((1, 3)), np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]]), np.zeros((1, 3)))
    solution = solve(gaps)
    assert solution.outputs == pytest.approx([0.5, 0.5, 0.0], abs=0.02)
    assert solution.tokens == pytest.approx([0.5, 0.5], abs=0.02)


def test_mixtures_are_used_where_no_single_output_will_do() -> None:
    _, certificate = model_that_never()
    assert NeverCertificate.model_validate_json(certificate.to_bytes()) == certificate
    assert certificate.proved == certificate.inputs == 2 * len(certificate.excluded) > 0


def test_numbers_that_are_no_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="queries: 4 is no token"):
        certify_never(quantised(), (4,), (0,), (0,))


def test_a_refuted_claim_is_replayed_by_pytorch() -> None:
    checkpoint = random_checkpoint(0)
    model = quantize_fixed(checkpoint, 16)
    with pytest.raises(RefutedError) as caught:
        certify_never(model, range(4), range(4), range(4))
    example = caught.value.example
    found = family_of(checkpoint.config).logits(checkpoint, example.tokens, example.positions)
    assert int(np.argmax(found)) == example.output


def test_rendered_lean_is_the_golden_one() -> None:
    model, certificate = model_that_never()
    rendered = render_claim("mixtures", model, claim_of(certificate), certificate)
    assert_golden(rendered, "convexity")


@pytest.mark.lean
def test_the_kernel_proves_mixtures_and_refuses_wrong_ones(tmp_path: Path) -> None:
    model, certificate = model_that_never()
    rendered = render_claim("mixtures", model, claim_of(certificate), certificate)
    rendered.write(tmp_path)
    first = certificate.excluded[0]
    item = first.mixtures[0]
    weights = ", ".join(f"({o}, {weight})" for o, weight in item.weights)
    check = "plan.checkOutputs model head"
    wrong = {
        "token": f"{check} prefixes [({first.output}, [⟨[{weights}], {item.token - 1}, {item.position}⟩])]",
        "position": f"{check} prefixes [({first.output}, [⟨[{weights}], {item.token}, {item.position - 1}⟩])]",
        "output": f"{check} prefixes [({item.weights[0][0]}, [⟨[{weights}], {item.token}, {item.position}⟩])]",
        "nothing": f"{check} prefixes [({first.output}, [])]",
        "noToken": f"{check} prefixes [(4, [⟨[{weights}], {item.token}, {item.position}⟩])]",
        "narrow": f"{check} {{ prefixes with bits := {certificate.plan.narrow} }} [({first.output}, "
        f"[⟨[{weights}], {item.token}, {item.position}⟩])]",
    }
    theorems = [f"theorem {name} : {term} = false := by decide +kernel" for name, term in wrong.items()]
    theorems.append(
        "theorem wide : plan.checkPrefixes model head { prefixes with bits := plan.stride + 1 } = false := "
        "by decide +kernel"
    )
    theorems.append(
        "theorem foreign : plan.checkPrefixes model head { prefixes with tokens := [4] } = false := by decide +kernel"
    )
    kernel_accepts(tmp_path, "Mixtures", ["Prefixes"], theorems, rendered.names.replay_module)
