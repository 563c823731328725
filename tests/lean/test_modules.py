from pathlib import Path

import pytest

from leanbound.errors import InputError
from leanbound.lean.modules import module_graph, parse_imports


def write(root: Path, name: str, text: str) -> None:
    path = root.joinpath(*name.split(".")).with_suffix(".lean")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def graph(root: Path, *targets: str) -> list[str]:
    return list(module_graph(targets, [root], lambda name: name.split(".")[0] in ("Init", "Std")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("Init",)),
        ("module\n\npublic import A.B\nimport all C\n\ntheorem import : True", ("Init", "A.B", "C")),
        ("/-! doc /- nested -/ import No -/\nmodule -- import Neither\npublic meta import Init.X", ("Init", "Init.X")),
        ("import Init\nimport A import B\ndef x := 1\nimport Late", ("Init", "A", "B")),
        ("prelude\nimport Init.Core", ("Init.Core",)),
        ("public section\nimport A", ("Init",)),
    ],
)
def test_imports_of_a_header(text: str, expected: tuple[str, ...]) -> None:
    assert parse_imports(text) == expected


def test_modules_come_after_their_imports(tmp_path: Path) -> None:
    write(tmp_path, "Top", "import Left\nimport Right")
    write(tmp_path, "Left", "import Deep.Base")
    write(tmp_path, "Right", "import Std.Data\nimport Deep.Base")
    write(tmp_path, "Deep.Base", "")
    write(tmp_path, "Unused", "")
    assert graph(tmp_path, "Top", "Left") == ["Deep.Base", "Left", "Right", "Top"]


def test_first_root_wins(tmp_path: Path) -> None:
    write(tmp_path / "one", "A", "-- one")
    write(tmp_path / "two", "A", "-- two")
    write(tmp_path / "two", "B", "import A")
    found = module_graph(["B"], [tmp_path / "one", tmp_path / "two"], lambda name: name == "Init")
    assert found["A"].source == b"-- one"
    assert found["B"].root == tmp_path / "two"


def test_a_missing_module_is_named_with_its_importer(tmp_path: Path) -> None:
    write(tmp_path, "Top", "import Gone.Away")
    with pytest.raises(InputError, match=r"Gone\.Away, imported by Top is neither"):
        graph(tmp_path, "Top")


def test_a_cycle_is_spelled_out(tmp_path: Path) -> None:
    write(tmp_path, "A", "import B")
    write(tmp_path, "B", "import C")
    write(tmp_path, "C", "import B")
    with pytest.raises(InputError, match="B -> C -> B"):
        graph(tmp_path, "A")


@pytest.mark.parametrize("name", ["", "../etc/passwd", "A..B", "A/B", ".A"])
def test_a_name_that_is_no_module_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not the name of a Lean module"):
        graph(tmp_path, name)
