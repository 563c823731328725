"""Whether one claim stands: its verdict is there, fresh, and says what is found when all of it is made again.

The verdict's word is taken for nothing. Its digests are computed again, the theorem is read from the bytes of the
artifact, and every field is compared with what comes out; only what Lean's run was like cannot be found again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from leanbound.claims.claim import LoadedClaim, load_claim
from leanbound.claims.verdict import Outcome, ToolchainRecord, Verdict, outcome_of, worst
from leanbound.claims.workspace import CLAIM_FILE, Workspace
from leanbound.errors import InputError, LeanboundError
from leanbound.files import read_bytes
from leanbound.gate.report import ClaimEntry, Kind, Reason
from leanbound.pipeline import freshness

if TYPE_CHECKING:
    from leanbound.audit.artifact import ArtifactAudit
    from leanbound.lean.toolchain import Toolchain
    from leanbound.pipeline.preparation import Run

    Audit: TypeAlias = Callable[[Workspace, str, Toolchain], ArtifactAudit]

_MOST: Final = 12
"""Differences of one kind that are spelled out."""
_ABSENT: Final = "absent"
#: What a verdict records of the run of Lean, which cannot be found again without running it.
_OF_THE_RUN: Final = frozenset({"costs", "containment"})


@dataclass(frozen=True)
class Checker:
    """What the check of every claim needs."""

    workspace: Workspace
    code: str
    """`freshness.code_digest()`."""
    toolchain: "Toolchain | None"
    """The Lean that would be used now; without one no artifact can be read, and no claim stands."""
    audit: "Audit"
    """`artifact_audit.audit_artifact`."""
    known: tuple[Reason, ...] = ()
    """Reasons found already; those against a claim keep it from standing."""

    def check(self, name: str) -> tuple[ClaimEntry, list[Reason]]:
        """What is found of a claim, and every reason why it does not stand."""
        claim = _Claim(self, name)
        claim.check()
        return claim.entry(), claim.reasons


@dataclass
class _Claim:
    checker: Checker
    name: str
    reasons: list[Reason] = field(default_factory=list)
    audited: "ArtifactAudit | None" = None
    inputs: int | None = None

    @property
    def _file(self) -> str:
        workspace = self.checker.workspace
        return (workspace.proofs / self.name / CLAIM_FILE).relative_to(workspace.root).as_posix()

    def entry(self) -> ClaimEntry:
        """The row of the report; the bound only if there is no reason against it."""
        reasons = [reason for reason in self.checker.known if reason.claim == self.name] + self.reasons
        if reasons:
            code = worst(reason.outcome for reason in reasons)
            outcome = next(reason.outcome for reason in reasons if reason.outcome.exit_code is code)
            return ClaimEntry(name=self.name, outcome=outcome, inputs=self.inputs)
        if self.audited is None or self.audited.statement is None:
            raise InputError(f"{self.name}: nothing was found against it, and nothing for it either")
        return ClaimEntry(
            name=self.name,
            outcome=Outcome.VERIFIED,
            proved=self.audited.statement.count,
            inputs=self.inputs,
            axioms=self.audited.axioms,
            checks=self.audited.checks,
        )

    def check(self) -> None:
        """Find every reason against the claim; a step that leaves nothing to check is the last one."""
        workspace = self.checker.workspace
        try:
            loaded = load_claim(workspace, self.name)
        except LeanboundError as error:
            self._error(Kind.CLAIM_FILE, error)
            return
        stored = self._stored()
        if stored is None:
            return
        if self.checker.toolchain is None:
            self._reason(Kind.TOOLCHAIN, "its artifact was not read, for want of a Lean", Outcome.TOOLCHAIN_FAILURE)
            return
        try:
            self.audited = self.checker.audit(workspace, self.name, self.checker.toolchain)
        except LeanboundError as error:  # an InputError is about the lock
            self._error(Kind.LOCK if isinstance(error, InputError) else Kind.ARTIFACT, error)
            return
        for reason in self.audited.reasons:
            self._reason(Kind.ARTIFACT, reason)
        if self.audited.statement is None:
            self._reason(Kind.ARTIFACT, "no statement can be read from the artifact")
            return
        self._compare(stored, loaded, self.checker.toolchain, self.audited)

    def _stored(self) -> Verdict | None:
        """The verdict that is there, if it is that the claim is verified, and nothing has changed since."""
        workspace = self.checker.workspace
        path = workspace.verdict_path(self.name)
        where = path.relative_to(workspace.root).as_posix()
        remedy = f"Run `leanbound verify {self.name}`, or the gate with --recheck."
        if not path.is_file():
            self._reason(Kind.NO_VERDICT, f"{where} is not there: the claim was never verified here. {remedy}")
            return None
        try:
            stored = Verdict.load(path)
            edited = stored.to_bytes() != read_bytes(path)
        except InputError as error:
            self._reason(Kind.NO_VERDICT, f"{where} cannot be read: {error.message}. {remedy}")
            return None
        if stored.outcome is not Outcome.VERIFIED:
            why = "\n".join([f"the last verdict is {stored.outcome}:", *stored.reasons])
            self._reason(Kind.NOT_VERIFIED, why, stored.outcome)
            return None
        if not self._fresh(stored):  # of another leanbound, perhaps, which writes verdicts in another way
            return None
        if edited:
            self._reason(Kind.VERDICT_DIFFERS, f"{where} is not written as leanbound writes it: it was edited")
        return stored

    def _fresh(self, stored: Verdict) -> bool:
        """Whether all that the verdict rests on is as it was; says what is not."""
        checker, toolchain = self.checker, self.checker.toolchain
        identity = None if toolchain is None else toolchain.identity
        changed = freshness.changes(checker.workspace, stored, checker.code, identity)
        if not changed:
            return True
        lines = [_change(checker, stored, name) for name in changed[:_MOST]]
        more = [f"and {len(changed) - _MOST} more"] if len(changed) > _MOST else []
        remedy = f"Run `leanbound verify {self.name}`."
        text = "\n".join([f"changed since the claim was verified: {lines[0]}", *lines[1:], *more, remedy])
        self._reason(Kind.STALE, text)
        return False

    def _compare(self, stored: Verdict, loaded: LoadedClaim, toolchain: "Toolchain", audited: "ArtifactAudit") -> None:
        """Make the verdict again without Lean, and name every field in which the stored one differs."""
        try:
            again = _verdict_again(self.checker, loaded, toolchain, audited)
        except LeanboundError as error:
            message = f"what the verdict rests on cannot be made again: {error.message}"
            self._reason(Kind.VERDICT_DIFFERS, message, outcome_of(error.exit_code))
            return
        self.inputs = again.inputs
        differences = [
            f"{key} is {a} in the verdict, {b} when it is made again" for key, a, b in _differences(stored, again)
        ]
        for line in differences[:_MOST]:
            self._reason(Kind.VERDICT_DIFFERS, line)
        if len(differences) > _MOST:
            self._reason(Kind.VERDICT_DIFFERS, f"and {len(differences) - _MOST} more fields differ")

    def _reason(self, kind: Kind, message: str, outcome: Outcome = Outcome.REJECTED) -> None:
        self.reasons.append(Reason.of(kind, message, self._file, claim=self.name, outcome=outcome))

    def _error(self, kind: Kind, error: LeanboundError) -> None:
        self.reasons.append(Reason.of_error(kind, error, self._file, self.name))


def _change(checker: Checker, stored: Verdict, name: str) -> str:
    """A change in words, with the digests before and after."""
    if name in stored.files:
        now = freshness.file_digest(checker.workspace.root / name) or _ABSENT
        return f"{name}: SHA-256 {_short(stored.files[name])} then, {_short(now)} now"
    if checker.code != stored.code_digest and name == "leanbound itself":
        return f"{name}: code_digest {_short(stored.code_digest)} then, {_short(checker.code)} now"
    before = "none" if stored.toolchain is None else stored.toolchain.identity
    return f"{name}: {before} then, {'none' if checker.toolchain is None else checker.toolchain.identity} now"


def _short(digest: str) -> str:
    return f"{digest[:16]}..." if len(digest) > 16 else digest


def _verdict_again(checker: Checker, loaded: LoadedClaim, toolchain: "Toolchain", audited: "ArtifactAudit") -> Verdict:
    """The verdict that the sources of now, the certificate and the audit give; what Lean did is not repeated."""
    from leanbound.audit.theorem import LIBRARY_ASSUMPTION
    from leanbound.lean.artifacts import artifact_path
    from leanbound.lean.build import artifacts_dir
    from leanbound.pipeline.certificates import certificate_path
    from leanbound.pipeline.preparation import Settings, derive, start

    workspace = checker.workspace
    directory = workspace.claim_build(loaded.name)
    settings = Settings(workspace, certificate=certificate_path(directory))
    run: Run = replace(start(loaded, checker.code, settings), source_root=directory / "lean")
    derive(run, settings)
    if run.rendered is None or audited.statement is None:
        raise InputError(f"{loaded.name}: not prepared")
    module = run.rendered.names.proof_module
    run.fields |= {
        "toolchain": ToolchainRecord(**toolchain.info.to_dict(), identity=toolchain.identity),
        "statement": audited.statement,
        "axioms": audited.axioms,
        "library_assumption": LIBRARY_ASSUMPTION,
        "artifact": workspace.relative(artifact_path(artifacts_dir(workspace.artifacts, toolchain), module)),
        "proved": audited.statement.count,
    }
    run.files |= audited.files
    return run.verdict(Outcome.VERIFIED)


def _differences(stored: Verdict, again: Verdict) -> Iterator[tuple[str, str, str]]:
    """Every field that differs, but for those of the run: its name, and both values."""
    ours, theirs = _flat(stored), _flat(again)
    for key in dict.fromkeys([*ours, *theirs]):
        if ours.get(key) != theirs.get(key):
            yield key, _value(ours, key), _value(theirs, key)


def _flat(verdict: Verdict) -> dict[str, Any]:
    """Fields by name, those of parts as `statement.count`, entries of tables as `files[path]`."""
    flat: dict[str, Any] = {}
    for name, value in verdict.model_dump(mode="json", exclude={*_OF_THE_RUN}).items():
        if isinstance(value, Mapping):
            form = "{}[{}]" if name in ("files", "templates") else "{}.{}"
            flat |= {form.format(name, key): item for key, item in value.items()}
        else:
            flat[name] = value
    return flat


def _value(fields: Mapping[str, Any], key: str) -> str:
    if key not in fields:
        return _ABSENT
    text = str(fields[key])
    return text if len(text) <= 160 else f"{text[:160]}..."
