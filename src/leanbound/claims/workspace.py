"""Where things lie in a repository of claims. What is generated goes under `build/`, never beside the sources."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from leanbound.errors import InputError

CLAIM_FILE = "claim.toml"


@dataclass(frozen=True)
class Workspace:
    """A repository with claims in `proofs/`."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Self:
        """The nearest directory at or above `start` that has `proofs/` and `lean/LeanBound/`.

        Raises InputError when there is none.
        """
        for directory in (start.resolve(), *start.resolve().parents):
            if (directory / "proofs").is_dir() and (directory / "lean" / "LeanBound").is_dir():
                return cls(directory)
        raise InputError(f"{start}: no repository of claims here or above. Go to one, or name it with --root.")

    @property
    def proofs(self) -> Path:
        """One folder for each claim."""
        return self.root / "proofs"

    @property
    def lean(self) -> Path:
        """Sources of the Lean library."""
        return self.root / "lean"

    @property
    def templates(self) -> Path:
        """Locked statements, and proofs that may be edited."""
        return self.root / "templates"

    @property
    def build(self) -> Path:
        """Everything that can be made again."""
        return self.root / "build"

    @property
    def artifacts(self) -> Path:
        """The build directory of Lean."""
        return self.build / "lean"

    def claim_build(self, name: str) -> Path:
        """What is generated for one claim."""
        return self.build / "claims" / name

    def verdict_path(self, name: str) -> Path:
        """The verdict of a claim."""
        return self.claim_build(name) / "verdict.json"

    def claim_names(self) -> list[str]:
        """The claims of the repository, sorted: folders of `proofs/` that hold a claim file."""
        return sorted(path.parent.name for path in self.proofs.glob(f"*/{CLAIM_FILE}"))

    def inside(self, path: str) -> Path:
        """A path relative to the root, as an absolute one. Raises InputError when it leads out of the repository."""
        if Path(path).is_absolute():
            raise InputError(f"{path}: leads out of the repository {self.root}. Give a path relative to its root.")
        return self.require_inside(Path(path))

    def require_inside(self, path: Path) -> Path:
        """A path with all links followed. Raises InputError when it leads out of the repository."""
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            raise InputError(f"{path}: leads out of the repository {self.root}. Give a path relative to its root.")
        return found

    def relative(self, path: Path) -> str:
        """A path as it is recorded: relative to the root where it lies inside."""
        resolved, root = path.resolve(), self.root.resolve()
        return str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(resolved)
