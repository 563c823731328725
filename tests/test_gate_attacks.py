"""Attacks on a repository whose claim is verified, and benign changes of it: both are data, for the gate to tell apart.

`reject/<attack>/case.toml` with `base = "verified"`: what is changed, and what the gate must say of it; the repository
has one claim on max-of-K, with `base = "verified-pairs"` those of `tests/pairs/workspaces.py`, and with
`base = "verified-boxes"` those of `tests/boxes/workspaces.py`. If `each` lists changes,
the attack is made once for each of them. `accept/<twin>/case.toml`: what is changed, and the gate lets it stand.
"""

import shutil
import tomllib
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from tests.attack_table import table
from tests.attacks import apply, lock_like_this_repository
from tests.boxes.workspaces import make_box_workspace
from tests.pairs.workspaces import make_pair_workspace
from tests.workspaces import checked_library, make_workspace

from leanbound.cli import main

HERE = Path(__file__).parent
CASES = {path.parent: tomllib.loads(path.read_text()) for path in sorted(HERE.glob("reject/*/case.toml"))}
ATTACKS = {path: case for path, case in CASES.items() if "base" in case}
TWINS = {path.parent: tomllib.loads(path.read_text()) for path in sorted(HERE.glob("accept/*/case.toml"))}
#: Repositories, by what cases call them.
MAKE: dict[str, Callable[[Path], Path]] = {
    "verified": make_workspace,
    "verified-pairs": lambda root: make_pair_workspace(root).root,
    "verified-boxes": lambda root: make_box_workspace(root).root,
}

pytestmark = pytest.mark.lean


@pytest.fixture(scope="session")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A locked repository of each base, verified by Lean: one run for all cases."""

    @cache
    def made(base: str) -> Path:
        root = tmp_path_factory.mktemp(base) / "repository"
        workspace = MAKE[base](root)
        lock_like_this_repository(workspace)
        checked_library(workspace / "build" / "lean")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LEANBOUND_TOOLCHAIN", "embedded")
            patch.chdir(workspace)
            assert main(["verify"]) == 0
            assert main(["gate"]) == 0
        return workspace

    return made


@pytest.fixture
def repository(
    verified: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Goes to a new copy of the repository of a base."""
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "embedded")
    numbers = count()

    def copy(base: str) -> Path:
        made = shutil.copytree(verified(base), tmp_path / f"{base}{next(numbers)}", symlinks=True)
        monkeypatch.chdir(made)
        return made

    return copy


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: path.name)
def test_attack_is_refused(attack: Path, repository: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    case = ATTACKS[attack]
    for each in case.get("each", [None]):
        root = repository(case["base"])
        for change in [*case.get("change", []), *([each] if each else [])]:
            apply(root, change)
        assert main(["gate"]) == case["exit"], each
        said = "".join(capsys.readouterr())
        for fragment in case["says"]:
            assert fragment in said, each
        assert "Traceback" not in said
        for forged in case.get("never", []):
            assert forged not in said.splitlines()


@pytest.mark.parametrize("twin", TWINS, ids=lambda path: path.name)
def test_benign_change_passes(
    twin: Path, repository: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(TWINS[twin].get("base", "verified"))
    for change in TWINS[twin]["change"]:
        apply(root, change)
    assert main(["gate", *TWINS[twin].get("options", [])]) == 0, capsys.readouterr().out


def test_there_are_enough_of_both() -> None:
    assert len(CASES) >= 60
    assert len(TWINS) >= 10


def test_the_page_of_attacks_is_made_from_their_data() -> None:
    assert (HERE.parent / "docs" / "attacks.md").read_text() == table()
