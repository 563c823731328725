"""The strategy for outputs that attention never gives. Imports no numpy until a certificate is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from leanbound.claims.properties import NeverAtAnyLength
from leanbound.claims.property import Property
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.rendering.lean_source import pairs
from leanbound.strategies.base import Proof, Strategy, module_runs
from leanbound.strategies.never_certificate import Excluded, NeverCertificate

#: Numbers as large as a column that a comparison computes, beside two for each weight; and comparisons of a mixture.
_COLUMNS: Final = 6
_COMPARISONS: Final = 4


@dataclass(frozen=True)
class Convexity(Strategy):
    """Mixtures of outputs that are ahead wherever the attention goes."""

    architecture = "attention-only"
    kinds = ("never-at-any-length",)

    def search(
        self, model: QuantisedModel, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> NeverCertificate:
        from leanbound.strategies.convexity import certify_never

        wanted = cast(NeverAtAnyLength, claimed)  # the only kind that is served
        return certify_never(model, wanted.queries, wanted.tokens, wanted.outputs)

    def load(self, path: Path) -> NeverCertificate:
        return NeverCertificate.load(path)

    def question(self, certificate: NeverCertificate) -> Property:
        return NeverAtAnyLength(
            kind="never-at-any-length",
            queries=certificate.queries,
            tokens=certificate.tokens,
            outputs=certificate.outputs,
        )

    def proof(self, model: QuantisedModel, certificate: NeverCertificate) -> Proof:
        from leanbound.rendering.templating import Page

        modules = [Page("Prefixes", "proofs/convexity/Prefixes.lean.j2")]
        starts = []
        for start, share in _shares(model, certificate):
            starts.append(start)
            more = {"start": start, "excluded": share}
            modules.append(Page(f"Outputs{start}", "proofs/convexity/Outputs.lean.j2", more))
        context = {"plan": certificate.plan, "bits": certificate.bits, "output_starts": starts, "pairs": pairs}
        return Proof(context, modules)


def _shares(model: QuantisedModel, certificate: NeverCertificate) -> list[tuple[int, Sequence[Excluded]]]:
    """Outputs of one module each, by the first: so many that its memory stays bounded."""
    column = (model.config.d_vocab + model.config.n_ctx) * certificate.plan.stride // 8
    sizes = [
        sum(_COMPARISONS * column * (_COLUMNS + 2 * len(mixture.weights)) for mixture in item.mixtures)
        for item in certificate.excluded
    ]
    return [(start, certificate.excluded[start:end]) for start, end in module_runs(sizes)]
