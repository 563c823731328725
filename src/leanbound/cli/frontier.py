"""The command frontier."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leanbound.errors import ExitCode

if TYPE_CHECKING:
    from leanbound.frontier.ladder import Rung
    from leanbound.frontier.prove import FrontierWorkspace, Point, Subject


def frontier(arguments: argparse.Namespace) -> int:
    """Prove the ladder on models, and write table, data and picture."""
    from leanbound.frontier.ladder import choose
    from leanbound.frontier.prove import FrontierWorkspace, load_subject, require_alike

    workspace = FrontierWorkspace.find(arguments.root)
    rungs = choose(arguments.rung)
    subjects = [load_subject(workspace, path, arguments.bits) for path in dict.fromkeys(arguments.models)]
    require_alike(subjects)
    out = arguments.out or workspace.build / "frontier" / _name(subjects)
    points = _prove_all(rungs, subjects, workspace, arguments)
    _write(points, out)
    print((out / "frontier.md").read_text(), end="")
    print(f"\n{out}: frontier.md, frontier.csv, frontier.png, frontier.svg")
    return int(ExitCode.REJECTED if any(_is_refused(point) for point in points) else ExitCode.OK)


def _name(subjects: "list[Subject]") -> str:
    more = len(subjects) - 1
    return Path(subjects[0].path).name + (f"-and-{more}-more" if more else "")


def _is_refused(point: "Point") -> bool:
    """Whether Lean does not take what the search found, which is a fault of ours."""
    from leanbound.claims.verdict import Outcome

    return point.outcome in (Outcome.REJECTED, Outcome.TOOLCHAIN_FAILURE)


def _prove_all(
    rungs: "tuple[Rung, ...]", subjects: "list[Subject]", workspace: "FrontierWorkspace", arguments: argparse.Namespace
) -> "list[Point]":
    """All points, with a bar that estimates the time left by what each rung usually takes."""
    from tqdm import tqdm

    from leanbound.frontier.prove import prove
    from leanbound.lean.toolchain import preference_from_env
    from leanbound.pipeline.run import Settings

    settings = Settings(workspace, preference_from_env(arguments.toolchain), jobs=arguments.jobs)
    points = []
    total = sum(rung.work for rung in rungs) * len(subjects)
    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=total, bar_format=form, disable=not sys.stderr.isatty()) as bar:
        for subject in subjects:
            for rung in rungs:
                bar.set_description(f"{Path(subject.path).name} {rung.name}")
                point = prove(rung, subject, settings)
                points.append(point)
                bar.update(rung.work)
                if bar.disable:
                    print(
                        f"{subject.path} {rung.name}: {point.outcome}, {point.bound:.6f}", file=sys.stderr, flush=True
                    )
    return points


def _write(points: "list[Point]", out: Path) -> None:
    """All files, each whole or not at all. Raises InputError."""
    import tempfile

    from leanbound.files import write_file
    from leanbound.frontier.plot import draw
    from leanbound.frontier.table import to_csv, to_markdown

    write_file(out / "frontier.csv", to_csv(points).encode())
    write_file(out / "frontier.md", to_markdown(points).encode())
    with tempfile.TemporaryDirectory() as name:
        drawn = [Path(name) / f"frontier{suffix}" for suffix in (".png", ".svg")]
        draw(points, drawn)
        for path in drawn:
            write_file(out / path.name, path.read_bytes())
