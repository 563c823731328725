"""The export section is made smaller, checked by running a small module of the same form in Node."""

import hashlib
import json
import struct
import subprocess
from pathlib import Path

import pytest

from leanbound.errors import ToolchainError
from leanbound.lean.node import find_node
from leanbound.lean.wasm import slim_exports


def section(number: int, contents: bytes) -> bytes:
    assert len(contents) < 128
    return bytes((number, len(contents))) + contents


def text(name: str) -> bytes:
    return bytes((len(name),)) + name.encode()


def small_module() -> bytes:
    """Three functions that return 10, 11 and 12, of which the table holds the second, and data at addresses 77, 5."""
    tls = b"\x03" + bytes((len(text("local")) + 3,)) + b"\1" + text("local") + b"\x80\x02"
    exports = [
        *(text(name) + bytes((0, index)) for name, index in [("ten", 0), ("eleven", 1), ("twelve", 2), ("alias", 2)]),
        text("data") + b"\3\1",
        text("local") + b"\3\2",
        text("table") + b"\1\0",
    ]
    bodies = [bytes((4, 0, 0x41, value, 0x0B)) for value in (10, 11, 12)]
    return b"".join(
        [
            b"\0asm\1\0\0\0",
            section(0, text("dylink.0") + tls),
            section(1, b"\1\x60\0\1\x7f"),
            section(2, b"\1" + text("GOT.func") + text("far") + b"\3\x7f\1"),
            section(3, b"\3\0\0\0"),
            section(4, b"\1\x70\0\2"),
            section(6, b"\2\x7f\0\x41\xcd\0\x0b\x7f\0\x41\5\x0b"),
            section(7, bytes((len(exports),)) + b"".join(exports)),
            section(9, b"\1\0\x41\1\x0b\1\1"),
            section(10, b"\3" + b"".join(bodies)),
        ]
    )


def symbols(data: bytes) -> dict[tuple[int, int], int]:
    numbers = struct.unpack(f"<{len(data) // 4}I", data)
    size = len(numbers) // 3
    return {(numbers[i], numbers[size + i]): numbers[2 * size + i] for i in range(size)}


def lookup(data: bytes, name: str) -> int | None:
    return symbols(data).get(struct.unpack(">II", hashlib.sha256(name.encode()).digest()[:8]))


def test_every_symbol_keeps_an_address() -> None:
    slim = slim_exports(small_module(), {"ten", "table"})
    assert lookup(slim.symbols, "eleven") == 1
    assert lookup(slim.symbols, "ten") == 2
    assert lookup(slim.symbols, "twelve") == lookup(slim.symbols, "alias") == 3
    assert lookup(slim.symbols, "data") == 77
    assert lookup(slim.symbols, "absent") is None
    keys = list(symbols(slim.symbols))
    assert keys == sorted(keys)


def test_the_module_runs_as_before(tmp_path: Path) -> None:
    slim = slim_exports(small_module(), {"ten", "table"})
    (tmp_path / "slim.wasm").write_bytes(slim.module)
    script = """
      const module = new WebAssembly.Module(require("fs").readFileSync(process.argv[1]));
      const far = new WebAssembly.Global({value: "i32", mutable: true}, 0);
      const {ten, table, ...rest} = new WebAssembly.Instance(module, {"GOT.func": {far}}).exports;
      console.log(JSON.stringify([ten(), [1, 2, 3].map(i => table.get(i)()), table.length, Object.keys(rest)]))"""
    done = subprocess.run(
        [find_node().node, "-e", script, tmp_path / "slim.wasm"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [10, [11, 10, 12], 4, ["local"]]


def test_the_code_is_not_touched() -> None:
    slim = slim_exports(small_module(), {"ten"})
    code = section(10, b"\3" + b"".join(bytes((4, 0, 0x41, value, 0x0B)) for value in (10, 11, 12)))
    assert slim.module.endswith(code)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (b"\0asm\1", b"\0asm\2", "not a WebAssembly module"),
        (text("far"), text("ten"), "1 imports are resolved from its own exports"),
        (b"\1\x70\0\2", b"\1\x70\0\2\0", "ends too early|another form|missing|kind"),
        (b"\1\0\x41\1\x0b\1\1", b"\1\0\x41\0\x0b\1\1", "its element section has another form"),
        (b"\2\x7f\0\x41", b"\2\x7e\0\x42", "a global is not a 32-bit constant"),
        (text("dylink.0"), text("dylink.9"), "custom section is not the dynamic linker's"),
    ],
)
def test_a_module_of_another_form_is_refused(old: bytes, new: bytes, problem: str) -> None:
    assert small_module().count(old) == 1
    with pytest.raises(ToolchainError, match=problem):
        slim_exports(small_module().replace(old, new), {"ten"})
