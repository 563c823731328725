"""From a quantised model and a certificate to Lean source: sandboxed Jinja2, deterministic, one folder a claim.

The statement is rendered from `templates/statements`, which is locked; the proof from `templates/proofs`, which anyone
may edit. A proof imports the statement: an edit can make it fail, but cannot change what is claimed. Imports no numpy.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leanbound import __version__
from leanbound.errors import InputError
from leanbound.forked import ForkLimits, collect
from leanbound.models.files import RECORD_LIMIT, read_bytes, write_file
from leanbound.quantised import QuantisedModel
from leanbound.strategies import STRATEGIES, Share
from leanbound.strategies.certificate import Certificate, Counts, Envelope, PoolCertificate, Split
from leanbound.strategies.shards import Theorem, theorems

#: Longer numerals are written in pieces of this many bits.
PIECE_BITS = 3072
#: Checked by one theorem, which evaluates once what they share: the tables; few enough to fit into memory.
POOLS_PER_THEOREM = 16


class TemplateError(InputError):
    """Raised when a template cannot be read or rendered; the message names the template and the line."""


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
    from leanbound.new_repository import source

    return source() / "templates"


def claim_id(name: str) -> str:
    """The Lean name of a claim: `max-of-4` is `MaxOf4`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))


def render_claim(
    name: str,
    model: QuantisedModel,
    at_least: int,
    certificate: Certificate,
    templates: Path | None = None,
    limits: ForkLimits | None = None,
) -> RenderedClaim:
    """Render the statement that the model is right on `at_least` inputs, and its proof from the certificate.

    Raises TemplateError for a fault in a template, or when all of them together pass one of the `limits`; InputError
    when the certificate is of another model.
    """
    if certificate.model_digest != model.digest:
        raise InputError(
            f"certificate.model_digest is {certificate.model_digest}, expected {model.digest}: "
            "the certificate is of another model; make a new one with `leanbound certify`"
        )
    renderer = _Renderer(name, model, at_least, certificate, templates or default_templates())
    return renderer.render(limits or ForkLimits())


class _Wanted(NamedTuple):
    """A module to render."""

    module: str
    template: str
    more: Mapping[str, object] = {}
    """Of the context, for this module only."""


