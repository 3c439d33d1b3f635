"""The same loop over documents without a compiler: reference tokens, seeds by numpy, alignment in plain
Python.
"""

from __future__ import annotations

from typing import Any

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
from phi4eval.contamination.bulk import look_up, run_hashes
from phi4eval.contamination.driver import OVERLAP, STRETCH, Scratch, Seeds, stretch_end
from phi4eval.contamination.index import SEED
from phi4eval.contamination.tokens import NUMBER, tokenize

Array = np.ndarray[Any, Any]


def read_tokens(data: bytes, scratch: Scratch) -> int:
    """Write the tokens of a stretch as the kernel does; returns how many there are."""
    tokens = tokenize(data)
    n = len(tokens)
    scratch.hashes[:n] = np.array([t.hash for t in tokens], np.uint64)
    scratch.starts[:n] = [t.start for t in tokens]
    scratch.ends[:n] = [t.end for t in tokens]
    scratch.digits[:n] = [t.kind == NUMBER for t in tokens]
    return n


def find_seeds(hashes: Array, seeds: Seeds, positions: Array, found: Array) -> int:
    """driver.find_seeds."""
    ids = look_up(seeds.keys, seeds.ids, run_hashes(hashes, SEED))
    at = np.flatnonzero(ids >= 0)
    positions[: len(at)], found[: len(at)] = at, ids[at]
    return len(at)


def read_documents(
    data: Array, offsets: Array, first: int, seeds: Seeds, units: Units, scratch: Scratch,
    work: Work, out: Rows,
    counts: Array, serial: int,
) -> int:  # fmt: skip
    """driver.read_documents, by the same steps."""
    text = Text(scratch.ids, scratch.starts, scratch.ends, scratch.digits)
    for document in range(first, len(offsets) - 1):
        if 2 * out.filled[0] > len(out.rows) or 2 * out.filled[1] > len(out.blocks):
            return document
        begin, end = int(offsets[document]), int(offsets[document + 1])
        at, first_row = begin, int(out.filled[0])
        while at < end:
            stop = int(stretch_end(data, at, end))
            tokens = read_tokens(data[at:stop].tobytes(), scratch)
            hashes = scratch.hashes[:tokens]
            hits = find_seeds(hashes, seeds, scratch.positions, scratch.seeds)
            if hits:
                row = int(out.filled[0])
                candidates = nominate(scratch.positions, scratch.seeds, hits, units, work.keys)
                if candidates:
                    scratch.ids[:tokens] = look_up(seeds.word_keys, seeds.word_ids, hashes)
                    align_all(text, tokens, candidates, units, at - begin, work, out)
                out.rows[row : out.filled[0], DOCUMENT] = document
                _count_seeds(scratch, hits, at - begin, serial + document, first_row, out, counts)
            if stop == end:
                break
            at = int(stretch_end(data, stop - OVERLAP - STRETCH, end))
    return len(offsets) - 1


def _count_seeds(
    scratch: Scratch, hits: int, offset: int, serial: int, first_row: int, out: Rows, counts: Array
) -> None:
    where = offset + scratch.starts[scratch.positions[:hits]]
    outside = np.ones(hits, bool)
    for row in out.rows[first_row : out.filled[0]]:
        if 10 * row[WEIGHT] < 6 * row[TOTAL]:
            continue
        outside &= (where < row[BYTE_START]) | (where >= row[BYTE_END])
    seeds = np.unique(scratch.seeds[:hits][outside])
    seeds = seeds[scratch.counted[seeds] != serial]
    scratch.counted[seeds] = serial
    counts[seeds] += 1
