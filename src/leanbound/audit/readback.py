"""The claim read back from its artifact: which model, which property, what bound, and the model's integers.

Everything here comes from terms that the kernel checked, so the verdict can print what was proved, not what was asked
for, and compare the weights with the quantised model. Names and shapes are those of the Lean specification.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanbound.claims.properties import OnTask
from leanbound.claims.property import Form, ListOf, Property, Record
from leanbound.claims.specification import PROPERTIES, TARGETS, evaluator_of
from leanbound.families.base import Family, Structure, Structures
from leanbound.families.quantised import Quantised, entries
from leanbound.families.registry import FAMILIES
from leanbound.lean.environment import AuditError, Environment
from leanbound.lean.expr import Expr, spine
from leanbound.lean.literals import Literals, ReadbackError
from leanbound.tasks.pairs import Table

__all__ = ["ModelLiteral", "ReadClaim", "Target", "TensorLiteral", "model_differences", "read_claim", "read_model"]

_MAX_WIDTH = 1 << 16


@dataclass(frozen=True)
class Target:
    """The right output of every input: a constant, and what it is applied to."""

    constant: str
    modulus: int | None = None
    table: Table | None = None

    @classmethod
    def of(cls, claimed: OnTask) -> "Target":
        """That of a task."""
        return cls(TARGETS[claimed.task].name, claimed.modulus, claimed.table)

    def __str__(self) -> str:
        if self.table is not None:
            return f"{self.constant} of a table of {len(self.table)} rows"
        return self.constant if self.modulus is None else f"{self.constant} {self.modulus}"

    def differences(self, expected: "Target") -> Iterator[str]:
        """In words, where it differs from what is expected."""
        if self.table is None or expected.table is None or self.constant != expected.constant:
            if self != expected:
                yield f"is about the task {self}, expected {expected}"
            return
        if len(self.table) != len(expected.table):
            yield f"is about the task {self}, expected one of {len(expected.table)} rows"
            return
        for a, (row, right) in enumerate(zip(self.table, expected.table, strict=True)):
            if row != right:
                yield f"is about a table with row {a} {list(row)}, expected {list(right)}"


@dataclass(frozen=True)
class ReadClaim:
    """A property of a model of one family, as the artifact has it."""

    family: Family
    model: str
    """The constant."""
    target: Target | None
    """Of a property that compares with a task."""
    arguments: Mapping[str, object]
    """What it says beside these: see `Property.arguments`."""

    other: tuple[Family, str] | None = None
    """Of a property that compares two models: the family and the constant of the second one."""

    def differences(self, expected: Property) -> list[str]:
        """In words, where the claim is another one than is expected."""
        found: list[str] = []
        for name, value, form in expected.arguments():
            found += _differences(name, form, self.arguments[name], value)
        if self.target is not None and isinstance(expected, OnTask):
            found += self.target.differences(Target.of(expected))
        return found


def _differences(name: str, form: Form, own: Any, expected: Any) -> Iterator[str]:
    """In words, where an argument differs: number by number in structures and in lists of them."""
    if isinstance(form, Record):
        for (field, inner), ours, theirs in zip(form.fields, own, expected, strict=True):
            yield from _differences(f"{name}.{field}", inner, ours, theirs)
    elif isinstance(form, ListOf) and _holds_records(form) and len(own) == len(expected):
        for i, (ours, theirs) in enumerate(zip(own, expected, strict=True)):
            yield from _differences(f"{name}[{i}]", form.item, ours, theirs)
    elif own != expected:
        yield f"is about {own}{' inputs' if name == 'count' else f' as {name}'}, expected {expected}"


def _holds_records(form: Form) -> bool:
    return isinstance(form, Record) or (isinstance(form, ListOf) and _holds_records(form.item))


@dataclass(frozen=True)
class TensorLiteral:
    """A `LeanBound.Tensor`: `width` bits an entry, entries are integers over `2 ** frac`, one numeral a row."""

    width: int
    frac: int
    rows: tuple[int, ...]

    def integers(self, columns: int) -> list[list[int]]:
        """The integers behind the entries, as the specification's `Tensor.int` defines them: [rows, columns]."""
        if not 1 <= self.width <= _MAX_WIDTH:
            raise AuditError(f"a tensor of {self.width} bits an entry cannot be read back")
        return [list(entries(row, self.width, columns)) for row in self.rows]


@dataclass(frozen=True)
class ModelLiteral:
    """A model of any family: sizes and tensors by name."""

    sizes: dict[str, int]
    tensors: dict[str, TensorLiteral]


def read_claim(environment: Environment, claim: str, expected: Property) -> ReadClaim:
    """What the definition `claim` says; raises `AuditError` unless it is a property like the expected one, of a model
    that is a constant, on a task of the specification, with numerals.
    """
    value = environment.unfold(claim)
    if value is None:
        raise AuditError(f"{claim} is not a definition of an own module")
    constant, wanted = PROPERTIES[expected.kind].name, expected.arguments()
    names = [
        "model",
        *(["other"] if expected.compares else []),
        *(["target"] if isinstance(expected, OnTask) else []),
        *(name for name, _, _ in wanted),
    ]
    function, args = spine(value)
    if function.const_name != constant or len(args) != len(names):
        raise AuditError(f"{claim} is not of the form {constant} {' '.join(names)}")
    literals = Literals(environment.unfold)
    family, model = _read_subject(claim, args[0], expected)
    other = _read_classifier(claim, args[1]) if expected.compares else None
    try:
        target = _read_target(literals, args[1]) if isinstance(expected, OnTask) else None
        values = zip(wanted, args[-len(wanted) :], strict=True)
        arguments = {item.name: _read(literals, arg, item.form) for item, arg in values}
    except ReadbackError as error:
        raise AuditError(f"{claim}: the task or the bound is {error}") from None
    return ReadClaim(family, model, target, arguments, other)


