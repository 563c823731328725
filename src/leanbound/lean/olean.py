"""The modules in `.olean` files: imports, constants and what attributes say of them, read on demand.

A module of Lean's module system is written in parts. `X.olean` holds what importers see: there a theorem, and a
definition whose body is not exposed, looks like an axiom. `X.olean.private` holds every constant as the kernel checked
it, proofs included. `Module.exported` and `Module.full` are the two views; a module outside the module system has one
part, and both views are the same. Toolchains' libraries come without private parts in the embedded Lean.

Errors are `OleanError`s (see `leanbound.lean.region` for what is refused); nothing is executed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from leanbound.lean.expr import Expr, ExprKind, Level, Terms, name_component
from leanbound.lean.region import Header, OleanError, Region, read_parts

__all__ = ["Constant", "ConstantKind", "Import", "Module", "OleanError", "part_paths", "read_module"]

_MAX_NAME_COMPONENTS = 256
_MAX_NAME_LENGTH = 4096


class ConstantKind(StrEnum):
    """The kinds of constants, in Lean's order."""

    AXIOM = "axiom"
    DEFINITION = "def"
    THEOREM = "theorem"
    OPAQUE = "opaque"
    QUOTIENT = "quot"
    INDUCTIVE = "inductive"
    CONSTRUCTOR = "constructor"
    RECURSOR = "recursor"


_KINDS = tuple(ConstantKind)


@dataclass(frozen=True)
class Import:
    """An import of a module."""

    module: str
    import_all: bool
    is_exported: bool
    is_meta: bool


@dataclass(frozen=True)
class Constant:
    """A constant of the environment.

    `value` is present for definitions, theorems and opaque constants. `numbers`, `related` and `rules` hold the rest of
    what the kernel keeps: parameter counts and flags; names of constructors, of the inductive type, of the mutual
    block; for recursors a triple of constructor, field count and right-hand side for each rule.
    """

    name: str
    kind: ConstantKind
    level_params: tuple[str, ...]
    type: Expr
    value: Expr | None = None
    is_unsafe: bool = False
    is_partial: bool = False
    numbers: tuple[int, ...] = ()
    related: tuple[str, ...] = ()
    rules: tuple[tuple[str, int, Expr], ...] = ()

    @property
    def terms(self) -> tuple[Expr, ...]:
        """All terms in it."""
        value = () if self.value is None else (self.value,)
        return (self.type, *value, *(rule[2] for rule in self.rules))


