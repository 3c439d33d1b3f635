"""Each known way to err has its own table; the tables say what is right and what only looks like it."""

from __future__ import annotations

import pytest

from phi4eval.graders import choice, grade_completion
from phi4eval.types import Completion, Grade, GraderSpec, Key
from tests.cases import (
    asked_cases,
    blind_choices,
    blind_responses,
    concluded_cases,
    equality_cases,
    fresh_answers,
    fresh_choices,
    fresh_responses,
    option_cases,
    response_cases,
    restyled_answers,
    unseen_choices_five,
    unseen_choices_four,
    unseen_choices_one,
    unseen_choices_three,
    unseen_choices_two,
    unseen_responses_one,
    unseen_responses_three,
    unseen_responses_two,
)

PAIRS = [(name, *row) for name, rows in equality_cases.CLASSES.items() for row in rows]
RESPONSES = [(name, *row) for name, rows in response_cases.CLASSES.items() for row in rows]
CHOICES = [
    (name, options, *row)
    for classes, options in (
        (option_cases.CLASSES, option_cases.OPTIONS),
        (option_cases.TEN_CLASSES, option_cases.TEN),
    )
    for name, rows in classes.items()
    for row in rows
]


def grade_text(text: str, key: Key, name: str) -> Grade:
    completion = Completion(task="t", item="i", sample=0, text=text, finish="stop", prompt_hash="")
    return grade_completion(completion, key, GraderSpec(name=name))


def test_the_tables_are_large_and_have_near_misses_in_every_class() -> None:
    assert len(PAIRS) + len(RESPONSES) + len(CHOICES) >= 600
    assert len(equality_cases.CLASSES) + len(response_cases.CLASSES) + len(option_cases.CLASSES) >= 24
    for rows in equality_cases.CLASSES.values():
        assert {same for _, _, same in rows} == {True, False}
    for table in (response_cases.CLASSES, option_cases.CLASSES):
        for judged in table.values():
            assert {verdict == "correct" for _, _, verdict in judged} == {True, False}


@pytest.mark.parametrize(("name", "gold", "prediction", "same"), PAIRS)
def test_a_bare_answer_is_judged_as_its_class_says(name: str, gold: str, prediction: str, same: bool) -> None:
    for text in (prediction, f"We get $\\boxed{{{prediction}}}$."):
        grade = grade_text(text, Key(gold=gold), "math")
        assert (grade.verdict == "correct") == same, (name, grade)
        assert grade.verdict not in ("error", "truncated", "refused")


@pytest.mark.parametrize(("name", "gold", "text", "verdict"), RESPONSES)
def test_a_response_is_judged_as_its_class_says(name: str, gold: str, text: str, verdict: str) -> None:
    grade = grade_text(text, Key(gold=gold), "math")
    assert grade.verdict == verdict, (name, grade)


@pytest.mark.parametrize(("name", "options", "text", "gold", "verdict"), CHOICES)
def test_a_choice_is_judged_as_its_class_says(
    name: str, options: tuple[str, ...], text: str, gold: str, verdict: str
) -> None:
    grade = grade_text(text, Key(gold=gold, choices=options), "choice")
    assert grade.verdict == verdict, (name, grade)


FRESH = [
    (name, gold, text, same, (), form)
    for classes, form in (
        (fresh_answers.CLASSES, "answer"),
        (fresh_responses.CLASSES, "response"),
        (concluded_cases.CLASSES, "response"),
        (restyled_answers.CLASSES, "answer"),
        (unseen_responses_one.CLASSES, "response"),
        (unseen_responses_two.CLASSES, "response"),
        (unseen_responses_three.CLASSES, "response"),
    )
    for name, rows in classes.items()
    for gold, text, same in rows
] + [
    (name, gold, text, same, options, "response")
    for table in (
        fresh_choices,
        unseen_choices_one,
        unseen_choices_two,
        unseen_choices_three,
        unseen_choices_four,
        unseen_choices_five,
    )
    for name, (options, rows) in table.CLASSES.items()
    for gold, text, same in rows
]


@pytest.mark.parametrize(("name", "gold", "text", "same", "options", "form"), FRESH)
def test_a_row_of_prose_or_of_an_unseen_set_is_judged_as_its_label_says(
    name: str, gold: str, text: str, same: bool, options: tuple[str, ...], form: str
) -> None:
    completion = Completion(task="t", item="i", sample=0, text=text, finish="stop", prompt_hash="")
    spec = GraderSpec(name="choice" if options else "math", options={"form": form})
    grade = grade_completion(completion, Key(gold=gold, choices=options), spec)
    assert (grade.verdict == "correct") == same, (name, grade)
    assert grade.verdict not in ("error", "ungradable")


ASKED = [(name, *row) for name, rows in asked_cases.CLASSES.items() for row in rows]


@pytest.mark.parametrize(("name", "problem", "gold", "text", "right"), ASKED)
def test_what_a_problem_asks_for_is_what_is_graded(
    name: str, problem: str, gold: str, text: str, right: bool
) -> None:
    for grader in ("math", "integer") if gold.isdigit() else ("math",):
        grade = grade_text(text, Key(gold=gold, problem=problem), grader)
        assert (grade.verdict == "correct") == right, (name, grader, grade)


@pytest.mark.parametrize("response", blind_responses.RESPONSES, ids=lambda each: each.text[-40:])
def test_a_response_written_before_the_grader_saw_it_is_judged_as_its_label_says(
    response: blind_responses.Response,
) -> None:
    grade = grade_text(response.text, Key(gold=response.gold, problem=response.problem), "math")
    assert (grade.verdict == "correct") == (response.right and response.read), grade


@pytest.mark.parametrize(("gold", "text"), unseen_responses_three.OPEN)
def test_a_right_response_that_is_not_read_is_not_correct(gold: str, text: str) -> None:
    assert grade_text(text, Key(gold=gold), "math").verdict != "correct"


@pytest.mark.parametrize("response", blind_choices.RESPONSES, ids=lambda each: each.text[-40:])
def test_a_response_is_right_for_the_letter_it_commits_to_and_for_no_other(
    response: blind_choices.Response,
) -> None:
    right = [
        letter
        for letter in response.letters
        if choice.grade(
            response.text, Key(gold=letter, choices=response.options, problem=response.problem), {}
        ).verdict
        == "correct"
    ]
    committed = response.letter if response.read else None
    assert right == ([] if committed is None else [committed])


@pytest.mark.parametrize(("gold", "text"), restyled_answers.OPEN)
def test_a_right_answer_that_can_be_read_in_two_ways_is_not_correct(gold: str, text: str) -> None:
    assert grade_text(text, Key(gold=gold), "math").verdict != "correct"


@pytest.mark.parametrize(("options", "gold", "text"), unseen_choices_five.OPEN)
def test_a_right_choice_that_is_not_read_is_no_answer_and_never_a_wrong_one(
    options: tuple[str, ...], gold: str, text: str
) -> None:
    assert grade_text(text, Key(gold=gold, choices=options), "choice").verdict == "no_answer"
