"""Whole runs of the report's tasks on recorded answers: both scores, and the items on which they differ."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.cli.main import main
from phi4eval.graders import instruction
from phi4eval.store import list_runs
from phi4eval.types import TaskSummary
from tests.task.made import write_rows
from tests.task.test_report_protocols import drop_files, write_mgsm

MMLU = [
    {"question": f"q{n}", "choices": ["w", "x", "y", "z"], "answer": 2, "subject": "astronomy"}
    for n in range(4)
]
FACTS = [{"problem": f"Who is {n}?", "answer": "Ada Lovelace"} for n in range(3)]
RULES = [
    {
        "key": n,
        "prompt": f"p{n}",
        "instruction_id_list": ["punctuation:no_comma", "change_case:english_lowercase"],
        "kwargs": [{}, {}],
    }
    for n in range(3)
]


def summary_of(tmp_path: Path, task: str, data: str, answers: dict[str, str]) -> TaskSummary:
    rows = [{"id": item, "completion": text} for item, text in answers.items()]
    recorded = write_rows(tmp_path / "answers.jsonl", rows)
    words = ["--model", f"replay:{recorded}", "--tasks", task, "--data", f"{task}={data}", "--repeats", "1"]
    assert main(["run", *words, "--results", str(tmp_path / "runs")]) == 0
    (run,) = list_runs(tmp_path / "runs")
    assert run.summary is not None
    return run.summary.tasks[0]


def scores(made: TaskSummary) -> tuple[float, float]:
    assert made.score is not None
    assert made.protocol_score is not None
    return made.score.mean, made.protocol_score.mean


@pytest.mark.slow
def test_mmlus_gap_names_its_items(tmp_path: Path) -> None:
    texts = ("Answer: C", "Answer: (C)", "**Answer:** C", "Answer: A or B?\nAnswer: C")
    data = write_rows(tmp_path / "x.jsonl", MMLU)
    made = summary_of(tmp_path, "mmlu", data, {f"{n:05d}": text for n, text in enumerate(texts)})
    assert scores(made) == (1.0, 0.5)
    assert made.differ_items == ("00001", "00003")


@pytest.mark.slow
def test_mgsm_is_graded_by_the_word_of_each_language(tmp_path: Path) -> None:
    folder = write_mgsm(tmp_path / "mgsm")
    for file in list(folder.iterdir()):
        if file.stem not in ("mgsm_de", "mgsm_th"):
            file.unlink()
    texts = ("Antwort: 1250", "Answer: 7", "คำตอบ: 1,250", r"\boxed{7}")
    made = summary_of(tmp_path, "mgsm", str(folder), {f"{n:05d}": text for n, text in enumerate(texts)})
    assert scores(made) == (1.0, 0.5)
    assert made.differ_items == ("00001", "00003")
    assert sorted(made.subsets) == ["de", "th"]


@pytest.mark.slow
def test_drops_score_is_the_mean_f1(tmp_path: Path) -> None:
    data, _, _ = drop_files(tmp_path)
    texts = ("Answer: 0", "Answer: 1 yards", "Answer: 2 long yards", "Answer: nothing\nAnswer: 3")
    made = summary_of(tmp_path, "drop", str(data), {f"{n:05d}": text for n, text in enumerate(texts)})
    ours, theirs = scores(made)
    assert ours == pytest.approx((1 + 1 + 0.8 + 1) / 4)
    assert theirs == pytest.approx((1 + 1 + 0.8 + 0) / 4)
    assert made.counts["correct"] == 3


@pytest.mark.slow
def test_simpleqas_three_ways_are_three_verdicts(tmp_path: Path) -> None:
    texts = ("Ada Lovelace.", "Grace Hopper.", "I don't know.")
    data = write_rows(tmp_path / "x.jsonl", FACTS)
    made = summary_of(tmp_path, "simpleqa", data, {f"{n:05d}": text for n, text in enumerate(texts)})
    assert (made.counts["correct"], made.counts["incorrect"], made.counts["no_answer"]) == (1, 1, 1)
    assert scores(made) == pytest.approx((1 / 3, 1 / 3))


@pytest.mark.slow
def test_ifeval_is_right_where_every_instruction_is_followed(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "x.jsonl", RULES)
    made = summary_of(tmp_path, "ifeval", data, {"0": "all lower", "1": "Not lower", "2": "a, b"})
    assert (made.counts["correct"], made.counts["incorrect"]) == (1, 2)
    assert made.grader == "instruction@1"


@pytest.mark.slow
def test_a_ledger_says_where_no_judge_was_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cause `judge` is read from the records, not written down anywhere."""
    data = write_rows(tmp_path / "x.jsonl", FACTS * 30)
    summary_of(tmp_path, "simpleqa", data, {f"{n:05d}": "Ada Lovelace." for n in range(90)})
    capsys.readouterr()
    (run,) = list_runs(tmp_path / "runs")
    words = ["report", str(run.path), "--stand-in", run.manifest.model.name, "--out", str(tmp_path / "out")]
    assert main([*words, "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["simpleqa"]["verdict"] == "contradicted"
    assert "judge" in {cause["what"] for cause in rows["simpleqa"]["causes"]}


@pytest.mark.slow
def test_what_ifevals_checkers_lack_is_said_before_a_token_is_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if instruction._has_data():
        pytest.skip("this machine has nltk's sentence data")
    kwargs = [{"num_sentences": 2, "relation": "at least"}]
    row = {"key": 0, "prompt": "p", "instruction_id_list": ["length_constraints:number_sentences"]}
    data = write_rows(tmp_path / "x.jsonl", [{**row, "kwargs": kwargs}])
    recorded = write_rows(tmp_path / "answers.jsonl", [{"id": "0", "completion": "One. Two."}])
    words = ["--model", f"replay:{recorded}", "--tasks", "ifeval", "--data", f"ifeval={data}"]
    assert main(["run", *words, "--results", str(tmp_path / "runs")]) == 4
    told = capsys.readouterr().err
    assert "python -m nltk.downloader punkt_tab" in told
    assert "nothing was generated" in told
