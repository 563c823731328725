"""From claims to verdicts: checkpoint, quantised model, certificate, Lean source, artifact, audit.

Everything up to the Lean source may be wrong without harm: Lean refuses a wrong proof, and the audit reads the claim
back from the artifact and compares it with the quantised model. Heavy imports happen when they are needed.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leanbound import freshness
from leanbound.claims import ExactQuantisation, LoadedClaim, load_claim
from leanbound.errors import InconclusiveError, InputError, LeanboundError, RejectedError, ToolchainError
from leanbound.lean.toolchain import Preference, Toolchain, select_toolchain
from leanbound.tasks.max_of_k import space_size
from leanbound.verdict import Outcome, ToolchainRecord, Verdict, outcome_of
from leanbound.workspace import Workspace

if TYPE_CHECKING:
    from leanbound.lean.build import BuildResult
    from leanbound.lean.progress import BuildEvent
    from leanbound.models.checkpoint import Checkpoint
    from leanbound.quantised import QuantisedModel
    from leanbound.render import RenderedClaim
    from leanbound.strategies import Certificate

_TASK: Final = "max-of-{K}"


def _silent(_message: str) -> None:
    return


@dataclass(frozen=True)
class Settings:
    """How to verify."""

    workspace: Workspace
    preference: Preference | None = None
    jobs: int | None = None
    reuse: bool = True
    """Whether a verdict stands as long as nothing that it rests on has changed."""
    certificate: Path | None = None
    """A certificate to check instead of searching for one; its verdict is not kept."""
    progress: bool = False
    """Whether Lean's progress is shown on standard error."""
    bars: bool = False
    """Whether the bars of what is done before Lean are shown there too."""
    say: Callable[[str], None] = _silent
    """Told what is being done, in one line."""
    find_toolchain: Callable[[Preference | None], Toolchain] = select_toolchain


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


@dataclass
class _Run:
    """One claim on its way."""

    loaded: LoadedClaim
    fields: dict[str, Any]
    """Of the verdict, as far as they are known."""
    files: dict[str, str] = field(default_factory=dict)
    model: "QuantisedModel | None" = None
    certificate: "Certificate | None" = None
    rendered: "RenderedClaim | None" = None
    source_root: Path = Path()

    def verdict(self, outcome: Outcome, *reasons: str) -> Verdict:
        return Verdict(outcome=outcome, reasons=reasons, files=self.files, **self.fields)


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
            runs.append(_start(loaded, code, settings))
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


def _start(loaded: LoadedClaim, code: str, settings: Settings) -> _Run:
    claim = loaded.claim
    quantisation = claim.quantisation
    fixed = "exact" if isinstance(quantisation, ExactQuantisation) else f"fixed, bits {quantisation.bits}"
    fields = {
        "claim": loaded.name,
        "at_least": claim.property.at_least,
        "task": claim.property.task,
        "strategy": claim.strategy.name,
        "model": claim.model.path,
        "model_digest": claim.model.digest,
        "quantisation": fixed,
        "code_digest": code,
    }
    files = {settings.workspace.relative(loaded.path): loaded.digest}
    folder = "claims" if settings.certificate is None else "checks"
    return _Run(loaded, fields, files, source_root=settings.workspace.build / folder / loaded.name / "lean")


def _verify_runs(runs: list[_Run], settings: Settings) -> list[Verdict]:
    """The verdicts on claims, all built together so that their modules are checked side by side."""
    started = time.monotonic()
    verdicts = {}
    ready: list[_Run] = []
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


