"""Interval bounds on rectangles of pairs: against the exact reference, golden files, and the kernel."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pairs.corpus import blocks, half_right, pair_config, quantised_pairs
from tests.pairs.test_symmetry import accuracy
from tests.rendered import assert_golden, kernel_accepts

from leanbound.errors import InputError
from leanbound.families.pair_mlp import exact
from leanbound.families.pair_mlp.checkpoint import PairCheckpoint
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.pair_mlp.quantize import quantize_pairs
from leanbound.rendering.render import render_claim
from leanbound.strategies import certify
from leanbound.strategies.pair_interval_certificate import PairIntervalCertificate
from leanbound.strategies.pair_interval_search import certify_intervals
from leanbound.tasks.pairs import PairTask, Table, modular_addition

SUMS = modular_addition(5)


def proved_by_hand(model: QuantisedPairMlp, targets: Table, group: int) -> int:
    """What interval bounds prove, one rectangle and one output at a time, in Python's integers."""
    tokens = range(model.config.d_vocab)
    starts = range(0, len(tokens), group)
    return sum(_rectangle(model, targets, tokens[a : a + group], tokens[b : b + group]) for a in starts for b in starts)


def _rectangle(model: QuantisedPairMlp, targets: Table, firsts: range, seconds: range) -> int:
    w_a, w_b, (b_h,), w_u, (b_u,) = (model[name].ints for name in ("W_A", "W_B", "b_H", "W_U", "b_U"))
    units = range(model.config.d_hidden)
    low = [max(0, min(w_a[a][j] for a in firsts) + min(w_b[b][j] for b in seconds) + b_h[j]) for j in units]
    high = [max(0, max(w_a[a][j] for a in firsts) + max(w_b[b][j] for b in seconds) + b_h[j]) for j in units]
    outputs = range(model.config.d_vocab)
    lower = [b_u[o] + sum(min(low[j] * w_u[j][o], high[j] * w_u[j][o]) for j in units) for o in outputs]
    upper = [b_u[o] + sum(max(low[j] * w_u[j][o], high[j] * w_u[j][o]) for j in units) for o in outputs]
    return sum(
        all(upper[o] < lower[targets[a][b]] for o in outputs if o != targets[a][b]) for a in firsts for b in seconds
    )


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**16), tokens=st.integers(2, 7), units=st.integers(1, 6), group=st.integers(1, 8))
def test_counts_are_those_of_bounds_by_hand(seed: int, tokens: int, units: int, group: int) -> None:
    task = modular_addition(tokens)
    model = quantised_pairs(seed, shape=pair_config(tokens, units))
    certificate = certify("pair-interval", model, accuracy(task), pool=group)
    assert certificate.proved == proved_by_hand(model, task.targets(), group)
    right = sum(exact.right_by_first(model, task.targets()))
    assert certificate.proved == right if group == 1 else certificate.proved <= right


def test_tokens_in_twos() -> None:
    """Where the two tokens of a group have one target, bounds prove more than one pair of a rectangle."""
    task, checkpoint = blocks()
    model = quantize_pairs(checkpoint, 8)
    certificate = certify_intervals(model, accuracy(task))
    # Four rectangles of four pairs each.
    assert certificate.proved == proved_by_hand(model, task.targets(), 2) == 16


def test_other_tokens_and_options_are_refused() -> None:
    with pytest.raises(InputError, match="5 tokens, but d_vocab is 6"):
        certify_intervals(quantised_pairs(1, shape=pair_config(6)), accuracy(SUMS))
    with pytest.raises(InputError, match="pool is 0, expected at least 1"):
        certify("pair-interval", quantised_pairs(1), accuracy(SUMS), pool=0)
    with pytest.raises(InputError, match="pair-interval does not take precision"):
        certify("pair-interval", quantised_pairs(1), accuracy(SUMS), precision=9)


def test_a_certificate_that_lacks_a_winner_is_refused() -> None:
    certificate = certify_intervals(quantised_pairs(1), accuracy(SUMS))
    data = certificate.model_dump(mode="json") | {"winners": certificate.winners[1:]}
    with pytest.raises(ValueError, match="expected 2 rows of 2 winners"):
        PairIntervalCertificate.model_validate(data)


def test_rendered_lean_is_the_golden_one() -> None:
    task = modular_addition(3)
    model = quantised_pairs(1, bits=4, shape=pair_config(3, 2))
    assert_golden(
        render_claim("tiny", model, accuracy(task), certify_intervals(model, accuracy(task))), "pair-interval"
    )


@pytest.mark.lean
@pytest.mark.parametrize("group", [1, 2])
def test_the_kernel_proves_what_was_counted_and_not_one_more(
    group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leanbound.strategies.base.MODULE_BYTES", 64 << 10)  # a few groups a module
    task, checkpoint = _case(group)
    model = quantize_pairs(checkpoint, 8)
    certificate = certify_intervals(model, accuracy(task), group)
    assert 0 < certificate.proved < certificate.inputs
    rendered = render_claim("pairs", model, accuracy(task, certificate.proved), certificate)
    rendered.write(tmp_path)
    target = "(tableEntry table)" if group == 2 else "(addMod 5)"
    theorems = [
        f"theorem more{c} : countsFrom (model.wonPairs lanes {group} {target} winners) {c} [{n + 1}] = false := "
        "by decide +kernel"
        for c, n in enumerate(certificate.counts)
    ]
    theorems.append("theorem winner : checkWinners 5 [[0, 5]] = false := by decide +kernel")
    kernel_accepts(tmp_path, "Pairs", ["Lanes"], theorems, *rendered.modules)


def _case(group: int) -> tuple[PairTask, PairCheckpoint]:
    return blocks() if group == 2 else (SUMS, half_right(SUMS))
