"""The exhaustive strategy: its counts against the exact evaluator, its parts, and the kernel's answer to wrong ones."""

from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import SMALL, certify, config, quantised, shipped
from tests.rendered import kernel

from leanbound.claims.properties import max_of_k
from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.rendering.render import render_claim
from leanbound.strategies import shards
from leanbound.strategies.certificate import Certificate, Part
from leanbound.strategies.shards import Work, query_parts, theorems


@pytest.fixture
def small_theorems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit in a theorem of its own."""
    monkeypatch.setattr(shards, "THEOREM_BYTES", 0)


def units(certificate: Certificate) -> list[int]:
    """What is proved of each unit, where each is a part of its own."""
    return [part.proved for query in certificate.queries for part in query.parts]


def right_by_unit(model: QuantisedModel) -> list[int]:
    """By query and first token, how many inputs the model gets right, from the exact evaluator."""
    V, K = model.config.d_vocab, model.config.n_ctx
    counts = [0] * (V * V)
    table = exact.tables(model)
    for tokens in product(range(V), repeat=K):
        first = tokens[0] if K > 1 else 0
        counts[V * tokens[-1] + first] += exact.is_correct(table, tokens)
    return counts


@pytest.mark.parametrize("name", SMALL)
def test_every_right_input_of_the_shipped_models_counts(name: str) -> None:
    model = quantize_fixed(shipped(name), 8)
    assert certify("exhaustive", model).proved == exact.exact_count(model)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 4))
def test_units_count_what_is_right(seed: int, V: int, K: int) -> None:
    model = quantised(seed, shape=config(d_vocab=V, n_ctx=K))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "THEOREM_BYTES", 0)
        assert units(certify("exhaustive", model)) == right_by_unit(model)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(8, 60))
def test_few_bits_lose_inputs_of_units_and_add_none(seed: int, precision: int) -> None:
    model = quantised(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "THEOREM_BYTES", 0)
        found = units(certify("exhaustive", model, precision=precision))
    assert all(count <= right for count, right in zip(found, right_by_unit(model), strict=True))


@pytest.mark.usefixtures("small_theorems")
@pytest.mark.parametrize("fraction", ["1/25", "1/2", "24/25", "1/1", "1/1000"])
def test_a_fraction_is_the_first_units(fraction: str) -> None:
    model = quantised(2, shape=config(d_vocab=5, n_ctx=3))
    every, found = units(certify("exhaustive", model)), units(certify("exhaustive", model, fraction=fraction))
    assert len(found) == max(1, int(25 * Fraction(fraction)))
    assert found == every[: len(found)]


@pytest.mark.parametrize("fraction", ["0/1", "2/1", "1", "0.5", "-1/2", "1/0", "1 /2", "١/٢", ""])
def test_what_is_no_fraction_is_refused(fraction: str) -> None:
    with pytest.raises(InputError, match="expected a positive fraction of at most one, such as 1/8"):
        certify("exhaustive", quantised(), fraction=fraction)


def test_other_strategies_take_no_fraction() -> None:
    with pytest.raises(InputError, match="cubic does not take fraction; its options are precision, classes"):
        certify("cubic", quantised(), fraction="1/2")


def test_too_many_inputs_are_refused() -> None:
    model = quantised(shape=config(d_vocab=2, n_ctx=27))
    with pytest.raises(UnsupportedError, match="use the strategy cubic, or set the option fraction to 1/2"):
        certify("exhaustive", model)
    with pytest.raises(UnsupportedError, match="for those of one query and one first token"):
        certify("exhaustive", model, fraction="1/2")


def test_theorems_hold_all_parts_in_order() -> None:
    certificate = certify("exhaustive", quantised(1, shape=config(d_vocab=5, n_ctx=3)))
    (theorem,) = theorems(certificate, 1, 3)
    assert theorem.start == 5
    assert list(theorem.parts) == [part for query in certificate.queries[1:4] for part in query.parts]


def test_parts_are_as_long_as_memory_allows() -> None:
    work = Work(V=64, K=4, w=259)
    parts = query_parts(work, [Part(units=1, proved=4096)] * 64)
    assert sum(part.units for part in parts) == 64
    assert all(work.memory(part) <= shards.THEOREM_BYTES for part in parts)
    assert work.memory(Part(units=parts[0].units + 1, proved=0)) > shards.THEOREM_BYTES


def test_parts_that_do_not_add_up_are_refused() -> None:
    data = certify("exhaustive", quantised(1)).model_dump(mode="json")
    data["queries"][0]["proved"] += 1
    with pytest.raises(ValueError, match="but the parts add up to"):
        Certificate.model_validate(data)


SHAPES = {"one": (3, 4, 1), "two": (1, 5, 2), "three": (2, 5, 3), "four": (4, 4, 4)}
"""name -> seed, V, K; of random models, which get most inputs wrong."""


@pytest.mark.lean
@pytest.mark.usefixtures("small_theorems")
def test_the_kernel_counts_each_unit_as_predicted(tmp_path: Path) -> None:
    for name, (seed, V, K) in SHAPES.items():
        model = quantised(seed, shape=config(d_vocab=V, n_ctx=K))
        certificate = certify("exhaustive", model)
        render_claim(name, model, max_of_k(certificate.proved), certificate).write(tmp_path)
        check = "checkParts tables model.d_vocab model.n_ctx"
        more = [
            f"theorem more{u} : {check} [(1, {count + 1})] {u} = false := by decide +kernel"
            for u, count in enumerate(units(certificate))
        ]
        # Beyond the tokens of its query a part is refused, whatever it claims.
        more.append(f"theorem beyond : {check} [({V + 1}, 0)] 0 = false := by decide +kernel")
        namespace = f"Claims.{name.capitalize()}"
        (tmp_path / "Claims" / name.capitalize() / "More.lean").write_text(
            f"module\npublic import {namespace}.Tables\npublic import LeanBound.Strategies.Exhaustive.Soundness\n"
            f"@[expose] public section\nnamespace {namespace}\nopen LeanBound\n"
            + "\n".join(more)
            + f"\nend {namespace}\n"
        )
    modules = [f"Claims.{name.capitalize()}.{module}" for name in SHAPES for module in ("Proof", "More")]
    kernel(tmp_path, *modules).raise_failures()


@pytest.mark.lean
@pytest.mark.usefixtures("small_theorems")
def test_units_missing_doubled_or_of_another_query_are_refused(tmp_path: Path) -> None:
    model = quantised(3, shape=config(d_vocab=3, n_ctx=2))
    certificate = certify("exhaustive", model)
    render_claim("joined", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    folder = tmp_path / "Claims" / "Joined"
    proof = (folder / "Proof.lean").read_text()
    unit = "(checkParts_units valid units{})"
    twice = f"(RightUnits.append {unit.format(4)} (by decide +kernel) {unit.format(4)})"
    changes = {
        "Missing": (unit.format(4), "(checkParts_units valid (parts := []) (u := 4) rfl)"),
        "MissingFirst": (unit.format(0), "(checkParts_units valid (parts := []) (u := 0) rfl)"),
        "Doubled": (unit.format(4), twice),
        "OfAnother": (unit.format(4), unit.format(1)),
    }
    for name, (old, new) in changes.items():
        assert old in proof
        (folder / f"{name}.lean").write_text(proof.replace(old, new))
    result = kernel(tmp_path, "Claims.Joined.Proof", *(f"Claims.Joined.{name}" for name in changes))
    assert {name.rpartition(".")[2] for name in result.failures} == set(changes)
    assert all("Lean rejects" in str(failure) for failure in result.failures.values())
