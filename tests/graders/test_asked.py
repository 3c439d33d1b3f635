"""What a problem asks for is read from its last sentences, and no text can make that raise or be slow."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given as given_
from hypothesis import strategies as st

from phi4eval.graders import integer, math
from phi4eval.graders.asked import Asked, as_asked, what_is_asked
from phi4eval.graders.extract import Candidate
from phi4eval.graders.given import given, told_apart
from phi4eval.graders.upfront import first_sentence
from phi4eval.types import Key

given_text = given_(
    st.text(alphabet="ab 12,.$\nof in Ann got", max_size=120),
    st.text(alphabet="12 ofHow many.?", max_size=80),
)

PROBLEMS = [
    ("", Asked()),
    ("How many primes are below 20?", Asked(counted=True)),
    ("How many more dollars does she need?", Asked(unit="dollars")),
    ("How many cents does one cost?", Asked(unit="cents")),
    ("How much is it, rounded to the nearest hundred?", Asked(rounded=True)),
    ("Let $a + b = 3$. What is $a - b$?", Asked(expression="a-b")),
    (
        "What is the value of $\\left( x + y \\right)^2$ when $x = 1$?",
        Asked(expression="(x+y)^2", names=("value",)),
    ),
    ("What is the area of the square?", Asked(names=("area",))),
    ("Determine the total number of paths.", Asked(counted=True, names=("total number",))),
    ("Find the least common multiple of 4 and 6.", Asked(names=("least common multiple",))),
]


@pytest.mark.parametrize(("problem", "asked"), PROBLEMS)
def test_a_problem_asks_for_what_its_words_say(problem: str, asked: Asked) -> None:
    assert what_is_asked(problem) == asked


@given_(st.text(alphabet="ab=+$\\{}() 12,.\n", max_size=300), st.text(alphabet="ab+-^(){}\\ x", max_size=30))
def test_no_response_and_no_expression_breaks_the_reading(text: str, expression: str) -> None:
    found = Candidate(text=text[:40], span=(0, len(text)), rule="last_formula")
    kept = as_asked(found, text, Asked(counted=True, expression=expression))
    assert kept.span[0] <= kept.span[1] <= len(text)


@given_(st.text(max_size=200), st.text(max_size=200))
def test_a_first_sentence_lies_at_the_begin_of_the_text(text: str, problem: str) -> None:
    span = first_sentence(text, problem)
    assert span is None or (0 <= span[0] < span[1] <= len(text) and span[0] <= 4)


def test_a_stated_answer_stands_whatever_the_problem_asks_for() -> None:
    stated = Candidate(text="$x = 5$", span=(0, 7), rule="statement")
    assert as_asked(stated, "$x = 5$", Asked(expression="y", counted=True, percent=True)) == stated


@pytest.mark.parametrize(
    ("problem", "numbers"),
    [
        ("", []),
        ("Ann has 12 pears and three apples.", [12, 3]),
        ("It takes $4\\frac{1}{2}$ hours for 1,200 pages at 2.5 cents.", [4.5, 1200, 2.5]),
        ("Let x_1 = 7.", [7]),
        ("Question: Ann has 12 pears.\nAnswer: 12\n\nQuestion: Bob has 5.\nAnswer:", [5]),
    ],
)
def test_a_problem_gives_its_numbers_in_digits_and_in_words(problem: str, numbers: list[float]) -> None:
    assert given(problem) == set(numbers)


@given_text
def test_a_number_is_told_apart_by_one_of_the_same_text_or_not_at_all(text: str, problem: str) -> None:
    found = Candidate(text="5", span=(len(text), len(text) + 1), rule="last_number")
    kept = told_apart(found, f"{text}5", problem)
    assert kept is found or (kept.text in text and kept.rule == "last_asked")


@pytest.mark.parametrize("grader", [math, integer])
def test_an_explanation_names_the_unit_that_decided(grader: ModuleType) -> None:
    key = Key(gold="4", problem="What is its speed in inches per second?")
    grade = grader.grade("Answer: 4 feet per second", key, {})
    assert grade.verdict == "incorrect"
    assert '"4 feet per second" is not "4 inches per second"' in grade.explanation
    assert grade.explanation.rstrip(")").endswith("the problem asks for inches per second")
