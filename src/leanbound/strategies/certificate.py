"""Certificates: what an untrusted search hands to the templates, and how it is written and read.

Imports no numpy. Integers are hexadecimal strings in JSON, because decimal ones of this size are slow and limited.
"""

import json
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from leanbound.families.canonical import Canonical

#: What Lean may keep in one module, 1.25 GB beyond its start, in units of 11 bytes: see `split_bits`.
MODULE_BITS: Final = 110_000_000


def split_bits(V: int, K: int, w: int) -> int:
    """A measure of what Lean keeps of one class that is split by patterns: towers of V rows for each free position.

    Fitted to V = 64, K = 4: 4.5 MB a pattern.
    """
    return V * V * w * ((K - 1) << (K - 1)) // 8


def _from_hex(value: object) -> object:
    if not isinstance(value, str):
        return value
    sign, digits = (-1, value[1:]) if value.startswith("-") else (1, value)
    if not digits.startswith("0x") or digits[2:].strip("0123456789abcdef") or len(digits) < 3:
        raise ValueError(f"{value[:40]!r} is not a hexadecimal integer such as -0x1f")
    return sign * int(digits, 16)


Hex = Annotated[int, BeforeValidator(_from_hex), PlainSerializer(hex, return_type=str)]
"""An integer, written in hexadecimal."""

Rows = tuple[Hex, ...]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Plan(_Data):
    """The certificate of `LeanBound.Plan`, field for field: widths and constants, by which Lean computes the tables."""

    narrow: int = Field(ge=2, description="bits of a lane of a matrix product")
    stride: int = Field(ge=1, description="bits from a row of a matrix to the next")
    bias: Hex = Field(ge=1, description="added to every weight, to make it positive")
    w: int = Field(ge=1, description="bits of a lane of the rows that are added up")
    e: int = Field(ge=1, description="bits of a lane of exponentials")
    r: int = Field(ge=1, description="logit contributions, offset included, are below 2 ** r")
    offset: Hex = Field(ge=0, description="added to every logit contribution, to make it positive")
    P: int = Field(ge=1, description="attention weights are integers over 2 ** P")
    squarings: int = Field(ge=0)
    consts: Rows = Field(description="consts[b] <= 2 ** P * exp(-2 ** b / 2 ** σ), with scores over 2 ** σ")
    err: int = Field(ge=0, description="upper bound of the error of a computed exponential, over 2 ** P")
    maxE: Hex = Field(ge=0, description="by query, narrow - 1 bits each: the largest token score, plus quarter")
    maxP: Hex = Field(ge=0, description="by query, narrow - 1 bits each: the largest position score, plus quarter")

    def kept_bits(self, V: int) -> int:
        """As `split_bits`, of the tables, most of which are exponentials: a step of all lanes for each constant."""
        return V * V * self.e * len(self.consts) // 4

    @property
    def quarter(self) -> int:
        """What is added to scores: a quarter of what a narrow lane holds."""
        return 1 << (self.narrow - 2)


class Split(_Data):
    """A class of inputs, by query and maximum, that is split by the positions which hold the maximum."""

    query: int = Field(ge=0)
    excluded: Rows = Field(description="[pattern]: excluded tokens of the free positions as digits in base V + 2")


class Part(_Data):
    """Inputs of one query, in units that follow one another, each of all inputs with one first token."""

    units: int = Field(ge=1)
    proved: int = Field(ge=0, description="inputs proved right")


class Counts(_Data):
    """A class of inputs, by query and maximum, that is taken apart by how often its free positions hold some tokens."""

    query: int = Field(ge=0)
    near: int = Field(ge=0, description="how many tokens next below the maximum are counted")
    rest: int = Field(ge=0, description="as an entry of allowed, for all larger numbers of copies")
    allowed: tuple[int, ...] = Field(
        description="[copies of the maximum, from 0 if the query is one, else from 1]: up to how many of the near "
        "tokens are proved, plus one; 0 proves none"
    )


