"""The strategies for MLPs on pairs of tokens. Imports no numpy until a certificate is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leanbound.pairs.quantised import QuantisedPairMlp
from leanbound.properties import Property, on_pairs
from leanbound.strategies.base import Proof, Strategy
from leanbound.strategies.pair_certificate import PairCertificate, PairLanes

#: About so many bytes of numbers does the kernel keep from one module, besides what it starts with.
MODULE_BYTES: Final = 500 * 2**20


@dataclass(frozen=True)
class AllPairs(Strategy):
    """Every pair by itself: the count is exact."""

    architecture = "pair-mlp"

    def search(
        self, model: QuantisedPairMlp, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> PairCertificate:
        from leanbound.strategies.all_pairs import certify_pairs

        return certify_pairs(model, claimed.pair_task())

    def load(self, path: Path) -> PairCertificate:
        return PairCertificate.load(path)

    def question(self, certificate: PairCertificate) -> Property:
        return on_pairs(certificate.task, 1)

    def proof(self, model: QuantisedPairMlp, certificate: PairCertificate) -> Proof:
        from leanbound.templating import Page

        step = tokens_per_module(model, certificate.lanes)
        starts = range(0, len(certificate.right), step)
        modules = [Page("Lanes", "proofs/all-pairs/Lanes.lean.j2")]
        for start in starts:
            more = {"start": start, "right": certificate.right[start : start + step]}
            modules.append(Page(f"Tokens{start}", "proofs/all-pairs/Tokens.lean.j2", more))
        return Proof({"lanes": certificate.lanes, "token_starts": starts, **_target(certificate)}, modules)


def tokens_per_module(model: QuantisedPairMlp, lanes: PairLanes) -> int:
    """How many first tokens one theorem checks, in a module of its own: so many that its memory stays bounded.

    The kernel keeps four numbers of the size of a logit matrix for each hidden unit of each first token.
    """
    p, h = model.config.d_vocab, model.config.d_hidden
    return max(1, MODULE_BYTES // (4 * h * p * lanes.stride // 8))


def _target(certificate: PairCertificate) -> Mapping[str, str]:
    """The target as the kernel computes it, and the lemma that it is the task's."""
    if certificate.task.table is not None:
        return {"target": "(tableEntry table)", "target_lemma": "(composed_eq table)"}
    modulus = certificate.task.modulus
    return {"target": f"(addMod {modulus})", "target_lemma": f"(sumMod_eq {modulus})"}
