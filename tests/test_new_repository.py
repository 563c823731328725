"""A new repository of claims, and a claim in it, up to where Lean would run."""

import shutil
from pathlib import Path

import pytest
from tests.corpus import MODELS, ROOT

from leanbound.claims.claim import load_claim
from leanbound.claims.lock import library_sources, specification_sources
from leanbound.claims.workspace import Workspace
from leanbound.cli import main


def test_a_new_repository_has_the_library_and_a_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "mine"
    assert main(["init", str(root)]) == 0
    workspace, ours = Workspace.find(root), Workspace(ROOT)
    assert library_sources(workspace) == library_sources(ours)
    assert specification_sources(workspace) == specification_sources(ours)
    shutil.copytree(MODELS / "max-of-2-v5", root / "models" / "max-of-2-v5")
    arguments = [
        "claim",
        "small",
        str(root / "models" / "max-of-2-v5"),
        "--strategy",
        "exhaustive",
        "--root",
        str(root),
    ]
    assert main(arguments) == 0
    assert "24 of 25" in capsys.readouterr().out
    claim = load_claim(workspace, "small").claim
    assert (claim.property.at_least, claim.model.path) == (24, "models/max-of-2-v5")
    assert main(arguments) == 2
    assert "there is a claim of that name" in capsys.readouterr().err


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "templates").mkdir()
    assert main(["init", str(tmp_path)]) == 2
    assert "templates is there already" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["templates"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["No-Name", "models/max-of-2-v5"], "is not the name of a claim"),
        (["small", "/etc"], "leads out of the repository"),
        (["small", "models/max-of-2-v5", "--strategy", "wishing"], "unknown strategy 'wishing'"),
    ],
)
def test_claims_that_cannot_be_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    assert main(["init", str(tmp_path / "mine")]) == 0
    monkeypatch.chdir(tmp_path / "mine")
    shutil.copytree(MODELS / "max-of-2-v5", "models/max-of-2-v5")
    assert main(["claim", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not list(Path("proofs").iterdir())
