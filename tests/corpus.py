"""Tiny models that all tests share: random ones, and the shipped ones."""

from pathlib import Path

import numpy as np

from leanbound.claims.properties import max_of_k
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.families.checkpoint import Checkpoint, load_checkpoint
from leanbound.strategies import AnyCertificate
from leanbound.strategies import certify as certify_property

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
#: Shipped models with input spaces that can be walked in a second.
SMALL = ("max-of-2-v5", "max-of-3-v8")


def config(
    d_vocab: int = 4, n_ctx: int = 3, d_model: int = 5, d_head: int = 3, biases: bool = True
) -> AttentionOnlyConfig:
    """The dimensions of a tiny model: 64 inputs unless told otherwise."""
    return AttentionOnlyConfig(d_vocab=d_vocab, n_ctx=n_ctx, d_model=d_model, d_head=d_head, biases=biases)


def random_checkpoint(seed: int = 0, shape: AttentionOnlyConfig | None = None, scale: float = 1.0) -> Checkpoint:
    """A model with normal weights of standard deviation `scale`, the same for the same seed."""
    shape = shape or config()
    generator = np.random.default_rng(seed)
    weights = {
        name: (scale * generator.standard_normal(sides)).astype(np.float32) for name, sides in shape.shapes().items()
    }
    return Checkpoint(shape, weights, f"{seed:064x}")


def quantised(seed: int = 0, bits: int = 6, shape: AttentionOnlyConfig | None = None) -> QuantisedModel:
    """A random model in fixed point."""
    return quantize_fixed(random_checkpoint(seed, shape), bits)


def shipped(name: str) -> Checkpoint:
    """A shipped model."""
    return load_checkpoint(MODELS / name)


def certify(strategy: str, model: QuantisedModel, **options: int | str | None) -> AnyCertificate:
    """The certificate of as many inputs of max-of-K as can be proved; options that are None are left out."""
    given = {name: value for name, value in options.items() if value is not None}
    return certify_property(strategy, model, max_of_k(1), **given)
