"""Random mutations of a valid certificate, each put to Lean's kernel: none may prove more than is true.

    .venv/bin/python benchmarks/mutate_certificates.py --count 10000 --seed 1

The model is max-of-2-v5, right on 24 of 25 inputs. A mutant that Lean accepts is no false accept if what it claims is
true: a smaller count, or wider lanes. Lean gets them in batches, one theorem each; a batch on which it dies is halved.
Mutants with widths that Lean cannot shift by would only have their batch checked many times: they go one by one.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.corpus import ROOT, shipped

from leanbound.claims.properties import max_of_k
from leanbound.errors import LeanboundError
from leanbound.families.attention_only.exact import exact_count
from leanbound.families.attention_only.quantize import quantize_fixed
from leanbound.lean.build import build
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.limits import Limits
from leanbound.lean.toolchain import select_toolchain
from leanbound.rendering.lean_source import natural, naturals
from leanbound.rendering.render import render_claim
from leanbound.strategies import certify
from leanbound.strategies.certificate import Certificate
from leanbound.strategies.max_of_k import splits

BATCH = 100
ROUND = 1000
WIDTHS = ("narrow", "stride", "w", "e", "r", "P", "squarings", "err")
MAX_WIDTH = 1 << 14
LIMITS = Limits(seconds=120, memory=3 << 30)
HEAD = """module
public import Claims.Mutant.Tables
public import LeanBound.Strategies.Cubic.Checker
public import LeanBound.Strategies.Maxima
@[expose] public section
namespace Claims.Mutant
open LeanBound
set_option Elab.async false
noncomputable section
"""
FOOT = "end\nend Claims.Mutant\n"


def leaves(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all integers and lists of the plan and the maxima."""
    found = [path] if isinstance(data, (int, str, list)) and path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [leaf for key, value in items for leaf in leaves(value, (*path, key))]


