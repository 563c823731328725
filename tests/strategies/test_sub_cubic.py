"""The sub-cubic search against the exact reference evaluator, and the kernel's answer to its certificates."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.corpus import SMALL, certify, config, quantised, shipped
from tests.rendered import kernel_accepts

from leanbound.claims.properties import max_of_k
from leanbound.errors import InputError
from leanbound.families.attention_only import exact
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.rendering.lean_source import natural
from leanbound.rendering.render import render_claim
from leanbound.strategies.certificate import Certificate, Envelope, Factors, PoolCertificate
from leanbound.strategies.key_ranges import keys_by_embeddings
from leanbound.strategies.max_of_k import envelope as lean_envelope
from leanbound.strategies.sub_cubic import ATTENTION, DIRECT, FACTORED, build_tables, pool_count

Handlings = st.tuples(st.sampled_from(sorted(ATTENTION)), st.sampled_from(sorted(DIRECT)))


#: Also those that do not multiply the QK circuit out.
AllHandlings = st.tuples(st.sampled_from(sorted({*ATTENTION, *FACTORED})), st.sampled_from(sorted(DIRECT)))

SUBPRODUCT = "svd+max_diff_subproduct"
RECURSIVE = "svd+max_diff_subproduct_recursive"


def gaps(pool: PoolCertificate, V: int) -> dict[int, int]:
    """By maximum, the gap of the class that is claimed."""
    digits = {m: pool.gaps >> (4 * m) & 15 for m in range(V)}
    return {m: digit - 1 for m, digit in digits.items() if digit}


def lanes(bits: int, x: int, n: int) -> list[int]:
    return [x >> (bits * j) & ((1 << bits) - 1) for j in range(n)]


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8), st.integers(1, 5), AllHandlings)
def test_the_search_counts_no_more_than_the_truth(seed: int, bits: int, pool: int, names: tuple[str, str]) -> None:
    model = quantised(seed, bits, config(d_vocab=5))
    found = certify("sub-cubic", model, pool=pool, attention=names[0], direct=names[1])
    assert found.proved <= exact.exact_count(model)


@pytest.mark.parametrize("attention", ["svd+max_diff_exact", SUBPRODUCT, RECURSIVE])
@pytest.mark.parametrize("pool", [1, 3, 8])
@pytest.mark.parametrize("name", SMALL)
def test_classes_hold_for_every_input(name: str, pool: int, attention: str) -> None:
    model = quantize_fixed(shipped(name), 8)
    V, K = model.config.d_vocab, model.config.n_ctx
    reference = exact.tables(model)
    for part in certify("sub-cubic", model, pool=pool, attention=attention).pools:
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


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from(sorted(FACTORED)))
def test_factors_bound_differences_of_scores(seed: int, size: int, name: str) -> None:
    model = quantised(seed, shape=config(d_vocab=5))
    reference, K = exact.tables(model), model.config.n_ctx
    for pool in certify("sub-cubic", model, pool=size, attention=name).pools:
        part = pool.attention
        low, high = lanes(part.bits, part.low, 5), lanes(part.bits, part.high, 5)
        assert (pool.factors is not None, pool.spread) == (True, 0)
        for j, (scale, _) in enumerate(part.queries):
            for m, t, i, k in product(range(5), range(5), range(K), range(K)):
                gap = reference.score(pool.start + j, m, i) - reference.score(pool.start + j, t, k)
                assert scale * (low[t] - high[m]) <= gap


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 8))
def test_keys_lie_in_the_ranges_that_embeddings_allow(seed: int, bits: int) -> None:
    model = quantised(seed, bits, config(d_vocab=5))
    t = {tensor.name: np.array(tensor.ints, dtype=object) for tensor in model.tensors}
    ranges, width = keys_by_embeddings(model), model.config.d_head
    keys = (t["W_E"] @ t["W_K"], t["W_pos"] @ t["W_K"] + t["b_K"])
    sides = ((ranges.token_low, ranges.token_high), (ranges.position_low, ranges.position_high))
    for rows, (low, high) in zip(keys, sides, strict=True):
        assert (low[:width] <= rows).all() and (rows <= high[:width]).all()
        assert (low[width], high[width]) == (0, 0)


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


@pytest.mark.parametrize("attention", ["svd+max_diff", SUBPRODUCT, RECURSIVE])
def test_certificates_survive_being_written_and_read(attention: str) -> None:
    certificate = certify("sub-cubic", quantised(1), attention=attention)
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


#: Of the pool of the queries 0 .. 2 with factors: the field, its lane, and what is added to it.
WRONG_FACTORS = {
    "radius": ("radius", 1, -1),
    "centre": ("centre", 0, 3),
    "scale": ("scales", 2, 1),
    "direction": ("direction", 3, 1),
    "token_low": ("tokenLow", 2, 1),
    "token_high": ("tokenHigh", 4, -1),
    "position_low": ("positionLow", 0, 1),
    "position_high": ("positionHigh", 5, -1),
    "along": ("along", 7, 1),
    "top": ("top", 0, -1),
    "least": ("least", 0, 1),
    "most": ("most", 0, -1),
}


#: Of them those that recursive bounds use: keys have no direction there.
WRONG_RECURSIVE = {name: at for name, at in WRONG_FACTORS.items() if name not in ("direction", "along")}

WRONG_EMBEDDINGS = {
    "token_least": ("tokenLow", 2, 1),
    "token_most": ("tokenHigh", 1, -1),
    "position_least": ("positionLow", 0, 1),
    "position_most": ("positionHigh", 3, -1),
}


def _first_factors(certificate: Certificate) -> Factors:
    found = certificate.pools[0].factors
    assert found is not None
    return found


def _scores(name: str, start: int, size: int) -> str:
    scores = "tables plan.exponentials model.d_vocab model.n_ctx (plan.scores model head)"
    return f"({name}.checkScores {scores} {start} {size})"


def _factors(name: str, factors: str, start: int, size: int) -> str:
    return f"({name}.checkFactors {factors} plan model head {start} {size})"


def _recursive(name: str, factors: str, ranges: str, start: int, size: int) -> str:
    return f"({name}.checkRecursive {factors} {ranges} plan model head {start} {size})"


def _changed(name: str, kind: str, original: str, bits: int, at: tuple[str, int, int]) -> str:
    """A certificate with another number in one lane of a field."""
    field, lane, by = at
    operation, size = ("Nat.add", by) if by > 0 else ("Nat.sub", -by)
    changed = f"{operation} {original}.{field} (nat_lit {size << (bits * lane)})"
    return f"def {name} : {kind} := {{ {original} with {field} := {changed} }}"


def _size(attends: str, name: str, start: int, size: int) -> str:
    return f"(poolSize tables plan.exponentials model.d_vocab model.n_ctx {attends} {name} {start} {size})"


def _counts(pool: PoolCertificate, attends: str) -> str:
    size = _size(attends, f"pool{pool.start}", pool.start, pool.size)
    return f"theorem count{pool.start} : Nat.beq {pool.proved} {size} = true := by decide +kernel"


def _fails(name: str, size: str) -> str:
    return f"theorem {name}_fails : Nat.beq 0 {size} = true := by decide +kernel"


def _check(root: Path, claim: str, lines: list[str]) -> None:
    """Raise unless Lean accepts the claim and what is said of its pools."""
    imports = "Queries0", "LeanBound.Numerics.Numeral"
    kernel_accepts(root, claim, imports, lines, f"Claims.{claim}.Replay")


@pytest.mark.lean
def test_the_kernel_counts_what_the_search_says_and_refuses_wrong_bounds(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    certificate = certify("sub-cubic", model, pool=3)
    render_claim("pooled", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    lines = [_counts(pool, _scores(f"pool{pool.start}", pool.start, pool.size)) for pool in certificate.pools]
    first = certificate.pools[0]
    for name, change in WRONG.items():
        lines.append(_definition(name, first.model_copy(update=change(first))))
    for name, change_text in WRONG_SCALES.items():
        lines.append(f"def {name} : Pool := {{ pool0 with {change_text.format(**dict(first))} }}")
    lines += [_fails(name, _size(_scores(name, 0, 3), name, 0, 3)) for name in (*WRONG, *WRONG_SCALES)]
    _check(tmp_path, "Pooled", lines)


@pytest.mark.lean
def test_the_kernel_bounds_scores_by_their_factors_and_refuses_wrong_ones(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    certificate = certify("sub-cubic", model, pool=3, attention=SUBPRODUCT)
    render_claim("factored", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    lines = []
    for pool in certificate.pools:
        lines.append(_counts(pool, _factors(f"pool{pool.start}", f"factors{pool.start}", pool.start, pool.size)))
    for name, at in WRONG_FACTORS.items():
        lines.append(_changed(name, "Factors", "factors0", _first_factors(certificate).bits, at))
        lines.append(_fails(name, _size(_factors("pool0", name, 0, 3), "pool0", 0, 3)))
    rising = certificate.pools[0].model_copy(update={"attention": _rising(certificate.pools[0].attention)})
    lines.append(_definition("rising", rising))
    lines.append(_fails("rising", _size(_factors("rising", "factors0", 0, 3), "rising", 0, 3)))
    _check(tmp_path, "Factored", lines)


@pytest.mark.lean
def test_the_kernel_bounds_keys_by_embeddings_and_refuses_wrong_ranges(tmp_path: Path) -> None:
    model = quantize_fixed(shipped("max-of-3-v8"), 8)
    certificate = certify("sub-cubic", model, pool=3, attention=RECURSIVE)
    render_claim("recursive", model, max_of_k(certificate.proved), certificate).write(tmp_path)
    lines = []
    for pool in certificate.pools:
        attends = _recursive(f"pool{pool.start}", f"factors{pool.start}", "embeddings0", pool.start, pool.size)
        lines.append(_counts(pool, attends))
    for name, at in WRONG_RECURSIVE.items():
        lines.append(_changed(name, "Factors", "factors0", _first_factors(certificate).bits, at))
        lines.append(_fails(name, _size(_recursive("pool0", name, "embeddings0", 0, 3), "pool0", 0, 3)))
    ranges = certificate.embeddings
    assert ranges is not None
    for name, at in WRONG_EMBEDDINGS.items():
        lines.append(_changed(name, "EmbeddingRanges", "embeddings0", ranges.bits, at))
        lines.append(_fails(name, _size(_recursive("pool0", "factors0", name, 0, 3), "pool0", 0, 3)))
    _check(tmp_path, "Recursive", lines)
