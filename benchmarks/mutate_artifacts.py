"""Random mutations of valid artifacts, held against the audit: no false accept, no crash, no hang.

    .venv/bin/python benchmarks/mutate_artifacts.py --count 10000 --seed 1

An accepted mutant is no false accept if the audit read the same statement, weights and axioms from it: a byte that
holds none of them. Such a mutant has another digest, so the gate refuses it all the same.
"""

import argparse
import random
import shutil
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.test_audit import EXPECTED, FIXTURES, PROPERTY, open_module

from leanbound.audit.claim import ClaimAudit, audit_claim, meaning_of
from leanbound.errors import RejectedError

MODULE = "Fix.Claim.Replay"
SLOW_SECONDS = 30.0


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One of: a flipped bit, another byte or word, a cut, a word moved, lost or doubled, two words swapped."""
    kind = rng.randrange(8)
    at = rng.randrange(len(data))
    word = at & ~3
    other = rng.randrange(len(data)) & ~3
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        return data[:word] + rng.randrange(1 << 32).to_bytes(4, "little") + data[word + 4 :]
    if kind == 3:
        return data[:at]
    if kind == 4:
        return data[:word] + data[word + 4 :]
    if kind == 5:
        return data[:word] + data[word : word + 4] + data[word:]
    if kind == 6:
        return data[:word] + data[other : other + 4] + data[word + 4 :]
    low, high = sorted((word, other))
    return data[:low] + data[high : high + 4] + data[low + 4 : high] + data[low : low + 4] + data[high + 4 :]


def essence(found: ClaimAudit) -> tuple[object, ...]:
    """What an accepted artifact says."""
    audit = found.audit
    return audit.statement_digest, audit.meaning_digest, found.claim, audit.axioms


def run(count: int, seed: int) -> Counter[str]:
    """How many mutants were refused while reading, refused by the audit, or are the same claim still.

    Raises AssertionError for a false accept or a slow mutant; anything else that a mutant raises is a crash.
    """
    rng = random.Random(seed)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        build, library = Path(name) / "build", Path(name) / "library"
        library.mkdir()
        (library / "Init.olean").touch()
        with tarfile.open(FIXTURES / "fixtures.tar.xz") as archive:
            archive.extractall(build, filter="data")
        environment = open_module(build, library, MODULE)
        meanings = {PROPERTY: meaning_of(environment, PROPERTY)}
        expected = replace(EXPECTED, meanings=meanings)
        original = audit_claim(environment, expected)
        assert original.reasons == ()
        parts = sorted([*build.glob("Fix/Claim/*.olean*"), *build.glob("Fix/Spec.olean*")])
        for _ in tqdm(range(count), desc="artifacts", unit="mutant", disable=not sys.stderr.isatty()):
            path = rng.choice(parts)
            pristine = path.read_bytes()
            path.write_bytes(mutate(pristine, rng))
            started = time.monotonic()
            try:
                found = audit_claim(open_module(build, library, MODULE), expected)
                if found.reasons:
                    seen["refused by the audit"] += 1
                else:
                    assert essence(found) == essence(original), f"false accept, seed {seed}, {path}"
                    seen["the same claim still"] += 1
            except RejectedError:
                seen["refused while reading"] += 1
            finally:
                path.write_bytes(pristine)
            assert time.monotonic() - started < SLOW_SECONDS, f"slow mutant, seed {seed}, {path}"
        shutil.rmtree(build)
    return seen


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    begun = time.monotonic()
    for outcome, number in sorted(run(arguments.count, arguments.seed).items()):
        print(f"{number:6} {outcome}")
    print(f"{arguments.count} mutants in {time.monotonic() - begun:.0f} s, no false accept, no crash, no hang")
