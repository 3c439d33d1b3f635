"""What are the tokens of many texts? Arrays over all of them at once, for building an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from phi4eval.contamination.compiled import has_compiler
from phi4eval.contamination.tokens import NUMBER, SAME_COMMANDS, Rule, tables, tokenize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BASE = 0x2545F4914F6CDD1D
"""Base of the polynomial hashes of runs of tokens."""


_IN_WORDS = re.compile(rb"[0-9A-Za-z\x80-\xff]")
"""Every word has one of these bytes: what stands between two words often has none."""


class Tokens(NamedTuple):
    """Tokens of many texts: hash, byte span in the token's own text, and where each text's tokens begin."""

    hashes: NDArray[Any]
    starts: NDArray[Any]
    ends: NDArray[Any]
    digits: NDArray[Any]
    at: NDArray[Any]


def read_texts(texts: Sequence[bytes], rule: Rule) -> Tokens:
    """The tokens of UTF-8 texts."""
    return _compiled(texts, rule) if texts and has_compiler() else _plain(texts, rule)


def arrays_of(rule: Rule) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The tables of a token rule, as the kernel takes them."""
    table = tables(rule)
    return table.action, table.folded, table.expansions, table.commands, table.bytes


def _compiled(texts: Sequence[bytes], rule: Rule) -> Tokens:
    import numpy as np

    from phi4eval.contamination.kernel import read_many

    data = np.frombuffer(b"".join(texts) or b" ", np.uint8)
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    # room for the worst case; what is not written to is never in memory
    room = 2 * int(offsets[-1]) + 2 * len(texts) + 2
    hashes, digits = np.empty(room, np.uint64), np.empty(room, np.uint8)
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    at = np.zeros(len(texts) + 1, np.int64)
    n = read_many(data, offsets, arrays_of(rule), (hashes, starts, ends, digits), at)
    return Tokens(hashes[:n].copy(), starts[:n].copy(), ends[:n].copy(), digits[:n].copy(), at)


def _plain(texts: Sequence[bytes], rule: Rule) -> Tokens:
    import numpy as np

    read = [tokenize(text, rule) for text in texts]
    tokens = [token for each in read for token in each]
    return Tokens(
        np.array([t.hash for t in tokens], np.uint64),
        np.array([t.start for t in tokens], np.int32),
        np.array([t.end for t in tokens], np.int32),
        np.array([t.kind == NUMBER for t in tokens], np.uint8),
        np.cumsum([0, *map(len, read)], dtype=np.int64),
    )


def spelling(before: bytes, word: bytes, key: int) -> str:
    """The folded text of a token, from its bytes and the one before them: a LaTeX command begins with a
    backslash.
    """
    if word.isalnum():
        name = word.decode()
        return (SAME_COMMANDS.get(name, name) if before == b"\\" else name).lower()
    # any other byte before it may be the end of a character, without which the word is no UTF-8
    text = before + word if before == b"\\" else word
    return next((token.text for token in tokenize(text) if token.hash == key), "")


def words_of(text: bytes) -> list[str]:
    """The words of a text, as `tokenize` spells them."""
    if not _IN_WORDS.search(text):
        return []
    tokens = read_texts([text], "align")
    spans = zip(tokens.starts.tolist(), tokens.ends.tolist(), tokens.hashes.tolist(), strict=True)
    return [spelling(text[max(0, start - 1) : start], text[start:end], key) for start, end, key in spans]


def run_hashes(hashes: NDArray[Any], size: int, lead: int = 0) -> NDArray[Any]:
    """The polynomial hash of every run of `size` tokens (none where there are fewer), led by a number."""
    import numpy as np

    runs = max(0, len(hashes) - size + 1)
    value = np.full(runs, lead, np.uint64)
    for k in range(size):
        value = value * np.uint64(BASE) + hashes[k : k + runs]
    return value


def runs_inside(at: NDArray[Any], size: int) -> NDArray[Any]:
    """Positions of the runs of `size` tokens that lie within one text."""
    import numpy as np

    inside = np.ones(int(at[-1]), bool)
    lows, highs = at[:-1][at[1:] > at[:-1]], at[1:][at[1:] > at[:-1]]
    for k in range(1, size):
        inside[np.maximum(highs - k, lows)] = False
    return np.flatnonzero(inside)


