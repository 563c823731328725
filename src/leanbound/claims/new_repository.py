"""A new repository of claims: leanbound's Lean library and templates, to be committed, locked and edited there."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from leanbound.claims.property import Property
from leanbound.claims.workspace import CLAIM_FILE, Workspace
from leanbound.errors import InputError
from leanbound.strategies import Options

PARTS: Final = ("lean", "templates", "lakefile.lean", "lean-toolchain")
_IGNORED: Final = "build/\n.lake/\n.venv/\n"
_CLAIM: Final = """\
schema_version = 1

[model]
path = "{model.path}"
digest = "{model.digest}"

[quantisation]
mode = "fixed"
bits = {model.bits}
{other}
[property]
{claimed}
[strategy]
name = "{strategy}"
"""
_OTHER: Final = """
[other]
path = "{other.path}"
digest = "{other.digest}"

[other.quantisation]
mode = "fixed"
bits = {other.bits}
"""


class ClaimedModel(NamedTuple):
    """What a claim says of a fixed-point model."""

    path: str
    """Of the checkpoint, in the repository."""
    digest: str
    """SHA-256 of its weights."""
    bits: int


def source() -> Path:
    """Where the parts lie: inside the installed package, or in the checkout that it runs from."""
    packaged = Path(__file__).parents[1] / "repository"
    return packaged if packaged.is_dir() else Path(__file__).parents[3]


def create(directory: Path) -> Workspace:
    """Put a repository of claims into a directory, which may hold other things already, and return it.

    Raises InputError when one of its parts is there already, so that nothing of anybody's is overwritten.
    """
    taken = [name for name in (*PARTS, "proofs") if (directory / name).exists()]
    if taken:
        raise InputError(f"{directory}: {', '.join(taken)} is there already. Choose another directory.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in PARTS:
            part = source() / name
            if part.is_dir():
                shutil.copytree(part, directory / name, ignore=shutil.ignore_patterns(".*", "build"))
            else:
                shutil.copyfile(part, directory / name)
        (directory / "proofs").mkdir()
        ignored = directory / ".gitignore"
        if not ignored.exists():
            ignored.write_text(_IGNORED)
    except OSError as error:
        raise InputError(f"{directory}: cannot be written: {error.strerror or error}.") from error
    return Workspace(directory)


def claim_text(
    model: ClaimedModel, claimed: Property, strategy: str, options: Options, other: ClaimedModel | None = None
) -> str:
    """The file of a claim about a model, or two."""
    property_lines = _toml(claimed.model_dump(mode="json", exclude_none=True))
    second = "" if other is None else _OTHER.format(other=other)
    text = _CLAIM.format(model=model, other=second, claimed=property_lines, strategy=strategy)
    return f"{text}\n[strategy.options]\n{_toml(options)}" if options else text


def _toml(values: Mapping[str, object]) -> str:
    """Keys and values, a line each; rows of a table are lines of their own."""
    lines = []
    for name, value in values.items():
        if isinstance(value, list) and any(isinstance(row, list) for row in value):
            rows = "".join(f"  {_inline(row)},\n" for row in value)
            lines.append(f"{name} = [\n{rows}]\n")
        else:
            lines.append(f"{name} = {_inline(value)}\n")
    return "".join(lines)


def _inline(value: object) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_inline(item)}' for name, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value)


def write_claim(workspace: Workspace, name: str, text: str) -> Path:
    """Write the file of a new claim. Raises InputError when there is one of that name."""
    from leanbound.claims.claim import parse_claim, require_claim_name
    from leanbound.files import write_file

    require_claim_name(name)
    path = workspace.proofs / name / CLAIM_FILE
    if path.exists():
        raise InputError(f"{path}: there is a claim of that name. Choose another name, or edit the file.")
    parse_claim(text.encode(), str(path))
    write_file(path, text.encode())
    return path
