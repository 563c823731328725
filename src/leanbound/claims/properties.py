"""Properties: what a claim says of a model, as data. Each is stated once in `lean/LeanBound/Properties/`.

Imports neither torch nor numpy.
"""

from abc import abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from leanbound.claims.property import NUMBERS, TABLE, Argument, Property
from leanbound.errors import InconclusiveError, InputError
from leanbound.families.config import Architecture, TokenArchitecture
from leanbound.families.feed_forward.properties import Avoids
from leanbound.files import describe
from leanbound.tasks.pairs import PairTask, Table

MAX_OF_K: Final = "max-of-k"
#: Certificates count losses in so many parts of a nat.
NANO: Final = 10**9


Numbers = Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
"""Tokens, or weights of them."""


class OfTokens(Property):
    """What can be claimed of a model that maps sequences of tokens to outputs."""

    def require_fits(self, config: Architecture) -> None:
        self.require_possible(*self._sizes(config))

    def asked_of(self, config: Architecture) -> tuple[int, int]:
        return self.asked(*self._sizes(config))

    def _sizes(self, config: Architecture) -> tuple[int, int]:
        if not isinstance(config, TokenArchitecture):
            raise InputError(
                f"[property] kind is {self.kind}, which is about sequences of tokens, but the model is "
                f"{config.architecture}. Choose another property, or another model."
            )
        return config.d_vocab, config.n_ctx

    @abstractmethod
    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError when it is no property of such a model."""

    @abstractmethod
    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        """See `asked_of`."""


class OnTask(OfTokens):
    """A property that compares a model's outputs with the right ones of a task, which is given as data."""

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


class Counted(OfTokens):
    """A property of a number of inputs."""

    at_least: int = Field(ge=1, description="inputs, not a fraction")

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError when it asks for more than there is."""
        inputs = d_vocab**n_ctx
        if self.at_least > inputs:
            raise InputError(
                f"[property] at_least is {self.at_least}, but there are only {d_vocab} ** {n_ctx} = {inputs} inputs. "
                "Claim at most that many."
            )

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        return self.at_least, d_vocab**n_ctx

    def arguments(self) -> tuple[Argument, ...]:
        return (Argument("count", self.at_least),)

    def least(self) -> int:
        return self.at_least

    def require_proved(self, proved: int, inputs: int) -> None:
        if proved < self.at_least:
            raise InconclusiveError(
                f"the certificate proves {proved:,} of {inputs:,} inputs, the claim asks for {self.at_least:,}. "
                f"Claim at most {proved:,}, or use a stronger strategy."
            )

    def with_bound(self, proved: int) -> Self:
        return self.model_copy(update={"at_least": proved})


class Accuracy(OnTask, Counted):
    """The model is right on at least `at_least` of all inputs; a tie is wrong."""

    kind: Literal["accuracy"]

    def words(self) -> str:
        return "accuracy"


class Failures(OnTask):
    """The model is right on every input but these."""

    kind: Literal["failures"]
    exceptions: tuple[Numbers, ...] = Field(strict=False, description="inputs")

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError for an exception that is no input."""
        for tokens in self.exceptions:
            require_input("exceptions", tokens, d_vocab, n_ctx)

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        inputs = d_vocab**n_ctx
        return inputs - len(set(self.exceptions)), inputs

    def arguments(self) -> tuple[Argument, ...]:
        return (Argument("exceptions", self.exceptions, TABLE),)

    def words(self) -> str:
        return f"right on all but {len(self.exceptions)}"

    def require_proved(self, proved: int, inputs: int) -> None:
        if proved < inputs - len(self.exceptions):
            raise InconclusiveError(
                f"the certificate proves {proved:,} of {inputs:,} inputs right, all but {inputs - proved:,}; the claim "
                f"lists {len(self.exceptions):,}. List all that fail."
            )


class Never(OfTokens):
    """On no input that takes its tokens from these is one of `outputs` the output."""

    kind: Literal["never"]
    tokens: tuple[Numbers, ...] = Field(strict=False, description="by position")
    outputs: Numbers

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError for what is no token, or too few positions."""
        if len(self.tokens) != n_ctx:
            raise InputError(
                f"[property] tokens has {len(self.tokens)} rows, but an input has {n_ctx} tokens. Give a row for each."
            )
        for numbers in (*self.tokens, self.outputs):
            require_tokens("tokens or outputs", numbers, d_vocab)

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        inputs = prod(len(set(row)) for row in self.tokens)
        return inputs, inputs

    def arguments(self) -> tuple[Argument, ...]:
        return (Argument("tokens", self.tokens, TABLE), Argument("outputs", self.outputs, NUMBERS))

    def words(self) -> str:
        return f"never one of {len(self.outputs)} outputs"


class NeverAtAnyLength(OfTokens):
    """After a prefix of `tokens`, however long, none of `queries` is answered by one of `outputs`."""

    architecture: ClassVar[str | None] = "attention-only"

    kind: Literal["never-at-any-length"]
    queries: Numbers = Field(description="last tokens")
    tokens: Numbers = Field(description="what may come before them")
    outputs: Numbers = Field(description="what is never the output")

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError for what is no token."""
        for name, numbers in (("queries", self.queries), ("tokens", self.tokens), ("outputs", self.outputs)):
            require_tokens(name, numbers, d_vocab)

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        pairs = len(set(self.queries)) * len(set(self.outputs))
        return pairs, pairs

    def arguments(self) -> tuple[Argument, ...]:
        return tuple(Argument(name, getattr(self, name), NUMBERS) for name in ("queries", "tokens", "outputs"))

    def words(self) -> str:
        return f"never one of {len(self.outputs)} outputs, at any length"