class Numbered(NamedTuple):
    """Keys numbered in the order in which they first come: the number of each key, where each number first
    stands, and an open-addressing table from key to number (-1: empty).
    """

    numbers: NDArray[Any]
    first: NDArray[Any]
    table: NDArray[Any]
    table_numbers: NDArray[Any]


def number_keys(keys: NDArray[Any]) -> Numbered:
    """Number 64-bit keys."""
    import numpy as np

    if not has_compiler():
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        first = first[order].astype(np.int32)
        return Numbered(rank[inverse], first, *hash_table(keys[first]))
    from phi4eval.contamination import index_kernel

    # at most two thirds full, when all keys are different
    size = 1 << max(4, (3 * len(keys) // 2).bit_length())
    table, table_numbers = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    first, numbers = np.empty(len(keys), np.int32), np.empty(len(keys), np.int32)
    count = index_kernel.number_keys(keys, table, table_numbers, first, numbers)
    return Numbered(numbers, first[:count].copy(), table, table_numbers)


def count_holders(numbers: NDArray[Any], owners: NDArray[Any], count: int) -> NDArray[Any]:
    """How many different owners each of `count` numbers has (int32); owners rise along the array."""
    import numpy as np

    if not has_compiler():
        return np.bincount(distinct_pairs(numbers, owners)[0], minlength=count).astype(np.int32)
    from phi4eval.contamination import index_kernel

    counts = np.zeros(count, np.int32)
    index_kernel.count_holders(numbers, owners, np.full(count, -1, np.int32), counts)
    return counts


def distinct_pairs(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The different pairs of two arrays of small numbers (from 0), in order."""
    import numpy as np

    width = int(second.max(initial=0)) + 1
    pairs = first.astype(np.int64) * width + second
    pairs.sort()
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs
    return pairs // width, pairs % width


def mix(values: NDArray[Any]) -> NDArray[Any]:
    """kernel.mix over an array."""
    import numpy as np

    mixed = (values ^ (values >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return np.asarray(mixed ^ (mixed >> np.uint64(32)))


def hash_table(hashes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Open addressing over mixed 64-bit keys, at most half full: (keys, positions in `hashes`; -1 is
    empty).
    """
    import numpy as np

    size = 1 << max(4, (2 * len(hashes)).bit_length())
    keys, values = np.zeros(size, np.uint64), np.full(size, -1, np.int32)
    places = (mix(hashes) & np.uint64(size - 1)).astype(np.int64)
    left = np.arange(len(hashes))
    while len(left):
        # the first of those that want a free place gets it; the others try the next one
        wanted = places[left]
        free = values[wanted] < 0
        _, first = np.unique(wanted[free], return_index=True)
        winners = left[free][first]
        values[places[winners]] = winners
        keys[places[winners]] = hashes[winners]
        left = left[values[places[left]] != left]
        places[left] = (places[left] + 1) & (size - 1)
    return keys, values


def look_up(keys: NDArray[Any], values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[Any]:
    """The values of keys in an open-addressing table, -1 where they are not: driver.look_up over an array."""
    import numpy as np

    mask = np.uint64(len(keys) - 1)
    places = mix(wanted) & mask
    found = np.full(len(wanted), -1, np.int32)
    open_ = np.arange(len(wanted))
    while len(open_):
        at = places[open_]
        same = (keys[at] == wanted[open_]) & (values[at] >= 0)
        found[open_[same]] = values[at[same]]
        open_ = open_[~same & (values[at] >= 0)]
        places[open_] = (places[open_] + np.uint64(1)) & mask
    return found


def bitmap(hashes: NDArray[Any], room: int = 16) -> NDArray[Any]:
    """Three bits of one word for every mixed key, at least `room` bits a key: most lookups end here."""
    import numpy as np

    words = np.zeros(1 << max(6, (room * len(hashes)).bit_length() - 6), np.uint64)
    shift = bitmap_shift(words)
    if has_compiler():
        from phi4eval.contamination import index_kernel

        index_kernel.set_bits(hashes, shift, words)
        return words
    mixed = mix(hashes)
    bits = np.zeros_like(mixed)
    for k in (0, 6, 12):
        bits |= np.uint64(1) << (mixed >> np.uint64(k) & np.uint64(63))
    np.bitwise_or.at(words, (mixed >> shift).astype(np.int64), bits)
    return words


def bitmap_shift(words: NDArray[Any]) -> np.uint64:
    """By how much a mixed key is shifted to the number of its word in a bitmap."""
    import numpy as np

    return np.uint64(65 - len(words).bit_length())
