"""Numbers in Markdown that are bound to claims: `<!-- bound: NAME -->98.4%<!-- /bound -->`.

Whatever looks like a marker must be one, written in this way and in plain characters, with nothing but a number inside
and nothing around it that changes how the number reads. See `leanbound.gate.markdown` for what counts as code.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from leanbound.gate.escape import code_point, in_ascii
from leanbound.gate.markdown import Lines, find_code
from leanbound.gate.numbers import Bound, NumberError, parse_number, strange_characters

_OPEN: Final = re.compile(r"<!--[ \t]*bound:[ \t]*([a-z][a-z0-9-]{0,63})[ \t]*-->")
_CLOSE: Final = re.compile(r"<!--[ \t]*/bound[ \t]*-->")
_COMMENT: Final = re.compile(r"<!--(?:(?!<!--|-->).)*-->", re.DOTALL)
#: What was meant as a comment, but is none: not closed, or with other dashes.
_ALMOST: Final = re.compile(r"<\s{0,3}!\s{0,3}[^\w<>\s]{0,4}\s{0,3}/?\s{0,3}bound(?!\w)", re.IGNORECASE)
_KEYWORD: Final = "bound"
_USAGE: Final = "expected <!-- bound: NAME -->98.4%<!-- /bound -->"
#: Characters that embed, override or isolate a direction; in a paragraph they can change how its numbers read.
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BETWEEN: Final = r"(?:[*_~`\\]|<[^<>]*>|[^\S \t\r\n]|[\u00ad\u200b-\u200f\u2060-\u2064\ufeff])*"
_GLUED_BEFORE: Final = re.compile(rf"\d[.,\u066b\u066c]?{_BETWEEN}\Z")
_GLUED_AFTER: Final = re.compile(rf"{_BETWEEN}[.,\u066b\u066c%]?{_BETWEEN}\d")
_NEAR: Final = 400


@dataclass(frozen=True)
class Marker:
    """A marker that is well formed; what stands in it may still be anything."""

    line: int
    """From 1, where it opens."""
    claim: str
    text: str
    start: int
    """Offset of `text` in the document."""
    faults: tuple[str, ...] = ()
    """What stands around it and changes how the number reads."""

    @property
    def end(self) -> int:
        """Offset of what follows `text`."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Fault:
    """Something that looks like a marker and is none, or half of one."""

    line: int
    message: str


