"""From the grades of a run to its scores: means with intervals, counts, and what makes a task incomplete."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev
from typing import Literal

import msgspec

from phi4eval.costs import completion_cost, known_price, total_cost
from phi4eval.exposure import date_counts, exposure, sweep
from phi4eval.stats.intervals import clustered, share, wilson
from phi4eval.stats.passk import majority_share, pass_at_k
from phi4eval.store import Run, SampleKey
from phi4eval.types import (
    VERDICTS,
    Exposure,
    Grade,
    Interval,
    Item,
    ModelSpec,
    RunContamination,
    Summary,
    SweepPoint,
    TaskManifest,
    TaskSummary,
)

Scoring = Literal["accuracy", "amc", "pass_at_k"]

TIER_FLAG = "sandbox_tier_"
"""Begins the flag of a grade that says how strong the box was that its code ran in."""
AMC_QUESTIONS = 25
AMC_RIGHT, AMC_BLANK = 6.0, 1.5
"""Points of the AMC 10 and 12: right, left blank; wrong is 0. A paper of 25 has 150."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one sample contributes: its item, its grades, its tokens. grade None: not graded yet.

    cost: US dollars, None where not known.
    """

    item: Item
    sample: int
    failed: bool = False
    error: str | None = None
    grade: Grade | None = None
    protocol_grade: Grade | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    from_cache: bool = False
    cost: float | None = None
    truncated: bool = False

    @property
    def scored(self) -> bool:
        """Counts in the score. A failed request or sandbox is no answer of the model's, so it does not."""
        return not self.failed and self.grade is not None and self.grade.verdict != "error"


def summarise(run: Run, *, max_error_rate: float = 0.0, stopped: str | None = None) -> Summary:
    """The summary of a run as it is on disk now; max_error_rate is a share of each task's samples.

    stopped: the limit that ended the last session, in words; it counts while samples are missing.
    """
    outcomes, joined = outcomes_of(run), run.contamination
    tasks = tuple(
        summarise_task(
            manifest,
            outcomes[manifest.task.name],
            max_error_rate=max_error_rate,
            model=run.manifest.model,
            joined=joined,
            stopped=stopped,
        )
        for manifest in run.manifest.tasks
    )
    short = any(task.done < task.samples for task in tasks)
    return Summary(
        run_id=run.manifest.run_id,
        model=run.manifest.model.name,
        tasks=tasks,
        complete=all(task.complete for task in tasks),
        max_error_rate=max_error_rate,
        stopped=stopped if short else None,
    )


def summarise_again(run: Run, before: Summary | None) -> Summary:
    """The summary anew, under the policy of an earlier one."""
    if before is None:
        return summarise(run)
    return summarise(run, max_error_rate=before.max_error_rate, stopped=before.stopped)


def outcomes_of(run: Run) -> dict[str, list[Outcome]]:
    """Every stored sample of each task with its grades, by item and sample."""
    items = {
        SampleKey(stored.prompt.task, stored.prompt.item, draw.sample): stored.item
        for stored in run.prompts()
        for draw in stored.prompt.draws
    }
    grades = run.grades()
    price = known_price(run.manifest.model, run.manifest.fingerprint.backend)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for _, completion in run.completions():
        key = SampleKey(completion.task, completion.item, completion.sample)
        if key in items:
            outcomes[completion.task].append(
                Outcome(
                    item=items[key],
                    sample=key.sample,
                    failed=completion.finish == "error",
                    error=completion.error,
                    grade=grades.get((key, "main")),
                    protocol_grade=grades.get((key, "protocol")),
                    prompt_tokens=completion.prompt_tokens or 0,
                    completion_tokens=completion.completion_tokens or 0,
                    reasoning_tokens=completion.reasoning_tokens or 0,
                    from_cache=completion.from_cache,
                    cost=completion_cost(completion, price),
                    truncated=completion.finish == "length",
                )
            )
    # the order in which completions came must not decide a digit of the result
    for rows in outcomes.values():
        rows.sort(key=lambda row: (row.item.index, row.item.id, row.sample))
    return outcomes


