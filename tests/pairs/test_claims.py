"""Claims about MLPs on pairs through everything but Lean: written, verified by a stand-in, locked, and told apart."""

import json
from pathlib import Path

import pytest
from tests.corpus import config as attention_config
from tests.fakes import FakeLean, FakeToolchain
from tests.pairs.corpus import pair_config
from tests.pairs.workspaces import make_pair_workspace

from leanbound.claims import locking
from leanbound.claims.changes import lock_differences
from leanbound.claims.claim import load_claim
from leanbound.claims.lock import LOCK_FILE, load_lock
from leanbound.claims.properties import Agreement, on_pairs
from leanbound.claims.verdict import Outcome
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.errors import InputError
from leanbound.families.base import Structure, Structures
from leanbound.families.feed_forward.network import FeedForwardConfig
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.families.registry import family_of, load_model, load_quantised, parse_config
from leanbound.pipeline.run import Settings, verify
from leanbound.report.table import row
from leanbound.strategies import load_certificate
from leanbound.tasks.pairs import modular_addition, symmetric_group

#: Pairs that the quantised models get right.
RIGHT = {"sums": 14, "products": 19}
#: Pairs on which the sums at 8 and at 4 bits agree.
AGREED = 8


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A locked repository of claims about pairs."""
    made = make_pair_workspace(tmp_path / "repository")
    monkeypatch.setattr(locking, "_meanings", lambda *_: {})
    locking.make_lock(made, FakeToolchain()).save(made)
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_claims_say_their_task_and_as_much_as_is_right(workspace: Workspace) -> None:
    claimed = {name: load_claim(workspace, name).claim.property for name in ("sums", "products", "fewer-bits")}
    assert claimed == {
        "sums": on_pairs(modular_addition(5), RIGHT["sums"]),
        "products": on_pairs(symmetric_group(3), RIGHT["products"]),
        "fewer-bits": Agreement(kind="agreement", at_least=AGREED),
    }


def test_they_are_verified_and_measured_on_their_task(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = FakeLean(workspace).installed(monkeypatch)
    results = verify(["sums", "products"], Settings(workspace, find_toolchain=lean.find))
    assert [result.outcome for result in results] == [Outcome.VERIFIED, Outcome.VERIFIED]
    sums, products = (result.verdict for result in results)
    assert sums is not None and products is not None
    assert (sums.task, products.task) == ("modular-addition-5", "group-composition-6")
    assert (sums.proved, sums.inputs, products.proved, products.inputs) == (14, 25, 19, 36)
    assert sums.measured is not None and sums.measured.exhaustive and sums.measured.inputs == 25
    assert verify(["sums"], Settings(workspace, find_toolchain=lean.find))[0].reused


def test_a_verdict_on_two_models_names_both(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = FakeLean(workspace).installed(monkeypatch)
    (result,) = verify(["fewer-bits"], Settings(workspace, find_toolchain=lean.find))
    verdict, sums = result.verdict, workspace.root / "models" / "sums"
    assert verdict is not None and verdict.other is not None and verdict.measured is None
    assert (verdict.proved, verdict.inputs, verdict.task) == (AGREED, 25, "pairs-5")
    assert (verdict.quantisation, verdict.other.quantisation) == ("fixed, bits 8", "fixed, bits 4")
    assert verdict.other.quantised_digest == quantize_pairs(load_model(sums), 4).digest != verdict.quantised_digest
    assert "with sums" in row(result, workspace.root)["property"]


def test_the_lock_pins_both_models(workspace: Workspace) -> None:
    locked = load_lock(workspace).claims["fewer-bits"]
    sums = load_model(workspace.root / "models" / "sums")
    assert [model.quantised() for model in locked.models()] == [quantize_pairs(sums, 8), quantize_pairs(sums, 4)]
    edit(workspace.proofs / "fewer-bits" / "claim.toml", "bits = 4", "bits = 5")
    lines = lock_differences(workspace)
    assert lines[0] == "fewer-bits: the other model: the quantisation 4 bits -> 5 bits"
    assert any(line.startswith("fewer-bits: the other model: W_A has 4 bits") for line in lines)


def test_a_second_model_of_another_kind_is_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = FakeLean(workspace).installed(monkeypatch)
    path = workspace.proofs / "fewer-bits" / "claim.toml"
    products = load_model(workspace.root / "models" / "products").digest
    before, after = path.read_text().split("[other]")
    sums = load_model(workspace.root / "models" / "sums").digest
    path.write_text(f"{before}[other]{after.replace('models/sums', 'models/products')}")
    (result,) = verify(["fewer-bits"], Settings(workspace, find_toolchain=lean.find))
    assert result.outcome is Outcome.REJECTED and "[other] digest is" in result.reasons[0]
    edit(path, f'products"\ndigest = "{sums}"', f'products"\ndigest = "{products}"')
    (result,) = verify(["fewer-bits"], Settings(workspace, find_toolchain=lean.find))
    assert result.outcome is Outcome.INVALID
    assert result.reasons == ("[other] d_vocab is 6, but that of the first model is 5. Compare models of one kind.",)


def test_the_lock_pins_weights_and_tasks(workspace: Workspace) -> None:
    assert lock_differences(workspace) == []
    assert locking.make_lock(workspace, FakeToolchain()).to_bytes() == (workspace.root / LOCK_FILE).read_bytes()
    model = quantize_pairs(load_model(workspace.root / "models" / "sums"), 8)
    assert load_lock(workspace).claims["sums"].quantised() == model
    edit(workspace.proofs / "products" / "claim.toml", "[2, 3, 0, 1, 5, 4]", "[2, 3, 0, 1, 4, 5]")
    assert lock_differences(workspace) == [
        "products: the property's table[2][4] 5 -> 4",
        "products: the property's table[2][5] 4 -> 5",
    ]


def test_from_model_to_lean_source(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quantised, certificate = tmp_path / "quantised.json", tmp_path / "certificate.json"
    model, task = str(workspace.root / "models" / "sums"), ["--modulus", "5"]
    assert main(["quantize", model, "--bits", "8", *task, "--out", str(quantised), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["after"] == {"correct": 14, "inputs": 25, "exhaustive": True} and report["exact_but"] is None
    assert main(["certify", str(quantised), "--strategy", "all-pairs", *task, "--out", str(certificate)]) == 0
    assert load_certificate(certificate).proved == 14
    argv = ["render", str(quantised), "--certificate", str(certificate), "--name", "mine", "--out", str(tmp_path)]
    assert main(argv) == 0
    statement = (tmp_path / "Claims" / "Mine" / "Statement.lean").read_text()
    assert "def Claim : Prop := model.classifier.AccuracyAtLeast (sumMod 5) 14" in statement
    assert main(["quantize", model, "--bits", "auto", *task, "--out", str(quantised)]) == 0


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["claim", "mine", "models/sums"], "no training record that names its task"),
        (["claim", "mine", "models/sums", "--modulus", "4"], "the task has 4 tokens, but d_vocab is 5"),
        (["claim", "mine", "models/sums", "--modulus", "1"], "modulus is 1"),
        (["claim", "mine", "models/sums", "--modulus", "5", "--strategy", "cubic"], "cubic is for models of the arch"),
        (["claim", "mine", "models/sums", "--modulus", "5", "--fraction", "1/2"], "all-pairs does not take fraction"),
        (["quantize", "models/sums", "--modulus", "5", "--bits", "W_A=8", "--out", "q"], "expected one width for all"),
        (["frontier", "models/sums"], "task is max-of-k, but the model is pair-mlp"),
    ],
)
def test_what_makes_no_sense_is_refused(
    argv: list[str],
    says: str,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(workspace.root)
    assert main(argv) == 2
    assert says in capsys.readouterr().err


def test_models_of_no_family_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"architecture is 'gpt', expected one of attention-only, pair-mlp, feed"):
        parse_config({"architecture": "gpt"})
    (tmp_path / "config.json").write_text('{"architecture": "gpt"}')
    with pytest.raises(InputError, match="'gpt'"):
        load_model(tmp_path)
    for text in ("{}", "[]", '{"config": {"architecture": "gpt"}}', "{", "[" * 10**5):
        (tmp_path / "quantised.json").write_text(text)
        with pytest.raises(InputError, match="not a quantised model"):
            load_quantised(tmp_path / "quantised.json")


def test_families_say_what_their_structures_hold() -> None:
    """Names of fields in Lean are those of the config and of the tensors, each once."""
    for config in (attention_config(), pair_config(), FeedForwardConfig(widths=(2, 3, 1))):
        family = family_of(config)
        fields = names_in(family.structure_of(config))
        tensors = [name for name in fields if name[:2] in ("W_", "b_")]
        assert sorted(tensors) == sorted(family.quantised_type.names_of(config))
        assert [config.size(name) for name in fields if name not in tensors]


def names_in(part: str | Structure | Structures) -> list[str]:
    if isinstance(part, str):
        return [part]
    return [name for field in (part if isinstance(part, tuple) else part.fields) for name in names_in(field)]
