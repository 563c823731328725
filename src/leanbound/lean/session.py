"""Sessions: a Lean process that checks one module, or, where the toolchain can, several one after the other.

Start-up is most of what a small module costs. Whoever shares a process says so: a module could reach what the process
leaves in its folder for the next one. A session that is used enough ends, and so does one in which Lean died.
"""

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from leanbound.lean.artifacts import artifact_path
from leanbound.lean.limits import Limits
from leanbound.lean.modules import Module
from leanbound.lean.process import Child, Usage
from leanbound.lean.sandbox import Containment
from leanbound.lean.toolchain import Toolchain

#: A process that once took so much memory keeps no other module: its peak would be told of them too.
_WORN_MEMORY: Final = 1 << 30
#: Bytes of standard output that hold what is said when a module is done.
_TAIL: Final = 512


class Session:
    """A Lean process in a folder of its own; at most one module is being checked at a time."""

    def __init__(
        self,
        root: Path,
        toolchain: Toolchain,
        search_path: Sequence[Path],
        folder: Path,
        limits: Limits,
        containment: Containment,
    ) -> None:
        """Nothing is started yet. `folder` is empty and its own; `root` is the source root of all its modules."""
        self.root = root
        self._toolchain = toolchain
        self._limits = limits
        self._containment = containment
        self._written = folder / "written"
        self._written.mkdir()
        self._outputs = folder / "stdout", folder / "stderr"
        self._folder = folder
        self._command = toolchain.command(root, self._written, search_path)
        self._word = secrets.token_hex(16)
        self._mark = f"\n{self._word} "
        self._child: Child | None = None
        self._cpu = 0.0
        self._from = (0, 0)
        self.modules = 0
        """How many were started here."""
        self.worn = False
        """Whether it should not be given another module."""
        self.olean = Path()
        """The artifact of the last module."""

    def start(self, module: Module, options: Sequence[str]) -> None:
        """Have Lean check a module; the one before it must have ended."""
        self.olean = artifact_path(Path(tempfile.mkdtemp(dir=self._written)), module.name.rpartition(".")[2])
        arguments = self._toolchain.arguments(module.path, self.root, self.olean, options)
        self.modules += 1
        self._started = time.monotonic()
        if not self._toolchain.serves:
            command = replace(self._command, argv=(*self._command.argv, *arguments))
            self._child = Child(command, *self._outputs, self._limits, self._containment)
            return
        if self._child is None:
            self._child = Child(self._command, *self._outputs, self._limits, self._containment, served=True)
            self._child.tell(json.dumps(self._word))
        self._from = self._outputs[0].stat().st_size, self._outputs[1].stat().st_size
        self._child.tell(json.dumps(arguments))

    def poll(self) -> Usage | None:
        """What the module used, once it is done; None while it is being checked. Ends what passes a limit."""
        if self._child is None:
            return None
        ended = self._child.poll()
        usage = self._done() if ended is None else self._remainder(ended)
        if usage is not None:
            self._cpu += usage.cpu_seconds
            self.worn = ended is not None or self._is_worn(usage)
        return usage

    def enforce(self) -> None:
        """End the process if it passes a limit now."""
        if self._child is not None:
            self._child.enforce()

    def output(self) -> str:
        """What Lean wrote to both streams about the last module."""
        return self._said(0) + self._said(1)

    def forget(self) -> None:
        """Remove what the last module left."""
        shutil.rmtree(self.olean.parent, ignore_errors=True)

    def end(self) -> None:
        """End the process and remove its folder."""
        if self._child is not None:
            self._child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _said(self, stream: int) -> str:
        with self._outputs[stream].open("rb") as file:
            file.seek(self._from[stream])
            return file.read().decode(errors="replace").partition(self._mark)[0]

    def _remainder(self, ended: Usage) -> Usage:
        """What the last module used of all that the process did."""
        return replace(ended, cpu_seconds=ended.cpu_seconds - self._cpu, wall_seconds=time.monotonic() - self._started)

    def _done(self) -> Usage | None:
        """What the process says of the module once it is done, after a mark that Lean is not told."""
        size = self._outputs[0].stat().st_size
        with self._outputs[0].open("rb") as file:
            file.seek(max(self._from[0], size - _TAIL))
            _, found, said = file.read().decode(errors="replace").partition(self._mark)
        if not found or not said.endswith("\n"):
            return None
        used = json.loads(said)
        return Usage(
            cpu_seconds=used["cpu"] - self._cpu,
            wall_seconds=time.monotonic() - self._started,
            max_rss_bytes=used["rss"],
            returncode=used["code"],
        )

    def _is_worn(self, usage: Usage) -> bool:
        """Whether another module would come too near to a limit on the whole process, or be told of this one's peak."""
        printed = sum(path.stat().st_size for path in self._outputs)
        slow = self._limits.seconds is not None and self._cpu > self._limits.seconds / 2
        return usage.max_rss_bytes > _WORN_MEMORY or 2 * printed > self._limits.output or slow
