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

from leanbound.exact import exact_count
from leanbound.lean.build import build
from leanbound.lean.failures import LeanCrashError, LeanRejectedError
from leanbound.lean.limits import Limits
from leanbound.lean.toolchain import select_toolchain
from leanbound.lean_source import natural, naturals
from leanbound.properties import max_of_k
from leanbound.quantize import quantize_fixed
from leanbound.render import render_claim
from leanbound.strategies import certify
from leanbound.strategies.certificate import Certificate
from leanbound.strategies.max_of_k import splits

BATCH = 100
WIDTHS = ("narrow", "stride", "w", "e", "r", "P", "squarings", "err")
MAX_WIDTH = 1 << 14
LIMITS = Limits(seconds=120, memory=3 << 30)
HEAD = """module
public import Claims.Mutant.Tables
public import LeanBound.Strategies.Cubic.Queries
@[expose] public section
namespace Claims.Mutant
open LeanBound
set_option Elab.async false
noncomputable section
"""


def leaves(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all integers and lists of the plan and the queries."""
    found = [path] if isinstance(data, (int, str, list)) and path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return found + [leaf for key, value in items for leaf in leaves(value, (*path, key))]


def mutate(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One entry made another: by one, by a bit, by another entry's value; an element of a list lost or doubled."""
    data = json.loads(json.dumps(data))
    paths = leaves({"plan": data["plan"], "queries": data["queries"]})
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
    claims = ", ".join(f"({query.proved}, {splits(query.splits)})" for query in certificate.queries)
    length = f"Nat.beq {len(certificate.queries)} model.d_vocab"
    queries = f"cubicQueries (p{number}.tables model head) model.d_vocab model.n_ctx 0 [{claims}]"
    check = f"both (checkPlan p{number} model head) (both ({length}) ({queries}))"
    return f"def p{number} : Plan := {{ {fields} }}\ntheorem m{number} : {check} = true := by decide +kernel\n"


def too_wide(certificate: Certificate) -> bool:
    """Whether Lean may die on a number of so many bits instead of refusing it."""
    return any(getattr(certificate.plan, name) > MAX_WIDTH for name in WIDTHS)


def accepted(mutants: dict[int, Certificate], root: Path, out: Path, seen: Counter[str]) -> list[int]:
    """The mutants that Lean accepts; on its own one on which Lean dies is refused."""
    lines = [theorem(number, certificate) for number, certificate in mutants.items()]
    name = f"Batch{min(mutants)}"
    (root / "Claims" / "Mutant" / f"{name}.lean").write_text(HEAD + "".join(lines) + "end\nend Claims.Mutant\n")
    module = f"Claims.Mutant.{name}"
    result = build([module], roots=[root, ROOT / "lean"], toolchain=select_toolchain(), out=out, limits=LIMITS, jobs=1)
    failure = result.failures.get(module)
    if failure is None:
        return list(mutants)
    if isinstance(failure, LeanRejectedError):
        first = HEAD.count("\n") + 1
        bad = {(item.line - first) // 2 for item in failure.diagnostics if item.is_error}
        return [number for j, number in enumerate(mutants) if j not in bad]
    if not isinstance(failure, LeanCrashError):
        raise failure
    if len(mutants) == 1:
        seen["refused: Lean was stopped"] += 1
        return []
    items = list(mutants.items())
    half = len(items) // 2
    return [*accepted(dict(items[:half]), root, out, seen), *accepted(dict(items[half:]), root, out, seen)]


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
        starts = range(0, count, BATCH)
        for start in tqdm(starts, desc="certificates", unit="batch", disable=not sys.stderr.isatty()):
            mutants = {}
            for number in range(start, min(start + BATCH, count)):
                try:
                    mutants[number] = Certificate.model_validate(mutate(data, rng))
                except ValueError:
                    seen["malformed"] += 1
            stopped = seen["refused: Lean was stopped"]
            wide = {number: mutant for number, mutant in mutants.items() if too_wide(mutant)}
            batches = [mutants.keys() - wide.keys(), *({number} for number in wide)]
            groups = [{number: mutants[number] for number in sorted(batch)} for batch in batches if batch]
            true = [number for group in groups for number in accepted(group, root, ROOT / "build" / "lean", seen)]
            for number in true:
                proved = mutants[number].proved
                assert proved <= truth, f"false accept, seed {seed}: {proved} of {truth}, {mutants[number]}"
            seen["accepted, and true"] += len(true)
            seen["refused by the kernel"] += len(mutants) - len(true) - (seen["refused: Lean was stopped"] - stopped)
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