class MaximumCertificate(_Data):
    """What is proved of the inputs with one largest token, by class, that is by their last token."""

    proved: int = Field(ge=0, description="inputs proved right")
    splits: tuple[Split, ...] = Field(default=(), description="cubic: the classes that are not proved whole")
    counts: tuple[Counts, ...] = Field(default=(), description="cubic-counts: the classes that are not proved whole")


class QueryCertificate(_Data):
    """What is proved of the inputs that end in one token."""

    proved: int = Field(ge=0, description="inputs proved right, of V ** (K - 1)")
    parts: tuple[Part, ...] = Field(default=(), description="what is checked, from the first token 0 on")

    @model_validator(mode="after")
    def _check(self) -> Self:
        total = sum(part.proved for part in self.parts)
        if self.parts and total != self.proved:
            raise ValueError(f"proved is {self.proved}, but the parts add up to {total}")
        return self


class Envelope(_Data):
    """The certificate of `LeanBound.Envelope`: a row plus the shift of its query lies between multiples of two rows."""

    bits: int = Field(ge=1, description="bits of a lane of low and high")
    low: Hex = Field(ge=0, description="by token, in lanes")
    high: Hex = Field(ge=0, description="by token, in lanes")
    queries: tuple[tuple[Hex, Hex], ...] = Field(min_length=1, description="by query of the pool: scale and shift")

    @property
    def least(self) -> int:
        """The least scale."""
        return min(scale for scale, _ in self.queries)

    @property
    def most(self) -> int:
        """The largest scale."""
        return max(scale for scale, _ in self.queries)


class Factors(_Data):
    """The certificate of `LeanBound.Factors`: bounds of queries and keys by coordinate, in lanes of `bits` bits.

    All but `radius` and `along` are biased by half of what a lane holds. The scales of queries are those of the pool.
    """

    bits: int = Field(ge=1)
    centre: Hex = Field(ge=0, description="of queries, over their scale")
    radius: Hex = Field(ge=0, description="how far queries, over their scale, lie from the centre")
    direction: Hex = Field(ge=0, description="of keys, which the last coordinate is about")
    along: Hex = Field(ge=0, description="last coordinates of keys, by token and then by position")
    token_low: Hex = Field(ge=0, description="least coordinates of the keys of tokens")
    token_high: Hex = Field(ge=0, description="largest coordinates of the keys of tokens")
    position_low: Hex = Field(ge=0, description="least coordinates of the keys of positions")
    position_high: Hex = Field(ge=0, description="largest coordinates of the keys of positions")
    top: Hex = Field(ge=0, description="the largest key score of a token, plus `Plan.quarter`")
    least: Hex = Field(ge=0, description="the least key score of a position, plus `Plan.quarter`")
    most: Hex = Field(ge=0, description="the largest key score of a position, plus `Plan.quarter`")


class EmbeddingRanges(_Data):
    """The certificate of `LeanBound.EmbeddingRanges`: ranges of coordinates of embeddings, in lanes of `bits` bits.

    They have the bias of weights, `Plan.bias`.
    """

    bits: int = Field(ge=1)
    token_low: Hex = Field(ge=0, description="least coordinates of tokens")
    token_high: Hex = Field(ge=0, description="largest coordinates of tokens")
    position_low: Hex = Field(ge=0, description="least coordinates of positions")
    position_high: Hex = Field(ge=0, description="largest coordinates of positions")


class LogitFactors(_Data):
    """Bounds of logits by coordinate of the residual stream, in lanes of `bits` bits: fields of `LeanBound.LinearPool`.

    All but `radius` and `loss` are biased by half of what a lane holds.
    """

    bits: int = Field(ge=1)
    centre: Hex = Field(ge=0, description="of residual streams before attention, with b_O")
    radius: Hex = Field(ge=0, description="how far they lie from it")
    unembed_low: Hex = Field(ge=0, description="least entries of W_U")
    unembed_high: Hex = Field(ge=0, description="largest entries of W_U")
    value_low: Hex = Field(ge=0, description="least entries of W_V W_O W_U")
    value_high: Hex = Field(ge=0, description="largest entries of W_V W_O W_U")
    loss: Hex = Field(ge=0, description="what centre and any position add to a logit more than to a maximum's")

    @property
    def bias(self) -> int:
        """Half of what a lane holds."""
        return 1 << (self.bits - 1)


