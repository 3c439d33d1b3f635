"""The published protocol's scores for MMLU, MGSM, DROP and SimpleQA, from its definition, with its gaps."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.graders import choice, drop, integer, math, short_fact, simple_evals
from phi4eval.graders.fact_judge import TEMPLATE, fact_grade, fact_prompt, read_letter
from phi4eval.graders.languages import ANSWER_WORDS, REMOVED, find_mgsm_number, find_mmlu_letter
from phi4eval.types import Grade, Key

FOUR = ("w", "x", "y", "z")


def protocol(rule: str, text: str, gold: str, **extra: str) -> Grade:
    return simple_evals.grade(text, Key(gold=gold, extra=extra), {"rule": rule})


# text, what the protocol takes, what it scores against C, what the robust grader scores
MMLU = [
    ("Answer: C", "C", 1.0, 1.0),
    ("**Answer:** C", "C", 1.0, 1.0),
    (r"Answer: $\boxed{C}$", "C", 1.0, 1.0),
    (r"Answer: \boxed{C}", "C", 1.0, 1.0),
    ("Answer: $C$", "C", 1.0, 1.0),
    ("Antwort: C", "C", 1.0, 1.0),
    ("答案：C", "C", 1.0, 1.0),
    ("Respuesta:\n\nC", "C", 1.0, 1.0),
    ("উত্তর: ড", "C", 1.0, 0.0),
    ("Answer: Ｃ", "C", 1.0, 1.0),
    # its weak points
    ("Answer: (C)", None, 0.0, 1.0),
    ("The answer is C", None, 0.0, 1.0),
    ("answer: c", "c", 0.0, 1.0),
    ("Answer: A or B?\nAnswer: C", "A", 0.0, 1.0),
    ("Answer: Because of gravity, C", "B", 0.0, 0.0),
    # a prefix that comes first in its list wins over one that comes first in the text
    ("Antwort: A\nAnswer: C", "C", 1.0, 1.0),
]


@pytest.mark.parametrize(("text", "taken", "score", "robust"), MMLU, ids=[case[0] for case in MMLU])
def test_mmlu_takes_its_letter_and_the_gap_shows(
    text: str, taken: str | None, score: float, robust: float
) -> None:
    grade = protocol("mmlu", text, "C")
    assert (grade.extracted, grade.score) == (taken, score)
    assert choice.grade(text, Key(gold="C", choices=FOUR), {}).score == robust


def test_mmlus_evidence_is_the_place_in_the_text_as_it_came() -> None:
    text = r"so **Answer:** $\boxed{B}$"
    found = find_mmlu_letter(text)
    assert found is not None
    assert text[slice(*found.span)] == "B"


@given(st.text(alphabet="AB:*$\\{}boxednswer \n", max_size=60))
def test_mmlu_removes_markup_as_chained_replaces_do(text: str) -> None:
    """The definition, written out: thirteen str.replace one after the other, then one search a prefix."""
    bare = text
    for mark in REMOVED:
        bare = bare.replace(mark, "")
    match = re.search(r"(?i)Answer\s*:\s*([A-D])", bare)
    found = find_mmlu_letter(text)
    assert (found and found.text) == (match and match[1])


# language, text, what the protocol takes, its score against 18, the robust grader's
MGSM = [
    ("en", "9 + 9 = 18\nAnswer: 18", "18", 1.0, 1.0),
    ("en", "Answer: 18.00", "18", 1.0, 1.0),
    ("en", "Answer: $18", "18", 1.0, 1.0),
    ("en", "Answer: 18.", "18", 1.0, 1.0),
    ("de", "Antwort: 18", "18", 1.0, 1.0),
    ("zh", "答案：18", "18", 1.0, 1.0),
    ("th", "คำตอบ: 18", "18", 1.0, 1.0),
    ("te", "సమాధానం: 18", "18", 1.0, 1.0),
    # its weak points
    ("de", "Answer: 18", None, 0.0, 1.0),
    ("en", r"\boxed{18}", None, 0.0, 1.0),
    ("en", "Answer: 18\n\nThat is 2 a day.", "2", 0.0, 1.0),
    ("en", "Answer: 18 (of 20 eggs)", "20", 0.0, 0.0),
    ("en", "Answer: -18", "18", 1.0, 0.0),
    ("bn", "উত্তর: ১৮", "১৮", 0.0, 1.0),
]


@pytest.mark.parametrize(("language", "text", "taken", "score", "robust"), MGSM, ids=[c[1] for c in MGSM])
def test_mgsm_takes_the_last_number_behind_its_own_word_and_the_gap_shows(
    language: str, text: str, taken: str | None, score: float, robust: float
) -> None:
    grade = protocol("mgsm", text, "18", language=language)
    assert (grade.extracted, grade.score) == (taken, score)
    assert integer.grade(text, Key(gold="18"), {}).score == robust


def test_mgsm_knows_all_eleven_languages_and_no_other() -> None:
    assert sorted(ANSWER_WORDS) == ["bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh"]
    assert protocol("mgsm", "x", "1", language="xx").verdict == "ungradable"


def as_mgsm_parses(answer: str, prefix: str) -> str:
    """The definition: parse_answer and the prediction's side of score_mgsm, as described."""
    if prefix not in answer:
        return ""
    numbers = re.findall(r"\d+\.?\d*", answer.split(prefix)[-1].strip().replace(",", ""))
    number = numbers[-1].rstrip(".") if numbers else ""
    return number.rstrip("0").rstrip(".") if "." in number else number


