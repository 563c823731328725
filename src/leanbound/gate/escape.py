"""Text from a repository, made fit to be printed: it can neither steer a terminal nor pass for a line of ours."""

import unicodedata
from typing import Final

#: Printable by Unicode's word, but nothing is seen of them: fillers and the blank Braille pattern.
_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
_PLAIN_NAME: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+@#:=~")
CONTINUED: Final = "  | "
"""What every line of a message but the first starts with when it is printed."""


def escape(text: str) -> str:
    """The text with line breaks as they are, and every other character that is not plainly visible as `\\uXXXX`.

    That is: controls, terminal escapes, directional and other format characters, combining marks, lone surrogates,
    spaces other than U+0020. A carriage return and Unicode's line and paragraph separators are not line breaks here.
    `##[`, which starts a command to some CI runners, is taken apart.
    """
    shown = "".join(char if char == "\n" or _visible(char) else code_point(char) for char in text)
    return shown.replace("##[", "#\\u0023[")


def one_line(text: str) -> str:
    """As `escape`, with line breaks as `\\u000a` too."""
    return escape(text).replace("\n", code_point("\n"))


def in_ascii(text: str) -> str:
    """On one line, with every character that is not printable ASCII as `\\uXXXX`, so that look-alikes stand out."""
    return "".join(char if char.isascii() and char.isprintable() else code_point(char) for char in text)


def quote(name: str) -> str:
    """A name of a file or folder on one line; in double quotes unless it is made of plain characters."""
    if name and set(name) <= _PLAIN_NAME:
        return name
    return '"' + one_line(name).replace('"', code_point('"')) + '"'


def indent(text: str) -> str:
    """A message of several lines, each after the first marked so that it cannot be taken for one of ours."""
    return f"\n{CONTINUED}".join(escape(text).rstrip("\n").split("\n"))


def code_point(char: str) -> str:
    """`\\u202e`, or `\\U000e0001` beyond the first 65,536."""
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _visible(char: str) -> bool:
    return char.isprintable() and char not in _BLANK and unicodedata.category(char) not in ("Mn", "Me")
