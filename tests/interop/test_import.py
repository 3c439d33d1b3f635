"""An imported run is a run: sound, graded twice, the same each time, and nothing is written for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phi4eval.cli.main import main
from phi4eval.cli.views.result import result_lines
from phi4eval.errors import DataError, NothingMatchedError, UsageError
from phi4eval.interop.exchange import import_runs
from phi4eval.store import list_runs, load_run
from phi4eval.verify import verify_run
from tests.interop.made import SECRET, inspect_json, inspect_sample, lm_eval_files, lm_eval_line


def verdicts(path: str) -> dict[tuple[str, int], tuple[str | None, str | None]]:
    return {
        (record.item.id, record.completion.sample): (
            record.grade.verdict if record.grade else None,
            record.protocol_grade.verdict if record.protocol_grade else None,
        )
        for record in load_run(path).records()
    }


def test_the_tools_verdict_stands_beside_ours_and_a_gap_is_counted(tmp_path: Path) -> None:
    # the tool compares strings and calls \boxed{4} wrong
    lines = [lm_eval_line(0, "4"), lm_eval_line(1, r"It is $\boxed{4}$."), lm_eval_line(2, "5")]
    (made,) = import_runs(lm_eval_files(tmp_path / "theirs", lines), results=tmp_path / "runs")
    assert verdicts(made.path) == {
        ("0", 0): ("correct", "correct"),
        ("1", 0): ("correct", "incorrect"),
        ("2", 0): ("incorrect", "incorrect"),
    }
    (task,) = made.summary.tasks
    assert (task.differ, task.differ_items) == (1, ("1",))
    assert made.summary.complete
    assert verify_run(made.path) == ()


def test_the_same_file_again_gives_the_same_run_and_adds_nothing(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path / "theirs")
    (first,) = import_runs(path, results=tmp_path / "runs")
    before = {file.name: file.read_bytes() for file in Path(first.path).iterdir()}
    (second,) = import_runs(path, results=tmp_path / "runs")
    after = {file.name: file.read_bytes() for file in Path(first.path).iterdir()}
    assert second.path == first.path
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"command.txt", "lock"}
    assert len(list_runs(tmp_path / "runs")) == 1


def test_an_import_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path / "theirs")
    (first,) = import_runs(path, results=tmp_path / "runs")
    completions = Path(first.path) / "completions.jsonl"
    whole = completions.read_bytes()
    completions.write_bytes(whole[: len(whole) // 2])
    import_runs(path, results=tmp_path / "runs")
    assert len(verdicts(first.path)) == 2
    assert verify_run(first.path) == ()


def test_a_folder_with_logs_of_both_tools_is_imported_whole(tmp_path: Path) -> None:
    lm_eval_files(tmp_path / "theirs" / "model")
    inspect_json(tmp_path / "theirs" / "log.json")
    (tmp_path / "theirs" / "other.json").write_text("{}")
    made = import_runs(tmp_path / "theirs", results=tmp_path / "runs")
    assert sorted(one.tool for one in made) == ["inspect", "lm-eval"]


def test_one_broken_file_in_a_folder_stops_all_before_anything_is_written(tmp_path: Path) -> None:
    lm_eval_files(tmp_path / "theirs")
    inspect_json(tmp_path / "theirs" / "log.json", [inspect_sample(id_=2, metadata=3)])
    with pytest.raises(DataError, match=r"log\.json"):
        import_runs(tmp_path / "theirs", results=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_two_answers_with_one_address_are_refused(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path / "theirs", [lm_eval_line(3), lm_eval_line(3)])
    with pytest.raises(DataError, match="item 3"):
        import_runs(path, results=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_grader_can_be_named_and_typos_write_nothing(tmp_path: Path) -> None:
    path = lm_eval_files(tmp_path / "theirs")
    for graders in ({"sum": "text"}, {"sums": "txt"}):
        with pytest.raises(UsageError):
            import_runs(path, results=tmp_path / "runs", graders=graders)
    assert not (tmp_path / "runs").exists()
    (made,) = import_runs(path, results=tmp_path / "runs", graders={"sums": "text"})
    assert made.summary.tasks[0].grader.startswith("text@")


def test_letters_are_graded_as_choices(tmp_path: Path) -> None:
    lines = [lm_eval_line(0, "I pick (B).", target="(B)"), lm_eval_line(1, "A or B", target="B")]
    (made,) = import_runs(lm_eval_files(tmp_path / "theirs", lines), results=tmp_path / "runs")
    assert made.summary.tasks[0].grader.startswith("choice@")
    first, second = (ours for ours, _ in verdicts(made.path).values())
    assert first == "correct"
    assert second != "correct"


def scores_only(folder: Path) -> Path:
    return lm_eval_files(folder, results={"exact_match,none": 0.9}, size=50)


def test_a_score_without_samples_is_shown_and_never_stands(tmp_path: Path) -> None:
    (made,) = import_runs(scores_only(tmp_path / "theirs"), results=tmp_path / "runs")
    (task,) = made.summary.tasks
    assert task.score is not None
    assert (task.score.mean, task.samples, task.complete) == (0.9, 0, False)
    assert verify_run(made.path) == ()
    block = "\n".join(result_lines(made.summary, width=80))
    assert "90.0 % [78.6, 95.7]" in block
    assert "without its samples" in " ".join(block.split())


def test_a_score_without_samples_never_passes_a_gate_and_is_compared_with_nothing(tmp_path: Path) -> None:
    (made,) = import_runs(scores_only(tmp_path / "theirs"), results=tmp_path / "runs")
    (other,) = import_runs(lm_eval_files(tmp_path / "more"), results=tmp_path / "runs")
    for baseline, candidate in ((other.path, made.path), (made.path, other.path), (made.path, made.path)):
        words = ["--baseline", baseline, "--candidate", candidate]
        assert main(["gate", *words]) in (3, 7)
        assert main(["compare", baseline, candidate]) == 7


def test_failed_answers_make_the_result_incomplete(tmp_path: Path) -> None:
    failed = inspect_sample(2, output={"choices": []}, error={"message": "HTTP 500"}, scores={})
    path = inspect_json(tmp_path / "log.json", [inspect_sample(1), failed])
    (made,) = import_runs(path, results=tmp_path / "runs")
    assert not made.summary.complete
    assert made.summary.tasks[0].counts["error"] == 1


def test_secrets_of_foreign_files_reach_no_run(tmp_path: Path) -> None:
    lm_eval_files(tmp_path / "theirs")
    inspect_json(tmp_path / "theirs" / "log.json")
    for made in import_runs(tmp_path / "theirs", results=tmp_path / "runs"):
        for file in Path(made.path).iterdir():
            assert SECRET.encode() not in file.read_bytes()


def test_hostile_names_stay_inside_the_results_folder(tmp_path: Path) -> None:
    path = inspect_json(tmp_path / "log.json")
    log = json.loads(path.read_text())
    log["eval"] |= {"model": "../../../evil\x1b[2J", "task": "../../x"}
    path.write_text(json.dumps(log))
    (made,) = import_runs(path, results=tmp_path / "runs")
    assert Path(made.path).resolve().parent == (tmp_path / "runs").resolve()
    assert [task.task for task in made.summary.tasks] == ["x"]


def test_nothing_to_import_and_unknown_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingMatchedError, match="empty"):
        import_runs(tmp_path / "empty", results=tmp_path / "runs")
    with pytest.raises(UsageError, match="does not exist"):
        import_runs(tmp_path / "gone", results=tmp_path / "runs")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match=r"notes\.txt"):
        import_runs(tmp_path / "notes.txt", results=tmp_path / "runs")
