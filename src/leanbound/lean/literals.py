"""Values read back out of terms: the numerals, lists and structures of a model's definition."""

from collections.abc import Callable

from leanbound.lean.expr import Expr, ExprKind, spine
from leanbound.lean.printer import render


class ReadbackError(ValueError):
    """Raised when a term is not a literal of the expected form; the message says what it is instead."""


Unfold = Callable[[str], "Expr | None"]


class Literals:
    """Reads values back out of terms: numerals, lists, structures, through definitions that `unfold` knows (`None`: not
    a definition).

    Exact: a value is returned only for a term that means just that. At most `fuel` definitions are unfolded in all.
    """

    def __init__(self, unfold: Unfold, fuel: int = 100_000) -> None:
        self._unfold = unfold
        self._fuel = fuel

    def head(self, expr: Expr) -> tuple[str, list[Expr]]:
        """The constant and arguments at the head of `expr`, once definitions without arguments are unfolded."""
        while True:
            function, args = spine(expr)
            name = function.const_name
            if name is None:
                raise ReadbackError(f"not a constant or an application of one: {render(expr, 200)}")
            value = self._unfold(name) if not args else None
            if value is None:
                return name, args
            self._fuel -= 1
            if self._fuel < 0:
                raise ReadbackError(f"too many definitions to unfold, at {name}")
            expr = value

    def nat(self, expr: Expr) -> int:
        """The value of a `Nat` literal: raw, or `OfNat.ofNat Nat n (instOfNatNat n)`."""
        if expr.kind is ExprKind.NAT and isinstance(expr.head, int):
            return expr.head
        name, args = self.head_or_literal(expr)
        if name == "" and isinstance(args[0].head, int):
            return args[0].head
        if name == "OfNat.ofNat" and len(args) == 3 and args[0].const_name == "Nat" and args[1].kind is ExprKind.NAT:
            instance, given = spine(args[2])
            if instance.const_name == "instOfNatNat" and given == [args[1]] and isinstance(args[1].head, int):
                return args[1].head
        raise ReadbackError(f"not a Nat literal: {render(expr, 200)}")

    def head_or_literal(self, expr: Expr) -> tuple[str, list[Expr]]:
        """Like `head`; a definition whose value is a raw literal gives the name `""` and that literal."""
        seen = expr
        while seen.const_name is not None:
            value = self._unfold(seen.const_name)
            if value is None:
                break
            self._fuel -= 1
            if self._fuel < 0:
                raise ReadbackError(f"too many definitions to unfold, at {seen.const_name}")
            seen = value
        return ("", [seen]) if seen.kind is ExprKind.NAT else self.head(seen)

    def items(self, expr: Expr) -> list[Expr]:
        """The elements of a list that is written out (`List.cons` and `List.nil`)."""
        found: list[Expr] = []
        while True:
            name, args = self.head(expr)
            if name == "List.nil" and len(args) == 1:
                return found
            if name != "List.cons" or len(args) != 3:
                raise ReadbackError(f"not a list that is written out: {render(expr, 200)}")
            found.append(args[1])
            expr = args[2]
            if len(found) > 1_000_000:
                raise ReadbackError("a list of more than 1,000,000 elements")

    def structure(self, expr: Expr, constructor: str, fields: int) -> list[Expr]:
        """The fields of `constructor …`, for a structure without parameters."""
        name, args = self.head(expr)
        if name != constructor or len(args) != fields:
            raise ReadbackError(f"expected {constructor} and {fields} fields, found {render(expr, 200)}")
        return args
