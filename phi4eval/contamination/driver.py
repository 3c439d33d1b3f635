"""What do the items and a batch of documents share? The loop over documents, compiled and plain.

A long document is read in overlapping stretches, so memory does not grow with the longest line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from phi4eval.contamination.align import (
    BYTE_END,
    BYTE_START,
    DOCUMENT,
    TOTAL,
    WEIGHT,
    Rows,
    Text,
    Units,
    Work,
    align_all,
    nominate,
)
from phi4eval.contamination.bulk import BASE
from phi4eval.contamination.compiled import compiled
from phi4eval.contamination.index import SEED
from phi4eval.contamination.kernel import Tables, may_hold, mix, read_tokens

Array = np.ndarray[Any, Any]

STRETCH = 1 << 18
OVERLAP = 1 << 15
_CANDIDATES = 1 << 17
_ROWS = 1 << 13
_BLOCKS = 1 << 18
_BASE = np.uint64(BASE)
_ONE = np.uint64(1)
_BEFORE = np.uint64(SEED - 2)


class Seeds(NamedTuple):
    """The seeds' hash table, the bitmap that is asked first, its shift, the same of pairs of words, which is
    asked before that and small enough for a core's own cache, and the words' table.
    """

    keys: Array
    ids: Array
    bitmap: Array
    shift: np.uint64
    pairs: Array
    pairs_shift: np.uint64
    word_keys: Array
    word_ids: Array
    nominated_at: Array


class Scratch(NamedTuple):
    """Memory of one thread: the stretch's tokens, its hits, and seed -> the last document that it was
    counted in.
    """

    hashes: Array
    starts: Array
    ends: Array
    digits: Array
    ids: Array
    positions: Array
    seeds: Array
    counted: Array


@compiled
def look_up(keys: Array, values: Array, key: np.uint64) -> int:
    """The value of a key in an open-addressing table, -1 where it is not."""
    mask = np.uint64(keys.shape[0] - 1)
    place = mix(key) & mask
    while values[place] >= 0:
        if keys[place] == key:
            return int(values[place])
        place = (place + _ONE) & mask
    return -1


@compiled
def find_seeds(hashes: Array, tokens: int, seeds: Seeds, positions: Array, found: Array) -> int:
    """Write where which seed stands; returns how many hits there are."""
    n, run = 0, 0
    for i in range(tokens - 1):
        first = np.uint64(i)  # unsigned, so that no index is checked for being negative
        pair = mix(hashes[first] * _BASE + hashes[first + _ONE])
        # no branch: every second pair of words is one of some item's, which cannot be foretold
        run = (run + 1) * may_hold(seeds.pairs, seeds.pairs_shift, pair)
        if run < SEED - 1:
            continue
        value = np.uint64(0)
        for k in range(SEED):
            value = value * _BASE + hashes[first + np.uint64(k) - _BEFORE]
        if may_hold(seeds.bitmap, seeds.shift, mix(value)):
            seed = look_up(seeds.keys, seeds.ids, value)
            if seed >= 0:
                positions[n] = i + 2 - SEED
                found[n] = seed
                n += 1
    return n


@compiled
def count_seeds(
    scratch: Scratch, hits: int, offset: int, serial: int, first_row: int, out: Rows, counts: Array
) -> None:
    """Count each seed of a document once, except where it stands inside an item that is there as a whole."""
    for hit in range(hits):
        seed = scratch.seeds[hit]
        if scratch.counted[seed] == serial:
            continue
        start = offset + scratch.starts[scratch.positions[hit]]
        inside = False
        for row in range(first_row, out.filled[0]):
            whole = 10 * out.rows[row, WEIGHT] >= 6 * out.rows[row, TOTAL]
            inside = inside or (whole and out.rows[row, BYTE_START] <= start < out.rows[row, BYTE_END])
        if not inside:
            scratch.counted[seed] = serial
            counts[seed] += 1


@compiled
def stretch_end(data: Array, begin: int, end: int) -> int:
    """Where a stretch that begins here ends: at the document's end, or between two characters."""
    if end - begin <= STRETCH:
        return end
    stop = begin + STRETCH
    while data[stop] & 0xC0 == 0x80:
        stop -= 1
    return int(stop)


@compiled
def read_documents(
    data: Array, offsets: Array, first: int, tables: Tables, seeds: Seeds, units: Units,
    scratch: Scratch, work: Work,
    out: Rows, counts: Array, serial: int,
) -> int:  # fmt: skip
    """Scan documents from `first` on until all are read or the rows are half full; returns the next one."""
    last = offsets.shape[0] - 1
    tokens_out = (scratch.hashes, scratch.starts, scratch.ends, scratch.digits)
    text = Text(scratch.ids, scratch.starts, scratch.ends, scratch.digits)
    for document in range(first, last):
        if 2 * out.filled[0] > out.rows.shape[0] or 2 * out.filled[1] > out.blocks.shape[0]:
            return document
        begin, end = int(offsets[document]), int(offsets[document + 1])
        at, first_row = begin, out.filled[0]
        while at < end:
            stop = stretch_end(data, at, end)
            tokens = read_tokens(data, at, stop, tables, tokens_out)
            hits = find_seeds(scratch.hashes, tokens, seeds, scratch.positions, scratch.seeds)
            if hits:
                candidates = nominate(scratch.positions, scratch.seeds, hits, units, work.keys)
                if candidates:
                    for i in range(tokens):
                        scratch.ids[i] = look_up(seeds.word_keys, seeds.word_ids, scratch.hashes[i])
                    row = out.filled[0]
                    align_all(text, tokens, candidates, units, at - begin, work, out)
                    out.rows[row : out.filled[0], DOCUMENT] = document
                count_seeds(scratch, hits, at - begin, serial + document, first_row, out, counts)
            if stop == end:
                break
            at = stretch_end(data, stop - OVERLAP - STRETCH, end)
    return int(last)
