"""What a project adds to use the gate, and this project's own use of it. Runs no Lean."""

import re
import shlex

import pytest
from tests.corpus import ROOT

from leanbound.claims.claim import load_claim
from leanbound.claims.workspace import Workspace
from leanbound.cli.parser import build_parser
from leanbound.families.registry import load_model
from leanbound.gate.markers import number_fault, read_markers
from leanbound.gate.numbers import Bound
from leanbound.gate.scan import read_repository
from leanbound.tasks.max_of_k import space_size

COMMAND = re.compile(r"`(leanbound (?:gate|verify|lock|doctor)[^`]*)`")


def test_the_numbers_of_the_readme_are_those_of_the_claims() -> None:
    workspace = Workspace(ROOT)
    found = read_markers((ROOT / "README.md").read_text())
    claims = {name: load_claim(workspace, name).claim for name in workspace.claim_names()}
    counted = {name for name, claim in claims.items() if claim.property.kind == "accuracy"}
    assert not found.faults and {marker.claim for marker in found.markers} == counted
    for marker in found.markers:
        claim = load_claim(workspace, marker.claim).claim
        config = load_model(ROOT / claim.model.path).config
        bound = Bound(claim.property.at_least, space_size(config.d_vocab, config.n_ctx))
        assert not marker.faults and number_fault(marker, bound) is None


@pytest.mark.parametrize("name", ["docs/gate.md", "README.md", "TRUST.md"])
def test_commands_in_documents_are_commands(name: str) -> None:
    text = (ROOT / name).read_text()
    assert read_markers(text).faults == ()
    for command in COMMAND.findall(text):
        build_parser().parse_args(shlex.split(command)[1:])


def test_the_hook_the_action_and_make() -> None:
    yaml = pytest.importorskip("yaml")
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["pass_filenames"], hook["always_run"]) == ("leanbound-gate", False, True)
    build_parser().parse_args(hook["entry"].split()[1:])
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite" and all("shell" in step for step in steps if "run" in step)
    scripts = "".join(step.get("run", "") for step in steps)
    assert "${{" not in scripts and "gate" in scripts and "--recheck" in scripts
    used = {name for step in steps for name in re.findall(r"inputs\.([\w-]+)", str(step))}
    assert used == {*action["inputs"]}
    assert "$(VENV)/bin/leanbound gate" in (ROOT / "Makefile").read_text()


def test_no_generated_file_is_tracked_here() -> None:
    repository = read_repository(Workspace(ROOT))
    assert not [name for name in repository.tracked if name.startswith("build/")]
