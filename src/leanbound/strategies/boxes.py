"""The strategies for feed-forward networks on boxes. Imports no torch or numpy until a certificate is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.strategies.base import Proof, Strategy, module_runs
from leanbound.strategies.relaxation_certificate import BoxCertificate, Relaxation, Split, Tree


@dataclass(frozen=True)
class BoxStrategy(Strategy):
    """Bounds backwards through the network, on the parts of a box that is cut where needed."""

    architecture = "feed-forward"
    kinds = ("avoids",)

    def search(
        self, model: QuantisedNetwork, claimed: Any, progress: bool, options: Mapping[str, Any]
    ) -> BoxCertificate:
        from leanbound.strategies.box_search import MAX_LEAVES, certify_box

        name: Literal["interval", "linear-relaxation"] = "interval" if self.name == "interval" else "linear-relaxation"
        return certify_box(model, claimed, name, options.get("parts", MAX_LEAVES), progress)

    def load(self, path: Path) -> BoxCertificate:
        return BoxCertificate.load(path)

    def question(self, certificate: BoxCertificate) -> Any:
        return certificate.claimed

    def proof(self, model: QuantisedNetwork, certificate: BoxCertificate) -> Proof:
        from leanbound.rendering.templating import Page

        leaves = certificate.leaves
        sizes = [leaf_bytes(model, relaxation) for _, relaxation in leaves]
        modules = []
        for start, end in module_runs(sizes):
            shown = [{"number": n, "box": leaves[n][0], "relaxation": leaves[n][1]} for n in range(start, end)]
            modules.append(Page(f"Leaves{start}", "proofs/relaxation/Leaves.lean.j2", {"leaves": shown}))
        return Proof({"proof": _term(certificate.tree, iter(range(len(leaves)))), "parts": len(leaves)}, modules)


def leaf_bytes(model: QuantisedNetwork, relaxation: Relaxation) -> int:
    """About how many bytes of numbers the kernel keeps of a leaf.

    For each layer of each pass and each number after the layer, eight numbers of the size of a matrix of coefficients.
    """
    total = 0
    shapes = list(pairwise(model.config.widths))
    for k, depth in enumerate([*(stage.depth for stage in relaxation.stages), relaxation.last]):
        for d_in, d_out in shapes[: k + 1] if depth.deep else shapes[k : k + 1]:
            total += 8 * d_out * d_in * depth.stride // 8
    return total


def _term(tree: Tree, numbers: Any) -> str:
    """The proof term of a part of the box."""
    if isinstance(tree, Split):
        below, above = _term(tree.below, numbers), _term(tree.above, numbers)
        return f"(Avoids.split {tree.input} ({tree.threshold})\n  {below}\n  {above})"
    return f"(relaxation_sound leaf{next(numbers)})"
