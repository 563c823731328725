"""What a checked artifact proves, read from the artifact itself: the statement, its axioms, all that it rests on.

    environment = Environment(find_artifacts([build], [library]), "Claims.Max4.Proof")
    audit = audit_theorem(environment, "Claims.Max4.proved")
    reasons = check(audit, claim="Claims.Max4.Claim", statement_module="Claims.Max4.Statement")

Assumed, and not established here: that Lean's kernel accepted the declarations of these files (the artifact's origin,
or a second check from sources, says so); that the toolchain's library is what it should be. Its modules hold statements
without proofs in the embedded Lean, where every theorem reads like an axiom, so its true axioms are known by name:
`LIBRARY_AXIOMS` is all that a scan of the 2,098 library modules of Lean 4.28 finds under the roots Init, Std and Lean
(a theorem, or a definition whose body is hidden, is told from an axiom there by `privateConstKindsExt`). Imports from
other roots, Lake's for one, are refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from leanbound.lean.environment import AuditError, Environment
from leanbound.lean.expr import Expr, ExprKind, Terms, digest
from leanbound.lean.olean import Constant, ConstantKind, Part
from leanbound.lean.printer import render

__all__ = ["ALLOWED_AXIOMS", "LIBRARY_ASSUMPTION", "LIBRARY_AXIOMS", "TheoremAudit", "audit_theorem", "check"]
__all__ += ["claim_digest", "foundation_reasons", "statement_of"]

ALLOWED_AXIOMS = frozenset({"propext", "Classical.choice", "Quot.sound"})
LIBRARY_AXIOMS = ALLOWED_AXIOMS | {
    "sorryAx",
    "Lean.ofReduceBool",
    "Lean.ofReduceNat",
    "Lean.trustCompiler",
    "Quot.lcInv",
    "lcAny",
    "lcCast",
    "lcErased",
    "lcProof",
    "lcUnreachable",
    "lcVoid",
}
LIBRARY_ASSUMPTION = (
    "theorems of the toolchain's library are taken to rest on propext, Classical.choice and Quot.sound at most; "
    "its artifacts hold no proofs to walk"
)
"""To be shown with every list of axioms: `TheoremAudit.axioms` has what own declarations use directly."""
# Of no account to the kernel, but they make compiled code differ from what is proved about it.
_OVERRIDES = {
    "Lean.Compiler.implementedByAttr": "implemented_by",
    "Lean.externAttr": "extern",
    "Lean.Compiler.CSimp.ext": "csimp",
}


@dataclass(frozen=True)
class TheoremAudit:
    """A theorem of an artifact and all that its statement and proof rest on. Names are complete; tuples are sorted.

    `statement_digest` is of the statement's structure alone; `meaning_digest` also of every own definition that it
    unfolds to (specification, model, task), so it changes with any weight. `axioms` are those that own
    declarations use directly, `own_axioms` those that own modules declare; of the library see `LIBRARY_ASSUMPTION`.
    """

    module: str
    theorem: str
    kind: ConstantKind
    level_params: tuple[str, ...]
    statement: str
    statement_constant: str | None
    statement_module: str | None
    statement_unfolded: str | None
    statement_digest: str
    meaning_digest: str
    axioms: tuple[str, ...]
    own_axioms: tuple[str, ...]
    unsafe: tuple[str, ...]
    partial: tuple[str, ...]
    opaque: tuple[str, ...]
    overrides: tuple[str, ...]
    own_constants: int
    library_constants: int
    library_imports: tuple[str, ...]
    module_digests: tuple[tuple[str, str], ...]
    lean_version: str
    lean_commit: str
    pointer_bits: int


def statement_of(environment: Environment, theorem: str) -> Expr:
    """The type of an own theorem; raises `AuditError` if no own module declares that name."""
    return _declared(environment, theorem).type


def claim_digest(name: str) -> str:
    """The `statement_digest` of a theorem whose type is exactly the constant `name`, without universe levels."""
    return digest(Terms().expr(ExprKind.CONST, (name, ()))).hex()


def _declared(environment: Environment, name: str) -> Constant:
    found = environment.constant(name)
    if found is None:
        raise AuditError(f"{name} is not declared in {environment.root} or what it imports of ours")
    return found


def audit_theorem(environment: Environment, theorem: str) -> TheoremAudit:
    """Audit a theorem of the environment's root module or of an own module that it imports. Raises `AuditError`,
    `OleanError`.
    """
    subject = _declared(environment, theorem)
    reach = environment.reach((environment.terms.expr(ExprKind.CONST, (theorem, ())),), proofs=True)
    own_axioms = _names(reach.own.values(), ConstantKind.AXIOM)
    statement_constant = subject.type.const_name
    unfolded = environment.unfold(statement_constant) if statement_constant else None
    header = environment.header
    return TheoremAudit(
        module=environment.home(theorem) or environment.root,
        theorem=theorem,
        kind=subject.kind,
        level_params=subject.level_params,
        statement=render(subject.type),
        statement_constant=statement_constant,
        statement_module=environment.home(statement_constant) if statement_constant else None,
        statement_unfolded=render(unfolded) if unfolded else None,
        statement_digest=digest(subject.type).hex(),
        meaning_digest=environment.meaning(subject.type),
        axioms=tuple(sorted({*own_axioms, *(reach.library & LIBRARY_AXIOMS)})),
        own_axioms=own_axioms,
        unsafe=tuple(sorted(name for name, found in reach.own.items() if found.is_unsafe)),
        partial=tuple(sorted(name for name, found in reach.own.items() if found.is_partial)),
        opaque=_names(reach.own.values(), ConstantKind.OPAQUE),
        overrides=_overrides(environment),
        own_constants=len(reach.own),
        library_constants=len(reach.library),
        library_imports=tuple(sorted(environment.library_imports)),
        module_digests=tuple(sorted(environment.digests().items())),
        lean_version=header.lean_version,
        lean_commit=header.commit,
        pointer_bits=8 * header.pointer_bytes,
    )


def _names(found: Iterable[Constant], kind: ConstantKind) -> tuple[str, ...]:
    return tuple(sorted(constant.name for constant in found if constant.kind is kind))


def _overrides(environment: Environment) -> tuple[str, ...]:
    """`attribute constant` for the attributes in own modules by which compiled code departs from definitions."""
    found: set[str] = set()
    for module in environment.modules.values():
        for part in (module.exported, module.full):
            for extension, attribute in _OVERRIDES.items():
                found.update(f"{attribute} {name}" for name in _entry_names(part, extension))
    return tuple(sorted(found))


def _entry_names(part: Part | None, extension: str) -> list[str]:
    return part.entry_names(extension, scoped=extension.endswith(".ext")) if part else []


def check(
    audit: TheoremAudit,
    *,
    claim: str,
    statement_module: str | None = None,
    meaning_digest: str | None = None,
    allowed_axioms: frozenset[str] = ALLOWED_AXIOMS,
) -> list[str]:
    """Reasons why the audited theorem does not prove `claim`; an empty list if it does.

    The theorem's type must be exactly the constant `claim`, a definition of `statement_module` (if given) with the
    meaning `meaning_digest` (if given); its axioms among `allowed_axioms`, none of them declared by own modules.
    """
    reasons = foundation_reasons(audit, allowed_axioms)
    if audit.statement_digest != claim_digest(claim):
        reasons.append(f"{audit.theorem} states {audit.statement[:500]}, not {claim}")
    elif audit.statement_unfolded is None:
        reasons.append(f"{claim} is not a definition of an own module")
    elif statement_module is not None and audit.statement_module != statement_module:
        reasons.append(f"{claim} is declared in {audit.statement_module}, not in {statement_module}")
    if meaning_digest is not None and audit.meaning_digest != meaning_digest:
        reasons.append(
            f"{claim} means something else than expected: digest {audit.meaning_digest}, not {meaning_digest}"
        )
    return reasons


def foundation_reasons(audit: TheoremAudit, allowed_axioms: frozenset[str] = ALLOWED_AXIOMS) -> list[str]:
    """Reasons why what was audited is no theorem, or rests on more than the kernel and the allowed axioms."""
    reasons = []
    if audit.kind is not ConstantKind.THEOREM:
        reasons.append(f"{audit.theorem} is declared as {audit.kind}, not as a theorem")
    if audit.level_params:
        reasons.append(f"{audit.theorem} has universe parameters {', '.join(audit.level_params)}")
    reasons += [f"axiom {name} is declared in a module of this project" for name in audit.own_axioms]
    reasons += [
        f"axiom {name} is not allowed" for name in audit.axioms if name not in allowed_axioms | {*audit.own_axioms}
    ]
    reasons += [f"{name} is unsafe" for name in audit.unsafe]
    reasons += [f"{name} is partial" for name in audit.partial]
    reasons += [f"{name} is opaque: its value is hidden" for name in audit.opaque]
    reasons += [f"compiled code departs from the definition: {override}" for override in audit.overrides]
    return reasons
