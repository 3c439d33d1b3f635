"""Scores follow from grades by the published rules, and say when they do not stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.store import RunWriter
from phi4eval.summary import (
    AMC_QUESTIONS,
    Outcome,
    amc_points,
    score_of,
    summarise,
    summarise_again,
    summarise_task,
)
from phi4eval.types import Grade, Item, TaskSummary, Verdict

from .runs import made_completion, made_grade, made_manifest, made_prompts, made_stored_grade, made_task


def item(name: str, index: int = 0, cluster: str | None = None, paper: str | None = None) -> Item:
    return Item(task="sums", id=name, index=index, hash=name, row={}, gold="0", cluster=cluster, paper=paper)


def outcome(
    name: str,
    verdict: Verdict,
    sample: int = 0,
    protocol: Verdict | None = None,
    index: int = 0,
    cluster: str | None = None,
    paper: str | None = None,
) -> Outcome:
    return Outcome(
        item=item(name, index, cluster, paper),
        sample=sample,
        grade=made_grade(verdict),
        protocol_grade=made_grade(protocol, "simple_evals@1") if protocol else None,
    )


def summary_of(rows: list[Outcome], *, repeats: int = 1, rate: float = 0.0, **task: Any) -> TaskSummary:
    definition = made_task(**task)
    manifest = made_manifest((definition, made_prompts(definition, len(rows) // repeats, repeats))).tasks[0]
    return summarise_task(manifest, rows, max_error_rate=rate)


def test_a_score_has_its_interval_n_and_counts() -> None:
    rows = [outcome(f"q{i}", "correct" if i < 3 else "incorrect") for i in range(10)]
    result = summary_of(rows)
    assert result.score is not None
    assert (result.score.mean, result.score.n, result.score.method) == (0.3, 10, "Wilson")
    assert result.score.low < 0.3 < result.score.high
    assert result.counts["correct"] == 3
    assert sum(result.counts.values()) == 10
    assert result.complete


@pytest.mark.parametrize("verdict", ["no_answer", "truncated", "refused", "ungradable"])
def test_what_is_not_right_counts_as_zero_but_never_as_incorrect(verdict: Verdict) -> None:
    result = summary_of([outcome("q0", "correct"), outcome("q1", verdict)])
    assert result.score is not None
    assert result.score.mean == 0.5
    assert (result.counts["incorrect"], result.counts[verdict]) == (0, 1)


def test_an_error_is_neither_right_nor_wrong_and_the_task_is_incomplete() -> None:
    rows = [outcome("q0", "correct"), Outcome(item=item("q1"), sample=0, failed=True, error="HTTP 503")]
    result = summary_of(rows)
    assert result.score is not None
    assert (result.score.mean, result.score.n) == (1.0, 1)
    assert not result.complete
    assert result.problem == "1 of 2 samples failed; the first: HTTP 503"
    assert summary_of(rows, rate=0.5).complete


def test_a_task_whose_samples_all_failed_has_no_score() -> None:
    result = summary_of(
        [Outcome(item=item(f"q{i}"), sample=0, failed=True, error="refused") for i in range(3)]
    )
    assert result.score is None
    assert result.problem is not None
    assert "3 of 3 samples failed" in result.problem


def test_a_sandbox_failure_is_an_error_not_a_wrong_program() -> None:
    result = summary_of([outcome("q0", "correct"), outcome("q1", "error")])
    assert result.counts["error"] == 1
    assert result.score is not None
    assert result.score.n == 1
    assert not result.complete


def test_ungraded_and_missing_samples_leave_the_task_incomplete() -> None:
    ungraded = Outcome(item=item("q1"), sample=0)
    assert summary_of([outcome("q0", "correct"), ungraded]).problem == "1 samples are not graded yet"
    definition = made_task()
    manifest = made_manifest((definition, made_prompts(definition, 2, 1))).tasks[0]
    partial = summarise_task(manifest, [outcome("q0", "correct")], max_error_rate=1.0)
    assert partial.problem == "1 of 2 samples are not there yet"


def test_pass_at_1_is_the_same_for_twice_the_samples() -> None:
    few = [outcome(f"q{i}", "correct" if k < i else "incorrect", k) for i in range(3) for k in range(2)]
    many = few + [
        outcome(f"q{i}", "correct" if k < i else "incorrect", k + 2) for i in range(3) for k in range(2)
    ]
    task: dict[str, Any] = {"scoring": "pass_at_k", "pass_at": (1, 2, 5)}
    two, four = summary_of(few, repeats=2, **task), summary_of(many, repeats=4, **task)
    assert two.extra["pass@1"] == four.extra["pass@1"] == pytest.approx(0.5)
    assert two.score is not None
    assert two.score.mean == pytest.approx(two.extra["pass@1"])
    assert "pass@5" not in four.extra  # five tries cannot be estimated from four samples


def test_the_graders_difference_is_counted_and_named() -> None:
    rows = [outcome("q0", "correct", protocol="no_answer"), outcome("q1", "correct", protocol="correct")]
    result = summary_of(rows)
    assert (result.differ, result.differ_items) == (1, ("q0",))
    assert result.protocol_score is not None
    assert result.protocol_score.mean == 0.5
    assert (result.grader, result.protocol_grader) == ("integer@1", "simple_evals@1")


@pytest.mark.parametrize(
    ("grade", "points", "as_blank"),
    [
        (made_grade("correct"), 6.0, 6.0),
        (made_grade("incorrect"), 0.0, 0.0),
        (made_grade("no_answer", rule="deliberate_blank"), 1.5, 1.5),
        (made_grade("no_answer"), 0.0, 1.5),
        (made_grade("truncated"), 0.0, 1.5),
        (made_grade("ungradable"), 0.0, 0.0),
    ],
)
def test_amc_points_follow_the_contest(grade: Grade, points: float, as_blank: float) -> None:
    assert amc_points(grade) == points
    assert amc_points(grade, none=1.5) == as_blank


def test_an_all_blank_paper_has_37_5_points_and_a_perfect_one_150() -> None:
    blank = [outcome(f"q{i}", "no_answer") for i in range(25)]
    blank = [
        Outcome(item=row.item, sample=0, grade=made_grade("no_answer", rule="deliberate_blank"))
        for row in blank
    ]
    perfect = [outcome(f"q{i}", "correct") for i in range(25)]
    scores = [summary_of(rows, scoring="amc").score for rows in (blank, perfect)]
    assert [score.mean for score in scores if score] == [37.5, 150.0]


@pytest.mark.parametrize("verdict", ["correct", "incorrect"])
def test_a_paper_on_which_every_question_earned_the_same_is_no_certainty(verdict: Verdict) -> None:
    score = summary_of([outcome(f"q{i}", verdict) for i in range(25)], scoring="amc").score
    assert score is not None
    assert score.low <= score.mean <= score.high
    assert 15 < score.high - score.low < 25


@given(st.lists(st.sampled_from(["correct", "incorrect", "no_answer"]), min_size=50, max_size=50))
def test_amc_points_are_the_mean_over_papers_and_repeats(verdicts: list[Verdict]) -> None:
    rows = [
        outcome(f"q{i}", verdict, paper="A" if i < 25 else "B", index=i) for i, verdict in enumerate(verdicts)
    ]
    by_hand = sum(6.0 for verdict in verdicts if verdict == "correct") / 2
    result = summary_of(rows, scoring="amc")
    assert result.score is not None
    assert result.score.mean == pytest.approx(by_hand)
    assert set(result.subsets) == {"A", "B"}
    assert sum(paper.mean for paper in result.subsets.values()) / 2 == pytest.approx(by_hand)


def test_an_item_in_two_papers_is_one_unit_of_the_interval() -> None:
    rows = [
        outcome("a", "correct", cluster="same"),
        outcome("b", "correct", cluster="same"),
        outcome("c", "incorrect"),
    ]
    score = score_of(rows, lambda row: row.grade or made_grade("error"), "accuracy")
    assert score is not None
    assert score.n == 2


def test_majority_and_spread_over_repeats_are_given() -> None:
    rows = [outcome(f"q{i}", "correct" if k != i else "incorrect", k) for i in range(3) for k in range(3)]
    extra = summary_of(rows, repeats=3).extra
    assert extra["maj@3"] == 0.0  # made-up grades extracted nothing, so nobody votes
    assert extra["sd_over_repeats"] == 0.0


def test_the_order_in_which_completions_came_decides_no_digit(tmp_path: Path) -> None:
    task = made_task()
    prompts = made_prompts(task, 7, 3)
    manifest = made_manifest((task, prompts))
    summaries = []
    pairs = [(stored, k) for stored in prompts for k in range(3)]
    for number, order in enumerate((pairs, pairs[::-1])):
        with RunWriter(tmp_path / str(number), manifest, prompts) as writer:
            for stored, k in order:
                completion = made_completion(stored, k)
                verdict: Verdict = "correct" if (stored.item.index + k) % 3 else "incorrect"
                offset = writer.add_completion(completion)
                writer.add_grade(made_stored_grade(completion, made_grade(verdict), offset))
            summaries.append(summarise(writer.run))
    assert summaries[0] == summaries[1]
    assert summaries[0].complete
    assert AMC_QUESTIONS == 25


def test_cost_thinking_and_what_came_from_the_cache_are_summed() -> None:
    rows = [
        msgspec.structs.replace(
            outcome(f"q{i}", "correct"), cost=0.5, reasoning_tokens=7, completion_tokens=10, from_cache=i == 0
        )
        for i in range(4)
    ]
    result = summary_of(rows)
    assert (result.cost, result.reasoning_tokens, result.from_cache) == (2.0, 28, 1)
    assert summary_of([*rows[:3], msgspec.structs.replace(rows[3], cost=None)]).cost is None


def test_a_limit_that_ended_a_run_is_named_while_samples_are_missing(tmp_path: Path) -> None:
    task = made_task()
    prompts = made_prompts(task, 2, 1)
    with RunWriter(tmp_path / "run", made_manifest((task, prompts)), prompts) as writer:
        for number, stored in enumerate(prompts):
            done = made_completion(stored, 0)
            offset = writer.add_completion(done)
            writer.add_grade(made_stored_grade(done, made_grade("correct"), offset))
            summary = summarise(writer.run, stopped="stopped by --max-cost 1")
            if number == 0:
                assert summary.stopped == "stopped by --max-cost 1"
                assert (
                    summary.tasks[0].problem == "1 of 2 samples are not there yet (stopped by --max-cost 1)"
                )
                assert summarise_again(writer.run, summary) == summary
    assert summary.stopped is None
    assert summary.complete
