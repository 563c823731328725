"""Whether a verdict still holds: every file that it rests on is hashed again. Imports neither torch nor numpy."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from leanbound.claims.verdict import Outcome, Verdict
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError
from leanbound.lean.files import sha256_file

_REUSABLE: Final = (Outcome.VERIFIED, Outcome.INCONCLUSIVE)


def code_digest() -> str:
    """SHA-256 over leanbound's own sources: Python, and the JavaScript that runs Lean."""
    package = Path(__file__).parents[1]
    return tree_digest(package, sorted([*package.rglob("*.py"), *package.rglob("*.js")]))


def tree_digest(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 over the names, relative to `root`, and contents of files."""
    lines = (f"{path.relative_to(root)} {sha256_file(path)}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def hash_files(workspace: Workspace, paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file, by its path as a verdict records it.

    Raises InputError for what leads out of the repository, and what is no regular file or cannot be read.
    """
    found = {}
    for path in paths:
        workspace.require_inside(path)
        try:
            found[workspace.relative(path)] = sha256_file(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}. Replace or remove it.") from error
    return found


def changes(workspace: Workspace, verdict: Verdict, code: str, identity: str | None = None) -> list[str]:
    """What has changed since the verdict; empty if nothing has.

    Args:
        code: `code_digest()`.
        identity: that of the toolchain that would be used now; None leaves it out.
    """
    found = [] if verdict.code_digest == code else ["leanbound itself"]
    if identity is not None and verdict.toolchain is not None and verdict.toolchain.identity != identity:
        found.append("the Lean toolchain")
    return found + [name for name, digest in verdict.files.items() if file_digest(workspace.root / name) != digest]


def stored_verdict(workspace: Workspace, name: str) -> Verdict | None:
    """The last verdict on a claim; None if there is none that can be read."""
    try:
        return Verdict.load(workspace.verdict_path(name))
    except InputError:
        return None


def reusable(workspace: Workspace, name: str, code: str, identity: str | None) -> Verdict | None:
    """The last verdict on a claim, if it settled the claim and nothing has changed since."""
    verdict = stored_verdict(workspace, name)
    if verdict is None or verdict.outcome not in _REUSABLE:
        return None
    return None if changes(workspace, verdict, code, identity) else verdict


def file_digest(path: Path) -> str | None:
    """SHA-256 of a file; None where there is no regular file that can be read, so that no device is read to its end."""
    try:
        return sha256_file(path) if path.is_file() else None
    except OSError:
        return None
