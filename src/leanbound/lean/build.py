"""The build: check every module that some targets need, in parallel, and none that is unchanged."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leanbound.errors import LeanboundError
from leanbound.lean.artifacts import ModuleRecord, artifact_path, is_part, load_record, module_key, store_record
from leanbound.lean.diagnostics import COUNT_STEPS, errors_in, parse_diagnostics, split_counts
from leanbound.lean.failures import lean_crash, lean_errors, suspects_from_profile, suspects_from_source
from leanbound.lean.files import exclusive_lock, explain_os_errors
from leanbound.lean.limits import Limits
from leanbound.lean.modules import Module, module_graph
from leanbound.lean.process import Usage, unwinding_on_sigterm
from leanbound.lean.progress import BuildEvent, EventKind
from leanbound.lean.sandbox import Containment, choose_containment
from leanbound.lean.session import Session
from leanbound.lean.toolchain import Toolchain

_MEMORY_PER_JOB = 2 << 30
_POLL_SECONDS = 0.02
_OPTIONS = ("-DElab.async=false",)
"""For every module: one declaration after the other. Threads would keep what they took of the memory until the end."""
_PROFILE = ("-DElab.async=true", "-Dprofiler=true", "-Dprofiler.threshold=0")
"""Lean says what it is at while it goes on only if it elaborates in threads."""

Listener = Callable[[BuildEvent], None]


@dataclass
class BuildResult:
    """What became of every module."""

    records: dict[str, ModuleRecord] = field(default_factory=dict)
    """The checked modules, by name."""
    failures: dict[str, LeanboundError] = field(default_factory=dict)
    """By module: its own failure, or that of an import, which kept it from being checked."""
    wall_seconds: float = 0.0
    containment: Containment = Containment.LIMITS
    """Of every module that was run now."""

    def require(self, module: str) -> ModuleRecord:
        """The record of a module.

        Raises:
            LeanRejectedError: when Lean rejected it or one of its imports.
            LeanCrashError: when Lean died on it or on one of its imports, or passed a limit.
        """
        if module in self.failures:
            raise self.failures[module]
        return self.records[module]

    def raise_failures(self) -> None:
        """Raise the first failure, if there is one."""
        for failure in self.failures.values():
            raise failure


def build(
    targets: Sequence[str],
    *,
    roots: Sequence[Path],
    toolchain: Toolchain,
    out: Path,
    jobs: int | None = None,
    limits: Limits | None = None,
    options: Sequence[str] = (),
    on_event: Listener | None = None,
    shared: Callable[[str], str] = str,
) -> BuildResult:
    """Check the targets and all that they import.

    A module that fails keeps only those that import it from being checked. Nothing that was started outlives
    the call, whatever ends it.

    Args:
        targets: names of modules.
        roots: source roots, searched in order.
        out: the build directory; artifacts lie in a directory of it for each toolchain.
        jobs: how many processes at once; by default as many as there are processors and 2 GiB of free memory.
        limits: what one module may use; by default the usual, as far as the environment does not say otherwise.
        options: further arguments for Lean, as `-Dname=value`.
        on_event: told of every module as it starts and ends.
        shared: modules for which it gives the same name may share a process, one after the other, which saves
            start-ups; by default none does.

    Raises:
        InputError: when a module is missing or imports form a cycle.
        ToolchainError: when the build directory cannot be written, or the containment that is required does not work.
    """
    started = time.monotonic()
    limits = limits or Limits.from_env()
    containment = choose_containment()
    graph = module_graph(targets, roots, toolchain.has_module)
    directory = artifacts_dir(out, toolchain)
    with explain_os_errors("building", directory, "choose as build directory"):
        directory.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(directory / ".lock"):
            jobs = jobs or default_jobs()
            run = _Run(graph, toolchain, directory, jobs, limits, containment, (*_OPTIONS, *options), on_event, shared)
            result = run.run()
    result.wall_seconds = time.monotonic() - started
    return result


def artifacts_dir(out: Path, toolchain: Toolchain) -> Path:
    """Where the artifacts of a toolchain lie: also the directory to put on Lean's search path."""
    return out.resolve() / f"{toolchain.kind}-{toolchain.version}"


