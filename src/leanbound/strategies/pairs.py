"""The strategies for MLPs on pairs of tokens. Imports no numpy until a certificate is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanbound.claims.properties import OnTask
from leanbound.claims.property import Property
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.rendering.lean_source import pairs
from leanbound.strategies.base import MODULE_BYTES, Proof, Strategy, module_runs
from leanbound.strategies.pair_certificate import PairCertificate, PairLanes
from leanbound.strategies.pair_interval_certificate import PairIntervalCertificate
from leanbound.strategies.symmetry_certificate import SymmetryCertificate


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
        from leanbound.rendering.templating import Page

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


@dataclass(frozen=True)
class Symmetry(Strategy):
    """Every unordered pair by itself: the count is exact."""

    architecture = "pair-mlp"

    def search(
        self, model: QuantisedPairMlp, claimed: Any, progress: bool, options: Mapping[str, Any]
    ) -> SymmetryCertificate:
        from leanbound.strategies.symmetry_search import certify_symmetry

        return certify_symmetry(model, claimed)

    def load(self, path: Path) -> SymmetryCertificate:
        return SymmetryCertificate.load(path)

    def question(self, certificate: SymmetryCertificate) -> Property:
        return certificate.claimed

    def proof(self, model: QuantisedPairMlp, certificate: SymmetryCertificate) -> Proof:
        from leanbound.rendering.templating import Page

        counts, claimed = certificate.counts, certificate.claimed
        modules = [Page("Lanes", "proofs/symmetry/Lanes.lean.j2")]
        runs = diagonal_runs(model, certificate.lanes)
        for run in runs:
            more = {"start": run.start, "diagonals": len(run), "count": sum(counts[run.start : run.stop])}
            modules.append(Page(f"Diagonals{run.start}", "proofs/symmetry/Diagonals.lean.j2", more))
        context = {"lanes": certificate.lanes, "starts": [run.start for run in runs], **_target(claimed)}
        return Proof(context, modules)


@dataclass(frozen=True)
class PairInterval(Strategy):
    """Bounds of all pairs of two groups of tokens at once."""

    architecture = "pair-mlp"

    def search(
        self, model: QuantisedPairMlp, claimed: Any, progress: bool, options: Mapping[str, Any]
    ) -> PairIntervalCertificate:
        from leanbound.strategies.pair_interval_search import GROUP, certify_intervals

        return certify_intervals(model, claimed, options.get("pool", GROUP))

    def load(self, path: Path) -> PairIntervalCertificate:
        return PairIntervalCertificate.load(path)

    def question(self, certificate: PairIntervalCertificate) -> Property:
        return certificate.claimed

    def proof(self, model: QuantisedPairMlp, certificate: PairIntervalCertificate) -> Proof:
        from leanbound.rendering.templating import Page

        groups = len(certificate.counts)
        # The units are multiplied by output weights above zero and below it, for a lower and for an upper bound.
        size = 4 * groups * kept_bytes(model, certificate.lanes)
        modules = [Page("Lanes", "proofs/pair-interval/Lanes.lean.j2")]
        runs = module_runs([size] * groups)
        for start, end in runs:
            more = {"start": start, "counts": certificate.counts[start:end]}
            modules.append(Page(f"Groups{start}", "proofs/pair-interval/Groups.lean.j2", more))
        context = {
            "lanes": certificate.lanes,
            "group": certificate.group,
            "winners": certificate.winners,
            "starts": [start for start, _ in runs],
            **_target(certificate.claimed),
        }
        return Proof(context, modules)


def tokens_per_module(model: QuantisedPairMlp, certificate: PairCertificate) -> int:
    """How many first tokens one theorem checks, in a module of its own: so many that its memory stays bounded.

    Of the loss the kernel keeps twelve numbers for each constant.
    """
    p = model.config.d_vocab
    kept = kept_bytes(model, certificate.lanes)
    if certificate.other is not None:
        kept += kept_bytes(model, certificate.other.lanes)
    if certificate.loss is not None:
        kept += 12 * len(certificate.loss.consts) * certificate.lanes.stride // 8
    return max(1, MODULE_BYTES // (kept * p))


def diagonal_runs(model: QuantisedPairMlp, lanes: PairLanes) -> list[range]:
    """Consecutive diagonals for each module: as many as MODULE_BYTES allow, and at least one.

    Beside the logits the kernel keeps about 60 numbers of a run's size, most of them of the comparison, and two for
    each diagonal, from putting them together.
    """
    p, row = model.config.d_vocab, lanes.stride // 8
    runs = [range(0, 1)]
    for d in range(1, p):
        longer = range(runs[-1].start, d + 1)
        pairs = sum(p - diagonal for diagonal in longer)
        if pairs * (kept_bytes(model, lanes) + (60 + 2 * len(longer)) * row) <= MODULE_BYTES:
            runs[-1] = longer
        else:
            runs.append(range(d, d + 1))
    return runs


def kept_bytes(model: QuantisedPairMlp, lanes: PairLanes) -> int:
    """Bytes that the kernel keeps of the logits of one pair: four numbers of the size of a row for each hidden unit."""
    return 4 * model.config.d_hidden * lanes.stride // 8


def _target(claimed: Property) -> Mapping[str, str]:
    """The target as the kernel computes it, and the lemma that it is the task's."""
    if not isinstance(claimed, OnTask):
        return {"target": "", "target_lemma": ""}
    if claimed.table is not None:
        return {"target": "(tableEntry table)", "target_lemma": "(composed_eq table)"}
    return {"target": f"(addMod {claimed.modulus})", "target_lemma": f"(sumMod_eq {claimed.modulus})"}
