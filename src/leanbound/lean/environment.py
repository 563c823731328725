"""The constants behind an artifact: its module, the modules of ours that it imports, and the edge of the toolchain's
library.

Own modules are given by name; every import must be one of them or lie in the toolchain's library directories, and no
name may be both. Own modules must come with their private parts, and what those hold must agree with what importers
saw. Library modules are not opened (the library has hundreds of megabytes, and in the embedded Lean no proofs): a
constant that no own module declares is taken to be the library's. Lean itself lets no other constant into a module that
it writes, so this is as good as the artifact's origin; a forged artifact is told by its digest, and by checking again
from sources.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leanbound.errors import RejectedError
from leanbound.lean.expr import Expr, Terms, constants, digest, hash_parts
from leanbound.lean.olean import Constant, ConstantKind, Module, part_paths, read_module
from leanbound.lean.region import Header

LIBRARY_ROOTS = ("Init", "Std", "Lean")
_MODULE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_']*(\.[A-Za-z_][A-Za-z0-9_']*)*\Z")
_MAX_MODULES = 10_000
_MAX_TOTAL_BYTES = 256 * 1024 * 1024


class AuditError(RejectedError):
    """Raised when an artifact cannot be audited: a module, a part of one or a constant is missing, doubled or
    contradictory.
    """


@dataclass(frozen=True)
class Artifacts:
    """Where modules are: own ones by name (the main `.olean`, other parts beside it), and the library's directories."""

    own: Mapping[str, Path]
    library: tuple[Path, ...]

    def in_library(self, module: str) -> bool:
        """Whether the toolchain's library has the module."""
        return any(path.is_file() for path in _candidates(self.library, module))


def module_file(directory: Path, module: str) -> Path:
    """The main `.olean` file of a module below a directory of Lean's search path; only plain names are accepted."""
    if not _MODULE_NAME.match(module):
        raise AuditError(f"module name {module!r} is not a plain one")
    *above, last = module.split(".")
    return directory.joinpath(*above, f"{last}.olean")


def _candidates(directories: Sequence[Path], module: str) -> list[Path]:
    return [module_file(directory, module) for directory in directories]


class _Found(dict[str, Path]):
    """Own modules, looked up in directories when asked for."""

    def __init__(self, directories: Sequence[Path]) -> None:
        super().__init__()
        self._directories = directories

    def __missing__(self, module: str) -> Path:
        for path in _candidates(self._directories, module):
            if path.is_file():
                self[module] = path
                return path
        raise KeyError(module)

    def __contains__(self, module: object) -> bool:
        try:
            return isinstance(module, str) and bool(self[module])
        except KeyError:
            return False


def find_artifacts(directories: Sequence[Path], library: Sequence[Path]) -> Artifacts:
    """Artifacts whose own modules are whatever lies in `directories` (as on `LEAN_PATH`, first match wins)."""
    return Artifacts(_Found(directories), tuple(library))


@dataclass(frozen=True)
class Reach:
    """Constants reached from some terms: own ones in the order in which they were met, and names from the library."""

    own: Mapping[str, Constant]
    library: frozenset[str]


@dataclass
class Shelf:
    """Modules that were read once for several environments, by the file they were read from, and the terms in them."""

    terms: Terms = field(default_factory=Terms)
    modules: dict[Path, Module] = field(default_factory=dict)


