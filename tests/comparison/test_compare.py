"""Do two runs compare item by item, settings first, and does nothing wrong ever look like a number?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import phi4eval
from phi4eval.cli.main import main
from phi4eval.comparison import words
from phi4eval.comparison.build import Comparison, compare
from phi4eval.comparison.paired import TaskComparison, align
from phi4eval.comparison.scores import read_scores
from phi4eval.errors import InvalidComparisonError, NothingMatchedError, StoreError, UsageError
from phi4eval.frames import COMPARISON_COLUMNS, RECORD_COLUMNS
from phi4eval.stats.paired import paired_difference
from phi4eval.types import Sampling
from tests.cli import golden
from tests.gate.made import Spec, join_scan, line, stored

Captured = pytest.CaptureFixture[str]


def only(comparison: Comparison) -> TaskComparison:
    (pair,) = comparison.pairs
    (task,) = pair.tasks
    return task


def settings(tmp_path: Path, before: Spec, after: Spec) -> dict[str, str]:
    (pair,) = compare(stored(tmp_path, before), stored(tmp_path, after, model="b")).pairs
    return {d.setting: d.sentence() for d in pair.differences if d.invalidates}


# ---------------------------------------------------------------- alignment


def test_items_are_paired_by_what_they_are_and_not_by_position_or_id(tmp_path: Path) -> None:
    before = stored(tmp_path, Spec(lines=("1100",), first=0))
    after = stored(tmp_path, Spec(lines=("0011",), first=2, ids=("a", "b", "c", "d")), model="b")
    task = only(compare(before, after))
    assert (task.items, task.only_baseline, task.only_candidate) == (2, 2, 2)
    assert task.delta.difference == 0  # items 2 and 3 are wrong in both


def test_a_row_that_stands_twice_in_a_data_set_is_two_items(tmp_path: Path) -> None:
    path = stored(tmp_path, "110")
    lines = (path / "prompts.jsonl").read_text().splitlines()
    rows = [json.loads(text) for text in lines]
    rows[1]["item"]["hash"] = rows[0]["item"]["hash"]
    (path / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    scores = read_scores(path).tasks["sums"]
    assert len(scores.items) == 3
    assert len(align(scores, scores).before) == 3


def test_samples_of_one_item_are_one_observation(tmp_path: Path) -> None:
    before = stored(tmp_path, Spec(lines=("1100", "1000", "1000")))
    after = stored(tmp_path, Spec(lines=("1110", "1110", "1000")), model="b")
    task = only(compare(before, after))
    assert (task.delta.n, task.table) == (4, None)
    assert task.delta.difference == pytest.approx((1 / 3 + 2 / 3) / 4)
    assert [(flip.item, flip.baseline) for flip in task.gained] == [("q2", 0), ("q1", pytest.approx(1 / 3))]


def test_declared_clusters_are_the_units(tmp_path: Path) -> None:
    before = stored(tmp_path, Spec(lines=(line(20, 20),), clusters=8))
    after = stored(tmp_path, Spec(lines=(line(12, 28),), clusters=8), model="b")
    task = only(compare(before, after))
    assert (task.delta.n, task.delta.units) == (40, 8)
    assert "cluster" in task.delta.method


def test_amc_points_are_compared_as_shares_of_150(tmp_path: Path) -> None:
    before = stored(tmp_path, Spec(name="amc", lines=("1b00",), scoring="amc"))
    after = stored(tmp_path, Spec(name="amc", lines=("1100",), scoring="amc"), model="b")
    task = only(compare(before, after))
    assert task.unit == "points"
    assert 150 * task.baseline.mean == pytest.approx(25 * (6 + 1.5) / 4)
    assert 150 * task.delta.difference == pytest.approx(25 * 4.5 / 4)


# ---------------------------------------------------------------- numbers


def test_the_delta_is_the_test_that_fits_with_its_table_and_flips(tmp_path: Path) -> None:
    before, after = line(60, 40), "1" * 45 + "0" * 50 + "1" * 5
    task = only(compare(stored(tmp_path, before), stored(tmp_path, after, model="b")))
    assert task.table is not None
    assert msgspec.structs.astuple(task.table) == (45, 15, 5, 35)
    expected = paired_difference([-1.0] * 15 + [1.0] * 5 + [0.0] * 80)
    assert task.delta == expected
    assert [flip.item for flip in task.lost] == [f"q{i}" for i in range(45, 60)]
    assert task.detectable is not None
    assert 0.1 < task.detectable < 0.2
    assert 0 < task.power_at_5 < 1


def test_p_values_are_adjusted_over_all_tasks_and_pairs(tmp_path: Path) -> None:
    specs = [Spec(name=name, lines=(line(50, 10),)) for name in ("a", "b")]
    worse = [Spec(name=name, lines=(line(40, 20),)) for name in ("a", "b")]
    made = compare(stored(tmp_path, *specs), *(stored(tmp_path, *worse, model=m) for m in "xy"))
    tasks = [task for pair in made.pairs for task in pair.tasks]
    assert len(tasks) == 4
    assert all(task.p_holm == pytest.approx(4 * task.delta.p_value) for task in tasks)


def test_three_runs_have_rank_ranges_and_chances_to_be_first(tmp_path: Path) -> None:
    runs = [stored(tmp_path, line(n, 100 - n), model=f"m{n}") for n in (90, 88, 20)]
    (ranks,) = compare(*runs).ranks
    assert [(rank.best, rank.worst) for rank in ranks.ranks] == [(1, 2), (1, 2), (3, 3)]
    assert sum(rank.p_first for rank in ranks.ranks) == pytest.approx(1)
    assert compare(*runs[:2]).ranks == ()


def test_a_scan_gives_a_delta_on_clean_items_only(tmp_path: Path) -> None:
    before, after = stored(tmp_path, line(0, 40)), stored(tmp_path, line(20, 20), model="b")
    verdicts = [("near" if i < 20 else "clean", f"sums/q{i}" if i % 2 else f"q{i}") for i in range(39)]
    scan = tmp_path / "items.jsonl"
    scan.write_text("".join(json.dumps({"item_id": id_, "verdict": v}) + "\n" for v, id_ in verdicts))
    task = only(compare(before, after, scan=scan))
    assert task.delta.difference == 0.5
    assert task.clean is not None
    clean = task.clean
    assert (clean.items, clean.left_out) == (19, 21), "an item the scan does not know is not clean"
    assert (clean.baseline.mean, clean.candidate.mean, clean.delta.difference) == (0.0, 0.0, 0.0)
    assert clean.scans == (str(scan),)


def test_clean_is_what_every_scan_joined_into_the_runs_calls_clean(tmp_path: Path) -> None:
    before, after = stored(tmp_path, line(0, 40)), stored(tmp_path, line(20, 20), model="b")
    assert only(compare(before, after)).clean is None
    join_scan(before, {f"q{i}": "exact" if i < 10 else "clean" for i in range(40)})
    join_scan(after, {f"q{i}": "near" if 10 <= i < 20 else "template" for i in range(40)})
    clean = only(compare(before, after)).clean
    assert clean is not None
    assert (clean.items, clean.left_out, clean.delta.difference) == (20, 20, 0.0)
    assert len(clean.scans) == 2


def test_without_a_clean_item_there_is_no_clean_column(tmp_path: Path) -> None:
    before, after = stored(tmp_path, "10"), stored(tmp_path, "01", model="b")
    join_scan(after, {"q0": "exact", "q1": "unscannable"})
    assert only(compare(before, after)).clean is None


def test_clean_columns_read_as_in_the_golden_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    before = stored(Path("runs"), line(60, 140), model="phi-4")
    after = stored(Path("runs"), line(110, 90), model="gpt-4o")
    join_scan(after, {f"q{i}": "exact" if 60 <= i < 110 else "clean" for i in range(200)})
    assert main(["compare", str(before), str(after)]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    golden.check("../comparison/clean.txt", shown)
    frame = phi4eval.compare(before, after).to_pandas()
    assert frame["clean_items"].tolist() == [150]
    assert frame["delta"].tolist() == [0.25]
    assert frame["clean_delta"].tolist() == [0.0]


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("change", "setting", "says"),
    [
        ({"version": "2"}, "task", "version 1 -> version 2"),
        ({"prompt": "{i} plus {i}?"}, "prompt", "other words in 4 of 4 common samples, item q0 first"),
        ({"sampling": Sampling(temperature=0.5)}, "sampling", "temperature 0.0 -> temperature 0.5"),
        ({"grader": "integer@2"}, "grader", "integer@1 -> integer@2"),
        ({"first": 1}, "items", "4 items, 1 of them only here"),
    ],
)
def test_what_makes_a_delta_not_the_models_alone_is_listed(
    tmp_path: Path, change: dict[str, Any], setting: str, says: str
) -> None:
    before = Spec(lines=("1100",))
    found = settings(tmp_path, before, msgspec.structs.replace(before, **change))
    assert list(found) == [setting]
    assert says in found[setting]


def test_equal_runs_differ_in_nothing_that_matters(tmp_path: Path) -> None:
    assert settings(tmp_path, Spec(lines=("1100",)), Spec(lines=("1010",))) == {}


def test_a_sampling_change_is_no_prompt_change(tmp_path: Path) -> None:
    found = settings(tmp_path, Spec(lines=("11",)), Spec(lines=("11",), sampling=Sampling(max_tokens=9)))
    assert list(found) == ["sampling"]


def test_more_repeats_are_said_and_do_not_spoil(tmp_path: Path) -> None:
    (pair,) = compare(
        stored(tmp_path, Spec(lines=("11",))), stored(tmp_path, Spec(lines=("11", "10")), model="b")
    ).pairs
    assert [d.setting for d in pair.differences if not d.invalidates] == ["model", "repeats"]
    assert not [d for d in pair.differences if d.invalidates]


def test_another_grader_comes_with_the_command_that_mends_it(tmp_path: Path) -> None:
    before, after = stored(tmp_path, "10"), stored(tmp_path, Spec(lines=("10",), grader="integer@2"))
    (difference,) = (d for d in compare(before, after).pairs[0].differences if d.setting == "grader")
    assert f"phi4eval grade {before} && phi4eval grade {after}" in str(difference.remedy)


# ---------------------------------------------------------------- published scores


def test_a_published_score_is_compared_unpaired_and_says_so(tmp_path: Path) -> None:
    spec = Spec(name="gpqa", lines=(line(80, 118),), protocol="simple_evals@1")
    run = stored(tmp_path, spec, model="phi-4")
    made = compare(run, baseline="report").published
    assert [m.grading for m in made] == ["main", "protocol"]
    assert made[0].published.score == pytest.approx(0.561)
    assert made[0].assumed_items == 198
    assert "unpaired" in made[0].delta.method
    assert made[0].delta.p_value < 0.01


def test_amc_is_compared_on_the_reports_points(tmp_path: Path) -> None:
    run = stored(tmp_path, Spec(name="amc", lines=(line(48, 30),), scoring="amc"), model="x")
    (made,) = compare(run, baseline="report:gpt-4o").published
    assert 150 * made.published.score == pytest.approx(77.9)
    assert 150 * made.ours.mean == pytest.approx(150 * 48 / 78)


def test_a_part_of_the_data_set_is_said(tmp_path: Path) -> None:
    run = stored(tmp_path, Spec(name="gpqa", lines=("1100",), rows=198), model="phi-4")
    (made,) = compare(run, baseline="report").published
    assert made.note == "our run has 4 of 198 items"


@pytest.mark.parametrize(
    ("baseline", "words_"),
    [
        ("report:gpt4o", 'no scores of "gpt4o"'),
        ("reprot", 'no published scores "reprot"'),
        ("report", "made-up"),
        ("report:phi-4", "has no score of phi-4 on sums"),
    ],
)
def test_what_was_not_published_is_an_error_with_a_hint(tmp_path: Path, baseline: str, words_: str) -> None:
    with pytest.raises(UsageError, match=words_) as caught:
        compare(stored(tmp_path, "10"), baseline=baseline)
    assert caught.value.hint


# ---------------------------------------------------------------- bad input


def test_runs_of_different_tasks_are_not_compared(tmp_path: Path) -> None:
    before, after = (stored(tmp_path, Spec(name=name, lines=("1",))) for name in "ab")
    with pytest.raises(InvalidComparisonError, match="did not run it"):
        compare(before, after)


def test_runs_without_a_common_item_are_not_compared(tmp_path: Path) -> None:
    before, after = stored(tmp_path, "11"), stored(tmp_path, Spec(lines=("11",), first=10))
    with pytest.raises(InvalidComparisonError, match="no scored item in common"):
        compare(before, after)


def test_one_item_says_nothing(tmp_path: Path) -> None:
    task = only(compare(stored(tmp_path, "1"), stored(tmp_path, "0", model="b")))
    assert task.delta.p_value == 1
    assert not task.told_apart


@pytest.mark.parametrize("mark", ["1", "0"])
def test_all_alike_is_no_certainty(tmp_path: Path, mark: str) -> None:
    task = only(compare(stored(tmp_path, mark * 1000), stored(tmp_path, mark * 1000, model="b")))
    assert (task.delta.difference, task.delta.p_value) == (0, 1)
    assert task.delta.interval[0] < 0 < task.delta.interval[1]


def test_an_unfinished_run_is_compared_on_what_is_there_and_said_to_be_unfinished(tmp_path: Path) -> None:
    task = only(compare(stored(tmp_path, "1111"), stored(tmp_path, "10.e", model="b")))
    assert task.items == 2
    assert task.problems == ("candidate: 1 of 4 samples are not there yet",)


def test_a_score_that_is_no_number_is_a_damaged_run(tmp_path: Path) -> None:
    path = stored(tmp_path, "10")
    grades = path / "grades.jsonl"
    good = grades.read_text()
    for bad, names in (("NaN", "damaged line"), ("null", "damaged line"), ("7.5", "does not lie in 0..1")):
        grades.write_text(good.replace('"score":1.0', f'"score":{bad}'))
        with pytest.raises(StoreError, match=names):
            compare(path, path)


def test_too_few_runs_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs two runs"):
        compare(stored(tmp_path, "1"))
    with pytest.raises(NothingMatchedError):
        compare("nothing", "at-all", results=tmp_path)


@pytest.mark.parametrize("text", ['{"item_id": 3}', "not json", '{"verdict": "clean"}'])
def test_a_broken_scan_names_its_line(tmp_path: Path, text: str) -> None:
    scan = tmp_path / "items.jsonl"
    scan.write_text('{"item_id": "q0", "verdict": "clean"}\n' + text + "\n")
    run = stored(tmp_path, "1")
    with pytest.raises(StoreError, match=r"items.jsonl:2"):
        compare(run, run, scan=scan)


# ---------------------------------------------------------------- frames


def test_a_run_becomes_a_tidy_frame(tmp_path: Path) -> None:
    frame = phi4eval.load_run(stored(tmp_path, Spec(lines=("10e", "1ng")))).to_pandas()
    assert list(frame.columns) == list(RECORD_COLUMNS)
    assert list(frame["item"]) == ["q0", "q0", "q1", "q1", "q2", "q2"]
    assert frame["verdict"].tolist()[:5] == ["correct", "correct", "incorrect", "no_answer", "error"]
    assert frame["score"].isna().tolist() == [False, False, False, False, True, True]


def test_a_comparison_becomes_a_tidy_frame(tmp_path: Path) -> None:
    run = stored(tmp_path, Spec(name="gpqa", lines=("1100",)), model="phi-4")
    other = stored(tmp_path, Spec(name="gpqa", lines=("1000",), version="2"), model="gpt-4o")
    frame = phi4eval.compare(run, other, baseline="report").to_pandas()
    assert list(frame.columns) == list(COMPARISON_COLUMNS)
    assert frame["kind"].tolist() == ["paired", "published, main grader", "published, main grader"]
    assert frame["comparable"].tolist() == [False, True, True]
    assert frame["delta"][0] == pytest.approx(-0.25)


# ---------------------------------------------------------------- the verb


def test_settings_stand_before_any_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    gpqa = Spec(name="gpqa", lines=(line(50, 50), line(45, 55)))
    again = Spec(name="gpqa", lines=(line(45, 55), line(46, 54)), grader="integer@2")
    worse = Spec(name="gpqa", lines=(line(45, 55), line(10, 90)))
    before = stored(Path("runs"), line(60, 40), gpqa, model="phi-4")
    after = stored(Path("runs"), "1" * 40 + "0" * 50 + "1" * 10, again, model="gpt-4o")
    third = stored(Path("runs"), line(10, 90), worse, model="x")
    assert main(["compare", str(before), str(after), str(third)]) == 0
    shown = capsys.readouterr().out
    assert shown.index("grader: integer@1 -> integer@2") < shown.index("deltas in points")
    assert max(map(len, shown.splitlines())) <= 80
    golden.check("../comparison/three.txt", shown)


def test_published_scores_read_as_in_the_golden_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    spec = Spec(name="gpqa", lines=(line(105, 93),), protocol="simple_evals@1")
    run = stored(tmp_path, spec, model="phi-4")
    assert main(["compare", str(run), "--baseline", "report"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    golden.check("../comparison/published.txt", shown)


def test_json_is_one_object_with_everything(tmp_path: Path, capsys: Captured) -> None:
    before, after = stored(tmp_path, line(60, 40)), stored(tmp_path, line(20, 80), model="b")
    assert main(["compare", str(before), str(after), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["kind"], made["schema"]) == ("comparison", 1)
    (task,) = made["pairs"][0]["tasks"]
    assert len(task["lost"]) == 40
    assert task["delta"]["n"] == 100


def test_what_cannot_be_compared_ends_with_7_in_two_lines(tmp_path: Path, capsys: Captured) -> None:
    before, after = stored(tmp_path, "11"), stored(tmp_path, Spec(lines=("11",), first=10))
    assert main(["compare", str(before), str(after)]) == 7
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 2


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.00001, "< 0.0001"), (0.0012, "0.0012"), (0.0412, "0.041"), (0.5, "0.50"), (1.0, "1.00")],
)
def test_p_values_read_with_the_digits_that_matter(p: float, text: str) -> None:
    assert words.p_value(p) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(-4.82, 1, "−4.8"), (0.04, 1, "0.0"), (-0.04, 1, "0.0"), (3.0, 0, "+3")]
)
def test_numbers_have_a_true_minus_and_zero_has_no_sign(value: float, decimals: int, text: str) -> None:
    assert words.number(value, decimals, sign="+") == text
