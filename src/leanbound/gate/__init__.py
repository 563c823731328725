"""The gate: rejects a repository in which anything bound to a claim is not verified, or no longer is.

    report = gate(GateSettings(workspace))
    report.exit_code  # 0 only if everything stands

`markdown`, `markers` and `numbers` read what documents say, `scan` finds files, `evidence` checks one claim, `recheck`
verifies from sources, `report` is what was found, `text` and `sarif` are forms of it, `escape` makes it safe to print.
"""

from leanbound.gate.report import ClaimEntry, GateReport, Kind, MarkerEntry, Reason
from leanbound.gate.run import GateSettings, gate

__all__ = ["ClaimEntry", "GateReport", "GateSettings", "Kind", "MarkerEntry", "Reason", "gate"]
