"""`leanbound claim`: for every property, the claim that it writes is the strongest one that is true, and proved."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest
from tests.corpus import ROOT, quantised, shipped
from tests.pairs.corpus import half_right
from tests.workspaces import CLAIM

from leanbound.claims.claim import Claim, load_claim
from leanbound.claims.properties import Failures, Loss, Never, NeverAtAnyLength, WeightedAccuracy
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.errors import InconclusiveError, InputError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.checkpoint import save_checkpoint
from leanbound.families.pair_mlp import exact as pairs
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.strategies import Options, certify
from leanbound.strategies.strongest import default_strategy, strongest
from leanbound.tasks.pairs import modular_addition

SUMS = modular_addition(5)
PAIRS = list(product(range(5), repeat=2))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A repository with a transformer, and an MLP on pairs that is right in part; the current directory."""
    for name in ("lean", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "proofs").mkdir()
    shutil.copytree(ROOT / "models" / "max-of-2-v5", tmp_path / "models" / "max")
    made = half_right(SUMS)
    save_checkpoint(tmp_path / "models" / "sums", made.config, made.weights)
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def claimed(workspace: Workspace, model: str, *options: str) -> Claim:
    """The claim that the command writes."""
    task = ["--modulus", "5"] if model == "sums" and options[1] not in ("never", "agreement") else []
    assert main(["claim", "mine", f"models/{model}", *task, *options]) == 0
    return load_claim(workspace, "mine").claim


def outputs_of(a: int, b: int, bits: int = 8) -> list[int]:
    """The largest outputs of the sums."""
    row = pairs.logits(quantize_pairs(half_right(SUMS), bits), a, b)
    return [o for o in range(5) if row[o] == max(row)]


def test_failures_are_all_listed(workspace: Workspace) -> None:
    found = claimed(workspace, "sums", "--property", "failures").property
    assert isinstance(found, Failures)
    assert list(found.exceptions) == [(a, b) for a, b in PAIRS if outputs_of(a, b) != [(a + b) % 5]]


def test_failures_of_attention_are_all_listed(workspace: Workspace) -> None:
    claim = claimed(workspace, "max", "--property", "failures")
    table = exact.tables(quantize_fixed(shipped("max-of-2-v5"), 8))
    assert claim.strategy.name == "exhaustive"
    assert isinstance(claim.property, Failures)
    assert list(claim.property.exceptions) == [x for x in PAIRS if not exact.is_correct(table, x)]


def test_outputs_that_never_occur_are_all_found(workspace: Workspace) -> None:
    found = claimed(workspace, "sums", "--property", "never", "--tokens", "0-1,3", "--tokens", "2").property
    given = {o for a in (0, 1, 3) for o in outputs_of(a, 2)}
    assert found == Never(kind="never", tokens=((0, 1, 3), (2,)), outputs=tuple(o for o in range(5) if o not in given))


def test_outputs_that_are_asked_for_are_not_left_out(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--property", "never", "--tokens", "1", "--outputs", "0-4"]
    assert main(["claim", "mine", "models/sums", *options]) == 1
    assert "after the input [1, 1] the output is" in capsys.readouterr().err
    assert not list(workspace.proofs.iterdir())


def test_outputs_at_any_length(workspace: Workspace) -> None:
    claim = claimed(workspace, "max", "--property", "never-at-any-length", "--tokens", "0-1", "--queries", "0,1")
    found = claim.property
    assert claim.strategy.name == "convexity" and isinstance(found, NeverAtAnyLength) and found.outputs
    model = quantize_fixed(shipped("max-of-2-v5"), 8)
    assert certify("convexity", model, found).proved == 2 * len(found.outputs)
    for output in set(range(5)) - {*found.outputs}:
        with pytest.raises(Exception, match=r"output is|neither"):
            certify("convexity", model, found.model_copy(update={"outputs": (output,)}))


def test_weights(workspace: Workspace) -> None:
    rows = [[1, 2, 3, 4, 5], [5, 0, 1, 1, 2]]
    Path("weights.json").write_text(json.dumps(rows))
    found = claimed(workspace, "sums", "--property", "weighted-accuracy", "--weights", "weights.json").property
    assert isinstance(found, WeightedAccuracy)
    assert found.at_least == sum(rows[0][a] * rows[1][b] for a, b in PAIRS if outputs_of(a, b) == [(a + b) % 5])


def test_a_second_model_is_the_first_with_other_bits(workspace: Workspace) -> None:
    claim = claimed(workspace, "sums", "--property", "agreement", "--other-bits", "4")
    first, second = (outputs_of(*pair) for pair in PAIRS), (outputs_of(*pair, bits=4) for pair in PAIRS)
    assert claim.property.least() == sum(
        own == their and len(own) == 1 for own, their in zip(first, second, strict=True)
    )
    assert claim.other is not None and claim.other.digest == claim.model.digest


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["sums", "--property", "agreement"], "Give --other MODEL, --other-bits N, or both"),
        (["sums", "--property", "agreement", "--other", "models/max"], "[other] architecture is attention-only"),
        (["sums", "--property", "agreement", "--modulus", "5"], "--modulus is for --property accuracy or"),
        (["sums", "--modulus", "5", "--weights", "x.json"], "--weights is for --property weighted-accuracy, not acc"),
        (["sums", "--modulus", "5", "--property", "weighted-accuracy"], "needs --weights FILE"),
        (["sums", "--property", "never", "--tokens", "x"], "--tokens is 'x': expected numbers and ranges"),
        (["sums", "--property", "never", "--tokens", "3-1"], "Put the smaller end of a range first"),
        (["sums", "--property", "never", "--tokens", "9"], "9 is no token; expected 0 to 4"),
        (["sums", "--property", "never", "--tokens", "1", "--tokens", "1", "--tokens", "1"], "tokens has 3 rows"),
        (
            ["max", "--property", "never-at-any-length", "--tokens", "1", "--tokens", "1"],
            "given 2 times, expected once",
        ),
        (["sums", "--property", "never-at-any-length"], "no strategy proves never-at-any-length of pair-mlp models"),
        (["sums", "--property", "never"], "proves of no output that it is never given"),
    ],
)
def test_options_that_make_no_sense(
    argv: list[str], says: str, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claim", "mine", f"models/{argv[0]}", *argv[1:]]) == 2
    assert says in capsys.readouterr().err
    assert not list(workspace.proofs.iterdir())


def test_a_strategy_that_fits_is_chosen() -> None:
    failures = Failures(kind="failures", task="max-of-k", exceptions=())
    assert default_strategy("cubic", "attention-only", failures) == "exhaustive"
    with pytest.raises(InputError, match="no strategy proves failures of unknown models"):
        default_strategy("cubic", "unknown", failures)


def test_a_search_that_finds_nothing_is_no_claim() -> None:
    loss = Loss(kind="loss", task="modular-addition", modulus=5, at_most="0")
    found, certificate = strongest("all-pairs", quantize_pairs(half_right(SUMS, 40), 10), loss, Options(), True)
    found.require_proved(certificate.proved, certificate.inputs)
    with pytest.raises(InconclusiveError, match="proves nothing"):
        strongest("linear", quantised(1), load_claim(Workspace(ROOT), CLAIM).claim.property, Options(maxima=1), True)