def _read(literals: Literals, expr: Expr, form: Form) -> object:
    """A number, a list or a structure that is written out, of the form that is expected."""
    if isinstance(form, ListOf):
        return tuple(_read(literals, item, form.item) for item in literals.items(expr))
    if isinstance(form, Record):
        fields = literals.structure(expr, f"{form.name}.mk", len(form.fields))
        return tuple(_read(literals, field, inner) for field, (_, inner) in zip(fields, form.fields, strict=True))
    return literals.nat(expr) if form == "Nat" else literals.integer(expr)


def _read_subject(claim: str, expr: Expr, expected: Property) -> tuple[Family, str]:
    """The family and the constant of the model: as a classifier, or as it is, if the property is of one family."""
    if expected.architecture is None:
        return _read_classifier(claim, expr)
    if expr.const_name is None:
        raise AuditError(f"{claim}: the model must be a constant")
    return FAMILIES[expected.architecture], expr.const_name


def _read_classifier(claim: str, expr: Expr) -> tuple[Family, str]:
    """The family and the constant of the model in `Model.classifier model`."""
    function, args = spine(expr)
    family = next((family for family in FAMILIES.values() if evaluator_of(family).name == function.const_name), None)
    model = args[0].const_name if len(args) == 1 else None
    if family is None or model is None:
        raise AuditError(f"{claim}: the model must be a constant, seen as the classifier of its family")
    return family, model


def _read_target(literals: Literals, expr: Expr) -> Target:
    """A target; one of no task of the specification is told by its constant alone."""
    function, args = spine(expr)
    if function.const_name is None:
        raise ReadbackError("not a constant of the specification")
    if function.const_name == TARGETS["modular-addition"].name and len(args) == 1:
        return Target(function.const_name, modulus=literals.nat(args[0]))
    if function.const_name == TARGETS["group-composition"].name and len(args) == 1:
        rows = (literals.items(row) for row in literals.items(args[0]))
        return Target(function.const_name, table=tuple(tuple(literals.nat(entry) for entry in row) for row in rows))
    if args:
        raise ReadbackError("not a constant of the specification, applied to numerals")
    return Target(function.const_name)


def read_model(environment: Environment, model: str, structure: Structure | Structures) -> ModelLiteral:
    """The numbers of the definition `model`; raises `AuditError` if anything in it is not written out."""
    value = environment.unfold(model)
    if value is None:
        raise AuditError(f"{model} is not a definition of an own module")
    found = ModelLiteral({}, {})
    try:
        _Reader(Literals(environment.unfold), found).read(value, structure)
    except ReadbackError as error:
        raise AuditError(f"{model} cannot be read back: {error}") from None
    return found


def model_differences(found: ModelLiteral, expected: Quantised) -> list[str]:
    """In words, where the model of the artifact differs from the quantised model; empty if they are equal."""
    sizes = [(name, ours, expected.config.size(name)) for name, ours in found.sizes.items()]
    reasons = [
        f"{name} is {ours} in the artifact, {theirs} in the model" for name, ours, theirs in sizes if ours != theirs
    ]
    for tensor in expected.tensors:
        reasons += _tensor_differences(tensor.name, found.tensors[tensor.name], expected)
    return reasons


def _tensor_differences(name: str, found: TensorLiteral, model: Quantised) -> list[str]:
    expected = model[name]
    scale = (found.width, found.frac, len(found.rows))
    if scale != (expected.width, expected.frac, len(expected.ints)):
        form = "{} bits, 2^-{}, {} rows"
        theirs = form.format(expected.width, expected.frac, len(expected.ints))
        return [f"{name} is of {form.format(*scale)} in the artifact, of {theirs} in the model"]
    reasons = []
    for i, (row, integers) in enumerate(zip(found.integers(expected.shape[1]), expected.ints, strict=True)):
        pairs = zip(row, integers, strict=True)
        reasons += [
            f"{name}[{i}, {j}] is {a} in the artifact, {b} in the model" for j, (a, b) in enumerate(pairs) if a != b
        ]
        if found.rows[i] >> (expected.width * expected.shape[1]):
            reasons.append(f"{name}: row {i} has more than {expected.shape[1]} entries in the artifact")
    return reasons


class _Reader:
    """Puts the sizes and tensors of structures, those inside them included, into one model."""

    def __init__(self, literals: Literals, found: ModelLiteral) -> None:
        self._literals = literals
        self._found = found

    def read(self, expr: Expr, structure: Structure | Structures) -> None:
        if isinstance(structure, tuple):
            self._list(expr, structure)
            return
        fields = self._literals.structure(expr, f"{structure.name}.mk", len(structure.fields))
        for name, field in zip(structure.fields, fields, strict=True):
            if isinstance(name, tuple):
                self._list(field, name)
            elif name.startswith(("W_", "b_")):
                self._found.tensors[name] = self._tensor(field)
            else:
                self._found.sizes[name] = self._literals.nat(field)

    def _list(self, expr: Expr, structures: Structures) -> None:
        items = self._literals.items(expr)
        if len(items) != len(structures):
            raise ReadbackError(f"{len(items)} of {structures[0].name}, expected {len(structures)}")
        for item, structure in zip(items, structures, strict=True):
            self.read(item, structure)

    def _tensor(self, expr: Expr) -> TensorLiteral:
        width, frac, rows = self._literals.structure(expr, "LeanBound.Tensor.mk", 3)
        items = tuple(self._literals.nat(row) for row in self._literals.items(rows))
        return TensorLiteral(self._literals.nat(width), self._literals.nat(frac), items)
