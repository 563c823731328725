"""Claims: what `proofs/<name>/claim.toml` says. Imports neither torch nor numpy."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, cast

from pydantic import Field, ValidationError, field_validator, model_validator

from leanbound.claims.properties import ClaimedProperty
from leanbound.claims.specification import PROPERTIES
from leanbound.claims.workspace import CLAIM_FILE, Workspace
from leanbound.errors import InputError
from leanbound.families.quantisation import Quantisation
from leanbound.files import read_bytes, shortened
from leanbound.section import Section
from leanbound.strategies import STRATEGIES, Options

#: Of a claim file; and what may be in it: dots in a line (parsing takes quadratic time in them), bits of an integer.
MAX_BYTES: Final = 64 << 10
_MAX_DOTS: Final = 100
_MAX_BITS: Final = 4096
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
#: pydantic names the variant of these tables in the path to a field, by what the key says.
_TAGS: Final = {"quantisation": ("mode", ("fixed", "exact")), "property": ("kind", tuple(PROPERTIES))}


class ModelRef(Section):
    """The weights that the claim is about."""

    path: str = Field(min_length=1, description="checkpoint folder or state dict, relative to the repository's root")
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file that holds the weights")
    n_ctx: int | None = Field(default=None, ge=1, description="tokens of an input; shortens those of a state dict")


class OtherModel(ModelRef):
    """The model that the first one is compared with."""

    quantisation: Quantisation


class StrategyOptions(Section):
    """What a search can be told."""

    precision: int | None = Field(default=None, ge=8, description="bits of the largest attention weight of a query")
    fraction: str | None = Field(default=None, description="exhaustive: of the inputs that are checked, as 1/8")
    classes: str | None = Field(default=None, description="cubic: how classes are proved")
    pool: int | None = Field(default=None, ge=1, description="queries that share a proof, or tokens that share bounds")
    maxima: int | None = Field(default=None, ge=1, description="linear: how many of the largest tokens are looked at")
    attention: str | None = Field(default=None, description="sub-cubic: how the QK circuit is bounded")
    parts: int | None = Field(default=None, ge=1, description="on boxes: into how many parts the box may be cut")
    direct: str | None = Field(default=None, description="sub-cubic: how the path from W_E to W_U is bounded")

    def given(self) -> Options:
        """The options that are set."""
        return cast(Options, self.model_dump(exclude_none=True))


class StrategyRef(Section):
    """How it is proved."""

    name: str
    options: StrategyOptions = StrategyOptions()

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in STRATEGIES:
            raise ValueError(f"expected one of {', '.join(STRATEGIES)}")
        return name

    @model_validator(mode="after")
    def _taken(self) -> Self:
        try:
            STRATEGIES[self.name].require_options(self.options.given())
        except InputError as error:
            raise ValueError(error.message) from None
        return self


class Claim(Section):
    """A claim file."""

    schema_version: Literal[1]
    model: ModelRef
    quantisation: Quantisation
    other: OtherModel | None = None
    property: ClaimedProperty
    strategy: StrategyRef

    def models(self) -> tuple[tuple[ModelRef, Quantisation], ...]:
        """The models that the claim is about, the first one first, and how each is quantised."""
        first = (self.model, self.quantisation)
        return (first,) if self.other is None else (first, (self.other, self.other.quantisation))

    @model_validator(mode="after")
    def _check_models(self) -> Self:
        if self.property.compares and self.other is None:
            raise ValueError(f"{self.property.kind} is of two models. Name the second one in [other]")
        if not self.property.compares and self.other is not None:
            raise ValueError(f"[other] is a second model, but {self.property.kind} is of one. Leave it out")
        return self


@dataclass(frozen=True)
class LoadedClaim:
    """A claim as it was read."""

    name: str
    path: Path
    digest: str
    """SHA-256 of the claim file."""
    claim: Claim


def load_claim(workspace: Workspace, name: str) -> LoadedClaim:
    """Read the claim `name` of a repository.

    Raises InputError for a name that is not one, a file that is missing or not TOML (with the line), and for unknown,
    missing or wrong keys, all of them in one message.
    """
    require_claim_name(name)
    path = workspace.proofs / name / CLAIM_FILE
    if not path.is_file():
        known = ", ".join(workspace.claim_names()) or "none"
        raise InputError(f"{workspace.relative(path)}: there is no such claim. Claims here: {known}.")
    for other in workspace.claim_names():
        if other != name and other.replace("-", "") == name.replace("-", ""):
            raise InputError(f"{name} and {other} have the same name in Lean. Rename one of the folders.")
    workspace.require_inside(path)
    content = read_bytes(path, MAX_BYTES)
    return LoadedClaim(name, path, hashlib.sha256(content).hexdigest(), parse_claim(content, workspace.relative(path)))


def require_claim_name(name: str) -> None:
    """Raise InputError for a name that no claim can have."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not the name of a claim: expected at most 64 lower-case letters, digits and dashes, a letter "
            "first. Rename its folder."
        )


