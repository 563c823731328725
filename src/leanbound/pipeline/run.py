"""From claims to verdicts: preparation, Lean, audit, for many claims at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leanbound.claims.claim import load_claim
from leanbound.claims.verdict import Outcome, ToolchainRecord, Verdict, outcome_of
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError, LeanboundError, ToolchainError
from leanbound.lean.toolchain import Toolchain, select_toolchain
from leanbound.pipeline import freshness
from leanbound.pipeline.preparation import Run, Settings, prepare, start

if TYPE_CHECKING:
    from leanbound.lean.build import BuildResult
    from leanbound.lean.progress import BuildEvent
    from leanbound.lean.startup import StartUp

__all__ = ["ClaimResult", "Settings", "verify"]


@dataclass(frozen=True)
class ClaimResult:
    """What became of a claim: a verdict, or the reason why the claim file could not be read."""

    name: str
    verdict: Verdict | None = None
    error: LeanboundError | None = None
    reused: bool = False

    @property
    def outcome(self) -> Outcome:
        """Of the verdict; invalid without one."""
        return Outcome.INVALID if self.verdict is None else self.verdict.outcome

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the claim is not verified."""
        if self.verdict is not None:
            return self.verdict.reasons
        return (self.error.message,) if self.error is not None else ()


def verify(names: Sequence[str], settings: Settings) -> list[ClaimResult]:
    """Verify claims, in the order given; one that fails does not keep the others from being verified.

    A verdict is written as `build/claims/<name>/verdict.json` for every claim whose file can be read. Raises
    InputError when a verdict cannot be written.
    """
    code = freshness.code_digest()
    results: dict[str, ClaimResult] = {}
    runs = []
    identity = _identity(settings) if settings.reuse else None
    for name in dict.fromkeys(names):
        try:
            loaded = load_claim(settings.workspace, name)
        except LeanboundError as error:
            results[name] = ClaimResult(name, error=error)
            continue
        kept = freshness.reusable(settings.workspace, name, code, identity) if settings.reuse else None
        if kept is not None:
            results[name] = ClaimResult(name, kept, reused=True)
        else:
            runs.append(start(loaded, code, settings))
    for verdict in _verify_runs(runs, settings):
        if settings.certificate is None:
            verdict.save(settings.workspace.verdict_path(verdict.claim))
        results[verdict.claim] = ClaimResult(verdict.claim, verdict)
    return [results[name] for name in dict.fromkeys(names)]


def _identity(settings: Settings) -> str:
    """Of the toolchain that would be used now; empty if there is none, which no verdict's equals."""
    try:
        if settings.find_toolchain is select_toolchain:
            return select_toolchain(settings.preference, install=False).identity
        return settings.find_toolchain(settings.preference).identity
    except ToolchainError:
        return ""


def _verify_runs(runs: list[Run], settings: Settings) -> list[Verdict]:
    """The verdicts on claims, all built together so that their modules are checked side by side."""
    started = time.monotonic()
    verdicts = {}
    ready: list[Run] = []
    for run in runs:
        try:
            prepare(run, settings)
            ready.append(run)
        except LeanboundError as error:
            verdicts[run.loaded.name] = run.verdict(outcome_of(error.exit_code), error.message)
    if ready:
        try:
            verdicts |= {verdict.claim: verdict for verdict in _check_runs(ready, settings, started)}
        except LeanboundError as error:
            outcome = outcome_of(error.exit_code)
            verdicts |= {run.loaded.name: run.verdict(outcome, error.message) for run in ready}
    return [verdicts[run.loaded.name] for run in runs]


def _check_runs(runs: list[Run], settings: Settings, started: float) -> list[Verdict]:
    """Have Lean check prepared claims, audit the artifacts, and say what came of it."""
    from leanbound.pipeline.checking import build_claims

    toolchain = settings.find_toolchain(settings.preference)
    record = ToolchainRecord(**toolchain.info.to_dict(), identity=toolchain.identity)
    roots = [*(run.source_root for run in runs), settings.workspace.lean]
    for run in runs:
        run.fields["toolchain"] = record
    settings.say(f"Lean {toolchain.version} ({toolchain.kind}) checks {', '.join(run.loaded.name for run in runs)}")
    rendered = [run.rendered for run in runs if run.rendered is not None]
    with _build_progress(settings) as listen:
        result = build_claims(rendered, roots, toolchain, settings.workspace.artifacts, settings.jobs, listen)
    if result.failures or not all(record.reused for record in result.records.values()):
        for run in runs:
            run.fields["containment"] = result.containment.value
    startup = _startup(result, runs, toolchain, settings)
    return [_judge(run, result, toolchain, settings.workspace, startup, started) for run in runs]


def _startup(result: "BuildResult", runs: list[Run], toolchain: Toolchain, settings: Settings) -> "StartUp | None":
    """Lean's start-up: measured if Lean ran for one of the claims, else as an earlier run had it."""
    from leanbound.lean.startup import measure_startup

    if all(record.reused for record in result.records.values()):
        for run in runs:
            kept = freshness.stored_verdict(settings.workspace, run.loaded.name)
            same = kept is not None and kept.toolchain is not None and kept.toolchain.identity == toolchain.identity
            if same and kept is not None and kept.costs is not None and kept.costs.startup is not None:
                return kept.costs.startup
    try:
        return measure_startup(toolchain, settings.workspace.build)
    except LeanboundError:
        return None


def _judge(
    run: Run,
    result: "BuildResult",
    toolchain: Toolchain,
    workspace: Workspace,
    startup: "StartUp | None",
    started: float,
) -> Verdict:
    """The verdict on a claim after Lean has run, from its artifact."""
    from leanbound.pipeline import checking

    if run.rendered is None or run.model is None or run.certificate is None:
        raise InputError(f"{run.loaded.name}: not prepared")
    try:
        record = checking.checked_module(result, run.rendered)
        claimed = run.loaded.claim.property
        out = workspace.artifacts
        audited = checking.audit(result, run.rendered, toolchain, out, run.model, claimed, other=run.other)
    except LeanboundError as error:
        return run.verdict(outcome_of(error.exit_code), error.message)
    run.files |= {workspace.relative(path): digest for path, digest in audited.files.items()}
    wall = time.monotonic() - started
    run.fields |= {
        "statement": audited.statement,
        "axioms": audited.axioms,
        "library_assumption": checking.LIBRARY_ASSUMPTION,
        "artifact": workspace.relative(record.artifact),
        "costs": checking.costs(result, run.rendered, startup, run.certificate.size_bytes, wall),
    }
    if audited.reasons or audited.statement is None:
        return run.verdict(Outcome.REJECTED, *audited.reasons)
    run.fields["proved"] = audited.statement.count
    return run.verdict(Outcome.VERIFIED)


def _build_progress(settings: Settings) -> Any:
    from contextlib import nullcontext

    from leanbound.lean.progress import console_progress

    def silent(_event: "BuildEvent") -> None:
        return

    return console_progress("Lean") if settings.progress else nullcontext(silent)
