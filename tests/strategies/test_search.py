"""The searches against the exact reference evaluator: tables, classes and counts, on random and shipped models."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import SMALL, certify, config, quantised, shipped

from leanbound.errors import InputError, UnsupportedError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.strategies.certificate import Certificate
from leanbound.strategies.cubic import certify_parts, class_count, pattern_index, patterns, whole_classes
from leanbound.strategies.tables import build_tables, exp_constants, exp_neg, pack


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8))
def test_no_search_counts_more_than_the_truth(seed: int, bits: int) -> None:
    model = quantised(seed, bits)
    truth = exact.exact_count(model)
    assert certify("exhaustive", model).proved <= truth
    assert certify("cubic", model).proved <= truth


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 60))
def test_few_bits_lose_inputs_and_add_none(seed: int, precision: int) -> None:
    model = quantised(seed)
    assert certify("exhaustive", model, precision=precision).proved <= exact.exact_count(model)


@pytest.mark.parametrize("biases", [False, True])
def test_tables_are_those_of_the_reference(biases: bool) -> None:
    model = quantised(3, shape=config(biases=biases))
    tables, reference = build_tables(model), exact.tables(model)
    V, K = model.config.d_vocab, model.config.n_ctx
    for a in range(V):
        for i in range(K):
            for t in range(V):
                found = tables.D[a] + tables.OP[i] + tables.OE[t]
                expected = [reference.contribution(a, t, i, o) for o in range(V)]
                assert list(found - found[0]) == [value - expected[0] for value in expected]


def test_attention_weights_enclose_the_exponentials() -> None:
    model = quantised(5)
    tables, reference = build_tables(model), exact.tables(model)
    plan = tables.plan
    V, K = model.config.d_vocab, model.config.n_ctx
    scale = 1 << reference.score_frac
    for a in range(V):
        top = max(reference.s_E[a]) + max(reference.s_P[a])
        weights = tables.attention_weights(a)
        for i in range(K):
            for t in range(V):
                low, high = exact.exp_enclosure(Fraction(int(reference.score(a, t, i) - top), scale), plan.P + 20)
                assert weights[i, t] <= high * 2**plan.P
                assert low * 2**plan.P <= weights[i, t] + 3 * plan.err + 2


@settings(deadline=None)
@given(st.integers(4, 40), st.integers(1, 20), st.integers(0, 24), st.integers(1, 12), st.data())
def test_exp_neg_is_within_its_error(P: int, sigma: int, squarings: int, n: int, data: st.DataObject) -> None:
    u = data.draw(st.integers(0, 2**n - 1))
    constants = exp_constants(P, sigma, squarings, n)
    value = exp_neg(P, [c for c, _ in constants], u)
    low, high = exact.exp_enclosure(Fraction(-u, 2**sigma), P + 40)
    assert value <= high * 2**P
    assert low * 2**P <= value + sum(e + 1 for _, e in constants)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**70), 2**70), max_size=6), st.integers(1, 90))
def test_pack_is_the_sum_it_says(values: list[int], w: int) -> None:
    assert pack(w, values) == sum(value * 2 ** (w * j) for j, value in enumerate(values))


def test_patterns_are_numbered_by_their_bits() -> None:
    assert sorted(pattern_index(pattern) for pattern in patterns(3)) == list(range(8))
    assert pattern_index((True, False, False)) == 4


@pytest.mark.parametrize("strategy", ["exhaustive", "cubic", "cubic-counts"])
def test_certificates_survive_being_written_and_read(strategy: str) -> None:
    certificate = certify(strategy, quantised(1))
    assert Certificate.model_validate_json(certificate.to_bytes()) == certificate
    assert certify(strategy, quantised(1)).to_bytes() == certificate.to_bytes()


@pytest.mark.parametrize("name", SMALL)
def test_whole_classes_hold_for_every_input(name: str) -> None:
    model = quantize_fixed(shipped(name), 8)
    V, K = model.config.d_vocab, model.config.n_ctx
    holds = whole_classes(build_tables(model), V, K)
    reference = exact.tables(model)
    for a, m in product(range(V), repeat=2):
        members = [x for x in product(range(V), repeat=K) if x[-1] == a and max(x) == m]
        assert not members or class_count(K, a, m) == len(members)
        if holds[a, m]:
            assert all(exact.is_correct(reference, x) for x in members)
    assert holds.any()


def test_cubic_takes_long_sequences_and_splits_none_of_them() -> None:
    certificate = certify("cubic", quantised(shape=config(d_vocab=2, n_ctx=40)))
    assert not any(maximum.splits for maximum in certificate.maxima)


def test_a_sequence_of_one_token_is_right_where_it_predicts_itself() -> None:
    model = quantised(shape=config(d_vocab=4, n_ctx=1))
    assert certify("cubic", model).proved <= exact.exact_count(model)


def test_cubic_refuses_too_many_tokens() -> None:
    model = quantised(shape=config(d_vocab=2))
    wide = model.model_copy(update={"config": model.config.model_copy(update={"d_vocab": 1025})})
    with pytest.raises(UnsupportedError, match="fewer tokens"):
        next(certify_parts(wide, build_tables(model)))


def test_cubic_refuses_precision_beyond_floats() -> None:
    with pytest.raises(UnsupportedError, match=r"set the option precision to \d+ or less"):
        certify("cubic", quantised(), precision=2000)


@pytest.mark.parametrize("precision", [0, 7, 10**6])
def test_precision_out_of_range_is_refused(precision: int) -> None:
    with pytest.raises(InputError, match="precision"):
        certify("cubic", quantised(), precision=precision)


def test_scores_that_differ_too_much_are_refused() -> None:
    model = quantised()
    wide = model.model_copy(update={"tensors": tuple(_scaled_down(t) if t.name == "W_Q" else t for t in model.tensors)})
    with pytest.raises(UnsupportedError, match="attention scores"):
        build_tables(wide)


def _scaled_down(tensor: object) -> object:
    """The same integers at scale 1: values 2 ** frac as large."""
    ints = np.array(tensor.ints, dtype=object) * 2**10  # type: ignore[attr-defined]
    return tensor.model_copy(update={"ints": tuple(map(tuple, ints)), "width": 64})  # type: ignore[attr-defined]
