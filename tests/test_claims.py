"""Claim files: the shipped ones, what a claim can say, and how faults are named."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.corpus import ROOT
from tests.workspaces import CLAIM, make_workspace

from leanbound.claims.claim import load_claim, parse_claim
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError
from leanbound.families.quantisation import FixedQuantisation
from leanbound.families.registry import load_model

SHIPPED = Workspace(ROOT)


@pytest.mark.parametrize("name", SHIPPED.claim_names())
def test_shipped_claims_name_the_shipped_weights(name: str) -> None:
    claim = load_claim(SHIPPED, name).claim
    assert load_model(SHIPPED.inside(claim.model.path)).digest == claim.model.digest


def test_widths_by_tensor() -> None:
    text = (ROOT / "proofs" / CLAIM / "claim.toml").read_text()
    claim = parse_claim(text.replace("bits = 8", "bits = { W_E = 8, W_Q = 6 }").encode(), "claim.toml")
    assert claim.quantisation == FixedQuantisation(mode="fixed", bits={"W_E": 8, "W_Q": 6})


def test_exact_weights_and_options() -> None:
    text = (ROOT / "proofs" / CLAIM / "claim.toml").read_text()
    text = text.replace('mode = "fixed"\nbits = 8', 'mode = "exact"') + "options = { precision = 40 }\n"
    claim = parse_claim(text.encode(), "claim.toml")
    assert claim.quantisation.mode == "exact"
    assert claim.strategy.options.given() == {"precision": 40}


def test_options_are_those_of_the_strategy() -> None:
    text = (ROOT / "proofs" / CLAIM / "claim.toml").read_text()
    options = 'options = { pool = 4, direct = "max_diff" }\n'
    pooled = text.replace('name = "exhaustive"', 'name = "sub-cubic"') + options
    assert parse_claim(pooled.encode(), "claim.toml").strategy.options.given() == {"pool": 4, "direct": "max_diff"}
    with pytest.raises(InputError, match="exhaustive does not take direct, pool; its options are precision"):
        parse_claim((text + options).encode(), "claim.toml")


def test_every_fault_in_one_message() -> None:
    text = (
        'schema_version = 1\nextra = 1\n[model]\npath = "x"\ncolour = 1\n[property]\nkind = "accuracy"\nat_least = 0\n'
    )
    with pytest.raises(InputError) as caught:
        parse_claim(text.encode(), "claim.toml")
    assert caught.value.message == (
        "claim.toml: unknown keys: [model] colour, extra; "
        "missing keys: [model] digest, [quantisation], [property] task, [strategy]; "
        "[property] at_least is 0: input should be greater than or equal to 1."
    )


@pytest.mark.parametrize("name", ["", "Upper", "-dash", "a/b", "..", "a" * 65, "a.b", "é"])
def test_names_that_no_claim_can_have(name: str) -> None:
    with pytest.raises(InputError, match="is not the name of a claim"):
        load_claim(SHIPPED, name)


def test_names_that_are_one_in_lean(tmp_path: Path) -> None:
    root = make_workspace(tmp_path)
    (root / "proofs" / CLAIM).rename(root / "proofs" / "a-b")
    (root / "proofs" / "ab").mkdir()
    (root / "proofs" / "ab" / "claim.toml").write_text("")
    with pytest.raises(InputError, match="same name in Lean"):
        load_claim(Workspace(root), "a-b")


def test_paths_stay_inside(tmp_path: Path) -> None:
    workspace = Workspace(make_workspace(tmp_path / "repository"))
    (tmp_path / "outside").mkdir()
    (workspace.root / "models" / "link").symlink_to(tmp_path / "outside")
    assert workspace.inside("models/../models/max-of-2-v5") == (workspace.root / "models" / "max-of-2-v5").resolve()
    for path in ("../outside", "models/link", str(workspace.root / "models")):
        with pytest.raises(InputError, match="leads out of the repository"):
            workspace.inside(path)


def test_the_repository_is_found_from_below(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "repository")
    assert Workspace.find(root / "proofs" / CLAIM).root == root.resolve()
    with pytest.raises(InputError, match="no repository of claims here or above"):
        Workspace.find(tmp_path)


def test_reading_claims_imports_nothing_heavy() -> None:
    imports = "import sys, leanbound.claims.claim, leanbound.pipeline.run"
    code = f"{imports}; sys.exit(bool({{'torch', 'numpy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "missing keys: [property] kind"),
        ('kind = "never"\noutputs = [1]', "missing keys: [property] tokens"),
        ('kind = "loss"\ntask = "max-of-k"\nat_most = "nothing"', "[property] at_most is 'nothing'"),
        ('kind = "agreement"\nat_least = 3', "agreement is of two models. Name the second one in [other]"),
        ('kind = "never-at-any-length"\nqueries = []\ntokens = [1]\noutputs = [2]', "[property] queries is []"),
    ],
)
def test_faults_of_a_property_are_named(lines: str, says: str) -> None:
    text = (ROOT / "proofs" / CLAIM / "claim.toml").read_text()
    before, rest = text.split("[property]\n")
    with pytest.raises(InputError) as caught:
        parse_claim(f"{before}[property]\n{lines}\n[strategy]{rest.split('[strategy]')[1]}".encode(), "claim.toml")
    assert says in caught.value.message


AGREEMENT = (ROOT / "proofs" / "mod-add-23-agreement" / "claim.toml").read_text()
OTHER = AGREEMENT[AGREEMENT.index("[other]") : AGREEMENT.index("[property]")]


def test_a_claim_of_two_models_names_both() -> None:
    claim = parse_claim(AGREEMENT.encode(), "claim.toml")
    assert claim.other is not None and claim.other.quantisation == FixedQuantisation(mode="fixed", bits=3)
    assert [(reference.path, quantisation) for reference, quantisation in claim.models()] == [
        ("models/mod-add-23", FixedQuantisation(mode="fixed", bits=8)),
        ("models/mod-add-23", FixedQuantisation(mode="fixed", bits=3)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'kind = "agreement"',
            'kind = "accuracy"\ntask = "max-of-k"',
            "[other] is a second model, but accuracy is of one",
        ),
        ("bits = 3", "bits = 1", "[other.quantisation] bits is 1: input should be greater"),
        ("bits = 3", "bits = { W_E = 1 }", "[other.quantisation] bits.W_E is 1"),
        ('[other.quantisation]\nmode = "fixed"\nbits = 3', "", "missing keys: [other.quantisation]"),
        ('mode = "fixed"\nbits = 3', 'mode = "float"', "[other.quantisation] mode is 'float': expected one of fixed"),
        ('mode = "fixed"\nbits = 3', "bits = 3", "missing keys: [other.quantisation] mode"),
        ("[other]\n", "[other]\ncolour = 1\n", "unknown keys: [other] colour"),
    ],
)
def test_faults_of_a_second_model(old: str, new: str, says: str) -> None:
    assert old in AGREEMENT
    with pytest.raises(InputError) as caught:
        parse_claim(AGREEMENT.replace(old, new).encode(), "claim.toml")
    assert says in caught.value.message
