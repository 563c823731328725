"""The linear search against the exact reference evaluator, and the kernel's answer to its certificates."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import certify, config, quantised, shipped
from tests.rendered import kernel_accepts

from leanbound.claims.properties import max_of_k
from leanbound.errors import InputError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.rendering.render import render_claim
from leanbound.strategies.certificate import Certificate
from leanbound.strategies.sub_cubic import pool_count


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8), st.integers(1, 5), st.integers(1, 5))
def test_the_search_counts_no_more_than_the_truth(seed: int, bits: int, pool: int, maxima: int) -> None:
    model = quantised(seed, bits, config(d_vocab=5))
    assert certify("linear", model, pool=pool, maxima=maxima).proved <= exact.exact_count(model)


def test_classes_hold_for_every_input() -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    reference = exact.tables(model)
    for part in certify("linear", model, pool=1).pools:
        for m in range(8):
            gap = (part.gaps >> (4 * m) & 15) - 1
            if gap < 0:
                continue
            members = [
                x
                for x in product(range(8), repeat=3)
                if x[-1] == part.start and m in x and set(x) <= {m, *range(m - gap)}
            ]
            assert pool_count(3, range(part.start, part.start + 1), m, m - gap) == len(members)
            assert all(exact.is_correct(reference, x) for x in members)


def test_only_the_largest_maxima_are_looked_at() -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    few, all_of_them = certify("linear", model, pool=1, maxima=2), certify("linear", model, pool=1)
    assert 0 < few.proved < all_of_them.proved
    assert all(part.gaps % (1 << 24) == 0 for part in few.pools)


def test_one_pool_is_vacuous_and_says_so() -> None:
    assert certify("linear", quantize_fixed(shipped("max-of-3-v8"), 8), pool=8).proved == 0


@pytest.mark.parametrize(("options", "says"), [({"pool": 0}, "pool is 0"), ({"maxima": 0}, "maxima is 0")])
def test_wrong_options_are_refused(options: dict[str, int], says: str) -> None:
    with pytest.raises(InputError, match=says):
        certify("linear", quantised(), **options)


def test_certificates_survive_being_written_and_read() -> None:
    certificate = certify("linear", quantised(1))
    assert Certificate.model_validate_json(certificate.to_bytes()) == certificate


#: Of the pool of query 0: the field, its lane, and what is added to it.
WRONG = {
    "centre": ("centre", 0, 1),
    "unembed_low": ("unembedLow", 1, 1),
    "unembed_high": ("unembedHigh", 2, -1),
    "value_low": ("valueLow", 0, 1),
    "value_high": ("valueHigh", 3, -1),
}


@pytest.mark.lean
def test_the_kernel_counts_what_the_search_says_and_refuses_wrong_bounds(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    certificate = certify("linear", model, pool=1)
    render_claim("linear", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    lines = []
    for pool in certificate.pools:
        size = f"(pool{pool.start}.size plan model head {pool.start} {pool.size})"
        lines.append(f"theorem count{pool.start} : Nat.beq {pool.proved} {size} = true := by decide +kernel")
        more = f"Nat.ble {pool.proved + 1} {size} = false"
        lines.append(f"theorem more{pool.start} : {more} := by decide +kernel")
    proving = next(pool for pool in certificate.pools if pool.proved)
    assert proving.logits is not None
    a = proving.start
    for name, (field, lane, by) in WRONG.items():
        operation, amount = ("Nat.add", by) if by > 0 else ("Nat.sub", -by)
        changed = f"{operation} pool{a}.{field} (nat_lit {amount << (proving.logits.bits * lane)})"
        lines.append(f"def {name} : LinearPool := {{ pool{a} with {field} := {changed} }}")
    lines.append(f"def loss : LinearPool := {{ pool{a} with loss := 0 }}")
    for name in ("loss", *WRONG):
        lines.append(f"theorem {name}_fails : Nat.ble {proving.proved} ({name}.size plan model head {a} 1) = false :=")
        lines.append("  by decide +kernel")
    kernel_accepts(tmp_path, "Linear", ["Queries0"], lines, "Claims.Linear.Replay")
