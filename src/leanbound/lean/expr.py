"""Lean's terms as the kernel sees them: a shared graph, compared, digested and walked without recursion.

Terms are built through `Terms`, which keeps one object for equal terms, so equality within one `Terms` is identity and
every walk is linear in the size of the graph, however large the tree that it stands for. Metadata and binder
annotations, which the kernel ignores, are dropped; binder names are kept for printing, and do not enter `digest`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum


class ExprKind(StrEnum):
    """The constructors of a term; the comment says what `head` and `args` hold."""

    BVAR = "bvar"  # de Bruijn index; no args
    SORT = "sort"  # Level; no args
    CONST = "const"  # (name, levels); no args
    APP = "app"  # None; function, argument
    LAM = "lam"  # binder name; type, body
    PI = "pi"  # binder name; type, body
    LET = "let"  # binder name; type, value, body
    NAT = "nat"  # int; no args
    STR = "str"  # str; no args
    PROJ = "proj"  # (structure name, field index); structure


class Level:
    """A universe level: `kind` is zero, succ, max, imax or param. Made by `Terms.level` only."""

    __slots__ = ("_digest", "args", "kind", "name")

    def __init__(self, kind: str, name: str, args: "tuple[Level, ...]") -> None:
        self.kind, self.name, self.args = kind, name, args
        self._digest: bytes = hash_parts("level", kind, name, *(arg._digest for arg in args))

    @property
    def digest(self) -> bytes:
        """SHA-256 of the level's structure."""
        return self._digest


Head = int | str | Level | None | tuple[str, tuple[Level, ...]] | tuple[str, int]


class Expr:
    """A term; see `ExprKind`. Made by `Terms.expr` only. `loose` is one more than the largest free de Bruijn index, or
    0.
    """

    __slots__ = ("_digest", "args", "head", "kind", "loose")

    def __init__(self, kind: ExprKind, head: Head, args: "tuple[Expr, ...]") -> None:
        self.kind, self.head, self.args = kind, head, args
        self.loose = _loose(kind, head, args)
        self._digest: bytes | None = None

    @property
    def const_name(self) -> str | None:
        """The name, if this is a constant."""
        return self.head[0] if self.kind is ExprKind.CONST and isinstance(self.head, tuple) else None


def _loose(kind: ExprKind, head: Head, args: tuple[Expr, ...]) -> int:
    if kind is ExprKind.BVAR and isinstance(head, int):
        return head + 1
    if not args:
        return 0
    if kind in (ExprKind.LAM, ExprKind.PI, ExprKind.LET):
        return max(args[-1].loose - 1, *(arg.loose for arg in args[:-1]))
    return max(arg.loose for arg in args)


class Terms:
    """Keeps one object for each distinct level and term."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str, tuple[Level, ...]], Level] = {}
        self._exprs: dict[tuple[ExprKind, Head | bytes, tuple[Expr, ...]], Expr] = {}

    def level(self, kind: str, name: str = "", args: tuple[Level, ...] = ()) -> Level:
        """The level with these parts."""
        key = (kind, name, args)
        found = self._levels.get(key)
        if found is None:
            found = self._levels[key] = Level(kind, name, args)
        return found

    def expr(self, kind: ExprKind, head: Head, args: tuple[Expr, ...] = ()) -> Expr:
        """The term with these parts."""
        # Hashes of integers are predictable, so a file could hold numerals that all collide; those of bytes are not.
        key = (kind, _int_bytes(head) if isinstance(head, int) else head, args)
        found = self._exprs.get(key)
        if found is None:
            found = self._exprs[key] = Expr(kind, head, args)
        return found


def hash_parts(*parts: str | bytes) -> bytes:
    """SHA-256 of a sequence of strings, each with its length before it."""
    state = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8") if isinstance(part, str) else part
        state.update(len(raw).to_bytes(8, "little"))
        state.update(raw)
    return state.digest()


def _int_bytes(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little")


def _head_parts(expr: Expr) -> list[str | bytes]:
    """What of `head` has a meaning, for `digest`."""
    head = expr.head
    if isinstance(head, int):
        return [_int_bytes(head)]
    if isinstance(head, Level):
        return [head.digest]
    if isinstance(head, tuple):
        second = head[1]
        return [head[0], *(level.digest for level in second)] if isinstance(second, tuple) else [head[0], str(second)]
    return [head] if expr.kind is ExprKind.STR and head is not None else []


def digest(expr: Expr) -> bytes:
    """SHA-256 of a term's structure: equal for terms that differ in binder names, annotations and metadata only."""
    for node in postorder((expr,), lambda node: node._digest is not None):
        node._digest = hash_parts(node.kind.value, *_head_parts(node), *(arg._digest or b"" for arg in node.args))
    return expr._digest or b""


def postorder(roots: Iterable[Expr], done: Callable[[Expr], bool]) -> Iterator[Expr]:
    """Each subterm for which `done` does not hold, once it is, after its own subterms; the caller makes `done` hold of
    it.
    """
    stack = list(roots)
    while stack:
        node = stack[-1]
        if done(node):
            stack.pop()
            continue
        missing = [arg for arg in node.args if not done(arg)]
        if missing:
            stack.extend(missing)
        else:
            stack.pop()
            yield node


def constants(roots: Iterable[Expr], seen: set[Expr]) -> Iterator[str]:
    """Names of the constants in `roots`, and of structures that are projected from; subterms in `seen` are skipped, new
    ones added.
    """
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.kind in (ExprKind.CONST, ExprKind.PROJ) and isinstance(node.head, tuple):
            yield node.head[0]
        stack.extend(node.args)


def spine(expr: Expr) -> tuple[Expr, list[Expr]]:
    """The function and the arguments of an application."""
    args = []
    while expr.kind is ExprKind.APP:
        expr, arg = expr.args
        args.append(arg)
    args.reverse()
    return expr, args


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_'!?]*\Z")


def name_component(text: str) -> str:
    """A component of a hierarchical name, as is if it is a plain ASCII identifier, otherwise between « and ».

    Different components are shown differently, and what could imitate another name (look-alikes, control characters)
    is shown as `\\u{…}`.
    """
    if _PLAIN.match(text):
        return text
    shown = (c if (" " <= c <= "~" and c != "\\") or "α" <= c <= "ω" else f"\\u{{{ord(c):x}}}" for c in text)
    return f"«{''.join(shown)}»"
