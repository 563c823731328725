"""A smaller export section for a WebAssembly module, so that every thread instantiates it quickly.

The embedded Lean exports 201,110 symbols in order that its interpreter can look up compiled functions by name.
V8 makes an object of each of them in each thread. Here all but a few are taken out of the export section, the
exported functions that are in no table slot yet get one, and a symbol file keeps for every name what a lookup
needs: its table index (functions) or address (data). The code section is left as it is, byte for byte.
"""

import hashlib
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from leanbound.errors import ToolchainError

_HEADER = b"\0asm\1\0\0\0"
_CUSTOM, _IMPORT, _TABLE, _GLOBAL, _EXPORT, _ELEMENT = 0, 2, 4, 6, 7, 9
_FUNCTION_KIND, _GLOBAL_KIND = 0, 3
_DYLINK = b"dylink.0"
_DYLINK_EXPORT_INFO = 3
_DYLINK_TLS = 256
_FUNCREF, _I32, _I32_CONST, _END = 0x70, 0x7F, 0x41, 0x0B


@dataclass(frozen=True)
class Slimmed:
    """A module with a small export section, and the file of the symbols that were in the large one."""

    module: bytes
    symbols: bytes
    """Three arrays of n little-endian 32-bit numbers: the high and low words of the first 8 bytes of each name's
    SHA-256, in increasing order, and the values."""


