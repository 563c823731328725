"""Lean runs of certificates that are no claims of the repository."""

import tempfile
from pathlib import Path

from leanbound.lean.artifacts import ModuleRecord
from leanbound.lean.build import build
from leanbound.lean.toolchain import select_toolchain
from leanbound.rendering.render import RenderedClaim

ROOT = Path(__file__).parents[1]


def checked_modules(rendered: RenderedClaim) -> list[ModuleRecord]:
    """Have Lean check a claim, one process at a time: what its own modules cost. Raises as `raise_failures` does."""
    with tempfile.TemporaryDirectory() as folder:
        rendered.write(Path(folder))
        roots = [Path(folder), ROOT / "lean"]
        out = ROOT / "build" / "lean"
        result = build(list(rendered.modules), roots=roots, toolchain=select_toolchain(None), out=out, jobs=1)
    return [result.require(module) for module in rendered.modules]
