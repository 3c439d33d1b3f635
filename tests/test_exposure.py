"""A score without leaked items is made of clean ones only, and a difference needs enough of both."""

from __future__ import annotations

from itertools import combinations
from statistics import mean

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.exposure import LEAST, date_counts, date_evidence, exposure
from phi4eval.stats.groups import permutation_p
from phi4eval.summary import Outcome, main_grade, score_of
from phi4eval.types import (
    OVERLAPS,
    DateEvidence,
    Exposure,
    Item,
    ItemOverlap,
    ItemVerdict,
    ModelSpec,
    RunContamination,
    ScanFacts,
)
from tests.runs import made_grade, made_prompts, made_task

FACTS = ScanFacts(
    digest="d",
    index="i",
    tokens="1",
    rule="align",
    rules=("align",),
    corpora=("c.jsonl",),
    files=1,
    documents=9,
    text_bytes=900,
    bytes_read=1000,
    bytes_total=2000,
)


def joined(**verdicts: ItemVerdict) -> RunContamination:
    rows = tuple(ItemOverlap(task="sums", item=item, verdict=verdict) for item, verdict in verdicts.items())
    return RunContamination(scan=FACTS, items=rows)


def outcomes(*scores: float) -> list[Outcome]:
    items = [stored.item for stored in made_prompts(made_task(), items=len(scores), repeats=1)]
    return [
        Outcome(item=item, sample=0, grade=made_grade("correct" if score else "incorrect"))
        for item, score in zip(items, scores, strict=True)
    ]


def exposed(rows: list[Outcome], scan: RunContamination) -> Exposure:
    return exposure(
        scan,
        "sums",
        [row.item.id for row in rows],
        rows,
        score=lambda some: score_of(some, main_grade, "accuracy"),
        value=lambda row: main_grade(row).score,
    )


def test_each_side_is_scored_on_its_own_items() -> None:
    found = exposed(outcomes(1, 1, 0, 1), joined(q0="exact", q1="partial", q2="template", q3="unscannable"))
    assert found.leaked is not None
    assert found.clean is not None
    assert (found.leaked.mean, found.leaked_items) == (1.0, 2)
    assert (found.clean.mean, found.clean_items) == (0.0, 1)
    assert found.verdicts == dict.fromkeys(OVERLAPS, 0) | {
        "exact": 1,
        "partial": 1,
        "template": 1,
        "unscannable": 1,
    }


def test_an_item_that_the_scan_does_not_know_is_on_no_side() -> None:
    found = exposed(outcomes(1, 0), joined(q0="clean"))
    assert (found.clean_items, found.leaked_items, found.verdicts["unknown"]) == (1, 0, 1)
    assert found.leaked is None


@pytest.mark.parametrize(("leaked", "clean", "given"), [(LEAST, LEAST, True), (LEAST - 1, 60, False)])
def test_a_difference_is_refused_below_thirty_a_side(leaked: int, clean: int, given: bool) -> None:
    verdicts: dict[str, ItemVerdict] = {f"q{i}": "exact" for i in range(leaked)}
    verdicts |= {f"q{i}": "clean" for i in range(leaked, leaked + clean)}
    found = exposed(outcomes(*[1.0] * leaked, *[0.0] * clean), joined(**verdicts))
    assert (found.difference is not None) is given
    assert (found.p is not None) is given
    assert (found.refused is None) is given
    if found.difference is not None:
        assert found.difference.mean == 1.0
        assert found.difference.low > 0.7


def test_clusters_are_one_unit_of_the_difference() -> None:
    rows = outcomes(*[1.0] * 60)
    paired = [
        msgspec.structs.replace(row, item=msgspec.structs.replace(row.item, cluster=f"c{k // 2}"))
        for k, row in enumerate(rows)
    ]
    verdicts: dict[str, ItemVerdict] = {f"q{i}": "exact" if i < 30 else "clean" for i in range(60)}
    assert exposed(rows, joined(**verdicts)).refused is None
    assert exposed(paired, joined(**verdicts)).refused == (
        "no difference is given below 30 independent items a side (15 leaked and 15 clean)"
    )


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("clean", "no overlap found for 1 item in 900 bytes of text (1,000 of 2,000 bytes of files)"),
        ("near", "overlap found for 1 of 1 items in 900 bytes of text"),
        ("unscannable", "no item could be looked for in 900 bytes of text"),
    ],
)
def test_the_wording_claims_no_more_than_was_read(verdict: ItemVerdict, words: str) -> None:
    found = exposed(outcomes(1), joined(q0=verdict))
    assert found.meaning.startswith(words)
    assert found.meaning.endswith("under rule align")


def brute_force(first: list[float], second: list[float]) -> float:
    values = first + second
    seen = abs(mean(first) - mean(second))
    total = extreme = 0
    for chosen in combinations(range(len(values)), len(first)):
        one = [values[k] for k in chosen]
        other = [values[k] for k in range(len(values)) if k not in chosen]
        total += 1
        extreme += abs(mean(one) - mean(other)) >= seen - 1e-9
    return extreme / total


ANSWERS = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=6)


@given(ANSWERS, ANSWERS)
def test_the_exact_p_is_that_of_all_splits(first: list[float], second: list[float]) -> None:
    assert permutation_p(first, second) == pytest.approx(brute_force(first, second))


def test_the_drawn_p_is_near_that_of_all_splits() -> None:
    first, second = [0.1, 0.5, 0.9, 1.0, 0.7], [0.2, 0.3, 0.1, 0.4, 0.0, 0.5]
    assert permutation_p(first, second) == pytest.approx(brute_force(first, second), abs=0.01)


def test_a_group_without_units_cannot_be_tested() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        permutation_p([], [1.0])


@pytest.mark.parametrize(
    ("published", "cutoff", "release", "said"),
    [
        ("2021-03-05", "2024-06-30", "2024-12-12", "possible by date"),
        ("2024-06-30", "2024-06-30", None, "possible by date"),
        ("2024-11-06", "2024-06-30", "2024-12-12", "published after cutoff"),
        # only the year is known: its first day is not surely after the cutoff
        ("2024", "2024-06-30", None, "possible by date"),
        ("2024-07", "2024-06-30", None, "published after cutoff"),
        ("2025-02-01", None, "2024-12-12", "published after release"),
        ("2021-03-05", None, "2024-12-12", "possible by date"),
        ("2021-03-05", None, None, "unknown"),
        (None, "2024-06-30", None, "unknown"),
    ],
)
def test_dates_say_only_what_is_sure(
    published: str | None, cutoff: str | None, release: str | None, said: DateEvidence
) -> None:
    assert date_evidence(published, ModelSpec(name="m", cutoff=cutoff, release=release)) == said


def test_an_items_own_date_goes_before_the_tasks() -> None:
    task = made_task(published="2020-01-01")
    items = [stored.item for stored in made_prompts(task, items=3, repeats=1)]

    def dated(item: Item, date: str) -> Item:
        return msgspec.structs.replace(item, row={**item.row, "published": date})

    items = [dated(items[0], "2025-05-01"), dated(items[1], "<b>soon"), items[2]]
    model = ModelSpec(name="m", cutoff="2024-06-30")
    assert date_counts(task, items, model) == {"possible by date": 2, "published after cutoff": 1}
