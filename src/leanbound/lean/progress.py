"""Progress of a build on a terminal or in a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from tqdm import tqdm


class EventKind(StrEnum):
    """What happened to a module."""

    STARTED = "started"
    CHECKED = "checked"
    REUSED = "reused"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class BuildEvent:
    """One step of a build."""

    kind: EventKind
    module: str
    done: int
    total: int
    seconds: float
    """Wall time of the module; 0 unless it has just been run."""


@contextmanager
def console_progress(description: str = "Lean") -> Iterator[Callable[[BuildEvent], None]]:
    """A listener for a build: a progress bar on a terminal, a line for each module that was run otherwise."""
    if not sys.stderr.isatty():
        yield _print_line
        return
    with tqdm(desc=description, unit="module", leave=False, delay=0.2) as bar:

        def listen(event: BuildEvent) -> None:
            bar.total = event.total
            bar.n = event.done
            if event.kind is EventKind.STARTED:
                bar.set_postfix_str(event.module, refresh=False)
            bar.refresh()

        yield listen


def _print_line(event: BuildEvent) -> None:
    if event.kind in (EventKind.CHECKED, EventKind.FAILED, EventKind.SKIPPED):
        took = f" ({event.seconds:.1f} s)" if event.seconds else ""
        print(f"[{event.done}/{event.total}] {event.kind} {event.module}{took}", file=sys.stderr, flush=True)
