"""MLPs on pairs in Python: tasks, checkpoints, quantisation, and counts against the exact reference evaluator."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.corpus import MODELS
from tests.pairs.corpus import half_right, pair_config, quantised_pairs, random_pairs

from leanbound.errors import InputError
from leanbound.families.checkpoint import save_checkpoint
from leanbound.families.pair_mlp import exact
from leanbound.families.pair_mlp.checkpoint import load_pair_checkpoint
from leanbound.families.pair_mlp.config import PairTrainConfig
from leanbound.families.pair_mlp.model import PairMlp
from leanbound.families.pair_mlp.quantize import pair_errors, quantize_pairs, quantize_pairs_exact
from leanbound.families.pair_mlp.train import measure_pairs, train_pair_checkpoint, train_pair_mlp
from leanbound.families.training import with_weights
from leanbound.strategies.pair_certificate import PairCertificate
from leanbound.strategies.pair_search import certify_pairs
from leanbound.tasks.pairs import PairTask, modular_addition, symmetric_group

#: Shipped models, and their tasks.
SHIPPED = {"mod-add-23": modular_addition(23), "mod-add-113": modular_addition(113), "s4": symmetric_group(4)}


def test_the_symmetric_group_is_a_group() -> None:
    table = np.array(symmetric_group(4).targets())
    order = len(table)
    assert order == 24
    a, b, c = np.ix_(range(order), range(order), range(order))
    assert (table[table[a, b], c] == table[a, table[b, c]]).all()
    assert (table[0] == range(order)).all() and (table[:, 0] == range(order)).all()
    assert all(sorted(row) == list(range(order)) for row in table.tolist())
    assert (table != table.T).any()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "modular-addition"},
        {"name": "modular-addition", "modulus": 1},
        {"name": "modular-addition", "modulus": 5, "table": ((0, 1), (1, 0))},
        {"name": "group-composition", "table": ((0, 1), (1,))},
        {"name": "group-composition", "table": ((0, 1), (1, 2))},
        {"name": "group-composition", "modulus": 5},
    ],
)
def test_tasks_that_make_no_sense_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PairTask.model_validate(fields)


def test_checkpoints_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = random_pairs()
    saved = save_checkpoint(tmp_path / "model", written.config, written.weights)
    loaded = load_pair_checkpoint(tmp_path / "model")
    assert loaded.digest == saved.digest
    assert all((loaded.weights[name] == value).all() for name, value in written.weights.items())
    with pytest.raises(InputError, match="missing"):
        save_checkpoint(tmp_path / "other", pair_config(shared=True), written.weights)


def test_training_is_reproducible_learns_and_is_recorded(tmp_path: Path) -> None:
    config = PairTrainConfig(task=modular_addition(5), model=pair_config(5, 32, shared=True), steps=300)
    (one, loss), (two, _) = train_pair_mlp(config), train_pair_mlp(config)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    assert loss < 0.5  # that of a guess is log 5 = 1.61
    record = train_pair_checkpoint(config, tmp_path / "model").record
    assert record is not None and record.correct == record.inputs == 25


@pytest.mark.parametrize("shared", [False, True])
def test_exact_quantisation_changes_nothing(shared: bool) -> None:
    checkpoint = random_pairs(3, pair_config(shared=shared))
    model = quantize_pairs_exact(checkpoint)
    assert all(error.max_abs == 0 for error in pair_errors(checkpoint, model))
    logits = with_weights(PairMlp(checkpoint.config), checkpoint.weights).double().all_logits()
    for pair in ((0, 0), (1, 4), (4, 1)):
        expected = [value / 2 ** model["b_U"].frac for value in exact.logits(model, *pair)]
        assert logits[pair].tolist() == pytest.approx(expected)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 24), st.booleans())
def test_the_count_is_that_of_the_reference(seed: int, bits: int, shared: bool) -> None:
    model = quantised_pairs(seed, bits, pair_config(shared=shared))
    assert list(certify_pairs(model, modular_addition(5)).counts) == exact.right_by_first(
        model, modular_addition(5).targets()
    )


def test_wide_weights_are_counted_exactly() -> None:
    model = quantised_pairs(7, 60)
    certificate = certify_pairs(model, modular_addition(5))
    assert certificate.lanes.logits > 64
    assert list(certificate.counts) == exact.right_by_first(model, modular_addition(5).targets())


def test_certificates_survive_being_written_and_read() -> None:
    certificate = certify_pairs(quantised_pairs(1, shape=pair_config(6)), symmetric_group(3))
    assert PairCertificate.model_validate_json(certificate.to_bytes()) == certificate


def test_a_task_of_other_tokens_is_refused() -> None:
    with pytest.raises(InputError, match="7 tokens"):
        certify_pairs(quantised_pairs(), modular_addition(7))


@pytest.mark.parametrize("bits", [1, 65])
def test_bits_out_of_range_are_refused(bits: int) -> None:
    with pytest.raises(InputError, match="bits"):
        quantize_pairs(random_pairs(), bits)


def test_the_model_that_is_half_right_is_so() -> None:
    task = modular_addition(5)
    right = certify_pairs(quantize_pairs(half_right(task), 8), task).proved
    assert 5 < right < 25


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_right_on_every_pair(name: str) -> None:
    task, checkpoint = SHIPPED[name], load_pair_checkpoint(MODELS / name)
    model = with_weights(PairMlp(checkpoint.config), checkpoint.weights)
    record = checkpoint.record
    assert record is not None and record.config.task == task
    assert record.correct == measure_pairs(model, torch.tensor(task.targets())) == task.d_vocab**2
    assert certify_pairs(quantize_pairs(checkpoint, 8), task).proved == task.d_vocab**2
