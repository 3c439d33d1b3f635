"""What did one run find? Its scores, verdicts and the places of its evidence, read once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec

from phi4eval.comparison.scores import RunScores, TaskScores, read_scores
from phi4eval.comparison.words import Unit, scale
from phi4eval.errors import NothingMatchedError, Phi4evalError
from phi4eval.leaks import Scan, join_scan
from phi4eval.site.names import slug
from phi4eval.site.records import Cell, Measured, RunPage
from phi4eval.store import JOINED, Run, SampleKey
from phi4eval.summary import AMC_RIGHT, Outcome, amc_points, outcomes_of, summarise_task
from phi4eval.types import Interval, Item, RunContamination, TaskManifest, TaskSummary

_FILES = ("manifest.json", "prompts.jsonl", "completions.jsonl", "grades.jsonl", JOINED)


def find_runs(results: str | Path) -> Iterator[tuple[Run | None, str, str]]:
    """Every run under a directory as (run, name, ""), or (None, name, why it cannot be read), by name."""
    for manifest in sorted(Path(results).glob("*/manifest.json")):
        try:
            yield Run(manifest.parent), manifest.parent.name, ""
        except Phi4evalError as error:
            yield None, manifest.parent.name, error.message


def read_run(run: Run, scan: Scan | None) -> RunPage:
    """Read a run for its pages. scan: to be used instead of one that was joined into the run."""
    scores, joined = _hushed(read_scores(run)), _joined(run, scan)
    outcomes = outcomes_of(run)
    completions, prompts = run.completion_index(), run.prompt_index()
    label = scores.label
    measured = {}
    for made in run.manifest.tasks:
        rows = outcomes[made.task.name]
        task = scores.tasks[made.task.name]
        again = summarise_task(made, rows, max_error_rate=0.0, joined=joined) if joined else None
        exposure = again.exposure if again else None
        measured[made.task.name] = Measured(
            run=slug(run.manifest.run_id),
            model=run.manifest.model.name,
            label=label,
            manifest=made,
            summary=task.summary,
            scores=task,
            score=as_share(task.summary.score, task.summary),
            protocol=as_share(task.summary.protocol_score, task.summary),
            cells=_cells(made, task, rows, completions, prompts),
            tokens=_tokens(rows),
            cut=sum(row.truncated for row in rows) / len(rows) if rows else 0.0,
            cost=_cost(task.summary),
            clean=as_share(exposure.clean, task.summary) if exposure else None,
            exposure=exposure,
        )
    return RunPage(
        slug=slug(run.manifest.run_id),
        path=run.path.name,
        manifest=run.manifest,
        scores=scores,
        digest=digest_of(run.path),
        measured=measured,
        complete=all(task.summary.complete for task in scores.tasks.values()),
        joined=joined,
    )


def as_share(interval: Interval | None, summary: TaskSummary) -> Interval | None:
    """An interval in shares of 1; AMC points are divided by 150."""
    return None if interval is None else shares_of(interval, summary.unit)


def shares_of(interval: Interval, unit: Unit) -> Interval:
    """The same for an interval whose unit is known."""
    if unit == "share":
        return interval
    top = scale(unit)
    low, high = max(0.0, interval.low / top), min(1.0, interval.high / top)
    return msgspec.structs.replace(interval, mean=interval.mean / top, low=low, high=high)


def _hushed(scores: RunScores) -> RunScores:
    """Without the first failure's words where items must not be shown: an error may quote what was asked."""
    replace = msgspec.structs.replace
    return replace(
        scores,
        tasks={
            name: replace(
                task, summary=replace(task.summary, problem=task.summary.problem.split("; the first")[0])
            )
            if task.summary.problem and task.manifest.task.publish != "full"
            else task
            for name, task in scores.tasks.items()
        },
    )


def _joined(run: Run, scan: Scan | None) -> RunContamination | None:
    """The scan that was asked for, or the one joined into the run; None where neither knows it."""
    if scan is None:
        return run.contamination
    try:
        return join_scan(run, scan)
    except NothingMatchedError:
        return None


def digest_of(path: Path) -> str:
    """A hash over all that a run's pages are made from."""
    made = hashlib.sha256()
    for name in _FILES:
        file = path / name
        made.update(name.encode())
        if file.exists():
            with file.open("rb") as opened:
                made.update(hashlib.file_digest(opened, "sha256").digest())
    return made.hexdigest()


def items_of(run: Run) -> dict[str, dict[str, Item]]:
    """By task: every item of a run by its id, in the data's order."""
    found: dict[str, dict[str, Item]] = defaultdict(dict)
    for stored in run.prompts():
        found[stored.prompt.task].setdefault(stored.item.id, stored.item)
    return {
        task: dict(sorted(items.items(), key=lambda row: (row[1].index, row[0])))
        for task, items in found.items()
    }


def _cells(
    made: TaskManifest,
    task: TaskScores,
    rows: list[Outcome],
    completions: dict[SampleKey, tuple[int, str]],
    prompts: dict[SampleKey, int],
) -> dict[str, Cell]:
    """By item id, in the data's order."""
    by_item: dict[str, list[Outcome]] = defaultdict(list)
    for row in rows:
        by_item[row.item.id].append(row)
    cells = {}
    for key, item in task.items.items():
        found = by_item.get(item.id, [])
        asked = [SampleKey(made.task.name, item.id, row.sample) for row in found]
        cells[item.id] = Cell(
            key=key,
            score=item.score,
            verdicts=tuple(_verdict(row, made) for row in found),
            samples=tuple(row.sample for row in found),
            places=tuple((prompts[at], completions[at][0]) for at in asked),
            tokens=tuple(row.completion_tokens or None for row in found),
        )
    return cells


def _verdict(row: Outcome, made: TaskManifest) -> str:
    if row.failed:
        return "error"
    if row.grade is None:
        return "ungraded"
    blank = made.task.scoring == "amc" and 0 < amc_points(row.grade) < AMC_RIGHT
    return "blank" if blank else row.grade.verdict


def _tokens(rows: list[Outcome]) -> float | None:
    known = [row.completion_tokens for row in rows if not row.failed and row.completion_tokens]
    return median(known) if known else None


def _cost(summary: TaskSummary) -> float | None:
    """US dollars for 1,000 items; None where not known, or where another run had paid for a part."""
    if summary.cost is None or summary.from_cache or not summary.items:
        return None
    return 1_000 * summary.cost / summary.items
