"""What holds for all numbers and all texts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from phi4eval.graders import choice, integer, math
from phi4eval.graders.extract import final_statement, find_boxes
from phi4eval.graders.normal import normalised, plain_value
from phi4eval.graders.numbers import parse_number
from phi4eval.graders.simple_evals import find_answer, find_code, find_letter
from phi4eval.graders.unstated import last_value, whole_text
from phi4eval.types import VERDICTS, Key

WRAPPINGS = (
    "{}",
    "${}$",
    "\\boxed{{{}}}",
    "The answer is \\boxed{{{}}}.",
    "$\\boxed{{{}}}$",
    "\\[\\boxed{{{}}}\\]",
    "Answer: {}",
    "**Answer:** {}",
    "**Answer: {}**",
    "Answer: ${}$",
    "The answer is {}.",
    "The answer is ${}$.",
    "so x = 3.\n\nAnswer: {}\n",
    "\\boxed{{ {} }}",
    "\\fbox{{{}}}",
    "<answer>{}</answer>",
    "#### {}",
    "\\boxed{{x = {}}}",
    "Final Answer: The final answer is ${}$. I hope it is correct.",
)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.integers(-(10**9), 10**9)
PIECES = st.lists(
    st.sampled_from(
        [
            r"\boxed{",
            "}",
            "{",
            "$",
            "$$",
            r"\(",
            r"\)",
            "Answer:",
            "answer is",
            "A",
            "B",
            "(B)",
            "or",
            "5",
            "-",
            ".",
            ",",
            "\n",
            " ",
            r"\frac",
            "**",
            "<answer>",
            "</answer>",
            "#### ",
            r"\text{",
            "^",
            "_",
            "!",
            "\\",
            "x=",
            "\u202e",
            r"\begin{pmatrix}",
            r"\end{pmatrix}",
            "&",
            r"\\",
            "%",
            r"\cup",
            r"\{",
            r"\}",
            "[",
            ")",
            "°",
            "option ",
            "\x00",
        ]
    ),
    max_size=25,
).map("".join)
TEXTS = st.one_of(st.text(max_size=80), PIECES)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@FEW
@given(value=NUMBERS)
def test_a_number_grades_itself_correct_in_every_wrapping(wrapping: str, value: int) -> None:
    text = wrapping.format(value)
    for grader in (integer, math):
        assert grader.grade(text, Key(gold=str(value)), {}).verdict == "correct"


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@FEW
@given(value=NUMBERS, other=NUMBERS)
def test_another_number_is_wrong_in_every_wrapping(wrapping: str, value: int, other: int) -> None:
    if value == other:
        return
    for grader in (integer, math):
        assert grader.grade(wrapping.format(other), Key(gold=str(value)), {}).verdict == "incorrect"


@FEW
@given(value=st.integers(1, 10**9))
def test_a_changed_sign_is_wrong(value: int) -> None:
    for grader in (integer, math):
        assert grader.grade(f"\\boxed{{-{value}}}", Key(gold=str(value)), {}).verdict == "incorrect"
        assert grader.grade(f"\\boxed{{{value}}}", Key(gold=f"-{value}"), {}).verdict == "incorrect"


@FEW
@given(top=st.integers(-999, 999), bottom=st.integers(1, 999), factor=st.integers(1, 9))
def test_a_fraction_equals_its_unreduced_and_slashed_spelling(top: int, bottom: int, factor: int) -> None:
    gold = Key(gold=f"\\frac{{{top}}}{{{bottom}}}")
    for text in (f"{top}/{bottom}", f"\\dfrac{{{top * factor}}}{{{bottom * factor}}}"):
        assert math.grade(f"\\boxed{{{text}}}", gold, {}).verdict == "correct"
    assert math.grade(f"\\boxed{{\\frac{{{top}}}{{{bottom + 1}}}}}", gold, {}).verdict == (
        "correct" if top == 0 else "incorrect"
    )


@FEW
@given(value=st.integers(1000, 10**12))
def test_thousands_separators_do_not_change_a_number(value: int) -> None:
    for text in (
        f"{value:,}",
        f"{value:,}".replace(",", "{,}"),
        f"{value:,}".replace(",", "\\,"),
        f"{value}.00",
    ):
        assert parse_number(text) == value


@FEW
@given(members=st.lists(st.integers(-99, 99), min_size=2, max_size=5, unique=True))
def test_a_list_is_a_set_and_needs_every_member(members: list[int]) -> None:
    gold = Key(gold=", ".join(map(str, members)))
    assert (
        math.grade("\\boxed{" + ", ".join(map(str, reversed(members))) + "}", gold, {}).verdict == "correct"
    )
    assert math.grade("\\boxed{" + ", ".join(map(str, members[:-1])) + "}", gold, {}).verdict == "incorrect"


@FEW
@given(letter=st.sampled_from("ABCDE"), gold=st.sampled_from("ABCDE"))
@pytest.mark.parametrize(
    "wrapping",
    [
        "Answer: {}",
        "**Answer:** ({})",
        "\\boxed{{{}}}",
        "\\boxed{{\\textbf{{({})}}\\ 12}}",
        "The answer is {}.",
        "{}",
        "Hm.\n\n**{}**",
    ],
)
def test_a_letter_is_right_only_where_it_is_the_gold(wrapping: str, letter: str, gold: str) -> None:
    verdict = choice.grade(wrapping.format(letter), Key(gold=gold), {}).verdict
    assert verdict == ("correct" if letter == gold else "incorrect")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
@example("\\")
@example("\\boxed{\\")
@example("Answer: $")
@example("Answer: \\[")
@example("\ud800")
def test_no_text_makes_a_grader_or_an_extraction_fail(text: str) -> None:
    for found in (
        final_statement(text),
        last_value(text),
        last_value(text, integers=True),
        whole_text(text),
    ):
        assert found is None or 0 <= found.span[0] <= found.span[1] <= len(text)
    find_boxes(text), find_answer(text), find_letter(text), find_code(text)
    parse_number(text), normalised(text), plain_value(text)
    for grade in (
        choice.grade(text, Key(gold="A", choices=("1", "2", "x")), {}),
        integer.grade(text, Key(gold="7"), {}),
        math.grade(text, Key(gold="\\frac{7}{3}"), {}),
    ):
        assert grade.verdict in VERDICTS
        assert grade.verdict not in ("error", "ungradable") or "limit" in grade.rule
        assert grade.score == (grade.verdict == "correct")


GOLDS = (
    r"\frac{3}{8}",
    r"2\sqrt{3}",
    r"(-\infty, 4]",
    r"x^2 - 3x + 2",
    r"\{1, 2, 5\}",
    "(3, -4)",
    r"12\text{ cm}",
    r"45^\circ",
    r"25\%",
    "1011_2",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
    r"\text{Monday}",
    "9:15 a.m.",
    r"3 \pm \sqrt{2}",
    r"\frac{\pi}{6}",
    "6 - 5i",
    r"\emptyset",
    "10!",
)
PLAIN = tuple(wrapping for wrapping in WRAPPINGS if "x =" not in wrapping)


@pytest.mark.parametrize("gold", GOLDS)
@pytest.mark.parametrize("wrapping", PLAIN)
def test_a_gold_of_any_kind_grades_itself_correct_in_every_wrapping(wrapping: str, gold: str) -> None:
    assert math.grade(wrapping.format(gold), Key(gold=gold), {}).verdict == "correct"


UNITS = ("cm", "mm", "km", "inches", "hours", "minutes", "dollars", "euros", "kg", "grams", "liters")


@FEW
@given(value=st.integers(1, 10**6), left=st.sampled_from(UNITS), right=st.sampled_from(UNITS))
def test_a_changed_unit_is_wrong_and_a_missing_one_is_not(value: int, left: str, right: str) -> None:
    gold = Key(gold=f"{value}\\text{{ {left}}}")
    said = math.grade(f"\\boxed{{{value} \\text{{ {right}}}}}", gold, {}).verdict
    assert said == ("correct" if left == right else "incorrect")
    assert math.grade(f"\\boxed{{{value}}}", gold, {}).verdict == "correct"


@FEW
@given(value=st.integers(2, 10**4), base=st.integers(2, 9), other=st.integers(2, 9))
def test_a_changed_base_is_wrong(value: int, base: int, other: int) -> None:
    digits, rest = "", value
    while rest:
        digits, rest = str(rest % base) + digits, rest // base
    said = math.grade(f"\\boxed{{{digits}_{{{other}}}}}", Key(gold=f"{digits}_{{{base}}}"), {}).verdict
    assert said == ("correct" if base == other else "incorrect")


@FEW
@given(low=st.integers(-50, 0), width=st.integers(1, 50), edges=st.sampled_from(["()", "[]", "(]", "[)"]))
def test_a_changed_bound_or_edge_is_wrong(low: int, width: int, edges: str) -> None:
    high = low + width
    gold = Key(gold=f"{edges[0]}{low}, {high}{edges[1]}")
    signs = ["\\le" if edge in "[]" else "<" for edge in edges]
    assert math.grade(f"\\boxed{{{low} {signs[0]} x {signs[1]} {high}}}", gold, {}).verdict == "correct"
    for changed in (
        f"{edges[0]}{low}, {high + 1}{edges[1]}",
        f"{edges[0]}{low - 1}, {high}{edges[1]}",
        f"{'[' if edges[0] == '(' else '('}{low}, {high}{edges[1]}",
    ):
        assert math.grade(f"\\boxed{{{changed}}}", gold, {}).verdict == "incorrect"


@FEW
@given(value=st.integers(10, 10**8), place=st.integers(0, 8), step=st.integers(1, 9))
def test_a_changed_digit_is_wrong(value: int, place: int, step: int) -> None:
    digits = list(str(value))
    place %= len(digits)
    digits[place] = str((int(digits[place]) + step) % 10)
    for gold in (str(value), f"\\frac{{{value}}}{{7}}", f"{value}\\sqrt{{2}}", f"{value}x"):
        text = gold.replace(str(value), "".join(digits))
        assert math.grade(f"\\boxed{{{text}}}", Key(gold=gold), {}).verdict == "incorrect"
