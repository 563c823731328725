"""The `.olean` reader: real 32-bit files, synthetic files of both pointer widths, and hostile ones."""

import struct
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanbound.lean.expr import Expr, ExprKind, Terms, digest, name_component
from leanbound.lean.literals import Literals, ReadbackError
from leanbound.lean.olean import ConstantKind, Module, OleanError, Part, _Decoder, read_module
from leanbound.lean.printer import render
from leanbound.lean.region import Region, read_parts

FIXTURES = Path(__file__).parent.parent / "data" / "olean"
_ALIGN = 1 << 16


class Writer:
    """Writes one compacted region as Lean's object compactor does; methods that add objects return pointers."""

    def __init__(self, width: int = 8, gmp: bool = False, base: int = 0x40000) -> None:
        self.width, self.gmp, self.base = width, gmp, base
        self.parts: list[bytes] = []
        self.start()

    def start(self) -> None:
        self.body = bytearray(80 + 2 * self.width)

    def word(self, value: int) -> bytes:
        return value.to_bytes(self.width, "little")

    def add(self, raw: bytes) -> int:
        at = self.base + len(self.body)
        self.body += raw + bytes(-len(raw) % self.width)
        return at

    @staticmethod
    def scalar(value: int) -> int:
        return value << 1 | 1

    def ctor(self, tag: int, *fields: int, scalars: bytes = b"") -> int:
        size = 8 + self.width * len(fields) + len(scalars)
        size += -size % 8
        raw = struct.pack("<iHBB", 0, size, len(fields), tag) + b"".join(map(self.word, fields)) + scalars
        return self.add(raw.ljust(size, b"\0"))

    def array(self, *items: int) -> int:
        head = struct.pack("<iHBB", 0, 1, 0, 246) + self.word(len(items)) * 2
        return self.add(head + b"".join(map(self.word, items)))

    def string(self, text: str) -> int:
        raw = text.encode() + b"\0"
        head = struct.pack("<iHBB", 0, 1, 0, 249) + self.word(len(raw)) * 2 + self.word(len(text))
        return self.add(head + raw)

    def nat(self, value: int) -> int:
        if value < 1 << (8 * self.width - 1):
            return self.scalar(value)
        limb = self.width if self.gmp else 4
        count = -(-value.bit_length() // (8 * limb))
        head_size = 8 + (8 + self.width if self.gmp else 3 * self.width)
        digits = self.word(self.base + len(self.body) + head_size)
        middle = struct.pack("<ii", count, count) if self.gmp else self.word(0) + self.word(count)
        size = head_size + limb * count
        head = struct.pack("<iHBB", 0, size & 0xFFFF, 0, 250) + middle + digits
        return self.add(head + value.to_bytes(limb * count, "little"))

    def name(self, *components: str | int) -> int:
        at = self.scalar(0)
        for part in components:
            last = self.string(part) if isinstance(part, str) else self.nat(part)
            at = self.ctor(1 if isinstance(part, str) else 2, at, last, scalars=bytes(8))
        return at

    def list(self, *items: int) -> int:
        at = self.scalar(0)
        for item in reversed(items):
            at = self.ctor(1, item, at)
        return at

    def expr(self, tag: int, *fields: int, info: int | None = None) -> int:
        return self.ctor(tag, *fields, scalars=bytes(8) + (b"" if info is None else bytes([info])))

    def const(self, *name: str) -> int:
        return self.expr(4, self.name(*name), self.scalar(0))

    def literal(self, value: int) -> int:
        return self.expr(9, self.ctor(0, self.nat(value)))

    def theorem(self, name: int, kind: int, value: int) -> int:
        common = self.ctor(0, name, self.scalar(0), kind)
        return self.ctor(2, self.ctor(0, common, value, self.list(name)))

    def module(self, constants: dict[int, int], is_module: bool = False, imports: tuple[int, ...] = ()) -> int:
        listed = [self.ctor(0, item, scalars=b"\0\1\0") for item in imports]
        arrays = [
            self.array(*listed),
            self.array(*constants),
            self.array(*constants.values()),
            self.array(),
            self.array(),
        ]
        return self.ctor(0, *arrays, scalars=bytes([is_module]))

    def finish(self, root: int) -> bytes:
        header = b"olean\2" + bytes([self.gmp]) + b"4.28.0".ljust(33, b"\0") + b"c" * 40
        return header + self.word(self.base) + self.word(root) + bytes(self.body[80 + 2 * self.width :])


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real files, written by the embedded Lean 4.28 from the sources beside them."""
    target = tmp_path_factory.mktemp("olean")
    with tarfile.open(FIXTURES / "fixtures.tar.xz") as archive:
        archive.extractall(target, filter="data")
    return target


def load(tmp_path: Path, data: bytes) -> Module:
    path = tmp_path / "X.olean"
    path.write_bytes(data)
    return read_module(path)


def decode_all(module: Module) -> int:
    """Decode, digest and print every constant; returns how many there were."""
    count = 0
    for part in (module.exported, module.full):
        for name in part.names if part else ():
            for term in part.constant(name).terms if part else ():
                digest(term)
                render(term, 500)
            count += 1
    return count


def test_real_module(artifacts: Path) -> None:
    module = read_module(artifacts / "Fix" / "Clean.olean")
    assert module.header.lean_version == "4.28.0-pre"
    assert module.header.pointer_bytes == 4
    assert [item.module for item in module.exported.imports] == ["Init"]
    assert module.full is not None
    claim = module.full.constant("Fix.Clean.Claim")
    assert claim.kind is ConstantKind.DEFINITION
    assert claim.value is not None
    assert render(claim.value).endswith("8633) (Eq Nat (List.length Nat Fix.Clean.rows) 7)")
    assert module.exported.constant("Fix.Clean.proved").kind is ConstantKind.AXIOM
    proved = module.full.constant("Fix.Clean.proved")
    assert proved.kind is ConstantKind.THEOREM
    assert proved.type.const_name == "Fix.Clean.Claim"
    assert module.exported.original_kinds()["Fix.Clean.proved"] == 1
    with pytest.raises(KeyError):
        module.full.constant("Fix.Clean.absent")


def test_real_numerals(artifacts: Path) -> None:
    """Numerals around the limits of boxed scalars and of the digits of bignums."""
    full = read_module(artifacts / "Fix" / "Clean.olean").full
    assert full is not None
    rows = full.constant("Fix.Clean.rows").value
    assert rows is not None
    literals = Literals(lambda name: None)
    found = [literals.nat(item) for item in literals.items(rows)]
    assert found == [0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF1, 2**32, 2**32 - 1, 2**31, 2**31 - 1, 2**30, 0]


def test_long_list(artifacts: Path) -> None:
    """Lean writes long lists with nested `let`s."""
    full = read_module(artifacts / "Fix" / "Long.olean").full
    assert full is not None
    rows = full.constant("Fix.Long.rows").value
    assert rows is not None
    assert rows.kind is ExprKind.LET
    literals = Literals(lambda name: None)
    assert [literals.nat(item) for item in literals.items(rows)] == [10**9 * i + i for i in range(130)]
    with pytest.raises(ReadbackError, match="too many steps"):
        Literals(lambda name: None, fuel=500).items(rows)


def test_every_real_file_decodes(artifacts: Path) -> None:
    for path in artifacts.rglob("*.olean"):
        assert decode_all(read_module(path)) > 0


def test_attributes(artifacts: Path) -> None:
    full = read_module(artifacts / "Fix" / "Attr.olean").full
    assert full is not None
    assert full.entry_names("Lean.Compiler.implementedByAttr") == ["Fix.Attr.spec"]
    assert full.entry_names("Lean.externAttr") == ["Fix.Attr.foreign"]
    assert full.entry_names("Lean.Compiler.CSimp.ext", scoped=True) == ["Fix.Attr.spec"]
    assert full.entry_names("No.such.extension") == []


FORMATS = [(4, False), (8, False), (4, True), (8, True)]


@pytest.mark.parametrize(("width", "gmp"), FORMATS)
def test_synthetic_round_trip(tmp_path: Path, width: int, gmp: bool) -> None:
    writer = Writer(width, gmp)
    numbers = [0, 1, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**40, 2 ** (8 * 70_000) + 7]
    name = writer.name("A", "b c", 7, 2**40)
    prop = writer.expr(3, writer.scalar(0))
    level = writer.ctor(2, writer.ctor(1, writer.scalar(0), scalars=bytes(8)), writer.scalar(0), scalars=bytes(8))
    value = writer.expr(4, name, writer.list(level, writer.ctor(4, writer.name("u"), scalars=bytes(8))))
    for number in numbers:
        value = writer.expr(5, value, writer.literal(number))
    value = writer.expr(6, writer.name("x"), prop, writer.expr(0, writer.scalar(0)), info=1)
    for number in numbers:
        value = writer.expr(5, value, writer.literal(number))
    text = writer.expr(9, writer.ctor(1, writer.string("näive\n")))
    value = writer.expr(5, value, writer.expr(10, writer.scalar(0), text))
    value = writer.expr(8, writer.name("y"), prop, value, writer.expr(11, name, writer.scalar(1), prop), info=0)
    kind = writer.expr(7, writer.name("h"), prop, prop, info=0)
    root = writer.module({name: writer.theorem(name, kind, value)}, imports=(writer.name("Init", "Core"),))
    module = load(tmp_path, writer.finish(root))
    assert module.header.pointer_bytes == width
    assert module.header.gmp == gmp
    assert module.full is module.exported
    assert [item.module for item in module.exported.imports] == ["Init.Core"]
    (found,) = (module.exported.constant(listed) for listed in module.exported.names)
    assert found.name == f"A.«b c».7.{2**40}"
    assert found.kind is ConstantKind.THEOREM
    assert render(found.type) == "Prop → Prop"
    assert found.value is not None
    assert found.value.kind is ExprKind.LET
    term, seen = found.value.args[1], []
    while term.kind is ExprKind.APP:
        term, arg = term.args
        seen.append(arg.head)
    assert seen == ["näive\n", *reversed(numbers)]


@pytest.mark.parametrize("width", [4, 8])
def test_parts_point_into_earlier_parts(tmp_path: Path, width: int) -> None:
    """The second part has no objects of its own, as happens: it ends right after its root pointer."""
    first = Writer(width)
    name, prop = first.name("A"), first.expr(3, first.scalar(0))
    axiom = first.ctor(0, first.ctor(0, first.ctor(0, name, first.scalar(0), prop), scalars=b"\0"))
    root = first.module({name: axiom}, is_module=True)
    files = [first.finish(root), Writer(width, base=first.base + _ALIGN).finish(root)]
    assert len(files[1]) == 80 + 2 * width
    last = Writer(width, base=first.base + 2 * _ALIGN)
    files.append(last.finish(last.module({name: last.theorem(name, prop, last.const("B"))}, is_module=True)))
    path = tmp_path / "X.olean"
    for suffix, data in zip(("", ".server", ".private"), files, strict=True):
        path.with_name(path.name + suffix).write_bytes(data)
    module = read_module(path)
    assert module.exported.constant("A").kind is ConstantKind.AXIOM
    assert module.full is not None
    assert module.full.constant("A").kind is ConstantKind.THEOREM
    assert read_module(path, exported_only=True).full is None
    path.with_name("X.olean.private").write_bytes(files[1])
    with pytest.raises(OleanError, match="belong together"):
        read_module(path)


def tower(writer: Writer, step: Callable[[int], int], height: int) -> int:
    at = writer.expr(3, writer.scalar(0))
    for _ in range(height):
        at = step(at)
    return at


@pytest.mark.parametrize("shape", ["doubling", "left", "right", "binders", "level"])
def test_deep_and_shared_terms(tmp_path: Path, shape: str) -> None:
    """Terms whose tree is astronomically large, or deeper than any recursion limit, take no time and no stack."""
    writer = Writer()
    leaf, anonymous = writer.const("c"), writer.scalar(0)
    steps: dict[str, Callable[[int], int]] = {
        "doubling": lambda at: writer.expr(5, at, at),
        "left": lambda at: writer.expr(5, at, leaf),
        "right": lambda at: writer.expr(5, leaf, at),
        "binders": lambda at: writer.expr(7, anonymous, leaf, at, info=0),
    }
    if shape == "level":
        level = writer.scalar(0)
        for _ in range(30_000):
            level = writer.ctor(1, level, scalars=bytes(8))
        term = writer.expr(3, level)
    else:
        term = tower(writer, steps[shape], 30_000)
    name = writer.name("A")
    started = time.perf_counter()
    module = load(tmp_path, writer.finish(writer.module({name: writer.theorem(name, term, leaf)})))
    assert decode_all(module) == 2
    assert time.perf_counter() - started < 10


def hostile(change: Callable[[Writer], int]) -> bytes:
    writer = Writer()
    return writer.finish(change(writer))


def _with_type(writer: Writer, kind: int) -> int:
    name = writer.name("A")
    return writer.module({name: writer.theorem(name, kind, kind)})


def _cycle(writer: Writer) -> int:
    at = writer.base + len(writer.body)
    return _with_type(writer, writer.expr(5, at, at))


def _forward(writer: Writer) -> int:
    later = writer.base + len(writer.body) + 40
    return _with_type(writer, writer.expr(5, later, later))


def _long_name(writer: Writer) -> int:
    return writer.module({writer.name(*["n"] * 300): writer.scalar(0)})


def _heavy_names(writer: Writer) -> int:
    text, at, names = writer.string("x" * 4000), writer.scalar(0), {}
    for index in range(20_000):
        names[writer.ctor(1, writer.ctor(2, at, writer.scalar(index), scalars=bytes(8)), text, scalars=bytes(8))] = 1
    return writer.module(names)


def _shared_tail(writer: Writer) -> int:
    name, tail = writer.name("A"), writer.scalar(0)
    for _ in range(20_000):
        tail = writer.ctor(1, name, tail)
    term = writer.expr(3, writer.scalar(0))
    for _ in range(20_000):
        term = writer.expr(5, term, writer.expr(4, name, writer.ctor(1, writer.scalar(0), tail)))
    return _with_type(writer, term)


def _small_bignum(writer: Writer) -> int:
    at = writer.base + len(writer.body)
    raw = (
        struct.pack("<iHBB", 0, 40, 0, 250) + writer.word(0) + writer.word(1) + writer.word(at + 32) + b"\5" + bytes(7)
    )
    return _with_type(writer, writer.expr(9, writer.ctor(0, writer.add(raw))))


def _raw(raw: bytes) -> Callable[[Writer], int]:
    return lambda writer: _with_type(writer, writer.add(raw))


HOSTILE: dict[str, tuple[Callable[[Writer], int], str]] = {
    "cycle": (_cycle, "earlier object"),
    "pointer to a later object": (_forward, "earlier object"),
    "pointer out of the file": (lambda w: _with_type(w, 0x7FFFFFFFFFF8), "earlier object"),
    "null pointer": (lambda w: _with_type(w, 0), "earlier object"),
    "pointer into an object": (lambda w: _with_type(w, w.const("c") + 8), "earlier object"),
    "array of 2^62 elements": (_raw(struct.pack("<iHBBQQ", 0, 1, 0, 246, 1 << 62, 1 << 62)), "past the end"),
    "string of 2^63 bytes": (_raw(struct.pack("<iHBBQQQ", 0, 1, 0, 249, 1 << 63, 9, 9)), "past the end"),
    "bignum of 2^60 digits": (_raw(struct.pack("<iHBBQQQ", 0, 32, 0, 250, 0, 1 << 60, 0)), "past the end"),
    "constructor smaller than its pointers": (_raw(struct.pack("<iHBB", 0, 8, 3, 0)), "smaller than"),
    "closure": (_raw(struct.pack("<iHBBQ", 0, 16, 0, 245, 0)), "no place"),
    "free variable": (lambda w: _with_type(w, w.expr(1, w.name("f"))), "free variables"),
    "term of unknown kind": (lambda w: _with_type(w, w.expr(12, w.scalar(0))), "free variables"),
    "too few fields": (lambda w: _with_type(w, w.expr(5, w.const("c"))), "a term"),
    "scalar as term": (lambda w: _with_type(w, w.scalar(5)), "free variables"),
    "bad UTF-8": (lambda w: _with_type(w, w.expr(4, w.ctor(1, 1, w.add(
        struct.pack("<iHBBQQQ", 0, 1, 0, 249, 2, 2, 1) + b"\xff\0"), scalars=bytes(8)), 1)), "UTF-8"),
    "string without end": (lambda w: _with_type(w, w.expr(4, w.ctor(1, 1, w.add(
        struct.pack("<iHBBQQQ", 0, 1, 0, 249, 2, 2, 1) + b"aa"), scalars=bytes(8)), 1)), "zero byte"),
    "name too long": (_long_name, "4096"),
    "names that share a long string": (_heavy_names, "hostile"),
    "lists that share a tail": (_shared_tail, "hostile"),
    "bignum that fits a scalar": (_small_bignum, "fits a scalar"),
    "two constants of one name": (lambda w: w.module({w.name("A"): 1, w.name("A"): 1}), "same name"),
    "root is a scalar": (lambda w: w.const("c") * 0 + 1, "module data"),
    "unknown kind of constant": (lambda w: w.module({w.name("A"): w.ctor(8, w.scalar(0))}), "a constant"),
}  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_files(tmp_path: Path, attack: str) -> None:
    change, reason = HOSTILE[attack]
    started = time.perf_counter()
    with pytest.raises(OleanError, match=reason):
        decode_all(load(tmp_path, hostile(change)))
    assert time.perf_counter() - started < 10


def test_constant_under_another_name(tmp_path: Path) -> None:
    writer = Writer()
    listed, real, prop = writer.name("A"), writer.name("B"), writer.expr(3, writer.scalar(0))
    with pytest.raises(OleanError, match="listed as A is called B"):
        decode_all(load(tmp_path, writer.finish(writer.module({listed: writer.theorem(real, prop, prop)}))))


@pytest.mark.parametrize(
    "data", [b"", b"olean", b"PK\3\4" + bytes(200), b"olean\3" + bytes(200), b"olean\2\2" + bytes(200)]
)
def test_not_an_olean(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(OleanError):
        load(tmp_path, data)


def test_size_limit_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(OleanError, match="cannot be read"):
        read_module(tmp_path / "absent.olean")
    path = tmp_path / "X.olean"
    path.write_bytes(bytes(1000))
    with pytest.raises(OleanError, match="exceed 999 bytes"):
        read_parts([path], 999)


def damage(parts: list[bytes], changes: list[tuple[int, int]], cut: int | None) -> list[bytes]:
    joined = bytearray(b"".join(parts))
    for position, value in changes:
        joined[position % len(joined)] ^= value
    sizes, found, at = [len(part) for part in parts], [], 0
    for size in sizes:
        found.append(bytes(joined[at : at + size]))
        at += size
    if cut is not None:
        found[cut % 3] = found[cut % 3][: cut % (sizes[cut % 3] + 1)]
    return found


@settings(max_examples=250, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from(["Clean", "Sorry", "Attr"]),
    changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=8),
    cut=st.none() | st.integers(0, 1 << 20),
)
def test_damaged_files_never_crash(
    artifacts: Path, which: str, changes: list[tuple[int, int]], cut: int | None
) -> None:
    """Flipped bytes and truncation lead to `OleanError` or to another module, quickly, and to nothing else."""
    path = artifacts / "Fix" / f"{which}.olean"
    parts = [path.with_name(path.name + suffix).read_bytes() for suffix in ("", ".server", ".private")]
    try:
        region = Region(damage(parts, changes, cut), which)
        decoder = _Decoder(region, Terms())
        views = [Part(decoder, root) for root in (region.roots[0], region.roots[2])]
        decode_all(Module(region.headers[0], *views, sha256={}))
    except OleanError:
        pass


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_truncation_is_noticed(artifacts: Path, tmp_path: Path, cut: int) -> None:
    data = (artifacts / "Fix" / "Ax.olean").read_bytes()
    with pytest.raises(OleanError):
        load(tmp_path, data[: len(data) * cut // 60])


def test_names_are_shown_apart() -> None:
    shown = [name_component(text) for text in ("a.b", "a", "1", "", "а", "a\u202e", "a b", "»", "\\u{bb}", "λ")]
    assert len(set(shown)) == len(shown)
    assert all("\u202e" not in text and "а" not in text for text in shown)


def test_numerals_with_equal_hashes(tmp_path: Path) -> None:
    """Python's integer hash repeats every 2^61 - 1; a file of such numerals must not take quadratic time."""
    writer = Writer()
    term, step = writer.const("c"), 2**61 - 1
    for index in range(20_000):
        term = writer.expr(5, term, writer.literal(1 + (index << 20) * step))
    started = time.perf_counter()
    decode_all(load(tmp_path, writer.finish(_with_type(writer, term))))
    assert time.perf_counter() - started < 10


def test_digest_ignores_names_only() -> None:
    terms = Terms()
    nat, prop = terms.expr(ExprKind.CONST, ("Nat", ())), terms.expr(ExprKind.SORT, terms.level("zero"))
    bound = terms.expr(ExprKind.BVAR, 0)

    def binder(kind: ExprKind, name: str, *args: Expr) -> bytes:
        return digest(terms.expr(kind, name, args))

    assert binder(ExprKind.PI, "x", nat, bound) == binder(ExprKind.PI, "y", nat, bound)
    others = [
        binder(ExprKind.PI, "x", nat, bound),
        binder(ExprKind.LAM, "x", nat, bound),
        binder(ExprKind.PI, "x", prop, bound),
        binder(ExprKind.PI, "x", nat, prop),
        digest(nat),
        digest(terms.expr(ExprKind.CONST, ("Nat", (terms.level("zero"),)))),
        digest(terms.expr(ExprKind.STR, "Nat")),
        digest(terms.expr(ExprKind.NAT, 0)),
        digest(bound),
        digest(terms.expr(ExprKind.PROJ, ("Nat", 0), (nat,))),
    ]
    assert len(set(others)) == len(others)
    assert terms.expr(ExprKind.CONST, ("Nat", ())) is nat


def test_literals_refuse_other_instances() -> None:
    terms = Terms()

    def const(name: str) -> Expr:
        return terms.expr(ExprKind.CONST, (name, ()))

    def apply(function: Expr, *args: Expr) -> Expr:
        for arg in args:
            function = terms.expr(ExprKind.APP, None, (function, arg))
        return function

    five, six = terms.expr(ExprKind.NAT, 5), terms.expr(ExprKind.NAT, 6)
    literals = Literals({"five": five}.get)
    good = apply(const("OfNat.ofNat"), const("Nat"), five, apply(const("instOfNatNat"), five))
    assert literals.nat(good) == literals.nat(five) == literals.nat(const("five")) == 5
    for bad in (
        apply(const("OfNat.ofNat"), const("Nat"), five, apply(const("instOfNatNat"), six)),
        apply(const("OfNat.ofNat"), const("Nat"), five, apply(const("mine"), five)),
        apply(const("OfNat.ofNat"), const("Mine"), five, apply(const("instOfNatNat"), five)),
        apply(const("Nat.add"), five, six),
        const("six"),
        terms.expr(ExprKind.BVAR, 0),
    ):
        with pytest.raises(ReadbackError):
            literals.nat(bad)
    with pytest.raises(ReadbackError, match="not a closed term"):
        literals.items(terms.expr(ExprKind.LET, "y", (const("Nat"), terms.expr(ExprKind.BVAR, 0), five)))
    with pytest.raises(ReadbackError, match="too many"):
        Literals({"a": const("b"), "b": const("a")}.get).nat(const("a"))


def test_integers_are_literals_with_the_signs_of_the_library() -> None:
    terms = Terms()

    def const(name: str) -> Expr:
        return terms.expr(ExprKind.CONST, (name, ()))

    def apply(function: str, *args: Expr) -> Expr:
        term = const(function)
        for arg in args:
            term = terms.expr(ExprKind.APP, None, (term, arg))
        return term

    number = terms.expr(ExprKind.NAT, 5)
    five = apply("OfNat.ofNat", const("Int"), number, apply("instOfNat", number))
    minus = apply("Neg.neg", const("Int"), const("Int.instNegInt"), five)
    literals = Literals({"minus": minus}.get)
    assert [literals.integer(term) for term in (five, minus, const("minus"))] == [5, -5, -5]
    for bad in (
        number,
        apply("OfNat.ofNat", const("Nat"), number, apply("instOfNatNat", number)),
        apply("OfNat.ofNat", const("Int"), number, apply("instOfNat", terms.expr(ExprKind.NAT, 6))),
        apply("OfNat.ofNat", const("Int"), number, apply("mine", number)),
        apply("Neg.neg", const("Int"), const("mine"), five),
        apply("Neg.neg", const("Mine"), const("Int.instNegInt"), five),
        apply("Neg.neg", const("Int"), const("Int.instNegInt"), minus),
    ):
        with pytest.raises(ReadbackError, match="not an Int literal"):
            literals.integer(bad)