@given(st.text(alphabet="Answer: 0123.,-\n$", max_size=40).map(lambda text: f"Answer{text}"))
def test_mgsm_parses_every_text_as_the_definition_does(text: str) -> None:
    found = find_mgsm_number(text, "en")
    assert (found.text if found else "") == as_mgsm_parses(text, "Answer")
    if found:
        assert text[slice(*found.span)].replace(",", "").startswith(found.text[:1])


# text, golds, the protocol's F1, the robust grader's
DROP = [
    ("so\nAnswer: 12 yards", "12 yards", 1.0, 1.0),
    ("Answer: the 12 Yards.", "12 yards", 1.0, 1.0),
    ("Answer: 12", "12|12 yards", 1.0, 1.0),
    ("Answer: 12", "12 yards", 0.6667, 0.6667),
    ("Answer: 13 yards", "12 yards", 0.0, 0.0),
    ("Answer: 1980-90", "1980 1990", 0.5, 0.5),
    ("12 yards", "12 yards", 1.0, 1.0),
    # its weak points: the first line wins, and markup is part of the answer
    ("Answer: first count\nAnswer: 12 yards", "12 yards", 0.0, 1.0),
    (r"It is **Answer:** \boxed{12}", "12", 0.0, 1.0),
]


@pytest.mark.parametrize(("text", "golds", "score", "robust"), DROP, ids=[case[0] for case in DROP])
def test_drop_scores_f1_and_the_gap_shows(text: str, golds: str, score: float, robust: float) -> None:
    assert protocol("drop", text, golds).score == pytest.approx(score)
    assert drop.grade(text, Key(gold=golds), {}).score == pytest.approx(robust)


# rule, text, gold, the protocol's score, the robust grader's: where they differ a run shows a gap
GAPS = [
    ("math", r"so \boxed{5}", "5", 0.0, 1.0),
    ("math", "**Answer:** 5", "5", 0.0, 1.0),
    ("math", "First, the answer: try 3.\nAnswer: 5", "5", 0.0, 1.0),
    ("math", "Answer: 5", "5", 1.0, 1.0),
    ("mcq", "**Answer:** C", "C", 0.0, 1.0),
    ("mcq", "Answer: **C**", "C", 0.0, 1.0),
    ("mcq", "Answer: (C)", "C", 0.0, 1.0),
    ("mcq", r"Answer: \boxed{C}", "C", 0.0, 1.0),
    ("mcq", "The answer is C", "C", 0.0, 1.0),
    ("mcq", "Answer: $C$", "C", 0.0, 1.0),
    ("mcq_2025", "Answer: $C$", "C", 1.0, 1.0),
    ("mcq_2025", "Answer:\nC", "C", 0.0, 1.0),
    ("mcq", "Answer:\nC", "C", 1.0, 1.0),
    ("mcq", "answer: c", "C", 0.0, 1.0),
    ("mcq", "Answer: A or B? No.\nAnswer: C", "C", 0.0, 1.0),
    ("mcq", "Answer: Carbon", "C", 1.0, 0.0),
]


