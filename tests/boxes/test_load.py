"""Networks from torch and ONNX, properties from VNN-LIB."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.feed_forward.load import from_onnx, from_sequential, from_state
from leanbound.families.feed_forward.model import outputs
from leanbound.families.feed_forward.vnnlib import parse_vnnlib
from leanbound.families.registry import load_model

onnx = pytest.importorskip("onnx")

VNNLIB = """; never both
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (and (>= X_0 -0.5) (<= X_0 1.5e-1)))
(assert (<= 0 X_1))
(assert (<= X_1 1))
(assert (>= Y_0 0.25))
(assert (<= Y_1 (+ (* 2 Y_0) 1)))
"""


def sequential() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))


def graph(*nodes: object, **constants: np.ndarray) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    made = helper.make_graph(list(nodes), "net", sides[:1], sides[1:], tensors)
    return bytes(helper.make_model(made).SerializeToString())


def outside(content: bytes) -> bytes:
    """The graph with its first constant in a file of the machine."""
    model = onnx.load_model_from_string(content)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = tensor.EXTERNAL
    tensor.external_data.add(key="location", value="passwd")
    return bytes(model.SerializeToString())


def test_a_sequential_and_its_saved_state_are_the_same_network(tmp_path: Path) -> None:
    model = sequential()
    save_file(model.state_dict(), tmp_path / "net.safetensors")
    folder = tmp_path / "net"
    folder.mkdir()
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text('{"architecture": "feed-forward", "widths": [2, 3, 2]}')
    expected = model.double()(torch.tensor([[0.5, -1.0]], dtype=torch.float64))[0].tolist()
    for path in (tmp_path / "net.safetensors", folder):
        checkpoint = load_model(path)
        assert outputs(checkpoint, [0.5, -1.0]) == expected
        assert checkpoint.digest == load_model(folder).digest
    with pytest.raises(InputError, match="n_ctx is 2"):
        load_model(tmp_path / "net.safetensors", 2)


def test_onnx_of_gemm_and_of_matmul_is_read(tmp_path: Path) -> None:
    node = onnx.helper.make_node
    expected = from_sequential(sequential())
    (W, b), (U, c) = ((layer.W, layer.b) for layer in expected)
    content = graph(
        node("Flatten", ["x"], ["f"]),
        node("Gemm", ["f", "W", "b"], ["h"], transB=1),
        node("Relu", ["h"], ["r"]),
        node("MatMul", ["r", "U"], ["s"]),
        node("Add", ["s", "c"], ["y"]),
        W=np.ascontiguousarray(W.T), b=b, U=U, c=c,
    )  # fmt: skip
    (tmp_path / "net.onnx").write_bytes(content)
    checkpoint = load_model(tmp_path / "net.onnx")
    assert checkpoint.config.widths == (2, 3, 2)
    for layer, wanted in zip(from_state(checkpoint.weights), expected, strict=True):
        assert np.array_equal(layer.W, wanted.W)
        assert np.array_equal(layer.b, wanted.b)


def test_other_networks_are_refused_with_what_is_wrong(tmp_path: Path) -> None:
    node = onnx.helper.make_node
    with pytest.raises(UnsupportedError, match="1: Tanh, expected ReLU"):
        from_sequential(nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.Linear(1, 1)))
    with pytest.raises(UnsupportedError, match="operations Sigmoid, Tanh"):
        from_onnx(graph(node("Tanh", ["x"], ["t"]), node("Sigmoid", ["t"], ["y"])))
    with pytest.raises(UnsupportedError, match="no Relu between"):
        one = np.ones((1, 1), np.float32)
        from_onnx(graph(node("MatMul", ["x", "W"], ["h"]), node("MatMul", ["h", "W"], ["y"]), W=one))
    square = np.ones((2, 2), np.float32)
    for wrong in (node("MatMul", ["W", "x"], ["y"]), node("Gemm", ["W", "x"], ["y"])):
        with pytest.raises(UnsupportedError, match="no matrix of weights on the right"):
            from_onnx(graph(wrong, W=square))
    with pytest.raises(UnsupportedError, match=r"operations mine\.Relu"):
        from_onnx(graph(node("Relu", ["x"], ["y"], domain="mine")))
    with pytest.raises(UnsupportedError, match="W has type float64"):
        from_onnx(graph(node("MatMul", ["x", "W"], ["y"]), W=square.astype(np.float64)))
    with pytest.raises(UnsupportedError, match="W lie in another file"):
        from_onnx(outside(graph(node("MatMul", ["x", "W"], ["y"]), W=square)))
    with pytest.raises(UnsupportedError, match="other outputs than those of its last layer"):
        from_onnx(graph(node("MatMul", ["x", "W"], ["h"]), W=one))
    with pytest.raises(InputError, match="not an ONNX file"):
        from_onnx(b"\xff\xff")
    (tmp_path / "net.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_model(tmp_path / "net.safetensors")


def test_a_conjunctive_vnnlib_file_is_read() -> None:
    claimed = parse_vnnlib(VNNLIB, frac=3)
    assert claimed.box.lower == (-4, 0)
    assert claimed.box.upper == (2, 8)  # 0.15 · 8 rounded up
    first, second = claimed.polyhedra[0]
    assert (first.coefficients, Fraction(first.bound, 2**first.frac)) == ((-1, 0), Fraction(-1, 4))
    assert (second.coefficients, Fraction(second.bound, 2**second.frac)) == ((-2, 1), Fraction(1))


def test_an_or_of_outputs_gives_polyhedra() -> None:
    claimed = parse_vnnlib(VNNLIB + "(assert (or (and (<= Y_0 Y_1)) (>= Y_0 3)))")
    assert [len(polyhedron) for polyhedron in claimed.polyhedra] == [3, 3]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(assert (>= Y_0 Y_7))", "11: 'Y_7', expected a variable that was declared"),
        ("(assert (= Y_0 1))", "11: '=', expected"),
        ("(assert (<= Y_0 1)", r"11: '\(', expected '\)' for it"),
        (")", r"11: '\)', expected '\(' before it"),
        ("(check-sat)", "11: 'check-sat', expected"),
        ("(assert (<= (* Y_0 Y_1) 1))", r"11: '\*', expected a number"),
        ("(assert (<= Y_0 1e))", "11: '1e', expected X_i or Y_j"),
        ("(assert (<= X_0 Y_0))", "11: relates an input"),
        ("(assert (or (<= X_0 0) (<= Y_0 0)))", "11: 'or' over inputs"),
        ("(assert (<= X_0 -1))", "at least -1/2 and at most -1"),
        ("(declare-const X_2 Real)", "X_2 has no lower bound"),
    ],
)
def test_what_is_wrong_with_a_vnnlib_file_is_told(line: str, message: str) -> None:
    with pytest.raises((InputError, UnsupportedError), match=message):
        parse_vnnlib(VNNLIB + line)
