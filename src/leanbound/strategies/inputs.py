"""The strategy for small attention-only models. Imports no numpy until a certificate is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leanbound.claims.property import Property
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.strategies.base import Proof, Strategy
from leanbound.strategies.input_certificate import InputCertificate

#: One Lean module goes through so many inputs, and one first token at least; of the loss, through fewer.
INPUTS_PER_MODULE: Final = 1 << 10
LOSSES_PER_MODULE: Final = 1 << 8


@dataclass(frozen=True)
class EveryInput(Strategy):
    """Every input by itself, one after the other."""

    architecture = "attention-only"
    kinds = ("weighted-accuracy", "agreement", "loss")

    def search(
        self, model: QuantisedModel, claimed: Property, progress: bool, options: Mapping[str, Any]
    ) -> InputCertificate:
        from leanbound.strategies.input_search import certify_inputs

        return certify_inputs(model, claimed, **options)

    def compare(
        self,
        model: QuantisedModel,
        other: QuantisedModel,
        claimed: Property,
        progress: bool,
        options: Mapping[str, Any],
    ) -> InputCertificate:
        from leanbound.strategies.input_search import certify_inputs

        return certify_inputs(model, claimed, **options, other=other)

    def load(self, path: Path) -> InputCertificate:
        return InputCertificate.load(path)

    def question(self, certificate: InputCertificate) -> Property:
        return certificate.claimed

    def proof(self, model: QuantisedModel, certificate: InputCertificate) -> Proof:
        from leanbound.rendering.templating import Page

        modules, other = [Page("Tables", "proofs/tables/Tables.lean.j2")], certificate.other
        if other is not None:
            modules.append(Page("OtherTables", "proofs/tables/Tables.lean.j2", {"plan": other.plan, "inner": ".Other"}))
        if certificate.loss is not None:
            modules.append(Page("Losses", "proofs/every-input/Losses.lean.j2"))
        most = INPUTS_PER_MODULE if certificate.loss is None else LOSSES_PER_MODULE
        of_token = int(model.config.d_vocab ** (model.config.n_ctx - 1))
        starts = range(0, model.config.d_vocab, max(1, most // of_token))
        for start in starts:
            more = {"start": start, "counts": certificate.counts[start : start + starts.step]}
            modules.append(Page(f"Tokens{start}", "proofs/every-input/Tokens.lean.j2", more))
        context = {
            "plan": certificate.plan,
            "multiplied": "all",
            "outputs": () if other is None else other.outputs,
            "loss": certificate.loss,
            "token_starts": starts,
        }
        return Proof(context, modules)