def prepare(run: _Run, settings: Settings) -> None:
    """Everything before Lean: afterwards `run` has the model, the certificate and the rendered sources, on disk.

    Raises LeanboundError: RejectedError for other weights than the claim's, InputError for files that are malformed,
    InconclusiveError when the certificate proves too little, UnsupportedError when the strategy cannot do it.
    """
    workspace, name = settings.workspace, run.loaded.name
    settings.say(f"{name}: reading the model")
    checkpoint = _load_checkpoint(run, workspace)
    inputs = _check_size(run, checkpoint)
    run.fields |= {"inputs": inputs, "task": _TASK.format(K=checkpoint.config.n_ctx)}
    from leanbound.measured import measured_accuracy

    run.fields["measured"] = measured_accuracy(checkpoint, workspace.build / "measured", settings.bars)
    run.model = _quantise(run, checkpoint)
    run.fields["quantised_digest"] = run.model.digest
    if settings.certificate is None:
        run.model.save(workspace.claim_build(name) / "quantised.json")
    run.certificate = _certificate(run, run.model, settings)
    _require_enough(run, run.certificate)
    _render(run, run.model, run.certificate, settings)


def _load_checkpoint(run: _Run, workspace: Workspace) -> "Checkpoint":
    from leanbound.models.load import load_model

    reference = run.loaded.claim.model
    path = workspace.inside(reference.path)
    parts = [path] if path.is_file() else [part for part in sorted(path.glob("*")) if part.is_file()]
    run.files |= freshness.hash_files(workspace, parts)
    checkpoint = load_model(path)
    if checkpoint.digest != reference.digest:
        raise RejectedError(
            f"[model] digest is {reference.digest}, but the weights in {reference.path} have {checkpoint.digest}: "
            "the claim is about other weights. Bring those back, or make a claim about these."
        )
    return checkpoint


def _check_size(run: _Run, checkpoint: "Checkpoint") -> int:
    """V ** K. Raises InputError when the claim asks for more."""
    V, K = checkpoint.config.d_vocab, checkpoint.config.n_ctx
    inputs = space_size(V, K)
    if run.loaded.claim.property.at_least > inputs:
        raise InputError(
            f"[property] at_least is {run.loaded.claim.property.at_least}, but there are only {V} ** {K} = {inputs} "
            "inputs. Claim at most that many."
        )
    return inputs


def _quantise(run: _Run, checkpoint: "Checkpoint") -> "QuantisedModel":
    from leanbound.quantize import quantize_exact, quantize_fixed

    quantisation = run.loaded.claim.quantisation
    if isinstance(quantisation, ExactQuantisation):
        return quantize_exact(checkpoint)
    return quantize_fixed(checkpoint, quantisation.bits)


def _certificate(run: _Run, model: "QuantisedModel", settings: Settings) -> "Certificate":
    from leanbound.certificates import cached_certificate
    from leanbound.strategies import Certificate

    strategy = run.loaded.claim.strategy
    if settings.certificate is not None:
        certificate = Certificate.load(settings.certificate)
        if certificate.strategy != strategy.name:
            raise InputError(
                f"{settings.certificate}: strategy is {certificate.strategy!r}, expected {strategy.name!r}, "
                "which the claim names. Give a certificate of that strategy."
            )
    else:
        settings.say(f"{run.loaded.name}: certificate by {strategy.name}")
        directory = settings.workspace.claim_build(run.loaded.name)
        options = strategy.options.given()
        certificate = cached_certificate(directory, strategy.name, model, options, settings.bars)
    content = certificate.to_bytes()
    run.fields |= {
        "certificate_digest": hashlib.sha256(content).hexdigest(),
        "certificate_proves": certificate.proved,
    }
    return certificate


def _require_enough(run: _Run, certificate: "Certificate") -> None:
    """Raise InconclusiveError when the certificate counts fewer inputs than the claim asks for."""
    at_least = run.loaded.claim.property.at_least
    if certificate.proved < at_least:
        raise InconclusiveError(
            f"the certificate proves {certificate.proved:,} of {certificate.inputs:,} inputs, the claim asks for "
            f"{at_least:,}. Claim at most {certificate.proved:,}, or use a stronger strategy."
        )


