"""The commands and their options. Imports nothing that takes time."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from leanbound import __version__

Command = Callable[[argparse.Namespace], int]

_KINDS = ("accuracy", "weighted-accuracy", "failures", "loss", "agreement", "never", "never-at-any-length", "avoids")
_EXIT_CODES = """exit codes:
  0 verified or done, 1 rejected, 2 bad input or usage, 3 inconclusive (the certificate proves less than is claimed),
  4 unsupported, 5 Lean is missing, broken or died, 130 interrupted"""


class _Parser(argparse.ArgumentParser):
    """Keeps the line breaks of examples, and has no abbreviations of options."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**{"allow_abbrev": False, **options})


def _later(module: str, function: str) -> Command:
    """A command that is imported when it runs."""

    def run(arguments: argparse.Namespace) -> int:
        command: Command = getattr(import_module(f"leanbound.cli.{module}"), function)
        return command(arguments)

    return run


def build_parser() -> argparse.ArgumentParser:
    """The parser of `leanbound`."""
    parser = _Parser(
        prog="leanbound",
        description="Kernel-checked accuracy theorems for trained transformers.",
        epilog=f"examples:\n  leanbound verify\n  leanbound status\n  leanbound verify --help\n\n{_EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"leanbound {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_init, _train, _quantize, _claim, _certify, _render, _check, _verify, _status, _gate, _lock, _audit):
        add(commands)
    for add in (_frontier, _toolchain, _doctor):
        add(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _add(commands: Commands, name: str, run: Command, summary: str, *examples: str, more: str = "") -> _Parser:
    lines = "\n".join(f"  {example}" for example in examples)
    description = f"{summary[0].upper()}{summary[1:]}.{' ' if more else ''}{more}"
    parser = commands.add_parser(name, help=summary, description=description, epilog=f"examples:\n{lines}")
    parser.set_defaults(run=run)
    return parser


def _init(commands: Commands) -> None:
    parser = _add(
        commands,
        "init",
        _later("projects", "init"),
        "make a repository of claims: leanbound's Lean library and templates, to be committed there",
        "leanbound init my-claims",
        "leanbound init .",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a directory, new or without these parts")


def _claim(commands: Commands) -> None:
    parser = _add(
        commands,
        "claim",
        _later("claims", "claim"),
        "write a claim about a model, of as much as a strategy can prove",
        "leanbound claim my-claim models/mine",
        "leanbound claim my-claim models/mine --bits 10 --strategy exhaustive",
        "leanbound claim an-eighth models/mine --strategy exhaustive --fraction 1/8",
        "leanbound claim all-but-some models/mine --property failures",
        "leanbound claim small-loss models/mine --property loss",
        "leanbound claim by-frequency models/mine --property weighted-accuracy --weights weights.json",
        "leanbound claim fewer-bits models/mine --property agreement --other-bits 4",
        "leanbound claim distilled models/mine --property agreement --other models/distilled",
        "leanbound claim small-sums models/mine --property never --tokens 0-3 --outputs 7-9,12",
        "leanbound claim any-length models/mine --property never-at-any-length --tokens 0-7",
        "leanbound claim robust models/net.onnx --bits 12 --property avoids --vnnlib properties/robust.vnnlib",
        more="Writes proofs/NAME/claim.toml with the best bound found; of failures, the list of them, and of outputs "
        "never given, unless some are asked for, all those. Lean has the last word: `leanbound verify NAME`. What each "
        "property says: docs/properties.md.",
    )
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and dashes")
    parser.add_argument("model", type=Path, help="a checkpoint in the repository, or a network in ONNX")
    parser.add_argument("--bits", type=_positive, default=8, metavar="N", help="bits of an entry (8)")
    parser.add_argument("--property", choices=_KINDS, default=_KINDS[0], metavar="KIND", help=f"{', '.join(_KINDS)}")
    parser.add_argument("--strategy", help="the family's own if it proves the property, else the first that does")
    _task_options(parser)
    _property_options(parser)
    _fraction_option(parser)
    _root_option(parser)


def _property_options(parser: _Parser) -> None:
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="weighted-accuracy: by position, the weight of each token, in JSON"
    )
    parser.add_argument("--other", type=Path, metavar="MODEL", help="agreement: the second checkpoint (the first one)")
    parser.add_argument("--other-bits", type=_positive, metavar="N", help="agreement: its bits of an entry (--bits)")
    parser.add_argument(
        "--tokens",
        action="append",
        metavar="LIST",
        help="never: such as 0-7,9, for each position or once for all (all)",
    )
    _vnnlib_option(parser)
    parser.add_argument("--queries", metavar="LIST", help="never-at-any-length: last tokens (all)")
    parser.add_argument("--outputs", metavar="LIST", help="never: what is not given (as much as can be proved)")


def _train(commands: Commands) -> None:
    parser = commands.add_parser(
        "train",
        help="train a model, measure it on every input, and write a checkpoint",
        description="Train a model on a task, measure it on every input, and write a checkpoint. "
        "The same seed gives the same weights on the same torch.",
        epilog="examples:\n  leanbound train max-of-k --vocab 64 --length 4 --d-model 32 --out models/mine\n"
        "  leanbound train modular-addition --modulus 113 --out models/sums\n  leanbound train max-of-k --help",
    )
    tasks = parser.add_subparsers(title="tasks", metavar="TASK", dest="task", required=True)
    _train_max_of_k(tasks)
    _train_modular_addition(tasks)
    _train_group_composition(tasks)


def _train_max_of_k(tasks: Commands) -> None:
    parser = _add(
        tasks,
        "max-of-k",
        _later("models", "train"),
        "a transformer on the largest token of the sequence",
        "leanbound train max-of-k --vocab 64 --length 4 --d-model 32 --out models/mine",
        "leanbound train max-of-k --vocab 5 --length 2 --d-model 8 --steps 500 --seed 3 --out models/small",
    )
    parser.add_argument("--vocab", "-V", type=int, required=True, metavar="V", help="tokens")
    parser.add_argument("--length", "-K", type=int, required=True, metavar="K", help="tokens of a sequence")
    parser.add_argument("--d-model", type=int, default=32, metavar="N", help="width of the residual stream (32)")
    parser.add_argument("--d-head", type=int, metavar="N", help="width of the head (as --d-model)")
    parser.add_argument("--biases", action="store_true", help="with biases")
    parser.add_argument("--batch-size", type=int, default=1024, metavar="N", help="sequences a batch (1024)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="where to train (cpu)")
    _training_options(parser, steps=5000, learning_rate=1e-3, weight_decay=0.01)


def _train_modular_addition(tasks: Commands) -> None:
    parser = _add(
        tasks,
        "modular-addition",
        _later("pairs", "train_modular_addition"),
        "an MLP on the sum of two tokens modulo P",
        "leanbound train modular-addition --modulus 113 --hidden 128 --shared --out models/sums",
    )
    parser.add_argument("--modulus", type=int, required=True, metavar="P", help="of the sum: as many tokens")
    _pair_options(parser)


def _train_group_composition(tasks: Commands) -> None:
    parser = _add(
        tasks,
        "group-composition",
        _later("pairs", "train_group_composition"),
        "an MLP on the product of two elements of a finite group",
        "leanbound train group-composition --symmetric 4 --hidden 64 --out models/permutations",
        "leanbound train group-composition --table table.json --out models/mine",
    )
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--symmetric", type=int, metavar="N", help="the permutations of N elements")
    group.add_argument("--table", type=Path, metavar="FILE", help="a multiplication table, as a list of rows in JSON")
    _pair_options(parser)


def _pair_options(parser: _Parser) -> None:
    parser.add_argument("--hidden", type=int, default=128, metavar="N", help="hidden units (128)")
    parser.add_argument("--shared", action="store_true", help="one embedding for both tokens, attention fixed to 1/2")
    _training_options(parser, steps=1000, learning_rate=1e-2, weight_decay=0.1)


def _training_options(parser: _Parser, steps: int, learning_rate: float, weight_decay: float) -> None:
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the weights, and of batches (0)")
    parser.add_argument("--steps", type=int, default=steps, metavar="N", help=f"batches ({steps})")
    parser.add_argument(
        "--learning-rate", type=float, default=learning_rate, metavar="X", help=f"at its peak ({learning_rate:g})"
    )
    parser.add_argument(
        "--weight-decay", type=float, default=weight_decay, metavar="X", help=f"of AdamW ({weight_decay:g})"
    )
    parser.add_argument("--out", "-o", type=Path, required=True, metavar="DIR", help="a new checkpoint folder")


def _quantize(commands: Commands) -> None:
    parser = _add(
        commands,
        "quantize",
        _later("models", "quantize"),
        "round a model's weights to exact rationals, and report what that changed",
        "leanbound quantize models/max-of-4-v64 --bits 8 --out build/quantised.json",
        "leanbound quantize models/max-of-4-v64 --bits auto --out build/quantised.json",
        "leanbound quantize models/max-of-4-v64 --bits W_E=8,W_pos=8,W_Q=6,W_K=6,W_V=8,W_O=8,W_U=8 --out q.json",
        "leanbound quantize hooked_transformer.pt --bits exact --out build/quantised.json",
    )
    parser.add_argument("model", type=Path, help="a checkpoint folder, or a TransformerLens state dict")
    parser.add_argument(
        "--bits",
        required=True,
        help="bits of an entry; NAME=BITS,... for each weight matrix; auto: the fewest that keep the accuracy; exact: "
        "the float32 weights as they are",
    )
    parser.add_argument("--tolerance", type=float, metavar="X", help="with --bits auto: accuracy that may be lost")
    parser.add_argument("--n-ctx", type=int, metavar="K", help="shorten the inputs of a state dict")
    _task_options(parser)
    parser.add_argument("--out", "-o", type=Path, required=True, metavar="FILE", help="the quantised model, as JSON")
    _json_option(parser)


def _certify(commands: Commands) -> None:
    parser = _add(
        commands,
        "certify",
        _later("proofs", "certify"),
        "search for a certificate of a bound",
        "leanbound certify build/quantised.json --strategy cubic --out build/certificate.json",
        more="A certificate is not trusted: Lean checks it.",
    )
    parser.add_argument("model", type=Path, metavar="QUANTISED", help="what `leanbound quantize` wrote")
    parser.add_argument("--strategy", required=True, help="such as exhaustive or cubic")
    _task_options(parser)
    _vnnlib_option(parser)
    parser.add_argument("--precision", type=int, metavar="N", help="bits of the largest attention weight of a query")
    _fraction_option(parser)
    parser.add_argument("--out", "-o", type=Path, required=True, metavar="FILE", help="the certificate, as JSON")
    _json_option(parser)


def _render(commands: Commands) -> None:
    parser = _add(
        commands,
        "render",
        _later("proofs", "render"),
        "render the Lean statement and proof of a bound",
        "leanbound render build/quantised.json --certificate build/certificate.json --name my-claim --out build/lean",
    )
    parser.add_argument("model", type=Path, metavar="QUANTISED", help="what `leanbound quantize` wrote")
    parser.add_argument("--certificate", type=Path, required=True, metavar="FILE", help="what `certify` wrote")
    parser.add_argument("--name", required=True, help="of the claim: lower-case letters, digits and dashes")
    parser.add_argument("--at-least", type=int, metavar="N", help="inputs to claim (all that the certificate proves)")
    parser.add_argument("--templates", type=Path, metavar="DIR", help="other templates than the repository's")
    parser.add_argument("--out", "-o", type=Path, required=True, metavar="DIR", help="the root of the Lean sources")


def _check(commands: Commands) -> None:
    parser = _add(
        commands,
        "check",
        _later("proofs", "check"),
        "have Lean check a claim from a certificate, without a search, and audit the result",
        "leanbound check max-of-3-v8-brute-force",
        "leanbound check max-of-4-v64-cubic --certificate build/certificate.json",
    )
    parser.add_argument("claim", help="a folder of proofs/")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="the one that `verify` found last, if not given"
    )
    _lean_options(parser)
    _json_option(parser)


def _verify(commands: Commands) -> None:
    parser = _add(
        commands,
        "verify",
        _later("proofs", "verify_command"),
        "verify claims, all of them unless some are named, and print a table",
        "leanbound verify",
        "leanbound verify max-of-4-v64-cubic --toolchain embedded",
        "leanbound verify --json > verdicts.json",
        more="Exits with 0 only if every claim is verified. A verdict stands until something that it rests on changes.",
    )
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help="folders of proofs/ (all)")
    parser.add_argument("--again", action="store_true", help="also where nothing has changed")
    _lean_options(parser)
    _json_option(parser)


def _status(commands: Commands) -> None:
    parser = _add(
        commands,
        "status",
        _later("proofs", "status"),
        "say of every claim whether its verdict still stands; runs no Lean",
        "leanbound status",
        "leanbound status --json",
    )
    _root_option(parser)
    _json_option(parser)


def _lock(commands: Commands) -> None:
    parser = _add(
        commands,
        "lock",
        _later("locks", "lock"),
        "pin what the claims are about: statements, specification, weights and toolchain",
        "leanbound lock",
        "leanbound lock --check",
        more="Writes leanbound.lock, which is to be committed. --check says in words what differs, and runs no Lean.",
    )
    parser.add_argument("--check", action="store_true", help="compare only; exit with 1 when something differs")
    _toolchain_option(parser)
    _root_option(parser)
    _json_option(parser)


def _audit(commands: Commands) -> None:
    parser = _add(
        commands,
        "audit",
        _later("locks", "audit"),
        "read a claim's theorem from its artifact, and hold it against the lock; runs no Lean",
        "leanbound audit max-of-3-v8-brute-force",
        "leanbound audit build/lean/embedded-4.28.0-pre/Claims/MaxOf3V8BruteForce/Proof.olean",
        more="Believes neither verdicts nor exit codes. With a native Lean its `leanchecker` replays the artifact.",
    )
    parser.add_argument("artifact", help="a claim, or the .olean file of its proof")
    _toolchain_option(parser)
    _root_option(parser)
    _json_option(parser)


def _gate(commands: Commands) -> None:
    parser = _add(
        commands,
        "gate",
        _later("gate", "gate"),
        "reject whatever the repository binds to claims and is not verified now; for CI",
        "leanbound gate",
        "leanbound gate --recheck",
        "leanbound gate --update",
        "leanbound gate --recheck --sarif --output leanbound.sarif",
        more="Runs no Lean without --recheck.\n\n"
        "checks:\n"
        "  every claim of proofs/: its verdict is there, fresh, and that it is verified; its artifact, read again,\n"
        "  proves it; leanbound.lock holds; nothing under build/ is tracked by git\n"
        "  every number of a Markdown file between <!-- bound: CLAIM --> and <!-- /bound -->, as 98.4% or 24 of 25:\n"
        "  not above what the theorem says\n"
        "Exits with 0 only if everything stands; docs/gate.md has every reason, and what to do about it.",
    )
    parser.add_argument(
        "--recheck", action="store_true", help="first verify every claim from sources, with nothing reused (minutes)"
    )
    parser.add_argument(
        "--update", action="store_true", help="first put verified numbers, rounded down, where numbers are bound"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the report as JSON")
    form.add_argument("--sarif", action="store_true", help="the report as SARIF 2.1.0, for code scanning")
    parser.add_argument(
        "--output", "-o", type=Path, metavar="FILE", help="the report goes there, and as text to standard output"
    )
    _lean_options(parser)


def _toolchain(commands: Commands) -> None:
    parser = _add(
        commands,
        "toolchain",
        _later("toolchains", "toolchain"),
        "install or remove the embedded Lean, check its files, or say which Lean is used",
        "leanbound toolchain install",
        "leanbound toolchain path --toolchain native",
        "leanbound toolchain verify",
    )
    actions = {
        "install": "download the embedded Lean now",
        "path": "print the library of the Lean that is used",
        "verify": "hash every file of the embedded Lean",
        "remove": "delete the embedded Lean",
    }
    parser.add_argument(
        "action", choices=list(actions), help="; ".join(f"{name}: {what}" for name, what in actions.items())
    )
    _toolchain_option(parser)


def _frontier(commands: Commands) -> None:
    parser = _add(
        commands,
        "frontier",
        _later("frontier", "frontier"),
        "prove the ladder of strategies on a model, and draw bound against proof length",
        "leanbound frontier models/max-of-4-v64",
        "leanbound frontier models/seed-0 models/seed-1 models/seed-2 --out frontier",
        "leanbound frontier models/max-of-4-v64 --rung cubic",
        more="Each rung is searched for, checked by Lean and audited like a claim; what was proved before is not "
        "proved again, so an interrupted run is gone on with. Of several models, medians with spread are shown.",
    )
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="checkpoints in the repository")
    parser.add_argument("--rung", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--bits", type=_positive, default=8, metavar="N", help="bits of an entry (8)")
    parser.add_argument("--out", "-o", type=Path, metavar="DIR", help="for the files (build/frontier/MODEL)")
    _lean_options(parser)


def _doctor(commands: Commands) -> None:
    parser = _add(
        commands,
        "doctor",
        _later("toolchains", "doctor"),
        "say what was found, which Lean will be used and why, and what to do where something is missing",
        "leanbound doctor",
    )
    _toolchain_option(parser)


def _toolchain_option(parser: _Parser) -> None:
    parser.add_argument(
        "--toolchain",
        metavar="WHICH",
        help="auto (a native Lean where one is supported, else the embedded one), native or embedded; "
        "$LEANBOUND_TOOLCHAIN where this is not given",
    )


def _task_options(parser: _Parser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--modulus", type=int, metavar="P", help="an MLP on pairs adds modulo P")
    group.add_argument(
        "--table", type=Path, metavar="FILE", help="an MLP on pairs has this table, a list of rows in JSON"
    )


def _vnnlib_option(parser: _Parser) -> None:
    parser.add_argument("--vnnlib", type=Path, metavar="FILE", help="avoids: bounds of inputs, and outputs to avoid")


def _fraction_option(parser: _Parser) -> None:
    parser.add_argument("--fraction", metavar="N/M", help="exhaustive: of the inputs that are checked (all)")


def _lean_options(parser: _Parser) -> None:
    _toolchain_option(parser)
    parser.add_argument("--jobs", "-j", type=_positive, metavar="N", help="Lean processes at once")
    _root_option(parser)


def _root_option(parser: _Parser) -> None:
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the repository of claims (here)")


def _json_option(parser: _Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return value
