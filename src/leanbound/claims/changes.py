"""What differs between the lock and the repository, in words a reviewer can act on. Imports no torch.

Weights are compared as what the checkpoint gives now, quantised as the claim says, and not by its digest alone.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from pydantic import BaseModel

from leanbound.claims.claim import LoadedClaim, load_claim
from leanbound.claims.lock import (
    Lock,
    LockedClaim,
    LockedModel,
    LockedTensor,
    library_sources,
    load_lock,
    specification_sources,
    statement_templates,
)
from leanbound.claims.workspace import Workspace
from leanbound.errors import LeanboundError
from leanbound.families.quantised import Quantised
from leanbound.families.registry import family_of, load_model

#: What goes before a line about each model of a claim.
MODELS: Final = ("", "the other model: ")
#: Changed weights of one tensor that are shown one by one.
MAX_SHOWN: Final = 8


def lock_differences(workspace: Workspace) -> list[str]:
    """Every difference, a line each; empty if the lock holds. Raises InputError when there is no lock to compare."""
    lock = load_lock(workspace)
    lines = [
        *_files("the statement template", lock.templates, statement_templates(workspace)),
        *_files("the specification", lock.specification, specification_sources(workspace)),
        *_files("leanbound's library", lock.library, library_sources(workspace)),
    ]
    present = workspace.claim_names()
    lines += [f"claim {name} is not locked" for name in present if name not in lock.claims]
    lines += [f"claim {name} is locked, but there is none" for name in sorted(lock.claims) if name not in present]
    for name in present:
        if name in lock.claims:
            lines += [f"{name}: {line}" for line in claim_differences(workspace, lock, name)]
    return lines


def claim_differences(workspace: Workspace, lock: Lock, name: str) -> list[str]:
    """What differs between a claim and its entry in the lock."""
    try:
        loaded = load_claim(workspace, name)
    except LeanboundError as error:
        return [error.message]
    locked = lock.claims[name]
    lines = [*_statement(locked, loaded)]
    try:
        models = quantised_models(workspace, loaded)
    except LeanboundError as error:
        return [*lines, error.message]
    for name, before, model in zip(MODELS, locked.models(), models, strict=False):
        lines += [f"{name}{line}" for line in model_changes(before, model)]
    return lines


def quantised_models(workspace: Workspace, loaded: LoadedClaim) -> list[Quantised]:
    """The weights of a claim's models as their checkpoints give them now. Raises LeanboundError as the loaders do."""
    found = []
    for reference, quantisation in loaded.claim.models():
        checkpoint = load_model(workspace.inside(reference.path), reference.n_ctx)
        found.append(family_of(checkpoint.config).quantise(checkpoint, quantisation))
    return found


def model_changes(locked: LockedModel, model: Quantised) -> Iterator[str]:
    """Sizes and weights that differ from the locked ones, as `W_K[3,17] 0.8125 -> 0.8281`."""
    if locked.quantised_digest == model.digest and locked.quantised().digest == model.digest:
        return
    if model.checkpoint_digest != locked.model_digest:
        yield f"the checkpoint {locked.model} has digest {locked.model_digest[:12]} -> {model.checkpoint_digest[:12]}"
    for field, value in model.config:
        if (before := getattr(locked.config, field, None)) != value:
            yield f"{field} {before} -> {value}"
    for tensor in model.tensors:
        before = locked.tensors.get(tensor.name)
        if before is None:
            yield f"{tensor.name} is not locked"
        else:
            yield from _tensor(tensor.name, before, LockedTensor.of(tensor))


def _statement(locked: LockedClaim, loaded: LoadedClaim) -> Iterator[str]:
    claim = loaded.claim
    for field, value in claim.property:
        if (before := getattr(locked.property, field, None)) != value:
            yield from _field(f"the property's {field}", before, value)
    now, before = claim.models(), locked.models()
    if len(now) != len(before):
        yield f"it is of {len(before)} models -> {len(now)}"
    for name, (reference, quantisation), old in zip(MODELS, now, before, strict=False):
        if quantisation != old.quantisation:
            yield f"{name}the quantisation {_words(old.quantisation)} -> {_words(quantisation)}"
        if reference.path != old.model:
            yield f"{name}the model {old.model} -> {reference.path}"
        if reference.digest != old.model_digest:
            yield f"{name}the model's digest {old.model_digest} -> {reference.digest}"


def _field(name: str, before: object, after: object) -> Iterator[str]:
    """A change of a value; of a table as long as it was, row by row, and of a part of the claim, key by key."""
    if isinstance(before, BaseModel) and isinstance(after, BaseModel):
        for key, new in after:
            if (old := getattr(before, key, None)) != new:
                yield from _field(f"{name}.{key}", old, new)
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                yield from _field(f"{name}[{i}]", old, new)
    else:
        yield f"{name} {before} -> {after}"


def _words(quantisation: object) -> str:
    bits = getattr(quantisation, "bits", None)
    return "exact" if bits is None else f"{bits} bits"


def _tensor(name: str, before: LockedTensor, after: LockedTensor) -> Iterator[str]:
    if before == after:
        return
    if before.shape != after.shape:
        yield f"{name} is {_by(before.shape)} -> {_by(after.shape)}"
        return
    if (before.width, before.frac) != (after.width, after.frac):
        yield f"{name} has {before.width} bits over 2^{before.frac} -> {after.width} bits over 2^{after.frac}"
    changed = [
        f"{name}[{i},{j}] {_decimal(a, before.frac)} -> {_decimal(b, after.frac)}"
        for i, (old, new) in enumerate(zip(before.integers(), after.integers(), strict=True))
        for j, (a, b) in enumerate(zip(old, new, strict=True))
        if Fraction(a, 1 << before.frac) != Fraction(b, 1 << after.frac)
    ]
    yield from changed[:MAX_SHOWN]
    if len(changed) > MAX_SHOWN:
        yield f"and {len(changed) - MAX_SHOWN} more of the {before.shape[0] * before.shape[1]} entries of {name}"


def _by(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _decimal(integer: int, frac: int) -> str:
    """A dyadic rational to four decimals, or to as many as tell it from zero."""
    value = integer / (1 << frac) if frac < 1000 else float(Fraction(integer, 1 << frac))
    return f"{value:.4f}" if value == 0 or abs(value) >= 1e-3 else f"{value:.4g}"


def _files(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        if path not in after:
            yield f"{what} {path} is gone"
        elif path not in before:
            yield f"{what} {path} is new"
        elif before[path] != after[path]:
            yield f"{what} {path} has changed"
