"""Lean source files as a graph: names, headers, and the order in which they can be checked."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanbound.errors import InputError
from leanbound.files import read_bytes

_MAX_BYTES = 256 << 20
_COMMENT = re.compile(r"--[^\n]*")
_IMPORT = re.compile(r"(?:public\s+)?(?:meta\s+)?import\s+(?:all\s+)?([\w.«»'!?]+)")
_NAME = re.compile(r"[A-Za-z_][\w'!?]*(\.[A-Za-z_][\w'!?]*)*")


@dataclass(frozen=True)
class Module:
    """One source file."""

    name: str
    path: Path
    root: Path
    source: bytes
    imports: tuple[str, ...]
    """All modules it imports, those of the core library included, in the order of the file."""


def parse_imports(text: str) -> tuple[str, ...]:
    """The modules imported by a file's header: the lines before anything else but comments and `module`.

    A file without `prelude` imports `Init`, whether it says so or not.
    """
    position = _skip_blank(text, 0)
    found: list[str] = []
    prelude = False
    while True:
        match = re.compile(r"(module|prelude)\b").match(text, position)
        if match is not None:
            prelude = prelude or match.group(1) == "prelude"
        else:
            match = _IMPORT.match(text, position)
            if match is None:
                break
            found.append(match.group(1).replace("«", "").replace("»", ""))
        position = _skip_blank(text, match.end())
    implicit = () if prelude or "Init" in found else ("Init",)
    return tuple(dict.fromkeys((*implicit, *found)))


def _skip_blank(text: str, position: int) -> int:
    """The position after white space and comments; block comments nest."""
    while position < len(text):
        if text[position].isspace():
            position += 1
        elif text.startswith("--", position):
            match = _COMMENT.match(text, position)
            position = match.end() if match is not None else len(text)
        elif text.startswith("/-", position):
            position = _skip_block(text, position)
        else:
            break
    return position


def _skip_block(text: str, position: int) -> int:
    depth = 0
    for match in re.compile(r"/-|-/").finditer(text, position):
        depth += 1 if match.group() == "/-" else -1
        if depth == 0:
            return match.end()
    return len(text)


def find_source(name: str, roots: Sequence[Path]) -> tuple[Path, Path] | None:
    """`(file, root)` of a module, in the first root that has it; None where none has.

    Raises:
        InputError: when the name is not that of a module.
    """
    if _NAME.fullmatch(name) is None:
        raise InputError(f"{name!r} is not the name of a Lean module")
    for root in roots:
        path = root.joinpath(*name.split(".")).with_suffix(".lean")
        if path.is_file():
            return path, root
    return None


def module_graph(targets: Iterable[str], roots: Sequence[Path], is_core: Callable[[str], bool]) -> dict[str, Module]:
    """Every module that the targets need, by name, each after all that it imports.

    Args:
        targets: names of modules.
        roots: source roots, searched in order.
        is_core: whether a module belongs to the toolchain's own library.

    Raises:
        InputError: when a module is missing or imports form a cycle; names who imports it.
    """
    done: dict[str, Module] = {}
    for target in targets:
        _visit(target, (), roots, is_core, done)
    return done


def _visit(
    name: str,
    importers: tuple[str, ...],
    roots: Sequence[Path],
    is_core: Callable[[str], bool],
    done: dict[str, Module],
) -> None:
    if name in done:
        return
    if name in importers:
        cycle = " -> ".join((*importers[importers.index(name) :], name))
        raise InputError(f"the imports of {name} form a cycle: {cycle}")
    module = _load(name, importers, roots)
    for imported in module.imports:
        if not is_core(imported):
            _visit(imported, (*importers, name), roots, is_core, done)
    done[name] = module


def _load(name: str, importers: tuple[str, ...], roots: Sequence[Path]) -> Module:
    found = find_source(name, roots)
    if found is None:
        where = ", ".join(map(str, roots))
        by = f", imported by {importers[-1]}" if importers else ""
        raise InputError(f"module {name}{by} is neither in the core library nor in {where}")
    path, root = found
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"module {name}: {path} leads out of {root}. Replace the link by what it leads to.")
    source = read_bytes(path, _MAX_BYTES)
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}") from error
    return Module(name, path, root, source, parse_imports(text))
