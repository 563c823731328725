"""The sub-cubic search against the exact reference evaluator, and the kernel's answer to its certificates."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.corpus import ROOT, SMALL, certify, config, quantised, shipped

from leanbound import exact
from leanbound.errors import InputError
from leanbound.lean.build import build
from leanbound.lean.embedded import load_embedded
from leanbound.lean_source import natural
from leanbound.properties import max_of_k
from leanbound.quantize import quantize_fixed
from leanbound.render import render_claim
from leanbound.strategies.certificate import Certificate, Envelope, PoolCertificate
from leanbound.strategies.max_of_k import envelope as lean_envelope
from leanbound.strategies.sub_cubic import ATTENTION, DIRECT, build_tables, pool_count

Handlings = st.tuples(st.sampled_from(sorted(ATTENTION)), st.sampled_from(sorted(DIRECT)))


def gaps(pool: PoolCertificate, V: int) -> dict[int, int]:
    """By maximum, the gap of the class that is claimed."""
    digits = {m: pool.gaps >> (4 * m) & 15 for m in range(V)}
    return {m: digit - 1 for m, digit in digits.items() if digit}


def lanes(bits: int, x: int, n: int) -> list[int]:
    return [x >> (bits * j) & ((1 << bits) - 1) for j in range(n)]


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8), st.integers(1, 5), Handlings)
def test_the_search_counts_no_more_than_the_truth(seed: int, bits: int, pool: int, names: tuple[str, str]) -> None:
    model = quantised(seed, bits, config(d_vocab=5))
    found = certify("sub-cubic", model, pool=pool, attention=names[0], direct=names[1])
    assert found.proved <= exact.exact_count(model)


@pytest.mark.parametrize("pool", [1, 3, 8])
@pytest.mark.parametrize("name", SMALL)
def test_classes_hold_for_every_input(name: str, pool: int) -> None:
    model = quantize_fixed(shipped(name), 8)
    V, K = model.config.d_vocab, model.config.n_ctx
    reference = exact.tables(model)
    for part in certify("sub-cubic", model, pool=pool).pools:
        queries, proved = range(part.start, part.start + part.size), 0
        for m, gap in gaps(part, V).items():
            members = [
                x
                for x in product(range(V), repeat=K)
                if x[-1] in queries and max(x) == m and all(t == m or t < m - gap for t in x)
            ]
            assert pool_count(K, queries, m, m - gap) == len(members)
            assert all(exact.is_correct(reference, x) for x in members)
            proved += len(members)
        assert part.proved == proved


def test_one_query_a_pool_proves_most_of_a_trained_model() -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    assert certify("sub-cubic", model, pool=1).proved > certify("sub-cubic", model, pool=8).proved > 0


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), Handlings)
def test_envelopes_enclose_the_circuits(seed: int, size: int, names: tuple[str, str]) -> None:
    model = quantised(seed, shape=config(d_vocab=5))
    tables = build_tables(model)
    for pool in certify("sub-cubic", model, pool=size, attention=names[0], direct=names[1]).pools:
        for part, rows in ((pool.attention, tables.uE), (pool.direct, tables.D)):
            low, high = (np.array(lanes(part.bits, x, 5), dtype=object) for x in (part.low, part.high))
            for j, (scale, shift) in enumerate(part.queries):
                row = rows[pool.start + j] + shift
                assert (scale * low <= row).all() and (row <= scale * high).all()
        assert lanes(pool.attention.bits, pool.attention.low, 5) == sorted(
            lanes(pool.attention.bits, pool.attention.low, 5), reverse=True
        )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pool": 0}, "pool is 0"),
        ({"attention": "svd"}, "attention is 'svd'"),
        ({"direct": "mean"}, "direct is 'mean'"),
        ({"pools": 3}, "sub-cubic does not take pools"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, int | str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        certify("sub-cubic", quantised(), **options)  # type: ignore[arg-type]


def test_the_other_strategies_take_no_pool() -> None:
    with pytest.raises(InputError, match="cubic does not take pool"):
        certify("cubic", quantised(), pool=2)


def test_certificates_survive_being_written_and_read() -> None:
    certificate = certify("sub-cubic", quantised(1))
    assert Certificate.model_validate_json(certificate.to_bytes()) == certificate


def test_a_certificate_knows_how_many_tokens_there_are() -> None:
    certificate = certify("sub-cubic", quantised(1, shape=config(d_vocab=5, n_ctx=3)), pool=2)
    assert (certificate.tokens, certificate.n_ctx) == (5, 3)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_certificate_of_too_few_queries_is_malformed(kept: int) -> None:
    certificate = certify("sub-cubic", quantised(1), pool=1)
    few = certificate.model_copy(update={"pools": certificate.pools[:kept]})
    with pytest.raises(ValidationError, match="too few"):
        Certificate.model_validate_json(few.to_bytes())


def _lane(part: Envelope, name: str, lane: int, by: int) -> Envelope:
    return part.model_copy(update={name: getattr(part, name) + (by << (part.bits * lane))})


def _twice(part: Envelope) -> Envelope:
    scale, shift = part.queries[0]
    return part.model_copy(update={"queries": ((2 * scale, shift), *part.queries[1:])})


def _rising(part: Envelope) -> Envelope:
    """With a first entry of `low` that is too small: still a bound, but the second one is above it."""
    first, second, *_ = lanes(part.bits, part.low, 2)
    return _lane(part, "low", 0, second - 1 - first)


#: The same in Lean: the extreme scales, which certificates leave to the renderer.
WRONG_SCALES = {
    "least_attention": "attention := {{ pool0.attention with least := {attention.least} + 1 }}",
    "most_attention": "attention := {{ pool0.attention with most := {attention.most} - 1 }}",
    "least_direct": "direct := {{ pool0.direct with least := {direct.least} + 1 }}",
    "most_direct": "direct := {{ pool0.direct with most := {direct.most} - 1 }}",
}

#: Of the pool of the queries 0 .. 2, each of them wrong: the field, and what it becomes.
WRONG: dict[str, Callable[[PoolCertificate], dict[str, object]]] = {
    "score_above": lambda pool: {"attention": _lane(pool.attention, "high", 5, -2)},
    "score_below": lambda pool: {"attention": _lane(pool.attention, "low", 0, 2)},
    "direct_above": lambda pool: {"direct": _lane(pool.direct, "high", 6, -2)},
    "direct_below": lambda pool: {"direct": _lane(pool.direct, "low", 6, 2)},
    "scale": lambda pool: {"direct": _twice(pool.direct)},
    "positions": lambda pool: {"spread": pool.spread - 1},
    "fewer_queries": lambda pool: {
        "attention": pool.attention.model_copy(update={"queries": pool.attention.queries[:2]})
    },
    "bits": lambda pool: {"direct": pool.direct.model_copy(update={"bits": pool.direct.bits - 1})},
    "increasing": lambda pool: {"attention": _rising(pool.attention)},
}


def _definition(name: str, pool: PoolCertificate) -> str:
    return (
        f"def {name} : Pool := ⟨{lean_envelope(pool.attention)}, {natural(pool.spread)},\n"
        f"  {lean_envelope(pool.direct)}, {natural(pool.gaps)}⟩"
    )


@pytest.mark.lean
def test_the_kernel_counts_what_the_search_says_and_refuses_wrong_bounds(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    certificate = certify("sub-cubic", model, pool=3)
    render_claim("pooled", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    size = "poolSize tables (plan.scores model head) model.d_vocab model.n_ctx"
    lines = []
    for pool in certificate.pools:
        count = f"({size} pool{pool.start} {pool.start} {pool.size})"
        lines.append(f"theorem count{pool.start} : Nat.beq {pool.proved} {count} = true := by decide +kernel")
    first = certificate.pools[0]
    for name, change in WRONG.items():
        lines.append(_definition(name, first.model_copy(update=change(first))))
    for name, change_text in WRONG_SCALES.items():
        lines.append(f"def {name} : Pool := {{ pool0 with {change_text.format(**dict(first))} }}")
    for name in (*WRONG, *WRONG_SCALES):
        lines.append(f"theorem {name}_fails : Nat.beq 0 ({size} {name} 0 3) = true := by decide +kernel")
    source = (
        "module\npublic import Claims.Pooled.Queries0\nimport LeanBound.Numerics.Numeral\n"
        "@[expose] public section\nnamespace Claims.Pooled\n"
        "open LeanBound\nset_option Elab.async false\nnoncomputable section\n"
        + "\n".join(lines)
        + "\nend\nend Claims.Pooled\n"
    )
    (tmp_path / "Claims" / "Pooled" / "Mutations.lean").write_text(source)
    result = build(
        ["Claims.Pooled.Mutations", "Claims.Pooled.Replay"],
        roots=[tmp_path, ROOT / "lean"],
        toolchain=load_embedded(install=True),
        out=ROOT / "build" / "lean",
    )
    result.raise_failures()
