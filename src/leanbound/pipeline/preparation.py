"""From a claim to its Lean sources: checkpoint, quantised model, certificate, statement and proof.

All of it may be wrong without harm: Lean refuses a wrong proof, and the audit reads the claim back from the artifact
and compares it with the quantised model. Heavy imports happen when they are needed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leanbound.claims.claim import LoadedClaim, ModelRef
from leanbound.claims.properties import OnTask
from leanbound.claims.verdict import OtherModel, Outcome, Verdict
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError, RejectedError
from leanbound.families.quantisation import ExactQuantisation, Quantisation
from leanbound.families.registry import family_of, load_model, require_comparable
from leanbound.lean.toolchain import Preference, Toolchain, select_toolchain
from leanbound.pipeline import freshness
from leanbound.strategies import find_strategy
from leanbound.strategies.refuted import RefutedError

if TYPE_CHECKING:
    from leanbound.families.checkpoint import CheckpointOf
    from leanbound.families.quantised import Quantised
    from leanbound.rendering.render import RenderedClaim
    from leanbound.strategies import AnyCertificate


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


@dataclass
class Run:
    """One claim on its way. The optional fields are there once `prepare` has been through with it."""

    loaded: LoadedClaim
    fields: dict[str, Any]
    """Of the verdict, as far as they are known."""
    files: dict[str, str] = field(default_factory=dict)
    model: "Quantised | None" = None
    other: "Quantised | None" = None
    """The second model of a claim that compares two."""
    certificate: "AnyCertificate | None" = None
    rendered: "RenderedClaim | None" = None
    source_root: Path = Path()

    def verdict(self, outcome: Outcome, *reasons: str) -> Verdict:
        """The verdict, with what is known so far."""
        return Verdict(outcome=outcome, reasons=reasons, files=self.files, **self.fields)


def start(loaded: LoadedClaim, code: str, settings: Settings) -> Run:
    """A claim before anything has been done about it; `code` is `freshness.code_digest()`."""
    claim = loaded.claim
    fields = {
        "claim": loaded.name,
        "at_least": claim.property.least(),
        "property": claim.property.words(),
        "task": claim.property.kind,
        "strategy": claim.strategy.name,
        "model": claim.model.path,
        "model_digest": claim.model.digest,
        "quantisation": _words(claim.quantisation),
        "code_digest": code,
    }
    if claim.other is not None:
        fields["other"] = OtherModel(
            model=claim.other.path, model_digest=claim.other.digest, quantisation=_words(claim.other.quantisation)
        )
    files = {settings.workspace.relative(loaded.path): loaded.digest}
    folder = "claims" if settings.certificate is None else "checks"
    return Run(loaded, fields, files, source_root=settings.workspace.build / folder / loaded.name / "lean")


def _words(quantisation: Quantisation) -> str:
    return "exact" if isinstance(quantisation, ExactQuantisation) else f"fixed, bits {quantisation.bits}"


def prepare(run: Run, settings: Settings) -> None:
    """Everything before Lean: afterwards `run` has the model, the certificate and the rendered sources, on disk.

    Raises LeanboundError: RejectedError for other weights than the claim's, InputError for files that are malformed,
    InconclusiveError when the certificate proves too little, UnsupportedError when the strategy cannot do it.
    """
    derive(run, settings)
    if run.rendered is not None:
        run.rendered.write(run.source_root)


def derive(run: Run, settings: Settings) -> None:
    """As `prepare`, but the sources are not written; with `settings.certificate` nothing is searched for either."""
    workspace, name = settings.workspace, run.loaded.name
    settings.say(f"{name}: reading the model")
    claim, claimed = run.loaded.claim, run.loaded.claim.property
    checkpoint = _load_checkpoint(run, workspace, "model", claim.model)
    config, family = checkpoint.config, family_of(checkpoint.config)
    family.require_serves(config, claimed)
    find_strategy(run.loaded.claim.strategy.name).require_serves(config.architecture, claimed)
    at_least, inputs = claimed.asked_of(config)
    run.fields |= {"at_least": at_least, "inputs": inputs, "task": family.task_name(config, claimed)}
    if isinstance(claimed, OnTask):
        from leanbound.pipeline.measured import measured_accuracy

        run.fields["measured"] = measured_accuracy(checkpoint, claimed, workspace.build / "measured", settings.bars)
    run.model = family.quantise(checkpoint, claim.quantisation)
    run.fields["quantised_digest"] = run.model.digest
    run.other = _other_model(run, run.model, workspace)
    if settings.certificate is None:
        run.model.save(workspace.claim_build(name) / "quantised.json")
        if run.other is not None:
            run.other.save(workspace.claim_build(name) / "quantised-other.json")
    try:
        run.certificate = _certificate(run, run.model, settings)
    except RefutedError as error:
        raise RejectedError(f"{error.message}. {family.replay(checkpoint, error.example)}") from None
    claimed.require_proved(run.certificate.proved, run.certificate.inputs)
    _render(run, run.model, run.certificate, settings)


def _other_model(run: Run, model: "Quantised", workspace: Workspace) -> "Quantised | None":
    """The second model of a claim that compares two. Raises InputError for one that the first does not compare with."""
    reference = run.loaded.claim.other
    if reference is None:
        return None
    checkpoint = _load_checkpoint(run, workspace, "other", reference)
    require_comparable(model.config, checkpoint.config)
    other = family_of(checkpoint.config).quantise(checkpoint, reference.quantisation)
    run.fields["other"] = run.fields["other"].model_copy(update={"quantised_digest": other.digest})
    return other


def _load_checkpoint(run: Run, workspace: Workspace, table: str, reference: ModelRef) -> "CheckpointOf[Any, Any]":
    """The checkpoint that a table of the claim names."""
    path = workspace.inside(reference.path)
    parts = [path] if path.is_file() else [part for part in sorted(path.glob("*")) if part.is_file()]
    run.files |= freshness.hash_files(workspace, parts)
    if reference.n_ctx is not None and path.is_dir():
        raise InputError(f"[{table}] n_ctx is {reference.n_ctx}, but {reference.path} says its own. Leave it out.")
    checkpoint = load_model(path, reference.n_ctx)
    if checkpoint.digest != reference.digest:
        raise RejectedError(
            f"[{table}] digest is {reference.digest}, but the weights in {reference.path} have {checkpoint.digest}: "
            "the claim is about other weights. Bring those back, or make a claim about these."
        )
    return checkpoint


def _certificate(run: Run, model: "Quantised", settings: Settings) -> "AnyCertificate":
    from leanbound.pipeline.certificates import cached_certificate
    from leanbound.strategies import load_certificate

    strategy, claimed = run.loaded.claim.strategy, run.loaded.claim.property
    if settings.certificate is not None:
        certificate = load_certificate(settings.certificate)
        if certificate.strategy != strategy.name:
            raise InputError(
                f"{settings.certificate}: strategy is {certificate.strategy!r}, expected {strategy.name!r}, "
                "which the claim names. Give a certificate of that strategy."
            )
    else:
        settings.say(f"{run.loaded.name}: certificate by {strategy.name}")
        directory = settings.workspace.claim_build(run.loaded.name)
        options, bars = strategy.options.given(), settings.bars
        certificate = cached_certificate(directory, strategy.name, model, claimed, options, bars, run.other)
    content = certificate.to_bytes()
    run.fields |= {
        "certificate_digest": hashlib.sha256(content).hexdigest(),
        "certificate_proves": certificate.proved,
    }
    return certificate


def _render(run: Run, model: "Quantised", certificate: "AnyCertificate", settings: Settings) -> None:
    from leanbound.rendering.render import render_claim

    workspace = settings.workspace
    run.files |= freshness.hash_files(workspace, sorted(workspace.templates.rglob("*.j2")))
    run.rendered = render_claim(
        run.loaded.name, model, run.loaded.claim.property, certificate, workspace.templates, other=run.other
    )
    run.fields["templates"] = dict(run.rendered.template_digests)
    run.files |= _inspect_sources(run.rendered, run.source_root, workspace)


def _inspect_sources(rendered: "RenderedClaim", source_root: Path, workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every Lean source that the proof needs, before Lean reads or anything writes them.

    Raises RejectedError when one of them holds what could evade the kernel, InputError when one is missing.
    """
    from leanbound.audit.source_policy import OWN_ROOTS, require_plain
    from leanbound.lean.modules import Module, module_graph, parse_imports

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
