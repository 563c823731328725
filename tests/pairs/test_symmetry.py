"""Unordered pairs of an MLP with one embedding: against the exact reference, golden files, and the kernel."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pairs.corpus import half_right, pair_config, quantised_pairs
from tests.rendered import assert_golden, kernel, kernel_accepts

from leanbound.claims.properties import Accuracy, on_pairs
from leanbound.errors import InputError, UnsupportedError
from leanbound.families.pair_mlp import exact
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.rendering.render import render_claim
from leanbound.strategies import certify
from leanbound.strategies.pairs import Symmetry
from leanbound.strategies.symmetry_certificate import SymmetryCertificate
from leanbound.strategies.symmetry_search import certify_symmetry
from leanbound.tasks.pairs import PairTask, modular_addition, symmetric_group

SUMS = modular_addition(5)
#: The larger of two tokens: no sum, but the order does not matter.
MAXIMA = PairTask(name="group-composition", table=tuple(tuple(max(a, b) for b in range(5)) for a in range(5)))


def accuracy(task: PairTask, at_least: int = 1) -> Accuracy:
    claimed = on_pairs(task, at_least)
    assert isinstance(claimed, Accuracy)
    return claimed


def made(task: PairTask, seed: int = 2) -> tuple[QuantisedPairMlp, SymmetryCertificate]:
    """A model that is right in part, and its certificate."""
    model = quantize_pairs(half_right(task, 8, seed, shared=True), 8)
    return model, certify_symmetry(model, accuracy(task))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16), tokens=st.integers(2, 9), units=st.integers(1, 9), bits=st.integers(5, 10))
def test_counts_are_those_of_the_reference(seed: int, tokens: int, units: int, bits: int) -> None:
    task = modular_addition(tokens)
    model = quantised_pairs(seed, bits, pair_config(tokens, units, shared=True))
    targets = task.targets()
    counts = [0] * tokens
    for a in range(tokens):
        for b in range(tokens):
            counts[abs(a - b)] += exact.is_right(model, a, b, targets[a][b])
    certificate = certify("symmetry", model, accuracy(task))
    assert list(certificate.counts) == counts  # type: ignore[attr-defined]
    assert certificate.proved == sum(counts) == sum(exact.right_by_first(model, targets))
    assert certificate.inputs == tokens**2


@pytest.mark.parametrize("bits", [4, 8])
def test_one_embedding_stays_one_in_fixed_point(bits: int) -> None:
    model = quantised_pairs(3, bits, pair_config(7, 4, shared=True))
    assert model["W_A"].ints == model["W_B"].ints


def test_two_embeddings_and_unsymmetric_tasks_are_not_served() -> None:
    with pytest.raises(UnsupportedError, match="W_A and W_B differ"):
        certify("symmetry", quantised_pairs(1), accuracy(SUMS))
    task = symmetric_group(3)
    with pytest.raises(UnsupportedError, match="order of the tokens"):
        certify("symmetry", quantize_pairs(half_right(task, shared=True), 8), accuracy(task))
    with pytest.raises(InputError, match="5 tokens, but d_vocab is 6"):
        certify_symmetry(quantised_pairs(1, shape=pair_config(6, shared=True)), accuracy(SUMS))


def test_a_certificate_of_more_pairs_than_there_are_is_refused() -> None:
    certificate = made(SUMS)[1]
    data = certificate.model_dump(mode="json") | {"counts": (6, *certificate.counts[1:])}
    with pytest.raises(ValueError, match=r"counts\[0\] is 6, expected 0 to 5"):
        SymmetryCertificate.model_validate(data)


def test_rendered_lean_is_the_golden_one() -> None:
    task = modular_addition(3)
    model = quantised_pairs(1, bits=4, shape=pair_config(3, 2, shared=True))
    assert_golden(render_claim("tiny", model, accuracy(task), certify_symmetry(model, accuracy(task))), "symmetry")


@pytest.mark.lean
@pytest.mark.parametrize(("name", "task"), [("sums", SUMS), ("maxima", MAXIMA)])
def test_the_kernel_proves_what_was_counted(
    name: str, task: PairTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leanbound.strategies.pairs.MODULE_BYTES", 16 << 10)  # a few diagonals a module
    model, certificate = made(task)
    assert certificate.proved > 0
    rendered = render_claim(name, model, accuracy(task, certificate.proved), certificate)
    assert len([module for module in rendered.modules if ".Diagonals" in module]) > 1
    rendered.write(tmp_path)
    kernel(tmp_path, *rendered.modules).raise_failures()


@pytest.mark.lean
def test_the_kernel_refuses_wrong_counts_and_tasks(tmp_path: Path) -> None:
    model, certificate = made(SUMS)
    render_claim("wrong", model, accuracy(SUMS), certificate).write(tmp_path)
    counts = certificate.counts
    false = [f"Nat.ble {n + 1} (model.mirroredCount lanes (addMod 5) 1 {d})" for d, n in enumerate(counts)]
    # Diagonal 0 counts once, and not for the diagonals after it.
    false += [f"Nat.ble {sum(counts) + 1} (model.mirroredCount lanes (addMod 5) 5 0)"]
    false += [f"Nat.ble {sum(counts[1:]) + 1} (model.mirroredCount lanes (addMod 5) 4 1)"]
    # An unsymmetric table, one of other tokens, and none at all.
    false += ["checkSymmetric 2 (tableEntry [[0, 1], [0, 1]])", "checkSymmetric 2 (tableEntry [[0, 1], [1, 2]])"]
    theorems = [f"theorem no{j} : ({term}) = false := by decide +kernel" for j, term in enumerate(false)]
    theorems.append(
        f"theorem all : Nat.ble {sum(counts)} (model.mirroredCount lanes (addMod 5) 5 0) = true := by decide +kernel"
    )
    kernel_accepts(tmp_path, "Wrong", ["Lanes"], theorems)


@pytest.mark.lean
def test_a_model_of_two_embeddings_is_refused(tmp_path: Path) -> None:
    """A certificate that pretends to one embedding: the diagonals may hold, but not the proof."""
    model = quantize_pairs(half_right(SUMS, 8), 8)
    shared, certificate = made(SUMS)
    lanes = Symmetry("symmetry", "").proof(shared, certificate).context["lanes"]
    pretended = certificate.model_copy(update={"model_digest": model.digest, "counts": (0,) * 5, "lanes": lanes})
    rendered = render_claim("two", model, accuracy(SUMS), pretended)
    rendered.write(tmp_path)
    failures = kernel(tmp_path, rendered.names.proof_module).failures
    assert set(failures) == {rendered.names.proof_module}
    assert "rfl" in str(failures[rendered.names.proof_module])
