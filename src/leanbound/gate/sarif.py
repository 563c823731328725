"""The report of the gate as SARIF 2.1.0, for code scanning: one rule for each kind of reason, one result a reason."""

import hashlib
import json
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

from leanbound.gate.report import GateReport, Kind, Reason

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_INDEX: Final = {kind: i for i, kind in enumerate(Kind)}


def render(report: GateReport) -> str:
    """The report as SARIF, in ASCII. Paths are relative to git's work tree, where there is one."""
    return json.dumps(to_sarif(report), indent=1) + "\n"


def to_sarif(report: GateReport) -> dict[str, Any]:
    """The report as a SARIF log of one run."""
    driver = {
        "name": "leanbound gate",
        "semanticVersion": report.version,
        "rules": [_rule(kind) for kind in Kind],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "leanbound-gate/"},
        "invocations": [{"executionSuccessful": True, "exitCode": report.exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": _results(report),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(kind: Kind) -> dict[str, Any]:
    return {
        "id": str(kind),
        "name": "".join(word.capitalize() for word in kind.split("-")),
        "shortDescription": {"text": kind.summary},
        "defaultConfiguration": {"level": "error"},
    }


def _results(report: GateReport) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for reason in report.reasons:
        key = f"{reason.kind}\n{reason.file}\n{reason.claim}\n{reason.message}"
        seen[key] += 1
        fingerprint = hashlib.sha256(f"{key}\n{seen[key]}".encode()).hexdigest()
        results.append(_result(reason, report.prefix, fingerprint))
    return results


def _result(reason: Reason, prefix: str, fingerprint: str) -> dict[str, Any]:
    text = reason.message if reason.claim is None else f"{reason.claim}: {reason.message}"
    text = text.replace("](", "] (")  # in SARIF too, that would be a link
    location = {
        "artifactLocation": {"uri": quote(prefix + reason.file, safe="/"), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": reason.line},
    }
    return {
        "ruleId": str(reason.kind),
        "ruleIndex": _INDEX[reason.kind],
        "level": "error",
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"leanboundReason/v1": fingerprint},
    }
