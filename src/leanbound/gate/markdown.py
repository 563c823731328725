"""Which parts of a Markdown document are certainly code, whatever renderer and context one thinks of.

A marker in code is documentation and is not checked, so a marker must never be taken for code that a reader would see
as a number. Where that depends on more of Markdown than is read here, a part counts as text: at worst an example in a
document is refused, with the line that was too hard to read.

Read as code are: fences that start a line, up to the fence that closes them; fences indented by spaces whose lines are
indented as much; spans of backticks within one line that come out the same wherever the paragraph or table cell around
them is taken to start.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_BREAK: Final = re.compile(r"\r\n|\n|\r")
_FENCE: Final = re.compile(r"( *)(`{3,})[^`]*|( *)(~{3,}).*", re.DOTALL)
_RUNS: Final = re.compile(r"`{3,}")
_CONTAINERS: Final = re.compile(r"(?:[\s>*+-]|[0-9]{1,9}[.)]|\[\^[^\]]*\]:)*")
_BLANK: Final = re.compile(r"\A[ \t]*\Z")
#: What starts an HTML block, and what ends it; any other tag's ends at a blank line.
_HTML: Final = (
    (re.compile(r"<(?:pre|script|style|textarea)", re.I), re.compile(r"</(?:pre|script|style|textarea)>", re.I)),
    (re.compile(r"<!--"), re.compile(r"-->")),
    (re.compile(r"<\?"), re.compile(r"\?>")),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"<![A-Za-z]"), re.compile(r">")),
    (re.compile(r"</?[A-Za-z]"), _BLANK),
)
#: A comment, a tag or a lone sign that everyone reads as one, without backticks in it.
_PLAIN_TAG: Final = re.compile(
    r"<!--(?:[^`<>-]+(?:-[^`<>-]+)*)?-->|</?[A-Za-z][A-Za-z0-9]*(?: [a-z-]+=\"[^\"`<>]*\")* ?/?>|<[\s0-9=]"
)
_ADDRESS: Final = re.compile(r"[:/@.][^\s<]*\Z")
_MOST: Final = 200
"""Paragraphs of more lines, backticks or cells are not searched for spans of code, nor those of 100 times as many
characters."""


@dataclass
class Code:
    """What is code in a document."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    """Start and end, as offsets into the text, in order."""
    unread_from: int | None = None
    """The line, from 1, from which on nothing is taken for code, because what a fence means there is not certain."""

    def blank(self, text: str) -> str:
        """The text, every character of code but line breaks replaced by U+0000."""
        parts, last = [], 0
        for start, end in self.spans:
            parts += [text[last:start], re.sub(r"[^\r\n]", "\0", text[start:end])]
            last = end
        return "".join([*parts, text[last:]])


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    """Without the line break."""
    text: str

    @property
    def blank(self) -> bool:
        return not self.text.strip(" \t")


class Lines:
    """The lines of a text, by any of Markdown's three line breaks."""

    def __init__(self, text: str) -> None:
        ends = [*((found.start(), found.end()) for found in _BREAK.finditer(text)), (len(text), len(text))]
        starts = [0, *(after for _, after in ends[:-1])]
        self.all = [_Line(start, end, text[start:end]) for start, (end, _) in zip(starts, ends, strict=True)]
        self._starts = starts

    def number(self, offset: int) -> int:
        """The line, from 1, that holds an offset into the text."""
        return bisect_right(self._starts, offset)

    def paragraph(self, offset: int) -> tuple[int, int]:
        """Start and end of the lines around an offset, up to a blank line on either side."""
        first = last = self.number(offset) - 1
        while first > 0 and not self.all[first - 1].blank:
            first -= 1
        while last + 1 < len(self.all) and not self.all[last + 1].blank:
            last += 1
        return self.all[first].start, self.all[last].end


def find_code(text: str) -> Code:
    """The parts of a Markdown document that are certainly code."""
    return _Scan(Lines(text).all).run()


