"""Having Lean check rendered claims, and reading from the artifacts what they prove."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from leanbound.audit.claim import ExpectedClaim, audit_claim
from leanbound.audit.source_policy import LIBRARY
from leanbound.audit.theorem import LIBRARY_ASSUMPTION
from leanbound.claims.property import Property
from leanbound.claims.verdict import Costs, Statement
from leanbound.errors import RejectedError
from leanbound.families.quantised import Quantised
from leanbound.lean.artifacts import ModuleRecord, artifact_path, part_path
from leanbound.lean.build import BuildResult, Listener, artifacts_dir, build
from leanbound.lean.environment import Environment, find_artifacts
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.startup import StartUp
from leanbound.lean.toolchain import Toolchain
from leanbound.rendering.render import ClaimNames, RenderedClaim

__all__ = ["LIBRARY_ASSUMPTION", "AuditedClaim", "audit", "build_claims", "checked_module", "costs"]


@dataclass(frozen=True)
class AuditedClaim:
    """What the artifact of a claim proves."""

    statement: Statement | None
    axioms: tuple[str, ...]
    reasons: tuple[str, ...]
    """Why the claim does not stand; empty if it does."""
    files: dict[Path, str]
    """Every file of an artifact that was read, and the SHA-256 of its bytes as they were read."""


def build_claims(
    rendered: Iterable[RenderedClaim],
    roots: list[Path],
    toolchain: Toolchain,
    out: Path,
    jobs: int | None,
    on_event: Listener | None,
) -> BuildResult:
    """Have Lean check the claims, their proofs and all that they import, several modules at once."""
    rendered = list(rendered)
    targets = [claim.names.replay_module for claim in rendered]
    shared = _shared({module: claim.names for claim in rendered for module in claim.modules})
    return build(targets, roots=roots, toolchain=toolchain, out=out, jobs=jobs, on_event=on_event, shared=shared)


def _shared(claims: Mapping[str, ClaimNames]) -> Callable[[str], str]:
    """Who may share a process: modules of the library; modules of one claim, but for its replay."""

    def share(module: str) -> str:
        names = claims.get(module)
        if names is None:
            return LIBRARY if module.split(".")[0] == LIBRARY else module
        return module if module == names.replay_module else names.namespace

    return share


def checked_module(result: BuildResult, rendered: RenderedClaim) -> ModuleRecord:
    """The record of a claim's proof.

    Raises RejectedError when Lean refuses it or something that it imports, ToolchainError when Lean dies on it. The
    message names the template that the module at fault was rendered from.
    """
    try:
        return result.require(rendered.names.proof_module)
    except LeanRejectedError as error:
        raise LeanRejectedError(error.module, _with_template(error, rendered), error.diagnostics) from error
    except LeanCrashError as error:
        raise LeanCrashError(error.module, _with_template(error, rendered), error.declarations) from error


def _with_template(error: LeanRejectedError | LeanCrashError, rendered: RenderedClaim) -> str:
    template = rendered.templates.get(error.module)
    return error.message if template is None else f"{error.message}\n{error.module} is rendered from {template}"


def audit(
    result: BuildResult,
    rendered: RenderedClaim,
    toolchain: Toolchain,
    out: Path,
    model: Quantised,
    claimed: Property,
    other: Quantised | None = None,
) -> AuditedClaim:
    """Read the theorem from its artifact, and hold it against the claim.

    Raises RejectedError when the artifacts cannot be read, or are not those that Lean has just written.
    """
    directory = artifacts_dir(out, toolchain)
    refused = _refused_replay(result, rendered)
    names = rendered.names
    root = names.proof_module if refused else names.replay_module
    environment = Environment(find_artifacts([directory], [toolchain.library]), root)
    files = _files_read(environment, directory, result)
    expected = ExpectedClaim(
        theorem=names.theorem,
        replay=None if refused else names.replay,
        claim=names.claim,
        statement_module=names.statement_module,
        model=model,
        claimed=claimed,
        other=other,
    )
    found = audit_claim(environment, expected)
    return AuditedClaim(found.statement(), found.audit.axioms, (*found.reasons, *refused), files)


def _refused_replay(result: BuildResult, rendered: RenderedClaim) -> list[str]:
    """Why Lean does not take the proof for what the claim spells out; empty if it does. Raises LeanCrashError."""
    failure = result.failures.get(rendered.names.replay_module)
    if isinstance(failure, LeanCrashError):
        raise failure
    return [] if failure is None else [f"the proof does not prove the claim as it is spelled out: {failure.message}"]


def _files_read(environment: Environment, directory: Path, result: BuildResult) -> dict[Path, str]:
    files = {}
    for name, module in environment.modules.items():
        record = result.records.get(name)
        for suffix, digest in module.sha256.items():
            path = part_path(artifact_path(directory, name), suffix)
            if record is None or record.files.get(suffix) != digest:
                raise RejectedError(f"{path} is not what Lean wrote: it changed while it was read. Verify again.")
            files[path] = digest
    return files


def costs(
    result: BuildResult, rendered: RenderedClaim, startup: StartUp | None, certificate_bytes: int, wall: float
) -> Costs:
    """What the check of a claim took; of a module that was not checked again, what it took then."""
    own = [record for name, record in result.records.items() if name in rendered.modules]
    library = [record for name, record in result.records.items() if name.split(".")[0] == LIBRARY]
    cpu = sum(record.cpu_seconds for record in own)
    return Costs(
        check_cpu_seconds=round(cpu, 1),
        startup=startup,
        modules=len(own),
        beyond_startup_cpu_seconds=None if startup is None else round(startup.beyond(own), 1),
        library_cpu_seconds=round(sum(record.cpu_seconds for record in library), 1),
        max_rss_bytes=max(record.max_rss_bytes for record in [*own, *library]),
        kernel_steps=sum(record.kernel_steps for record in own),
        certificate_bytes=certificate_bytes,
        wall_seconds=round(wall, 1),
    )
