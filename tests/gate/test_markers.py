"""Numbers bound to claims: which texts may stand, what looks like a marker and is none, and what is code."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanbound.gate.markdown import find_code
from leanbound.gate.markers import Marker, Markers, number_fault, read_markers, update
from leanbound.gate.numbers import Bound, NumberError, parse_number

BOUND = Bound(16_725_979, 16_777_216)  # 99.6946...%
SMALL = Bound(24, 25)


def bound(text: str, name: str = "a-claim") -> str:
    return f"<!-- bound: {name} -->{text}<!-- /bound -->"


def only(text: str) -> Marker:
    """The one marker of a document without a fault."""
    found = read_markers(text)
    assert not found.faults and len(found.markers) == 1 and not found.markers[0].faults
    return found.markers[0]


def refused(text: str) -> bool:
    """Whether the markers of a document, as far as they can be read, may not stand at this bound."""
    found = read_markers(text)
    return bool(found.faults) or any(item.faults or number_fault(item, BOUND) for item in found.markers)


@pytest.mark.parametrize(
    "text",
    [
        "99.6%",
        "99.69%",
        "99.694603681564%",
        "0.0%",
        " 98.4% ",
        "16,725,979 of 16,777,216",
        "16725979 of 16777216 inputs",
        "1 of 16,777,216",
        "0 of 16777216 inputs",
    ],
)
def test_numbers_that_stand(text: str) -> None:
    assert number_fault(only(bound(text)), BOUND) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("99.7%", "99.7% is more than is verified: 16,725,979 of 16,777,216, 99.6% rounded down"),
        ("99.694603681565%", "is more than is verified"),
        ("16,725,980 of 16,777,216", "is more than is verified: 16,725,979 of 16,777,216"),
        ("16,725,979 of 16,777,217", "is of 16,777,217 inputs, the theorem of 16,777,216"),
        ("24 of 25", "is of 25 inputs"),
        ("984%", "984% is over 100%"),
        ("100.1%", "is over 100%"),
        ("98%", "98% has no decimal point: write 98.0%"),
        ("0.984", "0.984 has no percent sign: write 98.4%"),
        ("98.4", "98.4 has no percent sign: write 98.4%"),
        ("98,4%", "98,4% has a comma for its decimal point: write 98.4%"),
        ("98.4 %", "98.4 % has a space before the percent sign: write 98.4%"),
        ("98.4\u00a0%", "\\u00a0 (NO-BREAK SPACE)"),
        ("", "there is no number"),
        ("   ", "there is no number"),
        ("nan%", "nan% is not a number"),
        ("Infinity", "is not a number"),
        ("-inf%", "is not a number"),
        ("9.84e1%", "has an exponent"),
        ("1E2%", "has an exponent"),
        ("-98.4%", "has a sign"),
        ("+98.4%", "has a sign"),
        ("098.4%", "has a leading zero"),
        ("24/25", "is a fraction"),
        ("16725979", "neither a percent sign nor the number of inputs"),
        ("16,72,5979 of 16,777,216", "commas in other places"),
        ("16,725,979 Of 16,777,216", "is no number of ours"),
        ("16,725,979 of 16,777,216 tokens", "is no number of ours"),
        ("98.4%.", "is no number of ours"),
        (".5%", "is no number of ours"),
        ("98.%", "is no number of ours"),
        ("at least 98.4%", "is no number of ours"),
        ("**98.4%**", "has markup in it"),
        ("<b>98.4%</b>", "has HTML in it"),
        ("98.4&#37;", "has HTML in it"),
        ("98.4%\n", "broken over lines"),
        ("\u0669\u0668.\u0664%", "ARABIC-INDIC DIGIT NINE"),
        ("\uff19\uff18.\uff14%", "FULLWIDTH DIGIT NINE"),
        ("98\u20244%", "ONE DOT LEADER"),
        ("98.4\uff05", "FULLWIDTH PERCENT SIGN"),
        ("98.4\u066a", "ARABIC PERCENT SIGN"),
        ("98.4%\u200b", "ZERO WIDTH SPACE"),
        ("\u202e%4.89", "RIGHT-TO-LEFT OVERRIDE"),
        ("98.4\x1b[31m%", "\\u001b (a control character)"),
        ("9" * 101, "a text of 101 characters"),
        ("9" * 5000 + ".0%", "a text of 5003 characters"),
    ],
)
def test_numbers_that_are_refused(text: str, reason: str) -> None:
    (marker,) = read_markers(bound(text)).markers
    fault = number_fault(marker, BOUND)
    assert fault is not None and reason in fault
    assert fault.isascii() and fault.isprintable()
    assert refused(bound(text))


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("a\n<!-- bound: x -->98.4%", "opened and not closed", 2),
        ("a\n\n98.4%<!-- /bound -->", "closed that was not opened", 3),
        ("<!-- bound: x -->98.4%<!-- bound: x -->", "opened and not closed", 1),
        ("<!-- bound: x --><!-- bound: y -->1.0%<!-- /bound --><!-- /bound -->", "markers do not nest", 1),
        ("<!-- bound: x -->1.0%<!-- note --><!-- /bound -->", "another comment inside", 1),
        ("<!-- Bound: x -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound x -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound: -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound: x y -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound: ../x -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound: X -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound:\nx -->1.0%<!-- /bound -->", "is no marker", 1),
        ("<!-- bound: x -->1.0%<!-- / bound -->", "is no marker", 1),
        ("<!-- bound: x -->1.0%<!-- /bound: x -->", "is no marker", 1),
        ("<!-- b\u043eund: x -->1.0%<!-- /bound -->", "\\u043e (CYRILLIC SMALL LETTER O)", 1),
        ("<!-- \uff42ound: x -->1.0%<!-- /bound -->", "FULLWIDTH LATIN SMALL LETTER B", 1),
        ("<!-- bo\u200bund: x -->1.0%<!-- /bo\u200bund -->", "ZERO WIDTH SPACE", 1),
        ("<!-- bound: m\u0430x -->1.0%<!-- /bound -->", "CYRILLIC SMALL LETTER A", 1),
        ("<!-- bound: x\u202e -->1.0%<!-- /bound -->", "RIGHT-TO-LEFT OVERRIDE", 1),
        ("<!-- bound: x\x00 -->1.0%<!-- /bound -->", "\\u0000", 1),
        ("<!-- bound: x -->1.0%<!-- /bo\u00fcnd -->", "is no marker", 1),
        ("<!-- bound: x --\n", "is no comment", 1),
        ("<!\u2014 bound: x \u2014>98.4%", "is no comment", 1),
        ("<!- /bound ->", "is no comment", 1),
    ],
)
def test_what_looks_like_a_marker_must_be_one(text: str, reason: str, line: int) -> None:
    faults = read_markers(text).faults
    assert any(reason in fault.message and fault.line == line for fault in faults)
    assert all(fault.message.isascii() and fault.message.isprintable() for fault in faults)


@pytest.mark.parametrize(
    "text", ["<!-- boundary: x -->", "<!-- prettier-ignore -->", "a < bound", "<!-- rebound -->", "bound: 98.4%", ""]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert read_markers(text) == Markers((), ())


@pytest.mark.parametrize(
    "text",
    [
        f"9{bound('8.4%')}",
        f"9**{bound('8.4%')}**",
        f"9<b></b>{bound('8.4%')}",
        f"9<!-- -->{bound('8.4%')}",
        f"&#57;{bound('8.4%')}",
        f"9\u200b{bound('8.4%')}",
        f"9.{bound('8.4%')}",
        f"\u0669{bound('8.4%')}",
        f"{bound('24 of 16777216')}0",
        f"{bound('24 of 16777216')},000",
        f"{bound('8.4%')}{bound('8.4%')}",
    ],
)
def test_a_digit_beside_a_marker_is_part_of_its_number(text: str) -> None:
    assert any("reads as part of its number" in fault for item in read_markers(text).markers for fault in item.faults)


@pytest.mark.parametrize("around", ["\u202e{}\u202c", "a\n\u2067b\n{} c", "&#x202e;{}", "{}\nthen \u202a"])
def test_no_turned_text_around_a_marker(around: str) -> None:
    (marker,) = read_markers(around.format(bound("98.4%"))).markers
    assert "which can change how its number reads" in marker.faults[0]
    assert marker.faults[0].isascii()


def test_what_may_stand_around_a_marker() -> None:
    for text in ("in 2025 {}", "| 3 | {} |", "({})", "**{}**", "≥ {}", "\u202eturned\n\n{}", "a{}, 5 b", "1: {}. 2"):
        assert only(text.format(bound("98.4%"))).text == "98.4%"


CODE = [
    "```\n{}\n```",
    "```md\n{}\n\n{}\n````",
    "~~~\n```\n{}\n~~~",
    "````\n```\n{}\n```\n````",
    "1. so:\n   ```md\n   {}\n\n   {}\n   ```\n",
    "a `{}` b",
    "a ``{}`` b `{}`",
    "`a` and\n`{}`",
    "| a | `{}` |",
    "\\\\`{}`",
    "x <!-- y --> `{}`",
    "```\nnot closed\n{}",
    "<details>\n\n```\n{}\n```\n\n</details>",
]
TEXT = [
    "    {}",
    "a\n\n    {}",
    "\\`{}\\`",
    "`` {} `",
    "`\n{}\n`",
    "`a\nb` {} `c",
    "| ` | {} ` |",
    "| ` | ` ` {} ` |",
    "<div>\n`{}`\n</div>",
    "<!-- c --> `{}`",
    '<a href="`">{}`',
    "a <!--<b><!---->`{}` -->",
    "a http://b.c\\<!--`{}``",
    "http://a.b`{}`",
    "``` `a` `{}`",
    "- ```\n  a\nb {}\n  ```",
    "- ```\n  a\n  ```\n  {}\n  ```",
    "- ~~~ ~~~\n  a\n\n  ~~~\n  {}\n  ~~~",
    "> ```\n{}\n> ```",
    "[^1]: ```\n    a\n    ```\n    {}\n    ```",
    "<div>\n```\n{}\n```\n</div>",
    "<pre>\n\n```\n{}\n```",
    "<!--\n```\n-->\n{}\n```",
    "---\na: |\n```\n---\n{}",
    "``` a`b\n{}\n```",
    "```\n```\n{}\n```\n```\n{}",
    "\t```\n{}\n\t```",
    "  ```\n  a\n {}\n  ```",
    "\x0b\n```\n```\r{}\r",
    "<script>{}</script>",
]


@pytest.mark.parametrize("text", CODE)
def test_markers_in_code_are_documentation(text: str) -> None:
    assert read_markers(text.replace("{}", bound("100.0%"))) == Markers((), ())


@pytest.mark.parametrize("text", TEXT)
def test_what_is_not_certainly_code_is_text(text: str) -> None:
    """Most of these show the number to a reader, by CommonMark and GitHub's extensions of it."""
    assert refused(text.replace("{}", bound("100.0%")))