def summarise_task(
    manifest: TaskManifest,
    outcomes: Sequence[Outcome],
    *,
    max_error_rate: float,
    model: ModelSpec | None = None,
    joined: RunContamination | None = None,
    stopped: str | None = None,
) -> TaskSummary:
    """One task's result from the samples that exist so far.

    model: for what the dates say; joined: a contamination scan, for the score without what it found. stopped:
    the limit that ended the run early.
    """
    if manifest.reported is not None:
        return _as_reported(manifest)
    task = manifest.task
    points = task.scoring == "amc"
    scored = [row for row in outcomes if row.scored]
    differ = [row for row in scored if row.protocol_grade and _apart(main_grade(row), row.protocol_grade)]
    problem = _problem(manifest, outcomes, max_error_rate, stopped)
    return TaskSummary(
        task=task.name,
        title=task.title,
        unit="points" if points else "share",
        score=score_of(scored, main_grade, task.scoring),
        protocol_score=score_of([r for r in scored if r.protocol_grade], protocol_grade, task.scoring),
        items=manifest.items,
        repeats=manifest.repeats,
        samples=manifest.samples,
        done=len(outcomes),
        counts=verdict_counts(outcomes),
        differ=len(differ),
        differ_items=tuple(dict.fromkeys(row.item.id for row in differ))[:20],
        extra=_extra(manifest, scored, outcomes),
        subsets=_subsets(scored, task.scoring),
        prompt_tokens=sum(row.prompt_tokens for row in outcomes),
        completion_tokens=sum(row.completion_tokens for row in outcomes),
        reasoning_tokens=sum(row.reasoning_tokens for row in outcomes),
        from_cache=sum(row.from_cache for row in outcomes),
        cost=total_cost(row.cost for row in outcomes) if outcomes else None,
        grader=_graders(row.grade for row in outcomes),
        protocol_grader=_graders(row.protocol_grade for row in outcomes) or None,
        sample=task.sample,
        complete=problem is None,
        problem=problem,
        exposure=None if joined is None else _exposure(joined, task.name, outcomes, task.scoring),
        dates={} if model is None else date_counts(task, (row.item for row in outcomes), model),
    )


def _as_reported(manifest: TaskManifest) -> TaskSummary:
    """A score without samples never stands: nothing of it can be opened, paired or graded again."""
    return TaskSummary(
        task=manifest.task.name,
        title=manifest.task.title,
        unit="share",
        score=manifest.reported,
        protocol_score=None,
        items=manifest.items,
        repeats=manifest.repeats,
        samples=0,
        done=0,
        counts=verdict_counts(()),
        grader=manifest.task.grader.name,
        complete=False,
        problem=f"a score as {manifest.task.protocol} reported it, without its samples",
    )


def sweeps(run: Run) -> dict[str, tuple[SweepPoint, ...]]:
    """By task, the scores of a run split at every threshold of overlap; nothing without a joined scan."""
    joined, outcomes = run.contamination, outcomes_of(run)
    if joined is None:
        return {}
    return {
        made.task.name: _sweep(joined, made.task.name, outcomes[made.task.name], made.task.scoring)
        for made in run.manifest.tasks
    }


def _sweep(
    joined: RunContamination, task: str, outcomes: Sequence[Outcome], scoring: Scoring
) -> tuple[SweepPoint, ...]:
    return sweep(
        joined,
        task,
        [row for row in outcomes if row.scored],
        score=lambda rows: score_of(rows, main_grade, scoring),
        value=lambda row: _value(row, scoring),
    )


def _exposure(joined: RunContamination, task: str, outcomes: Sequence[Outcome], scoring: Scoring) -> Exposure:
    return exposure(
        joined,
        task,
        (row.item.id for row in outcomes),
        [row for row in outcomes if row.scored],
        score=lambda rows: score_of(rows, main_grade, scoring),
        value=lambda row: _value(row, scoring),
    )


def _value(row: Outcome, scoring: Scoring) -> float:
    """What one scored sample counts in the task's unit."""
    grade = main_grade(row)
    return AMC_QUESTIONS * amc_points(grade) if scoring == "amc" else grade.score


def verdict_counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Samples by verdict, every verdict named, in the closed set's order."""
    counts: dict[str, int] = dict.fromkeys(VERDICTS, 0)
    for row in outcomes:
        if row.failed:
            counts["error"] += 1
        elif row.grade is not None:
            counts[row.grade.verdict] += 1
    return counts


def main_grade(row: Outcome) -> Grade:
    """The robust grader's grade of a scored outcome."""
    assert row.grade is not None
    return row.grade


def protocol_grade(row: Outcome) -> Grade:
    """The published protocol's grade of an outcome that has one."""
    assert row.protocol_grade is not None
    return row.protocol_grade


def amc_points(grade: Grade, *, none: float = 0.0) -> float:
    """Points of one answer. none: what a missing answer earns; the report does not say, so both are shown."""
    if grade.verdict == "correct":
        return AMC_RIGHT
    if grade.rule == "deliberate_blank":
        return AMC_BLANK
    return none if grade.verdict in ("no_answer", "truncated", "refused") else 0.0


