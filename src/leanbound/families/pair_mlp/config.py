"""The shape of an MLP on pairs of tokens, and how one was trained. Imports no torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from leanbound.families.config import TokenArchitecture
from leanbound.families.record import RecordOf
from leanbound.tasks.pairs import PairTask


class PairMlpConfig(TokenArchitecture):
    """Dimensions of an MLP with one hidden layer of ReLUs on two tokens."""

    architecture: Literal["pair-mlp"] = "pair-mlp"
    d_vocab: int = Field(ge=2, le=4096, description="tokens, in and out: p")
    n_ctx: Literal[2] = Field(default=2, description="tokens of an input")
    d_hidden: int = Field(ge=1, le=4096)
    shared: bool = Field(
        default=False, description="one embedding W_E under attention fixed to 1/2: W_A = W_B = W_E / 2"
    )

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by name."""
        p, h = self.d_vocab, self.d_hidden
        embeddings: dict[str, tuple[int, ...]] = {"W_E": (p, h)} if self.shared else {"W_A": (p, h), "W_B": (p, h)}
        return {**embeddings, "b_H": (h,), "W_U": (h, p), "b_U": (p,)}


class PairTrainConfig(BaseModel):
    """Everything that decides the trained weights, apart from the version of torch and the hardware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: PairTask
    model: PairMlpConfig
    seed: int = Field(default=0, ge=0, lt=2**63)
    steps: int = Field(default=2000, ge=1, description="each on all pairs")
    learning_rate: float = Field(default=1e-2, gt=0, description="the peak: reached after warm_up, then falls to 0")
    warm_up: int = Field(default=20, ge=1, description="steps over which the learning rate rises")
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = Field(default=0.1, ge=0)


class PairTrainingRecord(RecordOf[PairTrainConfig]):
    """What `training.json` holds, beside the weights that it describes."""