class _Decoder:
    """Turns references of one region into names, levels and terms; each object is decoded once."""

    def __init__(self, region: Region, terms: Terms) -> None:
        self.region, self.terms = region, terms
        self._names: dict[int, tuple[str, int]] = {1: ("", 0)}
        self._strings: dict[int, str] = {}
        self._levels: dict[int, Level] = {}
        self._level_lists: dict[int, tuple[Level, ...]] = {}
        self._exprs: dict[int, Expr] = {}

    def string(self, ref: int) -> str:
        found = self._strings.get(ref)
        if found is None:
            found = self._strings[ref] = self.region.string(ref, "a string")
        return found

    def name(self, ref: int) -> str:
        """The name at `ref`, in a form that differs for different names; anonymous is the empty string."""
        pending = []
        at = ref
        while at not in self._names:
            if self.region.tag(at) not in (1, 2) or at & 1:
                raise self.region.unexpected(at, "a name")
            pending.append(at)
            at = self.region.fields(at, self.region.tag(at), 2, 8, "a name")[0]
        while pending:
            at = pending.pop()
            prefix, component = self.region.fields(at, self.region.tag(at), 2, 8, "a name")
            before, depth = self._names[prefix]
            last = name_component(self.string(component)) if self.region.tag(at) == 1 else str(self._small(component))
            text = f"{before}.{last}" if before else last
            if depth >= _MAX_NAME_COMPONENTS or len(text) > _MAX_NAME_LENGTH:
                raise OleanError(f"{self.region.what}: a name of more than {_MAX_NAME_LENGTH} characters")
            self.region.charge(len(text))
            self._names[at] = (text, depth + 1)
        return self._names[ref][0]

    def _small(self, ref: int) -> int:
        """A number below 2^64: an index, or part of a name (hashes, which are bignums in 32-bit files)."""
        number = self.region.natural(ref, "a small number")
        if number >> 64:
            raise self.region.unexpected(ref, "a number below 2^64")
        return number

    def list(self, ref: int) -> list[int]:
        """The elements of a `List`."""
        found = []
        while ref != 1:
            first, ref = self.region.fields(ref, 1, 2, 0, "a list")
            found.append(first)
        return found

    def names(self, ref: int) -> tuple[str, ...]:
        return tuple(self.name(item) for item in self.list(ref))

    def level(self, ref: int) -> Level:
        stack = [ref]
        while stack:
            at = stack[-1]
            if at in self._levels:
                stack.pop()
                continue
            tag = self.region.tag(at)
            if at == 1:
                self._levels[at] = self.terms.level("zero")
                continue
            if tag not in _LEVELS or at & 1:
                raise self.region.unexpected(at, "a universe level")
            kind, count = _LEVELS[tag]
            children = self.region.fields(at, tag, count, 8, "a universe level")
            if kind == "param":
                self._levels[at] = self.terms.level(kind, self.name(children[0]))
                continue
            missing = [child for child in children if child not in self._levels]
            stack.extend(missing)
            if not missing:
                self._levels[at] = self.terms.level(kind, "", tuple(self._levels[child] for child in children))
        return self._levels[ref]

    def level_list(self, ref: int) -> tuple[Level, ...]:
        found = self._level_lists.get(ref)
        if found is None:
            found = self._level_lists[ref] = tuple(self.level(item) for item in self.list(ref))
        return found

    def expr(self, ref: int) -> Expr:
        exprs, region = self._exprs, self.region
        opened: dict[int, tuple[int, ...]] = {}
        stack = [ref]
        while stack:
            at = stack[-1]
            if at in exprs:
                stack.pop()
                continue
            tag = region.tag(at)
            if tag not in _EXPRS or at & 1:
                raise region.unexpected(at, "a term without free variables")
            kind, count, scalars, first, last = _EXPRS[tag]
            fields = opened.pop(at, None) or region.fields(at, tag, count, scalars, "a term")
            children = fields[first:last]
            missing = [child for child in children if child not in exprs]
            if missing:
                opened[at] = fields
                stack.extend(missing)
                continue
            stack.pop()
            args = tuple([exprs[child] for child in children])
            exprs[at] = args[0] if kind is None else self._make(kind, fields, args)
        return exprs[ref]

    def _make(self, kind: ExprKind, fields: tuple[int, ...], args: tuple[Expr, ...]) -> Expr:
        make = self.terms.expr
        if kind is ExprKind.APP:
            return make(kind, None, args)
        if kind is ExprKind.CONST:
            return make(kind, (self.name(fields[0]), self.level_list(fields[1])))
        if kind is ExprKind.BVAR:
            return make(kind, self._small(fields[0]))
        if kind is ExprKind.SORT:
            return make(kind, self.level(fields[0]))
        if kind is ExprKind.NAT:
            return self._literal(fields[0])
        if kind is ExprKind.PROJ:
            return make(kind, (self.name(fields[0]), self._small(fields[1])), args)
        return make(kind, self.name(fields[0]), args)

    def _literal(self, ref: int) -> Expr:
        if self.region.tag(ref) == 1:
            return self.terms.expr(ExprKind.STR, self.string(self.region.fields(ref, 1, 1, 0, "a literal")[0]))
        number = self.region.natural(self.region.fields(ref, 0, 1, 0, "a literal")[0], "a natural number")
        return self.terms.expr(ExprKind.NAT, number)


