"""The lock: what a repository's claims are about, pinned by digest and, for weights, by value.

`leanbound.lock` is committed. It pins the templates of statements, the Lean specification, the rest of leanbound's Lean
library, the toolchain, and for each claim the property, the checkpoint and every quantised weight, so that a change can
be shown in words. A claim is audited against the lock, and the lock against the repository.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, SerializeAsAny

from leanbound.audit.source_policy import OWN_ROOTS
from leanbound.claims.claim import LoadedClaim, ModelRef
from leanbound.claims.properties import ClaimedProperty
from leanbound.claims.specification import all_constants
from leanbound.claims.workspace import Workspace
from leanbound.errors import InputError
from leanbound.families.config import Architecture
from leanbound.families.quantisation import Quantisation
from leanbound.families.quantised import FixedTensor, Quantised, entries
from leanbound.families.registry import family_of, parse_config
from leanbound.files import read_json, write_file
from leanbound.lean.files import sha256_file
from leanbound.lean.modules import module_graph
from leanbound.strategies.certificate import Hex

LOCK_FILE: Final = "leanbound.lock"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LockedToolchain(_Part):
    """The Lean that may check proofs; the native and the embedded build of one commit are the same Lean."""

    version: str
    commit: str


class LockedTensor(_Part):
    """A `FixedTensor`, each row one numeral."""

    shape: tuple[int, int]
    width: int = Field(ge=2, le=512)
    frac: int = Field(ge=0)
    rows: tuple[Hex, ...] = Field(description="FixedTensor.numeral of each row")

    @classmethod
    def of(cls, tensor: FixedTensor) -> Self:
        """Pin a tensor."""
        rows = tuple(tensor.numeral(i) for i in range(tensor.shape[0]))
        return cls(shape=tensor.shape, width=tensor.width, frac=tensor.frac, rows=rows)

    def integers(self) -> tuple[tuple[int, ...], ...]:
        """The entries, times 2 ** frac, row by row."""
        return tuple(entries(row, self.width, self.shape[1]) for row in self.rows)


class LockedModel(_Part):
    """A quantised model, weight by weight, and where it comes from."""

    quantisation: Quantisation
    model: str = Field(description="path of the checkpoint")
    model_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file that holds the weights")
    config: Annotated[SerializeAsAny[Architecture], PlainValidator(parse_config)]
    quantised_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="Quantised.digest")
    tensors: dict[str, LockedTensor]

    def quantised(self) -> Quantised:
        """The model that is pinned. Raises InputError when the lock contradicts itself."""
        kind = family_of(self.config).quantised_type
        tensors = [
            {"name": name, "shape": item.shape, "width": item.width, "frac": item.frac, "ints": item.integers()}
            for name in kind.names_of(self.config)
            if (item := self.tensors.get(name)) is not None
        ]
        try:
            model = kind.model_validate(
                {
                    "config": self.config,
                    "mode": self.quantisation.mode,
                    "checkpoint_digest": self.model_digest,
                    "tensors": tuple(tensors),
                }
            )
        except ValueError as error:
            raise InputError(f"{LOCK_FILE}: the weights of {self.model} are malformed: {error}. {REMEDY}") from error
        if model.digest != self.quantised_digest:
            raise InputError(f"{LOCK_FILE}: the weights of {self.model} are not those of their digest. {REMEDY}")
        return model


class LockedClaim(LockedModel):
    """All that the statement of a claim says."""

    property: ClaimedProperty
    other: LockedModel | None = Field(default=None, description="the second model of a claim that compares two")

    @classmethod
    def of(cls, loaded: LoadedClaim, models: Sequence[Quantised]) -> Self:
        """Pin a claim about quantised models, which are those that `Claim.models` names."""
        model, *others = (
            _pinned(reference, quantisation, quantised)
            for (reference, quantisation), quantised in zip(loaded.claim.models(), models, strict=True)
        )
        other = LockedModel(**others[0]) if others else None
        return cls(property=loaded.claim.property, other=other, **model)

    def models(self) -> tuple[LockedModel, ...]:
        """The models that the claim is about, the first one first."""
        return (self,) if self.other is None else (self, self.other)


def _pinned(reference: ModelRef, quantisation: Quantisation, model: Quantised) -> dict[str, Any]:
    """The fields of a `LockedModel`."""
    return {
        "quantisation": quantisation,
        "model": reference.path,
        "model_digest": reference.digest,
        "config": model.config,
        "quantised_digest": model.digest,
        "tensors": {tensor.name: LockedTensor.of(tensor) for tensor in model.tensors},
    }


class Lock(_Part):
    """Everything that is pinned; paths are relative to the repository."""

    schema_version: Literal[1] = 1
    toolchain: LockedToolchain
    templates: dict[str, str] = Field(description="templates of statements -> SHA-256")
    specification: dict[str, str] = Field(description="Lean sources that statements rest on -> SHA-256")
    library: dict[str, str] = Field(description="leanbound's other Lean sources -> SHA-256")
    meanings: dict[str, str] = Field(
        description="constants of the specification -> digest of all that they unfold to, as Lean has it"
    )
    claims: dict[str, LockedClaim]

    def to_bytes(self) -> bytes:
        """The JSON of the lock: equal locks give equal bytes."""
        return (json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1, sort_keys=True) + "\n").encode()

    def save(self, workspace: Workspace) -> None:
        """Write the lock whole or not at all. Raises InputError when it cannot be written."""
        write_file(lock_path(workspace), self.to_bytes())


REMEDY: Final = "Look at what changed with `leanbound lock --check`, then pin it with `leanbound lock`."


def lock_path(workspace: Workspace) -> Path:
    """Where the lock lies."""
    return workspace.root / LOCK_FILE


def load_lock(workspace: Workspace) -> Lock:
    """The committed lock. Raises InputError when there is none, or it is malformed."""
    path = lock_path(workspace)
    if not path.is_file():
        raise InputError(f"{LOCK_FILE}: there is none. Pin the repository's claims with `leanbound lock`.")
    return read_json(path, Lock)


def statement_templates(workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every template of statements."""
    return _digests(workspace, sorted((workspace.templates / "statements").rglob("*.j2")))


def specification_sources(workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every Lean source that a statement imports, directly or not."""
    modules = [constant.module for constant in all_constants()]
    graph = module_graph(modules, [workspace.lean], lambda name: name.split(".")[0] not in OWN_ROOTS)
    return _digests(workspace, sorted(module.path for module in graph.values()))


def library_sources(workspace: Workspace) -> dict[str, str]:
    """SHA-256 of every other Lean source of the library."""
    specification = specification_sources(workspace)
    found = _digests(workspace, sorted((workspace.lean / "LeanBound").rglob("*.lean")))
    return {path: digest for path, digest in found.items() if path not in specification}


def _digests(workspace: Workspace, paths: list[Path]) -> dict[str, str]:
    return {workspace.relative(path): sha256_file(path) for path in paths}
