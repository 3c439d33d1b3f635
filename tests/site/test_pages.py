"""What the pages say follows from the runs: scores, ranks, provenance, settings, changes, files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from phi4eval.errors import StoreError, UsageError
from phi4eval.site.build import build_site
from phi4eval.site.pages.changes import changed
from phi4eval.site.tables import SCORE_COLUMNS, ScoreRow, Scores, csv_bytes, json_bytes
from phi4eval.types import ModelSpec
from tests.runs import made_prompts, made_task
from tests.site.made import prompts_of, right_every, two_runs, write_run


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    two_runs(root / "runs", items=40)
    build_site(out=root / "out", results=root / "runs")
    return root / "out"


def scores(folder: Path) -> Scores:
    return msgspec.json.decode((folder / "data" / "scores.json").read_bytes(), type=Scores)


def test_a_clear_difference_is_said_in_words(site: Path) -> None:
    assert "able leads on 40 common items" in read(site, "tasks/sums.html")
    assert "able is better" in read(site, "compare/able--poor.html")


def test_the_files_hold_the_scores_and_rank_ranges(site: Path) -> None:
    ours = {row.model: row for row in scores(site).rows if row.provenance == "ours"}
    assert ours["able"].score == 1.0
    assert ours["poor"].score == 0.25
    assert (ours["able"].rank_best, ours["able"].rank_worst) == (1, 1)
    assert (ours["poor"].rank_best, ours["poor"].rank_worst) == (2, 2)


def test_csv_and_json_say_the_same(site: Path) -> None:
    table = list(csv.DictReader(io.StringIO(read(site, "data/scores.csv"))))
    assert list(table[0]) == list(SCORE_COLUMNS)
    assert [row["model"] for row in table] == [row.model for row in scores(site).rows]
    assert [float(row["score"]) for row in table] == [
        pytest.approx(r.score, abs=1e-5) for r in scores(site).rows
    ]


def test_published_scores_stand_apart_with_their_source(site: Path) -> None:
    theirs = [row for row in scores(site).rows if row.provenance == "published"]
    assert {"phi-4", "gpt-4o", "llama-3.3-70b", "qwen2.5-72b"} <= {row.model for row in theirs}
    assert all(row.low is None and row.rank_best is None and row.source for row in theirs)
    assert "arXiv 2412.08905" in read(site, "models/phi-4-published.html")


def test_without_a_scan_nothing_is_called_clean(site: Path) -> None:
    page = read(site, "contamination.html")
    assert "not scanned" in page
    assert ">clean<" not in read(site, "tasks/sums.html")


def test_unknown_cost_is_said(site: Path) -> None:
    assert "unknown" in read(site, "tasks/sums.html")


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ((4,), "sandbox tier 4 of 4"),
        ((1,), "sandbox tier 1 of 4, a weak box"),
        ((2, 4), "sandbox tiers 2 to 4 of 4"),
    ],
)
def test_every_page_with_a_programs_score_names_the_box(
    tmp_path: Path, tiers: tuple[int, ...], words: str
) -> None:
    task = made_task()
    flags = iter([*tiers, *(tiers[-1] for _ in range(10))])
    run = write_run(
        tmp_path / "runs",
        model="able",
        tasks=[(task, made_prompts(task, items=4, repeats=1))],
        answers=right_every(1),
        grade=lambda grade: msgspec.structs.replace(grade, flags=(f"sandbox_tier_{next(flags)}",)),
    )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    pages = ("index.html", "tasks/sums.html", "models/able.html", f"runs/{run.manifest.run_id}.html")
    assert [page for page in pages if words not in read(tmp_path / "out", page)] == []


def test_a_task_without_programs_names_no_box(site: Path) -> None:
    assert "sandbox" not in read(site, "tasks/sums.html")


def test_settings_that_differ_stand_before_the_numbers(tmp_path: Path) -> None:
    first = made_task()
    second = made_task(version="2")
    for model, task in (("one", first), ("two", second)):
        asked = made_prompts(task, items=8, repeats=1)
        write_run(tmp_path / "runs", model=model, tasks=[(task, asked)], answers=right_every(2))
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    page = read(tmp_path / "out", "compare/one--two.html")
    assert page.index("version 1") < page.index("In words")
    assert "differ in more than the model" in read(tmp_path / "out", "tasks/sums.html")


def test_models_of_one_name_and_other_weights_are_two_rows(tmp_path: Path) -> None:
    task = made_task()
    asked = made_prompts(task, items=8, repeats=1)
    for weights in ("a", "b"):
        write_run(
            tmp_path / "runs",
            model=weights,
            spec=ModelSpec(name="same"),
            tasks=[(task, asked)],
            answers=right_every(2),
        )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    assert {"same @ w-a", "same @ w-b"} <= {row.model for row in scores(tmp_path / "out").rows}


def test_of_two_runs_the_complete_and_larger_one_counts(tmp_path: Path) -> None:
    task = made_task()
    for items, created in ((12, "2026-01-01T00:00:00+00:00"), (4, "2026-02-01T00:00:00+00:00")):
        asked = made_prompts(task, items=items, repeats=1)
        write_run(
            tmp_path / "runs", model="one", tasks=[(task, asked)], answers=right_every(1), created=created
        )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    (row,) = [row for row in scores(tmp_path / "out").rows if row.provenance == "ours"]
    assert row.items == 12


def test_a_run_with_other_items_is_not_ranked_against_the_rest(tmp_path: Path) -> None:
    task = made_task()
    for model, items in (("a", 40), ("b", 40), ("c", 5)):
        asked = made_prompts(task, items=items, repeats=1)
        write_run(tmp_path / "runs", model=model, tasks=[(task, asked)], answers=right_every(1))
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    ours = {row.model: row for row in scores(tmp_path / "out").rows if row.provenance == "ours"}
    assert ours["c"].rank_best is None
    assert ours["a"].rank_best == 1


def test_an_item_page_marks_what_was_taken(site: Path) -> None:
    page = next((site / "items" / "sums").glob("q1-*.html")).read_text(encoding="utf-8")
    assert "Answer: <mark>2</mark>" in page
    assert "made up" in page


def test_formulas_of_questions_are_rendered(tmp_path: Path) -> None:
    task = made_task()
    rows = [
        {"id": "r", "problem": r"What is $\frac{1}{2}+x^2$?", "answer": "1", "solution": r"\[x=\boxed{1}\]"}
    ]
    write_run(
        tmp_path / "runs",
        model="one",
        tasks=[(task, prompts_of(task, rows))],
        answers=lambda *_: ("1", "correct"),
    )
    build_site(out=tmp_path / "out", results=tmp_path / "runs")
    page = next((tmp_path / "out" / "items" / "sums").glob("*.html")).read_text(encoding="utf-8")
    assert "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>" in page
    assert 'class="box"' in page


def test_changes_name_what_came_went_and_moved_and_why(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    build_site(*runs, out=tmp_path / "old", baselines=())
    task = made_task()
    asked = made_prompts(task, items=16, repeats=1)
    again = write_run(tmp_path / "runs", model="able", tasks=[(task, asked)], answers=right_every(2))
    build_site(again, out=tmp_path / "new", baselines=(), since=tmp_path / "old")
    page = read(tmp_path / "new", "changes.html")
    assert "Gone: 1" in page
    assert "Moved: 1" in page
    assert "another run counts" in page
    assert "12 × 1 samples before, 16 × 1 now" in page


def test_a_score_that_moved_for_no_visible_reason_is_marked() -> None:
    was = ScoreRow(model="m", provenance="ours", task="t", unit="share", score=0.5, run="r", grader="g@1")
    now = msgspec.structs.replace(was, score=0.6)
    (change,) = changed((was,), (now,))
    assert change.why == ()
    assert changed((was,), (was,)) == []


def test_since_must_be_an_earlier_build(tmp_path: Path) -> None:
    runs = two_runs(tmp_path / "runs")
    with pytest.raises(UsageError, match="does not exist"):
        build_site(*runs, out=tmp_path / "out", since=tmp_path / "nothing")
    (tmp_path / "scores.json").write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        build_site(*runs, out=tmp_path / "out", since=tmp_path / "scores.json")


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    (row,) = list(csv.reader(io.StringIO(csv_bytes(["a"], [[text]]).decode())))[1:]
    assert row[0][0] not in "=+-@\t\r"
    assert row[0].endswith(text.strip())


def test_numbers_keep_their_sign_in_csv() -> None:
    assert csv_bytes(["a", "b"], [[-0.5, None]]) == b"a,b\n-0.5,\n"


def test_lone_surrogates_of_foreign_names_do_not_stop_a_build() -> None:
    assert b"\\udcff" in json_bytes({"name": "a\udcff"})
    assert b"\\udcff" in csv_bytes(["a"], [["a\udcff"]])
