"""Verdicts: what became of a claim, with the digests of all that it rests on. Imports neither torch nor numpy."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from leanbound.errors import ExitCode
from leanbound.files import read_json, write_file
from leanbound.lean.startup import StartUp


class Outcome(StrEnum):
    """What became of a claim."""

    VERIFIED = "verified"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"
    UNSUPPORTED = "unsupported"
    TOOLCHAIN_FAILURE = "toolchain-failure"
    INVALID = "invalid"
    """The claim, or a file that it names, is malformed."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that ends in this."""
        return EXIT_CODES[self]


EXIT_CODES: Final = {
    Outcome.VERIFIED: ExitCode.OK,
    Outcome.REJECTED: ExitCode.REJECTED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Outcome.UNSUPPORTED: ExitCode.UNSUPPORTED,
    Outcome.TOOLCHAIN_FAILURE: ExitCode.TOOLCHAIN,
    Outcome.INVALID: ExitCode.USAGE,
}
_WORST_FIRST: Final = (
    ExitCode.REJECTED,
    ExitCode.USAGE,
    ExitCode.TOOLCHAIN,
    ExitCode.UNSUPPORTED,
    ExitCode.INCONCLUSIVE,
    ExitCode.OK,
)


def outcome_of(code: ExitCode) -> Outcome:
    """The outcome of a claim on which a step failed with an error of this code."""
    return next((outcome for outcome, own in EXIT_CODES.items() if own is code), Outcome.INVALID)


def worst(outcomes: Iterable[Outcome]) -> ExitCode:
    """One exit code for many claims: a rejected one weighs most, then bad input, Lean, unsupported, inconclusive."""
    codes = {outcome.exit_code for outcome in outcomes}
    return next((code for code in _WORST_FIRST if code in codes), ExitCode.OK)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Part):
    """The accuracy of the float model, as PyTorch measured it; no part of what is proved."""

    correct: int
    inputs: int
    exhaustive: bool = Field(description="whether those are all V ** K inputs, or a uniform sample")


class ToolchainRecord(_Part):
    """The Lean that checked the proof."""

    kind: str
    version: str
    commit: str
    digest: str
    identity: str = Field(description="what a later run compares")


class Statement(_Part):
    """The claim as the artifact has it, not as it was asked for."""

    theorem: str
    claim: str = Field(description="the constant that is the theorem's type")
    unfolded: str = Field(description="what that constant is defined as")
    model: str
    other: str = Field(default="", description="the constant of the second model, where two are compared")
    target: str
    count: int = Field(
        description="inputs on which the property is proved, at least: of accuracy, right ones of V ** K"
    )
    statement_digest: str
    meaning_digest: str = Field(description="of the statement and every own definition that it unfolds to")


class OtherModel(_Part):
    """The model that the first one is compared with."""

    model: str = Field(description="path of the checkpoint")
    model_digest: str = Field(description="SHA-256 of the weights that the claim names")
    quantisation: str
    quantised_digest: str | None = None


class Costs(_Part):
    """What the check took. CPU seconds are user and system time of Lean's processes."""

    check_cpu_seconds: float = Field(description="all modules of the claim")
    startup: StartUp | None = Field(description="a module of one line, by the same Lean in the same run")
    modules: int = Field(description="modules of the claim")
    beyond_startup_cpu_seconds: float | None = Field(description="check_cpu_seconds less the start-ups")
    library_cpu_seconds: float = Field(description="the modules of the library, shared by all claims")
    max_rss_bytes: int = Field(description="largest memory of any of these processes")
    kernel_steps: int = Field(
        description="definitions unfolded and recursors applied by the kernel on the claim's modules"
    )
    certificate_bytes: int
    wall_seconds: float = Field(description="the whole run that made this verdict, other claims included")


class Verdict(_Part):
    """The verdict on one claim."""

    schema_version: Literal[1] = 1
    claim: str
    outcome: Outcome
    reasons: tuple[str, ...] = Field(default=(), description="why it is not verified; empty if it is")
    property: str = Field(default="accuracy", description="what is claimed, in words")
    at_least: int = Field(description="inputs that the claim asks for, or their weight")
    inputs: int | None = Field(default=None, description="of how many: V ** K, where all are meant")
    task: str
    strategy: str
    model: str = Field(description="path of the checkpoint")
    model_digest: str = Field(description="SHA-256 of the weights that the claim names")
    quantisation: str
    quantised_digest: str | None = None
    other: OtherModel | None = None
    certificate_digest: str | None = None
    certificate_proves: int | None = Field(default=None, description="untrusted: inputs that the certificate counts")
    proved: int | None = Field(default=None, description="inputs of which the artifact proves it; only if verified")
    statement: Statement | None = None
    axioms: tuple[str, ...] | None = None
    library_assumption: str | None = None
    measured: Measured | None = None
    toolchain: ToolchainRecord | None = None
    containment: str | None = Field(default=None, description="of Lean in the run that made this; None if none ran")
    costs: Costs | None = None
    artifact: str | None = Field(default=None, description="the .olean of the theorem")
    templates: dict[str, str] = Field(default_factory=dict, description="template -> SHA-256")
    files: dict[str, str] = Field(
        default_factory=dict, description="everything that this rests on: path -> SHA-256, relative to the repository"
    )
    code_digest: str = Field(description="SHA-256 over leanbound's own Python sources")

    def to_bytes(self) -> bytes:
        """The JSON of the verdict."""
        return (json.dumps(self.model_dump(mode="json"), indent=1) + "\n").encode()

    def save(self, path: Path) -> None:
        """Write the verdict whole or not at all. Raises InputError when it cannot be written."""
        write_file(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a verdict. Raises InputError that names every field at fault."""
        return read_json(path, cls)
