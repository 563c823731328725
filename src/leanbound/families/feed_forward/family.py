"""Feed-forward ReLU networks, on boxes of inputs. Imports neither torch nor numpy until they are used."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from leanbound.claims.property import Property
from leanbound.families.base import Family, Structure, Structures
from leanbound.families.feed_forward.network import FeedForwardConfig, QuantisedNetwork
from leanbound.files import read_bytes

if TYPE_CHECKING:
    from leanbound.families.feed_forward.checkpoint import NetworkCheckpoint
    from leanbound.families.feed_forward.exact import BoxExample
    from leanbound.families.fixed_point import TensorError
    from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation

#: A tensor that every saved state of a torch `Sequential` of layers has, as the header of its file names it.
_FIRST: Final = b'"0.weight"'


def holds_layers(path: Path) -> bool:
    """Whether a file is a network in ONNX, or the state of a torch `Sequential` in safetensors."""
    if path.suffix == ".onnx":
        return True
    if path.suffix != ".safetensors":
        return False
    content = read_bytes(path)
    return _FIRST in content[8 : 8 + int.from_bytes(content[:8], "little")]


class FeedForwardFamily(Family):
    """See `leanbound.families.feed_forward`."""

    architecture = "feed-forward"
    strategy = "linear-relaxation"
    config_type = FeedForwardConfig
    quantised_type = QuantisedNetwork
    lean_module = "LeanBound.Models.FeedForward"

    @property
    def evaluator(self) -> str:
        return "LeanBound.feedForward"

    def structure_of(self, config: FeedForwardConfig) -> Structures:
        return tuple(
            Structure("LeanBound.Layer", (f"d_in_{k}", f"d_out_{k}", f"W_{k}", f"b_{k}"))
            for k in range(len(config.widths) - 1)
        )

    def load(self, path: Path) -> "NetworkCheckpoint":
        from leanbound.families.feed_forward.checkpoint import load_network

        return load_network(path)

    def quantise(
        self, checkpoint: "NetworkCheckpoint", quantisation: "FixedQuantisation | ExactQuantisation"
    ) -> QuantisedNetwork:
        from leanbound.families.feed_forward.load import from_state
        from leanbound.families.feed_forward.quantize import quantize_layers_as

        return quantize_layers_as(from_state(checkpoint.weights), checkpoint.digest, quantisation)

    def tensor_errors(self, checkpoint: "NetworkCheckpoint", model: QuantisedNetwork) -> "list[TensorError]":
        from leanbound.families.feed_forward.load import from_state
        from leanbound.families.feed_forward.quantize import layer_errors

        return layer_errors(from_state(checkpoint.weights), model)

    def exact_but(self, checkpoint: "NetworkCheckpoint") -> str | None:
        return None

    def replay(self, checkpoint: "NetworkCheckpoint", example: "BoxExample") -> str:
        from leanbound.families.feed_forward.exact import shown
        from leanbound.families.feed_forward.model import outputs

        found = outputs(checkpoint, [float(value) for value in example.x])
        return f"PyTorch, on the weights before quantisation, gives {shown(found)} there."

    def task_name(self, config: FeedForwardConfig, claimed: Property) -> str:
        return f"box-{config.widths[0]}"
