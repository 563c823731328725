"""The gate: everything that a repository binds to its claims is held against what is verified now."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leanbound import __version__
from leanbound.claims.verdict import Outcome
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError, LeanboundError
from leanbound.gate import documents, scan
from leanbound.gate.escape import one_line
from leanbound.gate.evidence import Checker
from leanbound.gate.recheck import recheck
from leanbound.gate.report import ClaimEntry, GateReport, Kind, Reason
from leanbound.lean.toolchain import Preference, Toolchain, select_toolchain
from leanbound.pipeline import freshness
from leanbound.pipeline.run import Settings

if TYPE_CHECKING:
    from leanbound.gate.evidence import Audit

_STORED: Final = (
    "what an earlier verification left: every digest computed again, every artifact audited from its bytes, every "
    "verdict made again but for the cost and containment of Lean's run; Lean did not run now, `leanbound gate "
    "--recheck` has it check everything from sources"
)
_RECHECKED: Final = (
    "every claim verified from sources in an empty build folder, no verdict, artifact, certificate or measurement "
    "reused; then every artifact audited from its bytes, and every verdict made again from it"
)
_NOT_UPDATED: Final = "; nothing was updated, since a reason is about the repository as a whole"


@dataclass(frozen=True)
class GateSettings:
    """What to do besides looking, and with which Lean."""

    workspace: Workspace
    recheck: bool = False
    """Whether to verify every claim from sources first, with nothing reused."""
    update: bool = False
    """Whether to write verified numbers into the markers of Markdown files."""
    preference: Preference | None = None
    jobs: int | None = None
    progress: bool = False
    """Whether the progress of --recheck is shown on standard error."""
    bars: bool = False
    say: Callable[[str], None] = lambda _message: None
    find_toolchain: Callable[[Preference | None], Toolchain] | None = None
    """Where not the usual one; without --recheck nothing is installed."""
    audit: "Audit | None" = None
    """Where not `leanbound.audit.artifact.audit_artifact`."""


def gate(settings: GateSettings) -> GateReport:
    """Everything that the repository claims, and every reason why it does not stand.

    Reads the repository as a stranger's: what is wrong with it ends up as a reason, not as an exception. Writes nothing
    unless `update` or `recheck` is set. Raises InputError when there is nothing in `proofs/`, or a file cannot be
    written; ToolchainError when --recheck finds no place to build.
    """
    workspace = settings.workspace
    folders = scan.claim_folders(workspace)
    if not folders:
        raise InputError(f"{workspace.proofs}: no claims there. Add one, as README.md says.")
    reasons: list[Reason] = []
    repository = _repository(workspace, reasons)
    names = [folder.name for folder in folders if folder.fault is None]
    if settings.recheck:
        recheck(names, _verify_settings(settings))
    toolchain = _toolchain(settings, reasons)
    reasons += _lock_reasons(workspace, names)
    general = [reason for reason in reasons if reason.claim is None]
    entries = _claims(settings, folders, toolchain, reasons)
    found = documents.check(workspace, repository, entries, settings.update and not general)
    checked = _RECHECKED if settings.recheck else _STORED
    return GateReport(
        version=__version__,
        rechecked=settings.recheck,
        checked=checked + (_NOT_UPDATED if settings.update and general else ""),
        claims=tuple(entries),
        markers=tuple(found.markers),
        updated=tuple(found.updated),
        reasons=(*reasons, *found.reasons),
        prefix=one_line(repository.prefix),
    )


def _repository(workspace: Workspace, reasons: list[Reason]) -> scan.Repository:
    try:
        repository = scan.read_repository(workspace)
    except InputError as error:
        reasons.append(Reason.of(Kind.REPOSITORY, error.message, ".gitignore"))
        return scan.Repository()
    message = "this file is generated, and git tracks it: remove it with `git rm --cached`, and ignore build/"
    reasons += [Reason.of(Kind.GENERATED_FILE, message, name) for name in scan.generated_files(workspace, repository)]
    return repository


def _verify_settings(settings: GateSettings) -> Settings:
    return Settings(
        workspace=settings.workspace,
        preference=settings.preference,
        jobs=settings.jobs,
        reuse=False,
        progress=settings.progress,
        bars=settings.bars,
        say=settings.say,
        find_toolchain=settings.find_toolchain or select_toolchain,
    )


def _toolchain(settings: GateSettings, reasons: list[Reason]) -> Toolchain | None:
    """The Lean that would be used now; with --recheck the files of an embedded one are hashed."""
    try:
        if settings.find_toolchain is not None:
            return settings.find_toolchain(settings.preference)
        toolchain = select_toolchain(settings.preference, install=False)
        if settings.recheck and toolchain.kind == "embedded":
            _require_undamaged()
        return toolchain
    except LeanboundError as error:
        reasons.append(Reason.of_error(Kind.TOOLCHAIN, error, "leanbound.lock"))
        return None


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Without Python's search for cycles, which among the terms of an artifact finds none and takes a fifth longer."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _require_undamaged() -> None:
    from leanbound.errors import ToolchainError
    from leanbound.lean.install import damaged_files, find_install

    found = find_install()
    damaged = damaged_files(found) if found is not None else []
    if damaged:
        raise ToolchainError(
            f"the embedded Lean is not as it was installed: {', '.join(damaged[:5])}. Run `leanbound toolchain remove`."
        )


def _lock_reasons(workspace: Workspace, names: Sequence[str]) -> list[Reason]:
    """Every difference from the lock; those that are about one claim are put down to it."""
    from leanbound.claims.changes import lock_differences
    from leanbound.claims.lock import LOCK_FILE

    try:
        lines = lock_differences(workspace)
    except LeanboundError as error:
        return [Reason.of_error(Kind.LOCK, error, LOCK_FILE)]
    return [_lock_reason(line, LOCK_FILE, names) for line in lines]


def _lock_reason(line: str, file: str, names: Sequence[str]) -> Reason:
    name, separator, rest = line.partition(": ")
    if separator and name in names:
        return Reason.of(Kind.LOCK, f"differs from the lock: {rest}", file, claim=name)
    return Reason.of(Kind.LOCK, f"differs from the lock: {line}", file)


def _claims(
    settings: GateSettings, folders: Sequence[scan.Folder], toolchain: Toolchain | None, reasons: list[Reason]
) -> list[ClaimEntry]:
    from leanbound.audit.artifact import audit_artifact
    from leanbound.lean.environment import Shelf

    audit = settings.audit or partial(audit_artifact, shelf=Shelf())
    checker = Checker(settings.workspace, freshness.code_digest(), toolchain, audit, tuple(reasons))
    entries = []
    for folder in folders:
        if folder.fault is None:
            with _no_cycles_sought():
                entry, found = checker.check(folder.name)
            reasons += found
        else:
            file = (Path(settings.workspace.proofs.name) / folder.name).as_posix()
            reasons.append(Reason.of(Kind.CLAIM_FOLDER, folder.fault, file, claim=folder.name))
            entry = ClaimEntry.of(folder.name, Outcome.REJECTED)
        entries.append(entry)
    return entries
