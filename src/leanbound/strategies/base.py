"""What a strategy is: an untrusted search for certificates, and the Lean modules that have one checked. No numpy."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypedDict

from leanbound.claims.property import Property
from leanbound.errors import InputError

if TYPE_CHECKING:
    from leanbound.rendering.templating import Page

#: About so many bytes of numbers does the kernel keep from one module, besides what it starts with.
MODULE_BYTES: Final = 500 * 2**20


class Options(TypedDict, total=False):
    """What a search can be told; which of it a strategy takes stands in `Strategy.options`."""

    precision: int
    """Bits of the largest attention weight of a query; by default so many that the smallest one is kept too."""
    fraction: str
    classes: str
    pool: int
    attention: str
    direct: str
    maxima: int
    parts: int


class AnyCertificate(Protocol):
    """A bound on one quantised model, with all that Lean needs to check it: a `Canonical` record of any strategy."""

    @property
    def strategy(self) -> str:
        """The strategy that found it, and whose templates render it."""

    @property
    def model_digest(self) -> str:
        """Of the quantised model."""

    @property
    def inputs(self) -> int:
        """How many inputs there are."""

    @property
    def proved(self) -> int:
        """On how many of them the property is proved: what Lean will count, if it accepts the certificate."""

    @property
    def digest(self) -> str:
        """SHA-256 of `to_bytes`."""

    @property
    def size_bytes(self) -> int:
        """Length of `to_bytes`."""

    def to_bytes(self) -> bytes:
        """Canonical JSON."""

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""


@dataclass(frozen=True)
class Proof:
    """What the templates of a proof are rendered with."""

    context: Mapping[str, object]
    modules: "Sequence[Page]"
    """Between the statement and `Proof`, which imports them; named below the namespace of the claim.

    Templates find the full names in `modules`: one by its name in lower case, a numbered row of them as a list, so
    that `Tables`, `Queries0` and `Queries32` are `modules.tables` and `modules.queries`.
    """


@dataclass(frozen=True)
class Strategy(ABC):
    """A way to prove properties of the models of one family. Its proof is `templates/proofs/<name>/Proof.lean.j2`."""

    name: str
    summary: str
    options: tuple[str, ...] = ()
    """What the search can be told."""

    architecture: ClassVar[str]
    """Of the family that it serves."""
    kinds: ClassVar[tuple[str, ...]] = ("accuracy",)
    """Of the properties that it proves."""

    @abstractmethod
    def search(self, model: Any, claimed: Property, progress: bool, options: Mapping[str, Any]) -> AnyCertificate:
        """Search for a certificate of as much as can be proved, however much is claimed.

        Raises InputError for options that make no sense, UnsupportedError for a model out of the strategy's reach.
        """

    def compare(
        self, model: Any, other: Any, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> AnyCertificate:
        """As `search`, of a property that compares two models; for strategies that have one among their `kinds`."""
        raise InputError(f"{self.name} compares no models. Choose another strategy.")

    @abstractmethod
    def load(self, path: Path) -> AnyCertificate:
        """Read a certificate. Raises InputError that names every field at fault."""

    @abstractmethod
    def question(self, certificate: Any) -> Property:
        """What a certificate is about, claimed of one input."""

    @abstractmethod
    def proof(self, model: Any, certificate: Any) -> Proof:
        """What the templates need to write the proof down."""

    def require_options(self, names: Iterable[str]) -> None:
        """Raise InputError for an option that the strategy does not take."""
        if unknown := sorted(set(names).difference(self.options)):
            known = ", ".join(self.options) or "none"
            raise InputError(f"{self.name} does not take {', '.join(unknown)}; its options are {known}")

    def require_serves(self, architecture: str, claimed: Property) -> None:
        """Raise InputError for a model or a property that the strategy is not for."""
        if architecture != self.architecture:
            raise InputError(
                f"{self.name} is for models of the architecture {self.architecture}, not {architecture}. "
                "Choose another strategy."
            )
        if claimed.kind not in self.kinds:
            raise InputError(
                f"{self.name} proves {', '.join(self.kinds)}, not {claimed.kind}. Choose another strategy."
            )


def module_runs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Consecutive parts of a proof for each module, from the first to before the last.

    As many in one as MODULE_BYTES allow, and at least one; `sizes` are the bytes that the kernel keeps of each part.
    """
    starts, used = [0], 0
    for part, size in enumerate(sizes):
        if used and used + size > MODULE_BYTES:
            starts.append(part)
            used = 0
        used += size
    return list(pairwise([*starts, len(sizes)]))
