"""What a scan is asked and what it finds: items, findings, counts, verdicts."""

from __future__ import annotations

from typing import Literal

import msgspec

from phi4eval.types import CLEAN, LEAKS, ItemVerdict
from phi4eval.types.contamination import PairVerdict, Side

SCHEMA = 1
"""Version of every file that a scan writes."""

RuleName = Literal["align", "phi4", "gpt3", "palm"]
RULES: tuple[RuleName, ...] = ("align", "phi4", "gpt3", "palm")

VERDICTS: tuple[ItemVerdict, ...] = (*LEAKS, *CLEAN, "unscannable")
"""All verdicts, the strongest first."""


class ScanItem(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A benchmark item as the checker needs it. item_id: unique among the items of one index."""

    item_id: str
    question: str
    choices: tuple[str, ...] = ()
    answer: str | None = None


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """How an item and a span of a document agree.

    coverage: share of the item's information (IDF weights) that is matched in order. lcs: matched words
    over the item's words (length); span: words between the first and the last of them in the document. run:
    longest run of words without a gap on either side, run_nats: its information. words, numbers: share of
    the item's words of three letters and more, and of its numbers, that are matched. changed: of
    numbers_total, those that stand in the document with another value. nats: information of the matched
    words, distinct: the same with each word once. own: five of them in a row stand in no other item. edge:
    the span begins with the item's first word at a break of the document (a sentence's or a line's end), or
    ends with its last at one. alone: the longest run does one of these, and lies between two breaks.
    """

    coverage: float
    lcs: float
    run: int
    run_nats: float
    matched: int
    length: int
    span: int
    words: float
    numbers: float
    numbers_total: int
    changed: int
    nats: float
    distinct: float = 0.0
    own: bool = False
    edge: bool = False
    alone: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One document and one item that it contains, or a part or a variant of it.

    doc_id: the record's id field, or `file:line`. record: position of the record in its file (from 0; -1
    where it is still relative to a part of the file). start, end: character offsets in the document's text;
    byte_start, byte_end: the same in its UTF-8. item_start, item_end: character offsets in the item's text.
    blocks: matched runs as (word of the item, characters [start, end) of the document, words). diff: the item
    and the document word by word, `=` the same, `-` only in the item, `+` only in the document.
    """

    doc_id: str
    item_id: str
    score: float
    verdict: PairVerdict
    rule: RuleName
    start: int
    end: int
    file: str = ""
    record: int = -1
    side: Side = "question"
    byte_start: int = 0
    byte_end: int = 0
    item_start: int = 0
    item_end: int = 0
    measures: Measures | None = None
    unit: int = -1
    blocks: tuple[tuple[int, int, int, int], ...] = ()
    excerpt: str = ""
    diff: tuple[tuple[str, str], ...] = ()
    note: str = ""


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of items.jsonl: an item's verdict with its best evidence.

    question: digest of the question's words, by which a run knows whether its item is this one.
    """

    item_id: str
    question: str
    verdict: ItemVerdict
    side: Side | None
    score: float
    documents: int
    rules: dict[str, str]
    evidence: tuple[Finding, ...]
    wording: str