@dataclass(frozen=True)
class Markers:
    """What was found in a document, in its order."""

    markers: tuple[Marker, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    closes: bool
    claim: str | None = None
    """None if it closes, or is malformed."""


def read_markers(text: str) -> Markers:
    """All markers of a Markdown document outside code, and all that must not stand there."""
    return _Reader(text).read()


def number_fault(marker: Marker, bound: Bound) -> str | None:
    """Why what stands in a marker is not covered by the theorem's bound; None if it is."""
    try:
        return parse_number(marker.text).fault(bound)
    except NumberError as error:
        return str(error)


def update(text: str, markers: Sequence[Marker], bounds: Mapping[str, Bound]) -> str:
    """The document with the verified number in every marker of a claim that has a bound, in the form that stands there.

    Percentages are rounded down. A text in no form of ours, and all outside the markers, stays as it is.
    """
    parts, last = [], 0
    for marker in markers:
        parts += [text[last : marker.start], _updated(marker, bounds)]
        last = marker.end
    return "".join([*parts, text[last:]])


def _updated(marker: Marker, bounds: Mapping[str, Bound]) -> str:
    bound = bounds.get(marker.claim)
    try:
        number = parse_number(marker.text)
    except NumberError:
        return marker.text
    if bound is None:
        return marker.text
    inner = marker.text.strip(" ")
    return marker.text.replace(inner, str(number.verified(bound)))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        code = find_code(text)
        self._visible = code.blank(text)
        self._unread_from = code.unread_from
        self._faults: list[Fault] = []
        self._markers: list[Marker] = []

    def read(self) -> Markers:
        tokens = self._tokens()
        self._almost(tokens)
        opened: list[_Token] = []
        for token in tokens:
            if not token.closes:
                opened.append(token)
            elif not opened:
                self._fault(token.start, "a marker is closed that was not opened")
            else:
                self._pair(opened.pop(), token)
        for token in opened:
            self._fault(token.start, "a marker is opened and not closed")
        faults = sorted(self._faults, key=lambda fault: fault.line)
        return Markers(tuple(sorted(self._markers, key=lambda marker: marker.start)), tuple(faults))

    def _fault(self, offset: int, message: str) -> None:
        line = self._lines.number(offset)
        if self._unread_from is not None and line >= self._unread_from:
            message += (
                f"; if this is an example in code: the fence in line {self._unread_from} cannot be told for certain "
                "to be one, so from there on code counts as text. Start fences at the start of a line"
            )
        self._faults.append(Fault(line, f"{message}; {_USAGE}"))

    def _tokens(self) -> list[_Token]:
        """Every comment that is half a marker, or looks like it."""
        tokens = []
        for found in _COMMENT.finditer(self._visible):
            comment = found[0]
            if opening := _OPEN.fullmatch(comment):
                tokens.append(_Token(found.start(), found.end(), False, opening[1]))
            elif _CLOSE.fullmatch(comment):
                tokens.append(_Token(found.start(), found.end(), True))
            elif (closes := _looks_like(comment[4:-3])) is not None:
                self._fault(found.start(), _malformed(comment))
                tokens.append(_Token(found.start(), found.end(), closes))
        return tokens

    def _almost(self, tokens: Sequence[_Token]) -> None:
        known = {token.start for token in tokens}
        for found in _ALMOST.finditer(self._visible):
            if found.start() not in known:
                self._fault(found.start(), f"{in_ascii(found[0])} is no comment: it looks like a marker")

    def _pair(self, opening: _Token, closing: _Token) -> None:
        text = self._text[opening.end : closing.start]
        if opening.claim is None:
            return
        if "<!--" in text and any(_COMMENT.finditer(self._visible, opening.end, closing.start)):
            self._fault(opening.start, f"the marker of {opening.claim} has another comment inside: markers do not nest")
            return
        line = self._lines.number(opening.start)
        self._markers.append(Marker(line, opening.claim, text, opening.end, tuple(self._around(opening, closing))))

    def _around(self, opening: _Token, closing: _Token) -> Iterator[str]:
        """What next to a marker, or anywhere in its paragraph, makes another number of what stands in it."""
        line = self._lines.all[self._lines.number(opening.start) - 1]
        if _GLUED_BEFORE.search(html.unescape(self._text[max(line.start, opening.start - _NEAR) : opening.start])):
            yield "a digit stands right before the marker, and reads as part of its number: put a space between"
        line = self._lines.all[self._lines.number(closing.end) - 1]
        if _GLUED_AFTER.match(html.unescape(self._text[closing.end : min(line.end, closing.end + _NEAR)])):
            yield "a digit stands right after the marker, and reads as part of its number: put a space between"
        start, end = self._lines.paragraph(opening.start)
        paragraph = html.unescape(self._text[start : max(end, self._lines.paragraph(closing.end)[1])])
        if turned := sorted(_DIRECTIONS & set(paragraph)):
            shown = ", ".join(f"{code_point(char)} ({unicodedata.name(char)})" for char in turned)
            yield f"the paragraph of the marker has {shown}, which can change how its number reads: take that out"


def _malformed(comment: str) -> str:
    strange = strange_characters(comment)
    name = in_ascii(comment if len(comment) <= 100 else f"{comment[:100]}...")
    return f"{name} is no marker" + ("" if strange is None else f": it has {strange}")


def _looks_like(content: str) -> bool | None:
    """Whether a comment that would be taken for half a marker closes it; None for any other comment.

    It is taken for one when its first word is `bound`, whatever its case, marks, spaces and invisible characters, or
    when some of its letters are replaced by others from beyond ASCII.
    """
    plain = "".join(char for char in unicodedata.normalize("NFKD", content) if _counts(char)).casefold()
    found = re.match(r"[^\w/\\]*([/\\]?)[^\w]*(\w+)", plain)
    if found is None:
        return None
    word = found[2]
    pairs = list(zip(word, _KEYWORD, strict=False))
    alike = len(word) == len(_KEYWORD) and all(a == b or not a.isascii() for a, b in pairs)
    return bool(found[1]) if alike and any(a == b for a, b in pairs) else None


def _counts(char: str) -> bool:
    return char in " \t\r\n" or unicodedata.category(char) not in ("Mn", "Me", "Cf", "Cc")
