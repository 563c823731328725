"""The report as SARIF 2.1.0, held against what the standard and GitHub's code scanning ask for."""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from tests.gate.conftest import Repository
from tests.workspaces import CLAIM

from leanbound.claims.verdict import Outcome
from leanbound.gate import GateReport, Kind, Reason, sarif

LEVELS = ("none", "note", "warning", "error")


def log(report: GateReport) -> dict[str, Any]:
    """The SARIF of a report as a consumer reads it, checked for what every log must have."""
    text = sarif.render(report)
    assert text.isascii()
    data: dict[str, Any] = json.loads(text)
    assert data["version"] == "2.1.0" and data["$schema"].startswith("https://")
    (run,) = data["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and driver["semanticVersion"]
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(identifiers) == len({*identifiers})
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"].endswith(".") and rule["name"].isalpha()
        assert rule["defaultConfiguration"]["level"] in LEVELS
    for result in run["results"]:
        check_result(result, identifiers)
    fingerprints = [str(result["partialFingerprints"]) for result in run["results"]]
    assert len(fingerprints) == len({*fingerprints})
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True and invocation["exitCode"] == report.exit_code
    return data


def check_result(result: dict[str, Any], identifiers: list[str]) -> None:
    assert identifiers[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] == "error" and result["message"]["text"]
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert uri.isascii() and " " not in uri and not uri.startswith("/") and ":" not in uri.split("/")[0]
    assert physical["region"]["startLine"] >= 1


def report_of(*reasons: Reason, prefix: str = "") -> GateReport:
    return GateReport(
        version="0.1.0", rechecked=False, checked="x", claims=(), markers=(), reasons=reasons, prefix=prefix
    )


def test_a_repository_that_passes_has_no_results(repository: Repository) -> None:
    run = log(repository.gate())["runs"][0]
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [str(kind) for kind in Kind]


def test_a_result_for_each_reason(repository: Repository) -> None:
    repository.verdict.unlink()
    repository.write("docs/a b.md", f"x\n<!-- bound: {CLAIM} -->99.9%<!-- /bound -->\n<!-- /bound -->\n")
    report = repository.gate()
    results = log(report)["runs"][0]["results"]
    assert len(results) == len(report.reasons) == 3
    found = {
        result["ruleId"]: (
            unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]),
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for result in results
    }
    assert found == {
        "no-verdict": (f"proofs/{CLAIM}/claim.toml", 1),
        "marker-claim": ("docs/a b.md", 2),
        "marker-syntax": ("docs/a b.md", 3),
    }


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_rule(kind: Kind) -> None:
    (result,) = log(report_of(Reason.of(kind, "so", "f.md")))["runs"][0]["results"]
    assert (result["ruleId"], result["message"]["text"]) == (str(kind), "so")


def test_the_same_reason_twice_has_two_fingerprints() -> None:
    reason = Reason.of(Kind.MARKER_SYNTAX, "so", "f.md", line=3)
    log(report_of(reason, reason))


def test_paths_are_those_of_the_work_tree() -> None:
    reason = Reason.of(Kind.LOCK, "so", "leanbound.lock", outcome=Outcome.INVALID)
    (result,) = log(report_of(reason, prefix="sub folder/"))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "sub%20folder/leanbound.lock"


def test_nothing_untrusted_makes_a_link_or_steers_a_terminal() -> None:
    reason = Reason.of(Kind.ARTIFACT, "[all is well](https://example.org)\x1b[2K\u202e", "\x1b.md", claim="\x07")
    (result,) = log(report_of(reason))["runs"][0]["results"]
    assert result["message"]["text"] == "\\u0007: [all is well] (https://example.org)\\u001b[2K\\u202e"
