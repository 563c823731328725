"""The command gate."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leanbound.claims.workspace import Workspace

if TYPE_CHECKING:
    from leanbound.gate import GateReport


def gate(arguments: argparse.Namespace) -> int:
    """Check everything that is bound to claims, and print what was found."""
    from leanbound.gate import GateSettings
    from leanbound.gate import gate as run
    from leanbound.gate.text import render
    from leanbound.lean.toolchain import preference_from_env

    settings = GateSettings(
        workspace=Workspace.find(arguments.root),
        recheck=arguments.recheck,
        update=arguments.update,
        preference=preference_from_env(arguments.toolchain),
        jobs=arguments.jobs,
        progress=True,
        bars=sys.stderr.isatty(),
        say=_say,
    )
    report = run(settings)
    if arguments.output is None:
        sys.stdout.write(_form(arguments, report))
    else:
        _write(arguments.output, _form(arguments, report))
        sys.stdout.write(render(report))
    return report.exit_code


def _form(arguments: argparse.Namespace, report: "GateReport") -> str:
    """The report in the form that was asked for."""
    from leanbound.gate import sarif, text

    if arguments.sarif:
        return sarif.render(report)
    return report.to_json() if arguments.json else text.render(report)


def _write(path: Path, content: str) -> None:
    from leanbound.files import write_file

    write_file(path, content.encode())


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