class PoolCertificate(_Data):
    """What is proved of the inputs that end in one of several consecutive tokens: `LeanBound.Pool`, or `LinearPool`."""

    start: int = Field(ge=0, description="the first of the last tokens")
    size: int = Field(ge=1, description="how many there are")
    proved: int = Field(ge=0, description="inputs proved right, of size * V ** (K - 1)")
    attention: Envelope = Field(description="of how far token scores lie below the largest one of the query")
    spread: Hex = Field(ge=0, description="at least the difference of two position scores of a query")
    direct: Envelope | None = Field(default=None, description="of the direct path to the logits, where multiplied out")
    gaps: Hex = Field(ge=0, description="by maximum, 4 bits each: one more than the gap; 0 where nothing is proved")
    factors: Factors | None = Field(default=None, description="where the QK circuit is not multiplied out")
    logits: LogitFactors | None = Field(default=None, description="where no circuit is")


class WrongInput(_Data):
    """An input on which the model is wrong."""

    tokens: tuple[int, ...]
    output: int = Field(ge=0, description="what it gives: not the largest token")


class Certificate(_Data, Canonical):
    """A bound on the accuracy of one quantised model, with all that Lean needs to check it."""

    schema_version: Literal[3] = 3
    strategy: str
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="QuantisedModel.digest")
    inputs: int = Field(ge=1, description="V ** K")
    plan: Plan
    maxima: tuple[MaximumCertificate, ...] = Field(default=(), description="by the largest token")
    queries: tuple[QueryCertificate, ...] = Field(default=(), description="by the last token")
    pools: tuple[PoolCertificate, ...] = Field(default=(), description="in the order of the last tokens")
    embeddings: EmbeddingRanges | None = Field(default=None, description="where the keys of pools are not computed")
    wrong: tuple[WrongInput, ...] = Field(default=(), description="failures: the inputs that are not right")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.tokens < min(self.inputs, 2):
            raise ValueError(f"maxima, queries and pools: {self.tokens} tokens, too few for {self.inputs} inputs")
        if self.proved > self.inputs:
            raise ValueError(f"maxima, queries and pools: {self.proved} inputs proved, of {self.inputs}")
        return self

    @property
    def proved(self) -> int:
        """Inputs proved right: what Lean will count, if it accepts the certificate."""
        maxima = sum(maximum.proved for maximum in self.maxima)
        return maxima + sum(query.proved for query in self.queries) + sum(pool.proved for pool in self.pools)

    @property
    def tokens(self) -> int:
        """V: one for each maximum, or each query, alone or in a pool."""
        return len(self.maxima) + len(self.queries) + sum(pool.size for pool in self.pools)

    @property
    def multiplied(self) -> Literal["nothing", "logits", "all"]:
        """Which circuits Lean multiplies out: none, those to the logits, or the QK circuit too."""
        if any(pool.logits is not None for pool in self.pools):
            return "nothing"
        return "logits" if any(pool.factors is not None for pool in self.pools) else "all"

    @property
    def n_ctx(self) -> int:
        """K, by which `inputs` is V ** K."""
        K, V = 1, self.tokens
        while self.inputs > V**K:
            K += 1
        return K

    def to_bytes(self) -> bytes:
        """Canonical JSON: equal certificates give equal bytes. What a strategy does not use is left out."""
        data = self.model_dump(mode="json", exclude_defaults=True) | {"schema_version": self.schema_version}
        return (json.dumps(data, sort_keys=True, separators=(",", ":")) + "\n").encode()
