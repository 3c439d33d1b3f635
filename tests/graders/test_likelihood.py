"""Which choice does the likelihood grader take, and what does it refuse to read?"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval import likelihoods
from phi4eval.graders import likelihood
from phi4eval.likelihoods import ChoiceLikelihood
from phi4eval.testing import check_grader
from phi4eval.types import Key

KEY = Key(gold="B", choices=("short", "a much longer text", "third"))
TEXT = likelihoods.write(
    [
        ChoiceLikelihood(logprob=-6.0, tokens=1, characters=5, bytes=5),
        ChoiceLikelihood(logprob=-7.0, tokens=5, characters=18, bytes=18),
        ChoiceLikelihood(logprob=-9.0, tokens=1, characters=5, bytes=15),
    ]
)

choices = st.builds(
    ChoiceLikelihood,
    logprob=st.floats(-1e4, 0).map(lambda x: round(x, 6)),
    tokens=st.integers(1, 50),
    characters=st.integers(1, 500),
    bytes=st.integers(1, 900),
)


@pytest.mark.parametrize(
    ("norm", "letter", "verdict"),
    [
        ("none", "A", "incorrect"),
        ("characters", "B", "correct"),
        ("bytes", "B", "correct"),
        ("tokens", "B", "correct"),
    ],
)
def test_the_likeliest_choice_counts_after_normalising(norm: str, letter: str, verdict: str) -> None:
    grade = likelihood.grade(TEXT, KEY, {"norm": norm})
    assert (grade.extracted, grade.verdict, grade.rule) == (letter, verdict, f"likelihood/{norm}")
    assert grade.span is not None
    assert TEXT[slice(*grade.span)] == letter


def test_the_explanation_says_both_figures() -> None:
    grade = likelihood.grade(TEXT, KEY, {})
    assert grade.explanation == "A is the likeliest with -6.0000; the right choice B has -7.0000"


def test_of_equally_likely_choices_the_first_counts() -> None:
    same = ChoiceLikelihood(logprob=-1.0, tokens=1, characters=1, bytes=1)
    assert likelihood.grade(likelihoods.write([same] * 3), KEY, {}).extracted == "A"


def test_an_impossible_choice_is_never_taken() -> None:
    never = ChoiceLikelihood(logprob=-math.inf, tokens=1, characters=1, bytes=1)
    possible = ChoiceLikelihood(logprob=-50.0, tokens=1, characters=1, bytes=1)
    assert likelihood.grade(likelihoods.write([never, possible, never]), KEY, {}).extracted == "B"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "B",
        "Answer: B",
        TEXT.replace("A ", "B ", 1),
        TEXT + "\nD -1.0 tokens=1 characters=1 bytes=1",
        "\n".join(TEXT.split("\n")[:2]),
        TEXT.replace("-6.000000", "nan"),
        TEXT.replace("tokens=1", "tokens=0", 1),
        TEXT.replace("-6.000000", "-6e5"),
    ],
)
def test_any_other_text_is_not_decided(text: str) -> None:
    assert likelihood.grade(text, KEY, {}).verdict == "ungradable"


def test_an_unknown_norm_is_not_decided() -> None:
    assert likelihood.grade(TEXT, KEY, {"norm": "length"}).verdict == "ungradable"


@given(st.lists(choices, min_size=1, max_size=10))
def test_what_is_written_is_read_back(made: list[ChoiceLikelihood]) -> None:
    assert likelihoods.read(likelihoods.write(made)) == tuple(made)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    found = likelihoods.read(text)
    assert found is None or likelihoods.write(found)


def test_the_grader_keeps_its_contract() -> None:
    better = TEXT.replace("-7.000000", "-5.000000")
    assert check_grader(likelihood, [(better, KEY, "correct"), (TEXT, KEY, "incorrect")]).checked