def mutate(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One entry made another: by one, by a bit, by another entry's value; an element of a list lost or doubled."""
    data = json.loads(json.dumps(data))
    paths = leaves({"plan": data["plan"], "maxima": data["maxima"]})
    *above, key = rng.choice(paths)
    part: Any = data
    for step in above:
        part = part[step]
    value = part[key]
    if isinstance(value, list):
        if value:
            at = rng.randrange(len(value))
            part[key] = value[:at] + value[at + 1 :] if rng.random() < 0.5 else [*value[:at], value[at], *value[at:]]
        return data
    number = int(value, 16) if isinstance(value, str) else value
    other = rng.choice([path for path in paths if path])
    changed = rng.choice(
        [
            number + rng.choice((-1, 1)),
            number ^ 1 << rng.randrange(max(4, number.bit_length() + 2)),
            rng.randrange(2 * number + 2),
            0,
            _value(data, other, number),
        ]
    )
    part[key] = hex(changed) if isinstance(value, str) else changed
    return data


def _value(data: dict[str, Any], path: Sequence[Any], default: int) -> int:
    part: Any = data
    for step in path:
        part = part[step]
    if isinstance(part, list):
        return default
    return int(part, 16) if isinstance(part, str) else int(part)


def theorem(number: int, certificate: Certificate) -> str:
    """Lines that Lean accepts only if it accepts the certificate."""
    plan = certificate.plan
    fields = ", ".join(
        f"{name} := {naturals(value).replace(chr(10), ' ') if isinstance(value, tuple) else natural(value)}"
        for name, value in plan
    )
    claims = ", ".join(f"({maximum.proved}, {splits(maximum.splits)})" for maximum in certificate.maxima)
    length = f"Nat.beq {len(certificate.maxima)} model.d_vocab"
    maxima = f"checkMaxima (cubicSize (p{number}.tables model head) model.d_vocab model.n_ctx) 0 [{claims}]"
    check = f"both (checkPlan p{number} model head) (both ({length}) ({maxima}))"
    return f"def p{number} : Plan := {{ {fields} }}\ntheorem m{number} : {check} = true := by decide +kernel\n"


def too_wide(certificate: Certificate) -> bool:
    """Whether Lean may die on a number of so many bits instead of refusing it."""
    return any(getattr(certificate.plan, name) > MAX_WIDTH for name in WIDTHS)


Group = dict[int, Certificate]
"""Mutants by their numbers: what one module holds."""


def accepted(groups: list[Group], root: Path, seen: Counter[str]) -> list[int]:
    """The mutants that Lean accepts. A group on which Lean dies is halved; on its own, such a mutant is refused."""
    found: list[int] = []
    while groups:
        failures = checked(groups, root)
        again = []
        for group, failure in zip(groups, failures, strict=True):
            if isinstance(failure, LeanCrashError) and len(group) > 1:
                again += halves(group)
            elif isinstance(failure, LeanCrashError):
                seen["refused: Lean was stopped"] += 1
            else:
                found += kept(group, failure)
        groups = again
    return found


def checked(groups: list[Group], root: Path) -> list[LeanboundError | None]:
    """How the check of each group failed, if it did."""
    names = [f"Claims.Mutant.Batch{min(group)}x{len(group)}" for group in groups]
    for name, group in zip(names, groups, strict=True):
        lines = [theorem(number, certificate) for number, certificate in group.items()]
        root.joinpath(*name.split(".")).with_suffix(".lean").write_text(HEAD + "".join(lines) + FOOT)
    result = build(
        names,
        roots=[root, ROOT / "lean"],
        toolchain=select_toolchain(),
        out=ROOT / "build" / "lean",
        limits=LIMITS,
        shared=lambda module: module.split(".")[0],
    )
    return [result.failures.get(name) for name in names]


def kept(group: Group, failure: LeanboundError | None) -> list[int]:
    """The mutants of a group in whose lines Lean found no error."""
    if failure is None:
        return list(group)
    if not isinstance(failure, LeanRejectedError):
        raise failure
    first = HEAD.count("\n") + 1
    bad = {(item.line - first) // 2 for item in failure.diagnostics if item.is_error}
    return [number for j, number in enumerate(group) if j not in bad]


def halves(group: Group) -> list[Group]:
    items = list(group.items())
    return [dict(items[: len(items) // 2]), dict(items[len(items) // 2 :])]


def grouped(mutants: Group) -> list[Group]:
    """Batches, and by themselves those that Lean may die of."""
    plain = [number for number, mutant in mutants.items() if not too_wide(mutant)]
    batches = [plain[i : i + BATCH] for i in range(0, len(plain), BATCH)]
    alone = [[number] for number in mutants.keys() - set(plain)]
    return [{number: mutants[number] for number in batch} for batch in (*batches, *alone)]


def run(count: int, seed: int) -> Counter[str]:
    """How many mutants are malformed, refused by the kernel, or accepted and true.

    Raises AssertionError for one that is accepted and false.
    """
    rng = random.Random(seed)
    model = quantize_fixed(shipped("max-of-2-v5"), 8)
    truth = exact_count(model)
    original = certify("cubic", model, max_of_k(1))
    data = json.loads(original.to_bytes())
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        render_claim("mutant", model, max_of_k(1), original).write(root)
        for start in tqdm(range(0, count, ROUND), desc="certificates", unit="round", disable=not sys.stderr.isatty()):
            mutants: Group = {}
            for number in range(start, min(start + ROUND, count)):
                try:
                    mutants[number] = Certificate.model_validate(mutate(data, rng))
                except ValueError:
                    seen["malformed"] += 1
            stopped = seen["refused: Lean was stopped"]
            true = accepted(grouped(mutants), root, seen)
            for number in true:
                proved = mutants[number].proved
                assert proved <= truth, f"false accept, seed {seed}: {proved} of {truth}, {mutants[number]}"
            seen["accepted, and true"] += len(true)
            seen["refused by the kernel"] += len(mutants) - len(true) - (seen["refused: Lean was stopped"] - stopped)
            print(f"after {min(start + ROUND, count)} of seed {seed}: {dict(sorted(seen.items()))}", file=sys.stderr)
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