_LEVELS = {1: ("succ", 1), 2: ("max", 2), 3: ("imax", 2), 4: ("param", 1)}
# Tag: kind (None: metadata, transparent), pointers, bytes of scalars, and which pointers are terms.
_EXPRS: dict[int, tuple[ExprKind | None, int, int, int, int]] = {
    0: (ExprKind.BVAR, 1, 8, 0, 0),
    3: (ExprKind.SORT, 1, 8, 0, 0),
    4: (ExprKind.CONST, 2, 8, 0, 0),
    5: (ExprKind.APP, 2, 8, 0, 2),
    6: (ExprKind.LAM, 3, 9, 1, 3),
    7: (ExprKind.PI, 3, 9, 1, 3),
    8: (ExprKind.LET, 4, 9, 1, 4),
    9: (ExprKind.NAT, 1, 8, 0, 0),
    10: (None, 2, 8, 1, 2),
    11: (ExprKind.PROJ, 3, 8, 2, 3),
}
# Kind: pointers and bytes of scalars of its record; the first pointer leads to the name, level parameters and type.
_RECORDS = {
    ConstantKind.AXIOM: (1, 1),
    ConstantKind.DEFINITION: (4, 1),
    ConstantKind.THEOREM: (3, 0),
    ConstantKind.OPAQUE: (3, 1),
    ConstantKind.QUOTIENT: (1, 1),
    ConstantKind.INDUCTIVE: (6, 3),
    ConstantKind.CONSTRUCTOR: (5, 1),
    ConstantKind.RECURSOR: (7, 2),
}
_UNSAFE, _PARTIAL = 0, 2


