"""The commands about proofs: certify, render, check, verify and status."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError

if TYPE_CHECKING:
    from leanbound.pipeline.run import ClaimResult


def certify(arguments: argparse.Namespace) -> int:
    """Search for a certificate."""
    from leanbound.cli.tasks import asked_property
    from leanbound.families.registry import load_quantised
    from leanbound.report.table import part
    from leanbound.strategies import certify as search

    model = load_quantised(arguments.model)
    claimed = asked_property(arguments, model.config)
    given = {"fraction": arguments.fraction, "precision": arguments.precision}
    options = {name: value for name, value in given.items() if value is not None}
    certificate = search(arguments.strategy, model, claimed, progress=True, **options)
    certificate.save(arguments.out)
    if arguments.json:
        facts = {"proved": certificate.proved, "inputs": certificate.inputs, "bytes": certificate.size_bytes}
        print(json.dumps({"digest": certificate.digest, **facts}, indent=1))
        return 0
    print(f"proves {part(certificate.proved, certificate.inputs)}, if Lean accepts it")
    print(f"{arguments.out}: {certificate.size_bytes:,} bytes, SHA-256 {certificate.digest}")
    return 0


def render(arguments: argparse.Namespace) -> int:
    """Render Lean sources."""
    from leanbound.claims.claim import require_claim_name
    from leanbound.families.registry import load_quantised
    from leanbound.rendering.render import render_claim
    from leanbound.strategies import find_strategy, load_certificate

    require_claim_name(arguments.name)
    model = load_quantised(arguments.model)
    certificate = load_certificate(arguments.certificate)
    at_least = certificate.proved if arguments.at_least is None else arguments.at_least
    if not 1 <= at_least <= certificate.inputs:
        raise InputError(f"--at-least is {at_least}, expected 1 to {certificate.inputs}.")
    claimed = find_strategy(certificate.strategy).question(certificate).with_bound(at_least)
    rendered = render_claim(arguments.name, model, claimed, certificate, arguments.templates)
    rendered.write(arguments.out)
    for module in rendered.modules:
        print(arguments.out / Path(*module.split(".")).with_suffix(".lean"))
    return 0


def verify_command(arguments: argparse.Namespace) -> int:
    """Verify claims and print the table."""
    workspace = Workspace.find(arguments.root)
    names = list(dict.fromkeys(arguments.claims)) or workspace.claim_names()
    if not names:
        raise InputError(f"{workspace.proofs}: no claims there. Add one, as README.md says.")
    return _verify(arguments, workspace, names, reuse=not arguments.again)


def check(arguments: argparse.Namespace) -> int:
    """Check a claim from a certificate."""
    from leanbound.claims.claim import load_claim
    from leanbound.pipeline.certificates import certificate_path

    workspace = Workspace.find(arguments.root)
    load_claim(workspace, arguments.claim)
    certificate = arguments.certificate or certificate_path(workspace.claim_build(arguments.claim))
    if not certificate.is_file():
        remedy = f"Run `leanbound verify {arguments.claim}`, or give one with --certificate."
        raise InputError(f"{certificate}: there is no such certificate. {remedy}")
    return _verify(arguments, workspace, [arguments.claim], reuse=False, certificate=certificate)


def _verify(
    arguments: argparse.Namespace,
    workspace: Workspace,
    names: list[str],
    reuse: bool,
    certificate: Path | None = None,
) -> int:
    from leanbound.claims.verdict import worst
    from leanbound.lean.toolchain import preference_from_env
    from leanbound.pipeline.run import Settings, verify

    settings = Settings(
        workspace=workspace,
        preference=preference_from_env(arguments.toolchain),
        jobs=arguments.jobs,
        reuse=reuse,
        certificate=certificate,
        progress=True,
        bars=sys.stderr.isatty(),
        say=_say,
    )
    results = verify(names, settings)
    _print(arguments, results, workspace)
    return int(worst(result.outcome for result in results))


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _print(arguments: argparse.Namespace, results: "list[ClaimResult]", workspace: Workspace) -> None:
    from leanbound.report.table import render_table

    if arguments.json:
        print(json.dumps([_as_json(result) for result in results], indent=1))
        return
    width = os.get_terminal_size().columns if sys.stdout.isatty() else None
    print(render_table(results, workspace.root, width), end="")


def _as_json(result: "ClaimResult") -> dict[str, object]:
    if result.verdict is not None:
        return {**result.verdict.model_dump(mode="json"), "reused": result.reused}
    return {"claim": result.name, "outcome": result.outcome, "reasons": list(result.reasons)}


def status(arguments: argparse.Namespace) -> int:
    """Say of every claim whether its verdict stands."""
    from leanbound.pipeline import freshness

    workspace = Workspace.find(arguments.root)
    code = freshness.code_digest()
    lines = [_status_line(workspace, name, code) for name in workspace.claim_names()]
    if arguments.json:
        print(json.dumps(lines, indent=1))
        return 0
    width = max((len(line["claim"]) for line in lines), default=0)
    for line in lines:
        print(f"{line['claim']:{width}}  {line['status']:12}  {line['detail']}")
    return 0


def _status_line(workspace: Workspace, name: str, code: str) -> dict[str, str]:
    """`status` is the outcome of a verdict that stands, stale, or never (verified)."""
    from leanbound.pipeline import freshness

    verdict = freshness.stored_verdict(workspace, name)
    if verdict is None:
        return {"claim": name, "status": "never", "detail": "no verdict yet; run `leanbound verify`"}
    changed = freshness.changes(workspace, verdict, code)
    if changed:
        shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        return {"claim": name, "status": "stale", "detail": f"was {verdict.outcome}; changed: {shown}"}
    detail = verdict.artifact or next((line for reason in verdict.reasons for line in reason.splitlines()), "")
    return {"claim": name, "status": str(verdict.outcome), "detail": detail}
