"""What does one document say about each item? Rows of the alignment become findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination import judge
from phi4eval.contamination.bulk import words_of
from phi4eval.contamination.edges import has_edge, stands_alone
from phi4eval.contamination.evidence import excerpt, word_diff
from phi4eval.contamination.frequency import is_own, without_common
from phi4eval.contamination.index import ANSWER, CHOICES, QUESTION, UNDRAWN, WEIGHT_SCALE, Index, utf8
from phi4eval.contamination.records import Finding, Measures
from phi4eval.types import LEAKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ANSWER_REACH = 400
"""Bytes after a question in which a short answer counts as leaked with it."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text in a buffer of many: bytes [begin, end) of data."""

    doc_id: str
    record: int
    data: NDArray[Any]
    begin: int
    end: int

    def text(self, start: int, end: int) -> bytes:
        """The UTF-8 of bytes [start, end) of the text."""
        return bytes(self.data[self.begin + start : min(self.begin + end, self.end)])

    def chars(self, at: int, start: int = 0) -> int:
        """Characters between two bytes of the text."""
        part = self.data[self.begin + start : self.begin + at]
        return int(((part & 0xC0) != 0x80).sum())


def measures(row: NDArray[Any]) -> Measures:
    """A row's integers as shares."""
    from phi4eval.contamination import align as a

    total, words, numbers = int(row[a.TOTAL]), int(row[a.ALL_WORDS]), int(row[a.ALL_NUMBERS])
    return Measures(
        coverage=round(int(row[a.WEIGHT]) / total, 4),
        lcs=round(int(row[a.MATCHED]) / int(row[a.LENGTH]), 4),
        run=int(row[a.RUN]),
        run_nats=round(int(row[a.RUN_WEIGHT]) / WEIGHT_SCALE, 2),
        matched=int(row[a.MATCHED]),
        length=int(row[a.LENGTH]),
        span=int(row[a.SPAN]),
        words=round(int(row[a.WORDS]) / words, 4) if words else 1.0,
        numbers=round(int(row[a.NUMBERS]) / numbers, 4) if numbers else 1.0,
        numbers_total=numbers,
        changed=int(row[a.CHANGED]),
        nats=round(int(row[a.WEIGHT]) / WEIGHT_SCALE, 2),
        distinct=round(int(row[a.DISTINCT]) / WEIGHT_SCALE, 2),
    )


def align_findings(
    document: Document, rows: NDArray[Any], blocks: NDArray[Any], index: Index
) -> list[Finding]:
    """The findings of the `align` rule in one document: at most one an item, and one item a span."""
    from phi4eval.contamination import align as a

    found: dict[int, list[tuple[Finding, int]]] = {}
    for row in rows:
        unit = index.units[int(row[a.UNIT])]
        first = int(row[a.FIRST_BLOCK])
        finding = _judged(document, row, blocks[first : first + int(row[a.BLOCKS])], index)
        if finding is not None:
            found.setdefault(unit.item, []).append((finding, unit.side))
    best = [_best_of_item(document, each, index) for each in found.values()]
    return [
        _with_diff(with_text(finding, document), document, index) for finding in judge.one_item_per_span(best)
    ]


