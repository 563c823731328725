"""Reading and writing small files: whole or not at all, and with errors that name the file and the field."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from leanbound.errors import InputError
from leanbound.lean.files import open_regular

#: Most bytes of a file, by what is in it.
RECORD_LIMIT: Final = 1 << 20
JSON_LIMIT: Final = 64 << 20
LARGE_LIMIT: Final = 1 << 30


def read_bytes(path: Path, limit: int = LARGE_LIMIT) -> bytes:
    """The content of a regular file. Raises InputError when it cannot be read, or has more than `limit` bytes."""
    try:
        with open_regular(path) as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}. Check the path.") from error
    if len(content) > limit:
        raise InputError(f"{path}: has more than {limit:,} bytes, the most that such a file may have. Make it smaller.")
    return content


M = TypeVar("M", bound=BaseModel)


def read_json(path: Path, kind: type[M], limit: int = JSON_LIMIT) -> M:
    """A JSON file as a `kind`. Raises InputError as `read_bytes` does, or naming every wrong or missing field."""
    try:
        return kind.model_validate_json(read_bytes(path, limit))
    except ValidationError as error:
        raise InputError(f"{path}: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """All that a validation found, one `field: value: expectation` after the other."""
    parts = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"]) or "the file"
        value = "" if item["type"] == "missing" else f" is {shortened(item['input'])}"
        parts.append(f"{field}{value}: {item['msg']}")
    return "; ".join(parts)


def shortened(value: object) -> str:
    """A value for a message, in at most 60 characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"a very large {type(value).__name__}"
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
