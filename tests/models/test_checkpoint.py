"""Checkpoints: the round trip, and every refusal for its reason."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from tests.corpus import MODELS, SMALL, config, random_checkpoint

from leanbound.errors import InputError
from leanbound.families.attention_only.config import AttentionOnlyConfig
from leanbound.families.checkpoint import load_checkpoint, parse_safetensors, save_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint folder that may be damaged."""
    checkpoint = random_checkpoint()
    save_checkpoint(tmp_path / "model", checkpoint.config, checkpoint.weights)
    return tmp_path / "model"


def edit_weights(folder: Path, **changes: np.ndarray | None) -> None:
    weights = dict(random_checkpoint().weights) | changes
    content = save({name: value for name, value in weights.items() if value is not None})
    (folder / "model.safetensors").write_bytes(content)


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_round_trip(folder: Path) -> None:
    loaded, original = load_checkpoint(folder), random_checkpoint()
    assert loaded.config == original.config
    assert all((loaded.weights[name] == original.weights[name]).all() for name in original.weights)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("name", [*SMALL, "max-of-4-v64"])
def test_shipped_checkpoints_load_and_match_their_records(name: str) -> None:
    checkpoint = load_checkpoint(MODELS / name)
    assert checkpoint.record is not None
    assert checkpoint.record.exhaustive
    assert checkpoint.record.inputs == checkpoint.config.d_vocab**checkpoint.config.n_ctx
    assert checkpoint.record.config.model == checkpoint.config
    assert sum(path.stat().st_size for path in (MODELS / name).iterdir()) < 200_000


def test_writing_refuses_an_existing_folder_and_leaves_it(folder: Path) -> None:
    before = (folder / "model.safetensors").read_bytes()
    other = random_checkpoint(1)
    with pytest.raises(InputError, match="exists already"):
        save_checkpoint(folder, other.config, other.weights)
    assert (folder / "model.safetensors").read_bytes() == before


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    checkpoint = random_checkpoint()
    with pytest.raises(InputError, match="No space left on device"):
        save_checkpoint(tmp_path / "model", checkpoint.config, checkpoint.weights)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_truncated_weights(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_checkpoint(folder)


def test_a_pickle_is_not_opened(folder: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("the pickle was executed",))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="is a pickle"):
        load_checkpoint(folder)


def test_a_header_whose_length_looks_like_a_pickle_is_read() -> None:
    weights = {f"{'a' * 8}{i}": np.zeros((1,), np.float32) for i in range(2)}
    content = save(weights)
    assert content[:1] == b"\x80"
    assert parse_safetensors(Path("w"), content).keys() == weights.keys()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_named_with_their_index(folder: Path, bad: float) -> None:
    value = random_checkpoint().weights["W_K"].copy()
    value[0, 2, 1] = bad
    edit_weights(folder, W_K=value)
    with pytest.raises(InputError, match=r"W_K\[0, 2, 1\]: (nan|inf|-inf), expected a finite number"):
        load_checkpoint(folder)


def test_all_wrong_tensors_are_named_at_once(folder: Path) -> None:
    edit_weights(folder, W_Q=None, W_O=np.zeros((1, 5, 3), np.float32), W_gate=np.zeros(1, np.float32))
    with pytest.raises(InputError) as caught:
        load_checkpoint(folder)
    message = str(caught.value)
    assert "W_Q: missing, expected shape [1, 5, 3]" in message
    assert "W_O: shape [1, 5, 3], expected [1, 3, 5]" in message
    assert "W_gate: unknown" in message


def test_only_float32(folder: Path) -> None:
    edit_weights(folder, W_U=random_checkpoint().weights["W_U"].astype(np.float64))
    with pytest.raises(InputError, match="W_U has type float64, expected float32"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dropout": 0.1}, "dropout is 0.1: Extra inputs"),
        ({"d_vocab": 1}, "d_vocab is 1: Input should be greater than or equal to 2"),
        ({"n_ctx": 0}, "n_ctx is 0"),
        ({"n_ctx": "3"}, "n_ctx is '3': Input should be a valid integer"),
        ({"schema_version": 2}, "schema_version is 2"),
        ({"architecture": "mlp"}, "architecture is 'mlp'"),
        ({"d_vocab": 10**6}, r"d_vocab 1000000.* would need 3576\d\d\.\d GiB.*expected at most 2 GiB"),
    ],
)
def test_wrong_configs(folder: Path, change: dict[str, object], reason: str) -> None:
    edit_config(folder, **change)
    with pytest.raises(InputError, match=reason):
        load_checkpoint(folder)


def test_a_config_without_a_field(folder: Path) -> None:
    (folder / "config.json").write_text('{"schema_version": 1')
    with pytest.raises(InputError, match=r"the file is .*Invalid JSON"):
        load_checkpoint(folder)
    (folder / "config.json").write_text('{"d_vocab": 4}')
    with pytest.raises(InputError, match="n_ctx: Field required; d_model: Field required"):
        load_checkpoint(folder)


def test_missing_files(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.safetensors: cannot be read: No such file"):
        load_checkpoint(folder)


def test_a_record_of_other_weights(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "max-of-2-v5", tmp_path / "model")
    weights = dict(load_checkpoint(tmp_path / "model").weights)
    weights["W_E"] = weights["W_E"] + np.float32(1)
    (tmp_path / "model" / "model.safetensors").write_bytes(save(weights))
    with pytest.raises(InputError, match="The record is of other weights"):
        load_checkpoint(tmp_path / "model")


def test_memory_is_that_of_weights_and_tables() -> None:
    shape = config(d_vocab=10, n_ctx=2, d_model=3, d_head=3, biases=False)
    assert shape.memory() == 8 * (30 + 6 + 36 + 30) + 64 * 400
    with pytest.raises(InputError, match="GiB"):
        AttentionOnlyConfig(d_vocab=50257, n_ctx=4, d_model=768, d_head=64).require_affordable()
