"""Where are the numbers to compute with? CSV and JSON files, and a page that explains their columns."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from phi4eval.site.pages import Page
from phi4eval.site.records import Site
from phi4eval.site.tables import (
    ITEM_COLUMNS,
    SCORE_COLUMNS,
    Scores,
    csv_bytes,
    item_rows,
    json_bytes,
    score_rows,
)


def pages(site: Site) -> Iterator[Page]:
    """data/index.html, data/scores.csv, data/scores.json and data/items-TASK.csv."""
    rows = score_rows(site)
    boards = [board for board in site.tasks if board.every]
    yield Page(
        path="data/index.html",
        title="Data",
        template="data.html",
        values={
            "site": site,
            "boards": boards,
            "scores": SCORE_COLUMNS,
            "items": ITEM_COLUMNS,
            "rows": len(rows),
        },
    )
    table = [list(msgspec.to_builtins(row).values()) for row in rows]
    yield Page(path="data/scores.csv", data=csv_bytes(list(SCORE_COLUMNS), table))
    yield Page(path="data/scores.json", data=json_bytes(Scores(title=site.title, rows=rows)))
    for board in boards:
        yield Page(path=f"data/items-{board.slug}.csv", data=csv_bytes(list(ITEM_COLUMNS), item_rows(board)))
