"""IFEval: do lm-eval's own checkers decide, offline, and does what they lack never count as wrong?"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import pytest

from phi4eval.graders import instruction
from phi4eval.seeds import canonical_json
from phi4eval.types import Grade, Key

Asked: TypeAlias = tuple[str, dict[str, Any]]


def graded(text: str, *asked: Asked, prompt: str = "p") -> Grade:
    names, kwargs = [name for name, _ in asked], [each for _, each in asked]
    extra = {"prompt": prompt, "instruction_id_list": canonical_json(names).decode()}
    extra["kwargs"] = canonical_json(kwargs).decode()
    return instruction.grade(text, Key(gold="-", extra=extra), {})


COMMA: Asked = ("punctuation:no_comma", {})
LOWER: Asked = ("change_case:english_lowercase", {"num_words": None})
WORDS: Asked = ("length_constraints:number_words", {"num_words": 3, "relation": "at least"})
TITLE: Asked = ("detectable_format:title", {})
GERMAN: Asked = ("language:response_language", {"language": "de"})
JSON: Asked = ("detectable_format:json_format", {})


@pytest.mark.parametrize(
    ("text", "asked", "verdict", "flags"),
    [
        ("all in lower case here", (COMMA, LOWER, WORDS), "correct", ()),
        ("all in lower case, here", (COMMA, LOWER, WORDS), "incorrect", ("followed_2_of_3",)),
        ("Upper, here", (COMMA, LOWER), "incorrect", ("followed_0_of_2",)),
        ("<<A title>>\ntext", (TITLE,), "correct", ()),
        ("Das ist ein ganz gewöhnlicher deutscher Satz.", (GERMAN,), "correct", ()),
        ("This is a quite ordinary English sentence.", (GERMAN,), "incorrect", ("followed_0_of_1",)),
        ('{"a": 1}', (JSON,), "correct", ()),
        # the loose check takes the first line off: told, and not right
        ("Sure, here it is\nall lower", (COMMA,), "incorrect", ("followed_0_of_1", "loose_only")),
    ],
)
def test_every_instruction_must_be_followed(
    text: str, asked: tuple[Any, ...], verdict: str, flags: tuple[str, ...]
) -> None:
    grade = graded(text, *asked)
    assert (grade.verdict, grade.flags) == (verdict, flags)


def test_the_language_guess_does_not_change_from_call_to_call() -> None:
    assert {graded("Ja ok super", GERMAN).verdict for _ in range(5)} == {
        graded("Ja ok super", GERMAN).verdict
    }


def test_a_wrong_response_names_what_it_did_not_follow() -> None:
    assert graded("A, b", COMMA, WORDS).explanation == (
        "not followed: punctuation:no_comma, length_constraints:number_words (2 in all)"
    )


def test_what_no_checker_knows_is_no_wrong_answer() -> None:
    assert graded("x", ("punctuation:no_such", {})).verdict == "ungradable"
    key = Key(gold="-", extra={"prompt": "p", "instruction_id_list": '["a", "b"]', "kwargs": "[{}]"})
    assert instruction.grade("x", key, {}).verdict == "ungradable"


def test_missing_sentence_data_is_an_error_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction, "_has_data", lambda: False)
    asked = ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "at least"})
    grade = graded("One. Two.", asked)
    assert (grade.verdict, grade.rule) == ("error", "not_installed")
    assert "python -m nltk.downloader punkt_tab" in grade.explanation


def test_missing_packages_are_an_error_with_their_command(monkeypatch: pytest.MonkeyPatch) -> None:
    instruction._checkers.cache_clear()
    monkeypatch.setitem(sys.modules, "langdetect", None)
    grade = graded("x", COMMA)
    assert (grade.verdict, grade.rule) == ("error", "not_installed")
    assert "pip install 'phi4eval[ifeval]'" in grade.explanation
    instruction.preload()  # says nothing: the grade does
