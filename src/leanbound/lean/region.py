"""Lean's compacted regions: the heap inside an `.olean` file, read without running or trusting anything of it.

Format (Lean's `src/library/module.cpp`, `src/runtime/compact.cpp`, `src/include/lean/lean.h`; header version 2): a
header (`olean`, version, flags, Lean version in 33 bytes, commit in 40, base address), the root pointer, then objects
one after the other, each 8 bytes of header (`rc: i32, size: u16, other: u8, tag: u8`) and a body. Pointers are absolute
from the base address, 4 bytes wide (embedded wasm Lean) or 8 (native); odd ones are boxed scalars. The parts of one
module (`.olean`, `.olean.server`, `.olean.private`) follow each other at 64 KiB boundaries and point into earlier
parts.

Nothing in a file is believed. One linear scan marks where objects start, so objects cannot overlap; a pointer must lead
to such a start, and to a lower address than the object that holds it (Lean writes children first), so there are no
cycles and every walk ends. Work is bounded by `Region.charge`: a file that shares its parts in order to make a reader
explode is refused.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leanbound.errors import RejectedError

MAX_MODULE_BYTES = 64 * 1024 * 1024
_MAX_SPREAD = 1 << 28
_PART_ALIGNMENT = 1 << 16
_COMMON_HEADER = 5 + 1 + 1 + 33 + 40
_OBJECT_HEADER = 8
_OBJECT = struct.Struct("<iHBB")
_MAX_CONSTRUCTOR_TAG = 243
ARRAY, SCALAR_ARRAY, STRING, BIGNUM, THUNK, TASK, REF = 246, 248, 249, 250, 251, 252, 253


class OleanError(RejectedError):
    """Raised when an `.olean` file is damaged, hostile, or of a format that this reader does not know."""


@dataclass(frozen=True)
class Header:
    """What the header of an `.olean` file says."""

    lean_version: str
    commit: str
    gmp: bool
    pointer_bytes: int
    base: int

    @property
    def size(self) -> int:
        """Bytes of the header, up to the root pointer."""
        return _COMMON_HEADER + self.pointer_bytes


def parse_header(data: bytes, what: str) -> Header:
    """Read the header of one part; `what` names the file in errors. The pointer width is told by the root pointer."""
    if len(data) < _COMMON_HEADER + 8 or data[:5] != b"olean":
        raise OleanError(f"{what}: not an .olean file (no header)")
    if data[5] != 2 or data[6] > 1:
        raise OleanError(f"{what}: unknown .olean header version {data[5]}, flags {data[6]} (expected 2, flags 0 or 1)")
    try:
        version = data[7:40].rstrip(b"\0").decode("ascii")
        commit = data[40:80].rstrip(b"\0").decode("ascii")
    except UnicodeDecodeError:
        raise OleanError(f"{what}: the Lean version in the header is not text") from None
    for width, form in ((8, "<QQ"), (4, "<II")):
        if len(data) < _COMMON_HEADER + 2 * width:  # a part without objects of its own ends after the root pointer
            continue
        base, root = struct.unpack_from(form, data, _COMMON_HEADER)
        # Lean places native modules below 2^47, and the root in this part or an earlier one.
        near = base - _MAX_SPREAD <= root < base + len(data)
        if near and base < 1 << 47 and base % _PART_ALIGNMENT == 0:
            return Header(version, commit, bool(data[6] & 1), width, base)
    raise OleanError(f"{what}: the root pointer does not lead into the file")


def read_parts(paths: Sequence[Path], limit: int = MAX_MODULE_BYTES) -> list[bytes]:
    """The bytes of the parts of one module, at most `limit` in all."""
    parts: list[bytes] = []
    left = limit
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(left + 1)
        except OSError as error:
            raise OleanError(f"{path}: cannot be read: {error.strerror}") from None
        left -= len(data)
        if left < 0:
            raise OleanError(f"{path}: the module's .olean files exceed {limit} bytes")
        parts.append(data)
    return parts


class Region:
    """The objects of the parts of one module, at offsets from the base address of the first part.

    A *reference* is an int: odd for a boxed scalar (its value is `reference >> 1`), even for the offset of an object.
    """

    def __init__(self, parts: Sequence[bytes], what: str) -> None:
        self.what = what
        if not parts:
            raise OleanError(f"{what}: no parts")
        self.headers = [parse_header(part, what) for part in parts]
        first = self.headers[0]
        self._width = first.pointer_bytes
        self._gmp = first.gmp
        self._base = first.base
        self._data, self._spans = self._lay_out(parts)
        self._letter = "Q" if self._width == 8 else "I"
        self._pointer = struct.Struct(f"<{self._letter}")
        self._starts = bytearray(len(self._data) // self._width + 1)
        self._budget = 64 * len(self._data) + (1 << 20)
        for start, end in self._spans:
            self._scan(start, end)
        self.roots = [self._root(start - self._width, end) for start, end in self._spans]

    def charge(self, work: int) -> None:
        """Account for `work` steps; raises `OleanError` once they exceed what the size of the file explains."""
        self._budget -= work
        if self._budget < 0:
            raise OleanError(f"{self.what}: reading it takes more work than its size explains; refused as hostile")

    def _lay_out(self, parts: Sequence[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
        joined = bytearray()
        spans = []
        first = self.headers[0]
        for part, header in zip(parts, self.headers, strict=True):
            joined.extend(bytes(-len(joined) % _PART_ALIGNMENT))
            if header != Header(
                first.lean_version, first.commit, first.gmp, first.pointer_bytes, first.base + len(joined)
            ):
                raise OleanError(f"{self.what}: its parts do not belong together (Lean version or base address differ)")
            spans.append((len(joined) + header.size + self._width, len(joined) + len(part)))
            joined.extend(part)
        return bytes(joined), spans

    def _scan(self, at: int, end: int) -> None:
        """Mark where objects start between `at` and `end`; they must fill the span exactly."""
        width, starts, data = self._width, self._starts, self._data
        header = _OBJECT.unpack_from
        while at < end:
            if at + _OBJECT_HEADER > end:
                raise OleanError(f"{self.what}: truncated object at offset {at:#x}")
            _, size, other, tag = header(data, at)
            if tag <= _MAX_CONSTRUCTOR_TAG:
                if size < _OBJECT_HEADER + width * other:
                    raise OleanError(f"{self.what}: constructor object at offset {at:#x} is smaller than its pointers")
            else:
                size = self._special_size(at, end, size, other, tag)
            size += -size % width
            if size > end - at:
                raise OleanError(f"{self.what}: object at offset {at:#x} runs past the end of the file")
            starts[at // width] = 1
            at += size

    def _special_size(self, at: int, end: int, size: int, other: int, tag: int) -> int:
        width = self._width
        if tag in (ARRAY, SCALAR_ARRAY, STRING):
            words = 3 if tag == STRING else 2
            head = _OBJECT_HEADER + words * width
            if at + head > end:
                raise OleanError(f"{self.what}: truncated object at offset {at:#x}")
            length = self._word(at + _OBJECT_HEADER)
            unit = width if tag == ARRAY else other if tag == SCALAR_ARRAY else 1
            return head + length * unit
        if tag == BIGNUM:
            head = self._bignum_head()
            if at + head > end:
                raise OleanError(f"{self.what}: truncated bignum at offset {at:#x}")
            # The 16-bit size in the object's header wraps around for large numbers.
            return head + self._bignum_digits(at)[1]
        if tag in (THUNK, TASK, REF):
            return _OBJECT_HEADER + (width if tag == REF else 2 * width)
        raise OleanError(f"{self.what}: object of kind {tag} at offset {at:#x} has no place in an .olean file")

    def _bignum_head(self) -> int:
        if self._gmp:  # header, {int alloc, int size, limb *digits}
            return _OBJECT_HEADER + 8 + self._width
        return _OBJECT_HEADER + 3 * self._width  # header, {bool sign, size_t size, u32 *digits}

    def _bignum_digits(self, at: int) -> tuple[bool, int]:
        """Sign and bytes of the digits of the bignum at `at`."""
        if self._gmp:
            (size,) = struct.unpack_from("<i", self._data, at + _OBJECT_HEADER + 4)
            return size < 0, abs(size) * self._width
        return bool(self._data[at + _OBJECT_HEADER]), self._word(at + _OBJECT_HEADER + self._width) * 4

    def _word(self, at: int) -> int:
        word: int = self._pointer.unpack_from(self._data, at)[0]
        return word

    def _root(self, at: int, end: int) -> int:
        return self._resolve(self._word(at), end)

    def _resolve(self, word: int, limit: int) -> int:
        """The reference behind a stored word; an object must start below offset `limit`."""
        if word & 1:
            return word
        offset = word - self._base
        if not 0 < offset < limit or offset % self._width or not self._starts[offset // self._width]:
            raise OleanError(f"{self.what}: a pointer ({word:#x}) does not lead to an earlier object")
        return offset

    def tag(self, ref: int) -> int:
        """The constructor index of a boxed scalar or a constructor object; 246 and up for other kinds of objects."""
        return ref >> 1 if ref & 1 else self._data[ref + 7]

    def fields(self, ref: int, tag: int, count: int, scalars: int, what: str) -> tuple[int, ...]:
        """References in the constructor object `ref`, which must have `tag`, `count` pointers and `scalars` bytes."""
        if not ref & 1:
            _, size, other, found = _OBJECT.unpack_from(self._data, ref)
            if (found, other) == (tag, count) and size >= _OBJECT_HEADER + count * self._width + scalars:
                return tuple(self._references(ref + _OBJECT_HEADER, count, ref))
        raise self.unexpected(ref, what)

    def scalar_byte(self, ref: int, count: int, index: int) -> int:
        """Byte `index` of the scalars behind the `count` pointers of an object that `fields` has accepted."""
        return self._data[ref + _OBJECT_HEADER + count * self._width + index]

    def pointers(self, ref: int) -> tuple[int, ...]:
        """The references in any constructor object; none in anything else."""
        if ref & 1 or self._data[ref + 7] > _MAX_CONSTRUCTOR_TAG:
            return ()
        return tuple(self._references(ref + _OBJECT_HEADER, self._data[ref + 6], ref))

    def array(self, ref: int, what: str) -> list[int]:
        """The references in an array object."""
        if ref & 1 or self._data[ref + 7] != ARRAY:
            raise self.unexpected(ref, what)
        return self._references(ref + _OBJECT_HEADER + 2 * self._width, self._word(ref + _OBJECT_HEADER), ref)

    def _references(self, at: int, count: int, limit: int) -> list[int]:
        self.charge(count)
        resolve = self._resolve
        return [resolve(word, limit) for word in struct.unpack_from(f"<{count}{self._letter}", self._data, at)]

    def string(self, ref: int, what: str) -> str:
        """The text of a string object."""
        if ref & 1 or self._data[ref + 7] != STRING:
            raise self.unexpected(ref, what)
        at = ref + _OBJECT_HEADER + 3 * self._width
        size = self._word(ref + _OBJECT_HEADER)
        self.charge(size)
        raw = self._data[at : at + size]
        if raw[-1:] != b"\0":
            raise OleanError(f"{self.what}: string at offset {ref:#x} does not end in a zero byte")
        try:
            return raw[:-1].decode("utf-8")
        except UnicodeDecodeError:
            raise OleanError(f"{self.what}: string at offset {ref:#x} is not UTF-8") from None

    def natural(self, ref: int, what: str) -> int:
        """The value of a `Nat`: a boxed scalar or a bignum."""
        if ref & 1:
            return ref >> 1
        if self._data[ref + 7] != BIGNUM:
            raise self.unexpected(ref, what)
        negative, size = self._bignum_digits(ref)
        at = ref + self._bignum_head()
        if self._word(at - self._width) != self._base + at:
            raise OleanError(f"{self.what}: the digits of the bignum at offset {ref:#x} do not follow it")
        self.charge(size)
        value = int.from_bytes(self._data[at : at + size], "little")
        if negative or value >> (8 * self._width - 1) == 0:
            raise OleanError(f"{self.what}: the bignum at offset {ref:#x} is negative or fits a scalar")
        return value

    def unexpected(self, ref: int, what: str) -> OleanError:
        """The error for an object that is not of the expected shape."""
        place = f"scalar {ref >> 1}" if ref & 1 else f"object of kind {self.tag(ref)} at offset {ref:#x}"
        return OleanError(f"{self.what}: expected {what}, found {place}")
