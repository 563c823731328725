"""Networks on boxes: exact evaluation, bounds that hold, certificates and counterexamples."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.boxes.corpus import DIGEST, above, cube, random_layers, random_network

from leanbound.errors import InconclusiveError, InputError
from leanbound.families.feed_forward.exact import is_counterexample, outputs
from leanbound.families.feed_forward.properties import Avoids, Box, Halfspace, between, robust
from leanbound.families.feed_forward.quantize import Dense, quantize_layers, quantize_layers_exact
from leanbound.families.fixed_point import Integers
from leanbound.strategies.box_search import certify_box
from leanbound.strategies.refuted import RefutedError
from leanbound.strategies.relaxation import Walk, bits, lower
from leanbound.strategies.relaxation_certificate import BoxCertificate

SLOPE_BITS = 4
widths = st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple)


def walked(walk: Walk, slopes: st.DataObject, hidden: tuple[int, ...]) -> Walk:
    for width in hidden:
        chosen = slopes.draw(st.lists(st.integers(0, 2**SLOPE_BITS), min_size=width, max_size=width))
        walk.step(chosen, SLOPE_BITS)
    return walk


@settings(max_examples=60, deadline=None)
@given(widths=widths, seed=st.integers(0, 9), deep=st.booleans(), exact=st.booleans(), data=st.data())
def test_bounds_hold_on_sampled_inputs(
    widths: tuple[int, ...], seed: int, deep: bool, exact: bool, data: st.DataObject
) -> None:
    layers = random_layers(seed, widths)
    model = quantize_layers_exact(layers, DIGEST) if exact else quantize_layers(layers, DIGEST, 6)
    box = Box.around([Fraction(-1, 3)] * widths[0], [Fraction(1, 2)] * widths[0], 8)
    walk = walked(Walk(model, box, deep), data, widths[1:-1])
    unit: Integers = np.array([[int(i == j) for j in range(widths[-1])] for i in range(widths[-1])], dtype=object)
    scale = 2 ** (bits(walk.chain, deep) + walk.frac)
    low, high = lower(walk.chain, unit, deep), -lower(walk.chain, -unit, deep)
    for _ in range(5):
        grid = [data.draw(st.integers(a, b)) for a, b in zip(box.lower, box.upper, strict=True)]
        y = outputs(model, [Fraction(value, 2**box.frac) for value in grid])
        assert all(a <= value * scale <= b for a, value, b in zip(low, y, high, strict=True))


def test_outputs_are_those_of_torch() -> None:
    layers = random_layers(3, (3, 5, 2))
    model = quantize_layers_exact(layers, DIGEST)
    x = [Fraction(1, 2), Fraction(-3, 4), Fraction(1, 8)]
    y = torch.tensor([float(value) for value in x], dtype=torch.float64)
    for k, layer in enumerate(layers):
        y = (torch.relu(y) if k else y) @ torch.tensor(layer.W).double() + torch.tensor(layer.b).double()
    assert [float(value) for value in outputs(model, x)] == pytest.approx(y.tolist(), rel=1e-12)


@pytest.mark.parametrize("strategy", ["interval", "linear-relaxation"])
def test_a_true_property_has_a_certificate_and_a_round_trip(strategy: str) -> None:
    certificate = certify_box(random_network(1), above(Fraction(1, 5)), strategy, max_leaves=32)  # type: ignore[arg-type]
    assert 1 < len(certificate.leaves) <= 32
    assert BoxCertificate.model_validate_json(certificate.to_bytes()) == certificate


def test_relaxation_needs_fewer_parts_than_intervals() -> None:
    model, claimed = random_network(1), above(Fraction(1, 5))
    parts = [len(certify_box(model, claimed, name).leaves) for name in ("interval", "linear-relaxation")]  # type: ignore[arg-type]
    assert parts[1] < parts[0]


def test_a_false_property_is_refuted_by_an_input() -> None:
    model, claimed = random_network(1), above(Fraction(1, 2))
    with pytest.raises(RefutedError, match="of the box the outputs are") as caught:
        certify_box(model, claimed, "interval")
    assert is_counterexample(model, claimed, caught.value.example.x)


def test_too_few_parts_are_inconclusive() -> None:
    with pytest.raises(InconclusiveError, match="more parts"):
        certify_box(random_network(1), above(Fraction(1, 5)), "interval", max_leaves=2)


def test_robustness_and_ranges_say_what_they_mean() -> None:
    box = cube(1)
    y = [Fraction(1), Fraction(3), Fraction(3)]
    model = quantize_layers([Dense(np.zeros((1, 3), np.float32), np.array([1, 3, 3], np.float32))], DIGEST, 8)
    assert outputs(model, [Fraction(0)]) == y
    assert is_counterexample(model, robust(box, 1, 3), [Fraction(0)])  # a tie
    assert not is_counterexample(model, between(box, 0, 3, Fraction(1, 2), Fraction(2)), [Fraction(0)])
    assert is_counterexample(model, between(box, 0, 3, Fraction(1), Fraction(2)), [Fraction(0)])
    assert is_counterexample(model, between(box, 1, 3, Fraction(1), Fraction(2)), [Fraction(0)])


def test_halfspaces_and_boxes_are_rounded_outwards() -> None:
    third = Fraction(1, 3)
    box = Box.around([third], [third], 4)
    assert (box.lower, box.upper) == ((5,), (6,))
    half = Halfspace.around([third, Fraction(1)], third, 1)
    assert (half.coefficients, half.bound, half.frac) == ((1, 3), 1, 0)
    assert Halfspace.around([Fraction(1)], third, 1).bound == 1


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(InputError, match="about 3 inputs, but the network has 2"):
        certify_box(random_network(), above(Fraction(0), inputs=3), "interval")
    with pytest.raises(InputError, match=r"layer 1: weights of shape \(4, 2\)"):
        quantize_layers([random_layers(0, (2, 3))[0], random_layers(0, (4, 2))[0]], DIGEST, 8)
    with pytest.raises(InputError, match="W_0 has an entry that is not finite"):
        quantize_layers([Dense(np.full((1, 1), np.nan, np.float32), np.zeros(1, np.float32))], DIGEST, 8)
    with pytest.raises(ValueError, match="at least 1 item"):
        Avoids(box=cube(), polyhedra=((),))
