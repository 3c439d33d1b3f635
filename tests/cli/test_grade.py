"""`phi4eval grade`: pairs in, judgements out; one item explained; two graders side by side; a judge model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from phi4eval.cli.main import main
from phi4eval.judging import judge_with
from phi4eval.store import RunWriter, load_run
from phi4eval.types import Completion, Fingerprint, GraderSpec
from tests.runs import made_completion, made_manifest, made_prompts, made_task

Captured = pytest.CaptureFixture[str]
ROWS: list[dict[str, Any]] = [
    {"id": 1, "gold": "1/2", "prediction": "0.5"},
    {"id": "two", "gold": "x^2-1", "prediction": r"so \boxed{(x-1)(x+1)}", "form": "response"},
    {"id": 3, "gold": "B", "prediction": "Answer: (A)", "form": "response", "choices": ["3", "4"]},
    {"id": 4, "gold": "5", "prediction": "9^{9^{9^{9}}}"},
    {"id": 5, "gold": 5, "prediction": "\ud800 \x00"},
]


def pairs_file(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join([*(json.dumps(row) for row in ROWS), *lines]) + "\n")
    return str(path)


def test_every_pair_gets_one_line(capsys: Captured, tmp_path: Path) -> None:
    assert main(["grade", "--pairs", pairs_file(tmp_path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["id"]: line["correct"] for line in lines} == {
        1: True,
        "two": True,
        3: False,
        4: None,
        5: None,
    }
    assert {"id", "correct", "verdict", "extracted", "span", "rule", "explanation", "grader"} <= set(lines[0])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "not JSON"),
        ("[1]", "not an object"),
        ('{"id": 9, "gold": "5"}', '"prediction" is missing'),
        ('{"id": 9, "gold": [], "prediction": "5"}', '"gold" is no string'),
        ('{"id": 9, "gold": "5", "prediction": "5", "form": "essay"}', "essay"),
        ('{"id": 9, "gold": "5", "prediction": "5", "choices": 3}', '"choices" is no list'),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_row_that_is_no_pair_is_named_and_costs_no_other(
    capsys: Captured, tmp_path: Path, line: str, reason: str
) -> None:
    assert main(["grade", "--pairs", pairs_file(tmp_path, line, json.dumps(ROWS[0]))]) == 3
    shown = capsys.readouterr()
    lines = [json.loads(text) for text in shown.out.splitlines()]
    assert len(lines) == len(ROWS) + 2
    (bad,) = [each for each in lines if each["rule"] == "bad_row"]
    assert bad["correct"] is None
    assert bad["explanation"].startswith(f"row {len(ROWS) + 1}: ")
    assert reason in bad["explanation"]
    assert "Traceback" not in shown.err


def test_pairs_are_answered_one_by_one_as_they_come() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "phi4eval", "grade", "--pairs", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for row in ROWS[:4]:
            process.stdin.write(json.dumps(row) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == row["id"]
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["grade"],
        ["grade", "x", "--pairs", "-"],
        ["grade", "x", "--explain", "q0", "--against", "math"],
    ],
)
def test_what_does_not_go_together_is_a_usage_error(capsys: Captured, words: list[str]) -> None:
    assert main(words) == 2
    assert "hint:" in capsys.readouterr().err


def math_run(tmp_path: Path) -> Path:
    """Two items, one sample each: one right by both graders, one whose answer the protocol misses."""
    task = made_task(
        grader=GraderSpec(name="math"),
        protocol_grader=GraderSpec(name="simple_evals", options={"rule": "math"}),
    )
    prompts = made_prompts(task, items=2, repeats=1)
    path = tmp_path / "run"
    with RunWriter(path, made_manifest((task, prompts)), prompts) as writer:
        texts = ("First 7.\n\nAnswer: 0", r"We get \boxed{2}.")
        for stored, text in zip(prompts, texts, strict=True):
            writer.add_completion(made_completion(stored, 0, text))
    assert main(["grade", str(path)]) == 0
    return path


def test_an_explanation_shows_candidates_forms_and_the_verdict(capsys: Captured, tmp_path: Path) -> None:
    path = math_run(tmp_path)
    capsys.readouterr()
    assert main(["grade", str(path), "--explain", "q1"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "candidates",
        "box",
        "gold in normal form",
        "answer in normal form",
        "verdict",
        "box/string",
    ):
        assert words in shown
    assert main(["grade", str(path), "--explain", "q7"]) == 5
    assert main(["grade", str(path), "--explain", "q1", "--json"]) == 0
    (why,) = json.loads(capsys.readouterr().out)["explanations"]
    assert why["grade"]["verdict"] == "correct"


def test_two_graders_are_set_side_by_side(capsys: Captured, tmp_path: Path) -> None:
    path = math_run(tmp_path)
    capsys.readouterr()
    assert main(["grade", str(path), "--against", "protocol"]) == 0
    shown = capsys.readouterr().out
    assert "they differ on 1" in shown
    assert "sums/q1/0" in shown
    assert main(["grade", str(path), "--against", "math_verify", "--json"]) == 0
    agreement = json.loads(capsys.readouterr().out)["agreement"]
    assert (agreement["samples"], agreement["theirs"]) == (2, "math_verify")
    assert main(["grade", str(path), "--against", "mathverify"]) == 2
    assert "math_verify" in capsys.readouterr().err


class YesMan:
    """A backend that answers Yes to everything and remembers what it was asked."""

    fingerprint = Fingerprint(backend="test", model="yes-man", weights=None)
    context = None

    def __init__(self, says: str = " Yes\n") -> None:
        self.asked: list[str] = []
        self.says = says

    def tokens(self, prompt: object) -> None:
        return None

    def close(self) -> None:
        return None

    def generate(self, prompts, stop):  # type: ignore[no-untyped-def]
        for prompt in prompts:
            self.asked.append(prompt.messages[0].content)
            draw = prompt.draws[0]
            yield Completion(
                task=prompt.task,
                item=prompt.item,
                sample=draw.sample,
                text=self.says,
                finish="stop",
                prompt_hash=prompt.hash,
            )


def test_a_judge_replaces_the_stand_in_and_its_words_are_kept(tmp_path: Path) -> None:
    path = math_run(tmp_path)
    before = {record.item.id: record.protocol_grade for record in load_run(path).records()}
    assert all(grade is not None and "judge_stand_in" in grade.flags for grade in before.values())
    judge = YesMan()
    judged = judge_with(judge, path)
    assert (judged.samples, judged.right, judged.agree, judged.differ) == (2, 2, 1, 1)
    assert "Expression 2: None" in judge.asked[1]
    grades = {record.item.id: record.protocol_grade for record in load_run(path).records()}
    assert [grade.grader for grade in grades.values() if grade] == ["judge@2", "judge@2"]
    assert [grade.flags for grade in grades.values() if grade] == [("judge_agrees",), ("judge_differs",)]
    notes = [json.loads(line) for line in (path / "judgements.jsonl").read_text().splitlines()]
    assert [note["reply"] for note in notes] == [" Yes\n", " Yes\n"]
    assert main(["grade", str(path)]) == 0
    again = [record.protocol_grade for record in load_run(path).records()]
    assert [grade.grader for grade in again if grade] == ["judge@2", "judge@2"]


def test_a_judge_of_short_facts_is_asked_its_own_question(tmp_path: Path) -> None:
    task = made_task(
        grader=GraderSpec(name="short_fact"),
        protocol_grader=GraderSpec(name="simple_evals", options={"rule": "simpleqa"}),
    )
    prompts = made_prompts(task, items=2, repeats=1)
    path = tmp_path / "run"
    with RunWriter(path, made_manifest((task, prompts)), prompts) as writer:
        for stored, text in zip(prompts, ("It is 0.", "I don't know."), strict=True):
            writer.add_completion(made_completion(stored, 0, text))
    assert main(["grade", str(path)]) == 0
    judge = YesMan("C")
    judged = judge_with(judge, path)
    assert (judged.samples, judged.right, judged.agree, judged.differ) == (2, 0, 1, 1)
    assert "Predicted answer: I don't know.\n" in judge.asked[1]
    grades = [record.protocol_grade for record in load_run(path).records()]
    assert [(grade.grader, grade.verdict) for grade in grades if grade] == 2 * [("fact_judge@1", "no_answer")]
    assert main(["grade", str(path)]) == 0
    again = [record.protocol_grade for record in load_run(path).records()]
    assert [grade.grader for grade in again if grade] == ["fact_judge@1", "fact_judge@1"]
