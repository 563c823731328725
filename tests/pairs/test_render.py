"""Claims on MLPs on pairs: golden files, and the kernel's answer to right and wrong certificates."""

from pathlib import Path

import pytest
from tests.corpus import ROOT
from tests.pairs.corpus import half_right, pair_config, quantised_pairs
from tests.rendered import assert_golden, kernel, kernel_accepts

from leanbound.claims.properties import on_pairs
from leanbound.errors import InputError
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.lean.modules import module_graph
from leanbound.rendering.render import render_claim
from leanbound.strategies.pair_search import certify_pairs
from leanbound.tasks.pairs import PairTask, modular_addition, symmetric_group

#: Five tokens.
SUMS = modular_addition(5)
TASKS = {"all-pairs": modular_addition(3), "all-pairs-table": symmetric_group(3)}


@pytest.mark.parametrize("folder", TASKS)
def test_rendered_lean_is_the_golden_one(folder: str) -> None:
    task = TASKS[folder]
    model = quantised_pairs(1, bits=4, shape=pair_config(task.d_vocab, 2))
    rendered = render_claim("tiny", model, on_pairs(task, 1), certify_pairs(model, task))
    assert_golden(rendered, folder)


def test_the_certificate_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="another model"):
        render_claim("a", quantised_pairs(1), on_pairs(SUMS, 1), certify_pairs(quantised_pairs(2), SUMS))


def test_statements_rest_on_no_checker() -> None:
    modules = ("LeanBound.Models.PairMlp", "LeanBound.Tasks.ModularAddition", "LeanBound.Tasks.Composition")
    graph = module_graph(modules, [ROOT / "lean"], lambda name: name.split(".")[0] != "LeanBound")
    assert not [name for name in graph if ".Strategies." in name]


@pytest.mark.lean
@pytest.mark.parametrize(("name", "task"), [("sums", SUMS), ("table", symmetric_group(3))])
def test_the_kernel_proves_what_was_counted(name: str, task: PairTask, tmp_path: Path) -> None:
    model = quantize_pairs(half_right(task), 8)
    certificate = certify_pairs(model, task)
    assert 0 < certificate.proved < certificate.inputs
    rendered = render_claim(name, model, on_pairs(task, certificate.proved), certificate)
    rendered.write(tmp_path)
    kernel(tmp_path, *rendered.modules).raise_failures()


@pytest.mark.lean
def test_the_kernel_refuses_wrong_counts_lanes_and_bounds(tmp_path: Path) -> None:
    task = SUMS
    model = quantize_pairs(half_right(task), 8)
    certificate = certify_pairs(model, task)
    render_claim("wrong", model, on_pairs(task, certificate.proved), certificate).write(tmp_path)
    theorems = [
        f"theorem more{a} : countsFrom (rightPairs lanes model (addMod 5)) {a} [{n + 1}] = false := by decide +kernel"
        for a, n in enumerate(certificate.counts)
    ]
    lanes = certificate.lanes
    for j, (field, value) in enumerate(
        (field, getattr(lanes, field) - less) for field, less in (("hidden", 1), ("logits", 1), ("stride", 32))
    ):
        wrong = f"{{ lanes with {field} := {value} }}"
        theorems.append(f"theorem wrong{j} : model.checkPairMlp {wrong} = false := by decide +kernel")
    kernel_accepts(tmp_path, "Wrong", ["Lanes"], theorems)


@pytest.mark.lean
def test_a_claim_of_one_pair_more_is_refused(tmp_path: Path) -> None:
    task = SUMS
    model = quantize_pairs(half_right(task), 8)
    certificate = certify_pairs(model, task)
    rendered = render_claim("more", model, on_pairs(task, certificate.proved + 1), certificate)
    rendered.write(tmp_path)
    assert set(kernel(tmp_path, rendered.names.proof_module).failures) == {rendered.names.proof_module}
