"""Half an item is a part of it; a phrase that many texts share is not; siblings are told apart where they can
be.
"""

from __future__ import annotations

import random

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from benchmarks.contamination_plants import EDITED
from phi4eval.contamination import LEAKS, Finding, Index, ScanItem, build_index, scan
from phi4eval.contamination.edges import has_edge, stands_alone
from phi4eval.contamination.frequency import common_seeds
from phi4eval.contamination.judge import judge
from phi4eval.contamination.report import settled
from tests.contamination.samples import PROSE


def items(*questions: str) -> list[ScanItem]:
    return [ScanItem(item_id=str(number), question=question) for number, question in enumerate(questions)]


LONG = (
    "A glazier cuts 14 panes from every sheet and breaks one pane in twenty on the way. How many sheets must "
    "be ordered, so that a greenhouse of 260 panes can be finished when the last crate arrives half empty?"
)
MIDDLE = "How many panes fit on a sheet of glass when the glazier leaves an inch between them?"
SHORT = "Which enzyme unwinds supercoiled plasmids during early bacterial conjugation transfer?"
OPENING = "Which of the following is true about"
INDEX = build_index(
    items(LONG, MIDDLE, SHORT, f"{OPENING} glaciers?", f"{OPENING} enzymes?", f"{OPENING} quartz?")
)


def found(text: str, index: Index = INDEX) -> list[Finding]:
    return scan(pa.record_batch({"text": [text]}), index).findings


def leaks(text: str, index: Index = INDEX) -> dict[str, str]:
    return {f.item_id: f.verdict for f in found(text, index) if f.verdict in LEAKS}


def paragraph(text: str) -> str:
    return f"{PROSE[0]}\n\n{text}\n\n{PROSE[1]}"


@pytest.mark.parametrize("kind", ["first half", "second half"])
@pytest.mark.parametrize(("item", "question"), [("0", LONG), ("1", MIDDLE), ("2", SHORT)])
def test_half_of_an_item_of_any_length_is_a_part(item: str, question: str, kind: str) -> None:
    half = EDITED[kind](question, random.Random(1))
    assert leaks(paragraph(half)) == {item: "partial"}
    assert leaks(half) == {item: "partial"}
    assert leaks(f'{{"q": "{half}"}}') == {item: "partial"}
    assert leaks(f"<td>{half}</td>") == {item: "partial"}


@pytest.mark.parametrize(
    "text",
    [
        "bacteria know which enzyme unwinds supercoiled plasmids in a test tube",
        "Which enzyme unwinds supercoiled plasmids is a question that nobody at the fair could answer",
        "it was lost during early bacterial conjugation transfer of genes",
    ],
)
def test_five_words_of_an_item_inside_of_another_sentence_are_none(text: str) -> None:
    assert leaks(paragraph(text)) == {}


@pytest.mark.parametrize(
    "text",
    [
        OPENING,
        f"{OPENING}?",
        f"{OPENING} the harbour wall?",
    ],
)
def test_an_opening_that_items_share_is_no_part_of_any(text: str) -> None:
    assert leaks(paragraph(text)) == {}


def test_an_opening_that_no_list_knows_is_no_part_of_any_of_its_items() -> None:
    opening = "Judging by the surveyor's sketch, how far"
    index = build_index(
        items(
            f"{opening} does the quarry reach beyond the old boundary stones?",
            f"{opening} must the brook be moved before any cellar floods?",
            f"{opening} leans the flagpole of the school towards its gymnasium?",
        )
    )
    assert leaks(paragraph(opening), index) == {}
    assert leaks(paragraph(f"{opening} does the quarry reach"), index) == {"0": "near"}


def test_words_that_are_repeated_count_once() -> None:
    index = build_index(items("Solve for x: x - 2x + 3x - 4x + 5x - 6x + 7x - 8x + 9x - 10x = 50."))
    (finding,) = found("x1, x2, x3, x4, x5, x6, x7, x8, x9", index)
    how = finding.measures
    assert how is not None
    assert how.matched > 15
    assert how.distinct < 0.8 * how.nats
    formula = msgspec.structs.replace(
        how, coverage=0.7, nats=25.0, distinct=15.0, own=False, run=9, run_nats=13.0
    )
    assert judge(formula) == "weak"
    assert judge(msgspec.structs.replace(formula, distinct=25.0)) == "near"


TWIN = (
    LONG.partition("How many")[0]
    + "How many whole panes reach the greenhouse from 30 sheets, and how many crates?"
)


def test_a_half_that_two_items_share_is_a_part_of_both() -> None:
    index = build_index(items(LONG, TWIN))
    assert leaks(paragraph(LONG.partition("How many")[0]), index) == {"0": "partial", "1": "partial"}


def test_of_two_items_with_one_opening_only_the_whole_one_is_named() -> None:
    index = build_index(items(LONG, TWIN))
    assert leaks(paragraph(LONG), index) == {"0": "exact"}
    assert leaks(paragraph(TWIN), index) == {"1": "exact"}
    assert leaks(paragraph(TWIN.replace("crates", "boxes")), index) == {"1": "near"}


def test_a_short_item_inside_of_a_whole_one_is_not_named() -> None:
    index = build_index(
        items(f"{LONG} Which crate arrives half empty today?", "Which crate arrives half empty today?")
    )
    assert leaks(paragraph(f"{LONG} Which crate arrives half empty today?"), index) == {"0": "exact"}
    assert leaks(paragraph("Which crate arrives half empty today?"), index) == {"1": "exact"}


def test_few_words_are_a_part_in_a_small_corpus_and_chance_in_a_large_one() -> None:
    half = EDITED["first half"](SHORT, random.Random(1))
    long_half = EDITED["first half"](LONG, random.Random(1))
    findings = found(f"{half}\n\n{PROSE[0]}\n\n{long_half}")
    common = common_seeds(INDEX, np.zeros(len(INDEX.arrays["seed_common"]), np.int64), 1)

    def verdicts(documents: int) -> dict[str, str]:
        return {f.item_id: f.verdict for f in settled(findings, INDEX, common, documents)}

    assert verdicts(10_000) == {"2": "partial", "0": "partial"}
    assert verdicts(10**18) == {"2": "weak", "0": "partial"}
    notes = [f.note for f in settled(findings, INDEX, common, 10**18)]
    assert "too few words to tell from chance in 1,000,000,000,000,000,000 documents" in notes


@pytest.mark.parametrize(
    ("before", "after", "edge", "alone"),
    [
        ("", "", True, True),
        ("It rained. ", "? Yes", True, True),
        ("\n", "\n", True, True),
        ('{"q": "', '"}', True, True),
        ("<p>", "</p>", True, True),
        ("| ", " |", True, True),
        ("他说。", "。", True, True),
        (" " * 40, " " * 40, True, True),
        ("and then ", ". ", False, False),
        ("well, ", "\n", False, False),
        ("Q: ", " and so on", True, False),
        ("seen (", " goes on", False, False),
    ],
)
def test_a_break_is_the_end_of_a_sentence_a_line_a_quotation_a_tag_or_a_cell(
    before: str, after: str, edge: bool, alone: bool
) -> None:
    data = before.encode() + b"x" * 10 + after.encode()
    start = len(before.encode())

    def text(low: int, high: int) -> bytes:
        return data[low:high]

    blocks = [(0, start, start + 10, 5)]
    assert (has_edge(text, blocks, 9), stands_alone(text, blocks, 9)) == (edge, alone)
    assert not stands_alone(text, [(2, start, start + 10, 5)], 9)