def score_of(rows: Sequence[Outcome], grade: Callable[[Outcome], Grade], scoring: Scoring) -> Interval | None:
    """Mean with its interval, samples of one item (or of a declared cluster) counted as one unit."""
    if not rows:
        return None
    clusters = [row.item.cluster or row.item.id for row in rows]
    if scoring != "amc":
        mid, low, high, units, method = share([grade(row).score for row in rows], clusters)
        return Interval(mean=mid, low=low, high=high, n=units, method=method)
    # a paper's total is 25 times the mean of its questions, so the mean over papers of one length is
    # 25 times the mean of all: this also gives a limited run or a paper of another length its scale
    top = AMC_QUESTIONS * AMC_RIGHT
    mid, low, high, units = clustered([AMC_QUESTIONS * amc_points(grade(row)) for row in rows], clusters)
    method = "clustered t"
    if units > 1 and high - low < 1e-9:
        # every question earned the same: that is not a certainty, and the spread tells nothing
        low, high = (top * end for end in wilson(mid / top * units, units))
        method = "Wilson on units"
    return Interval(mean=mid, low=max(0.0, low), high=min(top, high), n=units, method=method)


def _apart(ours: Grade, theirs: Grade) -> bool:
    return ours.score != theirs.score


def _extra(
    manifest: TaskManifest, scored: Sequence[Outcome], outcomes: Sequence[Outcome]
) -> dict[str, float]:
    extra: dict[str, float] = {}
    if not scored:
        return extra
    by_item: dict[str, list[Outcome]] = defaultdict(list)
    for row in scored:
        by_item[row.item.id].append(row)
    fewest = min(len(rows) for rows in by_item.values())
    for k in manifest.task.pass_at:
        if k <= fewest:
            extra[f"pass@{k}"] = mean(
                pass_at_k(len(rows), sum(main_grade(r).verdict == "correct" for r in rows), k)
                for rows in by_item.values()
            )
    if manifest.task.scoring == "amc":
        extra |= _amc_extra(scored)
    elif manifest.task.scoring == "accuracy" and fewest >= 3:
        extra[f"maj@{fewest}"] = mean(_majority(rows[:fewest]) for rows in by_item.values())
    if manifest.repeats > 1 and fewest == manifest.repeats:
        extra["sd_over_repeats"] = _spread(scored, manifest)
    tiers = {
        int(flag.removeprefix(TIER_FLAG))
        for row in scored
        for flag in main_grade(row).flags
        if flag.startswith(TIER_FLAG)
    }
    if tiers:
        extra["sandbox_tier"] = min(tiers)
    if len(tiers) > 1:
        extra["highest_sandbox_tier"] = max(tiers)
    extra["truncated_rate"] = sum(row.truncated for row in outcomes) / len(outcomes)
    return extra


def _majority(rows: Sequence[Outcome]) -> float:
    grades = [main_grade(row) for row in rows]
    return majority_share([g.extracted for g in grades], [g.verdict == "correct" for g in grades])


def _amc_extra(scored: Sequence[Outcome]) -> dict[str, float]:
    none_as_blank = [amc_points(main_grade(row), none=AMC_BLANK) for row in scored]
    blanks = sum(main_grade(row).rule == "deliberate_blank" for row in scored)
    return {
        "points_if_none_is_blank": AMC_QUESTIONS * mean(none_as_blank),
        "deliberate_blanks": float(blanks),
        "share_correct": mean(main_grade(row).score for row in scored),
    }


def _spread(scored: Sequence[Outcome], manifest: TaskManifest) -> float:
    """Standard deviation over repeats of the score of one pass through all items."""
    runs: dict[int, list[float]] = defaultdict(list)
    for row in scored:
        runs[row.sample].append(_value(row, manifest.task.scoring))
    return stdev(mean(values) for values in runs.values())


def _subsets(scored: Sequence[Outcome], scoring: Scoring) -> dict[str, Interval]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for row in scored:
        label = row.item.paper if scoring == "amc" and row.item.paper else row.item.subset
        if label:
            groups[label].append(row)
    intervals = {name: score_of(rows, main_grade, scoring) for name, rows in sorted(groups.items())}
    return {name: interval for name, interval in intervals.items() if interval is not None}


def _graders(grades: Iterable[Grade | None]) -> str:
    return " ".join(sorted({grade.grader for grade in grades if grade is not None}))


def _problem(
    manifest: TaskManifest, outcomes: Sequence[Outcome], max_error_rate: float, stopped: str | None
) -> str | None:
    """Why the task's score does not stand yet, in words; None if it does."""
    missing = manifest.samples - len(outcomes)
    if missing:
        why = f" ({stopped})" if stopped else ""
        return f"{missing} of {manifest.samples} samples are not there yet{why}"
    failures = [row for row in outcomes if row.failed or (row.grade and row.grade.verdict == "error")]
    if len(failures) > max_error_rate * manifest.samples:
        first = failures[0]
        reason = first.error or (first.grade.explanation if first.grade else "unknown")
        return f"{len(failures)} of {manifest.samples} samples failed; the first: {reason[:200]}"
    pending = sum(row.grade is None for row in outcomes if not row.failed)
    if pending:
        return f"{pending} samples are not graded yet"
    return None
