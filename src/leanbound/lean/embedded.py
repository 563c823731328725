"""The embedded toolchain: Lean compiled to WebAssembly, run by Node."""

from collections.abc import Sequence
from pathlib import Path

from leanbound.errors import ToolchainError
from leanbound.lean.install import EmbeddedInstall, ensure_install, find_install, install_dir
from leanbound.lean.node import Node, find_node
from leanbound.lean.pins import LEAN_WASM, LEAN_WASM_COMMIT, LEAN_WASM_VERSION
from leanbound.lean.process import Command
from leanbound.lean.sandbox import reduced_environment
from leanbound.lean.toolchain import Finding, Toolchain, ToolchainInfo

KIND = "embedded"
_INSTALL = "run `leanbound toolchain install`"
_SERVER = Path(__file__).with_name("serve.js")
NODE_FLAGS = ("--wasm-lazy-compilation", "--wasm-lazy-validation")


class EmbeddedToolchain(Toolchain):
    """At most 2 GiB a process; every file is read as a `module`, and no code generation works."""

    def __init__(self, install: EmbeddedInstall, node: Node) -> None:
        info = ToolchainInfo(KIND, LEAN_WASM_VERSION, LEAN_WASM_COMMIT, install.digest)
        super().__init__(info, install.library)
        self._install = install
        self._node = node

    def command(self, root: Path, folder: Path, search_path: Sequence[Path]) -> Command:
        root, folder = root.resolve(), folder.resolve()
        paths = [self.library, *(path.resolve() for path in search_path)]
        argv = (str(self._node.node), *NODE_FLAGS, str(_SERVER), str(self._install.lean_js))
        mounts = ":".join(_mounts([root, folder, *paths]))
        env = reduced_environment(folder, {"LEAN_PATH": ":".join(map(str, paths)), "LEANBOUND_MOUNTS": mounts})
        return Command(argv, root, env, writes=folder)

    def arguments(self, source: Path, root: Path, olean: Path, options: Sequence[str] = ()) -> tuple[str, ...]:
        return ("-j1", *super().arguments(source, root, olean, options))

    @property
    def serves(self) -> bool:
        return True


def _mounts(paths: Sequence[Path]) -> list[str]:
    """The top-level directories of the host that hold `paths`."""
    return sorted({str(Path(*path.parts[:2])) for path in paths})


def load_embedded(*, install: bool) -> EmbeddedToolchain:
    """The embedded toolchain, downloaded and prepared first where need be and `install` allows it.

    Raises:
        ToolchainError: when it is not there and cannot be installed.
    """
    node = find_node()
    found = ensure_install() if install else find_install()
    if found is None:
        raise ToolchainError(f"the embedded Lean is not installed in {install_dir()}; {_INSTALL}")
    return EmbeddedToolchain(found, node)


def examine_embedded() -> Finding:
    """What is there; installs nothing."""
    try:
        find_node()
    except ToolchainError as error:
        return Finding(KIND, False, error.message, "reinstall leanbound's dependencies")
    found = find_install()
    if found is None:
        size = LEAN_WASM.size // 10**6
        summary = f"not installed yet; {LEAN_WASM.spec} ({size} MB) would be downloaded into {install_dir()}"
        return Finding(KIND, True, summary, f"nothing, it installs itself when first needed; or {_INSTALL}")
    return Finding(KIND, True, f"Lean {LEAN_WASM_VERSION} in {found.directory}")
