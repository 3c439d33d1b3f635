"""Which claims of the report do these runs support? The ledger of `phi4eval report` as a page."""

from __future__ import annotations

from collections.abc import Iterator

from phi4eval.claims import make_ledger
from phi4eval.claims import words as claim_words
from phi4eval.site.pages import Page
from phi4eval.site.records import Site

TONES = {"supported": "good", "contradicted": "bad", "undecided": "warn", "not measured": ""}
"""Class of a verdict's tag; the verdict itself is always there in words."""


def pages(site: Site) -> Iterator[Page]:
    """report.html."""
    ledger = make_ledger([page.scores for page in site.runs])
    values = {
        "ledger": ledger,
        "said": claim_words,
        "tones": TONES,
        "places": {page.scores.label: page.slug for page in site.runs},
    }
    yield Page(path="report.html", title="The report's claims", template="report.html", values=values)
