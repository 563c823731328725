"""Certificates on disk, so that a search is not repeated. Imports neither torch nor numpy.

A file here is as untrusted as the search itself. Its own digest lies beside it, so that damage leads to a new search
and not to a rejected proof.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from leanbound import strategies
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.files import write_file
from leanbound.lean.files import sha256_file
from leanbound.pipeline.freshness import tree_digest
from leanbound.strategies import AnyCertificate, Options, Strategy, certify, find_strategy

_NAME = "certificate.json"


def certificate_path(directory: Path) -> Path:
    """Where the certificate of a claim lies in its build directory."""
    return directory / _NAME


def cached_certificate(
    directory: Path,
    strategy: str,
    model: Any,
    claimed: Property,
    options: Options,
    progress: bool = False,
    other: Any = None,
) -> AnyCertificate:
    """The certificate made earlier by the same search from the same model, or a new one, kept in `directory`.

    `other` is the second model of a property that compares two.

    Raises InputError or UnsupportedError as `certify` does.
    """
    path, record = certificate_path(directory), directory / f"{_NAME}.made-from"
    key = _key(strategy, model, claimed, options, other)
    if (found := _stored(path, record, key, find_strategy(strategy))) is not None:
        return found
    certificate = certify(strategy, model, claimed, progress, other, **options)
    content = certificate.to_bytes()
    record.unlink(missing_ok=True)
    write_file(path, content)
    write_file(record, f"{key}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return certificate


def _key(strategy: str, model: Any, claimed: Property, options: Options, other: Any) -> str:
    """SHA-256 over all that a search depends on."""
    package = Path(strategies.__file__).parent
    code = tree_digest(package, sorted(package.rglob("*.py")))
    digests = [model.digest] if other is None else [model.digest, other.digest]
    parts = [strategy, digests, claimed.with_bound(1).model_dump(mode="json"), dict(options), code]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _stored(path: Path, record: Path, key: str, strategy: Strategy) -> AnyCertificate | None:
    try:
        if record.read_text().split() != [key, sha256_file(path)]:
            return None
        return strategy.load(path)
    except (OSError, UnicodeDecodeError, InputError):
        return None
