"""Values read back out of terms: the numerals, lists and structures of a model's definition."""

from collections.abc import Callable

from leanbound.lean.expr import Expr, ExprKind, spine
from leanbound.lean.printer import render


class ReadbackError(ValueError):
    """Raised when a term is not a literal of the expected form; the message says what it is instead."""


Unfold = Callable[[str], "Expr | None"]


class Literals:
    """Reads values back out of terms: numerals, lists, structures, through definitions and `let`s.

    `unfold` gives the value of a definition, `None` for any other constant. Exact: a value is returned only for a term
    that means just that. After `fuel` steps of unfolding and substitution a term is given up.
    """

    def __init__(self, unfold: Unfold, fuel: int = 5_000_000) -> None:
        self._unfold = unfold
        self._fuel = fuel

    def nat(self, expr: Expr) -> int:
        """The value of a `Nat` literal: raw, or `OfNat.ofNat Nat n (instOfNatNat n)`."""
        expr = self._reduce(expr)
        if expr.kind is ExprKind.NAT and isinstance(expr.head, int):
            return expr.head
        function, args = spine(expr)
        if function.const_name == "OfNat.ofNat" and len(args) == 3 and args[0].const_name == "Nat":
            literal = self._literal(args[1], args[2], "instOfNatNat")
            if literal is not None:
                return literal
        raise ReadbackError(f"not a Nat literal: {render(expr, 200)}")

    def integer(self, expr: Expr) -> int:
        """The value of an `Int` literal: `OfNat.ofNat Int n (instOfNat n)`, or the negation of one."""
        expr = self._reduce(expr)
        function, args = spine(expr)
        names = [arg.const_name for arg in args[:2]]
        if function.const_name == "Neg.neg" and len(args) == 3 and names == ["Int", "Int.instNegInt"]:
            return -self._whole(self._reduce(args[2]))
        return self._whole(expr)

    def _whole(self, expr: Expr) -> int:
        """The value of an `Int` literal without a sign."""
        function, args = spine(expr)
        if function.const_name == "OfNat.ofNat" and len(args) == 3 and args[0].const_name == "Int":
            literal = self._literal(args[1], args[2], "instOfNat")
            if literal is not None:
                return literal
        raise ReadbackError(f"not an Int literal: {render(expr, 200)}")

    @staticmethod
    def _literal(number: Expr, instance: Expr, name: str) -> int | None:
        """The raw literal of `OfNat.ofNat _ number instance`, if the instance is the library's of this name for it."""
        function, given = spine(instance)
        same = function.const_name == name and given == [number] and number.kind is ExprKind.NAT
        return number.head if same and isinstance(number.head, int) else None

    def items(self, expr: Expr) -> list[Expr]:
        """The elements of a list that is written out (`List.cons` and `List.nil`)."""
        found: list[Expr] = []
        while True:
            function, args = spine(self._reduce(expr))
            if function.const_name == "List.nil" and len(args) == 1:
                return found
            if function.const_name != "List.cons" or len(args) != 3:
                raise ReadbackError(f"not a list that is written out: {render(expr, 200)}")
            self._spend(1)
            found.append(args[1])
            expr = args[2]

    def structure(self, expr: Expr, constructor: str, fields: int) -> list[Expr]:
        """The fields of `constructor …`, for a structure without parameters."""
        function, args = spine(self._reduce(expr))
        if function.const_name != constructor or len(args) != fields:
            raise ReadbackError(f"expected {constructor} and {fields} fields, found {render(expr, 200)}")
        return args

    def _spend(self, steps: int) -> None:
        self._fuel -= steps
        if self._fuel < 0:
            raise ReadbackError("too many steps to unfold it")

    def _reduce(self, expr: Expr) -> Expr:
        """`expr` with definitions without arguments unfolded, and `let`s substituted, at its head."""
        while True:
            self._spend(1)
            if expr.kind is ExprKind.LET:
                expr = self._instantiate(expr.args[2], expr.args[1])
                continue
            name = expr.const_name
            value = self._unfold(name) if name is not None else None
            if value is None:
                return expr
            expr = value

    def _instantiate(self, body: Expr, value: Expr) -> Expr:
        """`body` with its outermost bound variable replaced by the closed term `value`."""
        if value.loose:
            raise ReadbackError(f"not a closed term: {render(value, 200)}")
        done: dict[tuple[Expr, int], Expr] = {}
        stack = [(body, 0)]
        while stack:
            self._spend(1)
            node, depth = stack[-1]
            if node.loose <= depth:
                done[node, depth] = node
            elif node.kind is ExprKind.BVAR and isinstance(node.head, int):
                done[node, depth] = value if node.head == depth else Expr(ExprKind.BVAR, node.head - 1, ())
            else:
                binds = node.kind in (ExprKind.LAM, ExprKind.PI, ExprKind.LET)
                parts = [(arg, depth) for arg in node.args]
                if binds:
                    parts[-1] = (node.args[-1], depth + 1)
                missing = [part for part in parts if part not in done]
                if missing:
                    stack.extend(missing)
                    continue
                done[node, depth] = Expr(node.kind, node.head, tuple(done[part] for part in parts))
            stack.pop()
        return done[body, 0]
