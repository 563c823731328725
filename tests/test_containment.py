"""Files that are made to exhaust or mislead whoever reads them: each ends in one message, soon."""

import io
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from tests.corpus import MODELS, certify, quantised
from tests.workspaces import CLAIM, make_workspace

from leanbound.claims.claim import load_claim, parse_claim
from leanbound.claims.properties import max_of_k
from leanbound.claims.workspace import Workspace
from leanbound.cli import main
from leanbound.errors import InputError
from leanbound.families.attention_only.transformer_lens import load_transformer_lens
from leanbound.families.checkpoint import load_checkpoint
from leanbound.files import read_bytes
from leanbound.lean.modules import module_graph
from leanbound.rendering.forked import ForkLimits, collect
from leanbound.rendering.render import render_claim
from leanbound.rendering.templating import TemplateError
from leanbound.strategies.certificate import Certificate

TIGHT = ForkLimits(cpu_seconds=1, memory=256 << 20, output=4 << 20)
LOOPS = "{% for a in range(9999) %}" * 4 + "{% endfor %}" * 4


# Templates


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    (tmp_path / "templates" / "statements").mkdir(parents=True)
    return tmp_path / "templates"


def render(templates: Path) -> str:
    """What is said of the statement's template."""
    model = quantised()
    with pytest.raises(TemplateError) as caught:
        render_claim("a", model, max_of_k(1), certify("cubic", model), templates, TIGHT)
    assert str(templates / "statements" / "accuracy.lean.j2") in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\n{{ "a" * 10**10 }}', ":2: it needs too much memory"),
        ("{{ 10**(10**10) }}", "rendering was stopped after 1 s of CPU time. Make the template do less."),
        (LOOPS, "rendering was stopped after 1 s of CPU time"),
        ('{{ "a" * 10**7 }}', "rendering was stopped at 4 MiB of output"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "maximum recursion depth"),
        ('{% include "statements/accuracy.lean.j2" %}', "maximum recursion depth"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "accuracy.lean.j2:"),
        ("{{ integer('a') }}", ":1: "),
        ("{{ range(10**9) | list }}", ":1: Range too big"),
        ("a" * (1 << 20) + "a", "has more than 1,048,576 bytes"),
    ],
    ids=["memory", "power", "loops", "output", "macro", "include", "brackets", "wrong-call", "range", "long"],
)
def test_template_bombs(templates: Path, text: str, said: str) -> None:
    (templates / "statements" / "accuracy.lean.j2").write_text(text)
    started = time.monotonic()
    assert said in render(templates)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: os.mkfifo(path), "expected a regular file"),
        (lambda path: path.mkdir(), "expected a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "leads out of"),
        (lambda path: path.symlink_to("/etc/hostname"), "leads out of"),
    ],
    ids=["pipe", "folder", "device", "link"],
)
def test_templates_that_are_no_files(templates: Path, make: Callable[[Path], None], said: str) -> None:
    make(templates / "statements" / "accuracy.lean.j2")
    assert said in render(templates)


def test_a_child_that_dies_or_hangs_is_told() -> None:
    assert collect(lambda: [1, {"a": "ü"}], ForkLimits()) == ([1, {"a": "ü"}], "")
    assert collect(lambda: (os.kill(os.getpid(), 15) for _ in "a"), ForkLimits()) == ([], "by signal 15")
    assert collect(lambda: (1 // 0 for _ in "a"), ForkLimits()) == ([], "by an error in leanbound")
    assert collect(lambda: (time.sleep(60) for _ in "a"), ForkLimits(seconds=0.2)) == ([], "after 0.2 s")
    assert collect(lambda: (bytearray(1 << 30) for _ in "a"), TIGHT) == ([], "at 256 MiB of memory")


# Claims


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 20_000, "brackets are nested too deeply"),
        ("a" + ".a" * 30_000 + " = 1", "line 1 has more than 100 dots"),
        ("a = " + "9" * 5000, "Exceeds the limit (4300 digits)"),
        (
            "schema_version = 1\n[property]\nat_least = 0x" + "f" * 5000,
            "[property] at_least is an integer of 20000 bits",
        ),
        ("a = [[1, 0x" + "f" * 5000 + "]]", "a is an integer of 20000 bits"),
    ],
    ids=["nesting", "dots", "digits", "hexadecimal", "in-a-list"],
)
def test_claim_bombs(text: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        parse_claim(text.encode(), "claim.toml")
    assert caught.value.message.startswith("claim.toml: ")
    assert said in caught.value.message
    assert time.monotonic() - started < 5


def test_claims_that_are_too_long_or_elsewhere(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "repository")
    path = root / "proofs" / CLAIM / "claim.toml"
    path.rename(tmp_path / "claim.toml")
    path.symlink_to(tmp_path / "claim.toml")
    with pytest.raises(InputError, match="leads out of the repository"):
        load_claim(Workspace(root), CLAIM)
    path.unlink()
    path.write_text("#" * ((64 << 10) + 1))
    with pytest.raises(InputError, match="more than 65,536 bytes"):
        load_claim(Workspace(root), CLAIM)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="no such claim"):
        load_claim(Workspace(root), CLAIM)


