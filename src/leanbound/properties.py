"""Properties: what a claim says of a model, as data. Each is stated once in `lean/LeanBound/Properties/`.

Imports neither torch nor numpy.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from leanbound.errors import InconclusiveError, InputError
from leanbound.models.files import describe
from leanbound.tasks.pairs import PairTask, Table

MAX_OF_K: Final = "max-of-k"


class Section(BaseModel):
    """A part of a claim file: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OnTask(Section):
    """A property that compares a model's outputs with the right ones of a task, which is given as data."""

    kind: str
    task: Literal["max-of-k", "modular-addition", "group-composition"]
    modulus: int | None = Field(default=None, description="modular-addition: of the sum")
    table: Table | None = Field(default=None, description="group-composition: row by row")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.task != MAX_OF_K:
            try:
                self.pair_task()
            except ValidationError as error:
                raise ValueError(describe(error)) from None
        elif self.modulus is not None or self.table is not None:
            raise ValueError("max-of-k has neither a modulus nor a table")
        return self

    def pair_task(self) -> PairTask:
        """The task on pairs of tokens. Raises InputError for max-of-K, which is none."""
        if self.task == MAX_OF_K:
            raise InputError("[property] task is max-of-k, expected one on pairs of tokens. Choose another task.")
        return PairTask(name=self.task, modulus=self.modulus, table=self.table)


class Accuracy(OnTask):
    """The model is right on at least `at_least` of all inputs; a tie is wrong."""

    kind: Literal["accuracy"]
    at_least: int = Field(ge=1, description="inputs, not a fraction")

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError when it asks for more than there is."""
        inputs = d_vocab**n_ctx
        if self.at_least > inputs:
            raise InputError(
                f"[property] at_least is {self.at_least}, but there are only {d_vocab} ** {n_ctx} = {inputs} inputs. "
                "Claim at most that many."
            )

    def require_proved(self, proved: int, inputs: int) -> None:
        """Raise InconclusiveError when a certificate counts fewer inputs than are claimed."""
        if proved < self.at_least:
            raise InconclusiveError(
                f"the certificate proves {proved:,} of {inputs:,} inputs, the claim asks for {self.at_least:,}. "
                f"Claim at most {proved:,}, or use a stronger strategy."
            )

    def with_bound(self, proved: int) -> "Accuracy":
        """The same property, of as many inputs as a certificate proves."""
        return self.model_copy(update={"at_least": proved})


Numbers = Annotated[tuple[int, ...], Field(strict=False, min_length=1)]


class NeverAtAnyLength(Section):
    """After a prefix of `tokens`, however long, none of `queries` is answered by one of `outputs`."""

    kind: Literal["never-at-any-length"]
    queries: Numbers = Field(description="last tokens")
    tokens: Numbers = Field(description="what may come before them")
    outputs: Numbers = Field(description="what is never the output")


#: What a claim can say. Further properties make this a union, told apart by `kind`.
Property = Accuracy


def max_of_k(at_least: int) -> Accuracy:
    """The accuracy on max-of-K."""
    return Accuracy(kind="accuracy", task="max-of-k", at_least=at_least)


def on_pairs(task: PairTask, at_least: int) -> Accuracy:
    """The accuracy on a task on pairs of tokens."""
    return Accuracy(kind="accuracy", task=task.name, modulus=task.modulus, table=task.table, at_least=at_least)
