"""Reading a TransformerLens `HookedTransformer` state dict of one attention-only layer, without that library.

A state dict does not tell everything. It is taken that attention scores are divided by √d_head, that attention is
softmax, and that there is no layer norm without parameters (`LNPre`); a `cfg`, where it is given, is checked for that.
"""

import hashlib
import io
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from math import sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.config import MEMORY_LIMIT, AttentionOnlyConfig
from leanbound.families.checkpoint import Checkpoint, check_weights, parse_safetensors
from leanbound.files import read_bytes

_LAYER: Final = "blocks.0.attn."
#: TransformerLens names, and ours.
NAMES: Final = {
    "embed.W_E": "W_E",
    "pos_embed.W_pos": "W_pos",
    **{_LAYER + name: name for name in ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O")},
    "unembed.W_U": "W_U",
    "unembed.b_U": "b_U",
}
_BUFFERS: Final = (".mask", ".IGNORE")
_REQUIRED: Final = tuple(name for name, ours in NAMES.items() if ours.startswith("W_"))
#: What other names mean: a pattern, and the reason for refusing.
_FOREIGN: Final = (
    (r"blocks\.\d+\.mlp\.", "it has an MLP"),
    (r"(blocks\.\d+\.)?ln\w*\.", "it has layer norm"),
    (r"blocks\.\d+\.attn\.rotary", "it has rotary positions"),
    (r"blocks\.\d+\.attn\._[WKVb]", "it has grouped queries"),
    (r"blocks\.\d+\.attn\.(q|k)_norm\.", "it normalises queries or keys"),
    (r"blocks\.\d+\.attn\.(rel_pos|T5)", "it has relative positions"),
)
#: Fields of a HookedTransformerConfig that change the forward pass, and the values under which it is ours.
_CONFIG: Final[Mapping[str, tuple[Any, ...]]] = {
    "n_layers": (1,),
    "n_heads": (1,),
    "attn_only": (True,),
    "normalization_type": (None,),
    "final_rms": (False, None),
    "positional_embedding_type": ("standard",),
    "use_attn_scale": (True,),
    "use_attn_result": (True, False),
    "attn_scores_soft_cap": (-1, -1.0, None),
    "output_logits_soft_cap": (-1, -1.0, None),
    "use_local_attn": (False,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "parallel_attn_mlp": (False,),
    "shortformer_pos": (False,),
    "use_NTK_by_parts_rope": (False,),
}


def load_transformer_lens(path: Path, n_ctx: int | None = None, cfg: Mapping[str, Any] | None = None) -> Checkpoint:
    """Read the weights of a HookedTransformer from a `.safetensors` file, or a pickle of tensors and nothing else.

    `n_ctx` is the length of the input sequences, at most (and by default) that of `pos_embed.W_pos`. `cfg` is the
    model's configuration as a mapping, if there is one. Raises InputError for a file that is not a whole state dict,
    UnsupportedError, with all the reasons, for an architecture that is not supported.
    """
    content = read_bytes(path, MEMORY_LIMIT)
    if path.suffix == ".safetensors":
        state: Mapping[str, NDArray[np.float32]] = parse_safetensors(path, content, _BUFFERS)
    else:
        state = _unpickle(path, content)
    config, weights = convert_state_dict(state, n_ctx, cfg)
    check_weights(config, weights, str(path))
    return Checkpoint(config, weights, hashlib.sha256(content).hexdigest())


def convert_state_dict(
    state: Mapping[str, NDArray[np.float32]], n_ctx: int | None = None, cfg: Mapping[str, Any] | None = None
) -> tuple[AttentionOnlyConfig, dict[str, NDArray[np.float32]]]:
    """Our config and weights for a HookedTransformer state dict. Biases that are zero throughout are left out.

    Raises UnsupportedError with all the reasons why the architecture is not supported, InputError for missing
    tensors and for an `n_ctx` out of range.
    """
    reasons = [*_foreign_names(state), *_config_faults(cfg or {}), *_shape_faults(state)]
    if reasons:
        raise UnsupportedError(
            f"the model is not a one-layer, one-head attention-only transformer: {'; '.join(reasons)}."
        )
    missing = [name for name in _REQUIRED if name not in state]
    if missing:
        raise InputError(f"the state dict lacks {', '.join(missing)}. Save the whole model's `state_dict()`.")
    weights = {ours: state[name] for name, ours in NAMES.items() if name in state}
    d_vocab, d_model = weights["W_E"].shape
    positions = weights["W_pos"].shape[0]
    length = positions if n_ctx is None else n_ctx
    if not 1 <= length <= positions:
        raise InputError(f"n_ctx is {length}, expected 1 to {positions}, the positions that the model has.")
    weights["W_pos"] = weights["W_pos"][:length]
    biases = any(bool((weights[name] != 0).any()) for name in weights if name.startswith("b_"))
    config = AttentionOnlyConfig(
        d_vocab=d_vocab, n_ctx=length, d_model=d_model, d_head=weights["W_Q"].shape[-1], biases=biases
    )
    config.require_affordable()
    shapes = config.shapes()
    if biases:
        weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()} | weights
    return config, {name: value for name, value in weights.items() if name in shapes}


def to_state_dict(checkpoint: Checkpoint) -> dict[str, NDArray[np.float32]]:
    """The weights under their TransformerLens names."""
    theirs = {ours: name for name, ours in NAMES.items()}
    return {theirs[name]: value for name, value in checkpoint.weights.items()}


def _foreign_names(state: Mapping[str, NDArray[np.float32]]) -> list[str]:
    """Reasons in the names of the tensors."""
    names = [name for name in state if name not in NAMES and not name.endswith(_BUFFERS)]
    layers = {int(found[1]) for name in state if (found := re.match(r"blocks\.(\d+)\.", name))}
    reasons = [f"it has {len(layers)} layers"] if len(layers) > 1 else []
    for pattern, reason in _FOREIGN:
        if any(re.match(pattern, name) for name in names):
            reasons.append(reason)
    known = [pattern for pattern, _ in _FOREIGN] + [r"blocks\.[1-9]\d*\."]
    unknown = [name for name in names if not any(re.match(pattern, name) for pattern in known)]
    if unknown:
        reasons.append(f"it has tensors of unknown meaning ({', '.join(sorted(unknown)[:8])})")
    if "pos_embed.W_pos" not in state and "embed.W_E" in state:
        reasons.append("it has no learned positions (pos_embed.W_pos)")
    return reasons


def _config_faults(cfg: Mapping[str, Any]) -> list[str]:
    """Reasons in the configuration, where there is one."""
    faults = [
        f"cfg.{field} is {cfg[field]!r}, expected {allowed[0]!r}"
        for field, allowed in _CONFIG.items()
        if field in cfg and cfg[field] not in allowed
    ]
    scale, d_head = cfg.get("attn_scale"), cfg.get("d_head")
    if scale is not None and d_head is not None and scale > 0 and abs(scale - sqrt(d_head)) > 1e-6 * scale:
        faults.append(f"cfg.attn_scale is {scale!r}, expected √d_head = {sqrt(d_head):g}")
    return faults


def _shape_faults(state: Mapping[str, NDArray[np.float32]]) -> list[str]:
    """Reasons in the shapes; a wrong number of axes is one too."""
    axes = {"W_E": 2, "W_pos": 2, "W_Q": 3, "W_K": 3, "W_V": 3, "W_O": 3, "W_U": 2}
    axes |= {"b_Q": 2, "b_K": 2, "b_V": 2, "b_O": 1, "b_U": 1}
    found = {ours: state[name].shape for name, ours in NAMES.items() if name in state}
    faults = [
        f"{name} has shape {list(shape)}, expected {axes[name]} axes"
        for name, shape in found.items()
        if len(shape) != axes[name]
    ]
    if faults:
        return faults
    heads = {name: found[name][0] for name in ("W_Q", "W_K", "W_V", "W_O") if name in found}
    if any(count != 1 for count in heads.values()):
        faults.append(f"it has {max(heads.values())} heads")
    if "W_E" in found and "W_U" in found and found["W_E"][0] != found["W_U"][1]:
        faults.append(f"it reads {found['W_E'][0]} tokens but writes {found['W_U'][1]}")
    return faults


def _unpickle(path: Path, content: bytes) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a torch file, read with `weights_only`. Raises InputError for anything else in it."""
    import torch  # here, so that reading safetensors needs no torch

    _require_affordable(path, _unpacked_bytes(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of pickle protocols that it then refuses
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"{path}: not a pickle of tensors and nothing else ({reason}). "
            "Save `model.state_dict()`, best as safetensors; objects and code are never loaded."
        ) from error
    if not isinstance(state, dict):
        raise InputError(f"{path}: holds a {type(state).__name__}, expected a state dict. Save `model.state_dict()`.")
    weights: dict[str, NDArray[np.float32]] = {}
    total = 0
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise InputError(f"{path}: {name!r} is a {type(value).__name__}, expected a tensor. Save `state_dict()`.")
        if name.endswith(_BUFFERS):
            continue
        if value.dtype != torch.float32:
            raise InputError(f"{path}: {name} has type {value.dtype}, expected float32. Convert it with `.float()`.")
        total += value.element_size() * value.numel()
        _require_affordable(path, total)
        weights[name] = value.detach().numpy().copy()
    return weights


def _unpacked_bytes(content: bytes) -> int:
    """What a torch file, if it is a zip archive as usual, would become."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):  # torch will say what is wrong
        return 0


def _require_affordable(path: Path, size: int) -> None:
    if size > MEMORY_LIMIT:
        raise InputError(f"{path}: its tensors need {size:,} bytes, expected at most {MEMORY_LIMIT:,}. Use fewer.")
