"""How do the models stand on one task, and what is the task? A page a task, and their list."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from phi4eval.comparison.paired import TaskComparison
from phi4eval.site.pages import Page
from phi4eval.site.records import Entry, Pair, Site, TaskBoard

LARGEST = 15
"""Models in the matrix of pairs."""


def pages(site: Site) -> Iterator[Page]:
    """tasks/index.html and tasks/NAME.html."""
    yield Page(
        path="tasks/index.html",
        title="Tasks",
        template="tasks.html",
        values={"site": site, "boards": site.tasks},
    )
    for board in site.tasks:
        yield Page(
            path=f"tasks/{board.slug}.html",
            title=board.title,
            template="task.html",
            values={
                "site": site,
                "board": board,
                "entries": {m.run: entry for entry in site.entries for m in entry.measured.values()},
                "matrix": matrix_of(site, board),
                "published": [entry for entry in site.entries if board.name in entry.published],
            },
        )


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """Every model against every other on a task: row minus column, None on the diagonal or without a pair."""

    entries: tuple[Entry, ...]
    cells: tuple[tuple[Versus | None, ...], ...]


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """One pair: its page, and the comparison. sign: -1 where the page has them the other way round."""

    pair: Pair
    task: TaskComparison
    sign: int

    @property
    def difference(self) -> float:
        """Row minus column, a share of 1."""
        return self.sign * self.task.delta.difference


def matrix_of(site: Site, board: TaskBoard) -> Matrix | None:
    """The matrix of the first models of a leaderboard; None for fewer than two."""
    by_run = {m.run: entry for entry in site.entries for m in entry.measured.values()}
    entries = tuple(by_run[m.run] for m in board.measured[:LARGEST])
    found: dict[tuple[str, str], Versus] = {}
    for pair in site.pairs:
        for task in pair.tasks:
            if task.task == board.name:
                a, b = pair.baseline.slug, pair.candidate.slug
                found[b, a] = Versus(pair=pair, task=task, sign=1)
                found[a, b] = Versus(pair=pair, task=task, sign=-1)
    if len(entries) < 2 or not found:
        return None
    cells = tuple(tuple(found.get((row.slug, column.slug)) for column in entries) for row in entries)
    return Matrix(entries=entries, cells=cells)
