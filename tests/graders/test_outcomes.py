"""No outcome of any case changes without a new grader version.

tests/cases/outcomes.json holds, for each grader and version, a hash of its verdicts on all case tables. After
a wanted change: raise the grader's VERSION, then UPDATE_GOLDEN=1 pytest tests/graders/test_outcomes.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from phi4eval.graders import find_grader
from phi4eval.seeds import content_hash
from phi4eval.types import Key
from tests.cases import (
    asked_cases,
    blind_choices,
    blind_responses,
    choice_cases,
    concluded_cases,
    equality_cases,
    extraction_cases,
    fresh_answers,
    fresh_choices,
    fresh_responses,
    integer_cases,
    math_cases,
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

STORED = Path(__file__).parents[1] / "cases" / "outcomes.json"
SIMPLE_EVALS_MATH = {"rule": "math"}


def math_rows() -> list[tuple[str, str]]:
    rows = [(gold, prediction) for gold, prediction, *_ in math_cases.RIGHT + math_cases.WRONG]
    rows += [(gold, prediction) for gold, prediction, _ in math_cases.POLYNOMIALS + math_cases.RESPONSES]
    for classes in (equality_cases.CLASSES, response_cases.CLASSES):
        rows += [(gold, text) for table in classes.values() for gold, text, _ in table]
    for fresh in (
        fresh_answers.CLASSES,
        fresh_responses.CLASSES,
        concluded_cases.CLASSES,
        restyled_answers.CLASSES,
        unseen_responses_one.CLASSES,
        unseen_responses_two.CLASSES,
        unseen_responses_three.CLASSES,
    ):
        rows += [(gold, text) for judged in fresh.values() for gold, text, _ in judged]
    return rows + [("5", text) for text, *_ in extraction_cases.CASES]


def outcomes(name: str) -> list[object]:
    """Verdict and rule of every case that a grader has."""
    grader = find_grader(name)
    if name == "choice":
        rows: list[tuple[str, str, tuple[str, ...]]]
        rows = [(text, gold, choice_cases.CHOICES) for text, gold, *_ in choice_cases.CASES]
        rows += [(text, gold, choice_cases.CHOICES) for text, gold, _ in choice_cases.CONFLICTS]
        for classes, options in (
            (option_cases.CLASSES, option_cases.OPTIONS),
            (option_cases.TEN_CLASSES, option_cases.TEN),
        ):
            rows += [(text, gold, options) for table in classes.values() for text, gold, _ in table]
        rows += [
            (text, gold, texts)
            for module in (
                fresh_choices,
                unseen_choices_one,
                unseen_choices_two,
                unseen_choices_three,
                unseen_choices_four,
                unseen_choices_five,
            )
            for texts, table in module.CLASSES.values()
            for gold, text, _ in table
        ]
        rows += [(each.text, each.letter or "A", each.options) for each in blind_choices.RESPONSES]
        grades = [grader.grade(text, Key(gold=gold, choices=options), {}) for text, gold, options in rows]
    elif name == "integer":
        grades = [grader.grade(text, Key(gold=gold), {}) for text, gold, _ in integer_cases.CASES]
    elif name == "text":
        rows_of_text = equality_cases.CLASSES["text and times of day"]
        grades = [grader.grade(text, Key(gold=gold), {"form": "answer"}) for gold, text, _ in rows_of_text]
    else:
        options_of = SIMPLE_EVALS_MATH if name == "simple_evals" else {}
        grades = [
            grader.grade(wrapped, Key(gold=gold), options_of)
            for gold, text in math_rows()
            for wrapped in (text, f"Answer: {text}")
        ]
    if name in ("math", "integer"):
        keys = [
            (text, Key(gold=gold, problem=problem))
            for table in asked_cases.CLASSES.values()
            for problem, gold, text, _ in table
        ] + [(each.text, Key(gold=each.gold, problem=each.problem)) for each in blind_responses.RESPONSES]
        grades += [grader.grade(text, key, {}) for text, key in keys]
    return [[grade.verdict, grade.extracted] for grade in grades]


@pytest.mark.parametrize("name", ["choice", "integer", "math", "simple_evals", "text"])
def test_an_outcome_changes_only_with_the_version(name: str) -> None:
    stored: dict[str, str] = json.loads(STORED.read_text()) if STORED.exists() else {}
    version = f"{name}@{find_grader(name).VERSION}"
    found = content_hash(outcomes(name))
    if os.environ.get("UPDATE_GOLDEN"):
        stored = {kept: value for kept, value in stored.items() if kept.partition("@")[0] != name}
        STORED.write_text(json.dumps({**stored, version: found}, indent=2, sort_keys=True) + "\n")
        return
    assert version in stored, f"{version} has no stored outcomes: {__doc__}"
    assert stored[version] == found, f"outcomes changed under {version}: {__doc__}"
