"""What a property of any model is: data of a claim file, and arguments of a statement in Lean.

Imports neither torch nor numpy.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Self

from leanbound.families.config import Architecture
from leanbound.section import Section


@dataclass(frozen=True)
class ListOf:
    """A list in Lean, a tuple in Python."""

    item: "Form"


@dataclass(frozen=True)
class Record:
    """A structure of the Lean specification, in Python the tuple of its fields, in their order."""

    name: str
    fields: "tuple[tuple[str, Form], ...]"


Form = Literal["Nat", "Int"] | ListOf | Record
"""What an argument of a statement is made of."""

NUMBERS = ListOf("Nat")
TABLE = ListOf(NUMBERS)


class Argument(NamedTuple):
    """What a statement says beside the model and the task."""

    name: str
    value: object
    form: Form = "Nat"


class Property(Section):
    """What can be claimed of a model."""

    kind: str

    compares: ClassVar[bool] = False
    """Whether it is of two models."""
    architecture: ClassVar[str | None] = None
    """Of the models that the statement is about as they are; None if it is about the classifiers that they make."""

    @abstractmethod
    def require_fits(self, config: Architecture) -> None:
        """Raise InputError when it is no property of such a model."""

    @abstractmethod
    def asked_of(self, config: Architecture) -> tuple[int, int]:
        """On how many inputs something is claimed, or of what weight, and of how many."""

    @abstractmethod
    def arguments(self) -> tuple[Argument, ...]:
        """What the statement says, in its order."""

    @abstractmethod
    def words(self) -> str:
        """For a table: what is claimed, without the task."""

    def least(self) -> int:
        """On how many inputs it is claimed, as far as that is known without a model."""
        return 0

    def require_proved(self, proved: int, inputs: int) -> None:
        """Raise InconclusiveError when a certificate proves less than is claimed; most prove the whole or nothing."""

    def with_bound(self, proved: int) -> Self:
        """The same property with the bound that a certificate proves, if it has one."""
        return self

    def for_templates(self) -> dict[str, object]:
        """As templates see it."""
        return self.model_dump()
