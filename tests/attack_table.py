"""The table of attacks in `docs/attacks.md`, from their data:  python -m tests.attack_table > docs/attacks.md"""

import tomllib
from pathlib import Path

HERE = Path(__file__).parent
_OUTCOMES = {1: "rejected", 2: "bad input", 3: "inconclusive", 4: "unsupported", 5: "Lean fails or is stopped"}
_HEAD = """# Attacks that are refused, and changes that are not

Made by `python -m tests.attack_table` from `tests/reject/` and `tests/accept/`; `tests/test_reject.py` and
`tests/test_gate_attacks.py` run them. Every attack must be refused for the reason given here.

| attack | what is done | outcome | reason given |
|---|---|---|---|
"""


def table() -> str:
    """The page, as Markdown."""
    lines = [_attack(path) for path in sorted(HERE.glob("reject/*/case.toml"))]
    twins = [f"- `{path.parent.name}`: {_comment(path)}" for path in sorted(HERE.glob("accept/*/case.toml"))]
    return _HEAD + "\n".join(lines) + "\n\nThese must pass:\n\n" + "\n".join(twins) + "\n"


def _attack(path: Path) -> str:
    case = tomllib.loads(path.read_text())
    name = path.parent.name
    done = _comment(path) or f"{name.replace('-', ' ').capitalize()}."
    reason = " … ".join(_code(fragment) for fragment in case["says"])
    return f"| {name} | {done.replace('|', chr(92) + '|')} | {_OUTCOMES[case['exit']]} | {reason} |"


def _comment(path: Path) -> str:
    first = path.read_text().splitlines()[0]
    return first.removeprefix("# ") if first.startswith("# ") else ""


def _code(text: str) -> str:
    shown = text.replace("\n", " ").replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


if __name__ == "__main__":
    print(table(), end="")
