"""How are the numbers made? The formulas in words, with the bounds that this build used."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.site.board import ALPHA, SHARED
from phi4eval.site.pages import Page
from phi4eval.site.records import Site


def pages(site: Site) -> Iterator[Page]:
    """method.html."""
    values = {"site": site, "alpha": ALPHA, "shared": SHARED}
    yield Page(path="method.html", title="How the numbers are made", template="method.html", values=values)
