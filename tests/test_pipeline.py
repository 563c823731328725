"""The pipeline without Lean: what it makes of a build and an audit, when a verdict stands, what it leaves behind."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save
from tests.fakes import FakeLean, FakeToolchain
from tests.workspaces import CLAIM, generated, make_workspace

from leanbound.claims.properties import max_of_k
from leanbound.claims.verdict import Outcome, Verdict, worst
from leanbound.claims.workspace import Workspace
from leanbound.errors import RejectedError, ToolchainError
from leanbound.families.attention_only.family import AttentionOnlyFamily
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.attention_only.transformer_lens import to_state_dict
from leanbound.families.registry import load_model
from leanbound.lean import startup
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.startup import StartUp
from leanbound.lean.toolchain import Toolchain
from leanbound.pipeline import checking, freshness, measured
from leanbound.pipeline.certificates import cached_certificate, certificate_path
from leanbound.pipeline.checking import AuditedClaim
from leanbound.pipeline.run import ClaimResult, Settings, verify


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(make_workspace(tmp_path / "repository"))


@pytest.fixture
def lean(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> FakeLean:
    return FakeLean(workspace).installed(monkeypatch)


def run(lean: FakeLean, **more: Any) -> ClaimResult:
    """Verify the one claim of the workspace."""
    (result,) = verify([CLAIM], Settings(lean.workspace, find_toolchain=lean.find, **more))
    return result


def run_verdict(lean: FakeLean, **more: Any) -> Verdict:
    verdict = run(lean, **more).verdict
    assert verdict is not None
    return verdict


def test_verified(workspace: Workspace, lean: FakeLean) -> None:
    verdict = run_verdict(lean)
    assert verdict.outcome is Outcome.VERIFIED
    assert (verdict.proved, verdict.at_least, verdict.inputs, verdict.certificate_proves) == (24, 24, 25, 24)
    assert verdict.measured is not None and verdict.measured.exhaustive
    assert verdict.costs is not None
    modules = verdict.costs.modules
    assert verdict.costs.check_cpu_seconds == 5.0 * modules
    assert verdict.costs.beyond_startup_cpu_seconds == pytest.approx(3.5 * modules)
    assert verdict.toolchain is not None and verdict.toolchain.identity == lean.toolchain.identity
    names = set(verdict.files)
    assert f"proofs/{CLAIM}/claim.toml" in names
    assert {"models/max-of-2-v5/model.safetensors", "models/max-of-2-v5/config.json"} <= names
    assert {"templates/statements/accuracy.lean.j2", "lean/LeanBound/Properties/Accuracy.lean"} <= names
    assert any(name.endswith("Statement.lean") for name in names) and any(name.endswith(".olean") for name in names)
    assert Verdict.load(workspace.verdict_path(CLAIM)) == verdict


def test_a_verdict_stands_until_something_changes(workspace: Workspace, lean: FakeLean) -> None:
    first = run(lean)
    again = run(lean)
    assert (first.reused, again.reused, lean.builds) == (False, True, 1)
    assert again.verdict == first.verdict
    assert not run(lean, reuse=False).reused


def test_whatever_changes_is_verified_again(workspace: Workspace, lean: FakeLean) -> None:
    verdict = run_verdict(lean)
    builds = lean.builds
    for name in verdict.files:
        path = workspace.root / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        assert freshness.reusable(workspace, CLAIM, verdict.code_digest, lean.toolchain.identity) is None
        assert freshness.changes(workspace, verdict, verdict.code_digest) == [name]
        path.unlink()
        assert freshness.changes(workspace, verdict, verdict.code_digest) == [name]
        path.write_bytes(content)
    assert run(lean).reused
    lean.toolchain = FakeToolchain("4.0.1")
    assert not run(lean).reused
    assert lean.builds == builds + 1
    assert freshness.changes(workspace, verdict, "another") == ["leanbound itself"]


def test_no_toolchain(workspace: Workspace, lean: FakeLean) -> None:
    run(lean)

    def none(_preference: object) -> Toolchain:
        raise ToolchainError("no usable Lean")

    (result,) = verify([CLAIM], Settings(workspace, find_toolchain=none))
    assert result.outcome is Outcome.TOOLCHAIN_FAILURE
    assert result.reasons == ("no usable Lean",)


def test_the_audit_rejects(lean: FakeLean) -> None:
    lean.reasons = ("axiom cheat is declared in a module of this project", "W_E[0, 0] is 1 in the artifact")
    verdict = run_verdict(lean)
    assert (verdict.outcome, verdict.proved) == (Outcome.REJECTED, None)
    assert verdict.reasons == lean.reasons
    lean.reasons = ()
    assert run_verdict(lean).outcome is Outcome.VERIFIED  # a rejection is not kept


def test_lean_rejects(lean: FakeLean) -> None:
    module = "Claims.MaxOf2V5BruteForce.Queries0"
    lean.failure = LeanRejectedError(module, f"Lean rejects {module}: no", ())
    verdict = run_verdict(lean)
    assert verdict.outcome is Outcome.REJECTED
    assert "proofs/exhaustive/Queries.lean.j2" in verdict.reasons[0]


def test_lean_dies(lean: FakeLean) -> None:
    lean.failure = LeanCrashError("LeanBound.Tensor", "Lean died", ())
    verdict = run_verdict(lean)
    assert (verdict.outcome, verdict.reasons) == (Outcome.TOOLCHAIN_FAILURE, ("Lean died",))


def test_artifacts_that_change_under_way(lean: FakeLean, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> AuditedClaim:
        raise RejectedError("it changed while it was read")

    monkeypatch.setattr(checking, "audit", refuse)
    assert run_verdict(lean).outcome is Outcome.REJECTED


def test_inconclusive_asks_no_lean_and_is_kept(workspace: Workspace, lean: FakeLean) -> None:
    path = workspace.proofs / CLAIM / "claim.toml"
    path.write_text(path.read_text().replace("at_least = 24", "at_least = 25"))
    verdict = run_verdict(lean)
    assert (verdict.outcome, verdict.certificate_proves, lean.builds) == (Outcome.INCONCLUSIVE, 24, 0)
    assert run(lean).reused
    assert not [name for name in generated(workspace.root) if name.endswith(".lean")]


def test_one_bad_claim_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "max-of-3-v8-brute-force"
    workspace = Workspace(make_workspace(tmp_path, CLAIM, other))
    lean = FakeLean(workspace)
    monkeypatch.setattr(checking, "build_claims", lean.build)
    monkeypatch.setattr(checking, "audit", lean.audit)
    monkeypatch.setattr(startup, "measure_startup", lambda *_: StartUp(first=1.5, next=0.5))
    (workspace.proofs / CLAIM / "claim.toml").write_text("nonsense")
    bad, good = verify([CLAIM, other], Settings(workspace, find_toolchain=lean.find))
    assert (bad.outcome, good.outcome) == (Outcome.INVALID, Outcome.VERIFIED)
    assert bad.verdict is None and "not TOML" in bad.reasons[0]
    assert worst(result.outcome for result in (bad, good)) == 2


def test_the_worst_outcome_decides() -> None:
    order = [Outcome.REJECTED, Outcome.INVALID, Outcome.TOOLCHAIN_FAILURE, Outcome.UNSUPPORTED, Outcome.INCONCLUSIVE]
    for i, outcome in enumerate(order):
        assert worst([Outcome.VERIFIED, *order[i:]]) == outcome.exit_code
    assert worst([Outcome.VERIFIED]) == worst([]) == 0
    assert len({outcome.exit_code for outcome in Outcome}) == len(Outcome)


def test_a_given_certificate_leaves_no_verdict(workspace: Workspace, lean: FakeLean) -> None:
    run(lean)
    before = workspace.verdict_path(CLAIM).read_bytes()
    certificate = certificate_path(workspace.claim_build(CLAIM))
    assert run(lean, certificate=certificate, reuse=False).outcome is Outcome.VERIFIED
    assert workspace.verdict_path(CLAIM).read_bytes() == before
    assert run(lean).reused


def test_a_damaged_certificate_is_searched_again(tmp_path: Path) -> None:
    model = quantize_fixed(load_model(Path(__file__).parents[1] / "models" / "max-of-2-v5"), 8)
    first = cached_certificate(tmp_path, "exhaustive", model, max_of_k(1), {})
    path = certificate_path(tmp_path)
    data = json.loads(path.read_text())
    data["queries"][0]["proved"] += 1
    path.write_text(json.dumps(data))
    assert cached_certificate(tmp_path, "exhaustive", model, max_of_k(1), {}) == first
    assert cached_certificate(tmp_path, "exhaustive", model, max_of_k(1), {"precision": 40}) != first


def test_accuracy_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_model(Path(__file__).parents[1] / "models" / "max-of-2-v5")
    record = checkpoint.record
    assert record is not None
    bare = dataclasses.replace(checkpoint, record=None)
    found = measured.measured_accuracy(bare, max_of_k(1), tmp_path)
    assert (found.correct, found.inputs, found.exhaustive) == (record.correct, record.inputs, True)
    monkeypatch.setattr(AttentionOnlyFamily, "measure", lambda *_: pytest.fail("measured twice"))
    assert measured.measured_accuracy(bare, max_of_k(1), tmp_path) == found
    assert measured.measured_accuracy(checkpoint, max_of_k(1), tmp_path / "none") == found


def test_a_verdict_that_cannot_be_read_is_none(workspace: Workspace, lean: FakeLean) -> None:
    run(lean)
    workspace.verdict_path(CLAIM).write_text("{}")
    assert freshness.stored_verdict(workspace, CLAIM) is None
    assert not run(lean).reused


def test_a_state_dict_and_its_length(workspace: Workspace, lean: FakeLean) -> None:
    checkpoint = load_model(workspace.root / "models" / "max-of-3-v8")
    content = save(to_state_dict(checkpoint))
    (workspace.root / "models" / "hooked.safetensors").write_bytes(content)
    path = workspace.proofs / CLAIM / "claim.toml"
    digest = hashlib.sha256(content).hexdigest()
    text = (
        path.read_text()
        .replace("models/max-of-2-v5", "models/hooked.safetensors")
        .replace("at_least = 24", "at_least = 1")
    )
    old = load_model(workspace.root / "models" / "max-of-2-v5").digest
    path.write_text(text.replace(old, digest))
    verdict = run_verdict(lean)
    assert (verdict.outcome, verdict.inputs, verdict.task) == (Outcome.VERIFIED, 512, "max-of-3")
    assert verdict.measured is not None and verdict.measured.inputs == 512
    path.write_text(text.replace(old, f'{digest}"\nn_ctx = 2 # "'))
    assert run_verdict(lean).inputs == 64
    path.write_text(text.replace("hooked.safetensors", "max-of-2-v5").replace(f'"{old}"', f'"{old}"\nn_ctx = 2'))
    assert "says its own" in run_verdict(lean).reasons[0]


def test_nothing_temporary_is_left(workspace: Workspace, lean: FakeLean) -> None:
    run(lean)
    assert not [name for name in generated(workspace.root) if Path(name).name.startswith(".")]
