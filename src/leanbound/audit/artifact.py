"""The audit of one claim's artifact, from its bytes and the lock alone: no verdict or checkpoint is read.

What it establishes is listed in `CHECKS`; that Lean's kernel accepted the proof is the build's word, unless Lean's own
`leanchecker` is there to replay it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from leanbound.audit.claim import ExpectedClaim, audit_claim
from leanbound.claims.lock import Lock, LockedClaim, load_lock
from leanbound.claims.specification import constants_of
from leanbound.claims.verdict import Statement
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError, RejectedError
from leanbound.families.registry import family_of
from leanbound.lean.artifacts import artifact_path, part_path
from leanbound.lean.build import artifacts_dir
from leanbound.lean.environment import Environment, Shelf, find_artifacts
from leanbound.lean.toolchain import Toolchain
from leanbound.rendering.render import ClaimNames

CHECKS: Final = (
    "the theorem's type is the claim's constant, and that is the locked property, task and bound",
    "every constant of the specification unfolds to what is locked",
    "every weight, read back from the artifact, is the locked one",
    "no axiom beyond propext, Classical.choice and Quot.sound; nothing unsafe, partial, opaque or overridden",
    "every import is the toolchain's Init, leanbound's library or this claim's own",
    "the claim, spelled out in a module of its own and closed by the proof, was checked by a fresh Lean process",
)


@dataclass(frozen=True)
class ArtifactAudit:
    """What the artifact of a claim proves, and why it does not stand, if it does not."""

    reasons: tuple[str, ...]
    statement: Statement | None
    axioms: tuple[str, ...]
    files: dict[str, str]
    """Every file of an artifact that was read -> SHA-256 of its bytes as they were read."""
    checks: tuple[str, ...]
    """What was established, in words; what failed stands in `reasons`."""


def audit_artifact(
    workspace: Workspace,
    name: str,
    toolchain: Toolchain,
    directory: Path | None = None,
    shelf: Shelf | None = None,
) -> ArtifactAudit:
    """Audit the artifact of a claim, in the build folder unless another directory is given, against the lock.

    Several claims audited with one `shelf` have the modules that they share read once.
    Raises RejectedError when there is no artifact, or it cannot be read; InputError when there is no lock.
    """
    lock = load_lock(workspace)
    if name not in lock.claims:
        raise InputError(f"{name} is not in the lock. Pin it with `leanbound lock`.")
    directory = directory or artifacts_dir(workspace.artifacts, toolchain)
    module = ClaimNames.of(name).replay_module
    if not artifact_path(directory, module).is_file():
        raise RejectedError(
            f"{name} has no artifact of {toolchain.version} ({toolchain.kind}). Run `leanbound verify`."
        )
    environment = Environment(find_artifacts([directory], [toolchain.library]), module, shelf)
    found = audit_claim(environment, _expected(name, lock, lock.claims[name]))
    reasons = [*found.reasons, *_foreign_modules(environment, name), *_other_lean(environment, lock)]
    files = _files(workspace, environment, directory)
    replayed = toolchain.replay(sorted(environment.modules), directory)
    if replayed is not None and replayed:
        reasons.append(f"leanchecker does not accept the artifact: {replayed}")
    checks = CHECKS if replayed is None else (*CHECKS, "leanchecker replayed every declaration in a fresh kernel")
    return ArtifactAudit(tuple(reasons), found.statement(), found.audit.axioms, files, checks)


def _expected(name: str, lock: Lock, locked: LockedClaim) -> ExpectedClaim:
    names = ClaimNames.of(name)
    constants = constants_of(locked.property, *(family_of(model.config) for model in locked.models()))
    return ExpectedClaim(
        theorem=names.theorem,
        replay=names.replay,
        claim=names.claim,
        statement_module=names.statement_module,
        model=locked.quantised(),
        claimed=locked.property,
        other=None if locked.other is None else locked.other.quantised(),
        meanings={constant.name: lock.meanings.get(constant.name, "none") for constant in constants},
    )


def _foreign_modules(environment: Environment, name: str) -> list[str]:
    """Modules that are neither the toolchain's, nor the library's, nor this claim's."""
    own = ("LeanBound.", f"{ClaimNames.of(name).namespace}.")
    reasons = [
        f"the module {module} is not of this claim" for module in environment.modules if not module.startswith(own)
    ]
    foreign = sorted({module for module in environment.library_imports if module.split(".")[0] != "Init"})
    return reasons + [f"the import of {module} is not allowed" for module in foreign]


def _other_lean(environment: Environment, lock: Lock) -> list[str]:
    header = environment.header
    if (header.lean_version, header.commit) == (lock.toolchain.version, lock.toolchain.commit):
        return []
    locked = f"{lock.toolchain.version} {lock.toolchain.commit}"
    return [f"the artifact is of Lean {header.lean_version} {header.commit}, the lock says {locked}"]


def _files(workspace: Workspace, environment: Environment, directory: Path) -> dict[str, str]:
    return {
        workspace.relative(part_path(artifact_path(directory, name), suffix)): digest
        for name, module in environment.modules.items()
        for suffix, digest in module.sha256.items()
    }