class Part:
    """One view of a module: the contents of one of its parts."""

    def __init__(self, decoder: _Decoder, root: int) -> None:
        self._decoder = decoder
        region = decoder.region
        imports, names, constants, _, entries = region.fields(root, 0, 5, 1, "module data")
        self.is_module = bool(region.scalar_byte(root, 5, 0))
        self.imports = tuple(self._import(ref) for ref in region.array(imports, "imports"))
        listed = [decoder.name(ref) for ref in region.array(names, "names of constants")]
        refs = region.array(constants, "constants")
        if len(listed) != len(refs):
            raise OleanError(f"{region.what}: {len(listed)} names for {len(refs)} constants")
        self._refs = dict(zip(listed, refs, strict=True))
        if len(self._refs) != len(refs):
            raise OleanError(f"{region.what}: two constants have the same name")
        self._entries = entries
        self._decoded: dict[str, Constant] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its constants."""
        return tuple(self._refs)

    def __contains__(self, name: str) -> bool:
        return name in self._refs

    def constant(self, name: str) -> Constant:
        """The constant of that name; raises `KeyError` if there is none."""
        found = self._decoded.get(name)
        if found is None:
            found = self._decoded[name] = self._constant(name, self._refs[name])
        return found

    def entries(self, extension: str) -> list[int]:
        """References to what the environment extension of that name has stored; empty if nothing."""
        region = self._decoder.region
        for pair in region.array(self._entries, "extension entries"):
            name, values = region.fields(pair, 0, 2, 0, "an extension's entries")
            if self._decoder.name(name) == extension:
                return region.array(values, "an extension's entries")
        return []

    def entry_names(self, extension: str, *, scoped: bool = False) -> list[str]:
        """Names that begin the entries of an extension: pairs or records that start with a name.

        A `scoped` extension wraps its entries, as global ones or with the namespace that turns them on.
        """
        region = self._decoder.region
        firsts = []
        for ref in self.entries(extension):
            record = region.pointers(ref)[-1:] if scoped else (ref,)
            firsts += [field for at in record for field in region.pointers(at)[:1]]
        return [self._decoder.name(first) for first in firsts]

    def original_kinds(self) -> dict[str, int]:
        """For constants exported as axioms, the number (in Lean's `ConstantKind`) of what they were declared as."""
        region = self._decoder.region
        pairs = (region.fields(ref, 0, 2, 0, "a constant's kind") for ref in self.entries(ORIGINAL_KINDS))
        return {self._decoder.name(name): region.tag(kind) for name, kind in pairs}

    def _import(self, ref: int) -> Import:
        region = self._decoder.region
        (module,) = region.fields(ref, 0, 1, 3, "an import")
        flags = [bool(region.scalar_byte(ref, 1, index)) for index in range(3)]
        return Import(self._decoder.name(module), *flags)

    def _constant(self, name: str, ref: int) -> Constant:
        decoder, region = self._decoder, self._decoder.region
        tag = region.tag(ref)
        if tag >= len(_KINDS):
            raise region.unexpected(ref, "a constant")
        kind = _KINDS[tag]
        (record,) = region.fields(ref, tag, 1, 0, "a constant")
        count, scalars = _RECORDS[kind]
        first, *rest = region.fields(record, 0, count, scalars, f"the record of {kind} {name}")
        own_name, params, type_ref = region.fields(first, 0, 3, 0, "a constant's name, levels and type")
        if decoder.name(own_name) != name:
            raise OleanError(f"{region.what}: the constant listed as {name} is called {decoder.name(own_name)}")
        flags = [region.scalar_byte(record, count, index) for index in range(scalars)]
        common = (name, kind, decoder.names(params), decoder.expr(type_ref))
        return self._finish(common, rest, flags)

    def _finish(
        self, common: tuple[str, ConstantKind, tuple[str, ...], Expr], rest: list[int], flags: list[int]
    ) -> Constant:
        decoder = self._decoder
        kind = common[1]
        if kind in (ConstantKind.AXIOM, ConstantKind.QUOTIENT):
            unsafe = kind is ConstantKind.AXIOM and bool(flags[0])
            return Constant(*common, is_unsafe=unsafe, numbers=tuple(flags))
        if kind is ConstantKind.DEFINITION:
            value, related = decoder.expr(rest[0]), decoder.names(rest[2])
            return Constant(*common, value, flags[0] == _UNSAFE, flags[0] == _PARTIAL, related=related)
        if kind in (ConstantKind.THEOREM, ConstantKind.OPAQUE):
            return Constant(*common, decoder.expr(rest[0]), any(flags), related=decoder.names(rest[1]))
        if kind is ConstantKind.INDUCTIVE:
            numbers = (*self._numbers([rest[0], rest[1], rest[4]]), *flags)
            related = (*decoder.names(rest[3]), *decoder.names(rest[2]))
            return Constant(*common, is_unsafe=bool(flags[1]), numbers=numbers, related=related)
        if kind is ConstantKind.CONSTRUCTOR:
            numbers = (*self._numbers(rest[1:]), *flags)
            return Constant(*common, is_unsafe=bool(flags[0]), numbers=numbers, related=(decoder.name(rest[0]),))
        numbers = (*self._numbers(rest[1:5]), *flags)
        rules = tuple(self._rule(ref) for ref in decoder.list(rest[5]))
        return Constant(*common, None, bool(flags[1]), False, numbers, decoder.names(rest[0]), rules)

    def _numbers(self, refs: list[int]) -> tuple[int, ...]:
        return tuple(self._decoder.region.natural(ref, "a number") for ref in refs)

    def _rule(self, ref: int) -> tuple[str, int, Expr]:
        constructor, fields, body = self._decoder.region.fields(ref, 0, 3, 0, "a reduction rule")
        return self._decoder.name(constructor), self._numbers([fields])[0], self._decoder.expr(body)


ORIGINAL_KINDS = "_private.Lean.AddDecl.0.Lean.privateConstKindsExt"


@dataclass(frozen=True)
class Module:
    """A module: what importers see, and, where its private part was read, what the kernel checked.

    `sha256` is, in hexadecimal, of each of the files that were read, by suffix (`.olean`, `.olean.server`,
    `.olean.private`).
    """

    header: Header
    exported: Part
    full: Part | None
    sha256: Mapping[str, str]


_SUFFIXES = (".olean", ".olean.server", ".olean.private")


def part_paths(olean: Path) -> tuple[Path, ...]:
    """The files of the module with the main file `olean`, as far as they exist, in the order in which they are laid
    out.
    """
    others = [olean.with_name(olean.name + suffix) for suffix in (".server", ".private")]
    return (olean, *others) if all(path.is_file() for path in others) else (olean,)


def read_module(olean: Path, terms: Terms | None = None, *, exported_only: bool = False) -> Module:
    """Read the module with the main file `olean`, and its other parts where they lie beside it.

    Terms are made in `terms`, which modules to be compared must share. Constants are decoded when asked for. Raises
    `OleanError`.
    """
    paths = (olean,) if exported_only else part_paths(olean)
    parts = read_parts(paths)
    digests = {suffix: hashlib.sha256(part).hexdigest() for suffix, part in zip(_SUFFIXES, parts, strict=False)}
    region = Region(parts, str(olean))
    decoder = _Decoder(region, terms or Terms())
    exported = Part(decoder, region.roots[0])
    if not exported.is_module:
        return Module(region.headers[0], exported, exported, digests)
    full = Part(decoder, region.roots[2]) if len(paths) == 3 else None
    return Module(region.headers[0], exported, full, digests)
