"""Which model stands where? The first page: a row a model, a column a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import msgspec

from phi4eval.comparison.published import PublishedScore
from phi4eval.site.pages import Page
from phi4eval.site.records import Entry, Measured, Site, TaskBoard
from phi4eval.stats.rank import Rank
from phi4eval.types import CLEAN, LEAKS


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at a model and a task."""

    measured: Measured | None = None
    published: PublishedScore | None = None
    rank: Rank | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A model with its scores on a table's tasks; the last columns are over all of these tasks."""

    entry: Entry
    scores: tuple[Score, ...]
    cost: float | None
    tokens: float | None
    cut: float | None
    found: int | None
    scanned: int
    items: int


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Some tasks with all models that have a score on one of them."""

    name: str
    caption: str
    boards: tuple[TaskBoard, ...]
    rows: tuple[Row, ...]


def pages(site: Site) -> Iterator[Page]:
    """index.html."""
    tables = [
        table_of(site, "measured", "Benchmarks run here, with published scores beside them", _run),
        table_of(
            site,
            "samples",
            "Sample sets written for phi4eval: they try the program out, they rank no model",
            _sample,
        ),
        table_of(site, "published", "Benchmarks that were only published, not run here", _published),
    ]
    yield Page(
        path="index.html",
        title=site.title,
        template="index.html",
        values={
            "site": site,
            "sources": _sources(site),
            "tables": [table for table in tables if table.rows],
        },
    )


def _sources(site: Site) -> list[str]:
    return sorted({score.source for entry in site.entries for score in entry.published.values()})


def _run(board: TaskBoard) -> bool:
    return bool(board.measured) and board.task is not None and not board.task.sample


def _sample(board: TaskBoard) -> bool:
    return bool(board.measured) and board.task is not None and board.task.sample


def _published(board: TaskBoard) -> bool:
    return not board.measured


def table_of(site: Site, name: str, caption: str, chosen: object) -> Table:
    """The table of the tasks that are chosen, models best on the first task first."""
    assert callable(chosen)
    boards = tuple(board for board in site.tasks if chosen(board))
    rows = [_row(entry, boards) for entry in site.entries if _has(entry, boards)]
    return Table(name=name, caption=caption, boards=boards, rows=tuple(sorted(rows, key=_order)))


def _has(entry: Entry, boards: Sequence[TaskBoard]) -> bool:
    return any(board.name in entry.measured or board.name in entry.published for board in boards)


def _order(row: Row) -> tuple[list[float], bool, str]:
    """Best on the first task first, whoever measured it; without a score there, last."""
    values = [
        -s.measured.score.mean
        if s.measured and s.measured.score
        else -s.published.score
        if s.published
        else 1.0
        for s in row.scores
    ]
    return values, not row.entry.ours, row.entry.name


def _row(entry: Entry, boards: Sequence[TaskBoard]) -> Row:
    scores = tuple(
        Score(
            measured=entry.measured.get(board.name),
            published=entry.published.get(board.name),
            rank=board.ranks.get(entry.measured[board.name].run) if board.name in entry.measured else None,
        )
        for board in boards
    )
    measured = [score.measured for score in scores if score.measured is not None]
    tokens = [t for m in measured for cell in m.cells.values() for t in cell.tokens if t is not None]
    costs = [m.cost for m in measured if m.cost is not None]
    done = sum(m.summary.done for m in measured)
    seen = [m.exposure.verdicts for m in measured if m.exposure is not None]
    return Row(
        entry=entry,
        scores=scores,
        cost=sum(costs) / len(costs) if costs and len(costs) == len(measured) else None,
        tokens=median(tokens) if tokens else None,
        cut=sum(m.cut * m.summary.done for m in measured) / done if done else None,
        found=sum(_count(verdicts, LEAKS) for verdicts in seen) if seen else None,
        scanned=sum(_count(verdicts, (*LEAKS, *CLEAN)) for verdicts in seen),
        items=sum(m.manifest.items for m in measured),
    )


def _count(verdicts: dict[str, int], kinds: Sequence[str]) -> int:
    return sum(verdicts.get(kind, 0) for kind in kinds)
