"""How is an index held ready for scanning? Its arrays as the loops take them, and memory that is used
again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from phi4eval.contamination import align, driver, gram_kernel, plain
from phi4eval.contamination.align import BLOCKS, DOCUMENT, FIRST_BLOCK, Rows, Units, Work
from phi4eval.contamination.bulk import arrays_of, bitmap_shift
from phi4eval.contamination.compiled import has_compiler
from phi4eval.contamination.driver import STRETCH, Scratch, Seeds
from phi4eval.contamination.grams import SIZES, GramHits, find_grams_plain
from phi4eval.contamination.index import UNIT_LIMIT, Index

Array = np.ndarray[Any, Any]

_ROOM = 2 * STRETCH + 8
_WIDEST = 7 * UNIT_LIMIT + 300


class Tally(Protocol):
    """The counts that the matcher adds to."""

    seeds: Array
    crowded: int


class Matcher:
    """An index with its working memory (about 40 MB). One thread at a time; others wait."""

    def __init__(self, index: Index) -> None:
        arrays = index.arrays
        shift = bitmap_shift(arrays["seed_bitmap"])
        self._arrays = arrays
        self._units = Units(
            arrays["unit_at"], arrays["unit_tokens"], arrays["word_weight"], arrays["word_kind"],
            arrays["nominated_at"], arrays["nominated_unit"], arrays["nominated_pos"],
        )  # fmt: skip
        self._seeds = Seeds(
            arrays["seed_keys"], arrays["seed_ids"], arrays["seed_bitmap"], shift,
            arrays["pair_bitmap"], bitmap_shift(arrays["pair_bitmap"]),
            arrays["word_keys"], arrays["word_ids"], arrays["nominated_at"],
        )  # fmt: skip
        self._scratch = Scratch(
            np.empty(_ROOM, np.uint64), np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32),
            np.empty(_ROOM, np.uint8), np.empty(_ROOM, np.int32), np.empty(_ROOM, np.int32),
            np.empty(_ROOM, np.int32), np.full(len(arrays["seed_common"]), -1, np.int64),
        )  # fmt: skip
        longest = int(np.diff(arrays["unit_at"]).max(initial=0)) + 1
        self._work = Work(
            np.empty(1 << 18, np.int64), np.zeros(len(arrays["word_weight"]), np.int64),
            np.zeros(1, np.int64),
            np.zeros(longest, np.int32), np.zeros((7 * longest + 400) * longest, np.uint8),
            np.zeros(longest, np.int32), np.zeros(longest, np.int32),
        )  # fmt: skip
        self._out = Rows(
            np.zeros((1 << 13, align.COLUMNS), np.int64),
            np.zeros((1 << 17, 4), np.int64),
            np.zeros(3, np.int64),
        )
        self._serial = 0
        self._lock = threading.Lock()

    def rows(
        self, data: Array, offsets: Array, tally: Tally
    ) -> Iterator[tuple[int, list[list[int]], list[list[int]]]]:
        """(document, rows, blocks) of every document with a row, in Python's own numbers, which are read many
        times; counts seeds and crowded places on the way.
        """
        with self._lock:
            first, documents = 0, len(offsets) - 1
            while first < documents:
                self._out.filled[:] = 0
                first = self._read(data, offsets, first, tally.seeds)
                tally.crowded += int(self._out.filled[2])
                yield from self._filled()
            self._serial += documents

    def _read(self, data: Array, offsets: Array, first: int, counts: Array) -> int:
        rest: tuple[Any, ...] = (
            self._seeds,
            self._units,
            self._scratch,
            self._work,
            self._out,
            counts,
            self._serial,
        )
        if has_compiler():
            return driver.read_documents(data, offsets, first, arrays_of("align"), *rest)
        return plain.read_documents(data, offsets, first, *rest)

    def _filled(self) -> Iterator[tuple[int, list[list[int]], list[list[int]]]]:
        rows = self._out.rows[: self._out.filled[0]].tolist()
        blocks = self._out.blocks[: self._out.filled[1]].tolist()
        for document, group in groupby(rows, key=itemgetter(DOCUMENT)):
            here = list(group)
            low = here[0][FIRST_BLOCK]
            high = here[-1][FIRST_BLOCK] + here[-1][BLOCKS]
            for row in here:
                row[FIRST_BLOCK] -= low
            yield document, here, blocks[low:high]

    def grams(self, data: Array, offsets: Array) -> GramHits:
        """The hits of the published rules' n-grams in a batch."""
        if not has_compiler():
            return find_grams_plain(data, offsets, self._arrays)
        bitmap = self._arrays["gram_bitmap"]
        table = gram_kernel.GramTable(
            self._arrays["gram_keys"], self._arrays["gram_ids"], bitmap, bitmap_shift(bitmap),
            np.array(SIZES, np.int64), gram_kernel.POWERS,
        )  # fmt: skip
        out = self._scratch[:4]
        keys, places, found = np.empty(_ROOM, np.uint64), np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
        sevens = np.zeros(len(offsets) - 1, np.int64)
        buffer, parts, first = np.empty((1 << 20, 4), np.int64), [], 0
        with self._lock:
            while first < len(offsets) - 1:
                first, n = gram_kernel.read_grams(
                    data,
                    offsets,
                    first,
                    arrays_of("words"),
                    table,
                    out,
                    keys,
                    places,
                    found,
                    buffer,
                    sevens,
                )
                parts.append(buffer[:n].copy())
        rows = np.concatenate(parts) if parts else np.zeros((0, 4), np.int64)
        return GramHits(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], sevens)
