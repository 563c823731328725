"""Small repositories of claims for tests, and the command line run inside them."""

import shutil
from pathlib import Path

from tests.corpus import ROOT

CLAIM = "max-of-2-v5-brute-force"


def make_workspace(directory: Path, *claims: str) -> Path:
    """A repository with some of the shipped claims (one of 25 inputs, unless others are named) and all models."""
    for name in claims or (CLAIM,):
        shutil.copytree(ROOT / "proofs" / name, directory / "proofs" / name)
    for name in ("models", "templates", "lean"):
        shutil.copytree(ROOT / name, directory / name)
    return directory


def generated(workspace: Path) -> list[str]:
    """Every file under `build/`, and every temporary file anywhere, relative to the repository."""
    found = [path for path in workspace.rglob("*") if path.is_file()]
    return sorted(
        str(path.relative_to(workspace))
        for path in found
        if path.is_relative_to(workspace / "build") or path.name.startswith(".")
    )
