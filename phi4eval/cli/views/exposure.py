"""Scores with and without leaked items, and what the dates say, in the result block and as a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from phi4eval.cli.console import table
from phi4eval.cli.views.numbers import count, interval_decimals, score_text
from phi4eval.types import Exposure, Interval, SweepPoint, TaskSummary


def exposure_texts(tasks: Iterable[TaskSummary]) -> Iterator[str]:
    """A sentence or two a task that a scan was joined for, then one on the dates of all tasks."""
    tasks = list(tasks)
    for task in tasks:
        if task.exposure is not None:
            yield from _task_texts(task, task.exposure)
    by_date: dict[str, list[str]] = {}
    for task in tasks:
        for said, items in task.dates.items():
            part = "" if items == task.items else f" ({count(items)} of {count(task.items)} items)"
            by_date.setdefault(said, []).append(f"{task.task}{part}")
    if by_date:
        parts = (f"{said}: {', '.join(names)}" for said, names in sorted(by_date.items()))
        yield f"contamination by dates: {'; '.join(parts)}"


def _task_texts(task: TaskSummary, found: Exposure) -> Iterator[str]:
    yield f"{task.task}: {found.meaning}"
    if any(found.verdicts.get(verdict) for verdict in ("unknown", "unscannable")):
        parts = [f"{count(found.verdicts[v])} {v}" for v in ("unknown", "unscannable") if found.verdicts[v]]
        yield f"{task.task}: neither clean nor leaked: {', '.join(parts)} items"
    if not found.leaked_items:
        return
    sides = [f"{name} items {side_text(task, *side)}" for name, side in _sides(found).items()]
    yield f"{task.task}: {'; '.join(sides)}; {difference_text(task, found)}"


def _sides(found: Exposure) -> dict[str, tuple[Interval | None, int]]:
    return {"clean": (found.clean, found.clean_items), "leaked": (found.leaked, found.leaked_items)}


def side_text(task: TaskSummary, score: Interval | None, items: int) -> str:
    """`80.2 % [76.6, 83.8] (n 120)`."""
    return f"{score_text(score, task.unit) if score else 'no score'} (n {count(items)})"


def difference_text(task: TaskSummary, found: Exposure) -> str:
    """`leaked minus clean +14.2 [3.0, 25.1], p 0.003`, or why there is none."""
    if found.difference is None or found.p is None:
        return found.refused or "no difference"
    gap, scale = found.difference, 100.0 if task.unit == "share" else 1.0
    digits = interval_decimals(gap, task.unit)
    mean, low, high = (f"{scale * x:+.{digits}f}".replace("-", "−") for x in (gap.mean, gap.low, gap.high))
    p = "p < 0.001" if found.p < 0.001 else f"p {found.p:.3f}"
    return f"leaked minus clean {mean} [{low}, {high}], permutation {p}"


def report_lines(tasks: Iterable[TaskSummary], *, width: int) -> list[str]:
    """Every task's score on all, clean and leaked items."""
    rows = []
    for task in tasks:
        found = task.exposure
        if found is None:
            continue
        rows.append(
            (task.task, "all", count(task.items), score_text(task.score, task.unit) if task.score else "none")
        )
        for name, (score, items) in _sides(found).items():
            rows.append(("", name, count(items), score_text(score, task.unit) if score else "none"))
    return table(("task", "items", "n", "score, 95 % interval"), rows, width=width, wrap=3, right=(2,))


def sweep_lines(
    tasks: Iterable[TaskSummary], sweeps: Mapping[str, Sequence[SweepPoint]], *, width: int
) -> list[str]:
    """A row a task and threshold: what the scores would be if an item were leaked from there on."""
    rows = [
        (
            task.task,
            f"{point.threshold:.1f}",
            side_text(task, point.clean, point.clean_items),
            side_text(task, point.leaked, point.leaked_items),
            "" if point.p is None else f"{point.p:.3f}",
        )
        for task in tasks
        for point in sweeps.get(task.task, ())
    ]
    header = ("task", "from", "clean items", "leaked items", "p")
    return table(header, rows, width=width, wrap=3, right=(1, 4))
