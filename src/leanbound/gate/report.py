"""What the gate found, as one model from which every form of output is made.

Strings that come from the repository are escaped when they are put in, so that no form of output needs to do it.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, computed_field

from leanbound.claims.verdict import Outcome, outcome_of, worst
from leanbound.errors import ExitCode, LeanboundError
from leanbound.gate.escape import escape, in_ascii, one_line
from leanbound.gate.numbers import MAX_LENGTH, Bound


class Kind(StrEnum):
    """The kinds of reasons for which the gate rejects."""

    CLAIM_FOLDER = "claim-folder"
    CLAIM_FILE = "claim-file"
    NO_VERDICT = "no-verdict"
    NOT_VERIFIED = "not-verified"
    STALE = "stale"
    ARTIFACT = "artifact"
    VERDICT_DIFFERS = "verdict-differs"
    LOCK = "lock"
    GENERATED_FILE = "generated-file"
    TOOLCHAIN = "toolchain"
    REPOSITORY = "repository"
    MARKER_SYNTAX = "marker-syntax"
    MARKER_CLAIM = "marker-claim"
    MARKER_NUMBER = "marker-number"

    @property
    def summary(self) -> str:
        """What it means, in a sentence."""
        return SUMMARIES[self]


SUMMARIES: Final = {
    Kind.CLAIM_FOLDER: "A folder of proofs/ is not a claim.",
    Kind.CLAIM_FILE: "A claim file cannot be read.",
    Kind.NO_VERDICT: "A claim has no verdict that can be read: it was never verified here.",
    Kind.NOT_VERIFIED: "The last verdict on a claim is not that it is verified.",
    Kind.STALE: "Something that a verdict rests on has changed since.",
    Kind.ARTIFACT: "The artifact of a claim does not prove it.",
    Kind.VERDICT_DIFFERS: "A verdict says something else than what is found when it is made again.",
    Kind.LOCK: "The repository differs from what leanbound.lock pins.",
    Kind.GENERATED_FILE: "A generated file is tracked by git; generated files are not accepted from the repository.",
    Kind.TOOLCHAIN: "There is no Lean whose library the artifacts could be read against, or it is damaged.",
    Kind.REPOSITORY: "The files of the repository cannot be listed or read.",
    Kind.MARKER_SYNTAX: "Something looks like the marker of a bound number and is none.",
    Kind.MARKER_CLAIM: "A number is bound to a claim that is not there, or that does not stand.",
    Kind.MARKER_NUMBER: "A bound number is above what is verified, or is no number.",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Part):
    """One reason for which the gate rejects."""

    kind: Kind
    outcome: Outcome = Field(description="what it weighs in the exit code")
    file: str = Field(description="relative to the repository's root")
    line: int = Field(ge=1)
    claim: str | None = None
    message: str = Field(description="escaped; may have several lines")

    @classmethod
    def of(
        cls,
        kind: Kind,
        message: str,
        file: str,
        *,
        line: int = 1,
        claim: str | None = None,
        outcome: Outcome = Outcome.REJECTED,
    ) -> Self:
        """A reason, all of its strings escaped."""
        return cls(
            kind=kind,
            outcome=outcome,
            file=one_line(file),
            line=line,
            claim=None if claim is None else one_line(claim),
            message=escape(message),
        )

    @classmethod
    def of_error(cls, kind: Kind, error: LeanboundError, file: str, claim: str | None = None) -> Self:
        """A reason from an error, which weighs what the error's exit code does."""
        return cls.of(kind, error.message, file, claim=claim, outcome=outcome_of(error.exit_code))


class ClaimEntry(_Part):
    """A folder of `proofs/`. Everything here was recomputed; nothing is the verdict's word."""

    name: str
    outcome: Outcome
    proved: int | None = Field(default=None, description="inputs, as the theorem in the artifact has it; if it stands")
    inputs: int | None = Field(default=None, description="V ** K")
    axioms: tuple[str, ...] | None = None
    checks: tuple[str, ...] = Field(default=(), description="what was established of the artifact, in words")

    @classmethod
    def of(cls, name: str, outcome: Outcome) -> Self:
        """A folder of which nothing more is known; its name is escaped."""
        return cls(name=one_line(name), outcome=outcome)

    @property
    def bound(self) -> Bound | None:
        """What is verified; None unless the claim stands."""
        if self.outcome is not Outcome.VERIFIED or self.proved is None or self.inputs is None:
            return None
        return Bound(self.proved, self.inputs)


class MarkerEntry(_Part):
    """A number in a Markdown file that is bound to a claim."""

    file: str
    line: int
    claim: str
    text: str
    accepted: bool
    was: str | None = Field(default=None, description="the text before --update")

    @classmethod
    def of(cls, file: str, line: int, claim: str, text: str, accepted: bool, was: str | None) -> Self:
        """A number, all of its strings escaped; of a long text the beginning."""
        shown = in_ascii(text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}...")
        before = None if was is None else in_ascii(was)
        return cls(file=one_line(file), line=line, claim=claim, text=shown, accepted=accepted, was=before)


class GateReport(_Part):
    """All that the gate found. It accepts the repository exactly if there is no reason against it."""

    schema_version: Literal[1] = 1
    version: str = Field(description="of leanbound")
    rechecked: bool = Field(description="whether everything was verified again from sources, with nothing reused")
    checked: str = Field(description="what was done, in words")
    claims: tuple[ClaimEntry, ...]
    markers: tuple[MarkerEntry, ...]
    updated: tuple[str, ...] = Field(default=(), description="files that --update has written")
    reasons: tuple[Reason, ...]
    prefix: str = Field(default="", description="path of the root within git's work tree")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def accepted(self) -> bool:
        """Whether everything stands."""
        return not self.reasons

    @computed_field  # type: ignore[prop-decorator]
    @property
    def exit_code(self) -> int:
        """0 only if everything stands; of several reasons the one that weighs most decides, a rejection first."""
        return int(worst(reason.outcome for reason in self.reasons)) if self.reasons else int(ExitCode.OK)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def summary(self) -> str:
        """The report in a sentence."""
        standing = sum(claim.outcome is Outcome.VERIFIED for claim in self.claims)
        right = sum(marker.accepted for marker in self.markers)
        claims, markers = _count(len(self.claims), "claim"), _count(len(self.markers), "bound number")
        how = "verified again from sources" if self.rechecked else "as verified earlier; Lean did not run"
        if self.accepted:
            return f"gate: accepted: {claims} and {markers} stand ({how})"
        found = _count(len(self.reasons), "reason")
        return f"gate: REJECTED for {found}: {standing} of {claims} and {right} of {markers} stand ({how})"

    def reasons_of(self, claim: str) -> Sequence[Reason]:
        """The reasons that are about a claim itself, not about numbers bound to it."""
        about = (Kind.MARKER_SYNTAX, Kind.MARKER_CLAIM, Kind.MARKER_NUMBER)
        return [reason for reason in self.reasons if reason.claim == claim and reason.kind not in about]

    def to_json(self) -> str:
        """The report as JSON, in ASCII."""
        import json

        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
