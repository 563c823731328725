"""Verification of every claim from sources, with nothing that an earlier run has left behind."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leanbound.claims.workspace import Workspace
from leanbound.pipeline.run import Settings, verify

_GENERATED: Final = ("lean", "claims", "checks", "measured")
"""What leanbound itself makes in `build/`; other things there are left alone."""
_PREFIX: Final = ".before-recheck-"


def recheck(names: Sequence[str], settings: Settings) -> None:
    """Verify claims in an empty build folder; new verdicts and artifacts take the place of what was there.

    What was there comes back when the run is interrupted or cannot be done at all. Raises LeanboundError as `verify`
    does; a claim that is not verified is no error: its verdict says so.
    """
    with _set_aside(settings.workspace):
        verify(names, settings)


@contextmanager
def _set_aside(workspace: Workspace) -> Iterator[None]:
    build = workspace.build
    build.mkdir(parents=True, exist_ok=True)
    for leftover in build.glob(f"{_PREFIX}*"):
        shutil.rmtree(leftover)
    aside = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=build))
    moved: list[str] = []
    started = False
    try:
        for name in _GENERATED:
            if (build / name).exists() or (build / name).is_symlink():
                (build / name).rename(aside / name)
                moved.append(name)
        started = True
        yield
    except BaseException:
        for name in _GENERATED if started else ():
            _remove(build / name)
        for name in moved:
            (aside / name).rename(build / name)
        aside.rmdir()
        raise
    shutil.rmtree(aside)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