def _render(run: _Run, model: "QuantisedModel", certificate: "Certificate", settings: Settings) -> None:
    from leanbound.render import render_claim

    workspace = settings.workspace
    run.files |= freshness.hash_files(workspace, sorted(workspace.templates.rglob("*.j2")))
    at_least = run.loaded.claim.property.at_least
    run.rendered = render_claim(run.loaded.name, model, at_least, certificate, workspace.templates)
    run.fields["templates"] = dict(run.rendered.template_digests)
    run.files |= _inspect_sources(run.rendered, run.source_root, workspace)
    run.rendered.write(run.source_root)


def _inspect_sources(rendered: "RenderedClaim", source_root: Path, workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every Lean source that the proof needs, before Lean reads or anything writes them.

    Raises RejectedError when one of them holds what could evade the kernel, InputError when one is missing.
    """
    from leanbound.lean.modules import Module, module_graph, parse_imports
    from leanbound.source_policy import OWN_ROOTS, require_plain

    own = []
    for name, text in rendered.modules.items():
        imports = parse_imports(text)
        require_plain([Module(name, Path(rendered.templates[name]), source_root, text.encode(), imports)])
        path = source_root.joinpath(*name.split(".")).with_suffix(".lean")
        own.append(Module(name, path, source_root, text.encode(), imports))
    imported = {name for module in own for name in module.imports if name.split(".")[0] in OWN_ROOTS}
    library = sorted(imported - set(rendered.modules))
    graph = module_graph(library, [workspace.lean], lambda name: name.split(".")[0] not in OWN_ROOTS)
    require_plain(graph.values())
    sources = (*own, *graph.values())
    return {workspace.relative(item.path): hashlib.sha256(item.source).hexdigest() for item in sources}


def _check_runs(runs: list[_Run], settings: Settings, started: float) -> list[Verdict]:
    """Have Lean check prepared claims, audit the artifacts, and say what came of it."""
    from leanbound.checking import build_claims

    toolchain = settings.find_toolchain(settings.preference)
    record = ToolchainRecord(**toolchain.info.to_dict(), identity=toolchain.identity)
    roots = [settings.workspace.lean, *(run.source_root for run in runs)]
    for run in runs:
        run.fields["toolchain"] = record
    settings.say(f"Lean {toolchain.version} ({toolchain.kind}) checks {', '.join(run.loaded.name for run in runs)}")
    rendered = [run.rendered for run in runs if run.rendered is not None]
    with _build_progress(settings) as listen:
        result = build_claims(rendered, roots, toolchain, settings.workspace.artifacts, settings.jobs, listen)
    startup = _startup(result, runs, toolchain, settings)
    return [_judge(run, result, toolchain, settings.workspace, startup, started) for run in runs]


def _startup(result: "BuildResult", runs: list[_Run], toolchain: Toolchain, settings: Settings) -> float | None:
    """CPU seconds of Lean's start-up: measured if Lean ran for one of the claims, else as an earlier run had it."""
    from leanbound.checking import startup_cpu

    if all(record.reused for record in result.records.values()):
        for run in runs:
            kept = freshness.stored_verdict(settings.workspace, run.loaded.name)
            same = kept is not None and kept.toolchain is not None and kept.toolchain.identity == toolchain.identity
            if same and kept is not None and kept.costs is not None and kept.costs.startup_cpu_seconds is not None:
                return kept.costs.startup_cpu_seconds
    try:
        return startup_cpu(toolchain, settings.workspace.build)
    except LeanboundError:
        return None


def _judge(
    run: _Run,
    result: "BuildResult",
    toolchain: Toolchain,
    workspace: Workspace,
    startup: float | None,
    started: float,
) -> Verdict:
    """The verdict on a claim after Lean has run, from its artifact."""
    from leanbound import checking

    if run.rendered is None or run.model is None or run.certificate is None:
        raise InputError(f"{run.loaded.name}: not prepared")
    at_least = run.loaded.claim.property.at_least
    try:
        record = checking.checked_module(result, run.rendered)
        audited = checking.audit(result, run.rendered, toolchain, workspace.artifacts, run.model, at_least)
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
