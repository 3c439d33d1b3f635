"""What do two or more runs say about each other? All tasks, all pairs with the first run, and ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from phi4eval.comparison.paired import CleanComparison, TaskComparison, compare_task
from phi4eval.comparison.published import PublishedComparison, compare_published, published_for
from phi4eval.comparison.scores import RunScores, read_scores
from phi4eval.comparison.settings import SettingDifference, setting_differences
from phi4eval.errors import InvalidComparisonError, UsageError
from phi4eval.frames import COMPARISON_COLUMNS, frame
from phi4eval.leaks import ScanVerdicts, read_verdicts
from phi4eval.stats.multiple import holm
from phi4eval.stats.rank import Rank, rank_models
from phi4eval.store import Run, find_run
from phi4eval.types import SCHEMA

if TYPE_CHECKING:
    import pandas as pd

RESULTS = "results/runs"


class RunName(msgspec.Struct, frozen=True, kw_only=True):
    """Which run is meant."""

    model: str
    run_id: str
    path: str

    @property
    def label(self) -> str:
        """Model and run id."""
        return f"{self.model} ({self.run_id})"


class PairComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One run against the first one: what differs beside the scores, then the scores.

    skipped: tasks that could not be compared, with the reason.
    """

    baseline: RunName
    candidate: RunName
    differences: tuple[SettingDifference, ...]
    tasks: tuple[TaskComparison, ...]
    skipped: dict[str, str] = {}


