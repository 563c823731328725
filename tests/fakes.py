"""Stand-ins for Lean, so that what goes on around it can be tested in no time."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import pytest

from leanbound.claims.verdict import Statement
from leanbound.claims.workspace import Workspace
from leanbound.errors import LeanboundError
from leanbound.lean import startup
from leanbound.lean.artifacts import ModuleRecord, artifact_path
from leanbound.lean.build import BuildResult, artifacts_dir
from leanbound.lean.process import Command
from leanbound.lean.startup import StartUp
from leanbound.lean.toolchain import Toolchain, ToolchainInfo
from leanbound.pipeline import checking, freshness
from leanbound.pipeline.checking import AuditedClaim
from leanbound.rendering.render import RenderedClaim


class FakeToolchain(Toolchain):
    """A name, and a core library of one module; runs nothing."""

    def __init__(self, version: str = "4.0.0") -> None:
        super().__init__(ToolchainInfo("fake", version, "c0ffee", "0" * 64), Path("/nonexistent"))

    def has_module(self, module: str) -> bool:
        return module.split(".")[0] in ("Init", "Std", "Lean")

    def command(self, *_: Any, **__: Any) -> Command:
        raise NotImplementedError


class FakeLean:
    """Stands in for the build and the audit of every claim, and counts how often it is asked."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.toolchain = FakeToolchain()
        self.builds = 0
        self.failure: LeanboundError | None = None
        self.reasons: tuple[str, ...] = ()

    def installed(self, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Put in place of Lean for the rest of a test."""
        monkeypatch.setattr(checking, "build_claims", self.build)
        monkeypatch.setattr(checking, "audit", self.audit)
        monkeypatch.setattr(startup, "measure_startup", lambda *_: StartUp(first=1.5, next=0.5))
        monkeypatch.setattr(freshness, "code_digest", lambda: "code")
        return self

    def find(self, _preference: object) -> Toolchain:
        return self.toolchain

    def build(self, rendered: Iterable[RenderedClaim], _roots: list[Path], *_: Any) -> BuildResult:
        self.builds += 1
        result = BuildResult()
        for claim in rendered:
            for module in claim.modules:
                if self.failure is not None:
                    result.failures[module] = self.failure
                result.records[module] = self._record(module)
        return result

    def _record(self, module: str) -> ModuleRecord:
        artifact = artifact_path(artifacts_dir(self.workspace.artifacts, self.toolchain), module)
        artifact.parent.mkdir(parents=True, exist_ok=True)
        artifact.write_text(module)
        return ModuleRecord(module, artifact, "key", artifact, {}, 5.0, 6.0, 7, 8, (), True, False)

    def audit(self, result: BuildResult, rendered: RenderedClaim, *arguments: Any, **_: Any) -> AuditedClaim:
        model, claimed = arguments[-2:]
        at_least, _ = claimed.asked_of(model.config)
        artifact = result.records[rendered.names.proof_module].artifact
        statement = Statement(
            theorem=rendered.names.theorem,
            claim=rendered.names.claim,
            unfolded="AccuracyAtLeast",
            model="model",
            target="LeanBound.maxToken",
            count=at_least,
            statement_digest="1",
            meaning_digest="2",
        )
        return AuditedClaim(statement, ("propext",), self.reasons, {artifact: freshness.sha256_file(artifact)})