# Models


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of a shipped checkpoint, to be spoilt."""
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (MODELS / "max-of-2-v5").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", b" " * (1 << 20) + b"{}", "more than 1,048,576 bytes"),
        ("config.json", b"[" * 100_000, "recursion limit exceeded"),
        ("config.json", b'{"d_vocab": ' + b"9" * 4000 + b', "n_ctx": 2, "d_model": 2, "d_head": 2}', "d_vocab is 999"),
        ("config.json", b'{"d_vocab": ' + b"9" * 5000 + b"}", "number out of range"),
        ("config.json", b'{"d_vocab": 2, "n_ctx": 5000, "d_model": 2, "d_head": 2}', "2 ** 5000 inputs"),
        ("training.json", b" " * (1 << 20) + b"{}", "more than 1,048,576 bytes"),
        ("model.safetensors", b"\xff" * 8 + b"{}", "not a whole safetensors file"),
        ("model.safetensors", (1 << 40).to_bytes(8, "little") + b"{}" * 99, "not a whole safetensors file"),
        ("model.safetensors", (50_000).to_bytes(8, "little") + b'{"a":' * 10_000, "not a whole safetensors file"),
        ("model.safetensors", b" " * (2 << 20), "the most that such a file may have"),
    ],
    ids=["long", "nesting", "digits", "more-digits", "inputs", "record", "header", "large-header", "nested", "weights"],
)
def test_model_bombs(model: Path, name: str, content: bytes, said: str) -> None:
    (model / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_checkpoint(model)
    assert said in caught.value.message
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "training.json"])
def test_parts_of_a_model_that_are_pipes(model: Path, name: str) -> None:
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(InputError, match="expected a regular file"):
        load_checkpoint(model)


def test_a_state_dict_that_unpacks_to_more_than_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanbound.families.attention_only.transformer_lens.MEMORY_LIMIT", 1 << 20)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2 << 20))
    (tmp_path / "packed.pt").write_bytes(packed.getvalue())
    torch.save({"embed.W_E": torch.zeros(1).expand(1000, 1000)}, tmp_path / "expanded.pt")
    (tmp_path / "long.safetensors").write_bytes(save({"a": np.zeros(1 << 19, dtype=np.float32)}))
    for name, said in [("packed.pt", "need 2,097,152 bytes"), ("expanded.pt", "need 4,000,000 bytes")]:
        with pytest.raises(InputError, match=said):
            load_transformer_lens(tmp_path / name)
    with pytest.raises(InputError, match="the most that such a file may have"):
        load_transformer_lens(tmp_path / "long.safetensors")


# Other files


def test_devices_are_not_read() -> None:
    for path in ("/dev/zero", "/dev/stdin", "/"):
        with pytest.raises(InputError, match="expected a regular file"):
            read_bytes(Path(path))


def test_certificates_nested_or_endless(tmp_path: Path) -> None:
    (tmp_path / "certificate.json").write_text('{"queries":' * 100_000)
    with pytest.raises(InputError, match="recursion limit exceeded"):
        Certificate.load(tmp_path / "certificate.json")
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="expected a regular file"):
        Certificate.load(tmp_path / "endless.json")


def test_a_lean_source_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "lean").mkdir()
    (tmp_path / "Other.lean").write_text("module\n")
    (tmp_path / "lean" / "Other.lean").symlink_to(tmp_path / "Other.lean")
    with pytest.raises(InputError, match=r"module Other: .* leads out of"):
        module_graph(["Other"], [tmp_path / "lean"], lambda _: True)


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("templates/proofs/cubic/More.lean.j2", os.mkfifo),
        ("templates/proofs/cubic/More.lean.j2", lambda path: path.symlink_to("/dev/zero")),
        ("templates/proofs/cubic/More.lean.j2", lambda path: path.symlink_to("/etc/hostname")),
        ("models/max-of-2-v5/more.txt", lambda path: path.symlink_to("/etc/hostname")),
    ],
    ids=["pipe", "device", "template", "model"],
)
def test_a_run_over_such_files(
    path: str,
    make: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = make_workspace(tmp_path / "repository")
    make(root / path)
    monkeypatch.chdir(root)
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["verify"]) == 2
    said = capsys.readouterr().out
    assert str(root / path) in said and ("leads out of" in said or "expected a regular file" in said)
