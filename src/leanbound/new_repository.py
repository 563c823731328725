"""A new repository of claims: leanbound's Lean library and templates, to be committed, locked and edited there."""

import json
import shutil
from pathlib import Path
from typing import Final

from leanbound.errors import InputError
from leanbound.strategies import Options
from leanbound.workspace import CLAIM_FILE, Workspace

PARTS: Final = ("lean", "templates", "lakefile.lean", "lean-toolchain")
_IGNORED: Final = "build/\n.lake/\n.venv/\n"
_CLAIM: Final = """\
schema_version = 1

[model]
path = "{path}"
digest = "{digest}"

[quantisation]
mode = "fixed"
bits = {bits}

[property]
kind = "accuracy"
task = "max-of-k"
at_least = {at_least}

[strategy]
name = "{strategy}"
"""


def source() -> Path:
    """Where the parts lie: inside the installed package, or in the checkout that it runs from."""
    packaged = Path(__file__).parent / "repository"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


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


def claim_text(*, path: str, digest: str, bits: int, at_least: int, strategy: str, options: Options) -> str:
    """The file of a claim: the fixed-point model of a checkpoint is right on at least so many inputs."""
    text = _CLAIM.format(path=path, digest=digest, bits=bits, at_least=at_least, strategy=strategy)
    if options:
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in options.items()]
        text += "\n[strategy.options]\n" + "".join(lines)
    return text


def write_claim(workspace: Workspace, name: str, text: str) -> Path:
    """Write the file of a new claim. Raises InputError when there is one of that name."""
    from leanbound.claims import parse_claim, require_claim_name
    from leanbound.models.files import write_file

    require_claim_name(name)
    path = workspace.proofs / name / CLAIM_FILE
    if path.exists():
        raise InputError(f"{path}: there is a claim of that name. Choose another name, or edit the file.")
    parse_claim(text.encode(), str(path))
    write_file(path, text.encode())
    return path
