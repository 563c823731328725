"""From a quantised model, a property and a certificate to Lean source: deterministic, one folder a claim.

The statement is rendered from `templates/statements`, which is locked; the proof from `templates/proofs`, which anyone
may edit. A proof imports the statement: an edit can make it fail, but cannot change what is claimed. Imports no numpy.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from leanbound import __version__
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.files import write_file
from leanbound.rendering.forked import ForkLimits
from leanbound.rendering.lean_source import (
    join,
    natural,
    naturals,
    numbers,
    plain_numerals,
    rows_of_numbers,
    tensor_rows,
)
from leanbound.rendering.templating import Page, render_pages
from leanbound.strategies import AnyCertificate, find_strategy


@dataclass(frozen=True)
class ClaimNames:
    """What a claim's modules and constants are called in Lean."""

    namespace: str

    @classmethod
    def of(cls, claim: str) -> Self:
        """The names of a claim of `proofs/`."""
        return cls(f"Claims.{claim_id(claim)}")

    @property
    def statement_module(self) -> str:
        return f"{self.namespace}.Statement"

    @property
    def proof_module(self) -> str:
        return f"{self.namespace}.Proof"

    @property
    def replay_module(self) -> str:
        """States the claim once more, spelled out, and closes it by the proof."""
        return f"{self.namespace}.Replay"

    @property
    def claim(self) -> str:
        """The constant that states the claim."""
        return f"{self.namespace}.Claim"

    @property
    def theorem(self) -> str:
        """The constant that proves it."""
        return f"{self.namespace}.proved"

    @property
    def replay(self) -> str:
        """The constant of the replay module that proves what the claim unfolds to."""
        return f"{self.namespace}.replayed"


@dataclass(frozen=True)
class RenderedClaim:
    """The Lean modules of one claim."""

    modules: Mapping[str, str]
    """module name -> source"""
    names: ClaimNames
    template_digests: Mapping[str, str]
    """template -> SHA-256"""
    templates: Mapping[str, str]
    """module name -> template"""

    def write(self, root: Path) -> None:
        """Write every module under the source root, each whole or not at all, and remove what an earlier run left."""
        paths = {
            root / Path(*module.split(".")).with_suffix(".lean"): source for module, source in self.modules.items()
        }
        for path, source in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_text() != source:
                write_file(path, source.encode())
        for path in {path.parent for path in paths}:
            for stale in set(path.glob("*.lean")) - set(paths):
                stale.unlink()


@cache
def default_templates() -> Path:
    """The templates of this repository."""
    from leanbound.claims.new_repository import source

    return source() / "templates"


def claim_id(name: str) -> str:
    """The Lean name of a claim: `max-of-4` is `MaxOf4`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))


def render_claim(
    name: str,
    model: Any,
    claimed: Property,
    certificate: AnyCertificate,
    templates: Path | None = None,
    limits: ForkLimits | None = None,
    other: Any = None,
) -> RenderedClaim:
    """Render the statement that the model has the property, and its proof from the certificate.

    `other` is the second model of an agreement.

    Raises TemplateError for a fault in a template, or when all of them together pass one of the `limits`; InputError
    when the certificate is of another model.
    """
    if certificate.model_digest != model.digest:
        raise InputError(
            f"certificate.model_digest is {certificate.model_digest}, expected {model.digest}: "
            "the certificate is of another model; make a new one with `leanbound certify`"
        )
    names = ClaimNames.of(name)
    proof = find_strategy(certificate.strategy).proof(model, certificate)
    own = [page._replace(name=f"{names.namespace}.{page.name}") for page in proof.modules]
    pages = [
        Page(names.statement_module, f"statements/{claimed.kind}.lean.j2"),
        *own,
        Page(names.proof_module, f"proofs/{certificate.strategy}/Proof.lean.j2"),
        Page(names.replay_module, f"statements/{claimed.kind}-replay.lean.j2"),
    ]
    context = {
        "name": name,
        "namespace": names.namespace,
        "modules": _modules_by_name([page.name for page in pages]),
        **_model(model),
        **model.config.model_dump(include={"n_ctx"}),
        "inputs": certificate.inputs,
        "property": claimed.for_templates(),
        "second": None if other is None else _model(other),
        "total": certificate.proved,
        "natural": natural,
        "naturals": naturals,
        "plain_numerals": plain_numerals,
        "numbers": numbers,
        "rows_of_numbers": rows_of_numbers,
        "join": join,
        **proof.context,
    }
    rendered = render_pages(templates or default_templates(), pages, context, limits or ForkLimits())
    origin = f"-- model {model.digest}, certificate {certificate.digest}\n"
    generated = f"-- Generated by leanbound {__version__} from"
    return RenderedClaim(
        modules={
            page.name: f"{generated} {page.template}, SHA-256 {page.digest}\n{origin}{page.text}" for page in rendered
        },
        names=names,
        template_digests={page.template: page.digest for page in rendered},
        templates={page.name: page.template for page in rendered},
    )


def _model(model: Any) -> dict[str, object]:
    """A quantised model as templates see it."""
    return {
        "config": model.config.model_dump(),
        "model_digest": model.digest,
        "tensors": [tensor_rows(tensor) for tensor in model.tensors],
    }


def _modules_by_name(modules: Sequence[str]) -> Mapping[str, str | list[str]]:
    """Modules as templates refer to them: see `strategies.base.Proof`."""
    found: dict[str, str | list[str]] = {}
    for module in modules:
        own = module.rsplit(".", 1)[-1].lower()
        row = own.rstrip("0123456789")
        if row == own:
            found[own] = module
        else:
            found[row] = [*found.get(row, []), module]
    return found
