"""Training: the same seed gives the same weights, and the folder that is written is whole."""

from pathlib import Path

import pytest
import torch
from tests.corpus import config

from leanbound.errors import InputError
from leanbound.families.attention_only.train import train_checkpoint, train_max_of_k
from leanbound.families.checkpoint import load_checkpoint
from leanbound.families.record import TrainConfig


def short(seed: int = 0, biases: bool = False) -> TrainConfig:
    return TrainConfig(model=config(n_ctx=2, biases=biases), seed=seed, steps=60, batch_size=64, learning_rate=0.02)


def test_training_is_reproducible_and_learns() -> None:
    (one, loss), (two, _), (other, _) = (train_max_of_k(short(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert not torch.equal(one.get_parameter("W_E"), other.get_parameter("W_E"))
    assert loss < 1.25  # that of a guess is log 4 = 1.39


def test_the_global_generator_and_settings_are_left_alone() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    train_max_of_k(short())
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_biases_are_trained() -> None:
    model, _ = train_max_of_k(short(biases=True))
    assert all(bool(value.abs().max() > 0) for value in model.parameters())


def test_a_checkpoint_is_written_whole(tmp_path: Path) -> None:
    written = train_checkpoint(short(), tmp_path / "model")
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.digest == written.digest
    assert loaded.record == written.record
    assert loaded.record is not None
    assert loaded.record.inputs == 16
    with pytest.raises(InputError, match="exists already"):
        train_checkpoint(short(), tmp_path / "model")
