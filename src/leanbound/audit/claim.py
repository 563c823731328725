"""The audit of a claim: that the artifact proves it, of these weights, for this task, with this bound.

environment = Environment(find_artifacts([artifacts_dir(out, toolchain)], [toolchain.library]), "Claims.Max4.Proof")
result = audit_claim(environment, expected)
result.reasons  # empty: the claim stands;  result.claim.arguments holds the bound as the artifact has it
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leanbound.audit.readback import ReadClaim, model_differences, read_claim, read_model
from leanbound.audit.theorem import TheoremAudit, audit_theorem, check, foundation_reasons
from leanbound.claims.property import Property
from leanbound.claims.specification import NUMBERS, constants_of
from leanbound.claims.verdict import Statement
from leanbound.families.base import Family
from leanbound.families.quantised import Quantised
from leanbound.families.registry import family_of
from leanbound.lean.environment import AuditError, Environment
from leanbound.lean.expr import ExprKind, digest

__all__ = ["ClaimAudit", "ExpectedClaim", "audit_claim", "meaning_of"]

_MAX_DIFFERENCES = 20


@dataclass(frozen=True)
class ExpectedClaim:
    """What a claim asks for.

    `theorem` proves the constant `claim`, `replay` what that constant is defined as; None leaves the replay out.
    """

    theorem: str
    replay: str | None
    claim: str
    statement_module: str
    model: Quantised
    claimed: Property
    other: Quantised | None = None
    """The second model of a claim that compares two."""

    meanings: Mapping[str, str] = field(default_factory=dict)
    """Constants of the specification, and the digest of all that each must unfold to."""

    specification: Mapping[str, str] | None = None
    """Constants that the statement uses, and the modules that must declare them; None for those of leanbound."""

    def homes(self) -> Mapping[str, str]:
        """Constants of the specification, and the modules that must declare them."""
        if self.specification is not None:
            return self.specification
        models = (self.model, self.other) if self.other is not None else (self.model,)
        return dict([*constants_of(self.claimed, *(family_of(model.config) for model in models)), *NUMBERS])


@dataclass(frozen=True)
class ClaimAudit:
    """The audit of the theorem, the claim as read back (`None` if it cannot be), and the reasons against it."""

    audit: TheoremAudit
    claim: ReadClaim | None
    reasons: tuple[str, ...]
    constant: str
    """The constant that states the claim."""
    asked: int = 0
    """On how many inputs something is claimed, where the statement does not say so itself."""

    def statement(self) -> Statement | None:
        """What the theorem states, for a verdict."""
        if self.claim is None:
            return None
        return Statement(
            theorem=self.audit.theorem,
            claim=self.constant,
            unfolded=self.audit.statement_unfolded or "",
            model=self.claim.model,
            other="" if self.claim.other is None else self.claim.other[1],
            target="" if self.claim.target is None else str(self.claim.target),
            count=self._count(self.claim),
            statement_digest=self.audit.statement_digest,
            meaning_digest=self.audit.meaning_digest,
        )

    def _count(self, claim: ReadClaim) -> int:
        count = claim.arguments.get("count", self.asked)
        return count if isinstance(count, int) else 0


def audit_claim(environment: Environment, expected: ExpectedClaim) -> ClaimAudit:
    """Hold the artifact against the claim. Raises `AuditError` and `OleanError` where that cannot be done."""
    audit = audit_theorem(environment, expected.theorem)
    reasons = check(audit, claim=expected.claim, statement_module=expected.statement_module)
    reasons += _replay_reasons(environment, expected)
    for name, module in expected.homes().items():
        if environment.home(name) != module:
            reasons.append(f"{name} is declared in {environment.home(name)}, not in {module}")
    for name, meaning in expected.meanings.items():
        if meaning_of(environment, name) != meaning:
            reasons.append(f"{name} means something else than what is locked")
    try:
        claim = read_claim(environment, expected.claim, expected.claimed)
    except AuditError as error:
        return ClaimAudit(audit, None, (*reasons, error.message), expected.claim)
    reasons += [f"{expected.claim} {difference}" for difference in claim.differences(expected.claimed)]
    reasons += _subject_reasons(environment, expected.claim, (claim.family, claim.model), expected.model)
    if expected.other is not None and claim.other is not None:
        found = _subject_reasons(environment, expected.claim, claim.other, expected.other)
        reasons += [f"the other model: {reason}" for reason in found]
    asked, _ = expected.claimed.asked_of(expected.model.config)
    return ClaimAudit(audit, claim, tuple(dict.fromkeys(reasons)), expected.claim, asked)


def meaning_of(environment: Environment, constant: str) -> str:
    """SHA-256 of all that a constant of an own module unfolds to."""
    return environment.meaning(environment.terms.expr(ExprKind.CONST, (constant, ())))


def _replay_reasons(environment: Environment, expected: ExpectedClaim) -> list[str]:
    """Why the replay does not prove what the claim is defined as, with the same axioms at most."""
    if expected.replay is None:
        return []
    audit = audit_theorem(environment, expected.replay)
    claim = environment.unfold(expected.claim)
    if claim is not None and audit.statement_digest != digest(claim).hex():
        return [f"{expected.replay} states {audit.statement[:500]}, not what {expected.claim} is defined as"]
    return foundation_reasons(audit)


def _subject_reasons(
    environment: Environment, claim: str, subject: tuple[Family, str], expected: Quantised
) -> list[str]:
    """Why a model of the claim, given by its family and its constant, is not the expected one."""
    (found, name), family = subject, family_of(expected.config)
    if found is not family:
        return [f"{claim} is about a model of the family {found.architecture}, expected {family.architecture}"]
    try:
        differences = model_differences(read_model(environment, name, family.structure_of(expected.config)), expected)
    except AuditError as error:
        return [error.message]
    more = len(differences) - _MAX_DIFFERENCES
    return differences[:_MAX_DIFFERENCES] + ([f"and {more} more differences of the model"] if more > 0 else [])
