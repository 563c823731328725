"""What a Lean source of ours may not contain, because an artifact would not show it.

The audit reads what an artifact holds and takes it that the kernel checked it. A source can keep the kernel from that,
without an axiom or an error: under `set_option debug.skipKernelTC true`, `decide +kernel` proves 2 + 2 = 5. So can
code that runs while Lean elaborates. Therefore no options but harmless ones, no commands, macros or attributes that run
code, and no imports of Lean's own internals. Text is searched as it stands, comments and strings included, so that
nothing hangs on reading Lean's grammar as Lean does; a keyword has only one spelling.
"""

import re
from collections.abc import Iterable
from typing import Final

from leanbound.errors import RejectedError
from leanbound.lean.modules import Module

#: Options that only limit or show what Lean does.
ALLOWED_OPTIONS: Final = frozenset({"maxRecDepth", "maxHeartbeats", "autoImplicit", "relaxedAutoImplicit"})
ALLOWED_ATTRIBUTES: Final = frozenset(
    {"expose", "simp", "instance", "reducible", "inline", "grind", "ext", "inherit_doc"}
)
#: First components of the names of our modules.
LIBRARY: Final = "LeanBound"
OWN_ROOTS: Final = frozenset({LIBRARY, "Claims"})
#: First components of the names of modules that may be imported.
ALLOWED_IMPORTS: Final = OWN_ROOTS | {"Init"}
#: Words that run code in Lean, change what Lean reads, or leave a proof to something other than the kernel.
FORBIDDEN_WORDS: Final = (
    *("axiom", "builtin_initialize", "by_elab", "csimp", "declare_syntax_cat", "elab", "elab_rules", "extern"),
    *(
        "implemented_by",
        "initialize",
        "init_quot",
        "macro",
        "macro_rules",
        "meta",
        "native",
        "native_decide",
        "ofReduceBool",
    ),
    *("prelude", "run_cmd", "run_elab", "run_meta", "run_tac", "simproc", "simproc_decl", "skipKernelTC", "sorry"),
    *("sorryAx", "syntax", "trustCompiler", "unsafe", "include_str", "opaque", "dsimproc", "builtin_simproc"),
)

_WORD: Final = re.compile(rf"(?<![\w'!?])(?:{'|'.join(FORBIDDEN_WORDS)})(?![\w'!?])")
_COMMAND: Final = re.compile(r"#(?:[a-z_]\w*)")
_OPTION: Final = re.compile(r"set_option\s*(\S*)")
_ATTRIBUTES: Final = re.compile(r"(?:@\[|\battribute\s*\[)([^\]]*)(\]?)")
_MODIFIERS: Final = ("local", "scoped")


def require_plain(modules: Iterable[Module]) -> None:
    """Raise RejectedError, naming module, line and text, when a source of ours holds what could evade the kernel."""
    faults = [f"{module.path}, line {fault}" for module in modules for fault in faults_of(module)]
    if faults:
        more = [f"and {len(faults) - 10} more"] if len(faults) > 10 else []
        raise RejectedError(
            "a source holds what could keep the kernel from checking a proof, with nothing of it in the artifact:\n"
            + "\n".join([*faults[:10], *more])
        )


def faults_of(module: Module) -> list[str]:
    """`number: what is wrong`, for everything in a source that is not allowed."""
    text = module.source.decode(errors="replace")
    found = [(match.start(), f"`{match.group()}` is not allowed") for match in _WORD.finditer(text)]
    found += [(match.start(), f"the command `{match.group()}` is not allowed") for match in _COMMAND.finditer(text)]
    for match in _OPTION.finditer(text):
        if match.group(1) not in ALLOWED_OPTIONS:
            found.append((match.start(), f"the option {match.group(1)} is not allowed"))
    for match in _ATTRIBUTES.finditer(text):
        found += [(match.start(), f"the attribute {name} is not allowed") for name in _foreign_attributes(match)]
    faults = [f"{text.count(chr(10), 0, position) + 1}: {fault}" for position, fault in sorted(found)]
    return [f"1: the import of {name} is not allowed" for name in _foreign_imports(module)] + faults


def _foreign_attributes(match: re.Match[str]) -> list[str]:
    names = []
    for item in match.group(1).split(","):
        words = [word for word in item.split() if word not in _MODIFIERS]
        name = words[0].lstrip("-←") if words else ""
        if name not in ALLOWED_ATTRIBUTES:
            names.append(f"`{item.strip()}`")
    return names if match.group(2) else ["without an end"]


def _foreign_imports(module: Module) -> list[str]:
    return [name for name in module.imports if name.split(".")[0] not in ALLOWED_IMPORTS]
