"""Which n-grams of the published rules does a batch contain? Tables of 7-, 8- and 13-grams, and their search.

Tokens are those of `re.split(r"\\W+", text.lower())`, the empty ones at both ends included: the rule under
which the Phi-4 report's worked example comes out to the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from phi4eval.contamination.bulk import (
    BASE,
    Tokens,
    bitmap,
    distinct_pairs,
    hash_table,
    look_up,
    read_texts,
    run_hashes,
    runs_inside,
)
from phi4eval.contamination.commons import ALLOWED_TEXTS
from phi4eval.contamination.records import ScanItem
from phi4eval.contamination.tokens import FNV_OFFSET, MASK, tokenize

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (7, 8, 13)


class GramHits(NamedTuple):
    """Hits of one batch: document, gram, first byte and end byte in the document, each an array; and for
    every document with a hit its number of distinct 7-grams (0 for the others)."""

    documents: NDArray[Any]
    grams: NDArray[Any]
    starts: NDArray[Any]
    ends: NDArray[Any]
    sevens: NDArray[Any]


def item_text(item: ScanItem) -> str:
    """The text of an item under the published rules: its question and its choices."""
    return "\n".join([item.question, *item.choices])


def word_spans(text: str | bytes) -> list[tuple[int, int, int]]:
    """(hash, byte start, byte end) of every token of a text, empty ones at the ends as re.split gives
    them.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    spans = [(token.hash, token.start, token.end) for token in tokenize(data, "words")]
    if not spans or spans[0][1] > 0:
        spans.insert(0, (FNV_OFFSET, 0, 0))
    if len(data) > spans[-1][2]:
        spans.append((FNV_OFFSET, len(data), len(data)))
    return spans


def gram_keys(hashes: Sequence[int], size: int) -> list[int]:
    """The key of each run of `size` token hashes; the same words in another size have another key."""
    keys = []
    for at in range(len(hashes) - size + 1):
        value = size
        for each in hashes[at : at + size]:
            value = (value * BASE + each) & MASK
        keys.append(value)
    return keys


def gram_arrays(items: Sequence[ScanItem]) -> dict[str, NDArray[Any]]:
    """Gram -> items, in all three sizes: hash table, bitmap, sizes, holders, and the grams of each item."""
    import numpy as np

    texts = [item_text(item).encode("utf-8", "replace") for item in items]
    tokens = _with_empty_ends(read_texts(texts, "words"), texts)
    item_of = np.repeat(np.arange(len(items)), np.diff(tokens.at))
    keys, sizes, holders = [], [], []
    for size in SIZES:
        places = runs_inside(tokens.at, size)
        keys.append(run_hashes(tokens.hashes, size, size)[places])
        sizes.append(np.full(len(places), size, np.int64))
        holders.append(item_of[places])
    # the size is part of every key, so equal keys have equal sizes
    found, first, ranks = np.unique(np.concatenate(keys), return_index=True, return_inverse=True)
    held, by = distinct_pairs(ranks, np.concatenate(holders))
    size_of = np.concatenate(sizes)[first]
    counts = np.zeros((len(items), len(SIZES)), np.int32)
    np.add.at(counts, (by, np.searchsorted(SIZES, size_of[held])), 1)
    allowed = [
        key for text in ALLOWED_TEXTS for key in gram_keys([t.hash for t in tokenize(text, "words")], 13)
    ]
    table, ids = hash_table(found)
    common = look_up(table, ids, np.array(allowed, np.uint64))
    is_allowed = np.zeros(len(found), np.uint8)
    is_allowed[common[common >= 0]] = 1
    return {
        "gram_keys": table,
        "gram_ids": ids,
        "gram_bitmap": bitmap(found),
        "gram_size": size_of.astype(np.int32),
        "gram_allowed": is_allowed,
        "gram_at": np.concatenate([[0], np.cumsum(np.bincount(held, minlength=len(found)))]).astype(np.int32),
        "gram_items": by.astype(np.int32),
        "gram_counts": counts,
    }


def _with_empty_ends(tokens: Tokens, texts: Sequence[bytes]) -> Tokens:
    """Tokens with the empty ones that re.split puts before the first and after the last word of a text."""
    import numpy as np

    hashes, at, before = [np.zeros(0, np.uint64)], [0], np.array([FNV_OFFSET], np.uint64)
    for number, text in enumerate(texts):
        low, high = int(tokens.at[number]), int(tokens.at[number + 1])
        here = tokens.hashes[low:high]
        leads = int(low == high or tokens.starts[low] > 0)
        trails = int(bool(text) and (low == high or tokens.ends[high - 1] < len(text)))
        hashes += [before] * leads + [here] + [before] * trails
        at.append(at[-1] + len(here) + leads + trails)
    none = np.zeros(at[-1], np.int32)
    return Tokens(np.concatenate(hashes), none, none, none, np.array(at))


def find_grams_plain(data: NDArray[Any], offsets: NDArray[Any], arrays: dict[str, NDArray[Any]]) -> GramHits:
    """The hits of a batch without a compiler, by the steps of gram_kernel.read_grams."""
    import numpy as np

    from phi4eval.contamination.driver import OVERLAP, STRETCH, stretch_end

    rows: list[tuple[int, int, int, int]] = []
    sevens = np.zeros(len(offsets) - 1, np.int64)
    for document in range(len(offsets) - 1):
        begin, end = int(offsets[document]), int(offsets[document + 1])
        at = begin
        while at < end:
            stop = int(stretch_end(data, at, end))
            hits, different = _stretch_hits(data[at:stop].tobytes(), arrays)
            rows += [(document, gram, at - begin + first, at - begin + last) for gram, first, last in hits]
            sevens[document] += different if hits else 0
            if stop == end:
                break
            at = int(stretch_end(data, stop - OVERLAP - STRETCH, end))
    table = np.array(rows, np.int64).reshape(-1, 4)
    return GramHits(table[:, 0], table[:, 1], table[:, 2], table[:, 3], sevens)


def _stretch_hits(data: bytes, arrays: dict[str, NDArray[Any]]) -> tuple[list[tuple[int, int, int]], int]:
    """(gram, first byte, end byte) of the hits in a stretch, and its number of distinct 7-grams."""
    import numpy as np

    spans = word_spans(data)
    hashes = [span[0] for span in spans]
    hits = []
    for size in reversed(SIZES):
        ids = look_up(arrays["gram_keys"], arrays["gram_ids"], np.array(gram_keys(hashes, size), np.uint64))
        hits += [(int(ids[at]), spans[at][1], spans[at + size - 1][2]) for at in np.flatnonzero(ids >= 0)]
    return hits, len(set(gram_keys(hashes, 7)))
