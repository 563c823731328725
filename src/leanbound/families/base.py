"""What a family of models is to everything that works on claims. Imports neither torch nor numpy."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from leanbound.claims.properties import OnTask
from leanbound.claims.property import Property
from leanbound.errors import InputError
from leanbound.families.config import Architecture
from leanbound.families.quantised import Quantised

if TYPE_CHECKING:
    from leanbound.families.attention_only.accuracy import Accuracy
    from leanbound.families.checkpoint import CheckpointOf
    from leanbound.families.fixed_point import TensorError
    from leanbound.families.quantisation import ExactQuantisation, FixedQuantisation
    from leanbound.families.record import RecordOf


@dataclass(frozen=True)
class Structure:
    """A structure of the Lean specification: sizes and tensors by name, in order.

    A tuple of structures, among the fields or as a whole model, stands for a list that holds exactly these.
    """

    name: str
    fields: "tuple[str | Structures, ...]"


Structures = tuple[Structure, ...]


class Family(ABC):
    """Models of one architecture: how they are read and quantised, and what they are in Lean."""

    architecture: ClassVar[str]
    """As `config.json` has it."""
    strategy: ClassVar[str]
    """The one that `leanbound claim` uses unless told otherwise."""
    config_type: ClassVar[type[Architecture]]
    quantised_type: ClassVar[type[Quantised]]
    lean_module: ClassVar[str]
    """Where the structures of a model and its `evaluator` are declared."""

    @property
    @abstractmethod
    def evaluator(self) -> str:
        """The Lean constant that says what a model computes."""

    @abstractmethod
    def structure_of(self, config: Any) -> Structure | Structures:
        """What a model of these dimensions is in Lean; the names are those of sizes and of tensors."""

    @abstractmethod
    def load(self, path: Path) -> "CheckpointOf[Any, Any]":
        """Read a checkpoint folder. Raises InputError as `read_checkpoint` does."""

    @abstractmethod
    def quantise(self, checkpoint: Any, quantisation: "FixedQuantisation | ExactQuantisation") -> Quantised:
        """The model that a claim is about. Raises InputError or UnsupportedError where it cannot be made."""

    @abstractmethod
    def tensor_errors(self, checkpoint: Any, model: Any) -> "list[TensorError]":
        """What quantisation changed, tensor by tensor."""

    @abstractmethod
    def exact_but(self, checkpoint: Any) -> str | None:
        """What is rounded before a tensor is quantised, in words; None if nothing is."""

    @abstractmethod
    def replay(self, checkpoint: Any, example: Any) -> str:
        """What PyTorch gives for the input of a counterexample, in a sentence."""

    @abstractmethod
    def task_name(self, config: Any, claimed: Property) -> str:
        """The task with its size, for tables and verdicts."""

    def require_serves(self, config: Architecture, claimed: Property) -> None:
        """Raise InputError for a property that is not one of such a model."""
        claimed.require_fits(config)


class TokenFamily(Family):
    """Models that map sequences of tokens to outputs: classifiers in Lean, measured on tasks."""

    tasks: ClassVar[tuple[str, ...]]
    """What its models can be claimed to do."""
    structure: ClassVar[Structure]

    @property
    def evaluator(self) -> str:
        return f"{self.structure.name}.classifier"

    def structure_of(self, config: Any) -> Structure:
        return self.structure

    @abstractmethod
    def measure(self, checkpoint: Any, claimed: OnTask, progress: bool = False) -> "Accuracy":
        """How many inputs the float model gets right, by PyTorch, of all or of a sample; a tie is wrong."""

    @abstractmethod
    def measure_quantised(
        self, model: Any, claimed: OnTask, progress: bool = False, stop_after: int | None = None
    ) -> "Accuracy":
        """How many the quantised model gets right, exactly. May stop once more than `stop_after` are wrong."""

    @abstractmethod
    def logits(self, checkpoint: Any, tokens: Sequence[int], positions: Sequence[int] | None = None) -> list[float]:
        """What PyTorch gives for an input; `positions` are those of the model as which its tokens are embedded."""

    @abstractmethod
    def is_of(self, record: "RecordOf[Any]", claimed: OnTask) -> bool:
        """Whether what was measured after a training is what `measure` would find."""

    @abstractmethod
    def default_property(self, record: "RecordOf[Any] | None") -> OnTask:
        """What a model is claimed to do unless told otherwise. Raises InputError when that cannot be known."""

    def replay(self, checkpoint: Any, example: Any) -> str:
        logits = self.logits(checkpoint, example.tokens, example.positions)
        order = sorted(range(len(logits)), key=logits.__getitem__, reverse=True)
        lead = logits[order[0]] - logits[order[1]]
        return f"PyTorch, on the weights before quantisation, gives {order[0]} there, {lead:.3g} ahead of {order[1]}."

    def require_serves(self, config: Architecture, claimed: Property) -> None:
        if isinstance(claimed, OnTask) and claimed.task not in self.tasks:
            raise InputError(
                f"[property] task is {claimed.task}, but the model is {self.architecture}, expected one of "
                f"{', '.join(self.tasks)}. Choose another task, or another model."
            )
        super().require_serves(config, claimed)
