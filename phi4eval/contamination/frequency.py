"""Which matched words say nothing, because many unrelated texts hold the same five in a row?

Three sources: the shipped allow-list and runs of numbers (known when the index is built), and seeds that
stand in many documents of the corpus outside of any whole item (known when the scan is over). What they
cover leaves numerator and denominator alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination.index import SEED, WEIGHT_SCALE, Index
from phi4eval.contamination.records import Measures

if TYPE_CHECKING:
    from numpy.typing import NDArray

Block = tuple[int, int, int, int]
"""Word of the unit, byte start, byte end, words."""

COMMON_DOCUMENTS = 10
"""A seed is common from this many documents on that hold it outside of any whole item ..."""

COMMON_SHARE = 2e-5
"""... or from this share of all documents on, whichever is more."""


def common_seeds(index: Index, seen: NDArray[Any], documents: int) -> NDArray[Any]:
    """uint8 per seed: common by the index, or by a corpus of so many documents. seen: documents per seed."""
    import numpy as np

    least = max(COMMON_DOCUMENTS, COMMON_SHARE * documents)
    return np.asarray((index.arrays["seed_common"] > 0) | (seen >= least), np.uint8)


def is_own(unit: int, blocks: Sequence[Block], index: Index, common: NDArray[Any]) -> bool:
    """Whether five words in a row that only this item has, and few texts of the corpus, are matched."""
    first = int(index.arrays["unit_at"][unit])
    for start, _, _, count in blocks:
        if count >= SEED:
            seeds = index.arrays["token_seeds"][first + start : first + start + count - SEED + 1]
            if ((index.arrays["seed_items"][seeds] == 1) & (common[seeds] == 0)).any():
                return True
    return False


def without_common(
    how: Measures, unit: int, blocks: Sequence[Block], index: Index, common: NDArray[Any]
) -> Measures:
    """The measures of a span when the words that only common seeds bring are left out on both sides."""
    first = int(index.arrays["unit_at"][unit])
    seeds = index.arrays["token_seeds"]
    out: set[int] = set()
    for start, _, _, count in blocks:
        if count >= SEED:
            for word in common[seeds[first + start : first + start + count - SEED + 1]].nonzero()[0].tolist():
                out.update(range(start + word, start + word + SEED))
    if not out:
        return how
    words = index.arrays["unit_tokens"][first : first + how.length]
    weight = index.arrays["word_weight"][words] / WEIGHT_SCALE
    rest = float(weight.sum()) - float(sum(weight[word] for word in out))
    runs = [[w for w in range(start, start + count) if w not in out] for start, _, _, count in blocks]
    best = max(runs, key=len)
    kept = [word for run in runs for word in run]
    return msgspec.structs.replace(
        how,
        coverage=round(float(sum(weight[word] for word in kept)) / rest, 4) if rest > 0 else 0.0,
        lcs=round((how.matched - len(out)) / max(1, how.length - len(out)), 4),
        matched=how.matched - len(out),
        length=how.length - len(out),
        span=max(1, how.span - len(out)),
        run=len(best),
        run_nats=round(float(sum(weight[word] for word in best)), 2),
        nats=round(float(sum(weight[word] for word in kept)), 2),
        distinct=round(float(sum({int(words[word]): float(weight[word]) for word in kept}.values())), 2),
        own=is_own(unit, blocks, index, common),
    )
