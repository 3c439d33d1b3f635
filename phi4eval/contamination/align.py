"""How does an item lie in a document? Seed hits nominate, a local alignment measures.

Everything here works on word ids (-1: no item has this word) and integers, so that compiled and plain
Python give the same numbers. The alignment is Smith and Waterman's (1981) with the words' information as
score: skipping a word of the item is free (its information is missing), skipping one of the document costs
a little, so that words which merely happen to stand far away are not worth reaching for, and interleaved
text still is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from phi4eval.contamination.compiled import compiled
from phi4eval.contamination.tokens import NUMBER, WORD

Array = np.ndarray[Any, Any]

GAP = 3
"""Cost of a document word inside an aligned span, in eighths of a nat."""

CONTINUES = 2
"""Bonus for a match right after a match: of two equal words the one in its place is taken."""

END = 3
"""Words before the first and after the last match in which a changed number is looked for: where more
of the item is missing, what stands there is another text."""

WINDOWS = 32
"""Places in one stretch of a document where one unit is compared; more would let a hostile text stall the
scan.
"""

COLUMNS = 19
(
    DOCUMENT, UNIT, BYTE_START, BYTE_END, FIRST_BLOCK, BLOCKS, MATCHED, LENGTH, WEIGHT, TOTAL, RUN,
    RUN_WEIGHT,
    WORDS, ALL_WORDS, NUMBERS, ALL_NUMBERS, CHANGED, SPAN, DISTINCT,
) = range(COLUMNS)  # fmt: skip

_STOP, _MATCH, _SKIP_DOC, _SKIP_ITEM = range(4)


class Units(NamedTuple):
    """What is looked for: where each unit's words stand, their ids, weights and kinds, and the
    nominations.
    """

    at: Array
    words: Array
    weight: Array
    kind: Array
    nominated_at: Array
    nominated_unit: Array
    nominated_pos: Array


class Text(NamedTuple):
    """A stretch of a document: word ids, byte spans (from `offset` in the document), number flags."""

    ids: Array
    starts: Array
    ends: Array
    digits: Array


class Rows(NamedTuple):
    """Where results go: rows (int64, COLUMNS wide), blocks (int64: item word, byte start, byte end, words),
    and how much of both is filled, with the number of places that were skipped for crowding (int64[3])."""

    rows: Array
    blocks: Array
    filled: Array


class Work(NamedTuple):
    """Memory that is used again for every candidate."""

    keys: Array
    stamp: Array
    serial: Array
    score: Array
    step: Array
    item_of: Array
    doc_of: Array


@compiled
def sort(keys: Array, n: int) -> None:
    """Sort the first n keys in place (a heap: numpy's sort takes longer to compile than all the rest)."""
    for end in range(2 * n - 1, 0, -1):
        # the first n rounds build the heap from its last node on, the others take the largest key off it
        root, size = (end - n, n) if end >= n else (0, end)
        if end < n:
            keys[0], keys[end] = keys[end], keys[0]
        key = keys[root]
        child = 2 * root + 1
        while child < size:
            if child + 1 < size and keys[child + 1] > keys[child]:
                child += 1
            if keys[child] <= key:
                break
            keys[root] = keys[child]
            root, child = child, 2 * child + 1
        keys[root] = key


@compiled
def nominate(positions: Array, seeds: Array, hits: int, units: Units, keys: Array) -> int:
    """Write unit << 32 | document word << 10 | unit word for every nomination, sorted; returns how many."""
    n = 0
    for hit in range(hits):
        seed = seeds[hit]
        for entry in range(units.nominated_at[seed], units.nominated_at[seed + 1]):
            if n < keys.shape[0]:
                unit = np.int64(units.nominated_unit[entry])
                keys[n] = unit << 32 | np.int64(positions[hit]) << 10 | np.int64(units.nominated_pos[entry])
                n += 1
    sort(keys, n)
    return n


@compiled
def shares_words(text: Text, low: int, high: int, units: Units, unit: int, work: Work) -> bool:
    """Whether the words in a window carry at least 30 % of a unit's information, in any order."""
    work.serial[0] += 2
    serial = work.serial[0]
    total, found = 0, 0
    # slices, in which no index is checked for being negative
    words, ids = units.words[units.at[unit] : units.at[unit + 1]], text.ids[low:high]
    for j in range(words.shape[0]):
        word = words[j]
        if work.stamp[word] != serial:
            work.stamp[word] = serial
            total += units.weight[word]
    for i in range(ids.shape[0]):
        word = ids[i]
        if word >= 0 and work.stamp[word] == serial:
            work.stamp[word] = serial + 1
            found += units.weight[word]
    return found * 10 >= total * 3


@compiled
def skip_word(score: Array, step: Array) -> None:
    """The row of a document word that the unit does not have. Scores never fall along a row, so a cell has
    what is left of the one above it, and no cell waits for the one before it: eight are done at once.
    """
    for j in range(1, score.shape[0]):
        score[j] = max(0, score[j] - GAP)
    for j in range(1, score.shape[0]):
        new = score[j] > score[j - 1]
        step[j] = _SKIP_DOC if new else _SKIP_ITEM if score[j] > 0 else _STOP


@compiled
def fill(text: Text, low: int, high: int, units: Units, unit: int, work: Work) -> tuple[int, int, int]:
    """The alignment's best score and the cell where it ends; work.step says how each cell was reached.

    `shares_words` has looked at the same window just before: it stamped the words that both have.
    """
    first = units.at[unit]
    length = units.at[unit + 1] - first
    width = length + 1
    words, score = units.words[first : first + length], work.score[:width]
    score[:] = 0
    best, best_i, best_j = 0, 0, 0
    for i in range(1, high - low + 1):
        word = text.ids[low + i - 1]
        step = work.step[i * width : (i + 1) * width]
        if word < 0 or work.stamp[word] != work.serial[0] + 1:
            skip_word(score, step)
            continue
        before = work.step[(i - 1) * width : i * width]
        above_left, left = 0, 0
        for j in range(1, width):
            above = score[j]
            value, how = 0, _STOP
            if left > 0:
                value, how = left, _SKIP_ITEM
            if above - GAP > value:
                value, how = above - GAP, _SKIP_DOC
            if words[j - 1] == word:
                match = above_left + units.weight[word]
                if above_left > 0 and before[j - 1] == _MATCH:
                    match += CONTINUES
                if match >= value:
                    value, how = match, _MATCH
            above_left, left = above, value
            score[j] = value
            step[j] = how
            if value > best:
                best, best_i, best_j = value, i, j
    return best, best_i, best_j


@compiled
def trace(length: int, low: int, end_i: int, end_j: int, work: Work) -> int:
    """Write the matched pairs (unit word, document word) in order; returns how many."""
    width = length + 1
    n, i, j = 0, end_i, end_j
    while i > 0 and j > 0:
        how = work.step[i * width + j]
        if how == _STOP:
            break
        if how == _MATCH:
            work.item_of[n] = j - 1
            work.doc_of[n] = low + i - 1
            n += 1
            i -= 1
            j -= 1
        elif how == _SKIP_DOC:
            i -= 1
        else:
            j -= 1
    for k in range(n // 2):
        other = n - 1 - k
        work.item_of[k], work.item_of[other] = work.item_of[other], work.item_of[k]
        work.doc_of[k], work.doc_of[other] = work.doc_of[other], work.doc_of[k]
    return n


@compiled
def is_number(text: Text, units: Units, at: int) -> bool:
    """Whether a document word is a number, in digits or in letters."""
    return bool(text.digits[at] == 1) or bool(text.ids[at] >= 0 and units.kind[text.ids[at]] == NUMBER)


@compiled
def changed_numbers(text: Text, tokens: int, units: Units, unit: int, n: int, work: Work) -> int:
    """Numbers of the unit in whose place the document has another one, in the gaps between matches and at
    both ends.
    """
    first, length = units.at[unit], units.at[unit + 1] - units.at[unit]
    changed = 0
    for k in range(n + 1):
        item_low = work.item_of[k - 1] + 1 if k > 0 else 0
        item_high = work.item_of[k] if k < n else length
        if (k == 0 or k == n) and item_high - item_low > END:
            continue
        doc_low = work.doc_of[k - 1] + 1 if k > 0 else work.doc_of[0] - (item_high - item_low)
        doc_high = work.doc_of[k] if k < n else doc_low + (item_high - item_low)
        wanted, seen = 0, 0
        for j in range(item_low, item_high):
            wanted += units.kind[units.words[first + j]] == NUMBER
        if wanted:
            for i in range(max(0, doc_low), min(tokens, doc_high)):
                seen += is_number(text, units, i)
        changed += min(wanted, seen)
    return changed


@compiled
def write_blocks(
    text: Text, units: Units, unit: int, offset: int, n: int, work: Work, out: Rows
) -> tuple[int, int]:
    """Append the runs of the alignment to the blocks; returns the longest one's words and information."""
    first = units.at[unit]
    longest, heaviest, weight, begin = 0, 0, 0, 0
    for k in range(n):
        weight += units.weight[units.words[first + work.item_of[k]]]
        ends = (
            k + 1 == n
            or work.item_of[k + 1] != work.item_of[k] + 1
            or work.doc_of[k + 1] != work.doc_of[k] + 1
        )
        if not ends:
            continue
        block = out.blocks[out.filled[1]]
        block[0] = work.item_of[begin]
        block[1] = offset + text.starts[work.doc_of[begin]]
        block[2] = offset + text.ends[work.doc_of[k]]
        block[3] = k + 1 - begin
        out.filled[1] += 1
        if k + 1 - begin > longest:
            longest, heaviest = k + 1 - begin, weight
        begin, weight = k + 1, 0
    return longest, heaviest


@compiled
def measure(
    text: Text, tokens: int, units: Units, unit: int, offset: int, n: int, work: Work, out: Rows
) -> None:
    """Append a row for an alignment of n matches, unless too little of the unit is matched."""
    first, length = units.at[unit], units.at[unit + 1] - units.at[unit]
    total, all_words, all_numbers = 0, 0, 0
    for j in range(first, first + length):
        word = units.words[j]
        total += units.weight[word]
        all_words += units.kind[word] == WORD
        all_numbers += units.kind[word] == NUMBER
    work.serial[0] += 2
    weight, distinct, words, numbers = 0, 0, 0, 0
    for k in range(n):
        word = units.words[first + work.item_of[k]]
        weight += units.weight[word]
        if work.stamp[word] != work.serial[0]:
            work.stamp[word] = work.serial[0]
            distinct += units.weight[word]
        words += units.kind[word] == WORD
        numbers += units.kind[word] == NUMBER
    row = out.rows[out.filled[0]]
    row[FIRST_BLOCK] = out.filled[1]
    run, run_weight = write_blocks(text, units, unit, offset, n, work, out)
    if weight * 100 < total * 28 and run_weight < 96:
        out.filled[1] = row[FIRST_BLOCK]
        return
    row[UNIT], row[BLOCKS] = unit, out.filled[1] - row[FIRST_BLOCK]
    row[BYTE_START] = offset + text.starts[work.doc_of[0]]
    row[BYTE_END] = offset + text.ends[work.doc_of[n - 1]]
    row[MATCHED], row[LENGTH], row[WEIGHT], row[TOTAL] = n, length, weight, total
    row[RUN], row[RUN_WEIGHT] = run, run_weight
    row[WORDS], row[ALL_WORDS], row[NUMBERS], row[ALL_NUMBERS] = words, all_words, numbers, all_numbers
    row[CHANGED] = changed_numbers(text, tokens, units, unit, n, work)
    row[SPAN] = work.doc_of[n - 1] + 1 - work.doc_of[0]
    row[DISTINCT] = distinct
    out.filled[0] += 1


@compiled
def align_window(
    text: Text, tokens: int, low: int, high: int, units: Units, unit: int, offset: int, work: Work, out: Rows
) -> None:
    """Compare a unit with a window of words and append a row for what is found."""
    if not shares_words(text, low, high, units, unit, work):
        return
    if out.filled[0] >= out.rows.shape[0] or out.filled[1] + 2 * work.item_of.shape[0] >= out.blocks.shape[0]:
        out.filled[2] += 1
        return
    best, end_i, end_j = fill(text, low, high, units, unit, work)
    if best > 0:
        n = trace(units.at[unit + 1] - units.at[unit], low, end_i, end_j, work)
        measure(text, tokens, units, unit, offset, n, work, out)


@compiled
def align_all(
    text: Text, tokens: int, candidates: int, units: Units, offset: int, work: Work, out: Rows
) -> None:
    """Put each unit's nominations that lie together into windows, and compare in every one of them."""
    k, last_unit, windows = 0, -1, 0
    while k < candidates:
        unit = work.keys[k] >> 32
        length = units.at[unit + 1] - units.at[unit]
        windows = windows + 1 if unit == last_unit else 1
        last_unit = unit
        begin = (work.keys[k] >> 10) & 0x3FFFFF
        low = begin - 2 * (work.keys[k] & 1023) - 16
        end, high = begin, begin
        while k < candidates and work.keys[k] >> 32 == unit:
            place = (work.keys[k] >> 10) & 0x3FFFFF
            if place - end > 2 * length + 40 or place - begin > 3 * length + 60:
                break
            end = place
            high = max(high, place + 2 * (length - (work.keys[k] & 1023)) + 16)
            k += 1
        if windows > WINDOWS:
            out.filled[2] += 1
            continue
        align_window(text, tokens, max(0, low), min(tokens, high), units, unit, offset, work, out)
