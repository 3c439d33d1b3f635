"""Do the usual files load as they are published, without a mapping? (rows made here, columns as published)"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from phi4eval.seeds import canonical_json
from phi4eval.task import find_task, load_dataset
from phi4eval.types import Item

from .made import write_rows

# task, a row as published, then what the item must have: id, gold, choices, subset, paper
PUBLISHED: list[tuple[str, str, dict[str, Any], tuple[str, str, tuple[str, ...], str | None, str | None]]] = [
    (
        "hendrycks/math",
        "math",
        {
            "problem": "p",
            "level": "Level 3",
            "type": "Algebra",
            "solution": r"so $\boxed{\frac{1}{2}}$",
            "idx": 7,
        },
        ("7", r"\frac{1}{2}", (), "Algebra", None),
    ),
    ("simple-evals math_test.csv", "math", {"Question": "p", "Answer": "2"}, ("00000", "2", (), None, None)),
    (
        "MATH-500",
        "math500",
        {
            "problem": "p",
            "solution": r"\boxed{1}",
            "answer": "2",
            "subject": "Algebra",
            "level": 2,
            "unique_id": "t/8",
        },
        ("t/8", "2", (), "Algebra", None),
    ),
    (
        "outputs of Qwen2.5-Math",
        "math500",
        {"idx": 3, "question": "p", "gt": "420", "answer": r"\boxed{420}", "solution": "s", "code": ["x"]},
        ("3", "420", (), None, None),
    ),
    ("gsm8k", "gsm8k", {"question": "q", "answer": "a\n#### 2,125", "idx": 0}, ("0", "2125", (), None, None)),
    ("amc23", "amc23", {"id": 0, "problem": "p", "answer": 27.0, "url": "u"}, ("0", "27", (), None, None)),
    (
        "aime24",
        "aime24",
        {"id": 60, "problem": "p", "solution": "s", "answer": "204"},
        ("60", "204", (), None, None),
    ),
    (
        "Maxwell-Jia/AIME_2024",
        "aime24",
        {"ID": "I-1", "Problem": "p", "Answer": 33},
        ("I-1", "33", (), None, None),
    ),
    (
        "AQuA",
        "aqua",
        {
            "question": "q",
            "options": ["A)1", "B)2", "C)3", "D)4", "E)None"],
            "rationale": "r",
            "correct": "E",
        },
        ("00000", "4", ("1", "2", "3", "4", "None"), None, None),
    ),
    (
        "AQuA as an AMC paper",
        "amc",
        {
            "question": "q",
            "options": ["A)1", "B)2", "C)3", "D)4", "E)None"],
            "rationale": "r",
            "correct": "A",
        },
        ("00000", "0", ("1", "2", "3", "4", "None"), None, None),
    ),
    (
        "SAT math",
        "mmlu_stem",
        {"id": "0", "question": "q", "options": "A) $f(-6)=0$ B) $x$ C) 3 D) 4", "Answer": "A"},
        ("0", "0", ("$f(-6)=0$", "$x$", "3", "4"), None, None),
    ),
    (
        "MMLU",
        "mmlu_stem",
        {"question": "q", "subject": "astronomy", "choices": ["0", "1", "2", "3"], "answer": 1},
        ("00000", "1", ("0", "1", "2", "3"), "astronomy", None),
    ),
    (
        "simple-evals mmlu.csv",
        "mmlu_stem",
        {"Question": "q", "A": "x", "B": "y", "C": "z", "D": "w", "Answer": "D", "Subject": "astronomy"},
        ("00000", "3", ("x", "y", "z", "w"), "astronomy", None),
    ),
    (
        "GPQA",
        "gpqa",
        {
            "Question": "q",
            "Correct Answer": "x",
            "Incorrect Answer 1": "y",
            "Incorrect Answer 2": "z",
            "Incorrect Answer 3": "w",
            "High-level domain": "Physics",
            "Record ID": "rec1",
        },
        ("rec1", "0", ("x", "y", "z", "w"), "Physics", None),
    ),
    (
        "HARP",
        "amc",
        {
            "year": "2023",
            "contest": "AMC_12A",
            "number": "5",
            "problem": "p",
            "answer": "8",
            "answer_choice": "C",
            "choices": {"A": "7", "B": "9", "C": "8", "D": "1", "E": "2"},
            "level": 3,
            "subject": "algebra",
        },
        ("2023-AMC_12A-5", "2", ("7", "9", "8", "1", "2"), None, "2023-AMC_12A"),
    ),
    (
        "an AMC paper with columns A to E",
        "amc",
        {"paper": "10A", "number": 3, "problem": "p", "A": 1, "B": 2, "C": 3, "D": 4, "E": 5, "answer": "B"},
        ("10A-3", "1", ("1", "2", "3", "4", "5"), None, "10A"),
    ),
    (
        "an AMC paper with option_a to option_e",
        "amc",
        {
            "paper": "10A",
            "problem": "p",
            "option_a": "1",
            "option_b": "2",
            "option_c": "3",
            "option_d": "4",
            "option_e": "5",
            "answer": "e",
        },
        ("00000", "4", ("1", "2", "3", "4", "5"), None, "10A"),
    ),
    (
        "an AMC paper with options as text",
        "amc",
        {"paper": "12B", "problem": "p", "options": "(A) 1 (B) 2 (C) 3 (D) 4 (E) 5", "answer": "(D)"},
        ("00000", "3", ("1", "2", "3", "4", "5"), None, "12B"),
    ),
    (
        "MMLU-Pro",
        "mmlu_pro",
        {
            "question_id": 70,
            "question": "q",
            "options": ["x", "y", "z"],
            "answer": "C",
            "answer_index": 2,
            "cot_content": "",
            "category": "law",
            "src": "s",
        },
        ("70", "2", ("x", "y", "z"), "law", None),
    ),
    ("AIME 25", "aime25", {"problem": "p", "answer": "70", "id": "0"}, ("0", "70", (), None, None)),
    (
        "IFEval",
        "ifeval",
        {
            "key": 1000,
            "prompt": "p",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{"num_words": None}],
        },
        ("1000", "punctuation:no_comma", (), None, None),
    ),
    (
        "MBPP",
        "mbpp",
        {
            "task_id": 11,
            "text": "t",
            "code": "def f(x):\n    return x",
            "test_list": ["assert f(1) == 1"],
            "test_setup_code": "",
            "challenge_test_list": [],
        },
        ("11", "def f(x):\n    return x", (), None, None),
    ),
    (
        "MBPP, sanitized",
        "mbpp",
        {
            "task_id": 2,
            "source_file": "s",
            "prompt": "t",
            "code": "def f(x):\n    return x",
            "test_imports": ["import math"],
            "test_list": ["assert f(1) == 1"],
        },
        ("2", "def f(x):\n    return x", (), None, None),
    ),
    (
        "MBPP+",
        "mbpp_plus",
        {
            "task_id": 3,
            "code": "def f(x):\n    return x",
            "prompt": "t",
            "source_file": "s",
            "test_imports": [],
            "test_list": ["assert f(1) == 1"],
            "test": "for i in range(9):\n    assert f(i) == i\n",
        },
        ("3", "def f(x):\n    return x", (), None, None),
    ),
    (
        "HumanEval",
        "humaneval",
        {
            "task_id": "H/1",
            "prompt": "def f():\n",
            "canonical_solution": "    return 1\n",
            "test": "t",
            "entry_point": "f",
        },
        ("H/1", "    return 1\n", (), None, None),
    ),
]


@pytest.mark.parametrize(
    ("task", "row", "expected"), [case[1:] for case in PUBLISHED], ids=[c[0] for c in PUBLISHED]
)
def test_a_published_row_loads_as_it_is(
    tmp_path: Path, task: str, row: dict[str, Any], expected: Any
) -> None:
    (item,) = load_dataset(find_task(task), write_rows(tmp_path / "x.jsonl", [row])).items
    assert (item.id, item.gold, item.choices, item.subset, item.paper) == expected


def test_a_csv_gives_the_same_item_as_its_jsonl(tmp_path: Path) -> None:
    for _, task, row, _ in PUBLISHED:
        if any(isinstance(value, (list, dict)) for value in row.values()):
            continue
        sink = io.StringIO()
        writer = csv.DictWriter(sink, list(row))
        writer.writeheader()
        writer.writerow(row)
        (tmp_path / "x.csv").write_text(sink.getvalue(), encoding="utf-8", newline="")
        (by_csv,) = load_dataset(find_task(task), str(tmp_path / "x.csv")).items
        (by_json,) = load_dataset(find_task(task), write_rows(tmp_path / "x.jsonl", [row])).items
        assert same(by_csv) == same(by_json)


def same(item: Item) -> tuple[str, str, tuple[str, ...]]:
    return item.id, item.gold, item.choices


def test_gpqas_own_zip_opens_with_its_published_password_and_the_diamond_file_is_taken(
    tmp_path: Path,
) -> None:
    head = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Record ID\n"
    path = tmp_path / "dataset.zip"
    with pyzipper.AESZipFile(path, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"deserted-untie-orchid")
        archive.writestr("dataset/gpqa_main.csv", head + "main,1,2,3,4,rec0\n")
        archive.writestr("dataset/gpqa_diamond.csv", head + "diamond,1,2,3,4,rec1\n")
        archive.writestr("dataset/license.txt", "text")
    (item,) = load_dataset(find_task("gpqa"), str(path)).items
    assert item.row == {"question": "diamond", "choices": ["1", "2", "3", "4"]}


def test_harps_zip_loads_as_it_is(tmp_path: Path) -> None:
    row = next(case[2] for case in PUBLISHED if case[0] == "HARP")
    path = tmp_path / "HARP_mcq.jsonl.zip"
    with pyzipper.AESZipFile(path, "w") as archive:
        archive.writestr("HARP_mcq.jsonl", canonical_json(row))
    assert load_dataset(find_task("amc"), str(path)).info.rows == 1


@pytest.mark.parametrize(
    "name", ["amc_sample", "math_sample", "gpqa_sample", "phi_tiny_math", "phi_tiny_choice", "phi_tiny_code"]
)
def test_every_shipped_sample_loads(name: str) -> None:
    dataset = load_dataset(find_task(name))
    assert dataset.info.rows >= 30
    assert all(item.gold for item in dataset.items)


def test_the_contest_sample_has_four_papers_of_twenty_five() -> None:
    papers = [item.paper for item in load_dataset(find_task("amc_sample")).items]
    assert {paper: papers.count(paper) for paper in papers} == {"P1": 25, "P2": 25, "P3": 25, "P4": 25}
