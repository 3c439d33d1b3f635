"""A row of EvalPlus' own release becomes the tests it stands for, not those of the original HumanEval."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phi4eval import grade_code
from phi4eval.cli.shared.samples import load_problems
from phi4eval.errors import DataError
from phi4eval.sandbox import probe_ladder
from phi4eval.task.evalplus import write_check

HALF: dict[str, Any] = {
    "task_id": "HumanEval/900",
    "prompt": 'def half(x):\n    """Half of it."""\n',
    "canonical_solution": "    return x / 2\n",
    "entry_point": "half",
    "test": "def check(candidate):\n    assert candidate(2) == 1\n",
    "contract": "",
    "base_input": [[2]],
    "plus_input": [[3], [-1], [0.1]],
    "atol": 0,
}


def check_of(row: dict[str, Any]) -> Callable[[Callable[..., Any]], None]:
    columns = ("prompt", "canonical_solution", "entry_point", "base_input", "plus_input", "atol")
    space: dict[str, Any] = {}
    exec(write_check([row[column] for column in columns], (), "row 1"), space)
    check: Callable[[Callable[..., Any]], None] = space["check"]
    return check


def row_for(solution: str, *inputs: Any, name: str = "f", atol: float = 0) -> dict[str, Any]:
    about = {"prompt": f"def {name}(x):\n", "canonical_solution": f"    {solution}\n", "entry_point": name}
    return {**HALF, **about, "base_input": [[given] for given in inputs], "plus_input": [], "atol": atol}


RIGHT = {
    "the same": ("return x / 2", lambda x: x / 2, 3),
    "near enough": ("return x / 2", lambda x: x / 2 + 1e-7, 3),
    "an equal integer": ("return x / 2", lambda x: x // 2, 4),
    "a list near enough": ("return [x / 3, 1.0]", lambda x: [x / 3 + 1e-9, 1.0], 4),
    "its argument changed": ("return sorted(x)", lambda x: x.sort() or x, [3, 1]),
}
WRONG = {
    "another number": ("return x / 2", lambda x: x / 2 + 1e-3, 3),
    "an empty list": ("return x / 2", lambda x: [], 3),
    "a list of one": ("return [x / 3, x / 3]", lambda x: [x / 3], 4),
    "a near integer": ("return x / 2", lambda x: 10**8 if x else 0, 2 * 10**8 + 1),
    "a tuple that is near": ("return [x / 3]", lambda x: (x / 3 + 1e-9,), 4),
    "an integer that is off by one": ("return x", lambda x: x + 1, 10**9),
    "not a number": ("return x / 2", lambda x: float("nan"), 3),
    "nothing": ("return x / 2", lambda x: None, 3),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_evalplus_takes_as_right_is_right(name: str) -> None:
    solution, candidate, given = RIGHT[name]
    check_of(row_for(solution, given))(candidate)


@pytest.mark.parametrize("name", WRONG)
def test_what_evalplus_takes_as_wrong_is_wrong(name: str) -> None:
    solution, candidate, given = WRONG[name]
    with pytest.raises((AssertionError, TypeError)):
        check_of(row_for(solution, given))(candidate)


def test_a_tolerance_of_the_row_holds() -> None:
    row = row_for("return x / 3", 1, atol=0.1)
    check_of(row)(lambda x: 0.3)
    with pytest.raises(AssertionError):
        check_of(row)(lambda x: 0.2)


def test_a_zero_is_right_wherever_the_polynomial_is_zero() -> None:
    row = row_for("return 1.0", [-1, 0, 1, 0], name="find_zero", atol=1e-4)
    for zero in (1.0, -1.0):
        check_of(row)(lambda xs, zero=zero: zero)
    with pytest.raises(AssertionError):
        check_of(row)(lambda xs: 0.5)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("base_input", "[]", "must be lists"),
        ("base_input", [3], "list of a call's arguments"),
        ("atol", "0", "atol must be a number"),
        ("prompt", 3, "must be texts"),
        ("entry_point", "f()", "must be a name"),
    ],
)
def test_a_row_that_is_not_so_is_named(column: str, value: Any, said: str) -> None:
    with pytest.raises(DataError, match=f"row 1: .*{said}"):
        check_of({**HALF, column: value})


@pytest.mark.skipif(probe_ladder().tier < 2, reason="this machine has no sandbox of tier 2")
def test_a_file_of_the_release_is_graded_by_its_plus_inputs(tmp_path: Path) -> None:
    file = tmp_path / "HumanEvalPlus.jsonl"
    file.write_text(json.dumps(HALF) + "\n")
    problem = load_problems("humaneval_plus", str(file))["HumanEval/900"]
    assert grade_code(problem, "    return x / 2\n", timeout=20).passed
    nearly = grade_code(problem, "    return x // 2\n", timeout=20)  # passes the original tests
    assert (nearly.verdict, "called half(3); expected 1.5, got 1" in nearly.detail) == ("wrong", True)


@pytest.mark.skipif(probe_ladder().tier < 2, reason="this machine has no sandbox of tier 2")
def test_a_file_of_the_hub_is_graded_by_its_tests(tmp_path: Path) -> None:
    columns = ("task_id", "prompt", "canonical_solution", "entry_point", "test")
    file = tmp_path / "test.jsonl"
    file.write_text(json.dumps({name: HALF[name] for name in columns}) + "\n")
    problem = load_problems("humaneval_plus", str(file))["HumanEval/900"]
    assert problem["test"] == HALF["test"]
    assert grade_code(problem, "    return x // 2\n", timeout=20).passed