class _Reader:
    """A cursor over a module's bytes."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def byte(self) -> int:
        self.position += 1
        return self.data[self.position - 1]

    def unsigned(self) -> int:
        """An unsigned LEB128 number."""
        result = shift = 0
        while True:
            byte = self.byte()
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    def signed(self) -> int:
        """A signed LEB128 number: the unsigned one, in two's complement of its seven bits a byte."""
        start = self.position
        value = self.unsigned()
        bits = 7 * (self.position - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def name(self) -> bytes:
        length = self.unsigned()
        self.position += length
        return self.data[self.position - length : self.position]


def slim_exports(module: bytes, keep: Collection[str]) -> Slimmed:
    """Take all exports but `keep` out of the export section.

    Raises:
        ToolchainError: when the module is not laid out as expected, or two names hash alike.
    """
    try:
        return _slim(module, {name.encode() for name in keep})
    except IndexError:
        raise ToolchainError("cannot prepare lean.wasm: it ends too early") from None


def _slim(module: bytes, keep: set[bytes]) -> Slimmed:
    sections = {number: (start, end) for number, start, end in _sections(module)}
    _require({_CUSTOM, _IMPORT, _TABLE, _GLOBAL, _EXPORT, _ELEMENT} <= sections.keys(), "a section is missing")
    keep = keep | _thread_locals(module, *sections[_CUSTOM])
    exports = _read_exports(module, sections[_EXPORT][0])
    got, imported_globals = _read_imports(module, sections[_IMPORT][0])
    clash = got & exports.keys()
    _require(not clash, f"{len(clash)} imports are resolved from its own exports")
    elements = _read_elements(module, sections[_ELEMENT][0])
    slots = {function: index for index, function in reversed(list(enumerate(elements, start=1)))}
    for kind, function in exports.values():
        if kind == _FUNCTION_KIND and function not in slots:
            elements.append(function)
            slots[function] = len(elements)
    constants = _read_constants(module, sections[_GLOBAL][0])
    values: dict[bytes, int] = {}
    for name, (kind, index) in exports.items():
        value = (
            slots[index]
            if kind == _FUNCTION_KIND
            else constants.get(index - imported_globals)
            if kind == _GLOBAL_KIND
            else None
        )
        if value is not None:
            values[name] = value
    table = module[sections[_TABLE][0] :][:3]
    _require(table == bytes((1, _FUNCREF, 0)), "its table section has another form")
    kept = [
        _unsigned(len(name)) + name + bytes((kind,)) + _unsigned(index)
        for name, (kind, index) in exports.items()
        if name in keep
    ]
    replaced = {
        _TABLE: table + _unsigned(len(elements) + 1),
        _ELEMENT: b"\1\0" + bytes((_I32_CONST, 1, _END)) + _vector([_unsigned(item) for item in elements]),
        _EXPORT: _vector(kept),
    }
    return Slimmed(_replace_sections(module, replaced), _symbol_file(values))


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ToolchainError(f"cannot prepare lean.wasm: {problem}; it is not the known module")


def _sections(module: bytes) -> Iterator[tuple[int, int, int]]:
    """`(number, start, end)` of every section's contents."""
    _require(module.startswith(_HEADER), "it is not a WebAssembly module")
    reader = _Reader(module, len(_HEADER))
    while reader.position < len(module):
        number = reader.byte()
        size = reader.unsigned()
        yield number, reader.position, reader.position + size
        reader.position += size


def _read_exports(module: bytes, start: int) -> dict[bytes, tuple[int, int]]:
    reader = _Reader(module, start)
    return {reader.name(): (reader.byte(), reader.unsigned()) for _ in range(reader.unsigned())}


def _thread_locals(module: bytes, start: int, end: int) -> set[bytes]:
    """The thread-local exports that the dynamic linker's section names; each thread moves them to its own base."""
    reader = _Reader(module, start)
    _require(reader.name() == _DYLINK, "its custom section is not the dynamic linker's")
    while reader.position < end:
        kind, size = reader.byte(), reader.unsigned()
        if kind == _DYLINK_EXPORT_INFO:
            flags = [(reader.name(), reader.unsigned()) for _ in range(reader.unsigned())]
            return {name for name, flag in flags if flag & _DYLINK_TLS}
        reader.position += size
    return set()


def _read_imports(module: bytes, start: int) -> tuple[set[bytes], int]:
    """The names imported from the dynamic linker's tables of addresses, and how many globals are imported."""
    reader = _Reader(module, start)
    found = set()
    imported_globals = 0
    for _ in range(reader.unsigned()):
        origin, name, kind = reader.name(), reader.name(), reader.byte()
        if origin in (b"GOT.mem", b"GOT.func"):
            found.add(name)
        if kind == _FUNCTION_KIND:
            reader.unsigned()
        elif kind == _GLOBAL_KIND:
            reader.position += 2
            imported_globals += 1
        elif kind == 2:
            flags = reader.byte()
            reader.unsigned()
            if flags & 1:
                reader.unsigned()
        else:
            _require(False, f"an import is of kind {kind}")
    return found, imported_globals


def _read_elements(module: bytes, start: int) -> list[int]:
    """The functions of the only element segment, which fills the table from slot 1."""
    reader = _Reader(module, start)
    head = [reader.byte() for _ in range(5)]
    _require(head == [1, 0, _I32_CONST, 1, _END], "its element section has another form")
    return [reader.unsigned() for _ in range(reader.unsigned())]


def _read_constants(module: bytes, start: int) -> dict[int, int]:
    """The values of the immutable 32-bit globals, by index among those that are not imported."""
    reader = _Reader(module, start)
    found = {}
    for index in range(reader.unsigned()):
        kind, mutable, operation = reader.byte(), reader.byte(), reader.byte()
        _require(kind == _I32 and operation == _I32_CONST, "a global is not a 32-bit constant")
        value = reader.signed()
        _require(reader.byte() == _END, "a global's value has another form")
        if not mutable:
            found[index] = value & 0xFFFFFFFF
    return found


def _symbol_file(values: dict[bytes, int]) -> bytes:
    rows = sorted((*struct.unpack(">II", hashlib.sha256(name).digest()[:8]), value) for name, value in values.items())
    _require(len({row[:2] for row in rows}) == len(rows), "two symbols hash alike")
    columns = [[row[column] for row in rows] for column in range(3)]
    return b"".join(struct.pack(f"<{len(column)}I", *column) for column in columns)


def _replace_sections(module: bytes, replaced: dict[int, bytes]) -> bytes:
    parts = [_HEADER]
    for number, start, end in _sections(module):
        contents = replaced.get(number, module[start:end])
        parts += [bytes((number,)), _unsigned(len(contents)), contents]
    return b"".join(parts)


def _vector(items: list[bytes]) -> bytes:
    return _unsigned(len(items)) + b"".join(items)


def _unsigned(value: int) -> bytes:
    """An unsigned LEB128 number."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if value == 0:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)
