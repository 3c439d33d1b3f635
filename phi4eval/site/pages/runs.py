"""What was run, with what? A page a run with its manifest, and their list."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from phi4eval.site.pages import Page
from phi4eval.site.records import RunPage, Site

_LONG = {"template", "target", "choices", "notes", "description"}


def pages(site: Site) -> Iterator[Page]:
    """runs/index.html and runs/ID.html."""
    boards = {board.name: board for board in site.tasks}
    yield Page(
        path="runs/index.html", title="Runs", template="runs.html", values={"site": site, "boards": boards}
    )
    for page in site.runs:
        yield Page(
            path=f"runs/{page.slug}.html",
            title=f"Run {page.manifest.run_id}",
            template="run.html",
            values={"site": site, "page": page, "boards": boards, "manifest": manifest_text(page)},
        )


def manifest_text(page: RunPage) -> str:
    """The manifest as JSON, without the task definitions, which the tasks' pages show."""
    built = msgspec.to_builtins(page.manifest)
    for task in built["tasks"]:
        task["task"] = {name: value for name, value in task["task"].items() if name not in _LONG}
    return msgspec.json.format(msgspec.json.encode(built, order="sorted"), indent=2).decode()
