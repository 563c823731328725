"""Making the lock: weights from the checkpoints, the meaning of the specification from Lean. See `leanbound.lock`."""

from leanbound.audit.claim import meaning_of
from leanbound.claims.changes import quantised_models
from leanbound.claims.claim import load_claim
from leanbound.claims.lock import (
    Lock,
    LockedClaim,
    LockedToolchain,
    library_sources,
    specification_sources,
    statement_templates,
)
from leanbound.claims.specification import all_constants
from leanbound.claims.workspace import Workspace
from leanbound.lean.build import Listener, artifacts_dir, build
from leanbound.lean.environment import Environment, find_artifacts
from leanbound.lean.toolchain import Toolchain


def make_lock(workspace: Workspace, toolchain: Toolchain, on_event: Listener | None = None) -> Lock:
    """Pin everything as it is now. Has Lean check the specification, unless that is done already.

    Raises LeanboundError for claims or checkpoints that cannot be read, and when Lean rejects the specification.
    """
    claims = {}
    for name in workspace.claim_names():
        loaded = load_claim(workspace, name)
        claims[name] = LockedClaim.of(loaded, quantised_models(workspace, loaded))
    return Lock(
        toolchain=LockedToolchain(version=toolchain.version, commit=toolchain.info.commit),
        templates=statement_templates(workspace),
        specification=specification_sources(workspace),
        library=library_sources(workspace),
        meanings=_meanings(workspace, toolchain, on_event),
        claims=claims,
    )


def _meanings(workspace: Workspace, toolchain: Toolchain, on_event: Listener | None) -> dict[str, str]:
    out, constants = workspace.artifacts, all_constants()
    modules = [constant.module for constant in constants]
    build(modules, roots=[workspace.lean], toolchain=toolchain, out=out, on_event=on_event).raise_failures()
    artifacts = find_artifacts([artifacts_dir(out, toolchain)], [toolchain.library])
    return {name: meaning_of(Environment(artifacts, module), name) for name, module in constants}
