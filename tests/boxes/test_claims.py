"""Claims about networks on boxes through everything but Lean, and what is read back from what Lean wrote."""

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.boxes.corpus import above, cube, random_network
from tests.boxes.workspaces import CLAIMS, make_box_workspace
from tests.corpus import ROOT
from tests.fakes import FakeLean, FakeToolchain
from tests.rendered import kernel

from leanbound.audit.claim import ExpectedClaim, audit_claim
from leanbound.claims import locking
from leanbound.claims.changes import lock_differences
from leanbound.claims.claim import load_claim
from leanbound.claims.lock import LOCK_FILE, load_lock
from leanbound.claims.properties import max_of_k
from leanbound.claims.verdict import Outcome
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.families.feed_forward.load import from_state
from leanbound.families.feed_forward.properties import Avoids
from leanbound.families.feed_forward.vnnlib import read_vnnlib
from leanbound.families.registry import load_model
from leanbound.lean.build import artifacts_dir
from leanbound.lean.embedded import load_embedded
from leanbound.lean.environment import Environment, find_artifacts
from leanbound.pipeline.run import Settings, verify
from leanbound.rendering.render import render_claim
from leanbound.strategies.box_search import certify_box


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of claims."""
    return make_box_workspace(tmp_path_factory.mktemp("boxes") / "repository").root


@pytest.fixture
def workspace(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A locked copy of it, gone to."""
    made = Workspace(shutil.copytree(repository, tmp_path / "repository"))
    monkeypatch.setattr(locking, "_meanings", lambda *_: {})
    locking.make_lock(made, FakeToolchain()).save(made)
    monkeypatch.chdir(made.root)
    return made


def test_a_claim_says_what_the_vnnlib_file_says(workspace: Workspace) -> None:
    for name in CLAIMS:
        assert load_claim(workspace, name).claim.property == read_vnnlib(Path(f"{name}.vnnlib"))


