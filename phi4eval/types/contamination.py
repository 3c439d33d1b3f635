"""What a scan of a training corpus, and the dates, say of the items of a run."""

from __future__ import annotations

from typing import Literal

import msgspec

from phi4eval.types.figures import SCHEMA, Interval

PairVerdict = Literal["exact", "near", "partial", "template", "weak", "common-only"]
ItemVerdict = Literal["exact", "near", "partial", "template", "weak", "common-only", "clean", "unscannable"]
RunVerdict = Literal[
    "exact", "near", "partial", "template", "weak", "common-only", "clean", "unscannable", "unknown"
]
"""The verdicts of a scan, and `unknown` for an item of the run that the scan did not look for."""

LEAKS: tuple[ItemVerdict, ...] = ("exact", "near", "partial")
"""Verdicts that say the item, or a good part of it, stands in the corpus."""

CLEAN: tuple[ItemVerdict, ...] = ("template", "weak", "common-only", "clean")
"""Verdicts of items that were looked for and of which no leak was found."""

OVERLAPS: tuple[RunVerdict, ...] = (*LEAKS, *CLEAN, "unscannable", "unknown")
"""All verdicts, the strongest first. The last two are neither clean nor leaked."""

Side = Literal["question", "question+answer", "answer"]

DateEvidence = Literal["possible by date", "published after cutoff", "published after release", "unknown"]
"""What publication, cutoff and release say. `possible`: the item was public before the model's data ended."""


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the corpus where an item was found.

    doc_id: the document's id, or `file:line`. record: its position in the file, from 0. start, end:
    characters of the document's text; byte_start, byte_end: the same in its UTF-8. item_start, item_end:
    characters of the item's text. run: longest run of words in common; coverage, lcs, numbers: shares of 1,
    None under a rule that does not measure them. excerpt, diff (`=` the same, `-` only the item, `+` only the
    document): None for tasks whose authors ask that items not be shown, since they hold the item's words.
    """

    doc_id: str
    file: str
    record: int
    start: int
    end: int
    byte_start: int
    byte_end: int
    item_start: int
    item_end: int
    rule: str
    verdict: PairVerdict
    side: Side
    score: float
    run: int | None = None
    coverage: float | None = None
    lcs: float | None = None
    numbers: float | None = None
    excerpt: str | None = None
    diff: tuple[tuple[str, str], ...] | None = None


class ItemOverlap(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan says of one item of a run.

    side: which text of the item was found, None where nothing was. score: of the best evidence, 0..1.
    documents: those with a leak of it. rules: what further rules say. evidence: the strongest first.
    """

    task: str
    item: str
    verdict: ItemVerdict
    side: Side | None = None
    score: float = 0.0
    documents: int = 0
    rules: dict[str, str] = {}
    evidence: tuple[Overlap, ...] = ()


class ScanFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Which scan spoke. digest: of its items and summary; index: of the items looked for.

    rule: the one that the verdicts are under; rules: all that were run. corpora: its first files by name,
    of `files`. text_bytes: of the documents' texts that were read; bytes_read of bytes_total: sizes of the
    files that were read to their end, and of all.
    """

    digest: str
    index: str
    tokens: str
    rule: str
    rules: tuple[str, ...]
    corpora: tuple[str, ...]
    files: int
    documents: int
    text_bytes: int
    bytes_read: int
    bytes_total: int


class RunContamination(msgspec.Struct, frozen=True, kw_only=True):
    """contamination.json of a run: a scan, and its verdict on every item of the run that it looked for.

    altered: items of the run (`task/item`) of that name in the scan whose question there has other words:
    their verdict is not used.
    """

    schema: int = SCHEMA
    scan: ScanFacts
    items: tuple[ItemOverlap, ...]
    altered: tuple[str, ...] = ()

    def of(self, task: str) -> dict[str, ItemOverlap]:
        """What is known of a task's items, by item id."""
        return {row.item: row for row in self.items if row.task == task}


class SweepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A task split at another threshold: leaked are items whose best overlap scores at least that much.

    Items whose overlap is a template or common words stay clean at every threshold.
    """

    threshold: float
    clean: Interval | None
    leaked: Interval | None
    clean_items: int
    leaked_items: int
    p: float | None = None


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """A task's score with and without the items that stand in the scanned corpus.

    verdicts: items by verdict, every verdict named. clean, leaked: score on such items, None without any;
    clean_items, leaked_items: how many were scored. difference: leaked minus clean in the score's unit, and
    its permutation p; None where refused says why not. meaning: the finding in words, with how much was read
    under which rule. A difference is no measure of the leak's effect: leaked items may be easier ones.
    """

    scan: ScanFacts
    verdicts: dict[str, int]
    clean: Interval | None
    leaked: Interval | None
    clean_items: int
    leaked_items: int
    difference: Interval | None = None
    p: float | None = None
    refused: str | None = None
    meaning: str
