"""One-layer attention-only transformers, on max-of-K. Imports neither torch nor numpy until they are used."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leanbound.claims.properties import OnTask, max_of_k
from leanbound.claims.property import Property
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.base import Structure, TokenFamily

if TYPE_CHECKING:
    from leanbound.families.attention_only.accuracy import Accuracy
    from leanbound.families.checkpoint import Checkpoint
    from leanbound.families.fixed_point import TensorError
    from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
    from leanbound.families.record import RecordOf

_HEAD = Structure("LeanBound.Head", ("d_head", "W_Q", "b_Q", "W_K", "b_K", "W_V", "b_V", "W_O"))


class AttentionOnlyFamily(TokenFamily):
    """See `leanbound.families.attention_only.model`."""

    architecture = "attention-only"
    tasks = ("max-of-k",)
    strategy = "cubic"
    config_type = AttentionOnlyConfig
    quantised_type = QuantisedModel
    structure = Structure(
        "LeanBound.AttentionOnly", ("d_vocab", "n_ctx", "d_model", "W_E", "W_pos", (_HEAD,), "b_O", "W_U", "b_U")
    )
    lean_module = "LeanBound.Models.AttentionOnly"

    def load(self, path: Path) -> "Checkpoint":
        from leanbound.families.checkpoint import load_checkpoint

        return load_checkpoint(path)

    def quantise(
        self, checkpoint: "Checkpoint", quantisation: "FixedQuantisation | ExactQuantisation"
    ) -> QuantisedModel:
        from leanbound.families.attention_only.quantize import quantize_as

        return quantize_as(checkpoint, quantisation)

    def tensor_errors(self, checkpoint: "Checkpoint", model: QuantisedModel) -> "list[TensorError]":
        from leanbound.families.attention_only.quantize import tensor_errors

        return tensor_errors(checkpoint, model)

    def exact_but(self, checkpoint: "Checkpoint") -> str | None:
        from leanbound.families.attention_only.quantize import folding_is_exact

        if folding_is_exact(checkpoint.config.d_head):
            return None
        return "1/sqrt(d_head) is no power of two: W_Q and b_Q were rounded when it was folded in"

    def measure(self, checkpoint: "Checkpoint", claimed: OnTask, progress: bool = False) -> "Accuracy":
        from leanbound.families.attention_only.accuracy import measure
        from leanbound.families.attention_only.model import AttentionOnly
        from leanbound.families.training import with_weights

        return measure(with_weights(AttentionOnly(checkpoint.config), checkpoint.weights), progress)

    def measure_quantised(
        self, model: QuantisedModel, claimed: OnTask, progress: bool = False, stop_after: int | None = None
    ) -> "Accuracy":
        from leanbound.families.attention_only.accuracy import measure_quantised

        return measure_quantised(model, progress, stop_after)

    def logits(
        self, checkpoint: "Checkpoint", tokens: Sequence[int], positions: Sequence[int] | None = None
    ) -> list[float]:
        import torch

        from leanbound.families.attention_only.model import AttentionOnly
        from leanbound.families.training import with_weights

        places = list(range(len(tokens)) if positions is None else positions)
        weights = {**checkpoint.weights, "W_pos": checkpoint.weights["W_pos"][places]}
        config = checkpoint.config.model_copy(update={"n_ctx": len(places)})
        with torch.no_grad():
            found = with_weights(AttentionOnly(config), weights).double()(torch.tensor([list(tokens)]))
        return [float(logit) for logit in found[0]]

    def is_of(self, record: "RecordOf[Any]", claimed: OnTask) -> bool:
        return True

    def default_property(self, record: "RecordOf[Any] | None") -> OnTask:
        return max_of_k(1)

    def task_name(self, config: AttentionOnlyConfig, claimed: Property) -> str:
        return f"max-of-{config.n_ctx}"
