"""A repository whose one claim is verified, by stand-ins for Lean and for the reader of artifacts."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.fakes import FakeLean
from tests.workspaces import CLAIM, make_workspace

from leanbound.audit.artifact import ArtifactAudit
from leanbound.claims import locking
from leanbound.claims.verdict import Statement
from leanbound.claims.workspace import Workspace
from leanbound.errors import RejectedError
from leanbound.gate import GateReport, GateSettings, gate
from leanbound.lean import startup
from leanbound.lean.artifacts import artifact_path
from leanbound.lean.build import artifacts_dir
from leanbound.lean.startup import StartUp
from leanbound.lean.toolchain import Toolchain
from leanbound.pipeline import checking, freshness
from leanbound.pipeline.run import Settings, verify
from leanbound.rendering.render import ClaimNames


@dataclass
class Repository:
    """A repository and what stands in for Lean in it."""

    workspace: Workspace
    lean: FakeLean
    reasons: tuple[str, ...] = ()
    """What the audit of an artifact has against it."""
    proved: int | None = None
    """What the artifact proves, if not what the claim asks for."""
    audits: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def verdict(self) -> Path:
        return self.workspace.verdict_path(CLAIM)

    def write(self, name: str, text: str | bytes) -> Path:
        """A file of the repository, with its folders."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def verify(self) -> None:
        verify(self.workspace.claim_names(), Settings(self.workspace, find_toolchain=self.lean.find))

    def lock(self) -> None:
        locking.make_lock(self.workspace, self.lean.toolchain).save(self.workspace)

    def gate(self, *, recheck: bool = False, update: bool = False) -> GateReport:
        settings = GateSettings(
            self.workspace, recheck=recheck, update=update, find_toolchain=self.lean.find, audit=self.audit
        )
        return gate(settings)

    def kinds(self) -> list[str]:
        return [str(reason.kind) for reason in self.gate().reasons]

    def messages(self) -> str:
        return "\n".join(reason.message for reason in self.gate().reasons)

    def audit(self, workspace: Workspace, name: str, toolchain: Toolchain) -> ArtifactAudit:
        """Stands in for `artifact_audit.audit_artifact`; the artifact is what `FakeLean` wrote."""
        self.audits.append(name)
        module = ClaimNames.of(name).proof_module
        path = artifact_path(artifacts_dir(workspace.artifacts, toolchain), module)
        if not path.is_file():
            raise RejectedError(f"{name} has no artifact")
        statement = Statement(
            theorem=ClaimNames.of(name).theorem,
            claim=ClaimNames.of(name).claim,
            unfolded="AccuracyAtLeast",
            model="model",
            target="LeanBound.maxToken",
            count=24 if self.proved is None else self.proved,
            statement_digest="1",
            meaning_digest="2",
        )
        files = {workspace.relative(path): freshness.file_digest(path) or ""}
        return ArtifactAudit(self.reasons, statement, ("propext",), files, ("the artifact was read",))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A locked repository with one claim of 25 inputs, verified; it has no documents, and no git."""
    workspace = Workspace(make_workspace(tmp_path / "repository"))
    lean = FakeLean(workspace)
    monkeypatch.setattr(checking, "build_claims", lean.build)
    monkeypatch.setattr(checking, "audit", lean.audit)
    monkeypatch.setattr(startup, "measure_startup", lambda *_: StartUp(first=1.5, next=0.5))
    monkeypatch.setattr(freshness, "code_digest", lambda: "code")
    monkeypatch.setattr(locking, "_meanings", lambda *_: {"LeanBound.Classifier.AccuracyAtLeast": "1" * 64})
    made = Repository(workspace, lean)
    made.lock()
    made.verify()
    return made


@pytest.fixture
def git() -> Callable[..., None]:
    """Run git in a folder, as nobody in particular."""

    def run(directory: Path, *arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=directory, check=True, capture_output=True)

    return run
