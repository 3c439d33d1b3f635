"""Forms in which only choices are stated, and values that only stand near an option's."""

from __future__ import annotations

import pytest

from phi4eval.graders import choice
from phi4eval.graders.chosen import chosen_option, first_line, placed
from phi4eval.graders.ending import conclusion, is_undecided
from phi4eval.graders.valued import valued_option
from phi4eval.types import Key

CELL = ("mitochondria", "ribosome", "nucleus", "Golgi apparatus")
SPEEDS = ("10 m/s", "14 m/s", "16 m/s", "20 m/s")
TRUTHS = ("True, True", "False, False", "True, False", "False, True")


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("B\n\nRibosomes build proteins. A makes ATP.", "B"),
        ("**B** – ribosome\n\nWhy not C? It stores DNA.", "B"),
        ("B) ribosome\nIt builds proteins.", "B"),
        ("A) mitochondria\nB) ribosome\nC) nucleus", None),
        ("B is a candidate.\nSo is C.", None),
        ("B", None),
    ],
)
def test_a_first_line_answers_where_an_explanation_and_no_list_follows(text: str, letter: str | None) -> None:
    found = first_line(text, CELL, "ABCD")
    assert (found.text if found else None) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The organelle that builds proteins is:\nB. ribosome\n\nIt reads mRNA.", "B"),
        ("Therefore:\n\n**ribosome**", "B"),
        ("These are the options:\nA. mitochondria\nB. ribosome", None),
        ("One could think that it is:\nB. ribosome\nThis is not right.", None),
        ("I'd say ribosome, although the nucleus matters too.", "B"),
        ("I would not say ribosome.", None),
        ("So the correct one is the second option.", "B"),
        ("Daher ist die richtige Antwort b) ribosome.", "b) ribosome"),
        ("The result: {'sol': 'b'}", "B"),
        (
            "A) Mitochondria: this is a possibility, but not the best.\nB) Ribosome: this is the best fit.",
            "B",
        ),
        ("A) This is the best fit.\nB) This is the best fit, too.", None),
    ],
)
def test_an_option_is_chosen_behind_a_lead_by_its_words_or_by_a_verdict(
    text: str, letter: str | None
) -> None:
    found = chosen_option(text, CELL, "ABCD", "")
    assert (found.text if found else None) == letter


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Statement 1 is false. Statement 2 is true.", "D"),
        ("Statement I holds, but statement II fails.", "C"),
        ("Both statements are true.", "A"),
        ("Statement 1 is false.", None),
        ("Statement 1 is not true. Statement 2 is true.", None),
    ],
)
def test_two_judged_statements_are_one_option(text: str, letter: str | None) -> None:
    found = chosen_option(text, TRUTHS, "ABCD", "")
    assert (found.text if found else None) == letter


@pytest.mark.parametrize(
    ("value", "choices", "letter"),
    [
        ("option 2", CELL, "B"),
        ("(3)", CELL, "C"),
        ("4. Golgi apparatus", CELL, "D"),
        ("4. nucleus", CELL, None),
        ("7", CELL, None),
        ("2", ("1", "2", "3"), None),
        ("③", ("1", "2", "4"), "C"),
        ("③ 2", ("1", "2", "4"), None),
    ],
)
def test_a_place_names_an_option_where_no_option_is_a_number(
    value: str, choices: tuple[str, ...], letter: str | None
) -> None:
    assert placed(value, choices, "ABCD"[: len(choices)]) == letter


@pytest.mark.parametrize(
    ("said", "choices", "value"),
    [
        ("v = √(10² + 10²) ≈ 14 m/s.", SPEEDS, "14 m/s"),
        ("vx = 10 m/s and vy = 9.8 m/s.", SPEEDS, None),
        ("4 will have 1250p * 2 = 2500p", ("1000p", "2500p"), "2500p"),
        ("There were approximately 2900 wolves in 2008.", ("1,900", "2,900"), "2900 wolves"),
        ("You need at most eight of them.", ("7", "8"), "eight"),
        ("There is only one.", ("1", "2"), None),
        ("The solution is x = 0.", ("Zero", "One"), None),
    ],
)
def test_a_value_is_found_behind_the_last_lead_or_near_an_option(
    said: str, choices: tuple[str, ...], value: str | None
) -> None:
    span = valued_option(said, choices, "ABCD"[: len(choices)])
    assert (said[slice(*span)].strip(".") if span else None) == value


def test_courtesies_and_reasons_behind_a_conclusion_are_no_part_of_it() -> None:
    assert conclusion("It is zinc. This is because it is lighter.\n\nI hope this helps!") == "It is zinc."
    assert conclusion("I hope this helps!") == "I hope this helps!"


def test_a_text_that_ends_undecided_chooses_nothing() -> None:
    text = "Option A is close but option B fits better. I keep going back and forth."
    assert is_undecided(text)
    assert choice.grade(text, Key(gold="B", choices=CELL), {}).verdict == "no_answer"


@pytest.mark.parametrize(
    "text",
    [
        "答案：A、C",
        "答案：（A，C）",
        "Answer: A C",
        "the answer is A, mitochondria; B, ribosome",
        "The answer is A and then B.",
        "The answer is A but maybe B",
        "If you choose option A, the cell starves.",
        "Choice A would be needed only for energy.",
        "The closest is (A) 2.2 Hz, but it is not the correct answer.",
        "The SMILES `OC(C)A(=O)OA` is an ester.",
    ],
)
def test_letters_in_hedges_conditions_and_formulas_are_no_choice(text: str) -> None:
    assert choice.grade(text, Key(gold="A", choices=CELL), {}).verdict != "correct"
