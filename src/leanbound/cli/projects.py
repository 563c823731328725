"""The command that starts a repository of claims: init."""

import argparse


def init(arguments: argparse.Namespace) -> int:
    """Make a repository of claims."""
    from leanbound.claims.new_repository import PARTS, create

    workspace = create(arguments.directory)
    print(f"{workspace.root}: made {', '.join(PARTS)}, proofs and .gitignore, all to be committed.")
    print("Next: a model in models/, `leanbound claim NAME models/...`, `leanbound verify`, `leanbound lock`.")
    return 0
