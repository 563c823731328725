"""What it costs to check something with Lean, in numbers that JSON can hold.

CPU seconds are user and system time of Lean's processes. "Beyond start-up" is less the CPU time of a module of one
line, measured in the same run.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import plain_lists

from leanbound.claims.properties import max_of_k
from leanbound.claims.workspace import Workspace
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.registry import load_model
from leanbound.lean.artifacts import ModuleRecord
from leanbound.lean.build import artifacts_dir, build
from leanbound.lean.progress import BuildEvent
from leanbound.lean.startup import StartUp, measure_startup
from leanbound.lean.toolchain import Toolchain
from leanbound.pipeline.measured import measured_accuracy
from leanbound.rendering.render import render_claim
from leanbound.strategies import certify

Values = dict[str, float]
"""What was measured, by a name that says its unit."""

BITS: Final = 8
_PROBES: Final = 3
_SMALL_MODULE: Final = """\
module
theorem sum{i} : {i} + 1 = 1 + {i} := rfl
theorem power{i} : (2 ^ 50 + {i}) % 7 < 7 := by decide +kernel
theorem order{i} (x y : Nat) (h : x < y) : x + 1 ≤ y := by omega
"""


class Bench:
    """Where measurements are made: one toolchain, one build directory, one thing at a time."""

    def __init__(
        self,
        workspace: Workspace,
        toolchain: Toolchain,
        on_event: Callable[[BuildEvent], None],
        jobs: int | None = None,
    ) -> None:
        self.workspace = workspace
        self.toolchain = toolchain
        self._on_event = on_event
        self._jobs = jobs
        self._out = workspace.build / "lean"

    def startup(self) -> StartUp:
        """Of a module of one line: the least of three."""
        found = [measure_startup(self.toolchain, self._out) for _ in range(_PROBES)]
        return StartUp(first=min(item.first for item in found), next=min(item.next for item in found))

    def claim(self, strategy: str, path: str) -> Values:
        """A claim about a model, from its checkpoint to the last theorem, and the accuracy that PyTorch measures."""
        checkpoint = load_model(self.workspace.root / path)
        measured = measured_accuracy(checkpoint, max_of_k(1), self.workspace.build / "measured")
        started = _own_cpu()
        model = quantize_fixed(checkpoint, BITS)
        certificate = certify(strategy, model, max_of_k(1))
        rendered = render_claim(f"bench-{Path(path).name}", model, max_of_k(certificate.proved), certificate)
        prepared = _own_cpu() - started
        startup = self.startup()
        with self._scratch(rendered.names.namespace) as root:
            rendered.write(root)
            checked = self._checked([rendered.names.replay_module], [root, self.workspace.lean])
        own = [record for record in checked if record.module in rendered.modules]
        return {
            "prepare_cpu_seconds": prepared,
            "proved": certificate.proved,
            "inputs": certificate.inputs,
            "measured_correct": measured.correct,
            "measured_inputs": measured.inputs,
            "splits": sum(len(maximum.splits) + len(maximum.counts) for maximum in certificate.maxima),
            "certificate_bytes": certificate.size_bytes,
            **_costs(own, startup),
        }

    def plain_lists(self, path: str) -> Values:
        """The check of whole classes on lanes and on lists of `Int`, from the same tables."""
        model = quantize_fixed(load_model(self.workspace.root / path), BITS)
        startup = self.startup()
        with self._scratch("Bench") as root:
            classes = plain_lists.write(model, root)
            roots = [root, plain_lists.LEAN, self.workspace.lean]
            checked = {item.module: item for item in self._checked([plain_lists.LANES, plain_lists.LISTS], roots)}
        lanes, lists = (_costs([checked[name]], startup) for name in (plain_lists.LANES, plain_lists.LISTS))
        return {
            "classes": classes,
            "startup_cpu_seconds": startup.first,
            "lanes_beyond_startup_cpu_seconds": lanes["beyond_startup_cpu_seconds"],
            "lists_beyond_startup_cpu_seconds": lists["beyond_startup_cpu_seconds"],
            "lanes_max_rss_gib": lanes["max_rss_gib"],
            "lists_max_rss_gib": lists["max_rss_gib"],
        }

    def small_modules(self, count: int) -> Values:
        """`count` modules of three one-line theorems each that do not import one another."""
        names = [f"Bench.Small{i}" for i in range(count)]
        with self._scratch("Bench") as root:
            (root / "Bench").mkdir()
            for i, name in enumerate(names):
                root.joinpath(*name.split(".")).with_suffix(".lean").write_text(_SMALL_MODULE.format(i=i))
            started = time.monotonic()
            records = self._checked(names, [root])
            wall = time.monotonic() - started
        return {"wall_seconds": wall, "cpu_seconds": sum(record.cpu_seconds for record in records)}

    def _checked(self, targets: Sequence[str], roots: Sequence[Path]) -> list[ModuleRecord]:
        """The records of the targets and all that they import. Raises as `BuildResult.require` does."""
        result = build(
            targets,
            roots=roots,
            toolchain=self.toolchain,
            out=self._out,
            jobs=self._jobs,
            on_event=self._on_event,
            shared=lambda module: module.split(".")[0],
        )
        result.raise_failures()
        return list(result.records.values())

    @contextmanager
    def _scratch(self, namespace: str) -> Iterator[Path]:
        """A source root for the modules of a namespace, none of which has been checked before."""
        made = artifacts_dir(self._out, self.toolchain).joinpath(*namespace.split("."))
        shutil.rmtree(made, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=self.workspace.build) as name:
            yield Path(name)
        shutil.rmtree(made, ignore_errors=True)


def _own_cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _costs(records: Sequence[ModuleRecord], startup: StartUp) -> Values:
    return {
        "cpu_seconds": sum(record.cpu_seconds for record in records),
        "startup_cpu_seconds": startup.first,
        "next_startup_cpu_seconds": startup.next,
        "beyond_startup_cpu_seconds": startup.beyond(records),
        "modules": len(records),
        "max_rss_gib": max(record.max_rss_bytes for record in records) / 2**30,
    }