def parse_claim(content: bytes, where: str) -> Claim:
    """The claim in a TOML file. `where` names the file in messages. Raises InputError as `load_claim` does."""
    for number, line in enumerate(content.splitlines(), 1):
        if line.count(b".") > _MAX_DOTS:
            raise InputError(f"{where}: line {number} has more than {_MAX_DOTS} dots. No key of a claim needs them.")
    try:
        data = tomllib.loads(content.decode())
    except RecursionError as error:
        raise InputError(f"{where}: not TOML of a claim: brackets are nested too deeply. Remove them.") from error
    except ValueError as error:  # of TOML, of UTF-8, or of an integer of thousands of digits
        end = content.count(b"\n") + 1
        message = str(error).replace("at end of document", f"at the end, line {end}").partition(";")[0]
        raise InputError(f"{where}: not TOML: {message}.") from error
    _require_small(data, where)
    try:
        return Claim.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{where}: {_faults(error)}.") from error


def _require_small(data: dict[str, object], where: str) -> None:
    """Raise InputError for an integer that could not be printed."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), data)]
    for keys, value in waiting:
        if isinstance(value, dict):
            waiting += [((*keys, name), item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(keys, item) for item in value]
        elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
            size = f"an integer of {value.bit_length()} bits, expected at most {_MAX_BITS}"
            raise InputError(f"{where}: {_key(keys)} is {size}. Make it smaller.")


def _faults(error: ValidationError) -> str:
    """Every fault, keys as `[table] key`."""
    unknown, missing, wrong = [], [], []
    for item in error.errors(include_url=False):
        if item["type"] == ("int_type" if isinstance(item["input"], dict) else "dict_type") and "bits" in item["loc"]:
            continue  # the other way of giving bits
        if not item["loc"]:  # of the claim as a whole
            wrong.append(item["msg"].removeprefix("Value error, "))
            continue
        key = _key(item["loc"])
        if item["type"] == "extra_forbidden":
            unknown.append(key)
        elif item["type"] in ("missing", "union_tag_not_found"):
            missing.append(key if item["type"] == "missing" else f"{key} {_TAGS[str(item['loc'][-1])][0]}")
        elif item["type"] == "union_tag_invalid":
            tag, known = _TAGS[str(item["loc"][-1])]
            wrong.append(f"{key} {tag} is {shortened(item['input'].get(tag))}: expected one of {', '.join(known)}")
        else:
            message = item["msg"].removeprefix("Value error, ")
            wrong.append(f"{key} is {shortened(item['input'])}: {message[0].lower()}{message[1:]}")
    parts = [f"unknown keys: {', '.join(unknown)}"] if unknown else []
    parts += [f"missing keys: {', '.join(missing)}"] if missing else []
    return "; ".join(parts + wrong)


def _key(loc: tuple[int | str, ...]) -> str:
    parts = [str(part) for part in loc]
    tables = {*Claim.model_fields} - {"schema_version"}
    if parts[:2] == ["other", "quantisation"]:
        parts[:2] = ["other.quantisation"]
        tables.add(parts[0])
    table = parts[0].rpartition(".")[2]
    if table in _TAGS and len(parts) > 1 and parts[1] in _TAGS[table][1]:
        del parts[1]
    if table == "quantisation" and parts[1:2] == ["bits"]:
        parts = parts[:2] + [part for part in parts[2:] if part.isidentifier() and part not in ("int", "dict")]
    if len(parts) == 1:
        return f"[{parts[0]}]" if parts[0] in tables else parts[0]
    return f"[{parts[0]}] {'.'.join(parts[1:])}"
