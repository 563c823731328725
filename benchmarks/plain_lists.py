"""The check of whole classes twice, from the same tables: on lanes, and on plain lists of `Int`.

Both modules hold the tables as literals and one theorem, `decide +kernel`, that says how many classes hold whole. The
lists are those of `benchmarks/lean/PlainLists.lean`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from leanbound.families.attention_only.quantised import QuantisedModel
from leanbound.families.fixed_point import Integers
from leanbound.rendering.lean_source import natural, naturals
from leanbound.strategies.cubic import whole_classes
from leanbound.strategies.tables import Tables, build_tables, pack

LEAN: Final = Path(__file__).parent / "lean"
LANES: Final = "Bench.Lanes"
LISTS: Final = "Bench.Lists"

_HEAD: Final = """\
module
public import LeanBound.Numerics.Numeral
public import {imported}
@[expose] public section
namespace {module}
open {namespace}
noncomputable def tables : Tables where
{fields}
"""
_LANES: Final = """\
theorem checked : natSum {V} (fun a => natSum {V} fun m =>
    cond (both (Nat.ble a m) (whole tables {V} {K} a m)) 1 0) = {count} := by decide +kernel
end {module}
"""
_LISTS: Final = """\
theorem checked : wholeClasses tables {V} {K} = {count} := by decide +kernel
end {module}
"""


def write(model: QuantisedModel, root: Path) -> int:
    """Write both modules under a source root; the number of classes that both theorems say hold whole."""
    V, K = model.config.d_vocab, model.config.n_ctx
    tables = build_tables(model)
    count = int(whole_classes(tables, V, K).sum())
    lanes = _head(LANES, "LeanBound.Strategies.Cubic.Whole", "LeanBound", _packed(tables))
    lists = _head(LISTS, "PlainLists", "PlainLists", _unpacked(tables, K))
    for module, source in ((LANES, lanes + _LANES), (LISTS, lists + _LISTS)):
        path = root.joinpath(*module.split(".")).with_suffix(".lean")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.format(V=V, K=K, count=count, module=module))
    return count


def _head(module: str, imported: str, namespace: str, fields: dict[str, str]) -> str:
    lines = "\n".join(f"  {name} := {value}" for name, value in fields.items())
    return _HEAD.format(imported=imported, module=module, namespace=namespace, fields=lines)


def _packed(tables: Tables) -> dict[str, str]:
    plan = tables.plan
    numbers = {name: getattr(plan, name) for name in ("w", "r", "offset", "P", "err", "e")}
    rows = {"D": (plan.w, tables.D), "OP": (plan.w, tables.OP), "OE": (plan.w, tables.OE)}
    rows |= {"eE": (plan.e, tables.eE), "eP": (plan.e, tables.eP)}
    packed = {name: f"nth {naturals([pack(width, row) for row in table])}" for name, (width, table) in rows.items()}
    return {name: natural(value) for name, value in numbers.items()} | packed


def _unpacked(tables: Tables, K: int) -> dict[str, str]:
    plan = tables.plan
    numbers = {"r": plan.r, "P": plan.P, "slack": tables.slack(K)}
    rows = {"D": tables.D, "OP": tables.OP, "OE": tables.OE, "eE": tables.eE, "eP": tables.eP}
    return {name: str(value) for name, value in numbers.items()} | {name: _lists(rows) for name, rows in rows.items()}


def _lists(rows: Integers) -> str:
    return _bracketed(_bracketed(str(int(entry)) for entry in row) for row in rows)


def _bracketed(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"
