"""Proves one rung on one model: as a claim that nobody wrote, kept under `build/frontier/`, through the usual pipeline.

So a rung is searched for, rendered, checked by Lean and audited like any claim, and what is unchanged is not redone.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from leanbound.claims.new_repository import ClaimedModel, claim_text
from leanbound.claims.properties import max_of_k
from leanbound.claims.verdict import Measured, Outcome, outcome_of
from leanbound.claims.workspace import CLAIM_FILE, Workspace
from leanbound.errors import InputError, LeanboundError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.checkpoint import Checkpoint
from leanbound.families.registry import family_of, load_model
from leanbound.files import write_file
from leanbound.frontier.ladder import Rung
from leanbound.pipeline.certificates import cached_certificate
from leanbound.pipeline.run import Settings, verify
from leanbound.strategies import AnyCertificate


class FrontierWorkspace(Workspace):
    """A repository, with claims of its frontiers in place of its own."""

    @property
    def proofs(self) -> Path:
        return self.build / "frontier" / "proofs"


class Point(BaseModel):
    """What a rung proves of a model, and at what cost. Costs are None where Lean was not run."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(description="path of the checkpoint")
    rung: str
    strategy: str
    baseline: bool
    outcome: Outcome
    reason: str = ""
    proved: int = Field(
        default=0, description="inputs proved right; 0 is a vacuous bound, which Lean is not asked about"
    )
    inputs: int = Field(description="V ** K")
    correct: int = Field(description="inputs on which PyTorch's float model was measured right")
    measured: int = Field(description="inputs measured")
    kernel_steps: int | None = None
    check_seconds: float | None = Field(default=None, description="CPU seconds of Lean beyond its start-up")
    certificate_bytes: int | None = None
    modules: int | None = None

    @property
    def bound(self) -> float:
        """The share of inputs that is proved."""
        return self.proved / self.inputs

    @property
    def accuracy(self) -> float:
        """The share of inputs that was measured right."""
        return self.correct / self.measured


@dataclass(frozen=True)
class Subject:
    """A model that the ladder is proved of."""

    path: str
    checkpoint: Checkpoint
    quantised: QuantisedModel
    bits: int
    measured: Measured

    @property
    def inputs(self) -> int:
        config = self.checkpoint.config
        return int(config.d_vocab**config.n_ctx)


def load_subject(workspace: Workspace, path: Path, bits: int) -> Subject:
    """Read, quantise and measure a model. Raises InputError for one that is unusable or outside the repository."""
    from leanbound.pipeline.measured import measured_accuracy

    inside = workspace.inside(workspace.relative(path))
    checkpoint = load_model(inside)
    family_of(checkpoint.config).require_serves(checkpoint.config, max_of_k(1))
    measured = measured_accuracy(checkpoint, max_of_k(1), workspace.build / "measured", progress=True)
    return Subject(workspace.relative(inside), checkpoint, quantize_fixed(checkpoint, bits), bits, measured)


def prove(rung: Rung, subject: Subject, settings: Settings) -> Point:
    """Prove as much as the rung can. What goes wrong is said in the point; only an interruption is raised."""
    point = Point(
        model=subject.path,
        rung=rung.name,
        strategy=rung.strategy,
        baseline=rung.baseline,
        outcome=Outcome.VERIFIED,
        inputs=subject.inputs,
        correct=subject.measured.correct,
        measured=subject.measured.inputs,
    )
    name = _name(rung, subject)
    try:
        certificate = _search(rung, subject, settings.workspace.claim_build(name))
        if not certificate.proved:
            reason = "vacuous: not one input is proved"
            return point.model_copy(update={"outcome": Outcome.INCONCLUSIVE, "reason": reason})
        _write_claim(rung, subject, certificate.proved, settings.workspace, name)
        (result,) = verify([name], settings)
    except LeanboundError as error:
        return point.model_copy(update={"outcome": outcome_of(error.exit_code), "reason": error.message})
    verdict, costs = result.verdict, None if result.verdict is None else result.verdict.costs
    update: dict[str, object] = {"outcome": result.outcome, "reason": "; ".join(result.reasons)}
    if verdict is not None and verdict.proved is not None:
        update["proved"] = verdict.proved
    if costs is not None:
        update |= {
            "kernel_steps": costs.kernel_steps,
            "check_seconds": costs.beyond_startup_cpu_seconds,
            "certificate_bytes": costs.certificate_bytes,
            "modules": costs.modules,
        }
    return point.model_copy(update=update)


def _name(rung: Rung, subject: Subject) -> str:
    """Of the claim; another one for other options, which may be long."""
    parts = [subject.quantised.digest, rung.strategy, dict(rung.options)]
    return f"frontier-{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]}"


def _search(rung: Rung, subject: Subject, directory: Path) -> AnyCertificate:
    return cached_certificate(directory, rung.strategy, subject.quantised, max_of_k(1), rung.options)


def _write_claim(rung: Rung, subject: Subject, at_least: int, workspace: Workspace, name: str) -> None:
    model = ClaimedModel(subject.path, subject.checkpoint.digest, subject.bits)
    text = claim_text(model, max_of_k(at_least), rung.strategy, rung.options)
    path = workspace.proofs / name / CLAIM_FILE
    if not path.is_file() or path.read_text() != text:
        write_file(path, text.encode())


def require_alike(subjects: list[Subject]) -> None:
    """Raise InputError for models whose bounds cannot stand in one picture."""
    shapes = {
        subject.path: (subject.checkpoint.config.d_vocab, subject.checkpoint.config.n_ctx) for subject in subjects
    }
    if len(set(shapes.values())) > 1:
        text = ", ".join(f"{path}: V = {V}, K = {K}" for path, (V, K) in shapes.items())
        raise InputError(f"models of one frontier must agree in V and K, but {text}. Give each its own frontier.")
