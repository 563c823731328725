"""The Markdown files of a repository: the numbers in them that are bound to claims, held against what is verified."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError
from leanbound.files import read_bytes, write_file
from leanbound.gate.escape import quote
from leanbound.gate.markers import Marker, number_fault, read_markers, update
from leanbound.gate.report import ClaimEntry, Kind, MarkerEntry, Reason
from leanbound.gate.scan import Repository, markdown_files

_ENCODING: Final = "utf-8"
_ERRORS: Final = "surrogateescape"
"""Bytes that are not UTF-8 stay as they are."""


@dataclass
class Documents:
    """What was found in all Markdown files."""

    markers: list[MarkerEntry] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


def check(workspace: Workspace, repository: Repository, claims: Sequence[ClaimEntry], write: bool) -> Documents:
    """Check every bound number; first put the verified one there, if `write`, where the claim stands.

    Every file is written whole or not at all, and only if it changes; bytes outside the numbers stay as they are.
    Raises InputError when one cannot be written.
    """
    found = Documents()
    entries = {claim.name: claim for claim in claims}
    for path in markdown_files(workspace, repository):
        name = path.relative_to(workspace.root).as_posix()
        try:
            content = read_bytes(path)
        except InputError as error:
            found.reasons.append(Reason.of_error(Kind.REPOSITORY, error, name))
            continue
        if b"\0" in content and b"bound" in content.replace(b"\0", b""):
            message = "the file has NUL bytes, as in UTF-16, so its markers cannot be read: save it as UTF-8"
            found.reasons.append(Reason.of(Kind.REPOSITORY, message, name))
            continue
        _check_file(path, name, content, entries, write, found)
    return found


def _check_file(
    path: Path, name: str, content: bytes, claims: Mapping[str, ClaimEntry], write: bool, found: Documents
) -> None:
    text = content.decode(_ENCODING, _ERRORS)
    if "bound" not in text.casefold() and text.isascii():
        return
    before = after = read_markers(text)
    if write:
        bounds = {claim.name: claim.bound for claim in claims.values() if claim.bound is not None}
        changed = update(text, before.markers, bounds)
        if changed != text:
            _replace(path, changed.encode(_ENCODING, _ERRORS))
            found.updated.append(name)
            after = read_markers(changed)
    found.reasons += [Reason.of(Kind.MARKER_SYNTAX, fault.message, name, line=fault.line) for fault in after.faults]
    for old, new in zip(before.markers, after.markers, strict=True):
        reasons = list(_reasons(new, name, claims))
        found.reasons += reasons
        was = old.text if old.text != new.text else None
        found.markers.append(MarkerEntry.of(name, new.line, new.claim, new.text, not reasons, was))


def _reasons(marker: Marker, name: str, claims: Mapping[str, ClaimEntry]) -> list[Reason]:
    """Why a marker does not stand."""
    reason = partial(Reason.of, file=name, line=marker.line, claim=marker.claim)
    reasons = [reason(Kind.MARKER_SYNTAX, fault) for fault in marker.faults]
    claim = claims.get(marker.claim)
    if claim is None:
        known = ", ".join(quote(other) for other in claims)
        message = f"the number is bound to a claim that is not in this repository. Claims here: {known}."
        return [*reasons, reason(Kind.MARKER_CLAIM, message)]
    if claim.bound is None:
        message = "the number is bound to a claim that does not stand, for the reasons given for the claim"
        return [*reasons, reason(Kind.MARKER_CLAIM, message)]
    fault = number_fault(marker, claim.bound)
    return reasons if fault is None else [*reasons, reason(Kind.MARKER_NUMBER, fault)]


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is there already, and leave it the permissions that it has."""
    mode = path.stat().st_mode & 0o7777
    write_file(path, content)
    path.chmod(mode)
