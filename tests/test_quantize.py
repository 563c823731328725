"""Quantisation: error bounds, aligned scales, exactness, the round trip, and what is refused."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import config, quantised, random_checkpoint, shipped

from leanbound.claims.properties import max_of_k
from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.attention_only.quantize import folded_weights, quantize_exact, quantize_fixed, tensor_errors
from leanbound.families.calibrate import quantize_auto, report
from leanbound.families.checkpoint import Checkpoint
from leanbound.families.quantised import BIAS_NAMES, TENSOR_NAMES, WEIGHT_NAMES, FixedTensor


def with_weight(name: str, value: np.ndarray) -> Checkpoint:
    """A tiny model with one tensor replaced."""
    checkpoint = random_checkpoint()
    return Checkpoint(checkpoint.config, dict(checkpoint.weights) | {name: value.astype(np.float32)}, "0" * 64)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 40), st.floats(0.01, 3.9), st.booleans())
def test_rounding_is_to_the_nearest_and_as_fine_as_fits(seed: int, bits: int, scale: float, biases: bool) -> None:
    checkpoint = random_checkpoint(seed, config(biases=biases), min(scale, 2.0 ** (bits - 4)))
    model = quantize_fixed(checkpoint, bits)
    for name, trained in folded_weights(checkpoint).items():
        tensor = model[name]
        step = Fraction(1, 2 ** min(tensor.frac, 64 if name in WEIGHT_NAMES else tensor.frac))
        if name in BIAS_NAMES and trained.any():
            step = Fraction(2 ** (tensor.width - bits), 2**tensor.frac)  # the scale before the shift
        for row, expected in zip(tensor.ints, trained, strict=True):
            for entry, value in zip(row, expected, strict=True):
                assert abs(Fraction(entry, 2**tensor.frac) - Fraction(float(value))) <= step / 2
    for name in ("W_Q", "W_K", "W_V", "W_O", "W_U"):
        largest = max(abs(entry) for row in model[name].ints for entry in row)
        assert model[name].width == bits
        assert largest >= 2 ** (bits - 2) - 1 or model[name].frac == 64


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 24))
def test_scales_are_aligned(seed: int, bits: int) -> None:
    checkpoint = random_checkpoint(seed)
    for model in (quantize_fixed(checkpoint, bits), quantize_exact(checkpoint)):
        frac = {tensor.name: tensor.frac for tensor in model.tensors}
        assert frac["W_pos"] == frac["W_E"]
        assert frac["b_Q"] == frac["W_E"] + frac["W_Q"]
        assert frac["b_K"] == frac["W_E"] + frac["W_K"]
        assert frac["b_V"] == frac["W_E"] + frac["W_V"]
        assert frac["b_O"] == frac["W_E"] + frac["W_V"] + frac["W_O"]
        assert frac["b_U"] == frac["b_O"] + frac["W_U"] == model.logit_frac
        assert model.score_frac == 2 * frac["W_E"] + frac["W_Q"] + frac["W_K"]


@pytest.mark.parametrize("d_head", [1, 4, 16])
def test_exact_is_without_error_when_the_folding_is(d_head: int) -> None:
    checkpoint = random_checkpoint(shape=config(d_head=d_head))
    assert all(error.max_abs == 0 for error in tensor_errors(checkpoint, quantize_exact(checkpoint)))
    assert report(checkpoint, quantize_exact(checkpoint), max_of_k(1)).exact_but is None


def test_exact_takes_the_folded_float32_otherwise() -> None:
    checkpoint = random_checkpoint()
    model = quantize_exact(checkpoint)
    folded = (checkpoint.weights["W_Q"][0].astype(np.float64) / np.sqrt(3)).astype(np.float32)
    assert model["W_Q"].ints[1][2] == Fraction(float(folded[1, 2])) * 2 ** model["W_Q"].frac
    errors = {error.name: error.max_abs for error in tensor_errors(checkpoint, model)}
    assert all((error > 0) == (name in ("W_Q", "b_Q")) for name, error in errors.items())
    assert report(checkpoint, model, max_of_k(1)).exact_but is not None


def test_exact_refuses_weights_too_far_apart() -> None:
    value = random_checkpoint().weights["W_K"].copy()
    value[0, 0, 0] = 1e-20
    with pytest.raises(UnsupportedError, match=r"W_K would need \d+ bits an entry, expected at most 64"):
        quantize_exact(with_weight("W_K", value))


def test_missing_biases_are_zero() -> None:
    model = quantised(shape=config(biases=False))
    assert all(not any(model[name].ints[0]) and model[name].width == 4 for name in BIAS_NAMES)


def test_an_all_zero_tensor() -> None:
    model = quantize_fixed(with_weight("W_U", np.zeros((5, 4))), 6)
    assert model["W_U"].frac == 0
    assert not any(any(row) for row in model["W_U"].ints)


def test_bits_by_name() -> None:
    bits = dict.fromkeys(WEIGHT_NAMES, 6) | {"W_O": 9, "b_O": 7}
    model = quantize_fixed(random_checkpoint(), bits)
    assert [model[name].width for name in WEIGHT_NAMES] == [6, 6, 6, 6, 6, 9, 6]
    with pytest.raises(InputError, match=r"unknown tensors \['W_X'\], missing tensors \['W_U'\]"):
        quantize_fixed(random_checkpoint(), {**{name: 6 for name in WEIGHT_NAMES if name != "W_U"}, "W_X": 6})


@pytest.mark.parametrize("bits", [-1, 0, 1, 65, 10**9])
def test_widths_out_of_range(bits: int) -> None:
    with pytest.raises(InputError, match=f"bits of W_E is {bits}, expected 2 to 64"):
        quantize_fixed(random_checkpoint(), bits)


def test_too_few_bits_for_the_largest_weight() -> None:
    with pytest.raises(InputError, match="bits of W_E is 4, too few for an entry of 100"):
        quantize_fixed(with_weight("W_E", np.full((4, 5), 100.0)), 4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite(bad: float) -> None:
    value = random_checkpoint().weights["b_U"].copy()
    value[3] = bad
    with pytest.raises(InputError, match=rf"b_U\[3\]: {bad}, expected a finite number"):
        quantize_fixed(with_weight("b_U", value), 8)


def test_more_than_one_head() -> None:
    shape = config().model_copy(update={"n_heads": 2})
    with pytest.raises(UnsupportedError, match="n_heads is 2, expected 1"):
        quantize_fixed(random_checkpoint(shape=shape), 8)


def test_numerals_read_back() -> None:
    model = quantised()
    for tensor in model.tensors:
        mask, offset = (1 << tensor.width) - 1, 1 << (tensor.width - 1)
        for i, row in enumerate(tensor.ints):
            lanes = [tensor.numeral(i) >> (tensor.width * j) & mask for j in range(len(row))]
            assert tuple(lane - offset for lane in lanes) == row
            assert tensor.numeral(i) < 1 << (tensor.width * len(row))


@pytest.mark.parametrize("exact", [False, True])
def test_files_read_back(tmp_path: Path, exact: bool) -> None:
    checkpoint = random_checkpoint()
    model = quantize_exact(checkpoint) if exact else quantize_fixed(checkpoint, 7)
    model.save(tmp_path / "model.json")
    loaded = QuantisedModel.load(tmp_path / "model.json")
    assert loaded == model
    assert loaded.digest == model.digest != quantised(1).digest


def edited(path: Path, change: str) -> Path:
    """A saved model with one thing wrong."""
    data = json.loads(quantised().to_bytes())
    first = data["tensors"][0]
    match change:
        case "entry":
            first["ints"][1][2] = 2**5
        case "float":
            first["ints"][1][2] = 0.5
        case "row":
            first["ints"].pop()
        case "scale":
            data["tensors"][3]["frac"] += 1
        case "wide":
            first["width"] = 65
        case "order":
            data["tensors"].reverse()
        case "field":
            first["zero_point"] = 3
        case "version":
            data["schema_version"] = 2
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("entry", r"W_E\[1, 2\]: 32 does not fit 6 bits"),
        ("float", r"tensors\.0\.ints\.1\.2 is 0\.5: Input should be a valid integer"),
        ("row", "W_E: the integers do not form 4 rows of 5"),
        ("scale", r"b_Q: frac is \d+, expected \d+ by the other scales"),
        ("wide", "W_E: width is 65, expected at most 64"),
        ("order", "tensors are .*expected"),
        ("field", "zero_point is 3: Extra inputs are not permitted"),
        ("version", "schema_version is 2"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, change: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        QuantisedModel.load(edited(tmp_path / "model.json", change))


def test_auto_finds_the_fewest_bits() -> None:
    checkpoint = shipped("max-of-3-v8")
    model = quantize_auto(checkpoint, max_of_k(1), tolerance=0.0)
    bits = model["W_Q"].width
    assert report(checkpoint, model, max_of_k(1)).after.correct >= report(checkpoint, model, max_of_k(1)).before.correct
    for fewer in range(3, bits):
        lost = report(checkpoint, quantize_fixed(checkpoint, fewer), max_of_k(1))
        assert lost.after.correct < lost.before.correct
    with pytest.raises(InputError, match=r"tolerance is 1\.5"):
        quantize_auto(checkpoint, max_of_k(1), 1.5)


def test_a_report_is_of_the_same_weights() -> None:
    with pytest.raises(InputError, match="checkpoint_digest"):
        report(random_checkpoint(1), quantised(0), max_of_k(1))


def test_data_classes_need_no_torch() -> None:
    imports = "from leanbound.families.attention_only import exact, quantize"
    code = f"import sys; {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_are_those_of_the_tensors() -> None:
    assert tuple(tensor.name for tensor in quantised().tensors) == TENSOR_NAMES
    with pytest.raises(ValueError, match="name"):
        FixedTensor.model_validate({"name": "W_X", "shape": (1, 1), "width": 4, "frac": 0, "ints": ((0,),)})


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.json"
    quantised(0).save(path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        quantised(1).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        quantised(1).save(path / "below")
