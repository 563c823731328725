"""HookedTransformer state dicts: the round trip, and all reasons for refusing at once."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tests.corpus import MODELS, config, random_checkpoint

from leanbound.errors import ExitCode, InputError, UnsupportedError
from leanbound.families.attention_only.transformer_lens import convert_state_dict, load_transformer_lens, to_state_dict
from leanbound.families.registry import load_model

State = dict[str, np.ndarray]


def hooked(biases: bool = True) -> State:
    """A state dict as HookedTransformer writes it, buffers included; biases are there even when they are zero."""
    state = to_state_dict(random_checkpoint(shape=config(biases=biases)))
    if not biases:
        attention = {f"blocks.0.attn.b_{name}": np.zeros((1, 3), np.float32) for name in "QKV"}
        state |= attention | {"blocks.0.attn.b_O": np.zeros(5, np.float32), "unembed.b_U": np.zeros(4, np.float32)}
    return state | {"blocks.0.attn.mask": np.ones((3, 3), bool), "blocks.0.attn.IGNORE": np.float32([-np.inf])}


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("biases", [True, False])
def test_round_trip(tmp_path: Path, suffix: str, biases: bool) -> None:
    path, state = tmp_path / f"model{suffix}", hooked(biases)
    if suffix == ".pt":
        torch.save({name: torch.from_numpy(value) for name, value in state.items()}, path)
    else:
        save_file(state, path)
    loaded, original = load_transformer_lens(path), random_checkpoint(shape=config(biases=biases))
    assert loaded.config == original.config
    assert set(loaded.weights) == set(original.weights)
    assert all((loaded.weights[name] == original.weights[name]).all() for name in original.weights)


def test_shorter_inputs_take_the_first_positions() -> None:
    shape, weights = convert_state_dict(hooked(), n_ctx=2)
    assert shape.n_ctx == 2
    assert (weights["W_pos"] == hooked()["pos_embed.W_pos"][:2]).all()
    with pytest.raises(InputError, match="n_ctx is 4, expected 1 to 3"):
        convert_state_dict(hooked(), n_ctx=4)


def test_all_reasons_are_given_at_once() -> None:
    extra = ["blocks.1.attn.W_Q", "blocks.0.mlp.W_in", "blocks.0.ln1.w", "ln_final.w", "blocks.0.attn.rotary_sin"]
    state = hooked() | {name: np.zeros(1, np.float32) for name in [*extra, "adapter.A"]}
    state |= {f"blocks.0.attn.{name}": np.zeros((2, 5, 3), np.float32) for name in ("W_Q", "W_K", "W_V")}
    state["unembed.W_U"] = np.zeros((5, 9), np.float32)
    with pytest.raises(UnsupportedError) as caught:
        convert_state_dict(state, cfg={"normalization_type": "LNPre", "attn_scale": 1.0, "d_head": 3})
    message = str(caught.value)
    for reason in (
        "2 layers",
        "an MLP",
        "layer norm",
        "rotary positions",
        "unknown meaning (adapter.A)",
        "2 heads",
        "reads 4 tokens but writes 9",
        "cfg.normalization_type is 'LNPre', expected None",
        "cfg.attn_scale is 1.0, expected √d_head = 1.73205",
    ):
        assert reason in message
    assert caught.value.exit_code is ExitCode.UNSUPPORTED


def test_no_learned_positions() -> None:
    state = hooked()
    del state["pos_embed.W_pos"]
    with pytest.raises(UnsupportedError, match="no learned positions"):
        convert_state_dict(state)


def test_a_missing_tensor() -> None:
    state = hooked()
    del state["blocks.0.attn.W_O"]
    with pytest.raises(InputError, match=r"lacks blocks\.0\.attn\.W_O"):
        convert_state_dict(state)


def test_inner_shapes_that_disagree(tmp_path: Path) -> None:
    state = hooked() | {"blocks.0.attn.W_V": np.zeros((1, 5, 4), np.float32)}
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"W_V: shape \[1, 5, 4\], expected \[1, 5, 3\]"):
        load_transformer_lens(tmp_path / "model.safetensors")


class Bomb:
    """Fails the test when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("the pickle was executed",))


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_pickled_code_is_not_run(tmp_path: Path, writer: str) -> None:
    path = tmp_path / "model.pt"
    if writer == "pickle":
        path.write_bytes(pickle.dumps({"embed.W_E": Bomb()}))
    else:
        torch.save({"embed.W_E": Bomb()}, path)
    with pytest.raises(InputError, match="not a pickle of tensors and nothing else"):
        load_transformer_lens(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a model"])
def test_torch_files_that_are_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(InputError, match="not a pickle of tensors"):
        load_transformer_lens(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1, 2], "holds a list"),
        ({"embed.W_E": 1.0}, "'embed.W_E' is a float, expected a tensor"),
        ({"embed.W_E": torch.zeros(2, 2, dtype=torch.bfloat16)}, r"type torch\.bfloat16, expected float32"),
    ],
)
def test_torch_files_of_something_else(tmp_path: Path, value: object, reason: str) -> None:
    torch.save(value, tmp_path / "model.pt")
    with pytest.raises(InputError, match=reason):
        load_transformer_lens(tmp_path / "model.pt")


def test_a_path_is_a_folder_or_a_state_dict(tmp_path: Path) -> None:
    save_file(hooked(), tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors", n_ctx=2).config.n_ctx == 2
    assert load_model(MODELS / "max-of-2-v5").config.d_vocab == 5
    with pytest.raises(InputError, match=r"nowhere/config\.json: cannot be read"):
        load_model(tmp_path / "nowhere")
