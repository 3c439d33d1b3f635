"""Does check_grader find each way in which a grader can break its contract?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from phi4eval.graders import find_grader, list_graders
from phi4eval.protocols import Grader
from phi4eval.testing import ContractError, check_grader
from phi4eval.types import Grade, Key

CASES = (("4", Key(gold="4"), "correct"), ("5", Key(gold="4"), "incorrect"))
KEYS = {
    "choice": Key(gold="B", choices=("1", "2", "3", "4")),
    "integer": Key(gold="42"),
    "math": Key(gold="42"),
    "text": Key(gold="42"),
}


def honest(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    right = text == key.gold
    return Grade(
        verdict="correct" if right else "incorrect",
        score=float(right),
        rule="equal",
        explanation="compared as it stands",
        grader="honest@1",
    )


def made(**changes: Any) -> Callable[..., Grade]:
    import msgspec

    return lambda text, key, options: msgspec.structs.replace(honest(text, key, options), **changes)


def brittle(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    int(text)
    return honest(text, key, options)


def yes(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    return honest(key.gold, key, options)


def greedy(text: str, key: Key, options: Any) -> Grade:
    options["seen"] = text
    return honest(text, key, options)


_calls = count()


def moody(text: str, key: Key, options: Mapping[str, str]) -> Grade:
    return made(explanation=f"call {next(_calls)}")(text, key, options)


def grader(grade: Callable[..., Grade], version: object = "1") -> Grader:
    return cast("Grader", SimpleNamespace(VERSION=version, grade=grade))


def test_a_grader_that_keeps_its_contract_passes() -> None:
    assert len(check_grader(grader(honest), CASES).checked) == 7


@pytest.mark.parametrize(
    ("broken", "clause"),
    [
        (grader(honest, version=None), "it has a VERSION"),
        (grader(yes), "the cases are graded as they say"),
        (grader(brittle), "no text makes it raise"),
        (grader(made(score=2.0)), "a grade is well formed"),
        (grader(made(score=1.0)), "a grade is well formed"),
        (grader(made(verdict="wrong")), "a grade is well formed"),
        (grader(made(span=(3, 10**6))), "a grade is well formed"),
        (grader(made(rule="")), "a grade is well formed"),
        (grader(moody), "the same text gets the same grade"),
        (grader(greedy), "options are not changed"),
    ],
)
def test_each_breach_is_found_under_its_name(broken: Grader, clause: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_grader(broken, CASES)
    assert clause in caught.value.broken


def test_cases_must_show_both_verdicts() -> None:
    with pytest.raises(ContractError, match="give a correct and an incorrect case"):
        check_grader(grader(honest), CASES[:1])


@pytest.mark.parametrize("name", sorted(KEYS))
def test_the_graders_of_this_package_keep_the_contract(name: str) -> None:
    key = KEYS[name]
    cases = [
        (f"So it is.\nAnswer: {key.gold}", key, "correct"),
        ("So it is.\nAnswer: " + ("C" if key.choices else "41"), key, "incorrect"),
    ]
    assert name in list_graders()
    assert check_grader(find_grader(name), cases).checked
