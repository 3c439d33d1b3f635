"""What is a model, and what did it score? A page a model, and their list."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from phi4eval.site.charts import Mark, interval_bars
from phi4eval.site.pages import Page
from phi4eval.site.records import Entry, Site, TaskBoard


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
                "chart": _chart(entry, boards),
                "runs": [runs[name] for name in entry.runs],
                "twins": _twins(entry, site),
            },
        )


def _chart(entry: Entry, boards: dict[str, TaskBoard]) -> Markup:
    """All scores of a model on one axis; AMC points as shares of 150."""
    marks = [
        Mark(label=boards[task].title, mean=m.score.mean, low=m.score.low, high=m.score.high)
        for task, m in entry.measured.items()
        if m.score is not None
    ]
    marks += [Mark(label=boards[task].title, mean=s.score) for task, s in entry.published.items()]
    return interval_bars(
        marks,
        title=f"Scores of {entry.name}",
        describe="A dot a task, with its 95 % interval where there is one, in percent of the most.",
    )


def _twins(entry: Entry, site: Site) -> list[Entry]:
    """The same model under another provenance or another set of weights."""
    name = entry.name.partition(" @ ")[0]
    return [e for e in site.entries if e is not entry and e.name.partition(" @ ")[0] == name]
