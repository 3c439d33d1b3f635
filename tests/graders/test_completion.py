"""The rules that hold for every grader: thinking, truncation, failure."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval import graders
from phi4eval.errors import UsageError
from phi4eval.graders import find_grader, grade_completion, list_graders
from phi4eval.graders.thinking import split_thinking
from phi4eval.types import Completion, Finish, Grade, GraderSpec, Key

INTEGER = GraderSpec(name="integer")


def completion(text: str, finish: Finish = "stop", error: str | None = None) -> Completion:
    return Completion(task="t", item="i", sample=0, text=text, finish=finish, prompt_hash="", error=error)


def verdict(text: str, finish: Finish = "stop", gold: str = "5") -> str:
    return grade_completion(completion(text, finish), Key(gold=gold), INTEGER).verdict


def test_the_graders_of_this_package_are_listed_and_found() -> None:
    assert set(list_graders()) >= {"choice", "code", "integer", "math", "simple_evals"}
    assert all(find_grader(name).VERSION for name in list_graders())


@pytest.mark.parametrize("name", ["extract", "pool", "os", "../math", "", "Math", "math.x"])
def test_a_module_that_is_no_grader_is_not_found(name: str) -> None:
    with pytest.raises(UsageError, match="not found"):
        find_grader(name)


def test_an_unknown_grader_is_a_usage_error_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        find_grader("integr")
    assert 'did you mean "integer"?' in (caught.value.hint or "")


def test_a_failed_request_is_an_error_with_its_reason() -> None:
    grade = grade_completion(completion("", "error", "HTTP 500"), Key(gold="5"), INTEGER)
    assert (grade.verdict, grade.score, grade.explanation) == ("error", 0.0, "HTTP 500")


def test_a_failed_request_with_text_is_still_an_error() -> None:
    assert verdict(r"\boxed{5}", "error") == "error"


def test_a_filtered_answer_is_refused() -> None:
    assert verdict(r"\boxed{5}", "filter") == "refused"


def test_an_empty_answer_at_the_limit_is_truncated() -> None:
    assert verdict("", "length") == "truncated"
    assert verdict(" \n", "length") == "truncated"


def test_an_empty_answer_is_no_answer() -> None:
    assert verdict("") == "no_answer"


def test_an_unclosed_think_block_is_truncated() -> None:
    grade = grade_completion(completion(r"<think>maybe \boxed{5}", "length"), Key(gold="5"), INTEGER)
    assert (grade.verdict, grade.extracted, grade.span) == ("truncated", None, None)


def test_an_unclosed_think_block_of_a_model_that_stopped_is_no_answer() -> None:
    assert verdict(r"<think>maybe \boxed{5}") == "no_answer"


def test_an_answer_before_an_unclosed_think_block_is_not_taken() -> None:
    assert verdict(r"\boxed{5} <think>hm", "length") == "truncated"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"<think>\boxed{4}</think> \boxed{5}", "correct"),
        (r"<thinking>\boxed{4}</thinking> \boxed{5}", "correct"),
        (r"<THINK>\boxed{4}</THINK> \boxed{5}", "correct"),
        (r"\boxed{4}</think> \boxed{5}", "correct"),
        (r"<think>a</think> \boxed{5} <think>no, \boxed{4}</think>", "correct"),
        (r"<think>\boxed{5}</think> It is \boxed{4}.", "incorrect"),
        (r"<think>\boxed{5}</think>", "no_answer"),
        (r"<think>\boxed{5}</think> I give up.", "no_answer"),
        (r"<think>a <think> b </think> \boxed{5} </think> \boxed{4}", "incorrect"),
    ],
)
def test_thinking_is_never_graded(text: str, expected: str) -> None:
    assert verdict(text) == expected


def test_a_span_points_at_the_original_text() -> None:
    text = r"<think>\boxed{4}</think> So \boxed{5}, <think>yes</think> done."
    grade = grade_completion(completion(text), Key(gold="5"), INTEGER)
    assert grade.span is not None
    assert text[slice(*grade.span)] == r"\boxed{5}"


def test_a_cut_off_text_needs_an_explicit_answer() -> None:
    assert verdict("So far we have 5", "length") == "truncated"
    assert verdict(r"So far \boxed{5", "length") == "truncated"


@pytest.mark.parametrize("text", [r"\boxed{5} Let me check", "Answer: 5\nLet me check", "#### 5\nNow"])
def test_a_cut_off_text_with_an_explicit_answer_is_graded_with_a_flag(text: str) -> None:
    grade = grade_completion(completion(text, "length"), Key(gold="5"), INTEGER)
    assert (grade.verdict, grade.flags) == ("correct", ("hit_limit",))


def test_an_answer_line_cut_off_in_its_middle_is_truncated() -> None:
    assert verdict("Answer: 5", "length", gold="51") == "truncated"
    assert verdict("Answer: 5", "length") == "truncated"


def test_the_protocol_grades_a_cut_off_text_as_it_always_did() -> None:
    spec = GraderSpec(name="simple_evals", options={"rule": "mcq"})
    grade = grade_completion(completion("Answer: B", "length"), Key(gold="B"), spec)
    assert (grade.verdict, grade.flags) == ("correct", ("hit_limit",))


def test_a_failing_grader_is_ungradable_and_never_incorrect(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, key: Key, options: Mapping[str, str]) -> Grade:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(graders, "find_grader", lambda name: SimpleNamespace(VERSION="9", grade=fail))
    grade = grade_completion(completion("5"), Key(gold="5"), GraderSpec(name="x"))
    assert (grade.verdict, grade.rule, grade.grader) == ("ungradable", "exception/ZeroDivisionError", "x@9")


TAGS = ["<think>", "</think>", "<thinking>", "</thinking>", "a", r"\boxed{5}", " ", "\n", "<", "é"]
CHANNELS = ["<|channel|>analysis<|message|>", "<|channel|>final<|message|>", "<|end|>", "<|return|>"]


@given(st.lists(st.sampled_from([*TAGS, *CHANNELS])))
def test_kept_pieces_walk_back_to_the_same_characters(pieces: list[str]) -> None:
    text = "".join(pieces)
    answer = split_thinking(text)
    for offset, char in enumerate(answer.text):
        span = answer.original((offset, offset + 1))
        assert span is not None
        assert text[slice(*span)] == char


@given(st.lists(st.sampled_from(TAGS)))
def test_no_tag_survives_and_thinking_is_gone(pieces: list[str]) -> None:
    text = "".join(pieces)
    answer = split_thinking(text)
    assert "</think" not in answer.text
    assert len(answer.text) <= len(text)


ANALYSIS, FINAL = "<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("text", "finish", "expected"),
    [
        (f"{ANALYSIS}is it 6? no<|end|>{FINAL}Answer: 5", "stop", "correct"),
        (f"{ANALYSIS}is it 6? no<|end|>{FINAL}Answer: 5<|return|>", "stop", "correct"),
        (f"{ANALYSIS}Answer: 5<|end|>{FINAL}Answer: 6<|return|>", "stop", "incorrect"),
        (f"{ANALYSIS}Answer: 5", "length", "truncated"),
        (f"{ANALYSIS}Answer: 5", "stop", "no_answer"),
        (f"{ANALYSIS}Answer: 5<|end|>", "length", "truncated"),
        (f"{FINAL}Answer: 5", "stop", "correct"),
        ("analysisWe try Answer: 6assistantfinalAnswer: 5", "stop", "correct"),
        ("analysisWe try Answer: 5", "length", "truncated"),
        ("analysis of it gives\nAnswer: 5", "stop", "correct"),
    ],
)
def test_harmony_channels_are_thinking_but_for_the_final_one(
    text: str, finish: Finish, expected: str
) -> None:
    assert verdict(text, finish) == expected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("B\n\nQuestion: What is next?\nAnswer: A", "B"),
        ("3 + 2 = 5\n#### 5\n\nQ: And now?\nA: 6", "3 + 2 = 5\n#### 5"),
        ("So the answer is 5.\n\nProblem 2: Add 1.\nThe answer is 6.", "So the answer is 5."),
        ("Question: What is 2 + 3?\n\nAnswer: 5", "Question: What is 2 + 3?\n\nAnswer: 5"),
        (
            "Here is how I understand what you want to know from me.\n\nQuestion: 2 + 3?\nIt is 5.",
            "Here is how I understand what you want to know from me.\n\nQuestion: 2 + 3?\nIt is 5.",
        ),
    ],
)
def test_a_question_that_the_model_makes_up_behind_its_answer_is_cut_off(text: str, kept: str) -> None:
    assert split_thinking(text).text == kept