def test_where_code_could_not_be_told_is_said() -> None:
    text = "- ```\n  a\n  ```\n\n```\n<!-- bound: NAME -->98.4%<!-- /bound -->\n```\n"
    assert find_code(text).unread_from == 1
    assert all("the fence in line 1 cannot be told" in fault.message for fault in read_markers(text).faults)


@given(st.integers(0, 200), st.integers(1, 200), st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_a_percentage_stands_exactly_if_it_is_not_above(
    proved: int, inputs: int, scaled: int, decimals: int, spaced: bool
) -> None:
    bound_ = Bound(min(proved, inputs), inputs)
    whole, rest = divmod(scaled, 10**decimals)
    text = f"{whole}.{rest:0{decimals}d}%"
    (marker,) = read_markers(bound(f" {text} " if spaced else text)).markers
    value = Fraction(scaled, 100 * 10**decimals)
    assert (number_fault(marker, bound_) is None) == (value <= bound_.fraction and value <= 1)


@given(st.text(alphabet="0123456789.,% ofinputseE+-NaN\u0661\uff11\u202e\u200b<!->&\n", max_size=24))
def test_no_text_above_the_bound_stands(text: str) -> None:
    """Whatever a lenient reader makes of it: if any reading is above the bound, it is refused."""
    marker = Marker(1, "a-claim", text, 0)
    if number_fault(marker, SMALL) is not None:
        return
    plain = text.strip(" ").replace(",", "")
    if plain.endswith("%"):
        assert Fraction(plain[:-1]) / 100 <= SMALL.fraction
    else:
        correct, inputs = plain.removesuffix(" inputs").split(" of ")
        assert Fraction(int(correct), int(inputs)) <= SMALL.fraction and int(inputs) == SMALL.inputs


PIECES = st.one_of(
    st.sampled_from(["\n", "\r\n", "\n\n", "`", "```\n", "~~~", "| ", "> ", "- ", "\udcff", "\ufeff", "é", " ", "<b>"]),
    st.text(max_size=6).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.builds(bound, st.sampled_from(["99.9%", "1.23456%", "0 of 1", "24 of 25 inputs", "7", " 5.0% ", "98%", ""])),
    st.builds(bound, st.sampled_from(["98.4%", "1,000 of 2,000"]), st.sampled_from(["other", "max"])),
)


@given(st.lists(PIECES, max_size=12).map("".join), st.integers(0, 10**9), st.integers(1, 10**9))
def test_update_writes_what_stands_and_nothing_else(text: str, proved: int, inputs: int) -> None:
    bounds = {"a-claim": Bound(min(proved, inputs), inputs)}
    before = read_markers(text).markers
    changed = update(text, before, bounds)
    after = read_markers(changed).markers
    assert [item.claim for item in after] == [item.claim for item in before]
    assert update(changed, after, bounds) == changed
    assert outside(text, before) == outside(changed, after)
    for old, new in zip(before, after, strict=True):
        if old.claim in bounds and readable(old.text):
            assert number_fault(new, bounds[old.claim]) is None
        else:
            assert new.text == old.text


def outside(text: str, markers: tuple[Marker, ...]) -> list[str]:
    """What stands around the texts of markers."""
    ends = [0, *(marker.end for marker in markers)]
    starts = [*(marker.start for marker in markers), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def readable(text: str) -> bool:
    try:
        parse_number(text)
    except NumberError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("12.3%", "99.6%"),
        ("100.000%", "99.694%"),
        ("98%", "99.6%"),
        (" 0.0% ", " 99.6% "),
        ("1 of 2", "16,725,979 of 16,777,216"),
        ("0 of 16777216 inputs", "16725979 of 16777216 inputs"),
        ("1,000 of 2,000", "16,725,979 of 16,777,216"),
        ("99.99999%", "99.69460%"),
        ("TBD", "TBD"),
        ("", ""),
    ],
)
def test_update_keeps_the_form_and_rounds_down(text: str, becomes: str) -> None:
    document = f"\ufeffé\r\n{bound(text)}\rx {bound('50.0%', 'another')}\udcff"
    markers = read_markers(document).markers
    changed = f"\ufeffé\r\n{bound(becomes)}\rx {bound('50.0%', 'another')}\udcff"
    assert update(document, markers, {"a-claim": BOUND}) == changed


def test_large_documents_are_read_in_no_time() -> None:
    hard = "`" * 5_000 + "<!" * 20_000 + "|`" * 20_000 + "\n" + "` <!-- \n" * 20_000 + "  ```\n" * 20_000
    assert read_markers(hard).markers == ()


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-NaN", "1e400"])
def test_numbers_that_are_none_to_python_either(text: str) -> None:
    with pytest.raises(NumberError):
        parse_number(text)