class WeightedAccuracy(OnTask, Counted):
    """The inputs that the model is right on weigh at least `at_least`; an input weighs the product of its tokens."""

    kind: Literal["weighted-accuracy"]
    weights: tuple[Numbers, ...] = Field(strict=False, description="by position, of each token")

    @property
    def total(self) -> int:
        """What all inputs weigh."""
        return prod(sum(row) for row in self.weights)

    def for_templates(self) -> dict[str, object]:
        return {**super().for_templates(), "total": self.total}

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Raise InputError when it asks for more than there is, or weights do not fit the model."""
        if [len(row) for row in self.weights] != [d_vocab] * n_ctx or min(map(min, self.weights)) < 0:
            raise InputError(f"[property] weights: expected {n_ctx} rows of {d_vocab} numbers, none of them negative.")
        if self.at_least > self.total:
            raise InputError(
                f"[property] at_least is {self.at_least}, but all inputs together weigh {self.total}. Claim less."
            )

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        return self.at_least, self.total

    def arguments(self) -> tuple[Argument, ...]:
        weights = Argument("weights", self.weights, TABLE)
        return (weights, Argument("count", self.at_least), Argument("total", self.total))

    def words(self) -> str:
        return "weighted accuracy"


class Agreement(Counted):
    """The model and another one give the same output on at least `at_least` of all inputs; a tie is none."""

    kind: Literal["agreement"]
    compares = True

    def words(self) -> str:
        return "agreement"


class Loss(OnTask):
    """The mean cross-entropy over all inputs, in nats, is at most `at_most`."""

    kind: Literal["loss"]
    at_most: str = Field(pattern=r"^[0-9]{1,20}(/[1-9][0-9]{0,20}|\.[0-9]{1,20})?$", description="as 1/1000 or 0.001")

    @property
    def bound(self) -> Fraction:
        """The number."""
        return Fraction(self.at_most)

    def for_templates(self) -> dict[str, object]:
        bound = self.bound
        return {**super().for_templates(), "numerator": bound.numerator, "denominator": bound.denominator}

    def require_possible(self, d_vocab: int, n_ctx: int) -> None:
        """Every bound makes sense."""

    def asked(self, d_vocab: int, n_ctx: int) -> tuple[int, int]:
        return d_vocab**n_ctx, d_vocab**n_ctx

    def arguments(self) -> tuple[Argument, ...]:
        return (Argument("numerator", self.bound.numerator), Argument("denominator", self.bound.denominator))

    def words(self) -> str:
        return f"mean loss at most {self.at_most}"

    def require_proved(self, proved: int, inputs: int) -> None:
        if Fraction(proved, NANO) > self.bound:
            raise InconclusiveError(
                f"the certificate proves a mean loss of {self.with_bound(proved).at_most}, the claim asks for "
                f"{self.at_most}. Claim that."
            )

    def with_bound(self, proved: int) -> Self:
        return self.model_copy(update={"at_most": f"{proved // NANO}.{proved % NANO:09}"})


ClaimedProperty = Annotated[
    Accuracy | Failures | Never | NeverAtAnyLength | WeightedAccuracy | Agreement | Loss | Avoids,
    Field(discriminator="kind"),
]
"""What a claim file can say, told apart by `kind`."""


def require_tokens(name: str, numbers: Sequence[int], d_vocab: int) -> None:
    """Raise InputError for a number that is no token."""
    if wrong := [number for number in numbers if not 0 <= number < d_vocab]:
        raise InputError(f"{name}: {wrong[0]} is no token; expected 0 to {d_vocab - 1}")


def require_input(name: str, tokens: Sequence[int], d_vocab: int, n_ctx: int) -> None:
    """Raise InputError for a sequence that is no input."""
    if len(tokens) != n_ctx:
        raise InputError(f"{name}: {list(tokens)} is no input; expected {n_ctx} tokens")
    require_tokens(name, tokens, d_vocab)


def max_of_k(at_least: int) -> Accuracy:
    """The accuracy on max-of-K."""
    return Accuracy(kind="accuracy", task="max-of-k", at_least=at_least)


def on_pairs(task: PairTask, at_least: int) -> Accuracy:
    """The accuracy on a task on pairs of tokens."""
    return Accuracy(kind="accuracy", task=task.name, modulus=task.modulus, table=task.table, at_least=at_least)
