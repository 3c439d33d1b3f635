"""Which words, seeds and n-grams do the items have? One read-only set of arrays, found by its content hash.

A unit is a text to be looked for: an item's question (with its choices where the question alone is short),
the question without its drawings, its choices, or an answer of some length. A seed is a run of five tokens of
a unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import msgspec

from phi4eval.contamination.bulk import (
    Tokens,
    bitmap,
    count_holders,
    hash_table,
    look_up,
    number_keys,
    read_texts,
    run_hashes,
    runs_inside,
    spelling,
)
from phi4eval.contamination.commons import ALLOWED_TEXTS, share
from phi4eval.contamination.records import RuleName, ScanItem
from phi4eval.contamination.tokens import NUMBER_WORDS, TOKENS_VERSION, hash_token, kind_of
from phi4eval.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 5
"""Words in a seed: every leak that keeps five words in a row is looked at."""

UNIT_LIMIT = 600
"""Words of a unit that are compared; of a longer text the rest is not looked at (its item is listed as
cut).
"""

WEIGHT_SCALE = 8
"""Weights are integers, eighths of a nat, so that every machine adds them up alike."""

_TABLES = frozenset({"word_keys", "word_ids", "seed_keys", "seed_ids", "gram_keys", "gram_ids"})
"""Left out of the digest: the others say which keys there are, and where in a table one lies is chance."""

QUESTION, CHOICES, ANSWER, UNDRAWN = range(4)

_DRAWING = re.compile(r"\[asy\].*?(\[/asy\]|\Z)", re.DOTALL)

ALWAYS_NOMINATED = 6
"""Seeds of every unit that nominate it, however many items share them."""

ITEM_FREQUENCY = 8
"""Items that may share a seed which nominates all of them."""

_PRIOR = 2000


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A text that is looked for. item: its position among the items."""

    item: int
    side: int
    text: str
    cut: bool


@dataclass(frozen=True, kw_only=True)
class Index:
    """The arrays and what they were made of; `arrays` can be written to one file and mapped by many
    processes.
    """

    items: tuple[ScanItem, ...]
    units: tuple[Unit, ...]
    arrays: dict[str, NDArray[Any]]
    digest: str


def build_index(items: Sequence[ScanItem], rules: Sequence[RuleName] = ("align",)) -> Index:
    """Index items for scanning by these rules; the published ones need n-grams beside the seeds.

    Raises UsageError for an id that is there twice, or no item at all.
    """
    twice = [name for name, count in Counter(item.item_id for item in items).items() if count > 1]
    if twice:
        raise UsageError(
            f'the item id "{twice[0]}" is there twice ({len(twice):,} such ids)',
            "give every item an item_id of its own, for instance task/number",
        )
    if not items:
        raise UsageError("there is no item to look for", "give --tasks or an --items file with rows")
    from phi4eval.contamination.grams import gram_arrays

    units, tokens = build_units(items)
    arrays = _unit_arrays(units, tokens)
    arrays.update(_vocabulary(units, tokens))
    arrays.update(_seeds(units, tokens))
    arrays.update(gram_arrays(items if set(rules) - {"align"} else []))
    for array in arrays.values():
        array.setflags(write=False)
    return Index(items=tuple(items), units=tuple(units), arrays=arrays, digest=_digest(items, arrays))


def build_units(items: Sequence[ScanItem]) -> tuple[list[Unit], Tokens]:
    """The units of the items, with their tokens; an item may have none."""
    import numpy as np

    wanted: list[tuple[int, int, str]] = []
    short = _too_short([number for number, item in enumerate(items) if item.choices], items)
    for number, item in enumerate(items):
        question, choices = item.question, "\n".join(item.choices)
        plain = without_drawings(question)
        if number in short:
            question, choices = f"{question}\n{choices}", ""
        wanted.append((number, QUESTION, question))
        if plain != item.question:
            wanted.append((number, UNDRAWN, plain))
        wanted += [(number, CHOICES, choices), (number, ANSWER, item.answer or "")]
    tokens = read_texts([utf8(text) for _, _, text in wanted], "align")
    lengths = np.diff(tokens.at)
    least = np.array([SEED if side in (QUESTION, UNDRAWN) else 2 * SEED for _, side, _ in wanted])
    kept = lengths >= least
    place = np.arange(tokens.at[-1]) - np.repeat(tokens.at[:-1], lengths)
    rows = np.flatnonzero(np.repeat(kept, lengths) & (place < UNIT_LIMIT))
    units = [
        Unit(item=wanted[k][0], side=wanted[k][1], text=wanted[k][2], cut=bool(lengths[k] > UNIT_LIMIT))
        for k in np.flatnonzero(kept).tolist()
    ]
    at = np.concatenate([[0], np.cumsum(np.minimum(lengths[kept], UNIT_LIMIT))])
    return units, Tokens(tokens.hashes[rows], tokens.starts[rows], tokens.ends[rows], tokens.digits[rows], at)


def _too_short(numbers: list[int], items: Sequence[ScanItem]) -> set[int]:
    """Those of the items whose question alone has no seed."""
    import numpy as np

    lengths = np.diff(read_texts([utf8(items[number].question) for number in numbers], "align").at)
    return {number for number, length in zip(numbers, lengths.tolist(), strict=True) if length < SEED}


def without_drawings(text: str) -> str:
    """A text with its Asymptote drawings blanked out, every character in its place.

    A drawing's code can be most of an item, and a copy without it is the same item.
    """
    return _DRAWING.sub(lambda found: " " * len(found[0]), text) if "[asy]" in text else text


