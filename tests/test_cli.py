"""The command line: help, exit codes, one message for an error, JSON, and commands that need no Lean."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.corpus import MODELS
from tests.workspaces import CLAIM, make_workspace

from leanbound import cli
from leanbound.claims.verdict import Costs, Outcome, Verdict
from leanbound.cli import main
from leanbound.cli.models import parse_bits
from leanbound.errors import InputError, ToolchainError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.checkpoint import load_checkpoint
from leanbound.lean import install
from leanbound.lean.startup import StartUp
from leanbound.pipeline.run import ClaimResult
from leanbound.report.table import part, render_table
from leanbound.strategies.certificate import Certificate

COMMANDS = ("train", "quantize", "certify", "render", "check", "verify", "status", "gate", "lock", "audit", "toolchain")
COMMANDS += ("doctor",)
SMALL = str(MODELS / "max-of-2-v5")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory is a repository of one claim, and no Lean can be reached."""
    directory = make_workspace(tmp_path / "repository")
    monkeypatch.chdir(directory)
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("ELAN_HOME", "/nonexistent")
    return directory


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  leanbound {command}" in capsys.readouterr().out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {command}" in said for command in COMMANDS)


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["verify", "--js"], ["verify", "--jobs", "0"], ["certify", "x"]])
def test_usage_errors(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_from_model_to_lean_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, certificate, sources = tmp_path / "q.json", tmp_path / "c.json", tmp_path / "lean"
    assert main(["quantize", SMALL, "--bits", "8", "--out", str(model)]) == 0
    assert "accuracy after: 24 of 25 = 0.9600" in capsys.readouterr().out
    assert main(["certify", str(model), "--strategy", "exhaustive", "--out", str(certificate)]) == 0
    assert "proves 24 of 25" in capsys.readouterr().out
    assert Certificate.load(certificate).model_digest == QuantisedModel.load(model).digest
    argv = ["render", str(model), "--certificate", str(certificate), "--name", "my-claim", "--out", str(sources)]
    assert main(argv) == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert files and all(file.is_file() for file in files)
    assert (
        "model.classifier.AccuracyAtLeast maxToken 24"
        in (sources / "Claims" / "MyClaim" / "Statement.lean").read_text()
    )
    assert main([*argv, "--at-least", "26"]) == 2


@pytest.mark.parametrize("bits", ["exact", "auto", "W_E=8,W_pos=8,W_Q=6,W_K=6,W_V=8,W_O=8,W_U=8"])
def test_quantize_says_what_changed(tmp_path: Path, bits: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quantize", SMALL, "--bits", bits, "--out", str(tmp_path / "q.json"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["before"]["correct"] == 24 and len(report["tensors"]) == 12
    assert report["digest"] == QuantisedModel.load(tmp_path / "q.json").digest


@pytest.mark.parametrize("text", ["", "eight", "1.5", "W_E", "W_E=8,W_E=9", "W_E=8;W_Q=8", "9" * 20])
def test_bits_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--bits is"):
        parse_bits(text)


def test_tolerance_is_for_auto_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["quantize", SMALL, "--bits", "8", "--tolerance", "0.1", "--out", str(tmp_path / "q.json")]
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("leanbound: --tolerance is only for")


def test_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["train", "max-of-k", "-V", "3", "-K", "2", "--d-model", "4", "--steps", "3", "--batch-size", "8"]
    assert main([*argv, "--out", str(tmp_path / "model")]) == 0
    checkpoint = load_checkpoint(tmp_path / "model")
    assert checkpoint.digest in capsys.readouterr().out
    assert main([*argv, "--out", str(tmp_path / "model")]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["-V", "1"], "d_vocab is 1"),
        (["-V", "1000000"], "would need"),
        (["--seed", "-1"], "seed is -1"),
        (["--steps", "0"], "steps is 0"),
        (["--learning-rate", "nan"], "learning_rate is nan"),
    ],
)
def test_training_that_is_refused(
    tmp_path: Path, change: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    assert main(["train", "max-of-k", "-V", "3", "-K", "2", *change, "--out", str(out)]) == 2
    assert reason in capsys.readouterr().err
    assert not out.exists()


def test_verify_without_lean(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--json"]) == 5
    (verdict,) = json.loads(capsys.readouterr().out)
    assert (verdict["claim"], verdict["outcome"]) == (CLAIM, "toolchain-failure")
    assert main(["status"]) == 0
    assert "toolchain-failure" in capsys.readouterr().out


def test_status(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def status() -> dict[str, str]:
        assert main(["status", "--json"]) == 0
        (line,) = json.loads(capsys.readouterr().out)
        assert line["claim"] == CLAIM
        return dict(line)

    assert status()["status"] == "never"
    path = workspace / "proofs" / CLAIM / "claim.toml"
    path.write_text(path.read_text().replace("at_least = 24", "at_least = 25"))
    assert main(["verify"]) == 3
    capsys.readouterr()
    assert status()["status"] == "inconclusive"
    path.write_text(path.read_text() + "\n")
    assert status()["status"] == "stale"


def test_verify_nothing(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "proofs" / CLAIM / "claim.toml").unlink()
    assert main(["verify"]) == 2
    assert "no claims there" in capsys.readouterr().err


def test_check_needs_a_certificate(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", CLAIM]) == 2
    assert "there is no such certificate" in capsys.readouterr().err


def test_doctor_and_toolchain(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 5
    said = capsys.readouterr().out
    assert "native Lean: no `lean` on PATH" in said and "used: native, as asked for" in said
    assert main(["toolchain", "path"]) == 5
    assert main(["toolchain", "install"]) == 5
    assert main(["doctor", "--toolchain", "nonsense"]) == 2


def test_removing_a_toolchain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEANBOUND_CACHE", str(tmp_path))
    assert main(["toolchain", "remove"]) == 0
    install.install_dir().mkdir()
    assert main(["toolchain", "remove"]) == 0
    assert not install.install_dir().exists()
    assert main(["toolchain", "verify"]) == 5
    assert "is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ToolchainError("no Lean"), 5, "leanbound: no Lean\n"),
        (KeyboardInterrupt(), 130, "leanbound: interrupted\n"),
        (SystemExit(143), 143, "leanbound: stopped by a signal\n"),
        (OSError(errno.ENOSPC, "x", "/f"), 2, "leanbound: /f: the disk is full. Free some space and run this again.\n"),
        (PermissionError(errno.EROFS, "x", "/f"), 2, "leanbound: /f: cannot be written. Make it writable, or "),
        (MemoryError(), 2, "leanbound: out of memory"),
    ],
)
def test_errors_become_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    def fail(_: Any) -> int:
        raise error

    class Parser:
        def parse_args(self, _: Any) -> Any:
            return type("Arguments", (), {"run": staticmethod(fail)})()

    monkeypatch.setattr(cli, "build_parser", Parser)
    assert main([]) == code
    assert capsys.readouterr().err.startswith(said)


def test_a_closed_pipe_is_quiet(workspace: Path) -> None:
    command = (
        f"{sys.executable} -m leanbound --help | true; {sys.executable} -m leanbound status --root {workspace} | true"
    )
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, env=environment, timeout=60)
    assert done.stderr == ""


def test_a_bound_is_never_shown_too_high() -> None:
    assert part(16_776_756, 16_777_216) == "16,776,756 of 16,777,216 = 0.9999725"
    assert part(99_999_999, 100_000_000) == "99,999,999 of 100,000,000 = 0.99999999"
    assert part(29_999, 30_000) == "29,999 of 30,000 = 0.9999"
    assert part(25, 25) == "25 of 25 = 1.0000"
    assert (part(None, 25), part(24, None)) == ("-", "24")


def verdict(**changes: Any) -> Verdict:
    fields: dict[str, Any] = {
        "claim": "a",
        "outcome": Outcome.VERIFIED,
        "at_least": 24,
        "inputs": 25,
        "proved": 24,
        "task": "max-of-2",
        "strategy": "cubic",
        "model": "models/m",
        "model_digest": "ab" * 32,
        "quantisation": "fixed, bits 8",
        "axioms": (),
        "artifact": "build/a.olean",
        "costs": Costs(
            check_cpu_seconds=9,
            startup=StartUp(first=1, next=1),
            modules=2,
            beyond_startup_cpu_seconds=7,
            library_cpu_seconds=1,
            max_rss_bytes=1,
            kernel_steps=12345,
            certificate_bytes=1500,
            wall_seconds=3,
        ),
        "code_digest": "0",
    }
    return Verdict(**{**fields, **changes})


def test_the_table(tmp_path: Path) -> None:
    results = [ClaimResult("a", verdict(), reused=True), ClaimResult("b", error=InputError("b is not TOML"))]
    text = render_table(results, tmp_path)
    lines = text.splitlines()
    for heading in ("claim", "model", "property", "proved bound", "bound claimed", "measured", "strategy", "axioms"):
        assert heading in lines[0]
    row = lines[2]
    for cell in ("verified (unchanged)", "m abababababab", "24 of 25 = 0.9600", "7.0 s", "1.5 kB", "12,345", "none"):
        assert cell in row
    assert row.endswith(str(tmp_path / "build/a.olean"))
    assert lines[3].split()[:2] == ["b", "invalid"]
    assert "b: invalid:\n  b is not TOML" in text
    assert "exact real arithmetic" in text and "theorems of the toolchain's library" in text
    narrow = render_table(results, tmp_path, width=80)
    assert "proved bound        24 of 25 = 0.9600" in narrow
