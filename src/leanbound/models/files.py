"""Reading and writing small files: whole or not at all, and with errors that name the file and the field."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from leanbound.errors import InputError


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises InputError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}. Check the path.") from error


M = TypeVar("M", bound=BaseModel)


def read_json(path: Path, kind: type[M]) -> M:
    """A JSON file as a `kind`. Raises InputError that names every wrong, missing or unknown field."""
    try:
        return kind.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """All that a validation found, one `field: value: expectation` after the other."""
    parts = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"]) or "the file"
        value = "" if item["type"] == "missing" else f" is {_short(item['input'])}"
        parts.append(f"{field}{value}: {item['msg']}")
    return "; ".join(parts)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, replacing what was there. Raises InputError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}. Nothing was changed.") from error


def write_new_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Create a directory with these files, all or nothing. Raises InputError when it exists or cannot be written."""
    if path.exists():
        raise InputError(f"{path}: exists already. Choose another path, or remove it first.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            for name, content in files.items():
                (staging / name).write_bytes(content)
            staging.chmod(0o755)
            staging.rename(path)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}. Nothing was left there.") from error
