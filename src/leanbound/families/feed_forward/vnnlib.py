"""VNN-LIB files of the conjunctive kind: bounds of inputs, and linear constraints on outputs that are to be avoided.

A file asserts, one after the other or under `and`, that each input X_i lies between two constants and that the outputs
Y_j are in a polyhedron; one `or` of conjunctions of output constraints gives several polyhedra. The property is that no
input fulfils all of it. Decimals are taken exactly, and bounds rounded outwards to dyadic ones, which only makes the
property stronger; strict inequalities are read as the others, which does so too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NoReturn, cast

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.feed_forward.properties import FRAC, Avoids, Box, Halfspace
from leanbound.files import read_bytes

_TOKEN = re.compile(r"[ \t\r]+|;[^\n]*|(?P<newline>\n)|(?P<token>[()]|[^\s();]+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_VARIABLE = re.compile(r"([XY])_(0|[1-9]\d{0,5})")


@dataclass(frozen=True)
class _Atom:
    text: str
    line: int


@dataclass(frozen=True)
class _List:
    items: "tuple[_Atom | _List, ...]"
    line: int


_Expression = _Atom | _List
_Linear = dict[str, Fraction]
"""Coefficient by variable; that of the empty name is the constant."""


def read_vnnlib(path: Path, frac: int = FRAC) -> Avoids:
    """The property of a file, its bounds over 2 ** frac.

    Raises InputError for a file that cannot be read, naming line and token; UnsupportedError for what is well formed
    but of another kind.
    """
    return parse_vnnlib(read_bytes(path).decode(errors="replace"), str(path), frac)


def parse_vnnlib(text: str, name: str = "the property", frac: int = FRAC) -> Avoids:
    """The property that a text states; see `read_vnnlib`."""
    return _Reader(name).read(text).property(frac)


@dataclass
class _Reader:
    name: str
    declared: dict[str, list[int]] = field(default_factory=lambda: {"X": [], "Y": []})
    bounds: dict[int, tuple[Fraction | None, Fraction | None]] = field(default_factory=dict)
    common: list[_Linear] = field(default_factory=list)
    """Forms in outputs that are at most 0."""
    cases: list[list[_Linear]] | None = None

    def read(self, text: str) -> "_Reader":
        for command in self._parse(text):
            head, *rest = self._items(command)
            match (self._word(head), rest):
                case ("declare-const", [variable, kind]) if self._word(kind) == "Real":
                    letter, number = self._variable(variable)
                    self.declared[letter].append(number)
                case ("assert", [constraint]):
                    self._assert(constraint)
                case (word, _):
                    self._fail(head, word, "(declare-const X_0 Real) or (assert ...)")
        return self

    def property(self, frac: int) -> Avoids:
        for letter, what in (("X", "inputs"), ("Y", "outputs")):
            numbers = self.declared[letter]
            if not numbers or sorted(numbers) != list(range(len(numbers))):
                raise InputError(
                    f"{self.name}: declares the {what} {sorted(numbers)}, expected {letter}_0, {letter}_1, ..."
                )
        lows, highs = [], []
        for i in range(len(self.declared["X"])):
            low, high = self.bounds.get(i, (None, None))
            if low is None or high is None:
                raise InputError(f"{self.name}: X_{i} has no {'lower' if low is None else 'upper'} bound; add one")
            if low > high:
                raise InputError(f"{self.name}: X_{i} is at least {low} and at most {high}: there is no such input")
            lows.append(low)
            highs.append(high)
        polyhedra = [[*self.common, *case] for case in (self.cases if self.cases is not None else [[]])]
        if not all(polyhedra):
            raise InputError(f"{self.name}: says nothing of the outputs; add a constraint on some Y_j")
        return Avoids(
            box=Box.around(lows, highs, frac),
            polyhedra=tuple(tuple(self._halfspace(form, frac) for form in forms) for forms in polyhedra),
        )

    def _halfspace(self, form: _Linear, frac: int) -> Halfspace:
        outputs = range(len(self.declared["Y"]))
        return Halfspace.around([form.get(f"Y_{j}", Fraction(0)) for j in outputs], -form.get("", Fraction(0)), frac)

    def _assert(self, constraint: _Expression) -> None:
        head, *rest = self._items(constraint)
        match self._word(head):
            case "and":
                for part in rest:
                    self._assert(part)
            case "or":
                if self.cases is not None:
                    raise UnsupportedError(f"{self.name}:{head.line}: a second 'or'; only one is supported.")
                self.cases = [self._case(part) for part in rest]
            case _:
                self._constrain(constraint)

    def _case(self, part: _Expression) -> list[_Linear]:
        head, *rest = self._items(part)
        forms = [self._form(item) for item in (rest if self._word(head) == "and" else [part])]
        if any(variable.startswith("X") for form in forms for variable in form):
            raise UnsupportedError(f"{self.name}:{part.line}: 'or' over inputs; state a property for each case.")
        return forms

    def _constrain(self, constraint: _Expression) -> None:
        form = self._form(constraint)
        inputs = [variable for variable in form if variable.startswith("X")]
        if not inputs:
            self.common.append(form)
        elif len(form) > 2 or len(inputs) > 1 or set(form) - {*inputs, ""}:
            raise UnsupportedError(f"{self.name}:{constraint.line}: relates an input to other numbers than a constant.")
        else:
            self._bound(int(inputs[0][2:]), form[inputs[0]], -form.get("", Fraction(0)))

    def _bound(self, i: int, factor: Fraction, limit: Fraction) -> None:
        low, high = self.bounds.get(i, (None, None))
        value = limit / factor
        if factor > 0:
            high = value if high is None else min(high, value)
        else:
            low = value if low is None else max(low, value)
        self.bounds[i] = (low, high)

    def _form(self, constraint: _Expression) -> _Linear:
        """What is at most 0."""
        head, *sides = self._items(constraint)
        word = self._word(head)
        if word not in ("<=", ">=", "<", ">") or len(sides) != 2:
            self._fail(head, word, "(<= a b) or (>= a b)")
        left, right = (self._linear(side) for side in (sides if word[0] == "<" else reversed(sides)))
        return _sum(left, {variable: -factor for variable, factor in right.items()})

    def _linear(self, term: _Expression) -> _Linear:
        if isinstance(term, _Atom):
            if _NUMBER.fullmatch(term.text):
                return {"": Fraction(term.text)}
            letter, number = self._variable(term)
            if number not in self.declared[letter]:
                self._fail(term, term.text, "a variable that was declared before")
            return {term.text: Fraction(1)}
        head, *rest = self._items(term)
        parts = [self._linear(part) for part in rest]
        match (self._word(head), parts):
            case ("+", [_, *_]):
                return _sum(*parts)
            case ("-", [only]):
                return {variable: -factor for variable, factor in only.items()}
            case ("-", [first, *others]):
                return _sum(first, *({variable: -factor for variable, factor in part.items()} for part in others))
            case ("*", [a, b]) if set(a) <= {""} or set(b) <= {""}:
                (scale, form) = (a, b) if set(a) <= {""} else (b, a)
                return {variable: scale.get("", Fraction(0)) * factor for variable, factor in form.items()}
            case (word, _):
                self._fail(head, word, "a number, X_i, Y_j, or a sum, difference or multiple of them")

    def _variable(self, item: _Expression) -> tuple[str, int]:
        match = _VARIABLE.fullmatch(self._word(item))
        if match is None:
            self._fail(item, self._word(item), "X_i or Y_j")
        return match[1], int(match[2])

    def _word(self, item: _Expression) -> str:
        if isinstance(item, _List):
            self._fail(item, "(", "a word")
        return item.text

    def _items(self, item: _Expression) -> tuple[_Expression, ...]:
        if isinstance(item, _Atom):
            self._fail(item, item.text, "'('")
        if not item.items:
            self._fail(item, "()", "an expression")
        return item.items

    def _fail(self, item: _Expression, token: str, expected: str) -> NoReturn:
        raise InputError(f"{self.name}:{item.line}: {token!r}, expected {expected}")

    def _parse(self, text: str) -> Iterator[_Expression]:
        stack: list[tuple[int, list[_Expression]]] = []
        for token in self._tokens(text):
            if token.text == "(":
                stack.append((token.line, []))
                continue
            done: _Expression = token
            if token.text == ")":
                if not stack:
                    self._fail(token, ")", "'(' before it")
                line, items = stack.pop()
                done = _List(tuple(items), line)
            if stack:
                stack[-1][1].append(done)
            else:
                yield done
        if stack:
            self._fail(_Atom("(", stack[-1][0]), "(", "')' for it")

    def _tokens(self, text: str) -> Iterator[_Atom]:
        line = 1
        for match in _TOKEN.finditer(text):
            if match["newline"]:
                line += 1
            elif match["token"]:
                yield _Atom(cast(str, match["token"]), line)


def _sum(*parts: Mapping[str, Fraction]) -> _Linear:
    total: _Linear = {}
    for part in parts:
        for variable, factor in part.items():
            total[variable] = total.get(variable, Fraction(0)) + factor
    return {variable: factor for variable, factor in total.items() if factor}
