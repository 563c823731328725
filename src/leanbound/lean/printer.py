"""Terms in readable form, for messages and reports: bounded output, whatever the size of the term."""

from leanbound.lean.expr import Expr, ExprKind, Level, spine

_ATOM, _ARGUMENT, _FUNCTION, _OPEN = 3, 2, 1, 0


class _Scope:
    """Names of the bound variables around a subterm, innermost first."""

    __slots__ = ("name", "outer")

    def __init__(self, name: str, outer: "_Scope | None") -> None:
        self.name, self.outer = name, outer


def _lookup(scope: _Scope | None, index: int) -> str:
    while scope is not None and index:
        scope, index = scope.outer, index - 1
    return scope.name if scope else f"#{index}"


def _fresh(name: str, scope: _Scope | None) -> str:
    used = set()
    while scope is not None:
        used.add(scope.name)
        scope = scope.outer
    count, candidate = 0, name
    while candidate in used:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


_Item = str | tuple[Expr, _Scope | None, int]


def render(expr: Expr, limit: int = 4000) -> str:
    """A readable form of a term: full names, all arguments, literals as numerals; cut off with … after about `limit`
    characters.
    """
    out: list[str] = []
    left = limit
    stack: list[_Item] = [(expr, None, _OPEN)]
    while stack and left > 0:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            left -= len(item)
            continue
        left -= 1
        stack.extend(reversed(_expand(*item, left)))
    return "".join(out) + ("…" if stack else "")


def _expand(expr: Expr, scope: _Scope | None, place: int, left: int) -> list[_Item]:
    """What `expr` consists of, as text and subterms still to be shown."""
    items: list[_Item]
    if expr.kind in (ExprKind.LAM, ExprKind.PI, ExprKind.LET):
        items = _expand_binder(expr, scope)
        return ["(", *items, ")"] if place > _OPEN else items
    if expr.kind is ExprKind.APP:
        literal = _numeral(expr)
        if literal is not None:
            return [show_nat(literal)]
        args: list[Expr] = []
        while expr.kind is ExprKind.APP and len(args) < left:
            expr, arg = expr.args
            args.append(arg)
        items = [(expr, scope, _FUNCTION) if expr.kind is not ExprKind.APP else "…"]
        for arg in reversed(args):
            items += [" ", (arg, scope, _ARGUMENT)]
        return ["(", *items, ")"] if place > _OPEN else items
    if expr.kind is ExprKind.PROJ and isinstance(expr.head, tuple):
        return [(expr.args[0], scope, _ATOM), f".{expr.head[1]}"]
    if expr.kind is ExprKind.BVAR and isinstance(expr.head, int):
        return [_lookup(scope, expr.head)]
    return [_leaf(expr)]


def _expand_binder(expr: Expr, scope: _Scope | None) -> list[_Item]:
    kind, body = expr.args[0], expr.args[-1]
    name = _fresh(str(expr.head), scope)
    inner = _Scope(name, scope)
    if expr.kind is ExprKind.LET:
        return [
            f"let {name} : ",
            (kind, scope, _OPEN),
            " := ",
            (expr.args[1], scope, _OPEN),
            "; ",
            (body, inner, _OPEN),
        ]
    if expr.kind is ExprKind.LAM:
        return [f"fun ({name} : ", (kind, scope, _OPEN), ") => ", (body, inner, _OPEN)]
    if body.loose == 0:
        return [(kind, scope, _FUNCTION), " → ", (body, inner, _OPEN)]
    return [f"∀ ({name} : ", (kind, scope, _OPEN), "), ", (body, inner, _OPEN)]


def _leaf(expr: Expr) -> str:
    head = expr.head
    if isinstance(head, Level):
        return "Prop" if head.kind == "zero" else f"Sort {_show_level(head)}"
    if isinstance(head, tuple):
        return head[0]
    if expr.kind is ExprKind.STR and isinstance(head, str):
        return f'"{head[:200].encode("unicode_escape").decode("ascii")}"'
    return show_nat(head) if isinstance(head, int) else str(head)


def _show_level(level: Level) -> str:
    added = 0
    while level.kind == "succ":
        level, added = level.args[0], added + 1
    if level.kind == "zero":
        return str(added)
    base = level.name if level.kind == "param" else f"({level.kind} of {level.digest.hex()[:8]})"
    return f"({base} + {added})" if added else base


def show_nat(value: int) -> str:
    """A natural number: decimal up to 64 bits, hexadecimal up to 512, else only its length and leading digits."""
    bits = value.bit_length()
    if bits <= 64:
        return str(value)
    return hex(value) if bits <= 512 else f"{hex(value >> (bits - 64))}…({bits} bits)"


def _numeral(expr: Expr) -> int | None:
    """`n` for `OfNat.ofNat T n inst`, whatever the type and the instance; for printing only."""
    function, args = spine(expr) if expr.args[0].kind is ExprKind.APP else (expr, [])
    if function.const_name == "OfNat.ofNat" and len(args) == 3 and args[1].kind is ExprKind.NAT:
        value = args[1].head
        return value if isinstance(value, int) else None
    return None