class TaskRanks(msgspec.Struct, frozen=True, kw_only=True):
    """Which ranks each run can have on the items that all runs scored, in the order of the runs."""

    task: str
    unit: Literal["share", "points"]
    items: int
    ranks: tuple[Rank, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a set of runs says about each other. The first run is the baseline."""

    schema: int = SCHEMA
    alpha: float
    runs: tuple[RunName, ...]
    pairs: tuple[PairComparison, ...]
    ranks: tuple[TaskRanks, ...] = ()
    published: tuple[PublishedComparison, ...] = ()

    def to_pandas(self) -> pd.DataFrame:
        """One row a task and pair; columns as in frames.COMPARISON_COLUMNS. Needs pandas."""
        return frame([*_paired_rows(self), *_published_rows(self)], COMPARISON_COLUMNS)


def run_name(run: RunScores) -> RunName:
    """The name of a run that was read."""
    return RunName(model=run.manifest.model.name, run_id=run.manifest.run_id, path=run.path)


def compare(
    *runs: str | Path | Run,
    baseline: str | None = None,
    alpha: float = 0.05,
    scan: str | Path | None = None,
    results: str | Path = RESULTS,
) -> Comparison:
    """Compare runs with the first one, item by item, and with published scores if asked.

    runs: directories, run ids or unique parts of one (looked up in `results`). baseline: `report` or
    `report:MODEL`: published scores, unpaired; then one run is enough. scan: the folder or items.jsonl of a
    contamination scan, or a run that one was joined into, for the clean-only columns; None: the scans that
    were joined into the runs compared.
    Raises UsageError for fewer runs than it takes, InvalidComparisonError where two runs have no item in
    common, StoreError for damaged runs.
    """
    if not runs or (len(runs) == 1 and baseline is None):
        raise UsageError(f"a comparison needs two runs, got {len(runs)}", "or one run and --baseline report")
    read = [read_scores(run if isinstance(run, Run) else find_run(str(run), results)) for run in runs]
    verdicts = None if scan is None else read_verdicts(scan)
    pairs = [
        _pair(read[0], other, alpha=alpha, scans=joined_scans(verdicts, read[0], other)) for other in read[1:]
    ]
    published = [
        made
        for run in (read if baseline else ())
        for made in compare_published(run, published_for(str(baseline), run), alpha=alpha)
    ]
    pairs, published = _adjusted(pairs, published)
    return Comparison(
        alpha=alpha,
        runs=tuple(map(run_name, read)),
        pairs=tuple(pairs),
        ranks=tuple(_ranks(read, alpha=alpha)) if len(read) > 2 else (),
        published=tuple(published),
    )


def joined_scans(scan: ScanVerdicts | None, *runs: RunScores) -> tuple[ScanVerdicts, ...]:
    """The scans that say which items are clean: the one that was given, else those joined into the runs."""
    if scan is not None:
        return (scan,)
    return tuple({run.scan.path: run.scan for run in runs if run.scan is not None}.values())


def _pair(
    before: RunScores, after: RunScores, *, alpha: float, scans: Sequence[ScanVerdicts]
) -> PairComparison:
    made: list[TaskComparison] = []
    skipped: dict[str, str] = {}
    for name, scores in before.tasks.items():
        if name not in after.tasks:
            skipped[name] = f"{after.label} did not run it"
            continue
        found = compare_task(scores, after.tasks[name], alpha=alpha, scans=scans)
        if found is None:
            skipped[name] = "the runs have no scored item in common"
        else:
            made.append(found)
    if not made:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
        raise InvalidComparisonError(
            f"{before.label} and {after.label} have no scored item in common: {reasons}",
            "compare runs of the same tasks on the same data; phi4eval runs list shows what each one ran",
        )
    return PairComparison(
        baseline=run_name(before),
        candidate=run_name(after),
        differences=setting_differences(before, after),
        tasks=tuple(made),
        skipped=skipped,
    )


def _adjusted(
    pairs: Sequence[PairComparison], published: Sequence[PublishedComparison]
) -> tuple[list[PairComparison], list[PublishedComparison]]:
    """Holm over all tasks of all pairs, and over all published tasks by themselves."""
    adjusted = iter(holm([task.delta.p_value for pair in pairs for task in pair.tasks]))
    again = iter(holm([made.delta.p_value for made in published]))
    replace = msgspec.structs.replace
    return (
        [
            replace(pair, tasks=tuple(replace(task, p_holm=next(adjusted)) for task in pair.tasks))
            for pair in pairs
        ],
        [replace(made, p_holm=next(again)) for made in published],
    )


def _ranks(runs: Sequence[RunScores], *, alpha: float) -> Iterator[TaskRanks]:
    for task in runs[0].tasks:
        if not all(task in run.tasks for run in runs):
            continue
        columns = [run.tasks[task].items for run in runs]
        common = [
            key
            for key in columns[0]
            if all(key in column and column[key].score is not None for column in columns)
        ]
        if not common:
            continue
        named = any(columns[0][key].cluster for key in common)
        clusters = [columns[0][key].cluster or columns[0][key].id for key in common] if named else None
        ranks = rank_models(
            [[column[key].score or 0.0 for key in common] for column in columns], clusters, alpha=alpha
        )
        unit = runs[0].tasks[task].summary.unit
        yield TaskRanks(task=task, unit=unit, items=len(common), ranks=tuple(ranks))


def _paired_rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for pair in comparison.pairs:
        spoilt = {d.task for d in pair.differences if d.invalidates}
        for task in pair.tasks:
            yield {
                "kind": "paired",
                "task": task.task,
                "unit": task.unit,
                "baseline": pair.baseline.label,
                "candidate": pair.candidate.label,
                "items": task.items,
                "units": task.delta.units,
                "baseline_score": task.baseline.mean,
                "candidate_score": task.candidate.mean,
                "delta": task.delta.difference,
                "low": task.delta.interval[0],
                "high": task.delta.interval[1],
                "p": task.delta.p_value,
                "p_holm": task.p_holm,
                "method": task.delta.method,
                "detectable": task.detectable,
                "lost": len(task.lost),
                "gained": len(task.gained),
                **_clean_columns(task.clean),
                "comparable": task.task not in spoilt,
            }


def _clean_columns(clean: CleanComparison | None) -> dict[str, Any]:
    return {
        "clean_items": clean and clean.items,
        "clean_baseline_score": clean and clean.baseline.mean,
        "clean_candidate_score": clean and clean.candidate.mean,
        "clean_delta": clean and clean.delta.difference,
        "clean_low": clean and clean.delta.interval[0],
        "clean_high": clean and clean.delta.interval[1],
        "clean_p": clean and clean.delta.p_value,
    }


def _published_rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for made in comparison.published:
        yield {
            "kind": f"published, {made.grading} grader",
            "task": made.task,
            "unit": made.unit,
            "baseline": f"{made.published.model} (published)",
            "candidate": made.run,
            "items": made.delta.n,
            "units": made.delta.units,
            "baseline_score": made.published.score,
            "candidate_score": made.ours.mean,
            "delta": made.delta.difference,
            "low": made.delta.interval[0],
            "high": made.delta.interval[1],
            "p": made.delta.p_value,
            "p_holm": made.p_holm,
            "method": made.delta.method,
            "detectable": None,
            "lost": None,
            "gained": None,
            **_clean_columns(None),
            "comparable": made.note is None,
        }
