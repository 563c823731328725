"""Claims on boxes: golden files, and the kernel's answer to right and wrong certificates."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.boxes.corpus import above, random_network
from tests.corpus import ROOT
from tests.rendered import assert_golden, kernel, kernel_accepts

from leanbound.errors import InputError
from leanbound.families.feed_forward.properties import Avoids
from leanbound.lean.modules import module_graph
from leanbound.rendering.render import render_claim
from leanbound.strategies.box_search import certify_box
from leanbound.strategies.relaxation_certificate import Relaxation, Split

STRATEGIES = ["interval", "linear-relaxation"]
#: Needs no optimised slopes; no split; splits.
EASY, WHOLE, CUT = above(Fraction(0)), above(Fraction(1, 20)), above(Fraction(1, 10))


@pytest.mark.parametrize(("strategy", "claimed"), [("interval", CUT), ("linear-relaxation", EASY)])
def test_rendered_lean_is_the_golden_one(strategy: Any, claimed: Avoids) -> None:
    model = random_network(1)
    rendered = render_claim("tiny", model, claimed, certify_box(model, claimed, strategy))
    assert_golden(rendered, f"boxes-{strategy}")


def test_the_certificate_of_another_network_is_refused() -> None:
    certificate = certify_box(random_network(1), WHOLE, "interval")
    with pytest.raises(InputError, match="another model"):
        render_claim("a", random_network(2), WHOLE, certificate)


def test_the_statement_rests_on_no_checker() -> None:
    graph = module_graph(
        ["LeanBound.Properties.OnBox"], [ROOT / "lean"], lambda name: name.split(".")[0] != "LeanBound"
    )
    assert not [name for name in graph if ".Strategies." in name]


@pytest.mark.lean
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_kernel_proves_what_was_found(strategy: Any, tmp_path: Path) -> None:
    model = random_network(1)
    certificate = certify_box(model, CUT, strategy)
    assert isinstance(certificate.tree, Split) or strategy != "interval"
    rendered = render_claim(f"boxes-{strategy}", model, CUT, certificate)
    rendered.write(tmp_path)
    kernel(tmp_path, *rendered.modules).raise_failures()


@pytest.mark.lean
def test_the_kernel_refuses_wrong_certificates(tmp_path: Path) -> None:
    model = random_network(1)
    certificate = certify_box(model, WHOLE, "linear-relaxation")
    assert isinstance(certificate.tree, Relaxation)
    render_claim("wrong", model, WHOLE, certificate).write(tmp_path)
    theorems = [
        f"theorem {name} : checkRelaxation {layers} {box} {polyhedra} {relaxation} = false := by decide +kernel"
        for name, (layers, box, polyhedra, relaxation) in _mutations(certificate.tree).items()
    ]
    stages = [f"def {name} : Stage := {_stage(certificate.tree, k)}" for k, name in enumerate(("first", "second"))]
    kernel_accepts(tmp_path, "Wrong", ["Leaves0"], [*stages, *theorems])


def _stage(relaxation: Relaxation, k: int) -> str:
    """A stage as Lean source."""
    stage = relaxation.stages[k]
    depth = f"⟨{stage.depth.width}, {stage.depth.stride}, {str(stage.depth.deep).lower()}⟩"
    return f"⟨{depth}, {stage.bits}, {stage.packed_slopes}, {stage.range_top}, {stage.const_top}⟩"


def _mutations(r: Relaxation) -> dict[str, tuple[str, str, str, str]]:
    """What `checkRelaxation` refuses, by name: layers, box, polyhedra, certificate."""

    def first(**fields: str) -> str:
        changes = ", ".join(f"{name} := {value}" for name, value in fields.items())
        return f"{{ relaxation0 with stages := [{{ first with {changes} }}, second] }}"

    def whole(**fields: object) -> str:
        changes = ", ".join(f"{name} := {value}" for name, value in fields.items())
        return f"{{ relaxation0 with {changes} }}"

    stage = r.stages[0]
    certificates = {
        "a_slope_above_one": first(slopes=str(stage.packed_slopes | (2 ** (stage.bits + 1) - 1))),
        "a_range_above_its_top": first(rangeTop=str(stage.range_top - 1)),
        "a_constant_above_its_top": first(constTop=str(stage.const_top - 1)),
        "lanes_too_narrow": first(depth=f"⟨8, {stage.depth.stride}, true⟩"),
        "a_stride_too_short": first(depth=f"⟨{stage.depth.width}, 32, true⟩"),
        "a_stage_left_out": whole(stages="[first]"),
        "inputs_above_their_top": whole(inputTop=r.input_top - 1),
        "coefficients_above_their_top": whole(formTop=0),
        "a_halfspace_that_is_not_there": whole(outside="[2]"),
        "no_halfspace": whole(outside="[]"),
    }
    found = {name: ("model", "box", "polyhedra", changed) for name, changed in certificates.items()}
    wrong_bound = "[[{ coefficients := [1, 0], bound := 4294967296, frac := 32 }]]"
    found |= {
        "a_bound_that_does_not_hold": ("model", "box", wrong_bound, "relaxation0"),
        "too_few_coefficients": (
            "model",
            "box",
            "[[{ coefficients := [1], bound := 0, frac := 0 }]]",
            whole(outside="[0]"),
        ),
        "a_larger_box": ("model", "{ box with upper := [4097, 4096] }", "polyhedra", "relaxation0"),
        "a_box_of_one_input": ("model", "{ box with lower := [-4096] }", "polyhedra", "relaxation0"),
        "a_layer_more": ("(model ++ model)", "box", "polyhedra", "relaxation0"),
        "no_layers": ("[]", "box", "polyhedra", "relaxation0"),
    }
    return found


@pytest.mark.lean
def test_splits_that_do_not_cover_the_box_are_refused(tmp_path: Path) -> None:
    model = random_network(1)
    certificate = certify_box(model, CUT, "interval")
    assert isinstance(certificate.tree, Split)
    tree = certificate.tree
    # The part below the threshold ends one step earlier than the part above it begins.
    narrower = certificate.model_copy(update={"tree": tree.model_copy(update={"threshold": tree.threshold - 1})})
    rendered = render_claim("uncovered", model, CUT, certificate)
    proof = rendered.names.proof_module
    wrong = render_claim("uncovered", model, CUT, narrower).modules[proof]
    assert wrong != rendered.modules[proof]
    rendered.write(tmp_path)
    (tmp_path / Path(*proof.split(".")).with_suffix(".lean")).write_text(wrong)
    assert set(kernel(tmp_path, proof).failures) == {proof}
