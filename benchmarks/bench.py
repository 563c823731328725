"""Measure what checking costs: `make bench`. Writes benchmarks/results/bench.json and, as a table, bench.md.

    .venv/bin/python benchmarks/bench.py [--fresh] [--only TEXT] [--jobs N] [--toolchain WHICH]

What was measured with the same code, Lean library, templates, models and toolchain is kept, unless --fresh is given, so
that a run that was stopped goes on where it was. Progress goes to standard error.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.measure import Bench, Values
from benchmarks.rows import MEASUREMENTS, ROWS, Row

from leanbound.claims.workspace import Workspace
from leanbound.errors import LeanboundError
from leanbound.files import write_file
from leanbound.lean.progress import console_progress
from leanbound.lean.toolchain import Toolchain, preference_from_env, select_toolchain
from leanbound.pipeline.freshness import code_digest, tree_digest

RESULTS = Path(__file__).parent / "results"


def digest(workspace: Workspace, toolchain: Toolchain) -> str:
    """SHA-256 over all that a measurement depends on, but the machine."""
    root = workspace.root
    models = [*root.glob("models/*/*"), *root.glob("benchmarks/models/*/*")]
    own = [root / "benchmarks" / name for name in ("measure.py", "plain_lists.py", "lean/PlainLists.lean")]
    sources = [*workspace.lean.rglob("*.lean"), *workspace.templates.rglob("*.j2"), *models, *own]
    parts = [code_digest(), tree_digest(root, sorted(sources)), toolchain.identity]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def machine() -> str:
    """The processor and how many of them may be used."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores, {names[0] if names else platform.processor()}"


def kept(path: Path) -> dict[str, dict[str, object]]:
    """What earlier runs measured, by name; nothing if the file cannot be read."""
    try:
        found: dict[str, dict[str, object]] = json.loads(path.read_text())["measurements"]
        return found
    except (OSError, ValueError, KeyError):
        return {}


def table(rows: list[Row], measured: Mapping[str, Values], toolchain: Toolchain) -> str:
    """The rows whose measurements are there, in Markdown."""
    lines = [
        "# What checking costs",
        "",
        "Made by `make bench`. Seconds of claims are CPU time of Lean beyond its start-up, which is measured in the",
        "same run, once for each module; claims are about models quantised to 8 bits. Where a model has more than 2^26",
        "inputs, PyTorch's accuracy is that of a sample of 2^20.",
        "",
        f"Machine: {machine()}. Toolchain: {toolchain.kind} Lean {toolchain.version}.",
        "",
        "| what | target | measured | reached |",
        "|---|---|---|---|",
    ]
    for row in rows:
        if all(name in measured for name in row.needs):
            text, reached = row.tell(measured)
            lines.append(
                f"| {row.what} | {row.target} | {text} | {'' if reached is None else 'yes' if reached else 'no'} |"
            )
    return "\n".join(lines) + "\n"


def run(bench: Bench, only: str, fresh: bool, results: Path = RESULTS) -> list[str]:
    """Measure what is not known yet, writing the results after each measurement; the names of those that failed."""
    key, failed = digest(bench.workspace, bench.toolchain), []
    stored = {} if fresh else {name: item for name, item in kept(results / "bench.json").items() if item["key"] == key}
    for number, (name, measure) in enumerate(MEASUREMENTS.items(), 1):
        if only not in name or name in stored:
            continue
        print(f"[{number}/{len(MEASUREMENTS)}] {name}", file=sys.stderr, flush=True)
        try:
            stored[name] = {"key": key, "values": measure(bench)}
        except LeanboundError as error:
            print(f"{name}: {error.message}", file=sys.stderr)
            failed.append(name)
        write(stored, bench.toolchain, results)
    return failed


def write(stored: Mapping[str, dict[str, object]], toolchain: Toolchain, results: Path) -> None:
    """Both files, each whole or not at all."""
    measured = {name: item["values"] for name, item in stored.items()}
    data = {"machine": machine(), "toolchain": toolchain.info.to_dict(), "measurements": stored}
    write_file(results / "bench.json", (json.dumps(data, indent=1) + "\n").encode())
    write_file(results / "bench.md", table(list(ROWS), measured, toolchain).encode())


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="measure everything again")
    parser.add_argument("--only", default="", metavar="TEXT", help="measurements whose name has this in it")
    parser.add_argument("--jobs", type=int, metavar="N", help="Lean processes at once")
    parser.add_argument("--toolchain", metavar="WHICH", help="auto, native or embedded")
    arguments = parser.parse_args()
    toolchain = select_toolchain(preference_from_env(arguments.toolchain))
    with console_progress() as on_event:
        bench = Bench(Workspace.find(Path(__file__).parent), toolchain, on_event, arguments.jobs)
        failed = run(bench, arguments.only, arguments.fresh)
    print((RESULTS / "bench.md").read_text())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
