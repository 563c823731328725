"""Feed-forward networks from torch and from ONNX: affine layers with a ReLU between any two, and nothing else."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.feed_forward.quantize import Dense

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[np.float32]


def from_sequential(module: "nn.Sequential") -> list[Dense]:
    """The layers of a torch `Sequential`. Raises UnsupportedError that names every module that is of another kind."""
    from torch import nn

    wrong = [
        f"{name}: {type(part).__name__}, expected {expected.__name__}"
        for (name, part), expected in zip(module.named_children(), _alternating(nn.Linear, nn.ReLU), strict=False)
        if not isinstance(part, expected)
    ]
    if wrong or len(module) % 2 == 0:
        raise UnsupportedError(
            "the network is not Linear, ReLU, Linear, ..., Linear: "
            + ("; ".join(wrong) or "it does not end in a Linear")
        )
    return from_state({name: value.detach().cpu().float().numpy() for name, value in module.state_dict().items()})


def _alternating(*kinds: type) -> Any:
    while True:
        yield from kinds


def from_state(state: Mapping[str, NDArray[Any]], name: str = "the network") -> list[Dense]:
    """The layers of the state of a torch `Sequential`: `0.weight` [out, in], `0.bias`, `2.weight`, and so on.

    Raises InputError for other names or shapes.
    """
    numbers: set[int] = set()
    for key in state:
        match = re.fullmatch(r"(\d+)\.(weight|bias)", key)
        if match is None:
            raise InputError(f"{name}: has a tensor {key!r}, expected names like 0.weight and 0.bias")
        numbers.add(int(match[1]))
    expected = list(range(0, 2 * len(numbers), 2))
    if sorted(numbers) != expected:
        raise InputError(
            f"{name}: has layers {sorted(numbers)}, expected {expected}: Linear, ReLU, Linear, ..., Linear"
        )
    layers = []
    for number in expected:
        if f"{number}.weight" not in state:
            raise InputError(f"{name}: has no tensor {number}.weight")
        weight = np.asarray(state[f"{number}.weight"], dtype=np.float32)
        if weight.ndim != 2:
            raise InputError(f"{name}: {number}.weight has shape {weight.shape}, expected two sides")
        bias = np.asarray(state.get(f"{number}.bias", np.zeros(len(weight))), dtype=np.float32)
        layers.append(Dense(weight.T.copy(), bias))
    return layers


def from_onnx(content: bytes, name: str = "the network") -> list[Dense]:
    """The layers of an ONNX graph of Gemm, or MatMul and Add, with Relu between them.

    Flatten, Reshape and Identity may come before the first layer. Raises InputError for a file that is no ONNX,
    UnsupportedError that names every operation that is not supported, and for weights in other files than this one.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError as error:
        raise UnsupportedError("reading ONNX needs the package onnx: install leanbound[onnx].") from error
    try:
        graph = onnx.load_model_from_string(content).graph
    except DecodeError as error:
        raise InputError(f"{name}: is not an ONNX file: {error}") from error
    if outside := [tensor.name for tensor in graph.initializer if tensor.data_location == tensor.EXTERNAL]:
        raise UnsupportedError(f"{name}: {', '.join(outside)} lie in another file. Save the network as one file.")
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    layers = _OnnxChain(name, constants).layers(graph.node)
    if [value.name for value in graph.output] != [graph.node[-1].output[0]]:
        raise UnsupportedError(f"{name}: gives other outputs than those of its last layer.")
    return layers


class _OnnxChain:
    """Nodes one after the other, each fed by the one before it."""

    def __init__(self, name: str, constants: Mapping[str, NDArray[Any]]) -> None:
        self._name = name
        self._constants = constants
        self._layers: list[Dense] = []
        self._active = True
        """Whether a ReLU, or nothing, came since the last layer."""

    def layers(self, nodes: Any) -> list[Dense]:
        known = {"Gemm", "MatMul", "Add", "Relu", "Flatten", "Reshape", "Identity"}
        if unknown := sorted({f"{node.domain}.{node.op_type}".removeprefix(".") for node in nodes} - known):
            raise UnsupportedError(
                f"{self._name}: has the operations {', '.join(unknown)}; supported are {', '.join(sorted(known))}."
            )
        previous = None
        for node in nodes:
            data = [value for value in node.input if value not in self._constants]
            if len(data) != 1 or previous not in (None, data[0]):
                raise UnsupportedError(
                    f"{self._name}: {node.op_type} {node.name!r} does not follow the node before it."
                )
            previous = node.output[0]
            getattr(self, f"_{node.op_type.lower()}")(node)
        if not self._layers or self._active:
            raise UnsupportedError(f"{self._name}: does not end in an affine layer.")
        return self._layers

    def _constant(self, node: Any) -> list[Array]:
        found = {value: self._constants[value] for value in node.input if value in self._constants}
        for value, array in found.items():
            if array.dtype != np.float32:
                raise UnsupportedError(f"{self._name}: {value} has type {array.dtype}, expected float32.")
        return list(found.values())

    def _append(self, node: Any, W: Array, b: Array | None = None) -> None:
        if not self._active:
            raise UnsupportedError(f"{self._name}: two affine layers have no Relu between them.")
        if W.ndim != 2 or node.input[0] in self._constants:
            raise UnsupportedError(f"{self._name}: {node.op_type} {node.name!r} has no matrix of weights on the right.")
        b = np.zeros(W.shape[1], np.float32) if b is None else b.reshape(-1)
        self._layers.append(Dense(np.ascontiguousarray(W), np.ascontiguousarray(b)))
        self._active = False

    def _gemm(self, node: Any) -> None:
        options = {attribute.name: attribute.f or attribute.i for attribute in node.attribute}
        if options.get("alpha", 1) != 1 or options.get("beta", 1) != 1 or options.get("transA", 0):
            raise UnsupportedError(f"{self._name}: Gemm {node.name!r} has alpha, beta or transA.")
        W, *rest = self._constant(node)
        self._append(node, W.T if options.get("transB", 0) else W, *rest)

    def _matmul(self, node: Any) -> None:
        self._append(node, *self._constant(node))

    def _add(self, node: Any) -> None:
        if self._active:
            raise UnsupportedError(f"{self._name}: Add {node.name!r} does not follow a MatMul.")
        (b,) = self._constant(node)
        last = self._layers.pop()
        if last.b.any():
            raise UnsupportedError(f"{self._name}: Add {node.name!r} is the second bias of a layer.")
        self._layers.append(Dense(last.W, np.ascontiguousarray(np.broadcast_to(b.reshape(-1), last.b.shape))))

    def _relu(self, node: Any) -> None:
        if self._active:
            raise UnsupportedError(f"{self._name}: Relu {node.name!r} does not follow an affine layer.")
        self._active = True

    def _flatten(self, node: Any) -> None:
        if self._layers:
            raise UnsupportedError(f"{self._name}: {node.op_type} {node.name!r} comes after an affine layer.")

    _reshape = _identity = _flatten
