"""What a problem asks for is read from its last sentences, and no text can make that raise or be slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.graders.asked import Asked, as_asked, what_is_asked
from phi4eval.graders.extract import Candidate
from phi4eval.graders.upfront import first_sentence

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


@given(st.text(alphabet="ab=+$\\{}() 12,.\n", max_size=300), st.text(alphabet="ab+-^(){}\\ x", max_size=30))
def test_no_response_and_no_expression_breaks_the_reading(text: str, expression: str) -> None:
    found = Candidate(text=text[:40], span=(0, len(text)), rule="last_formula")
    kept = as_asked(found, text, Asked(counted=True, expression=expression))
    assert kept.span[0] <= kept.span[1] <= len(text)


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_first_sentence_lies_at_the_begin_of_the_text(text: str, problem: str) -> None:
    span = first_sentence(text, problem)
    assert span is None or (0 <= span[0] < span[1] <= len(text) and span[0] <= 4)


def test_a_stated_answer_stands_whatever_the_problem_asks_for() -> None:
    stated = Candidate(text="$x = 5$", span=(0, 7), rule="statement")
    assert as_asked(stated, "$x = 5$", Asked(expression="y", counted=True, percent=True)) == stated
