"""What goes through of properties of the network of `benchmarks/train_box.py`, and at what cost: benchmarks/boxes.md.

python benchmarks/boxes.py [--check]   with --check, Lean checks every certificate, and CPU seconds are told
"""

import argparse
import sys
import time
from fractions import Fraction
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.lean_runs import ROOT, checked_modules

from leanbound.errors import InconclusiveError
from leanbound.families.feed_forward.network import QuantisedNetwork
from leanbound.families.feed_forward.properties import Avoids, Box, between, robust
from leanbound.families.quantisation import FixedQuantisation
from leanbound.families.registry import family_of, load_model
from leanbound.rendering.render import render_claim
from leanbound.strategies.box_floats import Floats
from leanbound.strategies.box_search import certify_box
from leanbound.strategies.refuted import RefutedError
from leanbound.strategies.relaxation_certificate import BoxCertificate

MODEL = ROOT / "models" / "advisory-5x50"
BITS = 12
LEAVES = 64
CENTRE = [Fraction(n, 10) for n in (-4, 7, 1, 2, -3)]


def ball(radius: Fraction) -> Box:
    """The inputs around the centre."""
    return Box.around([c - radius for c in CENTRE], [c + radius for c in CENTRE], 24)


def properties(model: QuantisedNetwork) -> dict[str, Avoids]:
    """Robustness in balls that grow, and the range of an output on the whole space."""
    centre = torch.tensor([[float(c) for c in CENTRE]], dtype=torch.float64)
    label = int(Floats(model, robust(ball(Fraction(0)), 0, 5), True).outputs(centre).argmax())
    claims = {
        f"advisory {label} is the largest, radius {float(r):g}": robust(ball(r), label, 5)
        for r in (Fraction(n, 1000) for n in (1, 2, 10, 50, 100, 120, 150, 200))
    }
    claims["output 0 is between 0 and 1, radius 0.1"] = between(ball(Fraction(1, 10)), 0, 5, Fraction(0), Fraction(1))
    return claims


def check(name: str, model: QuantisedNetwork, claimed: Avoids, certificate: BoxCertificate) -> str:
    """Have Lean check a certificate: CPU seconds of all modules of the claim."""
    records = checked_modules(render_claim(name, model, claimed, certificate))
    return f"{sum(record.cpu_seconds for record in records):.0f} s, {len(records)} modules"


def main() -> None:
    """Print a row of the table for each property and strategy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    checkpoint = load_model(MODEL)
    model = family_of(checkpoint.config).quantise(checkpoint, FixedQuantisation(mode="fixed", bits=BITS))
    for n, (name, claimed) in enumerate(properties(model).items()):
        for strategy in ("interval", "linear-relaxation"):
            for leaves in (1, LEAVES):
                start = time.process_time()
                try:
                    certificate = certify_box(model, claimed, strategy, max_leaves=leaves)
                    found = f"proved, {len(certificate.leaves)} parts, {certificate.size_bytes / 1000:.1f} kB"
                    if arguments.check:
                        found += ", " + check(f"box-{n}-{strategy}-{leaves}", model, claimed, certificate)
                except (InconclusiveError, RefutedError) as error:
                    found = f"{type(error).__name__}: {error}"
                print(f"{name} | {strategy} | {leaves} | {time.process_time() - start:.1f} s | {found}", flush=True)


if __name__ == "__main__":
    main()
