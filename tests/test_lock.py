"""The lock: what it pins, and how changes are told. Lean is not run: the meaning of the specification is made up."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.fakes import FakeToolchain
from tests.workspaces import CLAIM, make_workspace

from leanbound.claims import locking
from leanbound.claims.changes import lock_differences
from leanbound.claims.lock import LOCK_FILE, Lock, load_lock
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.errors import InputError
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.registry import load_model


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A locked repository with one claim."""
    made = Workspace(make_workspace(tmp_path / "repository"))
    monkeypatch.setattr(locking, "_meanings", lambda *_: {"LeanBound.Classifier.AccuracyAtLeast": "1" * 64})
    locking.make_lock(made, FakeToolchain()).save(made)
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_fresh_lock_holds_and_is_deterministic(workspace: Workspace) -> None:
    assert lock_differences(workspace) == []
    assert locking.make_lock(workspace, FakeToolchain()).to_bytes() == (workspace.root / LOCK_FILE).read_bytes()
    assert main(["lock", "--check", "--root", str(workspace.root)]) == 0


def test_the_locked_weights_are_those_of_the_checkpoint(workspace: Workspace) -> None:
    locked = load_lock(workspace).claims[CLAIM]
    model = quantize_fixed(load_model(workspace.root / "models" / "max-of-2-v5"), 8)
    assert locked.quantised() == model


def test_changes_are_told_in_words(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    edit(workspace.proofs / CLAIM / "claim.toml", "at_least = 24", "at_least = 23")
    edit(workspace.templates / "statements" / "accuracy.lean.j2", "largest logit", "biggest logit")
    edit(workspace.lean / "LeanBound" / "Numerics" / "ExpField.lean", "module", "-- ours\nmodule")
    edit(workspace.lean / "LeanBound" / "Strategies" / "Accuracy.lean", "module", "-- ours\nmodule")
    assert lock_differences(workspace) == [
        "the statement template templates/statements/accuracy.lean.j2 has changed",
        "the specification lean/LeanBound/Numerics/ExpField.lean has changed",
        "leanbound's library lean/LeanBound/Strategies/Accuracy.lean has changed",
        f"{CLAIM}: the property's at_least 24 -> 23",
    ]
    assert main(["lock", "--check", "--root", str(workspace.root)]) == 1
    assert "the property's at_least 24 -> 23" in capsys.readouterr().out


def test_a_changed_weight_is_named_with_both_values(workspace: Workspace) -> None:
    path = workspace.root / "models" / "max-of-2-v5" / "model.safetensors"
    weights = load_file(path)
    before = load_lock(workspace).claims[CLAIM].tensors["W_E"]
    step = np.float32(2.0**-before.frac)
    weights["W_E"][3, 1] += 2 * step
    save_file(weights, path)
    (path.parent / "training.json").unlink()
    (line,) = [line for line in lock_differences(workspace) if "W_E" in line]
    old = before.integers()[3][1] / 2**before.frac
    assert line == f"{CLAIM}: W_E[3,1] {old:.4f} -> {old + 2 * step:.4f}"


def test_claims_that_come_and_go(workspace: Workspace) -> None:
    (workspace.proofs / CLAIM).rename(workspace.proofs / "another-one")
    assert lock_differences(workspace) == [
        "claim another-one is not locked",
        f"claim {CLAIM} is locked, but there is none",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["claims"][CLAIM]["tensors"]["W_K"]["rows"].pop(), "malformed"),
        (lambda data: data["claims"][CLAIM]["tensors"].pop("W_K"), "malformed"),
        (lambda data: data["claims"][CLAIM]["tensors"]["W_U"]["rows"].__setitem__(0, "0x123"), "not those of their"),
    ],
)
def test_a_lock_that_contradicts_itself_is_refused(workspace: Workspace, change: object, message: str) -> None:
    data = json.loads((workspace.root / LOCK_FILE).read_text())
    change(data)  # type: ignore[operator]
    (workspace.root / LOCK_FILE).write_text(json.dumps(data))
    with pytest.raises(InputError, match=message):
        lock_differences(workspace)


def test_a_lock_that_is_missing_or_malformed(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace.root / LOCK_FILE).write_text('{"schema_version": 1}')
    with pytest.raises(InputError, match=r"claims: Field required"):
        load_lock(workspace)
    (workspace.root / LOCK_FILE).unlink()
    assert main(["lock", "--check", "--root", str(workspace.root)]) == 2
    assert "Pin the repository's claims with `leanbound lock`" in capsys.readouterr().err


def test_the_committed_lock_is_that_of_this_repository() -> None:
    workspace = Workspace.find(Path(__file__).parent)
    assert lock_differences(workspace) == []
    assert (
        Lock.model_validate_json((workspace.root / LOCK_FILE).read_bytes()).to_bytes()
        == (workspace.root / LOCK_FILE).read_bytes()
    )
