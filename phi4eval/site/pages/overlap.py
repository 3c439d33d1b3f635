"""What stands in a training corpus? Scores with and without the items that a scan found, and the items."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.site.pages import Page
from phi4eval.site.phrases import scanned
from phi4eval.site.records import Site
from phi4eval.types import LEAKS, OVERLAPS

LISTED = 400
"""Found items of a task that are linked; the grid has all."""


def pages(site: Site) -> Iterator[Page]:
    """contamination.html."""
    boards = [board for board in site.tasks if board.every]
    looked = [board for board in boards if any(scanned(m.exposure) for m in board.measured)]
    yield Page(
        path="contamination.html",
        title="Contamination",
        template="contamination.html",
        values={
            "site": site,
            "boards": looked,
            "unknown": [board for board in boards if board not in looked],
            "dated": [
                (board, m) for board in boards for m in board.measured if set(m.summary.dates) - {"unknown"}
            ],
            "kinds": OVERLAPS,
            "found": {
                board.name: [page for page in board.items if page.leak and page.leak.verdict in LEAKS]
                for board in looked
            },
            "listed": LISTED,
        },
    )
