"""How do the models stand on one task, and what is the task? A page a task, and their list."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.site.pages import Page
from phi4eval.site.records import Site, TaskBoard


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
                "published": [entry for entry in site.entries if board.name in entry.published],
            },
        )


def first_item(board: TaskBoard) -> str | None:
    """The slug of the item that stands for the task."""
    return board.items[0].slug if board.items else None
