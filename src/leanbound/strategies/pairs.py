"""The strategies for MLPs on pairs of tokens. Imports no numpy until a certificate is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanbound.lean_source import pairs
from leanbound.pairs.quantised import QuantisedPairMlp
from leanbound.properties import OnTask
from leanbound.property_base import Property
from leanbound.strategies.base import MODULE_BYTES, Proof, Strategy
from leanbound.strategies.pair_certificate import PairCertificate


@dataclass(frozen=True)
class AllPairs(Strategy):
    """Every pair by itself: the count is exact."""

    architecture = "pair-mlp"
    kinds = ("accuracy", "weighted-accuracy", "failures", "never", "agreement", "loss")

    def search(
        self, model: QuantisedPairMlp, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> PairCertificate:
        from leanbound.strategies.pair_search import certify_property

        return certify_property(model, claimed)

    def compare(
        self,
        model: QuantisedPairMlp,
        other: QuantisedPairMlp,
        claimed: Property,
        progress: bool,
        options: Mapping[str, Any],
    ) -> PairCertificate:
        from leanbound.strategies.pair_search import certify_property

        return certify_property(model, claimed, other)

    def load(self, path: Path) -> PairCertificate:
        return PairCertificate.load(path)

    def question(self, certificate: PairCertificate) -> Property:
        return certificate.claimed

    def proof(self, model: QuantisedPairMlp, certificate: PairCertificate) -> Proof:
        from leanbound.templating import Page

        step = tokens_per_module(model, certificate)
        starts = range(0, len(certificate.counts), step)
        modules = [Page("Lanes", "proofs/all-pairs/Lanes.lean.j2")]
        for start in starts:
            more = {"start": start, "counts": certificate.counts[start : start + step]}
            modules.append(Page(f"Tokens{start}", "proofs/all-pairs/Tokens.lean.j2", more))
        context = {
            "lanes": certificate.lanes,
            "loss": certificate.loss,
            "shifts": certificate.shifts,
            "other": certificate.other,
            "token_starts": starts,
            "pairs": pairs,
            **_target(certificate.claimed),
        }
        return Proof(context, modules)


def tokens_per_module(model: QuantisedPairMlp, certificate: PairCertificate) -> int:
    """How many first tokens one theorem checks, in a module of its own: so many that its memory stays bounded.

    The kernel keeps four numbers of the size of a logit matrix for each hidden unit of each first token, and of the
    loss twelve for each constant.
    """
    p, h = model.config.d_vocab, model.config.d_hidden
    kept = 4 * h * certificate.lanes.stride
    if certificate.other is not None:
        kept += 4 * h * certificate.other.lanes.stride
    if certificate.loss is not None:
        kept += 12 * len(certificate.loss.consts) * certificate.lanes.stride
    return max(1, MODULE_BYTES // (kept * p // 8))


def _target(claimed: Property) -> Mapping[str, str]:
    """The target as the kernel computes it, and the lemma that it is the task's."""
    if not isinstance(claimed, OnTask):
        return {"target": "", "target_lemma": ""}
    if claimed.table is not None:
        return {"target": "(tableEntry table)", "target_lemma": "(composed_eq table)"}
    return {"target": f"(addMod {claimed.modulus})", "target_lemma": f"(sumMod_eq {claimed.modulus})"}
