"""Compiled modules on disk: where they lie, the record beside each, and whether it still holds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leanbound.lean.diagnostics import Diagnostic
from leanbound.lean.files import sha256_file
from leanbound.lean.modules import Module

_SCHEMA = 3
PARTS = (".olean", ".olean.private", ".olean.server", ".ir", ".ilean")
"""What Lean may write for one module."""


@dataclass(frozen=True)
class ModuleRecord:
    """One checked module."""

    module: str
    source: Path
    key: str
    """SHA-256 over source, imports, toolchain and options, in hexadecimal."""
    artifact: Path
    """The `.olean`; the other parts lie beside it."""
    files: Mapping[str, str]
    """SHA-256 by suffix, of every part that Lean wrote."""
    cpu_seconds: float
    wall_seconds: float
    max_rss_bytes: int
    kernel_steps: int
    """Definitions unfolded and recursors applied by the kernel, as Lean counts them."""
    diagnostics: tuple[Diagnostic, ...]
    first: bool
    """Whether it was the first module of its process, which costs more than a later one."""
    reused: bool

    @property
    def sha256(self) -> str:
        """SHA-256 of the `.olean`, in hexadecimal."""
        return self.files[".olean"]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [item for item in self.diagnostics if item.severity == "warning"]


def artifact_path(directory: Path, module: str) -> Path:
    """Where the `.olean` of a module lies."""
    *parents, last = module.split(".")
    return directory.joinpath(*parents, f"{last}.olean")


def part_path(artifact: Path, suffix: str) -> Path:
    """Where a part of a module lies, given its `.olean`."""
    return artifact.with_name(artifact.name.removesuffix(".olean") + suffix)


def is_part(path: Path) -> bool:
    """Whether Lean wrote this file: a link could stand for any other."""
    return path.is_file() and not path.is_symlink()


def module_key(module: Module, imports: Mapping[str, str], identity: str, options: Sequence[str]) -> str:
    """The content key of a module.

    Args:
        imports: the keys of the modules it imports; those of the core library are absent, being part of the toolchain.
        identity: the toolchain's.
    """
    parts = {
        "schema": _SCHEMA,
        "name": module.name,
        "source": hashlib.sha256(module.source).hexdigest(),
        "imports": [[name, imports.get(name, "core")] for name in module.imports],
        "toolchain": identity,
        "options": list(options),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def load_record(directory: Path, module: Module, key: str) -> ModuleRecord | None:
    """The record of an artifact that was made under the same key and whose parts still hash to what it says."""
    artifact = artifact_path(directory, module.name)
    try:
        data = json.loads(_record_path(artifact).read_text())
        if data["schema"] != _SCHEMA or data["key"] != key or ".olean" not in data["files"]:
            return None
        record = _from_json(module, artifact, data)
        intact = all(sha256_file(part_path(artifact, suffix)) == digest for suffix, digest in record.files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if intact else None


def store_record(made: Path, record: ModuleRecord) -> ModuleRecord:
    """Move the parts that Lean wrote beside `made` to where they belong, and write the record last.

    Args:
        made: the `.olean` in a directory of its own on the same file system.
        record: all but `files`, which is filled in here.
    """
    artifact = record.artifact
    artifact.parent.mkdir(parents=True, exist_ok=True)
    _record_path(artifact).unlink(missing_ok=True)
    files = {}
    for suffix in PARTS:
        part = part_path(made, suffix)
        target = part_path(artifact, suffix)
        if is_part(part):
            files[suffix] = sha256_file(part)
            part.replace(target)
        else:
            target.unlink(missing_ok=True)
    record = replace(record, files=files)
    temporary = made.with_name("record.json")
    temporary.write_text(json.dumps(_to_json(record), indent=1, sort_keys=True) + "\n")
    temporary.replace(_record_path(artifact))
    return record


def _record_path(artifact: Path) -> Path:
    return artifact.with_name(artifact.name + ".json")


def _to_json(record: ModuleRecord) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "module": record.module,
        "key": record.key,
        "files": dict(record.files),
        "cpu_seconds": round(record.cpu_seconds, 3),
        "wall_seconds": round(record.wall_seconds, 3),
        "max_rss_bytes": record.max_rss_bytes,
        "kernel_steps": record.kernel_steps,
        "first": record.first,
        "diagnostics": [item.to_dict() for item in record.diagnostics],
    }


def _from_json(module: Module, artifact: Path, data: dict[str, Any]) -> ModuleRecord:
    return ModuleRecord(
        module=module.name,
        source=module.path,
        key=data["key"],
        artifact=artifact,
        files=dict(data["files"]),
        cpu_seconds=float(data["cpu_seconds"]),
        wall_seconds=float(data["wall_seconds"]),
        max_rss_bytes=int(data["max_rss_bytes"]),
        kernel_steps=int(data["kernel_steps"]),
        diagnostics=tuple(Diagnostic.from_dict(item) for item in data["diagnostics"]),
        first=bool(data["first"]),
        reused=True,
    )
