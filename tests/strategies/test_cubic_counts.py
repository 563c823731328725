"""The cubic proof by counts: its sizes against enumeration, and what the kernel makes of them."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import certify, config, quantised
from tests.rendered import kernel_accepts

from leanbound.claims.properties import max_of_k
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.rendering.render import render_claim
from leanbound.strategies import STRATEGIES
from leanbound.strategies.certificate import Certificate, Counts
from leanbound.strategies.cubic_counts import _size
from leanbound.strategies.max_of_k import counts

STRATEGY = "cubic-counts"


def model_with_counts() -> QuantisedModel:
    """A random model with classes taken apart in every way: by copies, by one near token and by four."""
    return quantised(25, 6, config(d_vocab=6, n_ctx=4))


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8), st.integers(2, 5), st.integers(1, 4))
def test_no_more_is_counted_than_the_truth(seed: int, bits: int, V: int, K: int) -> None:
    model = quantised(seed, bits, config(d_vocab=V, n_ctx=K))
    assert certify(STRATEGY, model).proved <= exact.exact_count(model)


@given(st.data())
def test_sizes_are_those_of_enumeration(data: st.DataObject) -> None:
    K, m = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 4))
    g, c, n = data.draw(st.integers(0, m)), data.draw(st.integers(0, K - 1)), data.draw(st.integers(0, K))
    found = [
        tokens
        for tokens in product(range(m + 1), repeat=K - 1)
        if tokens.count(m) == c and sum(m - g <= t < m for t in tokens) <= n
    ]
    assert _size(K, m, g, c, n) == len(found)


def test_long_sequences_are_taken_and_split() -> None:
    certificate = certify(STRATEGY, quantised(31, shape=config(d_vocab=3, n_ctx=40)))
    assert any(len(item.allowed) > 30 for maximum in certificate.maxima for item in maximum.counts)


def test_modules_hold_what_fits_into_memory() -> None:
    certificate = certify(STRATEGY, model_with_counts())
    assert certificate.n_ctx == 4
    assert starts(certificate) == [0]
    wide = certificate.model_copy(update={"plan": certificate.plan.model_copy(update={"w": 1 << 23})})
    assert starts(wide) == [0, 2, 3, 4, 5]


def starts(certificate: Certificate) -> list[int]:
    return [share.start for share in STRATEGIES[STRATEGY].shares(certificate)]


def more_allowed(item: Counts, c: int) -> Counts:
    """One near token more at the c-th number of copies; beyond the listed ones, for the rest."""
    allowed = list(item.allowed)
    if c == len(allowed):
        return item.model_copy(update={"rest": item.rest + 1})
    allowed[c] += 1
    return item.model_copy(update={"allowed": tuple(allowed)})


def theorems(certificate: Certificate) -> list[str]:
    """What is proved of each maximum is exactly as claimed, and every number one higher proves no more."""
    found = []
    for m, maximum in enumerate(certificate.maxima):
        size = f"sizeOfMaximum (countedSize tables model.d_vocab model.n_ctx) {m}"
        found.append(f"{size} {counts(maximum.counts)} = {maximum.proved}")
        for item in maximum.counts:
            for c in range(len(item.allowed) + 1):
                changed = [more_allowed(item, c) if other is item else other for other in maximum.counts]
                found.append(f"Nat.ble ({size} {counts(changed)}) {maximum.proved} = true")
    return found


@pytest.mark.lean
def test_the_kernel_counts_what_is_predicted_and_refuses_more(tmp_path: Path) -> None:
    model = model_with_counts()
    certificate = certify(STRATEGY, model)
    items = [item for maximum in certificate.maxima for item in maximum.counts]
    assert {item.near for item in items} == {1, 4} and any(any(item.allowed) for item in items)
    render_claim("counted", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    lines = [f"theorem t{j} : {text} := by decide +kernel" for j, text in enumerate(theorems(certificate))]
    imports = "Tables", "LeanBound.Strategies.CubicCounts.Checker", "LeanBound.Strategies.Maxima"
    kernel_accepts(tmp_path, "Counted", imports, lines, "Claims.Counted.Replay")
