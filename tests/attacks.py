"""Changes to a repository, as data: what an attacker, or a colleague, does to one whose claim is verified.

Each change is one table of `[[change]]` in a `case.toml`; `do` names it, see the functions below. Paths are relative to
the repository; `{lean}` is the folder of artifacts, `{claim}` that of the claim's.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file
from tests.corpus import ROOT
from tests.workspaces import CLAIM

from leanbound.claims.changes import quantised_models
from leanbound.claims.claim import load_claim
from leanbound.claims.lock import LOCK_FILE, LockedClaim, load_lock
from leanbound.claims.workspace import Workspace
from leanbound.lean.files import sha256_file

LEAN = "build/lean/embedded-4.28.0-pre"
NAMES = {"{lean}": LEAN, "{claim}": f"{LEAN}/Claims/MaxOf2V5BruteForce"}


def lock_like_this_repository(workspace: Path) -> None:
    """The committed lock, with the claims that are there: what `leanbound lock` would write, without Lean."""
    made = Workspace(workspace)
    loaded = [load_claim(made, name) for name in made.claim_names()]
    claims = {claim.name: LockedClaim.of(claim, quantised_models(made, claim)) for claim in loaded}
    lock = load_lock(Workspace(ROOT)).model_copy(update={"claims": claims})
    (workspace / LOCK_FILE).write_bytes(lock.to_bytes())


def apply(workspace: Path, change: Mapping[str, Any]) -> None:
    """One change."""
    arguments = {key: _path(workspace, key, value) for key, value in change.items() if key != "do"}
    DOES[change["do"]](workspace, **arguments)


def _path(workspace: Path, key: str, value: Any) -> Any:
    if key not in ("file", "source"):
        return value
    for name, path in NAMES.items():
        value = value.replace(name, path)
    return workspace / value


def _write(_: Path, file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def _append(_: Path, file: Path, text: str) -> None:
    file.write_bytes(file.read_bytes() + text.encode())


def _replace(_: Path, file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))


def _remove(_: Path, file: Path) -> None:
    shutil.rmtree(file) if file.is_dir() else file.unlink()


def _copy(_: Path, source: Path, file: Path) -> None:
    shutil.copyfile(source, file)


def _link(_: Path, file: Path, to: str) -> None:
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(to)


def _truncate(_: Path, file: Path, bytes: int) -> None:
    file.write_bytes(file.read_bytes()[:bytes])


def _flip(_: Path, file: Path, at: float) -> None:
    """Flip a bit: `at` is an offset, or a part of the length if it has a point."""
    content = bytearray(file.read_bytes())
    content[int(at * len(content)) if isinstance(at, float) else at] ^= 4
    file.write_bytes(bytes(content))


def _word(_: Path, file: Path, at: int, value: int) -> None:
    content = bytearray(file.read_bytes())
    content[at : at + 4] = value.to_bytes(4, "little")
    file.write_bytes(bytes(content))


def _json(_: Path, file: Path, path: list[Any], value: Any) -> None:
    """Set an entry of a JSON file, written as leanbound writes it."""
    data = json.loads(file.read_text())
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    file.write_text(json.dumps(data, indent=1, sort_keys=file.name == LOCK_FILE) + "\n")


def _drop(workspace: Path, file: Path, path: list[Any]) -> None:
    """Remove an item of a list in a JSON file, the last one."""
    data = json.loads(file.read_text())
    part = data
    for key in path[:-1]:
        part = part[key]
    assert path[-1] == len(part) - 1
    _json(workspace, file, path[:-1], part[:-1])


def _sign(workspace: Path, name: str, claim: str = CLAIM) -> None:
    """Put the digest that a file has now into the verdict."""
    verdict = workspace / "build" / "claims" / claim / "verdict.json"
    _json(workspace, verdict, ["files", name], sha256_file(workspace / name))


def _weights(workspace: Path, how: str, claim: bool = False, model: str = "max-of-2-v5") -> None:
    """Other weights; `claim`: with the digest of the claim and of the record brought up to date."""
    folder = workspace / "models" / model
    path = folder / "model.safetensors"
    weights = load_file(path)
    before = sha256_file(path)
    if how == "swapped":
        name = next(name for name in ("W_E", "W_A") if name in weights)
        weights[name][[0, 1]] = weights[name][[1, 0]]
    elif how == "permuted":
        weights["W_U"] = np.ascontiguousarray(weights["W_U"][:, ::-1])
    elif how == "rescaled":
        weights["W_Q"] = weights["W_Q"] * np.float32(2)
    elif how == "another":
        generator = np.random.default_rng(7)
        weights = {name: generator.normal(size=w.shape).astype(np.float32) for name, w in weights.items()}
    save_file(weights, path)
    if claim:
        for path in (*workspace.glob("proofs/*/claim.toml"), *folder.glob("training.json")):
            path.write_text(path.read_text().replace(before, sha256_file(folder / "model.safetensors")))


def _commit(workspace: Path) -> None:
    """Have git track everything, what it should ignore included."""
    for command in (["init", "-q"], ["add", "-f", "-A", "."]):
        subprocess.run(["git", *command], cwd=workspace, check=True, capture_output=True)


def _touch(workspace: Path, file: Path) -> None:
    for path in sorted(file.rglob("*")) if file.is_dir() else [file]:
        path.touch()


DOES: Mapping[str, Callable[..., None]] = {
    "write": _write,
    "append": _append,
    "replace": _replace,
    "remove": _remove,
    "copy": _copy,
    "link": _link,
    "truncate": _truncate,
    "flip": _flip,
    "word": _word,
    "json": _json,
    "drop": _drop,
    "sign": _sign,
    "lock": lock_like_this_repository,
    "weights": _weights,
    "commit": _commit,
    "touch": _touch,
}