class Environment:
    """All own modules that `root` imports, directly or not, and `root` itself. Raises `AuditError` and `OleanError`.

    With a `shelf`, modules that lie there are not read again, and those that are read are put there.
    """

    def __init__(self, artifacts: Artifacts, root: str, shelf: Shelf | None = None) -> None:
        self.root = root
        self._shelf = shelf or Shelf()
        self.terms = self._shelf.terms
        self.modules: dict[str, Module] = {}
        self.library_imports: set[str] = set()
        self._total = 0
        self._home: dict[str, list[str]] = {}
        self._agreed: dict[str, tuple[Constant, ...]] = {}
        self._load_all(artifacts, root)

    @property
    def header(self) -> Header:
        """The header of the root module."""
        return self.modules[self.root].header

    def digests(self) -> dict[str, str]:
        """SHA-256 in hexadecimal, over the files of each own module as they were read."""
        return {
            name: hashlib.sha256(
                "".join(f"{suffix} {value}\n" for suffix, value in module.sha256.items()).encode()
            ).hexdigest()
            for name, module in self.modules.items()
        }

    def home(self, name: str) -> str | None:
        """The own module that declares a constant (the first one, where several do)."""
        return next(iter(self._home.get(name, ())), None)

    def constant(self, name: str) -> Constant | None:
        """An own constant as the kernel checked it, or `None` if no own module declares it."""
        return next(iter(self.copies(name)), None)

    def copies(self, name: str) -> tuple[Constant, ...]:
        """An own constant in each module that declares it: Lean lets several prove the same auxiliary theorem."""
        found = self._agreed.get(name)
        if found is None:
            found = tuple(self._agree(self.modules[module], name) for module in self._home.get(name, ()))
            if len({constant_digest(copy) for copy in found}) > 1:
                raise AuditError(f"{name} is declared differently in {' and '.join(self._home[name])}")
            self._agreed[name] = found
        return found

    def unfold(self, name: str) -> Expr | None:
        """The value of an own definition without universe parameters; for `leanbound.lean.literals.Literals`."""
        found = self.constant(name)
        return found.value if found and found.kind is ConstantKind.DEFINITION and not found.level_params else None

    def reach(self, roots: Iterable[Expr], *, proofs: bool) -> Reach:
        """Constants in `roots` and in whatever own constants consist of; proofs of theorems only if `proofs`."""
        seen: set[Expr] = set()
        own: dict[str, Constant] = {}
        library: set[str] = set()
        names = list(constants(roots, seen))
        while names:
            name = names.pop()
            if name in own or name in library:
                continue
            copies = self.copies(name)
            if not copies:
                library.add(name)
                continue
            own[name] = copies[0]
            for found in copies:
                skip = found.kind is ConstantKind.THEOREM and not proofs
                names.extend(constants((found.type,) if skip else found.terms, seen))
                names.extend(_companions(found))
        return Reach(own, frozenset(library))

    def meaning(self, root: Expr) -> str:
        """SHA-256 of all that `root` stands for: itself and every own constant that it unfolds to, library constants by
        name.

        Proofs do not enter, their statements do. Equal digests mean the same proposition over the same toolchain's
        library.
        """
        reach = self.reach((root,), proofs=False)
        parts = [hash_parts(name, constant_digest(reach.own[name])) for name in sorted(reach.own)]
        return hash_parts(digest(root), *parts, "library", *sorted(reach.library)).hex()

    def _load_all(self, artifacts: Artifacts, root: str) -> None:
        pending = [root]
        while pending:
            name = pending.pop()
            if name in self.modules:
                continue
            if len(self.modules) >= _MAX_MODULES:
                raise AuditError(f"{self.root} imports more than {_MAX_MODULES} modules")
            self._load(artifacts, name)
            pending.extend(self._own_imports(artifacts, name))

    def _load(self, artifacts: Artifacts, name: str) -> None:
        if name not in artifacts.own:
            raise AuditError(f"module {name} has no artifact")
        if artifacts.in_library(name):
            raise AuditError(f"module {name} has the name of a module of the toolchain's library")
        path = artifacts.own[name]
        self._total += sum(part.stat().st_size for part in part_paths(path) if part.is_file())
        if self._total > _MAX_TOTAL_BYTES:
            raise AuditError(f"{self.root} and what it imports of ours exceed {_MAX_TOTAL_BYTES} bytes of artifacts")
        module = self._shelf.modules.get(path) or read_module(path, self.terms)
        self._shelf.modules[path] = module
        if module.full is None:
            raise AuditError(f"module {name}: the private part is missing ({path.name}.server, {path.name}.private)")
        if self.modules and (module.header.lean_version, module.header.commit) != self._version():
            raise AuditError(
                f"module {name} was written by Lean {module.header.lean_version}, another than {self.root}"
            )
        if all(item.module != "Init" for item in module.full.imports):
            raise AuditError(f"module {name} does not import Init: it could declare its own foundations")
        for constant in {*module.full.names, *module.exported.names}:
            self._home.setdefault(constant, []).append(name)
        self.modules[name] = module

    def _version(self) -> tuple[str, str]:
        return self.header.lean_version, self.header.commit

    def _own_imports(self, artifacts: Artifacts, name: str) -> list[str]:
        module = self.modules[name]
        own = []
        parts = (module.exported,) if module.full is None else (module.exported, module.full)
        for imported in {item.module for part in parts for item in part.imports}:
            if imported in artifacts.own:
                own.append(imported)
            elif imported.split(".")[0] in LIBRARY_ROOTS and artifacts.in_library(imported):
                self.library_imports.add(imported)
            else:
                raise AuditError(f"{name} imports {imported}, which is neither ours nor of the toolchain's library")
        return own

    def _agree(self, module: Module, name: str) -> Constant:
        """The constant of the private part, once it is clear that importers saw the same."""
        full, exported = module.full, module.exported
        if full is None or name not in full:
            raise AuditError(f"{name} is exported but not in the private part of its module")
        checked = full.constant(name)
        if name in exported:
            seen = exported.constant(name)
            hidden = (
                seen.kind is ConstantKind.AXIOM and checked.kind in _HIDEABLE and seen.is_unsafe == checked.is_unsafe
            )
            same = (
                _signature(seen) == _signature(checked) if hidden else constant_digest(seen) == constant_digest(checked)
            )
            if not same:
                raise AuditError(f"{name}: importers saw another constant than the one in the private part")
        return checked


_HIDEABLE = (ConstantKind.DEFINITION, ConstantKind.THEOREM, ConstantKind.OPAQUE)


def _signature(constant: Constant) -> tuple[tuple[str, ...], bytes]:
    return constant.level_params, digest(constant.type)


def _companions(constant: Constant) -> tuple[str, ...]:
    """Constants that belong to this one though its terms need not name them."""
    if constant.kind in (ConstantKind.INDUCTIVE, ConstantKind.CONSTRUCTOR, ConstantKind.RECURSOR):
        return (*constant.related, *(rule[0] for rule in constant.rules))
    return ()


def constant_digest(constant: Constant) -> bytes:
    """SHA-256 of what a constant is to the kernel; of a theorem the proof does not enter."""
    with_value = constant.value is not None and constant.kind is not ConstantKind.THEOREM
    value = digest(constant.value) if with_value and constant.value is not None else b""
    mutual = constant.related if constant.kind not in _HIDEABLE else ()
    rules = [hash_parts(name, str(fields), digest(body)) for name, fields, body in constant.rules]
    flags = f"{constant.is_unsafe} {constant.is_partial} {constant.numbers}"
    lists = [hash_parts(*constant.level_params), hash_parts(*mutual), hash_parts(*rules)]
    return hash_parts(constant.kind.value, constant.name, digest(constant.type), value, flags, *lists)