@pytest.mark.parametrize(
    ("rule", "text", "gold", "theirs", "ours"), GAPS, ids=[f"{c[0]}: {c[1]}" for c in GAPS]
)
def test_every_known_weak_point_shows_as_a_gap(
    rule: str, text: str, gold: str, theirs: float, ours: float
) -> None:
    key = Key(gold=gold, choices=FOUR if rule.startswith("mcq") else ())
    robust = choice if rule.startswith("mcq") else math
    assert simple_evals.grade(text, key, {"rule": rule}).score == theirs
    assert robust.grade(text, key, {}).score == ours


def test_drops_verdict_is_correct_for_an_exact_match_only() -> None:
    half = drop.grade("Answer: 12", Key(gold="12 yards"), {})
    assert (half.verdict, half.rule.partition("/")[2]) == ("incorrect", "f1")
    assert half.score == pytest.approx(0.6667)
    assert drop.grade("Answer: 12", Key(gold=" | "), {}).verdict == "ungradable"
    assert drop.grade("I'm sorry, I cannot answer that.", Key(gold="1"), {}).verdict == "refused"


@pytest.mark.parametrize(
    ("text", "gold", "verdict"),
    [
        ("It was Ada Lovelace.", "Ada Lovelace", "correct"),
        ("ada lovelace", "Ada Lovelace", "correct"),
        ("It was Ada, Lady Lovelace.", "Ada Lovelace", "incorrect"),
        ("I don't know who that was.", "Ada Lovelace", "no_answer"),
        ("I'm not sure, perhaps Ada Lovelace.", "Ada Lovelace", "correct"),
        ("I'm sorry, I cannot help with that.", "Ada", "no_answer"),
        ("Grace Hopper", "Ada Lovelace", "incorrect"),
        ("In 18430", "1843", "incorrect"),
        ("x", "?", "ungradable"),
    ],
)
def test_without_a_judge_a_short_fact_is_three_way_and_says_that_it_stands_in(
    text: str, gold: str, verdict: str
) -> None:
    grade = short_fact.grade(text, Key(gold=gold), {})
    assert (grade.verdict, grade.flags) == (verdict, ("judge_stand_in",))
    assert protocol("simpleqa", text, gold).verdict == verdict


def test_simpleqas_judge_is_asked_the_published_prompt() -> None:
    # pinned whole, so that no edit can slip through; the pieces below are read against the definition
    assert hashlib.sha256(TEMPLATE.encode()).hexdigest().startswith("43983294bc459f52")
    key = Key(gold="Ada %(target)s", problem="Who?")
    prompt = fact_prompt("{x} %s", key, task="simpleqa", item="1", sample=0, seed=5)
    text = prompt.messages[0].content
    assert "```\nQuestion: Who?\nGold target: Ada %(target)s\nPredicted answer: {x} %s\n```\n" in text
    assert text.endswith('Just return the letters "A", "B", or "C", with no text around it.')
    assert (prompt.sampling.temperature, [message.role for message in prompt.messages]) == (0.5, ["user"])


@pytest.mark.parametrize(
    ("reply", "letter"), [("A", "A"), ("B", "B"), ("C", "C"), ("(B) no", "B"), ("", "C"), ("INCORRECT", "C")]
)
def test_the_replys_first_letter_decides_even_inside_a_word(reply: str, letter: str) -> None:
    assert read_letter(reply) == letter


def test_a_judged_fact_carries_the_stand_ins_opinion() -> None:
    stand_in = short_fact.grade("It was Ada.", Key(gold="Ada"), {})
    said_no = fact_grade("It was Ada.", "B", stand_in, "judge-1")
    assert (said_no.verdict, said_no.score, said_no.rule, said_no.flags) == (
        "incorrect",
        0.0,
        "judge/B",
        ("judge_differs",),
    )
    unclear = fact_grade("It was Ada.", "CORRECT", stand_in, "judge-1")
    assert (unclear.verdict, unclear.flags) == ("no_answer", ("judge_differs", "judge_unclear"))
