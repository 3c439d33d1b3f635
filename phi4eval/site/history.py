"""How do the scores of a training run move over its steps? One page from a watch's history."""

from __future__ import annotations

from pathlib import Path

from phi4eval.comparison.words import scale
from phi4eval.history import History, Judged, Standing
from phi4eval.lines import write_atomically
from phi4eval.site.charts import Line, Point, lines
from phi4eval.site.gather import shares_of
from phi4eval.site.page import render

PAGE = "index.html"
TAGS: dict[Standing, str] = {
    "first": "ours",
    "pass": "ours",
    "fail": "bad",
    "inconclusive": "warn",
    "invalid": "bad",
    "incomplete": "warn",
    "error": "bad",
}


def write_history(history: History) -> Path:
    """Write the page beside the history it shows; the same history gives the same bytes."""
    target = history.folder / PAGE
    write_atomically(target, history_page(history).encode("utf-8", "backslashreplace"))
    return target


def history_page(history: History) -> str:
    """The whole page: a chart a unit, then every checkpoint with its verdict. It links to nothing outside."""
    entries = history.current()
    good = [entry for entry in entries if entry.good]
    return render(
        "history.html",
        path=PAGE,
        title=f"Checkpoints of {Path(history.checkpoints or '').name or 'a training run'}",
        entries=entries,
        good=good[-1] if good else None,
        tasks=tuple(dict.fromkeys(point.task for entry in entries for point in entry.points)),
        charts=[chart for chart in (_chart(entries, "share"), _chart(entries, "points")) if chart],
        undrawn=[entry.checkpoint for entry in entries if entry.step is None and entry.points],
        tags=TAGS,
        shares=shares_of,
        ran={(line.checkpoint, line.state): line for line in history.ran},
        folder=str(history.checkpoints or ""),
    )


def _chart(entries: tuple[Judged, ...], unit: str) -> str:
    """The tasks of a unit over the steps; empty where none has it. Without a step there is no place."""
    tasks: dict[str, list[Point]] = {}
    for entry in entries:
        for point in entry.points:
            if point.unit == unit and entry.step is not None:
                shown = shares_of(point.score, point.unit)
                tasks.setdefault(point.task, []).append(
                    Point(step=entry.step, mean=shown.mean, low=shown.low, high=shown.high)
                )
    if not tasks:
        return ""
    return lines(
        [Line(label=task, points=tuple(points)) for task, points in tasks.items()],
        title="Scores over training steps",
        describe="A line a task, each value with its 95 % interval; the table below has the numbers.",
        unit="%" if unit == "share" else "points of 150",
        scale=scale("share" if unit == "share" else "points"),
    )