def utf8(text: str) -> bytes:
    """A text's bytes; a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace")


def _digest(items: Sequence[ScanItem], arrays: dict[str, NDArray[Any]]) -> str:
    import hashlib

    from phi4eval.seeds import canonical_json

    state = hashlib.sha256(canonical_json([TOKENS_VERSION, list(items)]))
    for name in sorted(set(arrays) - _TABLES):
        state.update(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode())
        state.update(arrays[name].reshape(-1).view("u1").data)
    return state.hexdigest()[:16]


def _unit_arrays(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Where each unit's tokens stand, and the spans of those in its text (characters)."""
    import numpy as np

    starts, ends = tokens.starts.copy(), tokens.ends.copy()
    for number, unit in enumerate(units):
        if not unit.text.isascii():
            here = slice(tokens.at[number], tokens.at[number + 1])
            data = np.frombuffer(utf8(unit.text), np.uint8)
            chars = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])
            starts[here], ends[here] = chars[starts[here]], chars[ends[here]]
    return {"unit_at": tokens.at.astype(np.int32), "token_start": starts, "token_end": ends}


def _vocabulary(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Token ids in the order in which they first come, number words before all, their weights and kinds, and
    the table from hash to id.
    """
    import numpy as np

    numbers = {hash_token(word): word for word in sorted(NUMBER_WORDS)}
    words = list(numbers.values())
    keys = np.concatenate([np.array(list(numbers), np.uint64), tokens.hashes])
    made = number_keys(keys)
    table, table_numbers = hash_table(keys[made.first])  # a small one, for there are few different words
    unit_tokens = made.numbers[len(numbers) :]
    unit_of = np.repeat(np.arange(len(units), dtype=np.int32), np.diff(tokens.at))
    frequency = count_holders(unit_tokens, unit_of, len(made.first)).tolist()
    words += _spellings(made.first[len(numbers) :] - len(numbers), units, unit_of, tokens)
    total = len(units) + _PRIOR
    weights = [
        max(1, round(WEIGHT_SCALE * log(total / (held + 0.5 + _PRIOR * share(word)))))
        for word, held in zip(words, frequency, strict=True)
    ]
    kinds = [1] * len(numbers) + [kind_of(word) for word in words[len(numbers) :]]
    return {
        "unit_tokens": unit_tokens,
        "word_keys": table,
        "word_ids": table_numbers,
        "word_weight": np.array(weights, np.int32),
        "word_kind": np.array(kinds, np.uint8),
    }


def _spellings(
    places: NDArray[Any], units: list[Unit], unit_of: NDArray[Any], tokens: Tokens
) -> Iterator[str]:
    """The folded texts of the tokens at some places."""
    columns = (unit_of[places], tokens.starts[places], tokens.ends[places], tokens.hashes[places])
    last, text = -1, b""
    for unit, start, end, key in zip(*(column.tolist() for column in columns), strict=True):
        if unit != last:
            last, text = unit, utf8(units[unit].text)
        yield spelling(text[max(0, start - 1) : start], text[start:end], key)


def _seeds(units: list[Unit], tokens: Tokens) -> dict[str, NDArray[Any]]:
    """Seeds by hash: their table, the bitmaps before it (of seeds, and of the pairs of words in them, each as
    often as it comes), which are common, and where they nominate a unit.
    """
    import numpy as np

    places = runs_inside(tokens.at, SEED)
    keys = run_hashes(tokens.hashes, SEED)[places]
    made = number_keys(keys)
    token_seeds = np.full(len(tokens.hashes), -1, np.int32)
    token_seeds[places] = made.numbers
    items = np.array([unit.item for unit in units], np.int32)
    held_by = count_holders(made.numbers, np.repeat(items, np.diff(tokens.at))[places], len(made.first))
    digits = np.concatenate([[0], np.cumsum(tokens.digits, dtype=np.int32)])
    allowed = look_up(made.table, made.table_numbers, _allowed_seeds())
    common = np.zeros(len(made.first), np.uint8)
    common[allowed[allowed >= 0]] = 1
    common[made.numbers[digits[places + SEED] - digits[places] == SEED]] = 1
    at, nominated_unit, nominated_pos = nominations(tokens.at.astype(np.int32), token_seeds, held_by)
    return {
        "seed_keys": made.table,
        "seed_ids": made.table_numbers,
        "seed_bitmap": bitmap(keys[made.first]),
        "pair_bitmap": bitmap(run_hashes(tokens.hashes, 2)[runs_inside(tokens.at, 2)], room=4),
        "seed_common": common,
        "seed_items": held_by.astype(np.int32),
        "token_seeds": token_seeds,
        "nominated_at": at,
        "nominated_unit": nominated_unit,
        "nominated_pos": nominated_pos,
    }


def _allowed_seeds() -> NDArray[Any]:
    import numpy as np

    tokens = read_texts([utf8(text) for text in ALLOWED_TEXTS], "align")
    return np.asarray(run_hashes(tokens.hashes, SEED)[runs_inside(tokens.at, SEED)])


def nominations(
    unit_at: NDArray[Any], token_seeds: NDArray[Any], held_by: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Seed -> (unit, position) pairs that one hit makes a candidate.

    A seed that many items share nominates none of them, or every text with "how many of the following" would
    be compared with a thousand items; but each unit keeps its rarest seeds, so none is without any.
    """
    import numpy as np

    from phi4eval.contamination import index_kernel

    chosen = np.zeros(len(token_seeds), np.uint8)
    count = index_kernel.choose_seeds(unit_at, token_seeds, held_by, ITEM_FREQUENCY, ALWAYS_NOMINATED, chosen)
    at = np.zeros(len(held_by) + 1, np.int32)
    units, positions = np.empty(count, np.int32), np.empty(count, np.int32)
    index_kernel.write_nominations(unit_at, token_seeds, chosen, at, units, positions)
    return at, units, positions
