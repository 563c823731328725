"""What Lean takes before it comes to a module's own work, which is taken off the cost of a check."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from leanbound.lean.artifacts import ModuleRecord
from leanbound.lean.build import build
from leanbound.lean.toolchain import Toolchain

_PROBES = ("First", "Next")


class StartUp(BaseModel):
    """CPU seconds of a module of one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: float = Field(description="as the first module of its process")
    next: float = Field(description="as a later one, where the toolchain can check several in one process")

    def beyond(self, records: Iterable[ModuleRecord]) -> float:
        """CPU seconds of modules less their start-ups; at least 0."""
        taken = (record.cpu_seconds - (self.first if record.first else self.next) for record in records)
        return max(0.0, sum(taken))


def measure_startup(toolchain: Toolchain, directory: Path) -> StartUp:
    """The start-up of this Lean, measured now; nothing of it is kept in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".startup-", dir=directory) as name:
        root = Path(name)
        for probe in _PROBES:
            (root / f"{probe}.lean").write_text("module\n")
        result = build(
            _PROBES, roots=[root], toolchain=toolchain, out=root / "out", jobs=1, shared=lambda _module: "probe"
        )
        first, last = (result.require(probe).cpu_seconds for probe in _PROBES)
        return StartUp(first=round(first, 2), next=round(last, 2))
