"""Slices of the mutation runs in `benchmarks/`."""

import pytest
from benchmarks import mutate_artifacts, mutate_certificates


def test_no_mutated_artifact_is_a_false_accept() -> None:
    seen = mutate_artifacts.run(80, seed=11)
    assert sum(seen.values()) == 80 and seen["refused while reading"]


@pytest.mark.lean
def test_no_mutated_certificate_is_a_false_accept() -> None:
    seen = mutate_certificates.run(25, seed=12)
    assert sum(seen.values()) == 25 and seen["refused by the kernel"]
