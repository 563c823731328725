from leanbound.lean.diagnostics import (
    Diagnostic,
    declaration_at,
    declarations,
    format_diagnostic,
    parse_diagnostics,
    split_counts,
)

SOURCE = """module
@[simp] theorem one : True := by
  trivial
private noncomputable def two := 2
theorem A.three (n : Nat) :
    n = n := rfl
"""


def test_only_messages_are_read() -> None:
    output = "\n".join(
        [
            "[DEBUG:A] noise",
            "{ not json",
            '{"severity": "error"}',
            '{"severity":"warning","fileName":"A.lean","pos":{"line":3,"column":4},"endPos":null,'
            '"data":"declaration uses `sorry`\\n","kind":"hasSorry","caption":""}',
        ]
    )
    expected = Diagnostic("warning", "A.lean", 3, 4, "declaration uses `sorry`", "hasSorry")
    assert parse_diagnostics(output) == [expected]
    assert Diagnostic.from_dict(expected.to_dict()) == expected


def test_kernel_steps_are_told_from_other_counts_and_messages() -> None:
    counts = (
        "[diag] Diagnostics\n  [reduction] unfolded reducible declarations (max: 4, num: 1):\n    [reduction] a ↦ 4\n"
        "  [kernel] unfolded declarations (max: 101, num: 2):\n"
        "    [kernel] Nat.rec ↦ 101\n    [kernel] A.b ↦ 2\n  use ..."
    )
    warning = Diagnostic("warning", "A.lean", 1, 0, "[kernel] Nat.rec ↦ 7")
    messages = [Diagnostic("information", "A.lean", 2, 0, counts), warning]
    assert split_counts([*messages, messages[0]]) == (206, [warning])


def test_excerpt_points_at_the_column() -> None:
    text = format_diagnostic(Diagnostic("error", "x", 3, 2, "no"), SOURCE, "dir/A.lean")
    assert text == "dir/A.lean:3:2: error: no\n  |   trivial\n  |   ^"


def test_a_position_outside_the_file_has_no_excerpt() -> None:
    assert format_diagnostic(Diagnostic("error", "x", 99, 0, "no"), SOURCE) == "x:99:0: error: no"


def test_long_lines_are_cut_around_the_column() -> None:
    text = format_diagnostic(Diagnostic("error", "x", 1, 5000, "no"), "a" * 5000 + "!" + "b" * 5000)
    _, excerpt, caret = text.splitlines()
    assert len(excerpt) < 200
    assert excerpt[caret.index("^")] == "!"


def test_declarations_by_line() -> None:
    assert declarations(SOURCE) == [(2, "one"), (4, "two"), (5, "A.three")]
    assert declaration_at(SOURCE, 1) is None
    assert declaration_at(SOURCE, 3) == "one"
    assert declaration_at(SOURCE, 6) == "A.three"
