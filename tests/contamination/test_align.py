"""The alignment that skips rows in one go is the alignment, cell by cell."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phi4eval.contamination import align
from phi4eval.contamination.align import CONTINUES, GAP, Text, Units, Work

WORDS = 7
STOP, MATCH, SKIP_DOC, SKIP_ITEM = range(4)


def cell_by_cell(
    item: list[int], document: list[int], weight: list[int]
) -> tuple[list[int], list[list[int]]]:
    """Best score with its cell, and how each cell was reached: the recurrence as the module says it."""
    score = [[0] * (len(item) + 1) for _ in range(len(document) + 1)]
    steps = [[STOP] * (len(item) + 1) for _ in range(len(document) + 1)]
    best = [0, 0, 0]
    for i, word in enumerate(document, start=1):
        for j, wanted in enumerate(item, start=1):
            value, how = 0, STOP
            if score[i][j - 1] > 0:
                value, how = score[i][j - 1], SKIP_ITEM
            if score[i - 1][j] - GAP > value:
                value, how = score[i - 1][j] - GAP, SKIP_DOC
            if word >= 0 and word == wanted:
                follows = score[i - 1][j - 1] > 0 and steps[i - 1][j - 1] == MATCH
                match = score[i - 1][j - 1] + weight[word] + (CONTINUES if follows else 0)
                if match >= value:
                    value, how = match, MATCH
            score[i][j], steps[i][j] = value, how
            if value > best[0]:
                best = [value, i, j]
    return best, steps


@given(
    st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=12),
    st.lists(st.integers(-1, WORDS - 1), min_size=1, max_size=24),
    st.lists(st.integers(1, 9), min_size=WORDS, max_size=WORDS),
)
def test_every_cell_is_reached_as_the_recurrence_says(
    item: list[int], document: list[int], weight: list[int]
) -> None:
    none = np.zeros(1, np.int32)
    ids = np.array(document, np.int32)
    text = Text(ids, none, none, np.zeros(1, np.uint8))
    units = Units(
        np.array([0, len(item)], np.int32), np.array(item, np.int32), np.array(weight, np.int32),
        np.zeros(WORDS, np.uint8), none, none, none,
    )  # fmt: skip
    width = len(item) + 1
    work = Work(
        np.zeros(1, np.int64), np.zeros(WORDS, np.int64), np.zeros(1, np.int64), np.zeros(width, np.int32),
        np.zeros(width * (len(document) + 1), np.uint8), np.zeros(width, np.int32), np.zeros(width, np.int32),
    )  # fmt: skip
    align.shares_words(text, 0, len(document), units, 0, work)
    best, steps = cell_by_cell(item, document, weight)
    assert list(align.fill(text, 0, len(document), units, 0, work)) == best
    table = work.step.reshape(-1, width)
    assert table[1:, 1:].tolist() == [row[1:] for row in steps[1:]]
