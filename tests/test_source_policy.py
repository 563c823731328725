"""What a Lean source may not contain: every way known to keep the kernel out, and nothing that proofs need."""

from pathlib import Path

import pytest
from tests.corpus import ROOT

from leanbound.audit.source_policy import FORBIDDEN_WORDS, faults_of, require_plain
from leanbound.errors import RejectedError
from leanbound.lean.modules import Module, parse_imports

LIBRARY = sorted((ROOT / "lean").rglob("*.lean"))


def module(text: str) -> Module:
    return Module("Claims.A.Proof", Path("Proof.lean"), Path(), text.encode(), parse_imports(text))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_the_library_is_plain(path: Path) -> None:
    text = path.read_text()
    assert faults_of(Module(path.stem, path, ROOT, text.encode(), parse_imports(text))) == []


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
def test_words(word: str) -> None:
    assert faults_of(module(f"module\ntheorem a : b := by\n  {word} c")) == [f"3: `{word}` is not allowed"]
    assert faults_of(module(f"theorem x{word} : {word}x := {word}' -- my{word}")) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("set_option debug.skipKernelTC true in", "1: the option debug.skipKernelTC is not allowed"),
        ("set_option «debug».«skipKernelTC» true", "1: the option «debug».«skipKernelTC» is not allowed"),
        ("set_option\n  debug.byAsSorry true", "1: the option debug.byAsSorry is not allowed"),
        ("set_option/- -/debug.skipKernelTC true", "1: the option /- is not allowed"),
        ("def a := 1\n#eval a", "2: the command `#eval` is not allowed"),
        ("@[init f] def a := 1", "1: the attribute `init f` is not allowed"),
        ("attribute [local instance, command_elab x] a", "1: the attribute `command_elab x` is not allowed"),
        ("@[simp, implemented_by b] def a := 1", "1: the attribute `implemented_by b` is not allowed"),
        ("@[expose", "1: the attribute without an end is not allowed"),
        ("module\nimport Lean\ndef a := 1", "1: the import of Lean is not allowed"),
        ("module\npublic import Std.Tactic\n", "1: the import of Std.Tactic is not allowed"),
        ("/- macro -/", "1: `macro` is not allowed"),
    ],
)
def test_other_ways(text: str, fault: str) -> None:
    assert fault in faults_of(module(text))


def test_what_proofs_need() -> None:
    text = (
        "module\npublic import LeanBound.Strategies.Cubic.Soundness\npublic import Init.Grind\n"
        "@[expose] public section\nset_option maxRecDepth 10000 in\nattribute [local instance] Semiring.natCast\n"
        "@[simp, reducible] def a := #[1, 2]\ntheorem b : a = a := by decide +kernel\n"
    )
    assert faults_of(module(text)) == []


def test_all_is_said_at_once() -> None:
    with pytest.raises(RejectedError) as caught:
        require_plain([module("axiom a : False\n" * 12)])
    assert "Proof.lean, line 1: `axiom` is not allowed" in caught.value.message
    assert caught.value.message.endswith("and 2 more")
