"""What a repository holds: its Markdown files, generated files that git tracks, and what lies in `proofs/`.

Where the repository is one of git's, git says which files are ignored and which are tracked; where git is needed and
cannot answer, the gate is told so and does not guess.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from leanbound.claims.claim import require_claim_name
from leanbound.claims.workspace import CLAIM_FILE, Workspace
from leanbound.errors import InputError

_SKIPPED: Final = frozenset({".git", ".venv", "node_modules"})
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_GIT_SECONDS: Final = 60


@dataclass(frozen=True)
class Repository:
    """What git knows of a repository; empty where there is no git."""

    is_git: bool = False
    prefix: str = ""
    """Path of the root within git's work tree, ending in a slash; empty if they are the same."""
    tracked: tuple[str, ...] = ()
    """Paths relative to the root."""
    untracked: tuple[str, ...] = ()
    """Those that are not ignored either."""


@dataclass(frozen=True)
class Folder:
    """A folder of `proofs/` and why it is no claim; None if it looks like one."""

    name: str
    fault: str | None


def read_repository(workspace: Workspace) -> Repository:
    """Ask git. Raises InputError when the root lies in a git repository and git does not answer."""
    root = workspace.root
    if not any((directory / ".git").exists() for directory in (root, *root.parents)):
        return Repository()
    prefix = _git(root, "rev-parse", "--show-prefix").rstrip("\n")
    tracked = _names(_git(root, "ls-files", "-z", "--cached"))
    untracked = _names(_git(root, "ls-files", "-z", "--others", "--exclude-standard"))
    return Repository(True, prefix, tracked, untracked)


def generated_files(workspace: Workspace, repository: Repository) -> list[str]:
    """Files under `build/` that git tracks."""
    build = workspace.build.name
    return sorted(name for name in repository.tracked if PurePosixPath(name).parts[0] == build)


def markdown_files(workspace: Workspace, repository: Repository) -> list[Path]:
    """Every Markdown file of the repository once, by its path below the root, sorted.

    Those that git tracks, wherever they lie; of the others, not those that git ignores, nor any in `build`, `.venv` or
    `node_modules`. Links are followed to files inside the repository.
    """
    if repository.is_git:
        others = [name for name in repository.untracked if not _SKIPPED & {*PurePosixPath(name).parts}]
        names = [*repository.tracked, *others]
    else:
        names = list(_walk(workspace.root))
    build = workspace.build.name
    root = workspace.root.resolve()
    found = set()
    for name in names:
        if PurePosixPath(name).suffix.lower() == ".md" and PurePosixPath(name).parts[0] != build:
            path = _resolved(root / name)
            if path is not None and path.is_relative_to(root) and path.is_file():
                found.add(workspace.root / path.relative_to(root))
    return sorted(found)


def claim_folders(workspace: Workspace) -> list[Folder]:
    """Every folder of `proofs/`, sorted by name; hidden ones only if they hold a claim file."""
    found = sorted(path for path in workspace.proofs.iterdir() if path.is_dir() or path.is_symlink())
    shown = [path for path in found if not path.name.startswith(".") or (path / CLAIM_FILE).exists()]
    return [Folder(path.name, _fault(workspace, path)) for path in shown]


def _fault(workspace: Workspace, folder: Path) -> str | None:
    try:
        require_claim_name(folder.name)
    except InputError as error:
        return error.message
    file = folder / CLAIM_FILE
    if not file.is_file():
        return f"there is no {CLAIM_FILE} in this folder of proofs/: add one, or remove the folder"
    resolved = _resolved(file)
    if resolved is None or not resolved.is_relative_to(workspace.root.resolve()):
        return f"its {CLAIM_FILE} is a link out of the repository: put the file itself here"
    return None


def _walk(root: Path) -> Iterator[str]:
    for directory, folders, files in os.walk(root):
        skipped = _SKIPPED | {"build"} if Path(directory) == root else _SKIPPED
        folders[:] = [name for name in folders if name not in skipped]
        for name in files:
            yield Path(directory, name).relative_to(root).as_posix()


def _resolved(path: Path) -> Path | None:
    """A path without links; None if they form a loop."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None


def _names(output: str) -> tuple[str, ...]:
    return tuple(name for name in output.split("\0") if name)


def _git(root: Path, *arguments: str) -> str:
    """Standard output of git. Raises InputError when it fails; what a hook of git's has set is not passed on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=root, env=environment, capture_output=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"git cannot be asked which files it tracks: {error}. Put git on PATH.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise InputError(f"git cannot say which files it tracks:\n{said}")
    return os.fsdecode(done.stdout)
