"""Rendering: the same bytes from the same inputs, golden files, and the kernel's answer to wrong plans."""

from pathlib import Path

import pytest
from tests.corpus import certify, config, quantised, random_checkpoint, shipped
from tests.rendered import assert_golden, kernel, kernel_accepts

from leanbound.claims.properties import max_of_k
from leanbound.errors import InputError
from leanbound.families.attention_only.quantize import quantize_exact, quantize_fixed
from leanbound.rendering.lean_source import natural
from leanbound.rendering.render import claim_id, render_claim
from leanbound.rendering.templating import TemplateError
from leanbound.strategies.certificate import Certificate


@pytest.mark.parametrize("strategy", ["exhaustive", "cubic", "cubic-counts", "sub-cubic", "linear"])
def test_rendered_lean_is_the_golden_one(strategy: str) -> None:
    model = quantised(1, bits=4, shape=config(d_vocab=2, n_ctx=2, d_model=2, d_head=2))
    rendered = render_claim("tiny", model, max_of_k(1), certify(strategy, model))
    assert_golden(rendered, strategy)


def test_rendered_ranges_of_embeddings_are_the_golden_ones() -> None:
    model = quantised(1, bits=4, shape=config(d_vocab=2, n_ctx=2, d_model=2, d_head=2))
    certificate = certify("sub-cubic", model, attention="svd+max_diff_subproduct_recursive")
    assert_golden(render_claim("tiny", model, max_of_k(1), certificate), "sub-cubic-recursive")


def test_rendering_twice_gives_the_same_bytes() -> None:
    model = quantised(2)
    assert render_claim("a", model, max_of_k(3), certify("cubic", model)) == render_claim(
        "a", model, max_of_k(3), certify("cubic", model)
    )


def test_a_claim_is_written_whole_and_without_what_was_there(tmp_path: Path) -> None:
    model = quantised(2)
    rendered = render_claim("some-claim", model, max_of_k(3), certify("cubic", model))
    stale = tmp_path / "Claims" / "SomeClaim" / "Old.lean"
    stale.parent.mkdir(parents=True)
    stale.write_text("-- of another run")
    rendered.write(tmp_path)
    found = {
        path.relative_to(tmp_path).with_suffix("").as_posix().replace("/", ".") for path in tmp_path.rglob("*.lean")
    }
    assert found == set(rendered.modules)


def test_the_certificate_of_another_model_is_refused() -> None:
    with pytest.raises(InputError, match="another model"):
        render_claim("a", quantised(1), max_of_k(1), certify("cubic", quantised(2)))


@pytest.mark.parametrize(
    ("text", "says"),
    [("{{ nothing }}", ":1: 'nothing' is undefined"), ("\n{% for %}", ":2: "), ("{{ ''.__class__.__mro__ }}", ":1: ")],
)
def test_template_errors_name_template_and_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "statements").mkdir()
    (tmp_path / "statements" / "accuracy.lean.j2").write_text(text)
    model = quantised()
    with pytest.raises(TemplateError) as caught:
        render_claim("a", model, max_of_k(1), certify("cubic", model), tmp_path)
    assert f"accuracy.lean.j2{says}" in caught.value.message


@pytest.mark.parametrize("value", [0, 1, 2**3072 - 1, 2**3072, 3**5000])
def test_numerals_in_pieces_are_the_number(value: int) -> None:
    def cat(n: int, lo: int, hi: int) -> int:
        return lo + (hi << n)

    def read(text: str) -> int:
        if not text.startswith("cat"):
            return int(text.removeprefix("nat_lit "), 16)
        bits, rest = text.removeprefix("cat ").split(" (nat_lit ", 1)
        low, high = rest.split(") (", 1)
        return cat(int(bits), int(low, 16), read(high.removesuffix(")")))

    assert read(natural(value)) == value


def test_names_of_claims() -> None:
    assert claim_id("max-of-4-v64-cubic") == "MaxOf4V64Cubic"


def wrong_plans(certificate: Certificate) -> list[str]:
    """Fields with a value that is not right, most of them by one."""
    plan = certificate.plan
    changed = {
        "narrow": [plan.narrow - 1, plan.narrow + 1],
        "stride": [plan.stride - 1],
        "bias": [plan.bias - 1],
        "w": [plan.narrow - 1, plan.w - 1],
        "e": [2 * plan.P],
        "r": [plan.r - 1, plan.w],
        "offset": [plan.offset - 1, plan.quarter],
        "P": [plan.P - 1, plan.P + 1],
        "squarings": [plan.squarings - 1],
        "err": [plan.err - 1],
        "maxE": [plan.maxE - 1, plan.maxE + (1 << len(plan.consts)), plan.maxE + (1 << plan.maxE.bit_length())],
        "maxP": [plan.maxP - 1, plan.maxP + (1 << len(plan.consts)), 0],
    }
    wrong = [f"{name} := {natural(value)}" for name, values in changed.items() for value in values]
    for k in (0, len(plan.consts) - 1):
        consts = [c + (j == k) for j, c in enumerate(plan.consts)]
        wrong.append(f"consts := [{', '.join(map(natural, consts))}]")
    return [*wrong, f"consts := [{', '.join(map(natural, plan.consts[:-1]))}]"]


@pytest.mark.lean
def test_the_kernel_accepts_plans_of_all_shapes(tmp_path: Path) -> None:
    shapes = {
        "wide": (quantised(1, 8, config(d_vocab=2, n_ctx=1, d_model=24, d_head=2)), None),
        "plain": (quantised(2, 3, config(d_vocab=9, n_ctx=5, d_model=2, d_head=1, biases=False)), 8),
        "exact": (quantize_exact(random_checkpoint(3, config(d_vocab=3, n_ctx=2, d_model=2, d_head=4))), None),
    }
    for name, (model, precision) in shapes.items():
        render_claim(name, model, max_of_k(1), certify("cubic", model, precision=precision)).write(tmp_path)
    kernel(tmp_path, *[f"Claims.{name.capitalize()}.Tables" for name in shapes]).raise_failures()


@pytest.mark.lean
def test_the_kernel_refuses_every_wrong_plan(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-2-v5"), 8)
    certificate = certify("cubic", model)
    rendered = render_claim("wrong", model, max_of_k(24), certificate)
    rendered.write(tmp_path)
    theorems = []
    for j, change in enumerate(wrong_plans(certificate)):
        theorems.append(f"def p{j} : Plan := {{ plan with {change} }}")
        theorems.append(f"theorem wrong{j} : checkPlan p{j} model head = false := by decide +kernel")
    for m, maximum in enumerate(certificate.maxima):
        count = "checkMaxima (cubicSize tables model.d_vocab model.n_ctx)"
        theorems.append(f"theorem more{m} : {count} {m} [({maximum.proved + 1}, [])] = false := by decide +kernel")
    imports = "Statement", "Tables", "LeanBound.Strategies.Cubic.Checker", "LeanBound.Strategies.Maxima"
    kernel_accepts(tmp_path, "Wrong", imports, theorems)
