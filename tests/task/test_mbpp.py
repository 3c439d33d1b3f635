"""Do MBPP's assertions and MBPP+'s scripts become tests that tell right from wrong in the sandbox?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phi4eval.errors import DataError
from phi4eval.graders.pool import GradeJob, GradePool
from phi4eval.prompts import render_prompts
from phi4eval.sandbox import open_runner
from phi4eval.task import find_task, load_dataset
from phi4eval.task.mbpp import asserted_check, asserted_head, asserted_name
from phi4eval.types import Completion, Key

from .made import write_rows

SIMILAR = {
    "task_id": 2,
    "text": "Write a function to find the elements that two tuples share.",
    "code": "def order(x):\n    return sorted(x)\n"
    "def shared(a, b):\n    return tuple(order(set(a) & set(b)))",
    "test_list": [
        "assert set(shared((3, 4, 5), (5, 4))) == set((4, 5))",
        "assert shared((1,), (2,)) == ()",
    ],
    "test_setup_code": "from math import isclose",
    "challenge_test_list": [],
}
# MBPP+'s test, in the form of the hub's copy
SCRIPT = """\
import numpy as np

def assertion(out, exp, atol):
    assert out == exp or np.allclose(out, exp, atol=atol)

inputs = [[(1, 2), (2,)], [(1,), (2,)]]
results = [(2,), ()]
for i, (inp, exp) in enumerate(zip(inputs, results)):
    assertion(shared(*inp), exp, 0)
"""
RIGHT = "Here:\n```python\ndef shared(a, b):\n    return tuple(sorted(set(a) & set(b)))\n```"
WRONG = "```python\ndef shared(a, b):\n    return tuple(a)\n```"
ALIEN = "```python\ndef other(a, b):\n    return ()\n```"


def keys(task: str, rows: list[dict[str, Any]], folder: Path) -> list[Key]:
    made = find_task(task)
    dataset = load_dataset(made, write_rows(folder / "x.jsonl", rows))
    options: dict[str, Any] = {"rows": len(rows), "sampling": made.sampling, "seed": 0, "system": None}
    return [key for _, key in render_prompts(made, dataset.items, repeats=1, **options)]


def test_the_function_is_the_one_that_the_solution_defines_and_the_tests_call() -> None:
    pair = [SIMILAR["test_list"], SIMILAR["code"]]
    assert asserted_name(pair, (), "row 1") == "shared"
    assert asserted_head(pair, (), "row 1") == "def shared(*arguments):\n"


def test_definitions_stay_outside_and_the_rest_becomes_the_check() -> None:
    text = asserted_check([SCRIPT, ""], (), "row 1")
    head, _, body = text.partition("def check(candidate):")
    assert "import numpy as np" in head
    assert "inputs = " in head
    assert body.strip().startswith("for i, (inp, exp) in enumerate(zip(inputs, results)):")


@pytest.mark.parametrize(
    ("make", "value", "message"),
    [
        (asserted_name, [["assert g(1)"], "def f(x): pass"], "call no function that the solution defines"),
        (asserted_name, [["assert f("], "def f(x): pass"], "cannot be parsed"),
        (asserted_check, ["import os\n", ""], "asserts nothing"),
        (asserted_check, ["assert " + "(" * 5000, ""], "cannot be parsed"),
    ],
)
def test_a_row_that_is_no_test_is_named(make: Any, value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        make(value, (), "file x, row 7")
    assert "row 7" in caught.value.message


def test_right_wrong_and_missing_functions_are_told_apart_in_the_sandbox(tmp_path: Path) -> None:
    plus = {**SIMILAR, "prompt": SIMILAR["text"], "test": SCRIPT, "test_imports": []}
    made = {task: keys(task, [row], tmp_path)[0] for task, row in (("mbpp", SIMILAR), ("mbpp_plus", plus))}
    answers = {
        "right": RIGHT,
        "wrong": WRONG,
        "alien": ALIEN,
        "reference": f"```python\n{SIMILAR['code']}\n```",
    }
    with GradePool(1, open_runner=open_runner) as pool:
        for task, key in made.items():
            for name, text in answers.items():
                done = Completion(task=task, item=name, sample=0, text=text, finish="stop", prompt_hash="")
                pool.submit(
                    GradeJob(
                        task=task,
                        item=name,
                        sample=0,
                        role="main",
                        completion=done,
                        key=key,
                        spec=find_task(task).grader,
                    )
                )
        verdicts = {(each.task, each.item): each.grade.verdict for each in pool.drain()}
    for task in made:
        assert {name: verdicts[task, name] for name in answers} == {
            "right": "correct",
            "wrong": "incorrect",
            "alien": "incorrect",
            "reference": "correct",
        }
