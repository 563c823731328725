"""MLPs on pairs of tokens, on tasks given by a table. Imports neither torch nor numpy until they are used."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leanbound.claims.properties import OnTask, on_pairs
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.families.base import Structure, TokenFamily
from leanbound.families.pair_mlp.config import PairMlpConfig
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp

if TYPE_CHECKING:
    from leanbound.families.attention_only.accuracy import Accuracy
    from leanbound.families.fixed_point import TensorError
    from leanbound.families.pair_mlp.checkpoint import PairCheckpoint
    from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
    from leanbound.families.record import RecordOf


class PairMlpFamily(TokenFamily):
    """See `leanbound.families.pair_mlp`."""

    architecture = "pair-mlp"
    tasks = ("modular-addition", "group-composition")
    strategy = "all-pairs"
    config_type = PairMlpConfig
    quantised_type = QuantisedPairMlp
    structure = Structure("LeanBound.PairMlp", ("d_vocab", "d_hidden", "W_A", "W_B", "b_H", "W_U", "b_U"))
    lean_module = "LeanBound.Models.PairMlp"

    def load(self, path: Path) -> "PairCheckpoint":
        from leanbound.families.pair_mlp.checkpoint import load_pair_checkpoint

        return load_pair_checkpoint(path)

    def quantise(
        self, checkpoint: "PairCheckpoint", quantisation: "FixedQuantisation | ExactQuantisation"
    ) -> QuantisedPairMlp:
        from leanbound.families.pair_mlp.quantize import quantize_pairs_as

        return quantize_pairs_as(checkpoint, quantisation)

    def tensor_errors(self, checkpoint: "PairCheckpoint", model: QuantisedPairMlp) -> "list[TensorError]":
        from leanbound.families.pair_mlp.quantize import pair_errors

        return pair_errors(checkpoint, model)

    def exact_but(self, checkpoint: "PairCheckpoint") -> str | None:
        return None

    def measure(self, checkpoint: "PairCheckpoint", claimed: OnTask, progress: bool = False) -> "Accuracy":
        import torch

        from leanbound.families.attention_only.accuracy import Accuracy
        from leanbound.families.pair_mlp.model import PairMlp
        from leanbound.families.pair_mlp.train import measure_pairs
        from leanbound.families.training import with_weights

        model = with_weights(PairMlp(checkpoint.config), checkpoint.weights)
        right = measure_pairs(model, torch.tensor(claimed.pair_task().targets()))
        return Accuracy(right, checkpoint.config.d_vocab**2, exhaustive=True)

    def measure_quantised(
        self, model: QuantisedPairMlp, claimed: OnTask, progress: bool = False, stop_after: int | None = None
    ) -> "Accuracy":
        from leanbound.families.attention_only.accuracy import Accuracy
        from leanbound.strategies.all_pairs import choose_lanes, count_right

        right = count_right(model, claimed.pair_task().targets(), choose_lanes(model))
        return Accuracy(sum(right), model.config.d_vocab**2, exhaustive=True)

    def logits(
        self, checkpoint: "PairCheckpoint", tokens: Sequence[int], positions: Sequence[int] | None = None
    ) -> list[float]:
        import torch

        from leanbound.families.pair_mlp.model import PairMlp
        from leanbound.families.training import with_weights

        with torch.no_grad():
            found = with_weights(PairMlp(checkpoint.config), checkpoint.weights).double()(torch.tensor([list(tokens)]))
        return [float(logit) for logit in found[0]]

    def is_of(self, record: "RecordOf[Any]", claimed: OnTask) -> bool:
        return bool(record.config.task == claimed.pair_task())

    def default_property(self, record: "RecordOf[Any] | None") -> OnTask:
        if record is None:
            raise InputError("the model has no training record that names its task. Give --modulus or --table.")
        return on_pairs(record.config.task, 1)

    def task_name(self, config: PairMlpConfig, claimed: Property) -> str:
        name = claimed.task if isinstance(claimed, OnTask) else "pairs"
        return f"{name}-{config.d_vocab}"

    def require_serves(self, config: Any, claimed: Property) -> None:
        super().require_serves(config, claimed)
        if not isinstance(claimed, OnTask):
            return
        tokens = claimed.pair_task().d_vocab
        if tokens != config.d_vocab:
            raise InputError(
                f"[property] the task has {tokens} tokens, but d_vocab is {config.d_vocab}. Choose another task."
            )
