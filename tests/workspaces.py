"""Small repositories of claims for tests, and the command line run inside them."""

import shutil
from pathlib import Path

from tests.corpus import ROOT

from leanbound.lean.build import build
from leanbound.lean.embedded import load_embedded

CLAIM = "max-of-2-v5-brute-force"


def make_workspace(directory: Path, *claims: str) -> Path:
    """A repository with some of the shipped claims (one of 25 inputs, unless others are named) and all models."""
    for name in claims or (CLAIM,):
        shutil.copytree(ROOT / "proofs" / name, directory / "proofs" / name)
    for name in ("models", "templates", "lean"):
        shutil.copytree(ROOT / name, directory / name)
    return directory


def checked_library(copy: Path) -> Path:
    """A copy of the library as the embedded Lean has checked it; it is checked now where it has changed."""
    out = ROOT / "build" / "lean"
    targets = [f"LeanBound.Strategies.{name}.Soundness" for name in ("AllPairs", "Exhaustive", "Relaxation", "Tables")]
    build(targets, roots=[ROOT / "lean"], toolchain=load_embedded(install=True), out=out).raise_failures()
    shutil.copytree(out, copy, ignore=shutil.ignore_patterns("Claims", ".work-*"))
    return copy


def generated(workspace: Path) -> list[str]:
    """Every file under `build/`, and every temporary file anywhere, relative to the repository."""
    found = [path for path in workspace.rglob("*") if path.is_file()]
    return sorted(
        str(path.relative_to(workspace))
        for path in found
        if path.is_relative_to(workspace / "build") or path.name.startswith(".")
    )
