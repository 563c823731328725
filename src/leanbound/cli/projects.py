"""The commands that start things: init and claim."""

import argparse

from leanbound.errors import InputError
from leanbound.workspace import Workspace


def init(arguments: argparse.Namespace) -> int:
    """Make a repository of claims."""
    from leanbound.new_repository import PARTS, create

    workspace = create(arguments.directory)
    print(f"{workspace.root}: made {', '.join(PARTS)}, proofs and .gitignore, all to be committed.")
    print("Next: a model in models/, `leanbound claim NAME models/...`, `leanbound verify`, `leanbound lock`.")
    return 0


def claim(arguments: argparse.Namespace) -> int:
    """Write a claim of as much as can be proved."""
    from leanbound.claims import FixedQuantisation
    from leanbound.cli.tasks import claimed_property
    from leanbound.families import family_of, load_model
    from leanbound.new_repository import claim_text, write_claim
    from leanbound.report.table import part
    from leanbound.strategies import Options, certify

    workspace = Workspace.find(arguments.root)
    model = workspace.inside(workspace.relative(arguments.model))
    checkpoint = load_model(model)
    family = family_of(checkpoint.config)
    claimed = claimed_property(arguments, checkpoint.config, checkpoint.record)
    strategy = arguments.strategy or family.strategy
    quantised = family.quantise(checkpoint, FixedQuantisation(mode="fixed", bits=arguments.bits))
    options = Options() if arguments.fraction is None else Options(fraction=arguments.fraction)
    certificate = certify(strategy, quantised, claimed, progress=True, **options)
    if not certificate.proved:
        raise InputError(
            f"{strategy} proves nothing of {arguments.model} at {arguments.bits} bits, and that is "
            "no claim. Use more --bits, another --strategy, or train the model further."
        )
    text = claim_text(
        path=workspace.relative(model),
        digest=checkpoint.digest,
        bits=arguments.bits,
        claimed=claimed.with_bound(certificate.proved),
        strategy=strategy,
        options=options,
    )
    path = write_claim(workspace, arguments.name, text)
    print(f"{path}: right on at least {part(certificate.proved, certificate.inputs)}, if Lean accepts it")
    return 0
