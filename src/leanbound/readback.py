"""The claim read back from its artifact: which model, which task, what bound, and the model's integers.

Everything here comes from terms that the kernel checked, so the verdict can print what was proved, not what was asked
for, and compare the weights with the quantised model. Names and shapes are those of the Lean specification.
"""

from dataclasses import dataclass

from leanbound.lean.environment import AuditError, Environment
from leanbound.lean.expr import Expr, spine
from leanbound.lean.literals import Literals, ReadbackError
from leanbound.quantised import QuantisedModel, entries

__all__ = ["AccuracyClaim", "HeadLiteral", "ModelLiteral", "TensorLiteral", "model_differences", "read_accuracy_claim"]
__all__ += ["read_model"]

_MAX_WIDTH = 1 << 16


@dataclass(frozen=True)
class AccuracyClaim:
    """`AccuracyAtLeast model target count`: the constants' names and the bound, an exact count of inputs."""

    model: str
    target: str
    count: int


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
class HeadLiteral:
    """A `LeanBound.Head`: the head's width, and its tensors by name."""

    d_head: int
    tensors: dict[str, TensorLiteral]


@dataclass(frozen=True)
class ModelLiteral:
    """A `LeanBound.AttentionOnly`: sizes, tensors by name, heads."""

    d_vocab: int
    n_ctx: int
    d_model: int
    tensors: dict[str, TensorLiteral]
    heads: tuple[HeadLiteral, ...]


def read_accuracy_claim(environment: Environment, claim: str) -> AccuracyClaim:
    """What the definition `claim` says; raises `AuditError` unless it is `AccuracyAtLeast` of two constants and a
    numeral.
    """
    value = environment.unfold(claim)
    if value is None:
        raise AuditError(f"{claim} is not a definition of an own module")
    function, args = spine(value)
    if function.const_name != "LeanBound.AccuracyAtLeast" or len(args) != 3:
        raise AuditError(f"{claim} is not of the form LeanBound.AccuracyAtLeast model target count")
    model, target = args[0].const_name, args[1].const_name
    if model is None or target is None:
        raise AuditError(f"{claim}: the model and the target must be constants")
    try:
        return AccuracyClaim(model, target, Literals(environment.unfold).nat(args[2]))
    except ReadbackError as error:
        raise AuditError(f"{claim}: the bound is {error}") from None


def read_model(environment: Environment, model: str) -> ModelLiteral:
    """The numbers of the definition `model`; raises `AuditError` if anything in it is not written out."""
    value = environment.unfold(model)
    if value is None:
        raise AuditError(f"{model} is not a definition of an own module")
    try:
        return _Reader(environment).model(value)
    except ReadbackError as error:
        raise AuditError(f"{model} cannot be read back: {error}") from None


def model_differences(found: ModelLiteral, expected: QuantisedModel) -> list[str]:
    """In words, where the model of the artifact differs from the quantised model; empty if they are equal."""
    config = expected.config
    sizes = [("d_vocab", found.d_vocab, config.d_vocab), ("n_ctx", found.n_ctx, config.n_ctx)]
    sizes.append(("d_model", found.d_model, config.d_model))
    if len(found.heads) != 1:
        return [f"the artifact's model has {len(found.heads)} heads, the quantised model 1"]
    sizes.append(("d_head", found.heads[0].d_head, config.d_head))
    reasons = [
        f"{name} is {ours} in the artifact, {theirs} in the model" for name, ours, theirs in sizes if ours != theirs
    ]
    tensors = {**found.tensors, **found.heads[0].tensors}
    for tensor in expected.tensors:
        reasons += _tensor_differences(tensor.name, tensors[tensor.name], expected)
    return reasons


def _tensor_differences(name: str, found: TensorLiteral, model: QuantisedModel) -> list[str]:
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
    def __init__(self, environment: Environment) -> None:
        self._literals = Literals(environment.unfold)

    def model(self, expr: Expr) -> ModelLiteral:
        fields = self._literals.structure(expr, "LeanBound.AttentionOnly.mk", 9)
        sizes = [self._literals.nat(field) for field in fields[:3]]
        heads = tuple(self._head(item) for item in self._literals.items(fields[5]))
        rest = [*fields[3:5], *fields[6:]]
        return ModelLiteral(
            sizes[0], sizes[1], sizes[2], self._tensors(("W_E", "W_pos", "b_O", "W_U", "b_U"), rest), heads
        )

    def _head(self, expr: Expr) -> HeadLiteral:
        d_head, *rest = self._literals.structure(expr, "LeanBound.Head.mk", 8)
        names = ("W_Q", "b_Q", "W_K", "b_K", "W_V", "b_V", "W_O")
        return HeadLiteral(self._literals.nat(d_head), self._tensors(names, rest))

    def _tensors(self, names: tuple[str, ...], exprs: list[Expr]) -> dict[str, TensorLiteral]:
        return {name: self._tensor(expr) for name, expr in zip(names, exprs, strict=True)}

    def _tensor(self, expr: Expr) -> TensorLiteral:
        width, frac, rows = self._literals.structure(expr, "LeanBound.Tensor.mk", 3)
        items = tuple(self._literals.nat(row) for row in self._literals.items(rows))
        return TensorLiteral(self._literals.nat(width), self._literals.nat(frac), items)