def test_claims_are_verified_and_counted_in_polyhedra(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = FakeLean(workspace).installed(monkeypatch)
    results = verify(list(CLAIMS), Settings(workspace, find_toolchain=lean.find))
    for result in results:
        assert result.outcome == Outcome.VERIFIED and result.verdict is not None
        assert (result.verdict.task, result.verdict.property) == ("box-2", "avoids 1 polyhedron")
        assert (result.verdict.at_least, result.verdict.inputs, result.verdict.measured) == (1, 1, None)


def test_the_lock_pins_weights_box_and_polyhedra(workspace: Workspace) -> None:
    assert lock_differences(workspace) == []
    assert locking.make_lock(workspace, FakeToolchain()).to_bytes() == (workspace.root / LOCK_FILE).read_bytes()
    assert load_lock(workspace).claims["above"].quantised().checkpoint_digest == load_model(Path("models/net")).digest
    path = workspace.proofs / "above" / "claim.toml"
    path.write_text(path.read_text().replace("coefficients = [1, 0]", "coefficients = [2, 0]"))
    assert lock_differences(workspace) == ["above: the property's polyhedra[0][0].coefficients[0] 1 -> 2"]


def test_a_network_in_onnx_is_claimed_about(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")
    layers = from_state(load_model(Path("models/net")).weights)
    names = ["x", "h0", "r0", "h1", "r1", "h2"]
    kinds = ["Gemm", "Relu", "Gemm", "Relu", "Gemm"]
    nodes, tensors = [], []
    for n, kind in enumerate(kinds):
        own = [f"W{n}", f"b{n}"] if kind == "Gemm" else []
        nodes.append(onnx.helper.make_node(kind, [names[n], *own], [names[n + 1]]))
        for name, value in zip(own, (layers[n // 2].W, layers[n // 2].b), strict=False):
            tensors.append(onnx.numpy_helper.from_array(value, name))
    sides = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "h2")]
    made = onnx.helper.make_model(onnx.helper.make_graph(nodes, "net", sides[:1], sides[1:], tensors))
    Path("models/net.onnx").write_bytes(made.SerializeToString())
    asked = ["--property", "avoids", "--vnnlib", "above.vnnlib"]
    assert main(["claim", "mine", "models/net.onnx", "--bits", "6", *asked]) == 0
    lean = FakeLean(workspace).installed(monkeypatch)
    (result,) = verify(["mine"], Settings(workspace, find_toolchain=lean.find))
    assert result.outcome == Outcome.VERIFIED and result.verdict is not None
    assert result.verdict.files["models/net.onnx"] == result.verdict.model_digest


def test_a_false_claim_is_rejected_with_a_counterexample(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--property", "avoids", "--vnnlib", "false.vnnlib"]
    assert main(["claim", "false", "models/net", "--bits", "6", *asked]) == 1
    said = capsys.readouterr().err
    assert "at the input [" in said and "PyTorch, on the weights before quantisation, gives [" in said
    path = workspace.proofs / "above" / "claim.toml"
    false = read_vnnlib(Path("false.vnnlib"))
    bounds = [f"bound = {h.bound}, frac = {h.frac}" for h in load_claim(workspace, "above").claim.property.polyhedra[0]]
    for old, new in zip(bounds, false.polyhedra[0], strict=True):
        path.write_text(path.read_text().replace(old, f"bound = {new.bound}, frac = {new.frac}"))
    (result,) = verify(["above"], Settings(workspace))
    assert result.outcome == Outcome.REJECTED
    assert "of the box the outputs are [" in result.reasons[0]


def test_from_network_to_lean_source(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quantised, certificate = tmp_path / "quantised.json", tmp_path / "certificate.json"
    assert main(["quantize", "models/net", "--bits", "6", "--out", str(quantised), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["before"] is None and report["tensors"][0]["name"] == "W_0"
    argv = ["certify", str(quantised), "--strategy", "interval", "--vnnlib", "weaker.vnnlib", "--out", str(certificate)]
    assert main(argv) == 0
    argv = ["render", str(quantised), "--certificate", str(certificate), "--name", "mine", "--out", str(tmp_path)]
    assert main(argv) == 0
    assert "Avoids model box polyhedra" in (tmp_path / "Claims" / "Mine" / "Statement.lean").read_text()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["claim", "mine", "models/net"], "the model is feed-forward, which has no task"),
        (["claim", "mine", "models/net", "--property", "avoids"], "avoids needs --vnnlib FILE"),
        (["claim", "mine", "models/net", "--vnnlib", "above.vnnlib"], "--vnnlib is for --property avoids"),
        (["claim", "mine", "models/net", "--property", "agreement", "--other-bits", "4"], "about sequences of tokens"),
        (["quantize", "models/net", "--bits", "auto", "--out", "q.json"], "no task whose accuracy could be kept"),
        (["quantize", "models/net", "--bits", "W_0=8", "--out", "q.json"], "expected one width for all tensors"),
        (["frontier", "models/net"], "about sequences of tokens, but the model is feed-forward"),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_what_makes_no_sense_is_refused(argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert says in capsys.readouterr().err


@pytest.mark.lean
def test_what_differs_from_the_artifact_is_told(tmp_path: Path) -> None:
    model, claimed = random_network(1), above(Fraction(0))
    rendered = render_claim("tiny-box", model, claimed, certify_box(model, claimed, "linear-relaxation"))
    rendered.write(tmp_path)
    names, toolchain = rendered.names, load_embedded(install=True)
    kernel(tmp_path, names.replay_module).raise_failures()
    directory = artifacts_dir(ROOT / "build" / "lean", toolchain)
    environment = Environment(find_artifacts([directory], [toolchain.library]), names.replay_module)
    expected = ExpectedClaim(names.theorem, names.replay, names.claim, names.statement_module, model, claimed)
    found = audit_claim(environment, expected)
    assert found.reasons == () and found.asked == 1 and "Avoids" in found.statement().unfolded
    for other, reason in OTHERS.items():
        (told,) = audit_claim(environment, replace(expected, claimed=other)).reasons
        assert told == f"Claims.TinyBox.Claim is about {reason}"
    changed = model.model_copy(update={"tensors": (*model.tensors[:-1], random_network(2).tensors[-1])})
    reasons = audit_claim(environment, replace(expected, model=changed)).reasons
    assert reasons and all(reason.startswith("b_2") for reason in reasons)
    deeper = audit_claim(environment, replace(expected, model=random_network(1, (2, 4, 3, 3, 2)))).reasons
    assert any("3 of LeanBound.Layer, expected 4" in reason for reason in deeper)
    assert "is not of the form" in audit_claim(environment, replace(expected, claimed=max_of_k(1))).reasons[-1]


def changed_box(**fields: object) -> Avoids:
    return above(Fraction(0)).model_copy(update={"box": cube().model_copy(update=fields)})


def changed_halfspace(**fields: object) -> Avoids:
    claimed = above(Fraction(0))
    first, second = claimed.polyhedra[0]
    return claimed.model_copy(update={"polyhedra": ((first, second.model_copy(update=fields)),)})


FIRST = above(Fraction(0)).polyhedra[0][0]
#: Claims that the artifact does not prove, and what is said of them.
OTHERS = {
    changed_box(upper=(4096, 4097)): "(4096, 4096) as box.upper, expected (4096, 4097)",
    changed_box(lower=(-4096, 0)): "(-4096, -4096) as box.lower, expected (-4096, 0)",
    changed_box(frac=11): "12 as box.frac, expected 11",
    changed_halfspace(coefficients=(0, 2)): "(0, 1) as polyhedra[0][1].coefficients, expected (0, 2)",
    changed_halfspace(bound=1): "0 as polyhedra[0][1].bound, expected 1",
    above(Fraction(0)).model_copy(update={"polyhedra": ((FIRST,),)}): (
        "(((1, 0), 0, 0), ((0, 1), 0, 0)) as polyhedra[0], expected (((1, 0), 0, 0),)"
    ),
}