class _Renderer:
    def __init__(
        self, name: str, model: QuantisedModel, at_least: int, certificate: Certificate, templates: Path
    ) -> None:
        self.model = model
        self.certificate = certificate
        self.names = ClaimNames.of(name)
        self.namespace = self.names.namespace
        self.root = templates
        self.loader = _Loader(templates)
        self.environment = _environment(self.loader)
        self.context: dict[str, Any] = {
            "name": name,
            "namespace": self.namespace,
            "config": model.config.model_dump(),
            "inputs": certificate.inputs,
            "at_least": at_least,
            "model_digest": model.digest,
            "plan": certificate.plan,
            "total": certificate.proved,
            "tensors": [_tensor(model, tensor.name) for tensor in model.tensors],
            "natural": natural,
            "naturals": naturals,
            "plain_numerals": plain_numerals,
            "splits": splits,
            "counts": counts,
            "envelope": envelope,
            "factors": factors,
            "pool_groups": pool_groups,
            "multiplied": certificate.multiplied,
            "fold_queries": self._fold_queries,
            "join_units": self._join_units,
            "fold_pools": self._fold_pools,
        }

    def render(self, limits: ForkLimits) -> RenderedClaim:
        strategy = self.certificate.strategy
        names = self.names
        modules = {"statement": names.statement_module, "tables": f"{self.namespace}.Tables"}
        modules |= {"proof": names.proof_module, "replay": names.replay_module}
        shares = STRATEGIES[strategy].modules(self.certificate)
        queries = [f"{self.namespace}.Queries{share.start}" for share in shares]
        self.context["modules"] = {**modules, "queries": queries}
        wanted = [
            _Wanted(modules["statement"], "statements/accuracy.lean.j2"),
            _Wanted(modules["tables"], "proofs/tables/Tables.lean.j2"),
        ]
        for share, module in zip(shares, queries, strict=True):
            more = {"start": share.start, "queries": share.queries, "pools": share.pools}
            more["theorems"] = self._theorems(share)
            wanted.append(_Wanted(module, f"proofs/{strategy}/Queries.lean.j2", more))
        wanted.append(_Wanted(modules["proof"], f"proofs/{strategy}/Proof.lean.j2"))
        wanted.append(_Wanted(modules["replay"], "statements/replay.lean.j2"))
        rendered = self._collect(wanted, limits)
        return RenderedClaim(
            modules={item["module"]: item["source"] for item in rendered},
            names=names,
            template_digests={item["template"]: item["digest"] for item in rendered},
            templates={item["module"]: item["template"] for item in rendered},
        )

    def _collect(self, wanted: Sequence[_Wanted], limits: ForkLimits) -> list[dict[str, str]]:
        """Render in a child, which cannot harm this process; see `_modules` for what comes of a template."""
        items, ended = collect(lambda: self._modules(wanted), limits)
        for item in items:
            if "error" in item:
                raise TemplateError(item["error"])
        if ended:
            template = self.root / wanted[min(len(items), len(wanted) - 1)].template
            raise TemplateError(f"{template}: rendering was stopped {ended}. Make the template do less.")
        return items

    def _modules(self, wanted: Iterable[_Wanted]) -> Iterator[dict[str, str]]:
        origin = f"-- model {self.model.digest}, certificate {self.certificate.digest}\n"
        for module, template, more in wanted:
            try:
                body = self._body(template, more)
            except TemplateError as error:
                yield {"error": error.message}
                return
            digest = self.loader.digests[template]
            source = f"-- Generated by leanbound {__version__} from {template}, SHA-256 {digest}\n{origin}" + body
            yield {"module": module, "template": template, "digest": digest, "source": source}

    def _body(self, template: str, more: Mapping[str, object]) -> str:
        try:
            return self.environment.get_template(template).render({**self.context, **more}).lstrip("\n")
        except TemplateNotFound as error:
            raise TemplateError(f"template {self.root / template} does not exist: {error.message}") from None
        except TemplateSyntaxError as error:
            raise TemplateError(f"{self.root / template}:{error.lineno}: {error.message}") from None
        except InputError as error:
            raise TemplateError(error.message) from None
        except Exception as error:  # a template can raise any: it calls what it is given with what it likes
            line = _line_of(error, str(self.root / template))
            reason = "it needs too much memory" if isinstance(error, MemoryError) else error
            raise TemplateError(f"{self.root / template}:{line}: {reason}") from None

    def _fold_queries(self, lemma: str) -> str:
        shares = STRATEGIES[self.certificate.strategy].modules(self.certificate)
        return _fold("Covered.append", [f"({lemma} queries{share.start})" for share in shares])

    def _join_units(self, lemma: str) -> str:
        shares = STRATEGIES[self.certificate.strategy].modules(self.certificate)
        starts = [theorem.start for share in shares for theorem in self._theorems(share)]
        return _join("RightUnits.append", [f"({lemma} units{start})" for start in starts])

    def _fold_pools(self, lemma: str) -> str:
        shares = STRATEGIES[self.certificate.strategy].modules(self.certificate)
        groups = [group for share in shares for group in pool_groups(share.pools)]
        return _fold("ProvedQueries.append", [f"({lemma} {fact})" for group in groups for fact in _facts(group)])

    def _theorems(self, share: Share) -> list[Theorem]:
        """For a strategy that divides queries into parts: the theorems of a module."""
        return theorems(self.certificate, share.start, len(share.queries))


