"""From a quantised MLP on pairs and a certificate to Lean source, by the templates of this family. Imports no numpy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanbound.errors import InputError
from leanbound.forked import ForkLimits
from leanbound.pairs.quantised import QuantisedPairMlp
from leanbound.render import (
    ClaimNames,
    RenderedClaim,
    _environment,
    _fold,
    _Loader,
    _Renderer,
    _tensor,
    _Wanted,
    default_templates,
    plain_numerals,
)
from leanbound.strategies.all_pairs import PairCertificate, tokens_per_module


def render_pair_claim(
    name: str,
    model: QuantisedPairMlp,
    at_least: int,
    certificate: PairCertificate,
    templates: Path | None = None,
    limits: ForkLimits | None = None,
) -> RenderedClaim:
    """Render the statement that the model is right on `at_least` pairs, and its proof from the certificate.

    Raises TemplateError for a fault in a template, or when all of them together pass one of the `limits`; InputError
    when the certificate is of another model.
    """
    if certificate.model_digest != model.digest:
        raise InputError(
            f"certificate.model_digest is {certificate.model_digest}, expected {model.digest}: "
            "the certificate is of another model; make a new one"
        )
    renderer = _PairRenderer(name, model, at_least, certificate, templates or default_templates())
    return renderer.render_modules(limits or ForkLimits())


class _PairRenderer(_Renderer):
    model: Any
    certificate: Any

    def __init__(
        self, name: str, model: QuantisedPairMlp, at_least: int, certificate: PairCertificate, templates: Path
    ) -> None:
        self.model = model
        self.certificate = certificate
        self.names = ClaimNames.of(name)
        self.namespace = self.names.namespace
        self.root = templates
        self.loader = _Loader(templates)
        self.environment = _environment(self.loader)
        step = tokens_per_module(model, certificate.lanes)
        self.starts = range(0, len(certificate.right), step)
        self.context = {
            "name": name,
            "namespace": self.namespace,
            "config": model.config.model_dump(),
            "task": certificate.task.model_dump(),
            "inputs": certificate.inputs,
            "at_least": at_least,
            "model_digest": model.digest,
            "lanes": certificate.lanes,
            "total": certificate.proved,
            "tensors": [_tensor(self.model, tensor.name) for tensor in model.tensors],
            "plain_numerals": plain_numerals,
            "fold_tokens": self._fold_tokens,
            **_target(certificate),
        }

    def render_modules(self, limits: ForkLimits) -> RenderedClaim:
        names = self.names
        tokens = [f"{self.namespace}.Tokens{start}" for start in self.starts]
        modules: dict[str, object] = {"statement": names.statement_module, "lanes": f"{self.namespace}.Lanes"}
        self.context["modules"] = {**modules, "tokens": tokens, "proof": names.proof_module}
        wanted = [
            _Wanted(names.statement_module, "statements/pair-accuracy.lean.j2"),
            _Wanted(f"{self.namespace}.Lanes", "proofs/all-pairs/Lanes.lean.j2"),
        ]
        for start, module in zip(self.starts, tokens, strict=True):
            share = self.certificate.right[start : start + self.starts.step]
            wanted.append(_Wanted(module, "proofs/all-pairs/Tokens.lean.j2", {"start": start, "right": share}))
        wanted.append(_Wanted(names.proof_module, "proofs/all-pairs/Proof.lean.j2"))
        wanted.append(_Wanted(names.replay_module, "statements/pair-replay.lean.j2"))
        rendered = self._collect(wanted, limits)
        return RenderedClaim(
            modules={item["module"]: item["source"] for item in rendered},
            names=names,
            template_digests={item["template"]: item["digest"] for item in rendered},
            templates={item["module"]: item["template"] for item in rendered},
        )

    def _fold_tokens(self, lemma: str) -> str:
        return _fold("Covered.append", [f"({lemma} tokens{start})" for start in self.starts])


def _target(certificate: PairCertificate) -> Mapping[str, str]:
    """The target as the kernel computes it, and the lemma that it is the task's."""
    if certificate.task.table is not None:
        return {"target": "(tableEntry table)", "target_lemma": "(composed_eq table)"}
    modulus = certificate.task.modulus
    return {"target": f"(addMod {modulus})", "target_lemma": f"(sumMod_eq {modulus})"}