def _judged(document: Document, row: NDArray[Any], blocks: NDArray[Any], index: Index) -> Finding | None:
    from phi4eval.contamination import align as a

    how = measures(row)
    # where and whose the words are takes longest to see, and many rows say nothing whatever that is
    if judge.judge(msgspec.structs.replace(how, own=True, edge=True, alone=True)) is None:
        return None
    unit = index.units[int(row[a.UNIT])]
    runs = tuple((int(b[0]), int(b[1]), int(b[2]), int(b[3])) for b in blocks)
    start, end = int(row[a.BYTE_START]), int(row[a.BYTE_END])
    if is_own(int(row[a.UNIT]), runs, index, index.arrays["seed_common"]):
        edge, alone = has_edge(document.text, runs, how.length), stands_alone(document.text, runs, how.length)
        how = msgspec.structs.replace(how, own=True, edge=edge, alone=alone)
    verdict = judge.judge(how)
    if verdict in ("partial", "weak"):
        rest = without_common(how, int(row[a.UNIT]), runs, index, index.arrays["seed_common"])
        verdict = judge.judge(rest) if rest.matched else None
    if verdict is None or (unit.side == CHOICES and not judge.is_dense(how)):
        return None
    if unit.side in (CHOICES, UNDRAWN) and verdict in LEAKS:
        verdict = "partial"
    return Finding(
        doc_id=document.doc_id,
        item_id=index.items[unit.item].item_id,
        score=how.coverage,
        verdict=verdict,
        rule="align",
        start=start,
        end=end,
        record=document.record,
        side="question" if unit.side in (QUESTION, UNDRAWN) else "answer",
        byte_start=start,
        byte_end=end,
        measures=how,
        unit=int(row[a.UNIT]),
        blocks=runs,
    )


def _best_of_item(document: Document, found: list[tuple[Finding, int]], index: Index) -> Finding:
    """The strongest finding of one item, on which side(s) it leaked."""
    found = sorted(found, key=lambda pair: judge.strength(pair[0]))
    questions = [finding for finding, side in found if side == QUESTION]
    undrawn = [finding for finding, side in found if side == UNDRAWN]
    if undrawn and not (questions and (questions[0].verdict in LEAKS or questions[0].verdict == "template")):
        questions = undrawn
    others = [f for f, side in found if side in (CHOICES, ANSWER) and f.verdict in LEAKS]
    if not questions:
        return found[0][0]
    best = questions[0]
    if others and best.verdict not in LEAKS and best.verdict != "template":
        return others[0]
    answered = bool(others) or _short_answer_follows(document, best, index)
    return msgspec.structs.replace(best, side="question+answer" if answered else "question")


def _short_answer_follows(document: Document, finding: Finding, index: Index) -> bool:
    """Whether an answer too short to be a unit stands soon after the question."""
    answer = index.items[index.units[finding.unit].item].answer
    wanted = words_of(utf8(answer)) if answer else []
    if not wanted or len(wanted) >= 10 or finding.verdict not in LEAKS:
        return False
    words = words_of(document.text(finding.byte_end, finding.byte_end + _ANSWER_REACH))
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def with_text(finding: Finding, document: Document) -> Finding:
    """A finding with its span in characters, its record and its excerpt."""
    start = document.chars(finding.byte_start)
    end = start + document.chars(finding.byte_end, finding.byte_start)
    text = document.text(finding.byte_start, finding.byte_end).decode("utf-8", "replace")
    return msgspec.structs.replace(
        finding, start=start, end=end, record=document.record, excerpt=excerpt(text)
    )


def _with_diff(finding: Finding, document: Document, index: Index) -> Finding:
    """A finding with its word diff, its blocks in characters and its span in the item."""
    arrays = index.arrays
    at = int(arrays["unit_at"][finding.unit])
    words = words_of(utf8(index.units[finding.unit].text))[: int(arrays["unit_at"][finding.unit + 1]) - at]
    diff = word_diff(words, document.text(0, finding.byte_end), finding.blocks)
    first, last = finding.blocks[0], finding.blocks[-1]
    blocks = []
    char, byte = finding.start, finding.byte_start
    for word, start, end, count in finding.blocks:
        begin = char + document.chars(start, byte)
        char, byte = begin + document.chars(end, start), end
        blocks.append((word, begin, char, count))
    return msgspec.structs.replace(
        finding,
        blocks=tuple(blocks),
        diff=diff,
        item_start=int(arrays["token_start"][at + first[0]]),
        item_end=int(arrays["token_end"][at + last[0] + last[3] - 1]),
    )


__all__ = ["ANSWER", "Document", "align_findings", "measures", "with_text"]
