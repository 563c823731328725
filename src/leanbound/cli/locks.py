"""The commands about the lock and the audit: lock and audit."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leanbound.claims.workspace import Workspace
from leanbound.errors import ExitCode, InputError

if TYPE_CHECKING:
    from leanbound.audit.artifact import ArtifactAudit


def lock(arguments: argparse.Namespace) -> int:
    """Pin the repository's claims, or say what differs from what is pinned."""
    from leanbound.claims.changes import lock_differences

    workspace = Workspace.find(arguments.root)
    if arguments.check:
        return _report(lock_differences(workspace), arguments.json)
    from leanbound.claims.lock import lock_path
    from leanbound.claims.locking import make_lock
    from leanbound.lean.progress import console_progress
    from leanbound.lean.toolchain import preference_from_env, select_toolchain

    try:
        changed = lock_differences(workspace) if lock_path(workspace).is_file() else []
    except InputError as error:  # a lock that cannot be read is made anew
        changed = [error.message]
    toolchain = select_toolchain(preference_from_env(arguments.toolchain))
    with console_progress("Lean") as listen:
        made = make_lock(workspace, toolchain, listen)
    made.save(workspace)
    for line in changed:
        print(line)
    print(f"{lock_path(workspace)}: {len(made.claims)} claims locked, Lean {made.toolchain.version}")
    return ExitCode.OK


def _report(differences: list[str], as_json: bool) -> int:
    if as_json:
        print(json.dumps({"differences": differences}, indent=1))
    else:
        for line in differences:
            print(line)
        print("the lock holds" if not differences else f"{len(differences)} differences from the lock", file=sys.stderr)
    return ExitCode.REJECTED if differences else ExitCode.OK


def audit(arguments: argparse.Namespace) -> int:
    """Audit the artifact of a claim."""
    from leanbound.audit.artifact import audit_artifact
    from leanbound.lean.toolchain import preference_from_env, select_toolchain

    workspace = Workspace.find(arguments.root)
    name, directory = _claim_of(workspace, arguments.artifact)
    toolchain = select_toolchain(preference_from_env(arguments.toolchain), install=False)
    found = audit_artifact(workspace, name, toolchain, directory=directory)
    if arguments.json:
        facts = {
            "claim": name,
            "verified": not found.reasons,
            "reasons": found.reasons,
            "statement": found.statement.model_dump() if found.statement else None,
            "axioms": found.axioms,
            "checks": found.checks,
            "files": found.files,
        }
        print(json.dumps(facts, indent=1))
    else:
        print(_text(name, found))
    return ExitCode.REJECTED if found.reasons else ExitCode.OK


def _claim_of(workspace: Workspace, artifact: str) -> tuple[str, Path | None]:
    """The claim, and the directory of artifacts if a file was given: `DIR/Claims/<Id>/Proof.olean`."""
    from leanbound.rendering.render import claim_id

    names = workspace.claim_names()
    if artifact in names:
        return artifact, None
    path = Path(artifact)
    if not path.is_file() or path.suffix != ".olean" or len(path.parts) < 4 or path.parts[-3] != "Claims":
        known = ", ".join(names) or "none"
        raise InputError(
            f"{artifact} is neither a claim nor an artifact of one. Give the name of a claim (here: {known}), or the "
            "path of a .../Claims/<Id>/Proof.olean."
        )
    for name in names:
        if claim_id(name) == path.parts[-2]:
            return name, path.parent.parent.parent
    raise InputError(f"{artifact} is of no claim of this repository. Claims here: {', '.join(names) or 'none'}.")


def _text(name: str, found: "ArtifactAudit") -> str:
    """The audit for a reader: what it comes to, the theorem, and every check or reason."""
    lines = [f"{name}: {'rejected' if found.reasons else 'the artifact proves the claim'}"]
    lines += [f"  rejected: {reason}" for reason in found.reasons]
    if found.statement is not None:
        lines += [f"  theorem: {found.statement.theorem} : {found.statement.unfolded}"]
    lines += [f"  axioms: {', '.join(found.axioms) or 'none'}"]
    if not found.reasons:
        lines += [f"  checked: {check}" for check in found.checks]
    return "\n".join(lines)
