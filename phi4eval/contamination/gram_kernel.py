"""The compiled search for the n-grams of the published rules."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from phi4eval.contamination.align import sort
from phi4eval.contamination.bulk import BASE
from phi4eval.contamination.compiled import compiled
from phi4eval.contamination.driver import OVERLAP, STRETCH, look_up, stretch_end
from phi4eval.contamination.kernel import Out, Tables, may_hold, mix, read_tokens
from phi4eval.contamination.tokens import FNV_OFFSET

Array = np.ndarray[Any, Any]


_MOST = 13
_BASE = np.uint64(BASE)
_EMPTY = np.uint64(FNV_OFFSET)
POWERS = np.array([pow(BASE, size, 1 << 64) for size in range(_MOST + 1)], np.uint64)


class GramTable(NamedTuple):
    """The grams' hash table, the bitmap before it and its shift; the sizes and the powers of the base."""

    keys: Array
    ids: Array
    bitmap: Array
    shift: np.uint64
    sizes: Array
    powers: Array


@compiled
def add_empty_ends(length: int, tokens: int, out: Out) -> int:
    """Put the empty token of re.split before the first and after the last word; returns the tokens then."""
    hashes, starts, ends, _ = out
    if tokens == 0 or starts[0] > 0:
        for i in range(tokens, 0, -1):
            hashes[i], starts[i], ends[i] = hashes[i - 1], starts[i - 1], ends[i - 1]
        hashes[0], starts[0], ends[0] = _EMPTY, 0, 0
        tokens += 1
    if ends[tokens - 1] < length:
        hashes[tokens], starts[tokens], ends[tokens] = _EMPTY, length, length
        tokens += 1
    return tokens


@compiled
def find_size(
    hashes: Array, tokens: int, size: int, table: GramTable, keys: Array, places: Array, found: Array, n: int
) -> int:
    """Append the hits of one size to places and found; `keys` gets every gram's key. Returns the hits
    then.
    """
    value = np.uint64(0)
    lead = np.uint64(size) * table.powers[size]
    for i in range(tokens):
        if i >= size:
            value = value - hashes[i - size] * table.powers[size - 1]
        value = value * _BASE + hashes[i]
        if i < size - 1:
            continue
        key = value + lead
        keys[i - size + 1] = key
        if may_hold(table.bitmap, table.shift, mix(key)):
            gram = look_up(table.keys, table.ids, key)
            if gram >= 0 and n < found.shape[0]:
                places[n], found[n] = i - size + 1, gram
                n += 1
    return n


@compiled
def distinct(keys: Array, count: int) -> int:
    """How many different keys there are; sorts them."""
    sort(keys, count)
    different = min(count, 1)
    for i in range(1, count):
        different += keys[i] != keys[i - 1]
    return different


@compiled
def read_grams(
    data: Array, offsets: Array, first: int, tables: Tables, table: GramTable, out: Out,
    keys: Array, places: Array,
    found: Array, rows: Array, sevens: Array,
) -> tuple[int, int]:  # fmt: skip
    """Search documents from `first` on until the rows are half full; returns (next document, rows
    written).
    """
    hashes, starts, ends, _ = out
    n = 0
    for document in range(first, offsets.shape[0] - 1):
        if 2 * n > rows.shape[0]:
            return document, n
        begin, end = int(offsets[document]), int(offsets[document + 1])
        at = begin
        while at < end:
            stop = stretch_end(data, at, end)
            tokens = add_empty_ends(stop - at, read_tokens(data, at, stop, tables, out), out)
            before = n
            for column in range(table.sizes.shape[0] - 1, -1, -1):
                size = table.sizes[column]
                hits = find_size(hashes, tokens, size, table, keys, places, found, 0)
                for hit in range(min(hits, rows.shape[0] - n)):
                    rows[n, 0], rows[n, 1] = document, found[hit]
                    rows[n, 2] = at - begin + starts[places[hit]]
                    rows[n, 3] = at - begin + ends[places[hit] + size - 1]
                    n += 1
            if n > before:  # the smallest size comes last: its keys are those that stand there now
                sevens[document] += distinct(keys, max(0, tokens - 6))
            if stop == end:
                break
            at = stretch_end(data, stop - OVERLAP - STRETCH, end)
    return offsets.shape[0] - 1, n
