"""The frontier: what it makes of proofs, and the pipeline behind it without Lean."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import pytest
from tests.fakes import FakeLean
from tests.workspaces import make_workspace

from leanbound.claims.verdict import Outcome
from leanbound.cli import main
from leanbound.errors import InputError, RejectedError
from leanbound.frontier.ladder import LADDER, Rung, choose
from leanbound.frontier.plot import draw
from leanbound.frontier.prove import FrontierWorkspace, Point, load_subject, prove
from leanbound.frontier.summary import baseline_rate, frontier, summarise
from leanbound.frontier.table import to_csv, to_markdown
from leanbound.pipeline.run import Settings
from leanbound.strategies import STRATEGIES

CUBIC = Rung("cubic", "cubic", "classes")
MODEL = Path("models/max-of-2-v5")


def point(rung: str, proved: int, steps: int | None, model: str = "a", baseline: bool = False) -> Point:
    outcome = Outcome.INCONCLUSIVE if steps is None else Outcome.VERIFIED
    known = {} if steps is None else {"kernel_steps": steps, "check_seconds": steps / 100, "certificate_bytes": 5}
    fields = {"inputs": 1000, "correct": 990, "measured": 1000, "strategy": "s", "baseline": baseline}
    return Point(model=model, rung=rung, outcome=outcome, proved=proved, **fields, **known)


POINTS = [
    point("all", 990, 10_000, baseline=True),
    point("some", 99, 1_000, baseline=True),
    point("classes", 900, 700),
    point("worse", 800, 900),
    point("nothing", 0, None),
]


def test_only_what_no_cheaper_rung_matches_is_on_the_frontier() -> None:
    rungs = summarise(POINTS)
    assert [rung.rung for rung in frontier(rungs, "kernel_steps")] == ["all", "classes"]
    assert frontier(summarise(POINTS[-1:]), "kernel_steps") == []


def test_the_baseline_is_that_of_the_dearest_share() -> None:
    assert baseline_rate(summarise(POINTS), "kernel_steps") == pytest.approx(0.99 / 10_000)
    assert baseline_rate(summarise(POINTS[2:]), "kernel_steps") is None


def test_medians_and_spread_over_models() -> None:
    points = [
        point("classes", proved, steps, model) for model, proved, steps in (("a", 1, 9), ("b", 5, 7), ("c", 3, 8))
    ]
    (summary,) = summarise(points)
    assert (summary.bound.middle, summary.bound.least, summary.bound.most) == (0.003, 0.001, 0.005)
    cost = summary.cost("kernel_steps")
    assert cost is not None and (cost.middle, cost.least, cost.most) == (8, 7, 9)
    assert "| classes | 0.0030000 [0.0010000, 0.0050000] | 8 [7, 9] |" in to_markdown(points)


def test_tables_say_everything() -> None:
    rows = list(csv.DictReader(to_csv(POINTS).splitlines()))
    assert [(row["rung"], int(row["proved"]), row["kernel_steps"]) for row in rows] == [
        ("all", 990, "10000"),
        ("some", 99, "1000"),
        ("classes", 900, "700"),
        ("worse", 800, "900"),
        ("nothing", 0, ""),
    ]
    text = to_markdown(POINTS)
    assert "| all | 0.9900000 | 10,000 | 100.0 | 5 | - | linear baseline; on the frontier |" in text
    assert "| worse | 0.8000000 | 900 | 9.0 | 5 | - |  |" in text
    assert "| nothing | 0.0000000 | - | - | - | - |" in text


@pytest.mark.parametrize("points", [POINTS, POINTS[-1:], [*POINTS, point("all", 980, 9_000, "b", True)]])
def test_the_picture_is_drawn(points: list[Point], tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "a.svg"]
    draw(points, paths)
    height, width, _ = matplotlib.image.imread(paths[0]).shape
    assert width > 2 * height > 1000
    text = paths[1].read_text()
    ElementTree.fromstring(text)
    before = paths[1].read_bytes()
    draw(points, paths)
    assert paths[1].read_bytes() == before


def test_every_rung_names_a_strategy_and_can_be_chosen() -> None:
    assert {rung.strategy for rung in LADDER} <= set(STRATEGIES)
    assert len({rung.name for rung in LADDER}) == len(LADDER)
    assert choose([]) == LADDER
    assert [rung.name for rung in choose([LADDER[-1].name, LADDER[0].name])] == [LADDER[0].name, LADDER[-1].name]
    with pytest.raises(InputError, match=r"'cubi', expected one of .*cubic"):
        choose(["cubi"])


@pytest.fixture
def workspace(tmp_path: Path) -> FrontierWorkspace:
    return FrontierWorkspace(make_workspace(tmp_path / "repository"))


@pytest.fixture
def lean(workspace: FrontierWorkspace, monkeypatch: pytest.MonkeyPatch) -> FakeLean:
    return FakeLean(workspace).installed(monkeypatch)


def settings(lean: FakeLean) -> Settings:
    return Settings(lean.workspace, find_toolchain=lean.find)


def test_a_rung_is_proved_once_and_leaves_the_claims_of_the_repository_alone(
    workspace: FrontierWorkspace, lean: FakeLean
) -> None:
    before = sorted((workspace.root / "proofs").rglob("*"))
    subject = load_subject(workspace, workspace.root / MODEL, bits=8)
    found = prove(CUBIC, subject, settings(lean))
    assert (found.outcome, found.proved, found.inputs) == (Outcome.VERIFIED, 24, 25)
    assert found.kernel_steps == 8 * (found.modules or 0) > 0
    assert prove(CUBIC, subject, settings(lean)) == found
    assert lean.builds == 1
    assert sorted((workspace.root / "proofs").rglob("*")) == before


def test_what_lean_refuses_is_no_bound(workspace: FrontierWorkspace, lean: FakeLean) -> None:
    lean.failure = RejectedError("no")
    subject = load_subject(workspace, workspace.root / MODEL, bits=8)
    found = prove(CUBIC, subject, settings(lean))
    assert (found.outcome, found.proved) == (Outcome.REJECTED, 0)
    assert "no" in found.reason


def test_the_command(
    workspace: FrontierWorkspace, lean: FakeLean, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace.root)
    assert main(["frontier", str(MODEL), "--rung", "cubic", "--out", "out"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [f"frontier.{s}" for s in ("csv", "md", "png", "svg")]
    captured = capsys.readouterr()
    assert "| cubic | 0.9600000 |" in captured.out
    assert "models/max-of-2-v5 cubic: verified, 0.960000" in captured.err


def test_bad_input_is_explained(workspace: FrontierWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    root = ["--root", str(workspace.root)]
    models = [str(workspace.root / "models" / name) for name in ("max-of-2-v5", "max-of-3-v8")]
    assert main(["frontier", *models, *root]) == 2
    assert "V = 5, K = 2" in capsys.readouterr().err
    assert main(["frontier", models[0], "--rung", "none", *root]) == 2
    assert "expected one of" in capsys.readouterr().err
    assert main(["frontier", "/nowhere", *root]) == 2
    assert "leads out of the repository" in capsys.readouterr().err