def default_jobs() -> int:
    """As many as there are processors, and 2 GiB of free memory for each."""
    return max(1, min(len(os.sched_getaffinity(0)), _free_memory() // _MEMORY_PER_JOB))


def _free_memory() -> int:
    try:
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return _MEMORY_PER_JOB


@dataclass
class _Job:
    module: Module
    key: str
    session: Session
    first: bool
    """Whether its process was started for it."""


class _Run:
    """One run of the scheduler: starts what is ready, collects what has ended."""

    def __init__(
        self,
        graph: Mapping[str, Module],
        toolchain: Toolchain,
        directory: Path,
        jobs: int,
        limits: Limits,
        containment: Containment,
        options: tuple[str, ...],
        on_event: Listener | None,
        shared: Callable[[str], str],
    ) -> None:
        self._graph = graph
        self._toolchain = toolchain
        self._directory = directory
        self._jobs = jobs
        self._limits = limits
        self._options = options
        self._on_event = on_event
        self._shared = shared
        self._idle: list[tuple[str, Session]] = []
        """Processes between two modules, and who may share them."""
        self._alone: set[str] = set()
        """Modules that went wrong where others had been checked before: that may be why."""
        self._keys: dict[str, str] = {}
        self._running: list[_Job] = []
        self._result = BuildResult(containment=containment)

    def run(self) -> BuildResult:
        for module in self._graph.values():
            self._keys[module.name] = module_key(module, self._keys, self._toolchain.identity, self._options)
        heights = _heights(self._graph)
        self._waiting = sorted(self._graph.values(), key=lambda module: -heights[module.name])
        self._scratch = Path(tempfile.mkdtemp(prefix=".work-", dir=self._directory))
        with unwinding_on_sigterm():
            try:
                while self._waiting or self._running:
                    self._waiting = [module for module in self._next() if not self._settle_or_start(module)]
                    self._collect()
            finally:
                for session in [*(job.session for job in self._running), *(session for _, session in self._idle)]:
                    session.end()
                shutil.rmtree(self._scratch, ignore_errors=True)
        self._result.records = {
            name: self._result.records[name] for name in self._graph if name in self._result.records
        }
        return self._result

    def _next(self) -> list[Module]:
        """The modules that wait: first those that an idle process can take, which saves them a start-up."""
        idle = {shared for shared, _ in self._idle}
        return sorted(self._waiting, key=lambda module: self._shared(module.name) not in idle)

    def _settle_or_start(self, module: Module) -> bool:
        """Whether the module need not wait any longer: unchanged, started, or given up for a failed import."""
        needed = [name for name in module.imports if name in self._graph]
        failed = next((name for name in needed if name in self._result.failures), None)
        if failed is not None:
            self._result.failures[module.name] = self._result.failures[failed]
            self._tell(EventKind.SKIPPED, module.name)
            return True
        if not all(name in self._result.records for name in needed):
            return False
        record = load_record(self._directory, module, self._keys[module.name])
        if record is not None:
            self._result.records[module.name] = record
            self._tell(EventKind.REUSED, module.name)
            return True
        if len(self._running) >= self._jobs:
            return False
        self._running.append(self._start(module, self._options))
        self._tell(EventKind.STARTED, module.name)
        return True

    def _start(self, module: Module, options: tuple[str, ...]) -> _Job:
        session = self._session(module)
        session.start(module, (*COUNT_STEPS, *options))
        return _Job(module, self._keys[module.name], session, session.modules == 1)

    def _session(self, module: Module) -> Session:
        """An idle process that the module may share, else a new one; no more in all than are to run at once."""
        shared = self._shared(module.name)
        for item in self._idle:
            if item[0] == shared and item[1].root == module.root and module.name not in self._alone:
                self._idle.remove(item)
                return item[1]
        if self._idle and len(self._running) + len(self._idle) >= self._jobs:
            self._idle.pop(0)[1].end()
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        return Session(module.root, self._toolchain, [self._directory], folder, self._limits, self._result.containment)

    def _collect(self) -> None:
        ended = False
        for job in list(self._running):
            usage = job.session.poll()
            if usage is not None:
                self._running.remove(job)
                self._finish(job, usage)
                self._release(job)
                ended = True
        if self._running and not ended:
            time.sleep(_POLL_SECONDS)

    def _release(self, job: _Job) -> None:
        if job.session.worn:
            job.session.end()
        else:
            job.session.forget()
            self._idle.append((self._shared(job.module.name), job.session))

    def _finish(self, job: _Job, usage: Usage) -> None:
        name = job.module.name
        output = "" if usage.excess is not None else job.session.output()
        steps, diagnostics = split_counts(parse_diagnostics(output))
        if errors_in(diagnostics) and usage.returncode >= 0:
            self._result.failures[name] = lean_errors(job.module, diagnostics)
        elif usage.excess is not None or usage.returncode != 0 or not is_part(job.session.olean):
            job.session.worn = True
            if not job.first:
                self._alone.add(name)
                self._waiting.append(job.module)
                return
            suspects = self._suspects(job, usage)
            self._result.failures[name] = lean_crash(job.module, usage, output, suspects)
        else:
            record = ModuleRecord(
                module=name,
                source=job.module.path,
                key=job.key,
                artifact=artifact_path(self._directory, name),
                files={},
                cpu_seconds=usage.cpu_seconds,
                wall_seconds=usage.wall_seconds,
                max_rss_bytes=usage.max_rss_bytes,
                kernel_steps=steps,
                diagnostics=tuple(diagnostics),
                first=job.first,
                reused=False,
            )
            self._result.records[name] = store_record(job.session.olean, record)
        self._tell(EventKind.FAILED if name in self._result.failures else EventKind.CHECKED, name, usage)

    def _suspects(self, job: _Job, usage: Usage) -> list[str]:
        """The declarations that Lean may have died in; runs the module once more, with the profiler on, to know it."""
        suspects = suspects_from_source(job.module)
        if len(suspects) <= 1 or usage.excess is not None:
            return suspects
        self._alone.add(job.module.name)
        again = self._start(job.module, (*self._options, *_PROFILE))
        self._running.append(again)
        while (used := again.session.poll()) is None:
            for other in self._running:
                other.session.enforce()
            time.sleep(_POLL_SECONDS)
        self._running.remove(again)
        output = "" if used.excess is not None else again.session.output()
        again.session.end()
        if used.excess is not None:
            return suspects
        return suspects_from_profile(job.module, parse_diagnostics(output)) or suspects

    def _tell(self, kind: EventKind, module: str, usage: Usage | None = None) -> None:
        if self._on_event is not None:
            done = len(self._result.records) + len(self._result.failures)
            seconds = 0.0 if usage is None else usage.wall_seconds
            self._on_event(BuildEvent(kind, module, done, len(self._graph), seconds))


def _heights(graph: Mapping[str, Module]) -> dict[str, int]:
    """For each module the length of the longest chain of modules that waits for it."""
    heights = dict.fromkeys(graph, 0)
    for module in reversed(list(graph.values())):
        for name in module.imports:
            if name in heights:
                heights[name] = max(heights[name], heights[module.name] + 1)
    return heights
