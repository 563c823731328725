"""Rendered claims in tests: against golden files, and through a real Lean, whose compiled library the tests share."""

import os
from collections.abc import Iterable
from pathlib import Path

from tests.corpus import ROOT

from leanbound.lean.build import BuildResult, build
from leanbound.lean.embedded import load_embedded
from leanbound.rendering.render import RenderedClaim


def assert_golden(rendered: RenderedClaim, folder: str) -> None:
    """Every module is, byte for byte, as in `tests/data/golden/<folder>`; UPDATE_GOLDEN=1 writes that anew."""
    for module, source in rendered.modules.items():
        path = ROOT / "tests" / "data" / "golden" / folder / f"{module.rsplit('.', 1)[-1]}.lean"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        assert path.read_text() == source, f"{path} differs; UPDATE_GOLDEN=1 writes it anew"


def kernel(root: Path, *modules: str) -> BuildResult:
    """Have Lean check modules under `root`."""
    roots = [root, ROOT / "lean"]
    return build(list(modules), roots=roots, toolchain=load_embedded(install=True), out=ROOT / "build" / "lean")


def kernel_accepts(root: Path, claim: str, imports: Iterable[str], lines: Iterable[str], *modules: str) -> None:
    """Raise unless Lean accepts declarations in the namespace of a claim under `root`, and `modules` besides.

    `claim` is as in names of modules; `imports` are modules of the claim, or others by their full names.
    """
    names = [name if "." in name else f"Claims.{claim}.{name}" for name in imports]
    # One theorem after the other: a thread for each is more than the embedded Lean has memory for.
    source = [
        *("module", *(f"public import {name}" for name in names), "@[expose] public section"),
        *(f"namespace Claims.{claim}", "open LeanBound", "set_option Elab.async false", "noncomputable section"),
        *(*lines, "end", f"end Claims.{claim}", ""),
    ]
    (root / "Claims" / claim / "Mutations.lean").write_text("\n".join(source))
    kernel(root, f"Claims.{claim}.Mutations", *modules).raise_failures()
