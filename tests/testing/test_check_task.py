"""Does check_task find what is wrong with a task file, and pass those of this package?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.errors import UsageError
from phi4eval.task import find_task
from phi4eval.testing import ContractError, check_task

ROWS = [{"problem": f"{n} + {n}", "answer": str(2 * n)} for n in range(1, 7)]


def written(directory: Path, rows: list[dict[str, str]], *, text: str = "{{problem}}") -> Path:
    (directory / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    file = directory / "sums.yaml"
    file.write_text(
        f"""task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: sums.jsonl}}}}
test_split: test
doc_to_text: "{text}"
doc_to_target: "{{{{answer}}}}"
metadata:
  version: 1
  phi4eval: {{title: Sums, description: Small sums, grader: integer}}
""",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("task", ["math_sample", "amc_sample", "gpqa_sample", "phi_tiny_math"])
def test_sample_tasks_keep_the_contract(task: str) -> None:
    report = check_task(task)
    assert "the gold answer is graded correct" in report.checked


def test_a_code_task_says_what_was_not_looked_at() -> None:
    report = check_task("humaneval")
    assert "sandbox" in report.skipped["the gold answer is graded correct"]


def test_a_task_file_of_ones_own_is_checked_by_path(tmp_path: Path) -> None:
    assert len(check_task(written(tmp_path, ROWS)).checked) == 4


@pytest.mark.parametrize(
    ("rows", "text", "clause"),
    [
        ([*ROWS, {"problem": "7 + 7", "answer": "many"}], "{{problem}}", "the gold answer is graded correct"),
        (
            [*ROWS, {"problem": "1 + 1", "answer": "2"}],
            "{{problem}}",
            "different items are asked differently",
        ),
        (ROWS, "What is it?", "different items are asked differently"),
    ],
)
def test_each_breach_is_found_under_its_name(
    tmp_path: Path, rows: list[dict[str, str]], text: str, clause: str
) -> None:
    with pytest.raises(ContractError) as caught:
        check_task(written(tmp_path, rows, text=text))
    assert clause in caught.value.broken


def test_a_task_object_with_a_file_of_rows_is_checked(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    task = find_task(str(tmp_path / "sums.yaml"))
    assert check_task(task, data=tmp_path / "sums.jsonl").checked


def test_a_broken_file_is_refused_where_it_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("task: [\n", encoding="utf-8")
    with pytest.raises(UsageError):
        check_task(file)
