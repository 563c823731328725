"""Rendering: the same bytes from the same inputs, golden files, and the kernel's answer to wrong tables."""

import os
from pathlib import Path

import pytest
from tests.corpus import ROOT, config, quantised, shipped

from leanbound.errors import InputError
from leanbound.lean.build import build
from leanbound.lean.embedded import load_embedded
from leanbound.quantize import quantize_fixed
from leanbound.render import TemplateError, claim_id, integer, natural, render_claim
from leanbound.strategies import Certificate, certify

GOLDEN = ROOT / "tests" / "data" / "golden"


@pytest.mark.parametrize("strategy", ["brute-force", "cubic"])
def test_rendered_lean_is_the_golden_one(strategy: str) -> None:
    model = quantised(1, bits=4, shape=config(d_vocab=2, n_ctx=2, d_model=2, d_head=2))
    rendered = render_claim("tiny", model, 1, certify(strategy, model))
    for module, source in rendered.modules.items():
        path = GOLDEN / strategy / f"{module.rsplit('.', 1)[-1]}.lean"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        assert path.read_text() == source, f"{path} differs; UPDATE_GOLDEN=1 writes it anew"


def test_rendering_twice_gives_the_same_bytes() -> None:
    model = quantised(2)
    assert render_claim("a", model, 3, certify("cubic", model)) == render_claim("a", model, 3, certify("cubic", model))


def test_a_claim_is_written_whole_and_without_what_was_there(tmp_path: Path) -> None:
    model = quantised(2)
    rendered = render_claim("some-claim", model, 3, certify("cubic", model))
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
        render_claim("a", quantised(1), 1, certify("cubic", quantised(2)))


@pytest.mark.parametrize(
    ("text", "says"),
    [("{{ nothing }}", ":1: 'nothing' is undefined"), ("\n{% for %}", ":2: "), ("{{ ''.__class__.__mro__ }}", ":1: ")],
)
def test_template_errors_name_template_and_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "statements").mkdir()
    (tmp_path / "statements" / "accuracy.lean.j2").write_text(text)
    model = quantised()
    with pytest.raises(TemplateError) as caught:
        render_claim("a", model, 1, certify("cubic", model), tmp_path)
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
    assert integer(-value - 1) == f"Int.negSucc ({natural(value)})"


def test_names_of_claims() -> None:
    assert claim_id("max-of-4-v64-cubic") == "MaxOf4V64Cubic"


CHECKS = "checkConsts model head {t} && checkProducts model head {t} && checkRows model head {t} && " + (
    "checkWidths model head {t} && checkRoom {t} model.n_ctx && checkWeightsFrom model {t} 0 model.d_vocab"
)


def wrong_tables(certificate: Certificate) -> dict[str, str]:
    """Field -> a value of it that is not right: the first and the last entry of every table, one too much."""
    tables = certificate.tables
    wrong = {
        f"{name} := {kind([rows[j] + (k == j) for j in range(len(rows))])}": name
        for name, kind in [(n, _integers) for n in ("uRows", "woRows", "vRows", "xtRows", "kRows", "gRows", "sRows")]
        + [(n, _naturals) for n in ("D", "OP", "OE", "eE", "eP", "consts")]
        for rows in [getattr(tables, name)]
        for k in (0, len(rows) - 1)
    }
    wrong[f"bRow := {integer(tables.bRow - 1)}"] = "bRow"
    wrong[f"err := {tables.err - 1}"] = "err"
    wrong[f"r := {tables.r - 1}"] = "r"
    wrong[f"offset := {tables.offset + 1}"] = "offset"
    wrong["w := 40"] = "w"
    wrong[f"P := {tables.P + 1}"] = "P"
    wrong[f"maxE := {_naturals([tables.maxE[0] + 1, *tables.maxE[1:]])}"] = "maxE"
    wrong[f"maxP := {_naturals([tables.maxP[0] - 1, *tables.maxP[1:]])}"] = "maxP"
    return wrong


def _integers(values: list[int]) -> str:
    return "[" + ", ".join(integer(value) for value in values) + "]"


def _naturals(values: list[int]) -> str:
    return "[" + ", ".join(natural(value) for value in values) + "]"


@pytest.mark.lean
def test_the_kernel_refuses_every_wrong_table(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-2-v5"), 8)
    certificate = certify("cubic", model)
    rendered = render_claim("wrong", model, 24, certificate)
    rendered.write(tmp_path)
    theorems = [f"theorem good : ({CHECKS.format(t='tables')}) = true := by decide +kernel"]
    for j, change in enumerate(wrong_tables(certificate)):
        theorems.append(f"def t{j} : Tables := {{ tables with {change} }}")
        theorems.append(f"theorem wrong{j} : ({CHECKS.format(t=f't{j}')}) = false := by decide +kernel")
    for a, query in enumerate(certificate.queries):
        count = "cubicQueries tables model.d_vocab model.n_ctx"
        theorems.append(f"theorem more{a} : {count} {a} [({query.proved + 1}, [])] = false := by decide +kernel")
    source = (
        "module\npublic import Claims.Wrong.Statement\npublic import Claims.Wrong.Certificate\n"
        "public import LeanBound.Strategies.Cubic.Queries\n@[expose] public section\nnamespace Claims.Wrong\n"
        "open LeanBound\nnoncomputable section\n" + "\n".join(theorems) + "\nend\nend Claims.Wrong\n"
    )
    (tmp_path / "Claims" / "Wrong" / "Mutations.lean").write_text(source)
    result = build(
        ["Claims.Wrong.Mutations"],
        roots=[tmp_path, ROOT / "lean"],
        toolchain=load_embedded(install=True),
        out=ROOT / "build" / "lean",
    )
    result.raise_failures()