class _Scan:
    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._code = Code()
        self._html: set[re.Pattern[str]] = set()
        """What ends the HTML blocks that the current line may be in."""
        self._paragraph: list[_Line] = []
        self._front = _front_matter(lines)

    def run(self) -> Code:
        i = 0
        while i < len(self._lines) and self._code.unread_from is None:
            i = self._line(i)
        self._code.spans.sort()
        return self._code

    def _line(self, i: int) -> int:
        """Take in a line, or a whole fence from it on; the line after that."""
        line = self._lines[i]
        fence = _FENCE.fullmatch(line.text)
        in_html = self._in_html(line)
        if fence is None and ("~~~" in line.text or len(_RUNS.findall(line.text)) % 2):
            return self._give_up(i)
        if fence is None:
            self._add(line)
            if not in_html and i >= self._front:
                self._code.spans += _code_spans(self._paragraph)
            return i + 1
        certain = not in_html and i >= self._front and "|" not in line.text  # or some take it for a table's heading
        end = self._fence_end(i, fence) if certain else None
        if end is None:
            return self._give_up(i)
        taken = self._lines[i : end + 1]
        self._code.spans.append((line.start, taken[-1].end))
        for item in taken:
            self._add(item)
        if not line.text.startswith(" "):
            self._paragraph = []
        return end + 1

    def _add(self, line: _Line) -> None:
        """Keep the lines since the last blank one: any of them may belong to the paragraph of the next."""
        if line.blank:
            self._paragraph = []
        else:
            self._paragraph.append(line)

    def _give_up(self, i: int) -> int:
        self._code.unread_from = i + 1
        return i

    def _fence_end(self, i: int, opening: re.Match[str]) -> int | None:
        """The line that closes a fence, which may be the one after the last; None if that is not certain."""
        indent, mark = len(opening[1] or opening[3] or ""), opening[2] or opening[4]
        at_most = 3 if indent == 0 else indent
        closing = re.compile(rf" {{{indent},{at_most}}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
        for j in range(i + 1, len(self._lines)):
            line = self._lines[j]
            if closing.fullmatch(line.text):
                return j
            if indent and not line.blank and not line.text.startswith(" " * indent):
                return None
            if indent and mark[:3] in line.text:
                return None
        return None if indent else len(self._lines)

    def _in_html(self, line: _Line) -> bool:
        """Whether a line may be of an HTML block, where nothing is Markdown."""
        containers = _CONTAINERS.match(line.text)
        inner = line.text[0 if containers is None else containers.end() :]
        self._html |= {end for start, end in _HTML if start.match(inner)}
        may_be = bool(self._html) and not line.blank
        self._html = {end for end in self._html if not (line.blank if end is _BLANK else end.search(line.text))}
        return may_be


def _front_matter(lines: list[_Line]) -> int:
    """How many lines at the top may be metadata and not Markdown."""
    mark = lines[0].text.removeprefix("\ufeff").rstrip(" \t")
    if mark not in ("---", "+++"):
        return 0
    ends = (mark, "...") if mark == "---" else (mark,)
    return next((i + 1 for i in range(1, len(lines)) if lines[i].text.rstrip(" \t") in ends), len(lines))


def _code_spans(paragraph: list[_Line]) -> list[tuple[int, int]]:
    """The spans of code that lie within the last line so far, and hold a comment: nothing else is asked for."""
    if not paragraph or "`" not in paragraph[-1].text or "<!" not in paragraph[-1].text:
        return []
    line, text = paragraph[-1], "\n".join(item.text for item in paragraph)
    if len(paragraph) > _MOST or text.count("`") + line.text.count("|") > _MOST or len(text) > 100 * _MOST:
        return []
    first = len(text) - len(line.text)
    starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
    whole = _pairs(text, first)
    spans = []
    for start, end in whole:
        inner = text[start:end]
        if start < first or "|" in inner or "<!" not in inner:
            continue
        cells = [first + found.end() for found in re.finditer(r"\|", text[first:start])]
        if all((start, end) in _pairs(text, begin) for begin in [*starts, *cells]):
            spans.append((line.start + start - first, line.start + end - first))
    return spans


def _pairs(text: str, start: int) -> list[tuple[int, int]]:
    """The spans of code of a text that is taken to start at `start`, up to what is not certain."""
    found: list[tuple[int, int]] = []
    i = start
    while i < len(text):
        char = text[i]
        if char in "\\`" and _ADDRESS.search(text, found[-1][1] if found else start, i):
            return found  # an address without brackets takes either in
        if char == "\\":
            i += 2
        elif char == "<":
            tag = _PLAIN_TAG.match(text, i)
            if tag is None:
                return found
            i = tag.end()
        elif char == "`":
            length = _run(text, i)
            close = _closing(text, i + length, length)
            if close is None:  # after which cmark, for one, overlooks some of the spans that follow
                return found
            found.append((i, close + length))
            i = close + length
        else:
            i += 1
    return found


def _run(text: str, i: int) -> int:
    """How many backticks there are from `i` on."""
    return len(text) - i - len(text[i:].lstrip("`"))


def _closing(text: str, i: int, length: int) -> int | None:
    """Where the next run of exactly `length` backticks starts."""
    return next((found.start() for found in _runs(text, i) if found.end() - found.start() == length), None)


def _runs(text: str, i: int) -> Iterator[re.Match[str]]:
    return re.compile("`+").finditer(text, i)
