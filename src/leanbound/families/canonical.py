"""Records with one byte form: equal records give equal bytes, and so equal digests. Imports no numpy."""

import hashlib
import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel

from leanbound.files import LARGE_LIMIT, read_json, write_file


class Canonical(BaseModel):
    """A record that is written to a file of its own."""

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal records give equal bytes."""
        return (json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")) + "\n").encode()

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Length of `to_bytes`."""
        return len(self.to_bytes())

    def save(self, path: Path) -> None:
        """Write the record whole or not at all. Raises InputError when it cannot be written."""
        write_file(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a record. Raises InputError that names every field at fault."""
        return read_json(path, cls, LARGE_LIMIT)
