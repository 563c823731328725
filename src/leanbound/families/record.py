"""How a model was trained, and what was measured of it. Imports no torch."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from leanbound.families.attention_only.config import AttentionOnlyConfig


class TrainConfig(BaseModel):
    """Everything that decides the trained weights, apart from the version of torch and the hardware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Literal["max-of-k"] = "max-of-k"
    model: AttentionOnlyConfig
    seed: int = Field(default=0, ge=0, lt=2**63)
    steps: int = Field(default=5000, ge=1)
    batch_size: int = Field(default=1024, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0, description="the peak: reached after warm_up, then falls to 0")
    warm_up: int = Field(default=100, ge=1, description="steps over which the learning rate rises")
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(default=0.01, ge=0)
    device: Literal["cpu", "cuda"] = "cpu"


C = TypeVar("C", bound=BaseModel)


class RecordOf(BaseModel, Generic[C]):
    """A training by a config of the kind C, and what was measured after it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    config: C
    torch_version: str
    final_loss: float = Field(description="cross-entropy of the last batch, in nats")
    correct: int = Field(ge=0, description="inputs that PyTorch gets right in float64; a tie is wrong")
    inputs: int = Field(ge=1, description="inputs that were run")
    exhaustive: bool = Field(default=True, description="whether those were all V ** K inputs, each once")
    accuracy: float = Field(ge=0, le=1, description="correct / inputs, rounded to float64")
    seconds: float = Field(ge=0, description="wall-clock time of the training")
    safetensors_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class TrainingRecord(RecordOf[TrainConfig]):
    """What `training.json` holds, beside the weights that it describes."""
