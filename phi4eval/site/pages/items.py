"""What was asked, and what did each model answer? A page an item, and each task's grid."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import combinations

import msgspec

from phi4eval.seeds import content_hash
from phi4eval.site.evidence import Evidence, Reader
from phi4eval.site.pages import Page
from phi4eval.site.records import Cell, ItemPage, Measured, Site, TaskBoard

WEIGHT = 220_000
"""Bytes of the rows of a grid on one page."""

CHOOSABLE = 12
"""Runs among which a reader may choose two on an item's page."""


class GridCell(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did on one item. kind: a verdict, or `part` for some samples of several."""

    kind: str
    text: str


class GridRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item across runs. right: share of all samples that are right, None where nothing is scored."""

    page: ItemPage
    cells: tuple[GridCell | None, ...]
    right: float | None
    differs: bool


def pages(site: Site, reader: Reader, *, code: str) -> Iterator[Page]:
    """grids/TASK.html (and TASK-2.html, ... for large tasks), items/TASK/ITEM.html."""
    digests = {page.slug: page.digest for page in site.runs}
    for board in site.tasks:
        if not board.every:
            continue
        rows = [_row(page, board) for page in board.items]
        yield from _grids(site, board, rows)
        key = content_hash(
            [
                code,
                board.name,
                [digests[m.run] for m in board.every],
                [scan.digest for scan in site.scans],
            ],
            length=32,
        )
        yield from _items(site, board, rows, reader, key)


def _grids(site: Site, board: TaskBoard, rows: list[GridRow]) -> Iterator[Page]:
    longest = max((len(row.page.item.id) for row in rows), default=0)
    size = max(20, WEIGHT // (220 + longest * 2 + 32 * len(board.every)))
    starts = range(0, len(rows), size)
    names = [f"{board.slug}{f'-{i + 1}' if i else ''}.html" for i in range(len(starts))]
    for start, name in zip(starts, names, strict=True):
        yield Page(
            path=f"grids/{name}",
            title=f"{board.title}: item by item",
            template="grid.html",
            values={
                "site": site,
                "board": board,
                "rows": rows[start : start + size],
                "parts": [
                    (other, i * size + 1, min(len(rows), (i + 1) * size)) for i, other in enumerate(names)
                ],
                "name": name,
            },
        )


def _row(page: ItemPage, board: TaskBoard) -> GridRow:
    cells = [_cell(m, page.key) for m in board.every]
    scores = [cell.score for cell in cells if cell is not None and cell.score is not None]
    shown = tuple(None if cell is None else _grid_cell(cell) for cell in cells)
    return GridRow(
        page=page,
        cells=shown,
        right=sum(scores) / len(scores) if scores else None,
        differs=len(set(scores)) > 1,
    )


def _cell(measured: Measured, key: str) -> Cell | None:
    item = measured.scores.items.get(key)
    return None if item is None else measured.cells.get(item.id)


def _grid_cell(cell: Cell) -> GridCell:
    from phi4eval.site.phrases import VERDICT_WORDS

    kinds = set(cell.verdicts)
    if not kinds:
        return GridCell(kind="ungraded", text="missing")
    if len(cell.verdicts) == 1:
        return GridCell(kind=cell.verdicts[0], text=VERDICT_WORDS[cell.verdicts[0]])
    right = cell.verdicts.count("correct")
    kind = next(iter(kinds)) if len(kinds) == 1 else "part" if right else "incorrect"
    return GridCell(kind=kind, text=f"{right}/{len(cell.verdicts)}")


def _items(site: Site, board: TaskBoard, rows: list[GridRow], reader: Reader, key: str) -> Iterator[Page]:
    ahead_of = apart(rows)
    for at, row in enumerate(rows):
        ahead = (rows[i % len(rows)] for i in range(at + 1, at + len(rows)))
        yield Page(
            path=f"items/{board.slug}/{row.page.slug}.html",
            title=f"{board.title}: {row.page.item.id}",
            template="item.html",
            values={
                "site": site,
                "board": board,
                "row": row,
                "number": at + 1,
                "before": rows[at - 1].page if at else None,
                "after": rows[at + 1].page if at + 1 < len(rows) else None,
                "disagree": next((other.page for other in ahead if other.differs), None),
                "ahead": {"runs": [m.run for m in board.every], "next": ahead_of[at]} if ahead_of else None,
                "evidence": _Later(board, row.page, reader),
            },
            key=key,
        )


def apart(rows: list[GridRow]) -> list[list[str]]:
    """For each item and pair of runs (0-1, 0-2, ..., 1-2, ...): the next item's file on which they disagree.

    Around the end; "" where there is none. Nothing for a single run or for very many.
    """
    runs = len(rows[0].cells) if rows else 0
    if not 2 <= runs <= CHOOSABLE:
        return []
    ahead: list[list[str]] = [[] for _ in rows]
    for a, b in combinations(range(runs), 2):
        where = [i for i, row in enumerate(rows) if row.cells[a] != row.cells[b]]
        for at in range(len(rows)):
            after = bisect_right(where, at)
            found = where[after % len(where)] if where else at
            ahead[at].append("" if found == at else f"{rows[found].page.slug}.html")
    return ahead


class _Later:
    """An item's evidence, read only when its page is really made."""

    def __init__(self, board: TaskBoard, page: ItemPage, reader: Reader) -> None:
        self._asked = (board, page, reader)

    def __call__(self) -> Evidence | None:
        """The evidence; None for a task whose items are hidden."""
        board, page, reader = self._asked
        return None if board.hidden else reader.evidence(board, page)
