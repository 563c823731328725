"""What the strategies for MLPs on pairs prove of the shipped models, and at what cost: benchmarks/modular-addition.md.

python benchmarks/pairs.py [--check]   with --check, Lean checks every certificate, and its costs are told
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.lean_runs import ROOT, checked_modules

from leanbound.claims.properties import OnTask
from leanbound.errors import UnsupportedError
from leanbound.families.pair_mlp.family import PairMlpFamily
from leanbound.families.pair_mlp.quantised import QuantisedPairMlp
from leanbound.families.quantisation import FixedQuantisation
from leanbound.rendering.render import render_claim
from leanbound.strategies import AnyCertificate, certify

MODELS = ("mod-add-23", "s4", "mod-add-113")
BITS = 8
#: By strategy, the options to try.
STRATEGIES: dict[str, tuple[dict[str, int], ...]] = {
    "all-pairs": ({},),
    "symmetry": ({},),
    "pair-interval": ({"pool": 1}, {"pool": 2}, {"pool": 3}),
}


def sign_patterns(model: QuantisedPairMlp) -> str:
    """How many linear regions of the hidden layer the pairs fall into, with and without their order."""
    w_a, w_b, b_h = (np.array(model[name].ints) for name in ("W_A", "W_B", "b_H"))
    positive = w_a[:, None] + w_b[None] + b_h > 0  # [first, second, unit]
    tokens, units = range(len(w_a)), positive.shape[2]
    patterns = len({positive[a, b].tobytes() for a in tokens for b in tokens})
    unordered = len({positive[a, b].tobytes() for a in tokens for b in tokens if a <= b})
    fixed = (positive.all(axis=1) | ~positive.any(axis=1)).sum(axis=1).mean()
    pairs = len(tokens) * (len(tokens) + 1) // 2
    return (
        f"{patterns} sign patterns of {len(tokens) ** 2} pairs, {unordered} of {pairs} unordered ones; "
        f"of {units} units {fixed:.1f} have one sign on all pairs of a first token"
    )


def check(name: str, model: QuantisedPairMlp, claimed: OnTask, certificate: AnyCertificate) -> str:
    """Have Lean check a certificate: what all modules of the claim cost together."""
    records = checked_modules(render_claim(name, model, claimed, certificate))
    steps = sum(record.kernel_steps for record in records)
    seconds = sum(record.cpu_seconds for record in records)
    peak = max(record.max_rss_bytes for record in records) / 2**30
    return f"{steps:,} steps, {seconds:.0f} s, {len(records)} modules, {peak:.2f} GiB"


def main() -> None:
    """Print a row of the table for each model and strategy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    family = PairMlpFamily()
    for path in MODELS:
        checkpoint = family.load(ROOT / "models" / path)
        model = family.quantise(checkpoint, FixedQuantisation(mode="fixed", bits=BITS))
        claimed = family.default_property(checkpoint.record)
        print(f"{path} | {sign_patterns(model)}")
        for strategy, choices in STRATEGIES.items():
            for options in choices:
                try:
                    certificate = certify(strategy, model, claimed, **options)
                except UnsupportedError as error:
                    print(f"{path} | {strategy} | {error.message}", flush=True)
                    continue
                found = f"{certificate.proved:,} of {certificate.inputs:,}, {certificate.size_bytes:,} bytes"
                if arguments.check and certificate.proved:
                    bounded = claimed.with_bound(certificate.proved)
                    found += ", " + check(f"pairs-{path}-{strategy}", model, bounded, certificate)
                print(f"{path} | {strategy} {options or ''} | {found}", flush=True)


if __name__ == "__main__":
    main()
