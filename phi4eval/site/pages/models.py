"""What is a model, and what did it score? A page a model, and their list."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.site.pages import Page
from phi4eval.site.records import Site


def pages(site: Site) -> Iterator[Page]:
    """models/index.html and models/NAME.html."""
    boards = {board.name: board for board in site.tasks}
    yield Page(
        path="models/index.html",
        title="Models",
        template="models.html",
        values={"site": site, "boards": boards},
    )
    runs = {page.slug: page for page in site.runs}
    for entry in site.entries:
        yield Page(
            path=f"models/{entry.slug}.html",
            title=entry.name,
            template="model.html",
            values={
                "site": site,
                "entry": entry,
                "boards": boards,
                "runs": [runs[name] for name in entry.runs],
                "twins": [
                    other for other in site.entries if other is not entry and _twin(other.name, entry.name)
                ],
            },
        )


def _twin(one: str, other: str) -> bool:
    """The same model under another provenance or another set of weights."""
    return one.partition(" @ ")[0] == other.partition(" @ ")[0]
