"""The number in a marker: a percentage or a count, compared with a bound exactly, as rationals."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeAlias

from leanbound.gate.escape import code_point, in_ascii

FORMS: Final = "expected a percentage such as 98.4%, or a count such as 24 of 25"
MAX_LENGTH: Final = 100
"""Characters between the two halves of a marker."""

_DIGITS: Final = r"(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)"
_PERCENTAGE: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?%")
_COUNT: Final = re.compile(rf"({_DIGITS}) of ({_DIGITS})( inputs)?")


class NumberError(ValueError):
    """Raised for a text that is no number of ours; the message says what is wrong with it, and what to write."""


@dataclass(frozen=True)
class Bound:
    """What a theorem says: at least `proved` of `inputs`, both exact counts."""

    proved: int
    inputs: int

    @property
    def fraction(self) -> Fraction:
        """The accuracy proved, exactly."""
        return Fraction(self.proved, self.inputs)


@dataclass(frozen=True)
class Percentage:
    """`98.4%`: `scaled` is 984, of one decimal."""

    scaled: int
    decimals: int

    @property
    def fraction(self) -> Fraction:
        """The part of the inputs that the text claims, exactly as it is written."""
        return Fraction(self.scaled, 100 * 10**self.decimals)

    def fault(self, bound: Bound) -> str | None:
        """Why the percentage may not stand there; None if it may."""
        if self.fraction > 1:
            return f"{self} is over 100%"
        if not self.decimals:
            return f"{self} has no decimal point: write {self.scaled}.0%, if that much is verified"
        if self.fraction > bound.fraction:
            return f"{self} is more than is verified: {_part(bound)}, {self.verified(bound)} rounded down"
        return None

    def verified(self, bound: Bound) -> "Percentage":
        """The largest percentage of as many decimals, one at least, that is not above the bound."""
        decimals = max(1, self.decimals)
        return Percentage(100 * 10**decimals * bound.proved // bound.inputs, decimals)

    def __str__(self) -> str:
        whole, rest = divmod(self.scaled, 10**self.decimals)
        return f"{whole}.{rest:0{self.decimals}d}%" if self.decimals else f"{whole}%"


@dataclass(frozen=True)
class Count:
    """`24 of 25`, perhaps with commas between thousands, perhaps followed by `inputs`."""

    correct: int
    inputs: int
    commas: bool = False
    suffix: str = ""

    def fault(self, bound: Bound) -> str | None:
        """Why the count may not stand there; None if it may."""
        if self.inputs != bound.inputs:
            return f"{self} is of {self.inputs:,} inputs, the theorem of {bound.inputs:,}"
        if self.correct > bound.proved:
            return f"{self} is more than is verified: {_part(bound)}"
        return None

    def verified(self, bound: Bound) -> "Count":
        """The count of the bound, written in the same way."""
        commas = self.commas or max(self.correct, self.inputs) < 1000
        return Count(bound.proved, bound.inputs, commas, self.suffix)

    def __str__(self) -> str:
        form = "{:,} of {:,}{}" if self.commas else "{} of {}{}"
        return form.format(self.correct, self.inputs, self.suffix)


Number: TypeAlias = Percentage | Count


def parse_number(text: str) -> Number:
    """The number in a text that is nothing but it, spaces around it aside. Raises NumberError for any other text."""
    if len(text) > MAX_LENGTH:
        raise NumberError(f"a text of {len(text)} characters is no number: {FORMS}")
    inner = text.strip(" ")
    if found := _PERCENTAGE.fullmatch(inner):
        decimals = found[2] or ""
        return Percentage(int(found[1] + decimals), len(decimals))
    if found := _COUNT.fullmatch(inner):
        correct, inputs = (int(number.replace(",", "")) for number in (found[1], found[2]))
        return Count(correct, inputs, "," in found[0], found[3] or "")
    raise NumberError(_why_not(inner))


def _why_not(text: str) -> str:
    """What is wrong with a text that is no number of ours."""
    if not text:
        return "there is no number: write 0.0%, or 0 of 1, and `leanbound gate --update` puts what is verified"
    if "\n" in text or "\r" in text:
        return "the number is broken over lines: write it on one"
    if (strange := strange_characters(text)) is not None:
        return f"the number has {strange}: write it in plain digits, {FORMS}"
    said = in_ascii(text)
    for pattern, message in _FAULTS:
        if re.fullmatch(pattern, text):
            return message.format(said=said, plain=text.rstrip("% ").rstrip().replace(",", "."), percent=_percent(text))
    return f"{said} is no number of ours: {FORMS}"


_FAULTS: Final = (
    (r".*[<>&].*", "{said} has HTML in it: write nothing but the number"),
    (r".*[*_`~\[\]].*", "{said} has markup in it: put that around the marker, and nothing but the number inside"),
    (r"(?i:[+-]?(nan|inf|infinity)\s*%?)", "{said} is not a number: expected a percentage such as 98.4%"),
    (r"[+-]?[0-9.,]*[0-9][0-9.,]*[eE][+-]?[0-9]+\s*%?", "{said} has an exponent: write the digits out"),
    (r"[0-9]+,[0-9]+\s*%", "{said} has a comma for its decimal point: write {plain}%"),
    (r"[0-9]+(\.[0-9]+)?\s+%", "{said} has a space before the percent sign: write {plain}%"),
    (r"[0-9]*\.[0-9]+", "{said} has no percent sign: write {percent}, if that is what is meant"),
    (r"[0-9]+", "{said} has neither a percent sign nor the number of inputs: write it as 24 of 25"),
    (r"[+-].*", "{said} has a sign: leave it out"),
    (r"0[0-9].*", "{said} has a leading zero: leave it out"),
    (r"[0-9]+/[0-9]+", "{said} is a fraction: write it as 24 of 25"),
    (r"[0-9,]+ of [0-9,]+( inputs)?", "{said} has commas in other places than between thousands"),
)


def strange_characters(text: str) -> str | None:
    """The characters that are not printable ASCII, by name; None if there are none."""
    strange = [char for char in dict.fromkeys(text) if not (char.isascii() and char.isprintable())]
    if not strange:
        return None
    shown = [f"{code_point(char)} ({unicodedata.name(char, 'a control character')})" for char in strange[:5]]
    return ", ".join(shown) + (f" and {len(strange) - 5} others" if len(strange) > 5 else "")


def _percent(text: str) -> str:
    """A plain decimal read as a percentage if it is above 1, else as a part of 1."""
    try:
        value = Decimal(text)
        scaled = value if value > 1 else value * 100
    except ArithmeticError:  # no number, or NaN
        return "a percentage"
    shown = f"{scaled.normalize():f}"
    return f"{shown if '.' in shown else f'{shown}.0'}%"


def _part(bound: Bound) -> str:
    return f"{bound.proved:,} of {bound.inputs:,}"
