"""Does a gate say pass only where it may, fail where it must, and otherwise why it cannot say?"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phi4eval.errors import NothingMatchedError, UsageError
from phi4eval.gate.decide import gate_runs
from phi4eval.gate.policy import NoRegression
from phi4eval.gate.verdict import GateVerdict
from phi4eval.stats.multiple import holm
from phi4eval.stats.paired import paired_difference
from phi4eval.types import Price, Sampling
from tests.gate.made import Spec, join_scan, line, stored

TODAY = date(2026, 6, 1)


def judged(
    tmp_path: Path, before: Spec | str, after: Spec | str, policy: str | None = None, **options: Any
) -> GateVerdict:
    file = None
    if policy is not None:
        tmp_path.mkdir(exist_ok=True)
        file = tmp_path / "gate.yaml"
        file.write_text(policy, encoding="utf-8")
    return gate_runs(
        baseline=stored(tmp_path / "a", before, model="old"),
        candidate=stored(tmp_path / "b", after, model="new"),
        policy=file,
        today=TODAY,
        **options,
    )


def rule(text: str) -> str:
    return f"rules:\n- {{{text}}}\n"


# ---------------------------------------------------------------- no regression


def test_a_large_drop_fails_and_names_the_items(tmp_path: Path) -> None:
    verdict = judged(tmp_path, line(150, 50), line(100, 100))
    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    (result,) = verdict.rules
    assert result.items[:2] == ("q100", "q101")
    assert "−25.0" in verdict.headline


def test_the_same_answers_pass_where_there_are_items_enough(tmp_path: Path) -> None:
    assert judged(tmp_path, line(150, 50), line(150, 50)).outcome == "pass"


def test_an_improvement_passes(tmp_path: Path) -> None:
    assert judged(tmp_path, line(100, 100), line(150, 50)).outcome == "pass"


def test_too_few_items_decide_nothing_and_the_remedy_says_how_many_would(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Spec(lines=(line(10, 10),), rows=900), Spec(lines=(line(9, 11),), rows=900))
    assert (verdict.outcome, verdict.exit_code) == ("inconclusive", 0)
    assert "more items would resolve it; the data set has 880 more" in str(verdict.rules[0].remedy)


def test_strict_makes_inconclusive_an_exit_code(tmp_path: Path) -> None:
    assert judged(tmp_path, line(10, 10), line(9, 11), strict=True).exit_code == 6


def test_a_small_drop_within_the_margin_does_not_fail(tmp_path: Path) -> None:
    before, after = line(500, 500), line(485, 515)
    assert judged(tmp_path / "1", before, after).outcome == "fail"
    verdict = judged(tmp_path / "2", before, after, rule("rule: no-regression, margin: 0.02"))
    assert verdict.outcome == "pass"


def test_prove_asks_to_exclude_the_margin_itself(tmp_path: Path) -> None:
    before, after = line(500, 500), line(485, 500) + "0" * 15
    proven = rule("rule: no-regression, margin: 0.02, prove: true")
    assert judged(tmp_path / "1", before, after, proven).outcome == "inconclusive"
    wider = rule("rule: no-regression, margin: 0.04, prove: true")
    assert judged(tmp_path / "2", before, after, wider).outcome == "pass"


def test_the_p_values_are_those_of_the_statistics_with_holm(tmp_path: Path) -> None:
    before = [Spec(name=n, lines=(line(60, 40),)) for n in "ab"]
    after = [Spec(name="a", lines=(line(50, 50),)), Spec(name="b", lines=(line(58, 42),))]
    verdict = gate_runs(baseline=stored(tmp_path, *before), candidate=stored(tmp_path, *after), today=TODAY)
    raw = [paired_difference([-1.0] * n + [0.0] * (100 - n), alternative="less").p_value for n in (10, 2)]
    assert [r.p_value for r in verdict.rules] == pytest.approx(raw)
    assert [r.p_holm for r in verdict.rules] == pytest.approx(holm(raw))


def test_rules_that_only_warn_are_no_part_of_holm_and_stop_nothing(tmp_path: Path) -> None:
    warned = "- {rule: at-least, task: sums, score: 0.9, level: warn}\n"
    policy = rule("rule: no-regression, detect: 0.2") + warned
    verdict = judged(tmp_path, line(100, 100), line(100, 100), policy)
    assert (verdict.outcome, verdict.exit_code) == ("pass", 0)
    assert [(r.level, r.status) for r in verdict.rules] == [("error", "pass"), ("warn", "fail")]
    assert verdict.rules[0].p_holm == verdict.rules[0].p_value
    assert "1 warnings" in verdict.headline


def test_repeated_samples_and_clusters_are_judged_by_their_units(tmp_path: Path) -> None:
    before = Spec(lines=(line(60, 0),) * 2, clusters=3)
    after = msgspec.structs.replace(before, lines=("011" * 20,) * 2)  # all losses lie in one cluster
    (result,) = judged(tmp_path, before, after).rules
    assert "cluster" in result.message
    assert result.status == "inconclusive", "three clusters prove nothing at 2.5 %"


# ---------------------------------------------------------------- other rules

OTHERS = [
    ("rule: at-least, task: sums, score: 0.4", line(60, 40), "pass"),
    ("rule: at-least, task: sums, score: 0.58", line(60, 40), "inconclusive"),
    ("rule: at-least, task: sums, score: 0.8", line(60, 40), "fail"),
    ("rule: at-least, task: sums, score: 1.0", line(100, 0), "inconclusive"),
    ("rule: rate, verdict: truncated, at_most: 0.05", line(60, 35) + "t" * 5, "pass"),
    ("rule: rate, verdict: truncated, at_most: 0.05", line(60, 34) + "t" * 6, "fail"),
    ("rule: rate, verdict: no_answer, at_most: 0", line(60, 39) + "n", "fail"),
    ("rule: items-must-pass, task: sums, items: [q0, q59]", line(60, 40), "pass"),
    ("rule: items-must-pass, task: sums, items: [q0, q60]", line(60, 40), "fail"),
    ("rule: tokens, at_most: 5", line(60, 40), "pass"),
    ("rule: tokens, at_most: 4.9", line(60, 40), "fail"),
    ("rule: tokens, growth: 1.0", line(60, 40), "pass"),
    ("rule: cost, prompt: 1000000, completion: 2000000, at_most: 20", line(60, 40), "pass"),
    ("rule: cost, prompt: 1000000, completion: 2000000, at_most: 19", line(60, 40), "fail"),
]


@pytest.mark.parametrize(("text", "after", "outcome"), OTHERS, ids=[f"{r[0][6:40]}-{r[2]}" for r in OTHERS])
def test_each_rule_decides(tmp_path: Path, text: str, after: str, outcome: str) -> None:
    assert judged(tmp_path, line(60, 40), after, rule(text)).outcome == outcome


def test_amc_is_gated_in_points(tmp_path: Path) -> None:
    spec = Spec(name="amc", lines=(line(300, 0),), scoring="amc")
    assert (
        judged(tmp_path / "1", spec, spec, rule("rule: at-least, task: amc, points: 140")).outcome == "pass"
    )
    with pytest.raises(UsageError, match="measured in points"):
        judged(tmp_path / "2", spec, spec, rule("rule: at-least, task: amc, score: 0.9"))


@pytest.mark.parametrize(
    "text", ["rule: tokens, at_most: 5", "rule: cost, prompt: 1, completion: 1, at_most: 1"]
)
def test_unknown_token_counts_are_never_a_pass(tmp_path: Path, text: str) -> None:
    spec = Spec(lines=("1100",), tokens=None)
    assert judged(tmp_path, spec, spec, rule(text)).outcome == "inconclusive"


def test_cost_without_prices_is_what_the_run_paid(tmp_path: Path) -> None:
    text = rule("rule: cost, at_most: 0.001")
    priced = {"price": Price(input=100.0, output=2.0), "backend": "api"}  # 10 and 5 tokens: 0.00101 a sample
    assert judged_at(tmp_path / "1", text, **priced).outcome == "fail"
    assert (
        judged_at(tmp_path / "2", text, price=Price(input=10.0, output=2.0), backend="api").outcome == "pass"
    )
    unknown = judged_at(tmp_path / "3", text)
    assert unknown.outcome == "inconclusive"
    assert "recorded no cost" in unknown.rules[0].message


def judged_at(folder: Path, text: str, **more: Any) -> GateVerdict:
    file = folder / "gate.yaml"
    folder.mkdir()
    file.write_text(text)
    path = stored(folder / "b", line(60, 40), **more)
    return gate_runs(baseline=path, candidate=path, policy=file, today=TODAY)


def test_contamination_needs_a_scan_that_knows_the_task(tmp_path: Path) -> None:
    text, scan = rule("rule: contamination, at_most: 0.1"), tmp_path / "items.jsonl"
    with pytest.raises(UsageError, match=r"gate.yaml:2: .* no contamination scan was given"):
        judged(tmp_path / "1", "1100", "1100", text)
    scan.write_text('{"item_id": "other/x", "verdict": "clean"}\n')
    with pytest.raises(UsageError, match="knows no item"):
        judged(tmp_path / "2", "1100", "1100", text, scan=scan)
    scan.write_text(
        "".join(json.dumps({"item_id": f"sums/q{i}", "verdict": "clean"}) + "\n" for i in range(4))
    )
    assert judged(tmp_path / "3", "1100", "1100", text, scan=scan).outcome == "pass"


@pytest.mark.parametrize(("leaks", "outcome"), [(0, "pass"), (1, "pass"), (2, "fail")])
def test_contamination_is_read_from_the_scan_joined_into_the_candidate(
    tmp_path: Path, leaks: int, outcome: str
) -> None:
    policy = tmp_path / "gate.yaml"
    policy.write_text(rule("rule: contamination, at_most: 0.1"))
    before, after = stored(tmp_path, line(5, 5)), stored(tmp_path, line(5, 5), model="new")
    join_scan(after, {f"q{i}": "partial" if i < leaks else "clean" for i in range(10)})
    verdict = gate_runs(baseline=before, candidate=after, policy=policy, today=TODAY)
    assert verdict.outcome == outcome
    assert verdict.rules[0].items == tuple(f"q{i}" for i in range(leaks))


# ---------------------------------------------------------------- validity


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"version": "2"}, "task"),
        ({"prompt": "{i} plus {i}?"}, "prompt"),
        ({"sampling": Sampling(temperature=0.5)}, "sampling"),
        ({"grader": "integer@2"}, "grader"),
        ({"first": 1}, "items"),
    ],
)
def test_what_does_not_measure_the_same_is_invalid_unless_accepted(
    tmp_path: Path, change: dict[str, Any], setting: str
) -> None:
    before = Spec(lines=(line(150, 50),))
    after = msgspec.structs.replace(before, **change)
    verdict = judged(tmp_path, before, after)
    assert (verdict.outcome, verdict.exit_code, verdict.rules) == ("invalid", 7, ())
    assert any(f"--accept {setting}" in hint for hint in verdict.hints)
    again = judged(tmp_path, before, after, accept=(setting,))
    assert again.outcome == "pass"
    assert setting in again.accepted


def test_if_only_the_grader_differs_the_command_that_regrades_is_named(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "10", Spec(lines=("10",), grader="integer@2"))
    assert (
        f"phi4eval grade {verdict.baseline.path} && phi4eval grade {verdict.candidate.path}"
        in verdict.hints[0]
    )


def test_a_task_that_the_candidate_lacks_is_invalid(tmp_path: Path) -> None:
    before = stored(tmp_path, line(150, 50), Spec(name="b", lines=("1",)))
    after = stored(tmp_path, line(150, 50), model="new")
    verdict = gate_runs(baseline=before, candidate=after, today=TODAY)
    assert verdict.outcome == "invalid"
    assert "b: the candidate did not run it" in verdict.problems
    assert gate_runs(baseline=before, candidate=after, accept=["tasks"], today=TODAY).outcome == "pass"


def test_no_common_task_is_invalid_whatever_is_accepted(tmp_path: Path) -> None:
    before, after = Spec(name="a", lines=("1",)), Spec(name="b", lines=("1",))
    assert judged(tmp_path, before, after, accept=["tasks"]).outcome == "invalid"


def test_no_common_item_is_invalid_whatever_is_accepted(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Spec(lines=("11",)), Spec(lines=("11",), first=9), accept=["items"])
    assert verdict.outcome == "invalid"
    assert "no item is left" in verdict.headline


def test_a_difference_in_a_task_that_no_rule_is_about_does_not_matter(tmp_path: Path) -> None:
    before = stored(tmp_path, line(150, 50), Spec(name="b", lines=("1",)))
    after = stored(tmp_path, line(150, 50), Spec(name="b", lines=("1",), grader="x@9"), model="new")
    file = tmp_path / "gate.yaml"
    file.write_text(rule("rule: no-regression, tasks: [sums]"))
    assert gate_runs(baseline=before, candidate=after, policy=file, today=TODAY).outcome == "pass"


# ---------------------------------------------------------------- completeness and small things


@pytest.mark.parametrize("after", ["1" * 199 + ".", "1" * 199 + "e", "1" * 199 + "g", "." * 200, "e" * 200])
def test_an_unfinished_run_is_incomplete_and_has_no_score(tmp_path: Path, after: str) -> None:
    verdict = judged(tmp_path, line(200, 0), after)
    assert (verdict.outcome, verdict.exit_code, verdict.rules) == ("incomplete", 3, ())
    assert judged(tmp_path / "turned", after, line(200, 0)).outcome == "incomplete"


def test_failures_within_the_policy_are_allowed_and_none_left_is_still_incomplete(tmp_path: Path) -> None:
    policy = "max_error_rate: 0.01\n" + rule("rule: no-regression")
    assert judged(tmp_path, line(200, 0), "1" * 199 + "e", policy).outcome == "pass"
    every = "max_error_rate: 1\n" + rule("rule: no-regression")
    assert judged(tmp_path, line(3, 0), "eee", every).outcome == "incomplete"
    assert judged(tmp_path, "1e", "e1", every).outcome == "incomplete", "no item scored by both"


@pytest.mark.parametrize(("before", "after"), [("1", "1"), ("1", "0"), ("0", "1"), ("0", "0")])
def test_one_item_decides_nothing(tmp_path: Path, before: str, after: str) -> None:
    assert judged(tmp_path, before, after).outcome == "inconclusive"


@pytest.mark.parametrize("mark", ["1", "0"])
def test_a_thousand_ties_pass_and_ten_do_not(tmp_path: Path, mark: str) -> None:
    assert judged(tmp_path / "1", mark * 1000, mark * 1000).outcome == "pass"
    assert judged(tmp_path / "2", mark * 10, mark * 10).outcome == "inconclusive"


# ---------------------------------------------------------------- quarantine

QUARANTINE = "quarantine:\n- {task: sums, item: q0, reason: gold is disputed, until: UNTIL}\n"


@pytest.mark.parametrize(
    ("until", "outcome"), [("2026-06-01", "pass"), ("2027-01-01", "pass"), ("2026-05-31", "fail")]
)
def test_a_quarantine_holds_until_its_last_day(tmp_path: Path, until: str, outcome: str) -> None:
    policy = rule("rule: items-must-pass, task: sums, items: [q0, q1]") + QUARANTINE.replace("UNTIL", until)
    verdict = judged(tmp_path, "11", "01", policy)
    assert verdict.outcome == outcome
    assert verdict.quarantine[0].expired == (outcome == "fail")
    assert any("ended on" in warning for warning in verdict.warnings) == (outcome == "fail")


def test_a_quarantined_item_is_in_no_statistic(tmp_path: Path) -> None:
    policy = rule("rule: no-regression") + QUARANTINE.replace("UNTIL", "2027-01-01")
    (result,) = judged(tmp_path, "1" * 100, "0" + "1" * 99, policy).rules
    assert "on 99 items" in result.message
    assert result.items == ()


@pytest.mark.parametrize("text", ["rule: no-regression", "rule: at-least, task: sums, score: 0.1"])
def test_a_quarantine_that_leaves_nothing_is_no_pass(tmp_path: Path, text: str) -> None:
    policy = rule(text) + QUARANTINE.replace("UNTIL", "2027-01-01")
    assert judged(tmp_path / "1", "1", "1", policy).outcome == "invalid"
    allowed = "max_error_rate: 1\n" + policy
    assert judged(tmp_path / "2", "11", "1e", allowed).outcome == "incomplete"


# ---------------------------------------------------------------- baselines


def test_published_scores_are_a_baseline_and_the_test_says_unpaired(tmp_path: Path) -> None:
    spec = Spec(name="gpqa", lines=(line(60, 138),))
    verdict = gate_runs(baseline="report", candidate=stored(tmp_path, spec, model="phi-4"), today=TODAY)
    assert verdict.outcome == "fail"
    assert "unpaired" in verdict.rules[0].message
    better = stored(tmp_path, Spec(name="gpqa", lines=(line(150, 48),)), model="phi-4")
    assert gate_runs(baseline="report", candidate=better, today=TODAY).outcome == "pass"


def test_last_is_the_newest_complete_run_before_the_candidate(tmp_path: Path) -> None:
    runs = [
        stored(tmp_path, line(20, n), model=f"m{n}", created=f"2026-01-0{n}T00:00:00+00:00")
        for n in range(1, 4)
    ]
    stored(tmp_path, "1" * 9 + ".", model="unfinished", created="2026-01-05T00:00:00+00:00")
    candidate = stored(tmp_path, line(20, 3), model="new", created="2026-01-06T00:00:00+00:00")
    stored(tmp_path, line(20, 3), model="later", created="2026-01-07T00:00:00+00:00")
    verdict = gate_runs(baseline="last", candidate=candidate, results=tmp_path, today=TODAY)
    assert verdict.baseline.path == str(runs[2])
    with pytest.raises(NothingMatchedError, match="no complete run"):
        gate_runs(baseline="last", candidate=runs[0], results=tmp_path, today=TODAY)


def days(tmp_path: Path, *runs: Spec | str) -> list[Path]:
    return [
        stored(tmp_path, run, model=f"m{n}", created=f"2026-01-{n:02}T00:00:00+00:00")
        for n, run in enumerate(runs, start=1)
    ]


def test_the_mean_of_the_last_runs_is_a_baseline_with_less_luck(tmp_path: Path) -> None:
    lines = [line(100, 100), "1" * 90 + "0" * 100 + "1" * 10, "0" * 10 + "1" * 90 + "0" * 100]
    *_, candidate = days(tmp_path, "1" * 200, *lines, line(100, 100))
    verdict = gate_runs(baseline="last:3", candidate=candidate, results=tmp_path, today=TODAY)
    (made,) = verdict.comparisons
    assert verdict.baseline.model == "m4, m3, m2"
    assert verdict.baseline.run_id.startswith("mean of 3 runs: ")
    assert made.baseline.mean == pytest.approx((100 + 100 + 90) / 600)
    assert {flip.item: flip.baseline for flip in made.gained}["q95"] == pytest.approx(2 / 3)
    assert verdict.outcome == "pass"
    assert verdict.warnings == ()


def test_too_few_last_runs_and_unlike_ones_are_said(tmp_path: Path) -> None:
    other = Spec(lines=("1" * 20,), prompt="{i} plus {i}?")
    *_, candidate = days(tmp_path, line(15, 5), other, line(14, 6), line(15, 5))
    verdict = gate_runs(baseline="last:5", candidate=candidate, results=tmp_path, today=TODAY)
    assert verdict.baseline.model == "m3, m1"
    assert len(verdict.warnings) == 2
    assert "m2" in verdict.warnings[0]
    assert "prompt: " in verdict.warnings[0]
    assert "mean of 2 runs: there are no 5 that fit" in verdict.warnings[1]


def test_a_pool_that_measures_other_things_than_the_candidate_is_invalid(tmp_path: Path) -> None:
    *_, candidate = days(tmp_path, line(15, 5), line(14, 6), Spec(lines=(line(15, 5),), version="2"))
    verdict = gate_runs(baseline="last:2", candidate=candidate, results=tmp_path, today=TODAY)
    assert verdict.outcome == "invalid"


@pytest.mark.parametrize("text", ["last:", "last:0", "last:x", "last:-1", "last:1.5"])
def test_a_number_of_runs_that_is_none_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no number of runs"):
        gate_runs(baseline=text, candidate=stored(tmp_path, "10"), results=tmp_path, today=TODAY)


@given(
    data=st.data(), n=st.integers(1, 40), repeats=st.integers(1, 3), clusters=st.sampled_from([0, 0, 1, 3])
)
@settings(max_examples=60)
def test_whatever_the_runs_a_pass_is_one_that_the_evidence_bears(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, n: int, repeats: int, clusters: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    marks = st.lists(st.sampled_from("11111100ntre.g"), min_size=n, max_size=n).map("".join)
    sides = [Spec(lines=tuple(data.draw(marks) for _ in range(repeats)), clusters=clusters) for _ in range(2)]
    verdict = gate_runs(
        baseline=stored(folder, sides[0], model="old"), candidate=stored(folder, sides[1], model="new")
    )
    text = "".join(letter for side in sides for row in side.lines for letter in row)
    if set(text) & set("e.g"):
        assert verdict.outcome == "incomplete"
        return
    (result,) = verdict.rules
    (made,) = verdict.comparisons
    assert result.status == verdict.outcome
    if verdict.outcome == "pass":
        assert made.delta.difference > -NoRegression().excluded
        assert clusters != 1, "one cluster says nothing"
    if verdict.outcome == "fail":
        assert made.delta.difference < 0


def test_the_same_run_twice_is_warned_about(tmp_path: Path) -> None:
    path = stored(tmp_path, line(150, 50))
    assert "baseline and candidate are the same run" in gate_runs(baseline=path, candidate=path).warnings