class _Loader(BaseLoader):
    """Templates below a folder, regular files of at most 1 MiB; no link leads out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.digests: dict[str, str] = {}
        """template -> SHA-256 of what was read"""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._root.joinpath(*split_template_path(template))
        if not path.exists():
            raise TemplateNotFound(template)
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise InputError(f"{path}: leads out of {self._root}. Replace the link by what it leads to.")
        content = read_bytes(path, RECORD_LIMIT)
        self.digests[template] = hashlib.sha256(content).hexdigest()
        return content.decode(), str(path), lambda: True


def _environment(loader: _Loader) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _line_of(error: BaseException, template: str) -> int:
    """The line of the template at which rendering failed: Jinja2 puts it into the traceback."""
    line, traceback = 0, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == template:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def natural(value: int) -> str:
    """A natural number as the literal that the kernel computes with, without a type-class instance around it.

    A long one is written in pieces, lowest first, because Lean reads a numeral in time quadratic in its digits.
    """
    if value.bit_length() <= PIECE_BITS:
        return f"nat_lit {value:#x}"
    low = value & ((1 << PIECE_BITS) - 1)
    return f"cat {PIECE_BITS} (nat_lit {low:#x}) ({natural(value >> PIECE_BITS)})"


def naturals(values: Sequence[int]) -> str:
    """A list of natural numbers, one to a line, long ones in pieces."""
    return _lines(natural(value) for value in values)


def plain_numerals(values: Sequence[int]) -> str:
    """A list of natural numbers, one to a line, each a single numeral: what a reader of a statement wants."""
    return _lines(f"{value:#x}" for value in values)


def _lines(items: Iterable[str]) -> str:
    return "[" + ",\n    ".join(items) + "]"


def splits(items: Sequence[Split]) -> str:
    """The classes of a query that are split, each a maximum and the numerals of its patterns."""
    return "[" + ", ".join(f"({item.maximum}, {_numerals(item.excluded)})" for item in items) + "]"


def counts(items: Sequence[Counts]) -> str:
    """The classes of a query that are taken apart by counts, each a maximum and its numbers."""
    return "[" + ", ".join(f"({item.maximum}, {item.near}, {item.rest}, {list(item.allowed)})" for item in items) + "]"


def envelope(item: Envelope) -> str:
    """The certificate of an envelope, an anonymous constructor in the order of the fields."""
    queries = ", ".join(f"({scale:#x}, {shift:#x})" for scale, shift in item.queries)
    numbers = ", ".join(f"({natural(value)})" for value in (item.low, item.high, item.least, item.most))
    return f"⟨{item.bits}, {numbers},\n    [{queries}]⟩"


def factors(pool: PoolCertificate) -> str:
    """The certificate of the factors of a pool, an anonymous constructor in the order of the fields."""
    item = pool.factors
    if item is None:
        raise InputError(f"pool {pool.start} has no factors")
    scales = sum(scale << (item.bits * j) for j, (scale, _) in enumerate(pool.attention.queries))
    queries = (1 << (item.bits - 1), scales, item.centre, item.radius)
    keys = (item.direction, item.along, item.token_low, item.token_high, item.position_low, item.position_high)
    numbers = (*queries, *keys, item.top, item.least, item.most)
    return f"⟨{item.bits}, " + ",\n    ".join(f"({natural(number)})" for number in numbers) + "⟩"


def pool_groups(pools: Sequence[PoolCertificate]) -> list[Sequence[PoolCertificate]]:
    """The pools of a module, by the theorem that checks them."""
    return [pools[first : first + POOLS_PER_THEOREM] for first in range(0, len(pools), POOLS_PER_THEOREM)]


def _facts(group: Sequence[PoolCertificate]) -> Iterator[str]:
    """What the theorem of a group says of each of its pools: a conjunction, taken apart."""
    rest = f"holds{group[0].start}"
    for _ in group[:-1]:
        yield f"(both_eq_true.1 {rest}).1"
        rest = f"(both_eq_true.1 {rest}).2"
    yield rest


def _numerals(values: Sequence[int]) -> str:
    return "[" + ", ".join(f"{value:#x}" if value else "0" for value in values) + "]"


def _fold(lemma: str, terms: Sequence[str]) -> str:
    """`lemma t0 rfl <| lemma t1 rfl <| … tn`, for facts about consecutive ranges."""
    *first, last = terms
    opened = "".join(f"{lemma} {term} rfl <|\n  " for term in first)
    return opened + last


def _join(lemma: str, terms: Sequence[str]) -> str:
    """`(lemma t0 … t1)`, the terms in a balanced tree: Lean runs out of stack for hundreds of them in a row."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    left, right = _join(lemma, terms[:half]), _join(lemma, terms[half:])
    return f"({lemma}\n  {left}\n  (by decide +kernel)\n  {right})"


def _tensor(model: QuantisedModel, name: str) -> dict[str, object]:
    tensor = model[name]
    rows = [tensor.numeral(i) for i in range(tensor.shape[0])]
    return {"name": name, "shape": tensor.shape, "width": tensor.width, "frac": tensor.frac, "rows": rows}
