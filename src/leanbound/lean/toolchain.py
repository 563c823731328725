"""What a Lean toolchain is to the rest of leanbound, and the choice between the two providers."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from leanbound.errors import InputError, ToolchainError
from leanbound.lean.process import Command

ENV_CHOICE = "LEANBOUND_TOOLCHAIN"


class Preference(StrEnum):
    """Which provider to use; `auto` is native where a supported one is found, else embedded."""

    AUTO = "auto"
    NATIVE = "native"
    EMBEDDED = "embedded"

    @staticmethod
    def parse(text: str) -> "Preference":
        """Raises InputError for an unknown name."""
        try:
            return Preference(text)
        except ValueError:
            names = ", ".join(item.value for item in Preference)
            raise InputError(f"unknown Lean toolchain {text!r}; expected one of {names}") from None


@dataclass(frozen=True)
class ToolchainInfo:
    """What identifies a toolchain in a verdict."""

    kind: str
    version: str
    commit: str
    digest: str
    """SHA-256 in hexadecimal: of all files (embedded), of the `lean` executable (native)."""

    @property
    def identity(self) -> str:
        """One line that differs whenever the toolchain does; part of every artifact's key."""
        return f"{self.kind} lean {self.version} commit {self.commit} digest {self.digest}"

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


class Toolchain(ABC):
    """A Lean that can check modules."""

    def __init__(self, info: ToolchainInfo, library: Path) -> None:
        self.info = info
        self.library = library
        """Directory of `Init.olean` and the rest of the core library."""

    @property
    def kind(self) -> str:
        return self.info.kind

    @property
    def version(self) -> str:
        return self.info.version

    @property
    def identity(self) -> str:
        return self.info.identity

    def has_module(self, module: str) -> bool:
        """Whether the core library holds the module."""
        return self.library.joinpath(*module.split(".")).with_suffix(".olean").is_file()

    @abstractmethod
    def command(self, root: Path, folder: Path, search_path: Sequence[Path]) -> Command:
        """How to start Lean on files below `root`.

        Args:
            root: the source root; the path of a file relative to it is the module's name.
            folder: it exists, and is the only one that Lean may write.
            search_path: directories of the artifacts that files import, besides the core library.

        Returns:
            The command, to be followed by what `arguments` gives; of a toolchain that serves, the command that is told
            so on standard input.
        """

    def arguments(self, source: Path, root: Path, olean: Path, options: Sequence[str] = ()) -> tuple[str, ...]:
        """What to tell Lean to have it elaborate and check one file.

        Lean prints one JSON object a diagnostic on standard output, among other lines.

        Args:
            source: the file, below `root`.
            olean: where the artifact goes; its directory exists, below the folder that Lean may write.
            options: more arguments, as `-Dname=value`.
        """
        return ("--json", *options, "-o", str(olean.resolve()), str(source.resolve().relative_to(root.resolve())))

    @property
    def serves(self) -> bool:
        """Whether one process can check several files, one after the other; see `session.py` for how it is told."""
        return False

    def replay(self, modules: Sequence[str], directory: Path) -> str | None:
        """Check every declaration of compiled modules again, by a tool of the toolchain's own.

        Args:
            modules: names of modules.
            directory: where their artifacts lie, all that they import of ours included.

        Returns:
            What it says against them, empty if nothing; None where the toolchain has no such tool.
        """
        return None


@dataclass(frozen=True)
class Finding:
    """What the search for one provider came to."""

    kind: str
    usable: bool
    summary: str
    remedy: str = ""


def preference_from_env(flag: str | None = None) -> Preference:
    """The choice by flag, else by the environment variable, else `auto`."""
    return Preference.parse(flag or os.environ.get(ENV_CHOICE) or Preference.AUTO.value)


def select_toolchain(preference: Preference | None = None, *, install: bool = True) -> Toolchain:
    """The toolchain to use.

    Args:
        preference: which provider; None asks the environment.
        install: whether the embedded toolchain may be downloaded now if it is not there.

    Raises:
        ToolchainError: when no toolchain of the wanted kind is usable; says why for each, and what to do.
    """
    from leanbound.lean.embedded import load_embedded
    from leanbound.lean.native import load_native

    chosen = preference if preference is not None else preference_from_env()
    if chosen is Preference.NATIVE:
        return load_native()
    if chosen is Preference.EMBEDDED:
        return load_embedded(install=install)
    try:
        return load_native()
    except ToolchainError as no_native:
        try:
            return load_embedded(install=install)
        except ToolchainError as no_embedded:
            raise ToolchainError(
                f"no usable Lean.\n  native: {no_native.message}\n  embedded: {no_embedded.message}"
            ) from no_embedded


def examine_toolchains() -> list[Finding]:
    """What is there of each provider; installs nothing. Native first, which is the order of preference."""
    from leanbound.lean.embedded import examine_embedded
    from leanbound.lean.native import examine_native

    return [examine_native(), examine_embedded()]


def explain_choice(preference: Preference | None = None) -> str:
    """One sentence: which provider will be used, and why."""
    chosen = preference if preference is not None else preference_from_env()
    if chosen is not Preference.AUTO:
        return f"{chosen.value}, as asked for by --toolchain or {ENV_CHOICE}"
    native, embedded = examine_toolchains()
    if native.usable:
        return "native, since a supported Lean was found"
    if embedded.usable:
        return "embedded, since no usable native Lean was found"
    return "none is usable; see what to do above"
